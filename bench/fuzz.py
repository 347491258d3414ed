"""R7: input that was made to harm: each row and frame ends accepted or refused with a reason.

Frames are bred by atheris (Apache-2.0, libFuzzer): it keeps what reaches new branches of a parser
and changes that further. It needs a process of its own. Where it is not installed, the same frames
are changed blindly, and the result says so. Rows are changed blindly; most reach the slow way.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.chaos import Result
from ledger.channels import GAUGE, METER, Channel
from ledger.errors import BadRecord
from oracle.intake import take
from oracle.mapping import Mapping, Rule, rules
from oracle.readings import State
from oracle.sources import hj212, sl651
from oracle.sources.files import read
from oracle.sources.telegrams import FAILED, PROTOCOLS, Telegram

FUZZ = "fuzz"
T0 = 1_700_000_000
NOW = T0 + 10**9
ROWS_A_FILE = 2_000
LONGEST_FRAME = 4_096
FRAMES_WITHIN_S = 3_600
REPORT = (  # SL 651-2014, a test report of a station
    "7E7E02001234567804D232002B020012141205110002F1F1001234567848F0F01412051100"
    "2019000100261900010039230001442038121220039FE1"
)
CONFIRMATION = "7E7E00123456780204D23280080200121412051100021BBD6C"  # the draft's, downward
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


def fuzz(seed: int, quick: bool, say: Callable[[str], None]) -> Result:
    """Rows and frames, as many as wanted; whether each of them ended as it must."""
    counts: dict[str, Any] = {}
    wanted = 4_000 if quick else 1_000_000
    found = rows(wanted, seed, say)
    counts["rows"] = dict(found)
    holds = found["rows"] >= wanted and not found["unaccounted"]
    for name in PROTOCOLS:
        say(f"frames of {name}")
        told = _in_own_process(name, wanted, seed)
        counts[name] = told
        holds &= told["frames"] >= wanted and not told["failed"]
    return Result(FUZZ, counts, holds)


# rows


def rows(wanted: int, seed: int, say: Callable[[str], None]) -> Counter[str]:
    """So many changed rows through the file reader and the intake, counted by how they ended.

    `unaccounted` cells became neither a reading nor a refusal with a reason.
    """
    rng, found = random.Random(seed), Counter[str]({"unaccounted": 0})
    mapping = Mapping.model_validate(MAPPING)
    chosen = rules(mapping, _channels())
    states = {rule.channel.id: State(T0, 0) for rule in chosen}
    with tempfile.TemporaryDirectory() as folder:
        path, at = Path(folder) / "rows.csv", T0
        while found["rows"] < wanted:
            lines = []
            for _ in range(ROWS_A_FILE):
                at += 60
                lines.append(_row(at, rng))
            path.write_bytes(b"at,a,b,c\n" + b"\n".join(lines) + b"\n")
            _take(path, mapping, chosen, states, found)
            say(f"{found['rows']:,} of {wanted:,} rows")
    return found


def _take(
    path: Path,
    mapping: Mapping,
    chosen: Sequence[Rule],
    states: dict[int, State],
    found: Counter[str],
) -> None:
    for chunk in read(path, mapping.columns, growing=False):
        accepted, spoilt = take(chunk, mapping.time, chosen, states, NOW, lambda *_: None)
        found["rows"] += len(chunk)
        found["refused_rows"] += len(spoilt)
        found["unaccounted"] += sum(not one.reason for one in spoilt)
        for one in accepted:
            states[one.rule.channel.id] = one.taken.state
            filled = sum(bool(text) for text in chunk.cells[one.rule.column])
            taken = one.taken
            ended = len(taken.block) + taken.repeated + len(taken.refusals)
            found["accepted"] += len(taken.block)
            found["refused"] += len(taken.refusals)
            found["repeated"] += taken.repeated
            found["unaccounted"] += abs(filled - ended)
            found["unaccounted"] += sum(not each.reason for each in taken.refusals)


def _row(at: int, rng: random.Random) -> bytes:
    """A row of a meter that runs, a rate and a gauge; two in three are then spoilt."""
    cells = [str(at), str((at - T0) // 60), f"{rng.randrange(90)}.5", f"{rng.randrange(900)}.1"]
    kind = rng.randrange(6)
    if kind < 2:
        cells[rng.randrange(4)] = rng.choice(CELLS)
    elif kind == 2:
        cells = cells[: rng.randrange(4)] + [rng.choice(CELLS)] * rng.randrange(4)
    raw = ",".join(cells).encode()
    return changed(raw, rng).replace(b"\n", b" ") if kind == 3 else raw


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


def _channels() -> dict[tuple[str, str], Channel]:
    found = {}
    for number, (device, parameter) in enumerate((("M", "volume"), ("R", "volume"), ("G", "cod"))):
        meter = parameter == "volume"
        found[device, parameter] = Channel(
            id=number + 1,
            device_id=number + 1,
            device=device,
            station_id=1,
            parameter=parameter,
            kind=METER if meter else GAUGE,
            contract="QuotaTracker" if meter else "DischargeLimits",
            relay_group=1,
            resolution=1 if meter else 100_000,
            cadence_s=60,
            low=0,
            high=2**48 - 1 if meter else 1_000_000_000,
            grade=3,
            permit_id=0,
            opened_at=T0,
        )
    return found


# frames


def seeds(name: str) -> list[bytes]:
    """What to begin with: frames, and insides of frames; the first byte says which."""
    if name == "sl651":
        report = bytes.fromhex(REPORT)
        confirmation = bytes.fromhex(CONFIRMATION)
        unsealed = (report[:-2], confirmation[:-2])
        return [b"\1" + report, b"\1" + confirmation, *(b"\0" + one for one in unsealed)]
    head = "QN=20231114221320001;ST=32;CN=2061;PW=123456;MN=010000A8900016F000169DC0"
    values = "CP=&&DataTime=20231114221320;w00000-Cou=1.5;w01018-Avg=12.5,w01018-Flag=N&&"
    split = f"{head};PNUM=2;PNO=1;Flag=7;{values}"
    insides = [f"{head};Flag=5;{values}".encode(), split.encode()]
    return [*(b"\1" + hj212.frame(one) for one in insides), *(b"\0" + one for one in insides)]


def fed(name: str, bred: bytes) -> Counter[str]:
    """How the telegrams in some bytes ended, fed whole and then cut in two: both must agree.

    Where the first byte is even, the others are put into a frame whose check is right, as few would
    come past it otherwise.
    """
    found: Counter[str] = Counter()
    data = bred if bred[:1] and bred[0] % 2 else _sealed(name, bred[1:])
    told = _heard(name, (data,))
    half = len(data) // 2
    if [one.raw for one in told] != [one.raw for one in _heard(name, (data[:half], data[half:]))]:
        raise BadRecord("bytes in two pieces gave other telegrams than in one", "mend the splitter")
    for one in told:
        if one.error.startswith(FAILED):
            raise BadRecord(f"{one.error}: {one.raw.hex()}", "mend the parser")
        found["refused" if one.error else "accepted"] += 1
    return found


def _sealed(name: str, inner: bytes) -> bytes:
    if name == "sl651":
        return inner + sl651.crc(inner).to_bytes(2, "big")
    return hj212.frame(inner[: hj212.LONGEST_SEGMENT])


def _heard(name: str, pieces: Sequence[bytes]) -> list[Telegram]:
    spoken = PROTOCOLS[name]()
    told = [one for piece in pieces for one, _ in spoken.feed(piece)]
    return [*told, *(one for one, _ in spoken.rest())]


def _in_own_process(name: str, wanted: int, seed: int) -> dict[str, Any]:
    """What a process that only fuzzes found: its counts, and the failure that ended it."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "bench.breeding", name, str(wanted), str(seed), folder],
            cwd=Path(__file__).resolve().parent.parent,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=FRAMES_WITHIN_S,
            check=False,
        )
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    lines = done.stderr.splitlines()
    return {"frames": 0, "failed": "\n".join(lines[-20:])}


def bred(name: str, wanted: int, seed: int) -> dict[str, Any]:
    """The same frames changed blindly."""
    rng, found, begun = random.Random(seed), Counter[str](), time.monotonic()
    known = seeds(name)
    for _ in range(wanted):
        found += fed(name, changed(rng.choice(known), rng))
    return report("blind", wanted, found, begun)


def report(way: str, frames: int, found: Counter[str], begun: float) -> dict[str, Any]:
    """What one protocol's frames came to."""
    seconds = round(time.monotonic() - begun, 1)
    return {"way": way, "frames": frames, **found, "failed": "", "seconds": seconds}
