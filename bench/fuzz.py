"""R7: input that was made to harm: each row and frame ends accepted or refused with a reason.

Frames are bred by atheris (Apache-2.0, libFuzzer): it keeps what reaches new branches of a parser
and changes that further. It needs a process of its own. Where it is not installed, the same frames
are changed blindly, and the result says so. Rows are changed blindly; most reach the slow way.

What is accepted goes on, through journal and batches, to our contracts on a London machine, where
no batch may be reverted and no group refused.
"""

import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.chaos import Result
from bench.city import NOW, T0
from bench.machine import Code, Machine
from bench.sent_on import RESOLUTION, START, Failed, Town
from ledger.errors import BadRecord
from ledger.units import LITRES_PER_M3
from oracle.mapping import Mapping as Mapping_
from oracle.sources import hj212, sl651
from oracle.sources.chunks import Chunk
from oracle.sources.files import read
from oracle.sources.telegrams import FAILED, PROTOCOLS, Telegram

FUZZ = "fuzz"
WANTED, WANTED_QUICK = 1_000_000, 4_000
ON_BOTH = 1_000  # rows that py-evm takes as well
ROWS_A_FILE = 2_000
ROWS_A_TOWN = 100_000
STEP_S = 60
MOST_REGISTER_M3 = 10**9  # behind it a meter, that leapt, has no room any more
LEAP_M3, LEAPS = 10**6, 0.01  # a meter is held behind a leap, so few of them are let be
FUTURE_S = 600  # what the clock of a source may be ahead, and more
LONGEST_FRAME = 4_096
FRAMES_WITHIN_S = 3_600
ENDS_WITHIN_S = 600
MOST_KEPT = 200_000  # accepted frames of one protocol that differ
REPORT = (  # SL 651-2014, a test report of a station
    "7E7E02001234567804D232002B020012141205110002F1F1001234567848F0F01412051100"
    "2019000100261900010039230001442038121220039FE1"
)
CONFIRMATION = "7E7E00123456780204D23280080200121412051100021BBD6C"  # the draft's, downward
DATED = ("141205", "231220")  # the report again, of a day when the town has channels
CELLS = ("", " ", "0", "-1", "1e9", "NaN", "inf", "1,5", '"', '"1"', "12.3456789", "\x00", "é")
MAPPING = {
    "title": "fuzzed",
    "time": {"form": "unix_s", "column": "at"},
    "channels": [
        {"column": "a", "device": "M", "parameter": "volume", "of": "register", "unit": "m3"},
        {"column": "b", "device": "R", "parameter": "volume", "of": "rate", "unit": "L/s"},
        {"column": "c", "device": "G", "parameter": "cod", "unit": "mg/L"},
    ],
}
LETTERS = {letter: letter for letter in "NCMDBFST"}
FRAMES: dict[str, dict[str, Any]] = {
    "hj212": {
        "title": "frames of hj212",
        "time": {"form": "iso8601", "column": "DataTime", "timezone": "UTC"},
        "channels": [
            {
                **{"column": "w00000-Cou", "device": "R", "parameter": "volume"},
                **{"of": "volume", "unit": "m3"},
            },
            {
                **{"column": "w01018-Avg", "device": "G", "parameter": "cod", "unit": "mg/L"},
                "mark": {"column": "w01018-Flag", "values": LETTERS},
            },
        ],
    },
    "sl651": {
        "title": "frames of sl651",
        "time": {"form": "iso8601", "column": "at", "timezone": "UTC"},
        "channels": [{"column": "39", "device": "G", "parameter": "level", "unit": "m"}],
    },
}
GAUGES = {"hj212": ("cod", RESOLUTION), "sl651": ("level", 1)}

FRAME = 1  # the way in which bytes are a frame, and are fed with the byte that says so
SPAN_S = 890 * 86_400  # of drawn moments, all before the machine's
OBSERVED = bytes.fromhex("1412051100")  # in REPORT: when it was observed
LEVEL = bytes.fromhex("392300014420")  # and its level, 14.420 m
ACCEPTED = "accepted.jsonl"
TURN = ("QN", "serial")  # cells that only number a telegram

Say = Callable[[str], None]
Keep = Callable[[Telegram], None]
Making = Callable[[int], Machine]


def fuzz(seed: int, quick: bool, code: Mapping[str, Code], say: Say, within_s: int = 0) -> Result:
    """Rows and frames, as many as wanted; whether each of them ended as it must.

    With `within_s` as many as come to their end in that time, a third of it for each kind.
    """
    try:
        return _fuzzed(seed, quick, code, say, within_s)
    except Failed as error:
        return Result(FUZZ, {"failed": str(error)}, False)


def _fuzzed(seed: int, quick: bool, code: Mapping[str, Code], say: Say, within_s: int) -> Result:
    from bench.second_machine import SecondMachine  # revm is here for development only

    counts: dict[str, Any] = {}
    wanted, third_s = WANTED_QUICK if quick else WANTED, within_s / 3 or FRAMES_WITHIN_S
    enough = 1 if within_s else wanted
    begun = time.monotonic()
    found = rows(wanted, seed, SecondMachine, code, say, third_s if within_s else math.inf)
    counts["rows"] = {**found, "seconds": round(time.monotonic() - begun, 1)}
    say("the first rows again, on py-evm")
    first, again = (rows(ON_BOTH, seed, one, code, say) for one in (SecondMachine, Machine))
    counts["rows_on_py_evm"] = dict(again)
    holds = found["rows"] >= enough and sound(found) and sound(again) and _same(first, again)
    for name in PROTOCOLS:
        say(f"frames of {name}")
        with tempfile.TemporaryDirectory() as folder:
            told = _in_own_process(name, wanted, seed, Path(folder), third_s)
            sent = sent_on(name, Path(folder), SecondMachine, code, say)
        counts[name] = {**told, "sent_on": dict(sent)}
        holds &= told["frames"] >= enough and not told["failed"] and sound(sent)
    return Result(FUZZ, counts, holds)


def _same(one: Counter[str], other: Counter[str]) -> bool:
    """Whether two machines came to the same; gas is py-evm's alone to tell."""
    told = (one.keys() | other.keys()) - {"gas", "sent_again_with_more_gas"}
    return all(one[name] == other[name] for name in told)


def sound(found: Counter[str]) -> bool:
    """Whether every cell was accounted for, and the contracts took all that was accepted."""
    bad = ("unaccounted", "reverted", "refused_groups", "differs")
    return not any(found[name] for name in bad) and found["accepted"] == found["on_chain"] > 0


# rows


def rows(
    wanted: int,
    seed: int,
    machine: Making,
    code: Mapping[str, Code],
    say: Say,
    within_s: float = math.inf,
) -> Counter[str]:
    """So many changed rows through file reader, intake and batches, counted by how they ended.

    `unaccounted` cells became neither a reading nor a refusal with a reason.
    """
    rng, found = random.Random(seed), Counter[str](START)
    until = time.monotonic() + within_s
    while found["rows"] < wanted and time.monotonic() < until:
        with tempfile.TemporaryDirectory() as folder:
            left = min(wanted - found["rows"], ROWS_A_TOWN)
            town = Town(machine, code, Path(folder) / "journal")
            found.update(_rows_of_town(town, left, rng, Path(folder), until))
            say(f"{found['rows']:,} of {wanted:,} rows")
    return found


def _rows_of_town(
    town: Town, wanted: int, rng: random.Random, folder: Path, until: float
) -> Counter[str]:
    """Rows until there are so many, it is time to end, or the town's meter leapt too far."""
    mapping = Mapping_.model_validate(MAPPING)
    found, path, at, register_m3 = Counter[str](START), folder / "rows.csv", NOW, 0
    meter = town.channels["M", "volume"].id
    while found["rows"] < wanted and register_m3 < MOST_REGISTER_M3 and time.monotonic() < until:
        register_m3, lines = town.states()[meter].last_value // LITRES_PER_M3, []
        for _ in range(ROWS_A_FILE):
            at, register_m3 = at + STEP_S, register_m3 + 1
            lines.append(_row(at, register_m3, rng))
        path.write_bytes(b"at,a,b,c\n" + b"\n".join(lines) + b"\n")
        for chunk in read(path, mapping.columns, growing=False):
            town.take(chunk, mapping, at, found)
        town.send(at, found)
        register_m3 = town.states()[meter].last_value // LITRES_PER_M3
    town.send(at + FUTURE_S, found)
    town.close(found)
    return found


def _row(at: int, register_m3: int, rng: random.Random) -> bytes:
    """A row of a meter that runs, a rate and a gauge; two in three are then spoilt."""
    cells = [str(at), str(register_m3), f"{rng.randrange(90)}.5", f"{rng.randrange(900)}.1"]
    while True:
        raw = _spoilt(cells, rng)
        if _register_m3(raw) < register_m3 + LEAP_M3 or rng.random() < LEAPS:
            return raw


def _spoilt(cells: Sequence[str], rng: random.Random) -> bytes:
    kind, place, cell = rng.randrange(6), rng.randrange(4), rng.choice(CELLS)
    if kind < 2:
        cells = [*cells[:place], cell, *cells[place + 1 :]]
    elif kind == 2:
        cells = [*cells[:place], *[cell] * rng.randrange(4)]
    raw = ",".join(cells).encode()
    return changed(raw, rng).replace(b"\n", b" ") if kind == 3 else raw


def _register_m3(raw: bytes) -> float:
    """The register that a row tells, 0 where it tells none."""
    try:
        return float(raw.split(b",")[1])
    except (IndexError, ValueError):
        return 0.0


def changed(raw: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, taken out, doubled or put in."""
    data = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        place, kind = rng.randrange(len(data) + 1), rng.randrange(4)
        if kind == 0:
            data[place : place + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            del data[place : place + rng.randint(1, 8)]
        elif kind == 2:
            data[place:place] = data[place : place + rng.randint(1, 8)]
        else:
            data[place:place] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
    return bytes(data)


# frames


def seeds(name: str) -> list[bytes]:
    """What to begin with: frames, and insides of frames; the first byte says which."""
    if name == "sl651":
        report = bytes.fromhex(REPORT)
        confirmation = bytes.fromhex(CONFIRMATION)
        dated = bytes.fromhex(REPORT.replace(*DATED))
        bodies = (report[:-2], confirmation[:-2], dated[:-2])
        made = [b"\1" + report, b"\1" + confirmation, *(b"\0" + one for one in bodies)]
        return [*made, b"\2" + bytes(range(1, 9))]
    head = "QN=20231220120000001;ST=32;CN=2061;PW=123456;MN=010000A8900016F000169DC0"
    values = "CP=&&DataTime=20231220120000;w00000-Cou=1.5;w01018-Avg=12.5,w01018-Flag=N&&"
    split = f"{head};PNUM=2;PNO=1;Flag=7;{values}"
    insides = [f"{head};Flag=5;{values}".encode(), split.encode()]
    made = [*(b"\1" + hj212.frame(one) for one in insides), *(b"\0" + one for one in insides)]
    return [*made, b"\2" + bytes(range(1, 22))]


def fed(name: str, bred: bytes, keep: Keep = lambda _: None) -> Counter[str]:
    """How the telegrams in some bytes ended, fed whole and then cut in two: both must agree.

    The first byte says what the others are: a frame, the inside of one, whose check is then made
    right, or the values of a good one. Few would come past the check otherwise, or to a contract.
    `keep` gets what is accepted.
    """
    found: Counter[str] = Counter()
    way = bred[0] % len(WAYS) if bred else FRAME
    data = WAYS[way](name, bred if way == FRAME else bred[1:])
    told = _heard(name, (data,))
    half = len(data) // 2
    if [one.raw for one in told] != [one.raw for one in _heard(name, (data[:half], data[half:]))]:
        raise BadRecord("bytes in two pieces gave other telegrams than in one", "mend the splitter")
    for one in told:
        if one.error.startswith(FAILED):
            raise BadRecord(f"{one.error}: {one.raw.hex()}", "mend the parser")
        found["refused" if one.error else "accepted"] += 1
        if not one.error:
            keep(one)
    return found


def _sealed(name: str, inner: bytes) -> bytes:
    if name == "sl651":
        return inner + sl651.crc(inner).to_bytes(2, "big")
    return hj212.frame(inner[: hj212.LONGEST_SEGMENT])


def _valued(name: str, drawn: bytes) -> bytes:
    """A good frame, its moment drawn by four bytes and its values by the others."""
    seconds, texts = int.from_bytes(drawn[:4], "big") % SPAN_S, drawn[4:]
    at = datetime.fromtimestamp(T0 + seconds, UTC)
    if name == "sl651":
        stamp = bytes.fromhex(f"{at:%y%m%d%H%M}")
        body = bytes.fromhex(REPORT)[:-2].replace(OBSERVED, stamp)
        digits = bytes((one >> 4) % 10 * 16 + one % 10 for one in texts[:4].ljust(4, b"\0"))
        return _sealed(name, body.replace(LEVEL, LEVEL[:2] + digits))
    moment = f"{at:%Y%m%d%H%M%S}"
    volume, value = (_digits(part) for part in (texts[:8], texts[8:16]))
    mark = chr(ord("A") + texts[16] % 26) if len(texts) > 16 else "N"
    told = f"DataTime={moment};w00000-Cou={volume};w01018-Avg={value},w01018-Flag={mark}"
    head = f"QN={moment}001;ST=32;CN=2061;PW=123456;MN=010000A8900016F000169DC0;Flag=5"
    return hj212.frame(f"{head};CP=&&{told}&&".encode())


def _digits(drawn: bytes) -> str:
    """Some bytes as a decimal number, its point among them anywhere."""
    digits = "".join(str(one % 10) for one in drawn) or "0"
    place = drawn[0] % len(digits) if drawn else 0
    return f"{digits[:place]}.{digits[place:]}" if place else digits


WAYS: dict[int, Callable[[str, bytes], bytes]] = {0: _sealed, 1: lambda _, raw: raw, 2: _valued}


def _heard(name: str, pieces: Sequence[bytes]) -> list[Telegram]:
    spoken = PROTOCOLS[name]()
    told = [one for piece in pieces for one, _ in spoken.feed(piece)]
    return [*told, *(one for one, _ in spoken.rest())]


def _in_own_process(
    name: str, wanted: int, seed: int, folder: Path, within_s: float
) -> dict[str, Any]:
    """What a process that only fuzzes found: its counts, and the failure that ended it."""
    bred_in = folder / "bred"
    bred_in.mkdir()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.breeding",
            name,
            str(wanted),
            str(seed),
            str(bred_in),
            str(within_s),
        ],
        cwd=Path(__file__).resolve().parent.parent,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=within_s + ENDS_WITHIN_S,
        check=False,
    )
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    lines = done.stderr.splitlines()
    return {"frames": 0, "failed": "\n".join(lines[-20:])}


def bred(
    name: str,
    wanted: int,
    seed: int,
    keep: Keep = lambda _: None,
    within_s: float = FRAMES_WITHIN_S,
) -> dict[str, Any]:
    """The same frames changed blindly."""
    rng, found, begun = random.Random(seed), Counter[str](), time.monotonic()
    known, done = seeds(name), 0
    while done < wanted and time.monotonic() - begun < within_s:
        found.update(fed(name, changed(rng.choice(known), rng), keep))
        done += 1
    return report("blind", done, found, begun)


def report(way: str, frames: int, found: Counter[str], begun: float) -> dict[str, Any]:
    """What one protocol's frames came to."""
    seconds = round(time.monotonic() - begun, 1)
    return {"way": way, "frames": frames, **found, "failed": "", "seconds": seconds}


class Accepted:
    """The accepted telegrams of a run that differ in what they say, on the disk."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder.parent / ACCEPTED).open("w", encoding="utf-8")
        self._seen: set[int] = set()

    def keep(self, one: Telegram) -> None:
        """Keep one that says what none before it has said."""
        said = hash(tuple((name, text) for name, text in one.cells.items() if name not in TURN))
        if said not in self._seen and len(self._seen) < MOST_KEPT:
            self._seen.add(said)
            self._file.write(json.dumps([one.raw.hex(), one.cells]) + "\n")

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


def sent_on(
    name: str, folder: Path, machine: Making, code: Mapping[str, Code], say: Say
) -> Counter[str]:
    """The accepted telegrams of a run, as one station's, through intake and batches."""
    path = folder / ACCEPTED
    if not path.exists():
        return Counter()
    with path.open(encoding="utf-8") as file:
        told = [(bytes.fromhex(raw), cells) for raw, cells in map(json.loads, file)]
    mapping, found = Mapping_.model_validate(FRAMES[name]), Counter[str](START)
    town = Town(machine, code, folder / "journal", *GAUGES[name])
    in_order = sorted(told, key=lambda one: str(one[1].get(mapping.time.column, "")))
    for first in range(0, len(in_order), ROWS_A_FILE):
        some = in_order[first : first + ROWS_A_FILE]
        cells = {one: [said.get(one, "") for _, said in some] for one in mapping.columns}
        town.take(Chunk(first, name, [raw for raw, _ in some], cells), mapping, NOW, found)
        town.send(NOW, found)
        say(f"{first + len(some):,} of {len(told):,} accepted frames of {name}")
    town.send(NOW + FUTURE_S, found)
    town.close(found)
    return found
