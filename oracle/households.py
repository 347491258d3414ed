"""Households in the journal: their days as taken in, and the leaves that hang under a batch's root.

A day's leaves hang in the first batch, cut after they came in, that carries a reading of their
community up to the day's end. They are made from the archived rows and the secret whenever they
are asked for; neither numbers of households nor salts leave the journal's folder but in a proof.
"""

import hmac
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ledger.errors import BadRecord, NotFound
from ledger.hashing import keccak, twice
from ledger.leaves import HOUSEHOLD, WORD, commitment, household_leaf
from oracle import settled_homes
from oracle.archive import hashes
from oracle.batch import Waiting
from oracle.household_rows import Day, Gathered, Standing, parse
from oracle.journal import Journal, Sent, Source
from oracle.shelves import Files
from oracle.sources.chunks import Chunk

KEPT_IN = "household.secret"
SECRET_BYTES = 32
MOST_LEAVES = 150_000  # of households in a batch: so a witness can be asked about it at once
LEVEL = 1
MOST_APART = (1, 10)  # of a community's volume, before it is told; our own choice

Key = tuple[str, int, int]  # contract, lane and batch


@dataclass(frozen=True, slots=True)
class Home:
    """One household's day, and all that its leaf is made of."""

    channel: int
    ends_at: int
    register_l: int
    volume_l: int
    grade: int
    household: bytes
    salt: bytes
    telegram: bytes

    @property
    def leaf(self) -> bytes:
        """Its leaf."""
        committed = commitment(self.household, self.salt)
        numbers = (self.ends_at, self.register_l, self.volume_l, self.grade)
        return household_leaf(self.channel, committed, *numbers, keccak(self.telegram))


class Opened(NamedTuple):
    """A household's leaf, and what only its proof shows: whose it is, its salt, its telegram."""

    household: bytes
    salt: bytes
    telegram: bytes
    leaf: bytes


class Shared(NamedTuple):
    """What all leaves of a community's day have alike, as it is hashed."""

    channel: bytes
    ends_at: bytes
    rest: bytes

    @classmethod
    def of(cls, channel: int, ends_at: int, grade: int) -> "Shared":
        """That of a day."""
        return cls(_word(channel), _word(ends_at), _word(HOUSEHOLD) + _word(grade))

    def leaf(
        self, household: bytes, salt: bytes, register_l: int, volume_l: int, telegram: bytes
    ) -> bytes:
        """A household's leaf."""
        committed = keccak(household + salt)
        amounts = register_l.to_bytes(WORD, "big") + volume_l.to_bytes(WORD, "big")
        return twice(self.channel + committed + self.ends_at + amounts + self.rest + telegram)


@dataclass(frozen=True, slots=True)
class Compared:
    """A community's day: its households' volumes beside its own meter's, in litres.

    `missing` households were heard of before that day's end, and sent nothing for it.
    """

    channel: int
    ends_at: int
    told: int
    missing: int
    homes_l: int
    community_l: int | None

    @property
    def differs(self) -> bool:
        """Whether the two volumes lie further apart than a leak or two."""
        if self.community_l is None or self.missing:
            return False
        part, of = MOST_APART
        return abs(self.community_l - self.homes_l) * of > self.community_l * part


def take(
    journal: Journal,
    source: Source,
    chunk: Chunk,
    gathered: Gathered,
    signed: Sequence[Sent] = (),
) -> None:
    """A chunk's rows as days of households and refusals, on the disk, all or nothing."""
    _make_secret(journal)
    refusals = list(gathered.refusals)
    found: list[Day] = []
    standings: dict[int, Standing] = {}
    for span, rows in gathered.days.values():
        if span.channel not in standings:
            standings[span.channel] = _standing(journal, span.channel)
        parsed = parse(span, rows, standings[span.channel])
        refusals += parsed.refusals
        if parsed.day.names:
            found.append(parsed.day)
    also = partial(_write, journal, found, standings)
    journal.take(source, chunk, [], refusals, also, signed)


def _standing(journal: Journal, channel: int) -> Standing:
    row = journal.db.execute("SELECT standing FROM roster WHERE channel = ?", (channel,)).fetchone()
    return json.loads(zlib.decompress(row[0])) if row else {}


def _write(journal: Journal, found: Sequence[Day], standings: dict[int, Standing]) -> None:
    """The days of the segment just written, within its commit."""
    (segment,) = journal.db.execute("SELECT max(id) FROM segment").fetchone()
    journal.db.executemany(
        "INSERT INTO home (channel, ends_at, segment, begins_at, grade, count, names, columns)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*(day.channel, day.ends_at, segment, day.begins_at, day.grade), *_packed(day))
            for day in found
        ],
    )
    journal.db.executemany(
        "INSERT INTO roster VALUES (?, ?)"
        " ON CONFLICT (channel) DO UPDATE SET standing = excluded.standing",
        [
            (channel, zlib.compress(json.dumps(standing).encode(), LEVEL))
            for channel, standing in standings.items()
        ],
    )


def _packed(day: Day) -> tuple[int, bytes, bytes]:
    columns = np.array([day.rows, day.registers_l, day.volumes_l], dtype=np.int64)
    packed = np.diff(columns, axis=1, prepend=0).astype("<i8").tobytes()
    names = "\n".join(day.names).encode()
    return len(day.names), zlib.compress(names, LEVEL), zlib.compress(packed, LEVEL)


def _day(row: Any) -> Day:
    raw = np.frombuffer(zlib.decompress(row["columns"]), dtype="<i8").reshape(3, -1)
    columns = np.cumsum(raw, axis=1).tolist()
    names = zlib.decompress(row["names"]).decode().split("\n")
    return Day(row["channel"], row["begins_at"], row["ends_at"], row["grade"], names, *columns)


# leaves


def due(journal: Journal, waiting: Sequence[Waiting], counts: Sequence[int]) -> list[Any]:
    """The days that hang in a batch of the first `counts` readings of each channel.

    Days beyond MOST_LEAVES hang in a later one.
    """
    if journal.db.execute("SELECT 1 FROM home WHERE batch IS NULL LIMIT 1").fetchone() is None:
        return []
    found = (
        row
        for one, count in zip(waiting, counts, strict=True)
        if count
        for row in journal.db.execute(
            "SELECT * FROM home WHERE batch IS NULL AND channel = ? AND ends_at <= ?"
            " ORDER BY ends_at, segment",
            (one.channel, int(one.at[count - 1])),
        )
    )
    hanging: list[Any] = []
    leaves = 0
    for row in found:
        leaves += row["count"]
        if hanging and leaves > MOST_LEAVES:
            break
        hanging.append(row)
    return hanging


def bind(journal: Journal, key: Key, rows: Sequence[Any]) -> None:
    """Say in which batch days hang; the caller commits."""
    journal.db.executemany(
        "UPDATE home SET contract = ?, lane = ?, batch = ?"
        " WHERE channel = ? AND ends_at = ? AND segment = ?",
        [(*key, row["channel"], row["ends_at"], row["segment"]) for row in rows],
    )


def leaves(journal: Journal, rows: Sequence[Any]) -> list[bytes]:
    """The leaves of days, in their order."""
    if not rows:
        return []
    key = secret(journal.files)
    return [leaf for row in rows for leaf in _leaves(journal, row, key)]


def leaves_of(journal: Journal, key: Key) -> list[bytes]:
    """The leaves of households that hang in a batch, also in one that was put away."""
    return settled_homes.leaves(journal, *key) + leaves(journal, hanging(journal, key))


def put_away(journal: Journal, key: Key) -> Iterator[pa.Table]:
    """The days that hang in a batch as rows of a file, one table a day."""
    rows, place = hanging(journal, key), 0
    salting = secret(journal.files) if rows else b""
    for row in rows:
        made = list(_leaves(journal, row, salting))
        yield settled_homes.rows(key, place, row["segment"], _day(row), made)
        place += len(made)


def hanging(journal: Journal, key: Key) -> list[Any]:
    """The days that hang in a batch, in the order of their leaves."""
    found: list[Any] = journal.db.execute(
        "SELECT * FROM home WHERE contract = ? AND lane = ? AND batch = ?"
        " ORDER BY channel, ends_at, segment",
        key,
    ).fetchall()
    return found


def _leaves(journal: Journal, row: Any, key: bytes) -> Iterator[bytes]:
    return (one.leaf for one in opened(journal, row, key))


def opened(journal: Journal, row: Any, key: bytes) -> Iterator[Opened]:
    """ledger.leaves.household_leaf for each household of a day, what they share made once."""
    day = _day(row)
    telegrams = hashes(journal.segment(row["segment"]), day.rows)
    salted, shared = (
        _salted(day.channel, day.ends_at),
        Shared.of(day.channel, day.ends_at, day.grade),
    )
    columns = (day.names, day.registers_l, day.volumes_l, telegrams)
    for name, register_l, volume_l, telegram in zip(*columns, strict=True):
        number = name.encode()
        household, salt = keccak(number), hmac.digest(key, salted + number, "sha256")
        leaf = shared.leaf(household, salt, register_l, volume_l, telegram)
        yield Opened(household, salt, telegram, leaf)


def span(journal: Journal, channel: int) -> tuple[int, int]:
    """The ends of the first and last day of a community's households here; (0, -1) for none."""
    first, last = journal.db.execute(
        "SELECT min(ends_at), max(ends_at) FROM home WHERE channel = ?", (channel,)
    ).fetchone()
    return (0, -1) if first is None else (int(first), int(last))


def told(journal: Journal, channel: int, ends_at: int) -> dict[bytes, tuple[int, int]]:
    """Registers and volumes of a community's day, in litres, by the hash of a household."""
    rows = journal.db.execute(
        "SELECT * FROM home WHERE channel = ? AND ends_at = ?", (channel, ends_at)
    ).fetchall()
    return {
        keccak(name.encode()): (register_l, volume_l)
        for day in map(_day, rows)
        for name, register_l, volume_l in zip(
            day.names, day.registers_l, day.volumes_l, strict=True
        )
    }


def home(journal: Journal, channel: int, ends_at: int, name: str) -> tuple[Home, Any]:
    """A household's day and the batch it hangs in; NotFound where it was not told."""
    row = _told_of(journal, channel, ends_at, name)
    number = name.encode()
    salted = _salted(channel, ends_at) + number
    found = Home(
        channel=channel,
        ends_at=ends_at,
        register_l=row["register_l"],
        volume_l=row["volume_l"],
        grade=row["grade"],
        household=keccak(number),
        salt=hmac.digest(secret(journal.files), salted, "sha256"),
        telegram=journal.telegram(row["segment"], row["row"]),
    )
    return found, row


def _told_of(journal: Journal, channel: int, ends_at: int, name: str) -> dict[str, Any]:
    """What a household told of a day, from the journal or a file of it."""
    rows = journal.db.execute(
        "SELECT * FROM home WHERE channel = ? AND ends_at = ?", (channel, ends_at)
    ).fetchall()
    for row in rows:
        day = _day(row)
        if name in day.names:
            place = day.names.index(name)
            registers = {"register_l": day.registers_l[place], "volume_l": day.volumes_l[place]}
            return {**dict(row), **registers, "row": day.rows[place]}
    away = settled_homes.find(journal, channel, ends_at, name)
    if away is None:
        raise NotFound(
            "no telegram of that household and day was taken in",
            "`waterline oracle quarantine list` shows what is held",
        )
    return away


def _salted(channel: int, ends_at: int) -> bytes:
    """What a salt is the HMAC of, before the household's number."""
    return _word(channel) + _word(ends_at)


def _word(number: int) -> bytes:
    return number.to_bytes(WORD, "big")


def secret(files: Files) -> bytes:
    """The secret that salts are made with: 32 bytes among the journal's files, 0600 in a folder.

    BadRecord where others can read it or it is none; NotFound where it is gone.
    """
    files.private(KEPT_IN)
    try:
        with files.open(KEPT_IN) as file:
            found = file.read()
    except OSError as error:
        raise BadRecord(f"{KEPT_IN} cannot be read: {error}", "restore it from a copy") from error
    if len(found) != SECRET_BYTES:
        raise BadRecord(f"{KEPT_IN} is no secret of {SECRET_BYTES} bytes", "restore it from a copy")
    return found


def _make_secret(journal: Journal) -> None:
    """Make the secret before the first household is taken in. One that is lost later is not made
    anew: leaves that hang on the chain would have no proof, and nobody would have been told.
    """
    if journal.db.execute("SELECT 1 FROM roster LIMIT 1").fetchone() is not None:
        return
    try:
        journal.files.private(KEPT_IN)
    except NotFound:
        with journal.files.writing(KEPT_IN) as file:
            file.write(os.urandom(SECRET_BYTES))
    except BadRecord:
        return  # told when its leaves are made


# a community beside its households


def compared(journal: Journal, rows: Sequence[Any]) -> list[Compared]:
    """Each community's day of a batch: who was missing, and the sum beside its own meter."""
    spans = {(row["channel"], row["begins_at"], row["ends_at"]): 0 for row in rows}
    return [_compared(journal, *span) for span in spans]


def _compared(journal: Journal, channel: int, begins_at: int, ends_at: int) -> Compared:
    rows = journal.db.execute(
        "SELECT * FROM home WHERE channel = ? AND ends_at = ?", (channel, ends_at)
    ).fetchall()
    told = [_day(row) for row in rows]
    number = sum(len(day.names) for day in told)
    known = sum(first <= ends_at for first, _, _ in _standing(journal, channel).values())
    registers = [journal.register_at(channel, at) for at in (begins_at, ends_at)]
    before, after = registers
    return Compared(
        channel,
        ends_at,
        number,
        known - number,
        sum(sum(day.volumes_l) for day in told),
        None if before is None or after is None or after < before else after - before,
    )
