"""A station of `bench crash` says each row in order, until it is acknowledged, and once."""

import socket
import threading

from bench import senders
from oracle.sources import hj212
from oracle.sources.telegrams import Hj212

ROW = {"at": "1700000060", "main_m3": "1.234", "branch_l_s": "0.50", "outfall_m3": "2.000"}


def test_a_row_is_a_telegram_that_asks_for_an_acknowledgement():
    [(told, answer)] = Hj212().feed(senders.telegram("01000000000001", ROW))

    assert told.station == "01000000000001/2011"
    assert [told.cells[f"w9000{place}-Rtd"] for place in (1, 2, 3)] == ["1.234", "0.50", "2.000"]
    assert told.cells["DataTime"] == "2023-11-14T22:14:20"
    assert b"CN=9014" in answer


def test_a_growing_file_gives_each_whole_row_once(tmp_path):
    path = tmp_path / "rows.csv"
    grown = senders.Grown(path)
    assert list(grown.rows()) == []

    path.write_text("at,ph\n60,7.1\n120,7", encoding="utf-8")
    first = list(grown.rows())
    with path.open("a", encoding="utf-8") as file:
        file.write(".2\n")
    second = list(grown.rows())

    assert first == [{"at": "60", "ph": "7.1"}]
    assert second == [{"at": "120", "ph": "7.2"}]


def test_a_telegram_is_said_again_where_the_line_breaks_and_until_it_is_acknowledged():
    packet, heard = senders.telegram("01000000000001", ROW), []

    def oracle(listening):
        for answers in (False, True):
            line, _ = listening.accept()
            with line:
                heard.append(line.recv(4_096))
                if answers:
                    line.sendall(hj212.acknowledgement(hj212.decode(packet)))

    with socket.create_server((senders.HOST, 0)) as listening:
        thread = threading.Thread(target=oracle, args=(listening,))
        thread.start()
        call = senders.Call(listening.getsockname()[1])
        call.say(packet)
        call._close()
        thread.join()

    assert heard == [packet, packet]
