"""Stations call in over real sockets: taken in, acknowledged once on the disk, settled once."""

import socket
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml

from oracle import feed
from oracle.mapping import load
from oracle.quarantine import held, one_of, release
from oracle.report import report
from oracle.sources import hj212
from oracle.sources.sockets import Ears, Heard, Port
from oracle.sources.telegrams import ALIVE, Telegram
from tests.contracts.suite import T0

STATION = "010000A8900016F000169DC0"
SOON_S = 5
HOURS = range(1, 6)


def packet(hour, text, station=STATION):
    at = datetime.fromtimestamp(T0 + 3_600 * hour, UTC)
    stamp = f"{at:%Y%m%d%H%M%S}"
    return hj212.frame(
        f"QN={stamp}001;ST=32;CN=2061;PW=123456;MN={station};Flag=5;"
        f"CP=&&DataTime={stamp};w00000-Cou={text}&&"
    )


class Line:
    """A station on a real socket of an oracle that listens."""

    def __init__(self, town, oracle, spoken):
        self.town, self.oracle, self.spoken = town, oracle, spoken
        self.ears = Ears([Port("hj212", "127.0.0.1", 0, 60)])
        self.socket = socket.create_connection(("127.0.0.1", self.ears.open()[0]), SOON_S)

    def says(self, *packets, hear=True):
        """Send packets, have the oracle hear them, and return how many were acknowledged."""
        self.socket.sendall(b"".join(packets))
        found = []
        while len(found) < len(packets):
            found += self.ears.hear(100, SOON_S)
        if hear:
            self.oracle.hear(found, {"hj212": self.spoken})
        return self.answers()

    def answers(self):
        self.socket.settimeout(0.3)
        told = b""
        try:
            while more := self.socket.recv(65_536):
                told += more
        except TimeoutError:
            pass
        return told.count(b"CN=9014")

    def close(self):
        self.socket.close()
        self.ears.close()


@pytest.fixture
def line(town):
    town.device = town.meter()
    town.lane()
    path = town.folder / "outfall.yaml"
    shape = {
        "title": "hourly volumes",
        "files": [f"{STATION}/2061"],
        "time": {
            **{"form": "iso8601", "column": "DataTime", "timezone": "UTC"},
            **{"stamp": "start", "step": "1 h"},
        },
        "channels": [
            {
                **{"column": "w00000-Cou", "device": town.device, "parameter": "volume"},
                **{"of": "volume", "unit": "m3"},
            }
        ],
    }
    path.write_text(yaml.safe_dump(shape), encoding="utf-8")
    town.mapping = load(path)
    oracle = town.oracle()
    oracle.prepare(town.mapping)
    opened = Line(town, oracle, [town.mapping])
    yield opened
    opened.close()


def expected(hours):
    return [(T0 + 3_600 * (hour + 1), 100 + 250 * place) for place, hour in enumerate(hours, 1)]


def test_hourly_volumes_reach_the_chain_once_dated_at_the_end_of_their_hour(line):
    acknowledged = line.says(*(packet(hour, "0.25") for hour in HOURS))
    line.town.settle(line.oracle)

    assert acknowledged == len(HOURS)
    assert line.town.registers() == expected(HOURS)


def test_a_telegram_that_is_sent_again_counts_once(line):
    line.says(packet(1, "0.25"))

    acknowledged = line.says(packet(1, "0.25"), packet(2, "0.25"))
    line.town.settle(line.oracle)

    assert acknowledged == 2
    assert line.town.registers() == expected([1, 2])


def test_the_same_hour_with_another_volume_is_held(line):
    line.says(packet(1, "0.25"))
    line.says(packet(1, "0.75"))

    [entry] = held(line.oracle.journal)

    assert entry["reason"] == "other_content"
    assert "PW=***;" in entry["detail"]
    assert "123456" not in entry["detail"]


def test_an_oracle_that_was_killed_before_it_took_a_telegram_gets_it_again(line):
    lost = line.says(packet(1, "0.25"), hear=False)
    line.town.kill(line.oracle)
    line.oracle = line.town.oracle()

    acknowledged = line.says(packet(1, "0.25"))
    line.town.settle(line.oracle)

    assert (lost, acknowledged) == (0, 1)
    assert line.town.registers() == expected([1])


def test_a_station_that_no_mapping_is_for_is_held_and_acknowledged(line):
    acknowledged = line.says(packet(1, "0.25", station="12345678901234"))

    [entry] = held(line.oracle.journal)

    assert acknowledged == 1
    assert (entry["reason"], entry["detail"]) == ("unmapped", "station 12345678901234/2061")
    assert "add one" in one_of(line.oracle.journal, entry["id"])["remedy"]
    assert line.oracle.journal.telegram(entry["segment"], 0) == packet(
        1, "0.25", station="12345678901234"
    )


def test_a_packet_with_a_wrong_crc_is_held_as_it_came_and_not_acknowledged(line):
    wrong = packet(1, "0.25")[:-6] + b"0000\r\n"

    acknowledged = line.says(wrong)
    [entry] = held(line.oracle.journal)

    assert acknowledged == 0
    assert entry["reason"] == "broken_telegram"
    assert "CRC" in entry["detail"]
    assert line.oracle.journal.telegram(entry["segment"], entry["row"]) == wrong


def test_a_held_volume_of_a_telegram_can_be_released(line):
    now, later = line.oracle.journal, T0 + 10**7
    line.says(packet(1, "0.2505"))  # half a litre
    [entry] = held(now)
    coarser = replace(line.town.mapping.channels[0], decimals=2)
    mended = line.town.mapping.model_copy(update={"channels": [coarser]})

    released = release(now, entry["id"], line.oracle.channels, later, "read off the meter", mended)
    line.town.settle(line.oracle)

    assert entry["reason"] == "fraction"
    assert released["state"] == "released"
    assert line.town.registers() == expected([1])


def test_telegrams_are_taken_in_while_the_chain_is_away(line, monkeypatch):
    monkeypatch.setattr(line.oracle, "ledger", None)  # whatever asks the chain fails

    acknowledged = line.says(packet(1, "0.25"))
    monkeypatch.undo()
    line.town.settle(line.oracle)

    assert acknowledged == 1
    assert line.town.registers() == expected([1])


def test_the_running_oracle_hears_while_it_waits(line):
    line.socket.sendall(packet(1, "0.25"))
    left = iter(range(10))
    leaving = lambda: next(left, None) is None  # noqa: E731
    wait = feed.listening(
        line.oracle, line.ears, {"hj212": [line.town.mapping]}, leaving, time.monotonic
    )

    wait(1.0)

    assert line.answers() == 1


def test_the_number_of_an_instrument_is_held_as_such_told_and_acknowledged(line):
    told = hj212.frame(
        f"QN=20260401090000001;ST=32;CN=3019;PW=123456;MN={STATION};Flag=5;"
        "CP=&&PolId=w01018,w01018-SN=A7&&"
    )

    acknowledged = line.says(told)
    [entry] = held(line.oracle.journal)

    assert acknowledged == 1
    assert entry["reason"] == "instrument"
    assert entry["detail"] == f"station {STATION}/3019: w01018-SN=A7, PolId=w01018"
    assert "approve-exchange" in one_of(line.oracle.journal, entry["id"])["remedy"]
    assert [event for event, _ in line.town.told if event.startswith("instrument")] == [
        "instrument told its number"
    ]


def alive(town, oracle, station):
    telegram = Telegram(station, b"alive", aside=ALIVE)
    oracle.hear([Heard("sl651", telegram, lambda: None)] * 2, {"sl651": [town.mapping]})


def test_a_keep_alive_of_a_station_that_a_mapping_names_is_counted_and_not_held(line):
    alive(line.town, line.oracle, f"{STATION}/2F")

    counted = {one["name"]: one["rows"] for one in report(line.oracle.journal).sources}

    assert counted == {f"alive/sl651/{STATION}/2F": 2}
    assert held(line.oracle.journal) == []


def test_a_keep_alive_of_a_station_that_no_mapping_names_is_held(line):
    alive(line.town, line.oracle, "0099999999/2F")

    assert {entry["reason"] for entry in held(line.oracle.journal)} == {"unmapped"}
