"""Who brings the rows of a crash to the oracle: files, a broker's publisher, a station that calls.

The rows always stand in the files, which are what is counted. A publisher is done with a row when
the broker has it (QoS 1), a station when it was acknowledged (9014 of HJ 212), and neither says it
again afterwards: a row that an acknowledgement was given for and that is lost stays lost.
"""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.tally import GAUGES, METERS
from ledger.errors import UsageError
from oracle.feed import listening, replay, watch
from oracle.inputs import Input
from oracle.mapping import Mapping as MappingFile
from oracle.oracle import Oracle
from oracle.sources import hj212
from oracle.sources.mqtt import Broker
from oracle.sources.sockets import Ears, Port
from oracle.sources.telegrams import MQTT

FILES, HJ212, MIXED = "files", "hj212", "mixed"
SOURCES = {
    FILES: {METERS: FILES, GAUGES: FILES},
    MQTT: {METERS: MQTT, GAUGES: MQTT},
    HJ212: {METERS: HJ212, GAUGES: HJ212},
    MIXED: {METERS: HJ212, GAUGES: MQTT},
}
HOST, CLIENT, TOPIC = "127.0.0.1", "oracle-1", "town/"
STATIONS = {METERS: "01000000000001", GAUGES: "01000000000002"}
READINGS_A_ROW = {METERS: 3, GAUGES: 2}
CODE = "w9000{}-Rtd"
ANSWER_S = 10.0  # in which an acknowledgement comes, or the telegram is said again
AGAIN_S = 0.05  # between two calls at a port where nobody listens, and two looks at the files
POLL_S = 1.0  # between two looks at the chain; a station waits for its answer meanwhile
QUIET_S = 20.0  # without a telegram, where readings lack: they will not come any more
STARTS_WITHIN_S = 10.0
IDLE_S = 900.0

Fork = Callable[[Callable[[], None]], int]


@dataclass(frozen=True)
class Sender:
    """How the rows of each file reach the oracle, and through which port and broker."""

    ways: Mapping[str, str]
    folder: Path
    port: int = 0
    broker_port: int = 0
    _grown: dict[str, "Grown"] = field(default_factory=dict)  # the files that are published

    @property
    def is_files(self) -> bool:
        """Whether nothing but files is read, to their end."""
        return set(self.ways.values()) == {FILES}

    def publish(self) -> None:
        """Publish what was added to the files; returns when the broker has it."""
        for name, way in self.ways.items():
            if way != MQTT:
                continue
            grown = self._grown.setdefault(name, Grown(self.folder / name))
            said = "".join(json.dumps(row) + "\n" for row in grown.rows())
            _client("mosquitto_pub", self.broker_port, "-l", "-t", _topic(name), said=said)

    def feed(self, oracle: Oracle, inputs: Sequence[Input], tell: Callable[..., None]) -> None:
        """Take in all that the files hold, however it comes, until it is final."""
        if self.is_files:
            replay(oracle, inputs, time.sleep, time.monotonic, lambda: None)
            return
        spoken = self._spoken(inputs)
        ports = [Port(HJ212, HOST, self.port, IDLE_S)] if HJ212 in spoken else []
        topics = (f"{TOPIC}#",)
        brokers = [Broker(HOST, self.broker_port, CLIENT, topics)] if MQTT in spoken else []
        ears = Ears(ports, brokers, tell)
        ears.open()
        leaving = Leaving(oracle, self.folder)
        wait = listening(oracle, ears, spoken, leaving.now, time.monotonic)
        watch(oracle, lambda: [], wait, POLL_S, tell)
        ears.close()

    def _spoken(self, inputs: Sequence[Input]) -> dict[str, list[MappingFile]]:
        """The mappings of each protocol."""
        found: dict[str, list[MappingFile]] = {}
        for one in inputs:
            found.setdefault(self.ways[one.path.name], []).append(one.mapping)
        return found


class Leaving:
    """When everything has come and is final; or nothing comes any more, and something lacks."""

    def __init__(self, oracle: Oracle, folder: Path) -> None:
        self._oracle, self._folder = oracle, folder
        self._wanted = sum(
            READINGS_A_ROW[name] * len(list(Grown(folder / name).rows())) for name in READINGS_A_ROW
        )
        self._seen, self._moved = -1, time.monotonic()

    def now(self) -> bool:
        """Whether it is time to leave."""
        accepted = int(
            self._oracle.journal.db.execute("SELECT sum(accepted) FROM channel").fetchone()[0] or 0
        )
        if accepted != self._seen:
            self._seen, self._moved = accepted, time.monotonic()
        waited = time.monotonic() - self._moved > QUIET_S
        return (accepted >= self._wanted or waited) and self._oracle.done


def mapped(name: str, way: str, town: Path, load: Callable[[Path], MappingFile]) -> MappingFile:
    """The mapping of a file's rows, as they come."""
    stem = Path(name).stem
    if way == HJ212:
        return load(town / f"called-{stem}.yaml")
    found = load(town / f"{stem}.yaml")
    return found.model_copy(update={"files": [_topic(name)]}) if way == MQTT else found


@contextmanager
def sender(source: str, folder: Path, fork: Fork) -> Iterator[Sender]:
    """Who brings the rows, with a broker or a station where it needs them; both end afterwards.

    `fork` begins some work in a process of its own.
    """
    ways = SOURCES[source]
    with _broker(folder, MQTT in ways.values()) as broker_port:
        called = [name for name, way in ways.items() if way == HJ212]
        port = _free_port() if called else 0
        station = fork(lambda: _call(folder, called, port)) if called else 0
        try:
            yield Sender(ways, folder, port, broker_port)
        finally:
            if station:
                os.kill(station, signal.SIGKILL)
                os.waitpid(station, 0)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


# a broker


def _topic(name: str) -> str:
    return TOPIC + Path(name).stem


@contextmanager
def _broker(folder: Path, wanted: bool) -> Iterator[int]:
    """A Mosquitto with a session for the oracle, which has everything from the first message on."""
    if not wanted:
        yield 0
        return
    program = shutil.which("mosquitto")
    if program is None or shutil.which("mosquitto_pub") is None:
        raise UsageError("no Mosquitto here", "apt-get install mosquitto mosquitto-clients")
    port, place = _free_port(), folder / "broker"
    place.mkdir()
    lines = [
        *(
            f"listener {port} {HOST}",
            "allow_anonymous true",
            f"user {os.environ.get('USER', 'root')}",
        ),
        *("persistence true", "autosave_interval 1", "autosave_on_changes true"),
        *(f"persistence_location {place}/", "max_queued_messages 0"),
    ]
    (place / "broker.conf").write_text("\n".join(lines) + "\n", encoding="ascii")
    quiet = subprocess.DEVNULL
    running = subprocess.Popen(
        [program, "-c", place / "broker.conf"], stdin=quiet, stdout=quiet, stderr=quiet
    )
    try:
        _until_listening(port)
        _client("mosquitto_sub", port, "-i", CLIENT, "-c", "-t", f"{TOPIC}#", "-E")
        yield port
    finally:
        running.kill()
        running.wait()


def _until_listening(port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        with socket.socket() as knock:
            if knock.connect_ex((HOST, port)) == 0:
                return
        time.sleep(AGAIN_S)
    raise UsageError(f"Mosquitto does not listen on port {port}", "look whether it starts")


def _client(program: str, port: int, *words: str, said: str = "") -> None:
    """A client of Mosquitto's, at QoS 1, to its end."""
    subprocess.run(
        [program, "-h", HOST, "-p", str(port), "-q", "1", *words],
        input=said,
        text=True,
        check=True,
        capture_output=True,
        timeout=60,
    )


# a station that calls


def _call(folder: Path, names: Sequence[str], port: int) -> None:
    """Say every row of some files, each until it is acknowledged, for ever."""
    calls = [(STATIONS[name], Grown(folder / name), Call(port)) for name in names]
    while True:
        for station, grown, call in calls:
            for row in grown.rows():
                call.say(telegram(station, row))
        time.sleep(AGAIN_S)


class Grown:
    """A file with a head, of which each row is given once."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0
        self._head: list[str] = []

    def rows(self) -> Iterator[dict[str, str]]:
        """The rows that are new; one without its end is left for later."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(whole)
        for cells in csv.reader(whole.decode().splitlines()):
            if self._head:
                yield dict(zip(self._head, cells, strict=True))
            else:
                self._head = cells


class Call:
    """A station's connection, opened again whenever it is broken."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._line: socket.socket | None = None

    def say(self, packet: bytes) -> None:
        """Say a packet until it is acknowledged."""
        number = packet[packet.index(b"QN=") :][:20]
        while True:
            try:
                line = self._open()
                line.sendall(packet)
                told = b""
                while number not in told or b"CN=9014" not in told:
                    more = line.recv(4_096)
                    if not more:
                        raise ConnectionError
                    told += more
                return
            except OSError:
                self._close()
                time.sleep(AGAIN_S)

    def _open(self) -> socket.socket:
        if self._line is None:
            self._line = socket.create_connection((HOST, self._port), ANSWER_S)
        return self._line

    def _close(self) -> None:
        if self._line is not None:
            with suppress(OSError):
                self._line.close()
            self._line = None


def telegram(station: str, row: Mapping[str, str]) -> bytes:
    """A row as a station's real-time data."""
    stamp = f"{datetime.fromtimestamp(int(row['at']), UTC):%Y%m%d%H%M%S}"
    texts = [text for name, text in row.items() if name != "at"]
    values = ";".join(f"{CODE.format(place)}={text}" for place, text in enumerate(texts, 1))
    head = f"QN={stamp}001;ST=32;CN=2011;PW=123456;MN={station};Flag=5"
    return hj212.frame(f"{head};CP=&&DataTime={stamp};{values}&&".encode())
