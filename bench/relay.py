"""What the oracle does to a reading on one machine, beside the usual way of doing it.

Packing and encoding (P6), journal and archive (P9), the batch's tree (P10); every pair must give
the same bytes, rows or root. docs/benchmarks.md says what is compared with what.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from multiproof import StandardMerkleTree
from web3 import Web3

from bench.sides import WARM_UP, Timed, interleaved
from ledger import merkle
from ledger.channels import METER, Channel
from ledger.errors import WaterlineError
from ledger.hashing import keccak
from ledger.leaves import MEASURED, leaf, leaves
from ledger.packing import RECORD_METERS, WORD, meter_group, record_calldata
from oracle.intake import Accepted, take
from oracle.journal import Journal
from oracle.mapping import Column, Time, rules
from oracle.mapping import Mapping as MappingFile
from oracle.readings import Ints, State
from oracle.sources.chunks import Chunk

READINGS = 1_000  # of a batch in P6 and P10
METERS = 16
OPENED_AT, STEP_S, GRADE = 1_700_000_000, 900, 3
COLUMNS, ROWS = 256, 1_020  # of a chunk in P9
ROWS_A_COMMIT = 1_000
QUICK = 20  # times a round
PACKING_TARGET = 1_000
TREE_TARGET, TREE_MOST_S = 10, 0.003
RATE_TARGET, BYTES_TARGET = 1_000_000, 6
TYPES = [*["uint256"] * 6, "bytes32"]

NOW = 2**32 - 1
Fed = tuple[Chunk, list[Accepted]]


class Unequal(WaterlineError):
    """The two sides of a comparison did not give the same."""

    code = "unequal"
    exit_code = 6


@dataclass(frozen=True, slots=True)
class Side:
    """One figure: our way beside another; `target` is the least ratio or rate that is asked for."""

    id: str
    what: str
    readings: int
    channels: int
    ours: Timed
    other: str
    theirs: Timed
    target: str
    met: bool | None
    more: dict[str, Any]

    @property
    def ratio(self) -> float:
        """How many times faster ours is, by the clock on the wall."""
        return self.theirs.median_s / self.ours.median_s

    @property
    def cpu_ratio(self) -> float:
        """And by CPU time: on a shared machine the fairer one where nothing waits for a disk."""
        return self.theirs.cpu_s / self.ours.cpu_s

    def as_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {
            **{"id": self.id, "what": self.what, "readings": self.readings},
            **{"channels": self.channels, "ours": self.ours.as_json()},
            **{"other": self.other, "theirs": self.theirs.as_json()},
            **{"ratio": round(self.ratio, 1), "cpu_ratio": round(self.cpu_ratio, 1)},
            **{"target": self.target, "met": self.met},
            **self.more,
        }


def packing(rounds: int) -> list[Side]:
    """P6: columns to calldata, beside encode_abi of a word a reading, and of the same call."""
    return [side for meters in (1, METERS, READINGS) for side in _packed(meters, rounds)]


def _packed(meters: int, rounds: int) -> Iterator[Side]:
    frames, root = _frames(meters), keccak(b"root")
    words, (record, plain) = _words(frames), _contracts()
    numbers = [int.from_bytes(keccak(n.to_bytes(WORD, "big")), "big") for n in range(READINGS)]

    def ours() -> bytes:
        return record_calldata(RECORD_METERS, 1, 0, root, _words(frames))

    def same() -> str:
        return str(record.encode_abi("record_meters", args=[1, 0, root, words, b""]))

    def array() -> str:
        return str(plain.encode_abi("record", args=[1, 0, root, numbers]))

    _require("calldata", "0x" + ours().hex(), same())
    timed = interleaved(
        {"ours": ours, "same": same, "array": array}, rounds, {"ours": QUICK, "same": QUICK}
    )
    what = f"{READINGS:,} readings of {meters:,} meters, columns to calldata"
    shared = (what, READINGS, meters, timed["ours"])
    more = {"bytes": len(ours()), "equal": "calldata"}
    met = timed["array"].cpu_s >= PACKING_TARGET * timed["ours"].cpu_s
    asked = f">= {PACKING_TARGET:,}x"
    yield Side("P6", *shared, "encode_abi, a word a reading", timed["array"], asked, met, more)
    other = "encode_abi of the same call, words packed before"
    yield Side("P6s", *shared, other, timed["same"], "-", None, more)


def tree(rounds: int) -> Side:
    """P10: a batch's leaves and tree, beside the PyPI package multiproof from the same rows."""
    at = OPENED_AT + STEP_S * np.arange(1, READINGS + 1)
    value = 7 * np.arange(1, READINGS + 1)
    mark = np.zeros(READINGS, dtype=np.int64)
    telegrams = [keccak(n.to_bytes(WORD, "big")) for n in range(READINGS)]
    columns = (1, at, value, MEASURED, GRADE, mark, telegrams)
    rows = [
        (1, int(a), int(v), MEASURED, GRADE, 0, t)
        for a, v, t in zip(at, value, telegrams, strict=True)
    ]
    made = leaves(*columns)
    _require("a leaf", made[0], leaf(*rows[0]))
    theirs = StandardMerkleTree.of(rows, TYPES)
    _require("root", merkle.root(made).hex(), theirs.root.removeprefix("0x"))
    timed = interleaved(
        {
            "tree": lambda: merkle.tree(made),
            "ours": lambda: merkle.tree(leaves(*columns)),
            "theirs": lambda: StandardMerkleTree.of(rows, TYPES),
        },
        rounds,
    )
    ours, other = timed["ours"], timed["theirs"]
    met = timed["tree"].cpu_s <= TREE_MOST_S and other.cpu_s >= TREE_TARGET * ours.cpu_s
    return Side(
        *("P10", f"{READINGS:,} leaves and their tree from columns", READINGS, 1, ours),
        *("multiproof 0.1.10 from the same rows", other, "tree <= 3 ms, >= 10x", met),
        {"tree_alone": timed["tree"].as_json(), "equal": "root"},
    )


def storing(rounds: int, folder: Path) -> Side:
    """P9: a chunk of rows into journal and archive, beside a row a reading with a key.

    Both are on the disk when they return; checks and parsing are not part of it.
    """
    chunks = list(_chunks(rounds + WARM_UP))
    ours, theirs = _Ours(folder / "journal", chunks), _Theirs(folder / "rows.sqlite", chunks)
    readings = ROWS * COLUMNS
    timed = interleaved({"ours": ours.write, "theirs": theirs.write}, rounds)
    _require("readings on the disk", ours.held, theirs.held)
    size = ours.bytes_a_reading
    their_size = theirs.bytes_a_reading
    ours.journal.close()
    theirs.db.close()
    rate = readings / timed["ours"].median_s
    return Side(
        *("P9", f"{ROWS:,} rows of {COLUMNS} meters on the disk", readings, COLUMNS),
        *(timed["ours"], f"SQLite, a row a reading, {ROWS_A_COMMIT:,} a commit, synced"),
        timed["theirs"],
        ">= 1,000,000/s, journal <= 6 bytes",
        rate >= RATE_TARGET and size["journal"] <= BYTES_TARGET,
        {
            "readings_per_s": round(rate),
            "their_readings_per_s": round(readings / timed["theirs"].median_s),
            "bytes_a_reading": {name: round(one, 2) for name, one in size.items()},
            "their_bytes_a_reading": round(their_size, 2),
            "equal": "readings on the disk",
        },
    )


class _Ours:
    """The journal, which is given one chunk after the other."""

    def __init__(self, folder: Path, chunks: Sequence[Fed]) -> None:
        self.folder, self.journal = folder, Journal(folder, writing=True)
        mapping = _mapping()
        self.source = self.journal.source("bench", mapping, 0)
        self.journal.enter({rule.channel: (OPENED_AT, 0) for rule in rules(mapping, _channels())})
        self.left = iter(chunks)

    def write(self) -> None:
        """The next chunk."""
        chunk, accepted = next(self.left)
        self.journal.take(self.source, chunk, accepted, [])

    @property
    def held(self) -> int:
        """How many readings are on the disk."""
        row = self.journal.db.execute("SELECT sum(count) FROM block").fetchone()
        return int(row[0])

    @property
    def bytes_a_reading(self) -> dict[str, float]:
        """What a reading takes: in the journal, and in the archive with its row as it came."""
        self.journal.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        folder = self.folder
        archive = sum(path.stat().st_size for path in (folder / "archive").iterdir())
        journal = (folder / "journal.sqlite").stat().st_size
        return {"journal": journal / self.held, "archive": archive / self.held}


class _Theirs:
    """A table with a row a reading and its key, as one would begin."""

    def __init__(self, path: Path, chunks: Sequence[Fed]) -> None:
        self.path, self.db = path, sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute(
            "CREATE TABLE reading (channel INTEGER, at INTEGER, value INTEGER, mark INTEGER,"
            " grade INTEGER, row INTEGER, PRIMARY KEY (channel, at)) WITHOUT ROWID"
        )
        self.left = iter([_rows(accepted) for _, accepted in chunks])

    def write(self) -> None:
        """The next chunk's readings, so many a commit."""
        rows = next(self.left)
        for first in range(0, len(rows), ROWS_A_COMMIT):
            self.db.execute("BEGIN")
            some = rows[first : first + ROWS_A_COMMIT]
            self.db.executemany("INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?)", some)
            self.db.execute("COMMIT")

    @property
    def held(self) -> int:
        """How many readings are on the disk."""
        return int(self.db.execute("SELECT count(*) FROM reading").fetchone()[0])

    @property
    def bytes_a_reading(self) -> float:
        """What a reading takes, without its row as it came."""
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self.path.stat().st_size / self.held


def _rows(accepted: Sequence[Accepted]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for one in accepted:
        block = one.taken.block
        columns = (block.at, block.value, block.mark, block.row)
        for at, value, mark, row in zip(*(column.tolist() for column in columns), strict=True):
            found.append((block.channel, at, value, mark, GRADE, row))
    return found


def _chunks(rounds: int) -> Iterator[Fed]:
    """Rows of registers, parsed and checked as the oracle does it."""
    rng, mapping, before = np.random.default_rng(1), _mapping(), np.zeros(COLUMNS, dtype=np.int64)
    wanted, states = rules(mapping, _channels()), {}
    states = {rule.channel.id: State(OPENED_AT, 0, Fraction(0), 0) for rule in wanted}
    names = [rule.column for rule in wanted]
    for number in range(rounds):
        registers = before + np.cumsum(rng.integers(0, 250, (ROWS, COLUMNS)), axis=0)
        before = registers[-1]
        places = np.arange(number * ROWS, (number + 1) * ROWS)
        at = (OPENED_AT + STEP_S * (places + 1)).astype(str).tolist()
        texts = registers.astype(str)
        lines = [",".join(row).encode() for row in np.column_stack([at, texts]).tolist()]
        columns = dict(zip(names, texts.T.tolist(), strict=True))
        chunk = Chunk(number * ROWS, ",".join(["at", *names]), lines, {"at": at, **columns})
        accepted, _ = take(chunk, mapping.time, wanted, states, NOW, _unknown)
        states = {one.rule.channel.id: one.taken.state for one in accepted}
        yield chunk, accepted


def _unknown(_: int, __: int) -> None:
    """Nothing is recorded yet."""


def _mapping() -> MappingFile:
    return MappingFile(
        title="bench",
        time=Time(form="unix_s", column="at"),
        channels=[
            Column(column=f"m{n}", device=f"M-{n}", parameter="volume", unit="L", of="register")
            for n in range(1, COLUMNS + 1)
        ],
    )


def _channels() -> dict[tuple[str, str], Channel]:
    found = {}
    for number in range(1, COLUMNS + 1):
        place = (number, number, f"M-{number}", 1, "volume", METER, "QuotaTracker", 1)
        found[f"M-{number}", "volume"] = Channel(*place, 1, STEP_S, 0, 2**47, GRADE, 0, OPENED_AT)
    return found


def _frames(meters: int) -> list[tuple[int, Ints, Ints]]:
    """Of each meter, its volumes and steps: 1,000 readings in all, an even number of each."""
    counts = [READINGS // meters + (n < READINGS % meters) for n in range(meters)]
    rng = np.random.default_rng(1)
    return [
        (n + 1, rng.integers(0, 250, size), np.full(size, STEP_S)) for n, size in enumerate(counts)
    ]


def _words(frames: Sequence[tuple[int, Ints, Ints]]) -> bytes:
    return b"".join(
        meter_group(channel, 123_456, OPENED_AT, volumes, steps, MEASURED, GRADE)
        for channel, volumes, steps in frames
    )


def _contracts() -> tuple[Any, Any]:
    """Encoders of the real call, and of one whose words are an array of numbers."""
    shared = [("lane", "uint256"), ("batch_id", "uint256"), ("root", "bytes32")]
    functions = {
        "record_meters": [*shared, ("words", "bytes"), ("evidence", "bytes")],
        "record": [*shared, ("words", "uint256[]")],
    }
    made = []
    for name, given in functions.items():
        inputs = [{"name": one, "type": kind} for one, kind in given]
        entry = {"type": "function", "name": name, "inputs": inputs, "outputs": []}
        made.append(Web3().eth.contract(abi=[entry | {"stateMutability": "nonpayable"}]))
    return made[0], made[1]


def _require(what: str, ours: object, theirs: object) -> None:
    if ours != theirs:
        raise Unequal(f"{what} differ: {ours} and {theirs}", "report it: one of them is wrong")
