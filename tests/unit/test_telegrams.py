"""Telegrams become rows: named by station, a cell for each value, acknowledged as they ask."""

import pytest

from oracle.sources import hj212, sl651
from oracle.sources.telegrams import ALIVE, FAILED, INSTRUMENT, WHOLE, Hj212, Sl651, cells_of, whole
from tests.unit.test_sl651 import ACK, FRONT, REPORT, up

MN = "010000A8900016F000169DC0"
HOUR = (
    f"QN=20260401090000001;ST=32;CN=2061;PW=123456;MN={MN};Flag=5;"
    "CP=&&DataTime=20260401080000;w01018-Avg=24.3,w01018-Flag=C&&"
)


def part(number, cp, qn="20260401090000001"):
    return hj212.frame(
        f"QN={qn};ST=32;CN=2061;PW=123456;MN={MN};Flag=7;PNUM=2;PNO={number};CP=&&{cp}&&"
    )


def test_a_packet_is_a_row_whose_columns_are_named_as_in_the_packet():
    [(telegram, _)] = Hj212().feed(hj212.frame(HOUR))

    assert telegram.station == f"{MN}/2061"
    assert telegram.error == ""
    assert telegram.cells == {
        "QN": "20260401090000001",
        "DataTime": "2026-04-01T08:00:00",
        "w01018-Avg": "24.3",
        "w01018-Flag": "C",
        "w01018-SampleTime": "2026-04-01T08:00:00",
    }


def test_a_packet_that_asks_for_it_is_answered_by_9014():
    [(_, answer)] = Hj212().feed(hj212.frame(HOUR))

    assert hj212.decode(answer).cn == "9014"
    assert hj212.decode(answer).qn == "20260401090000001"


def test_a_packet_that_does_not_ask_gets_no_answer():
    [(_, answer)] = Hj212().feed(hj212.frame(HOUR.replace("Flag=5", "Flag=4")))

    assert answer == b""


def test_a_split_message_is_one_telegram_and_each_of_its_packets_is_answered():
    spoken = Hj212()
    first, second = part(1, "DataTime=20260401080000;a-Avg=1"), part(2, "b-Avg=2")

    assert spoken.feed(second) == []
    [(telegram, answer)] = spoken.feed(first)

    assert telegram.raw == second + first
    assert (telegram.cells["a-Avg"], telegram.cells["b-Avg"]) == ("1", "2")
    assert answer.count(b"CN=9014") == 2


def test_a_packet_that_contradicts_its_message_is_refused_alone():
    spoken = Hj212()
    first, second = part(1, "DataTime=20260401080000;a-Avg=1"), part(2, "b-Avg=2")
    other = part(1, "DataTime=20260401080000;a-Avg=9")
    spoken.feed(first)

    [(refused, answer)] = spoken.feed(other)
    [(whole, _)] = spoken.feed(second)

    assert "other content" in refused.error
    assert (refused.raw, answer) == (other, b"")
    assert whole.raw == first + second


def test_what_is_left_of_a_message_when_the_connection_ends_is_told():
    spoken = Hj212()
    first = part(1, "DataTime=20260401080000;a-Avg=1")
    spoken.feed(first)

    [(left, answer)] = spoken.rest()

    assert "only 1 of PNUM=2" in left.error
    assert (left.raw, answer) == (first, b"")


def test_a_packet_with_a_wrong_crc_is_kept_with_its_error_and_gets_no_answer():
    wrong = hj212.frame(HOUR)[:-6] + b"0000\r\n"

    [(telegram, answer)] = Hj212().feed(wrong)

    assert "CRC" in telegram.error
    assert (telegram.raw, telegram.cells, answer) == (wrong, {}, b"")


def test_a_packet_with_the_password_of_its_mn_is_taken():
    [(telegram, answer)] = Hj212({MN: "123456"}).feed(hj212.frame(HOUR))

    assert (telegram.error, hj212.decode(answer).cn) == ("", "9014")


@pytest.mark.parametrize("passwords", [{MN: "654321"}, {MN: ""}, {"OTHER": "123456"}, {}])
def test_a_packet_with_another_password_is_kept_unanswered_and_no_password_is_told(passwords):
    raw = hj212.frame(HOUR)

    [(telegram, answer)] = Hj212(passwords).feed(raw)

    assert telegram.error.startswith(f"PW is not that of MN {MN}")
    assert (telegram.raw, telegram.cells, answer) == (raw, {}, b"")
    assert not {"123456", "654321"} & set(telegram.error.split())


def test_one_packet_of_a_split_message_with_another_password_is_refused_alone():
    spoken = Hj212({MN: "123456"})
    first, second = part(1, "DataTime=20260401080000;a-Avg=1"), part(2, "b-Avg=2")
    false = hj212.frame(first[6:-6].replace(b"PW=123456", b"PW=654321"))

    [(refused, _)] = spoken.feed(false)
    spoken.feed(first)
    [(whole, _)] = spoken.feed(second)

    assert "PW" in refused.error
    assert whole.raw == first + second


def test_an_archived_telegram_gives_the_same_cells_again():
    raw = hj212.frame(HOUR)
    [(telegram, _)] = Hj212().feed(raw)

    assert cells_of("hj212", raw) == telegram.cells


def test_an_sl651_report_is_a_row_of_its_items_and_is_confirmed():
    [(telegram, answer)] = Sl651().feed(REPORT)

    assert telegram.station.endswith("/32")
    assert telegram.cells["at"].startswith("20")
    assert telegram.cells["39"]
    assert answer == ACK


def test_sl651_noise_is_kept_and_gets_no_answer():
    spoken = Sl651()

    told = [*spoken.feed(b"noise"), *spoken.rest()]

    assert b"".join(telegram.raw for telegram, _ in told) == b"noise"
    assert all(telegram.error and answer == b"" for telegram, answer in told)


def test_a_packet_that_is_repeated_while_its_message_waits_is_kept_once():
    spoken = Hj212()
    first, second = part(1, "DataTime=20260401080000;a-Avg=1"), part(2, "b-Avg=2")

    assert spoken.feed(first * 1_000) == []
    [(telegram, answer)] = spoken.feed(second)

    assert telegram.raw == first + second
    assert answer.count(b"CN=9014") == 2


def test_a_message_of_one_packet_leaves_a_split_one_of_the_same_number_alone():
    spoken = Hj212()
    first, second = part(1, "DataTime=20260401080000;a-Avg=1"), part(2, "b-Avg=2")
    spoken.feed(first)

    [(single, _)] = spoken.feed(hj212.frame(HOUR))
    [(split, _)] = spoken.feed(second)

    assert (single.raw, split.raw) == (hj212.frame(HOUR), first + second)


def test_a_packet_of_another_edition_is_read_where_that_edition_is_set():
    old = hj212.frame(HOUR.replace("Flag=5", "Flag=1"))

    [(refused, _)] = Hj212().feed(old)
    [(taken, answer)] = Hj212(version=2005).feed(old)

    assert "version bits" in refused.error
    assert (taken.error, taken.cells["w01018-Avg"]) == ("", "24.3")
    assert b"Flag=0;" in answer
    assert cells_of("hj212", old) == taken.cells


def test_a_message_whose_packets_are_numbered_from_0_is_read_where_that_is_set():
    spoken = Hj212(first_pno=0)
    first, second = part(0, "DataTime=20260401080000;a-Avg=1"), part(1, "b-Avg=2")
    spoken.feed(first)

    [(telegram, _)] = spoken.feed(second)

    assert (telegram.error, telegram.cells["b-Avg"]) == ("", "2")
    assert cells_of("hj212", telegram.raw) == telegram.cells


def test_an_sl651_event_report_is_read_and_confirmed_where_that_is_set():
    event = up(f"{FRONT}392300014420", function="33")

    [(held, unanswered)] = Sl651().feed(event)
    [(taken, answer)] = Sl651({0x32, 0x33}).feed(event)

    assert ("33" in held.error, unanswered) == (True, b"")
    assert (taken.station, taken.cells["39"]) == ("0012345678/33", "14.420")
    assert answer == sl651.acknowledge(event, reports={0x33})
    assert cells_of("sl651", event) == taken.cells


def test_an_instruments_number_is_told_as_such_and_acknowledged():
    told = HOUR.split("CP=")[0].replace("CN=2061", "CN=3019") + "CP=&&PolId=w01018,w01018-SN=A7&&"

    [(telegram, answer)] = Hj212().feed(hj212.frame(told))

    assert telegram.aside == INSTRUMENT
    assert (telegram.cells["PolId"], telegram.cells["w01018-SN"]) == ("w01018", "A7")
    assert b"CN=9014" in answer


def test_an_sl651_frame_of_the_centre_is_kept_unanswered_and_the_report_beside_it_is_taken():
    told = Sl651().feed(ACK + REPORT + ACK)

    assert [bool(telegram.error) for telegram, _ in told] == [True, False, True]
    assert "downward" in told[0][0].error
    assert [answer for _, answer in told] == [b"", ACK, b""]


def test_an_sl651_report_with_serial_0_is_confirmed():
    report = up(FRONT.replace("0012 ", "0000 ", 1) + "392300014420")

    [(telegram, answer)] = Sl651().feed(report)

    assert telegram.cells["serial"] == "0"
    assert answer == sl651.acknowledge(report)


def test_an_sl651_keep_alive_says_that_its_station_lives_and_is_not_confirmed():
    [(telegram, answer)] = Sl651().feed(up("0012 141205110002", function="2F"))

    assert (telegram.station, telegram.error, telegram.aside) == ("0012345678/2F", "", ALIVE)
    assert answer == b""


@pytest.mark.parametrize(
    ("spoken", "decoder", "frame"), [(Hj212, hj212, hj212.frame(HOUR)), (Sl651, sl651, REPORT)]
)
def test_a_frame_that_the_oracle_fails_on_costs_none_of_those_beside_it(
    spoken, decoder, frame, monkeypatch
):
    decode, calls = decoder.decode, []

    def failing(*args, **keys):
        calls.append(args)
        if len(calls) == 1:
            raise KeyError("a fault of ours")
        return decode(*args, **keys)

    monkeypatch.setattr(decoder, "decode", failing)

    [(failed, unanswered), (taken, answer)] = spoken().feed(frame * 2)

    assert failed.error.startswith(FAILED)
    assert (failed.raw, unanswered) == (frame, b"")
    assert taken.error == ""
    assert answer


def test_a_message_that_the_oracle_fails_on_is_kept_with_its_error(monkeypatch):
    def failing(raw):
        raise KeyError("a fault of ours")

    monkeypatch.setitem(WHOLE, "modbus", failing)

    assert whole("modbus", "boiler", b"1").error.startswith(FAILED)
