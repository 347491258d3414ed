"""Stations are played against a running oracle: it has what the play says, and nothing else."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from ledger.errors import NotFound, UsageError
from oracle import feed
from oracle.config import load
from oracle.quarantine import held
from oracle.report import report
from oracle.simulation import stations
from oracle.sources.sockets import Ears
from scripts._simulating import write_config
from tests.chain.broker import PASSWORD, USER
from tests.conftest import PROJECT
from tests.contracts.suite import METER, T0
from tests.unit.oracle_rows import written

SOON_S = 300
READINGS = 120
FAULTS = ("gap", "duplicate", "late", "stuck", "skew", "garbage", "split", "cut", "other")
STATIONS = {
    "hj212": "010000A8900016F000169DC0/2011",
    "sl651": "0012345678/32",
    "mqtt": "city/works/outlet",
    "file": "well.csv",
}
COLUMNS = {"hj212": "w{:05d}-Rtd", "sl651": "6{:X}", "mqtt": "meter_{}", "file": "meter_{}"}
OF_BROKER, OF_STATIONS = "mqtt-file", "hj212-file"
CLOCKS = {"hj212": "DataTime", "sl651": "at"}


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Play:
    """A town whose oracle runs from a configuration, and stations that are played beside it."""

    def __init__(self, town, mosquitto):
        self.town, self.folder, self.mosquitto = town, town.folder, mosquitto
        self.ports = {"hj212": free_port(), "sl651": free_port()}
        town.lane()
        played = [self.station(protocol) for protocol in STATIONS]
        self.secret(OF_BROKER, PASSWORD)
        station = STATIONS["hj212"].partition("/")[0]
        self.secret(OF_STATIONS, f"{station} {secrets.token_hex(3)}\n")
        broker = {
            **{"port": mosquitto.port, "client_id": "oracle-1", "topics": ["city/#"]},
            **{"username": USER, "password_file": OF_BROKER, "mappings": ["mqtt.yaml"]},
        }
        listen = [
            {"protocol": one, "port": port, "mappings": [f"{one}.yaml"]}
            for one, port in self.ports.items()
        ]
        listen[0]["password_file"] = OF_STATIONS
        self.write(
            "waterline.toml",
            {
                "listen": listen,
                "brokers": [broker],
                "sources": [{"mapping": "file.yaml", "file": STATIONS["file"]}],
            },
        )
        self.write("stations.yaml", {"oracle": "waterline.toml", "stations": played})

    def secret(self, name, text):
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="ascii")

    def write(self, name, document):
        written(self.folder / name, document)

    def station(self, protocol):
        """Two meters of a station, the data that they say, and its mapping."""
        devices = [self.town.meter() for _ in range(2)]
        rows = "".join(f"{n},{n % 10}.25,{n % 7}.125\n" for n in range(READINGS))
        (self.folder / f"{protocol}-data.csv").write_text(f"n,a,b\n{rows}", encoding="utf-8")
        columns = [COLUMNS[protocol].format(place) for place in range(2)]
        clock = CLOCKS.get(protocol)
        local = {"form": "iso8601", "column": clock, "timezone": "Asia/Shanghai"}
        time_of = {"form": "unix_s", "column": "n"}
        for name, names, time_, files in (
            (f"{protocol}-data", ["a", "b"], time_of, ["*"]),
            (
                *(protocol, columns, local if clock else time_of | {"column": "at"}),
                [STATIONS[protocol]],
            ),
        ):
            meters = [
                {"column": one, "device": device, "parameter": "volume", "of": "volume"}
                | {"unit": "m3"}
                for one, device in zip(names, devices, strict=True)
            ]
            shape = {"title": name, "files": files, "time": time_, "channels": meters}
            self.write(f"{name}.yaml", shape)
        return {
            **{"mapping": f"{protocol}.yaml", "data": f"{protocol}-data.csv"},
            **{"data_mapping": f"{protocol}-data.yaml", "step": "1 min"},
            "after": time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(T0 + 3_600)),
        }

    def runs(self, *words):
        """The oracle runs while the command plays; what the command says."""
        feeds = load(self.folder / "waterline.toml")
        oracle = self.town.oracle()
        tell = lambda event, **keys: self.town.told.append((event, keys))  # noqa: E731
        ears = Ears(feeds.ports, feeds.brokers, tell)
        left = time.monotonic() + SOON_S
        command = [Path(sys.executable).parent / "waterline", "oracle", "simulate", "--json"]
        command += ["-c", str(self.folder / "stations.yaml"), *words]
        process = None

        def leaving():
            return process is not None and process.poll() is not None and self.quiet(oracle)

        wait = feed.listening(oracle, ears, feeds.spoken, leaving, time.monotonic)
        ears.open()
        while "broker is there" not in [event for event, _ in self.town.told]:
            assert time.monotonic() < left
            time.sleep(0.05)
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

        def waited(seconds):
            self.town.mine()
            assert time.monotonic() < left
            return wait(seconds)

        try:
            feed.watch(oracle, feeds.inputs, waited, 0.5, tell)
            out, err = process.communicate(timeout=SOON_S)
        finally:
            with suppress(OSError):
                process.kill()
            ears.close()
        assert process.returncode == 0, err.decode()
        self.town.settle(oracle)
        return json.loads(out), oracle

    def quiet(self, oracle):
        """Whether two looks a second apart find the same in the journal."""
        now = report(oracle.journal)
        counts = (now.accepted, now.repeated, now.quarantined)
        if counts != getattr(self, "counts", None):
            self.counts, self.since = counts, time.monotonic()
        return time.monotonic() - self.since > 1


@pytest.fixture
def play(town, mosquitto):
    return Play(town, mosquitto)


def test_the_oracle_accepts_and_holds_what_the_play_says_and_loses_nothing(play):
    rates = [word for fault in FAULTS for word in ("--fault", f"{fault}=40")]

    told, oracle = play.runs(*rates, "--seed", "7", "--count", str(READINGS), "--answer-s", "60")
    now = report(oracle.journal)

    assert set(told["faults"]) == set(FAULTS)
    assert (told["refused"], told["sent_again"]) == (0, 0)
    assert told["acknowledged"] == told["sent"]
    assert now.accepted == told["expected"]["accepted"]
    assert now.repeated == told["expected"]["repeated"]
    assert now.quarantined == told["expected"]["held"]
    reasons = Counter(entry["reason"] for entry in held(oracle.journal))
    assert set(reasons) == set(told["expected"]["held_by_reason"])
    assert now.settled == now.accepted == len(play.town.registers())


def test_the_files_that_are_written_play_what_the_chain_has_after_its_last_reading(town):
    registry, keeper = town.suite.device_registry, town.suite.device_keeper
    device = registry.enrol_device("INT-1-METER", 1, sender=keeper)
    town.suite.channel(METER, "QuotaTracker", device=device)
    folder = town.folder / "sim"

    written = write_config(town.ledger, folder, "5 min", None)
    [station] = stations.load(folder / "stations.yaml")
    feeds = load(folder / "waterline.toml")

    assert written["stations"] == 1
    assert (station.protocol, station.name) == ("sl651", "0012345678/32")
    assert station.after == -(-T0 // 60) * 60
    assert next(station.series()).values == {"27": "100.59"}
    assert [port.port for port in feeds.ports] == [station.port]
    assert feeds.spoken["sl651"][0].title == "simulated water main"


def test_nothing_is_written_over_or_without_channels_of_the_city(town):
    (town.folder / "sim").mkdir()
    (town.folder / "sim" / "mine.txt").touch()

    with pytest.raises(UsageError, match="is not empty"):
        write_config(town.ledger, town.folder / "sim", "1 min", None)
    with pytest.raises(NotFound, match="no channel of the demo city"):
        write_config(town.ledger, town.folder / "new", "1 min", None)
    assert not (town.folder / "new").exists()
