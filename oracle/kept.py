"""The readings that a journal keeps, as columns, and the rows in the archive that they came from.

A block holds some of a channel's readings; they are counted for each channel from 0.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ledger.errors import NotFound
from ledger.leaves import APPROVED, leaves
from oracle import approved
from oracle.archive import Archive, Segment, hashes
from oracle.places import Place
from oracle.readings import Block, Ints
from oracle.store import Store

COLUMNS = 5  # at, value, mark, flags, row
LEVEL = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """Consecutive readings of a channel, with where their rows are archived."""

    first: int
    kind: int
    grade: int
    segment: int
    block: Block
    flags: Ints


class KeptReadings(Store):
    """A journal as whoever follows a reading back needs it."""

    def __init__(self, place: Place, *, writing: bool) -> None:
        super().__init__(place, writing=writing)
        self.archive = Archive(self.files)

    def begins(self, channel: int) -> int:
        """The first reading of a channel that is in a block here, by its count."""
        row = self.db.execute(
            "SELECT coalesce((SELECT min(first) FROM block WHERE channel = id), accepted)"
            " FROM channel WHERE id = ?",
            (channel,),
        ).fetchone()
        return int(row[0]) if row else 0

    def reading(self, channel: int, at: int) -> tuple[Kept, int] | None:
        """The block that holds a reading, and its place there."""
        row = self.db.execute(
            "SELECT * FROM block WHERE channel = ? AND first_at <= ?"
            " ORDER BY first_at DESC LIMIT 1",
            (channel, at),
        ).fetchone()
        if row is None:
            return None
        kept = _kept(row)
        place = int(np.searchsorted(kept.block.at, at))
        if place == len(kept.block) or kept.block.at[place] != at:
            return None
        return kept, place

    def segment(self, number: int) -> Segment:
        """A segment of the archive; NotFound when its telegrams were removed for their age."""
        row = self.db.execute("SELECT sha256 FROM segment WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise NotFound(
                "the telegram was removed, as it was older than keep_telegrams_days",
                "its hash is in the leaf; ask whoever has the telegram, or a copy of the archive",
            )
        return self.archive.read(number, row[0])

    def shift_of(self, segment: int) -> int:
        """By how many seconds the rows of a segment were re-dated."""
        row = self.db.execute(
            "SELECT shift_s FROM source JOIN segment ON segment.source = source.id"
            " WHERE segment.id = ?",
            (segment,),
        ).fetchone()
        return int(row[0])

    def telegram(self, segment: int, row: int) -> bytes:
        """A row as it came."""
        found = self.segment(segment)
        return found.telegrams[row - found.first_row]

    def kept(self, channel: int, first: int, count: int) -> Iterator[Kept]:
        """The readings of a range, block by block, cut to it."""
        rows = self.db.execute(
            "SELECT * FROM block WHERE channel = ? AND first < ? AND first + count > ?"
            " ORDER BY first",
            (channel, first + count, first),
        )
        for row in rows:
            one = _kept(row)
            start, end = max(first - one.first, 0), min(first + count - one.first, len(one.block))
            yield _cut(one, start, end)

    def until(self, channel: int, at: int) -> int:
        """How many readings of a channel lie at or before a moment.

        Of readings that were put away only the last one's count is known: it is given for all.
        """
        row = self.db.execute(
            "SELECT * FROM block WHERE channel = ? AND first_at <= ?"
            " ORDER BY first_at DESC LIMIT 1",
            (channel, at),
        ).fetchone()
        if row is None:
            return self.begins(channel)
        kept = _kept(row)
        return kept.first + int(np.searchsorted(kept.block.at, at, side="right"))

    def register_at(self, channel: int, at: int) -> int | None:
        """The register last read at or before a moment; where a lane's first group opened, else."""
        number = self.until(channel, at)
        if number:
            last = next(self.kept(channel, number - 1, 1))
            if last.kind in APPROVED:
                return approved.register_behind(self, channel, number - 1)
            return int(last.block.value[0])
        row = self.db.execute(
            "SELECT opening_at, opening_l FROM part WHERE channel = ? AND first = 0"
            " UNION ALL SELECT opening_at, opening_l FROM channel WHERE id = ? AND cut = 0",
            (channel, channel),
        ).fetchone()
        return int(row[1]) if row and row[0] <= at else None

    def leaves(self, channel: int, first: int, count: int) -> list[bytes]:
        """The leaves of a range of readings."""
        found = []
        for one in self.kept(channel, first, count):
            block = one.block
            telegrams = hashes(self.segment(one.segment), block.row.tolist())
            columns = (block.at, block.value, one.kind, one.grade, block.mark, telegrams)
            found += leaves(channel, *columns)
        return found

    def telegrams_of(self, contract: str, lane: int, batch: int) -> dict[int, bytes]:
        """The hashes of a batch's telegrams, by channel, in the order of its readings."""
        parts = self.db.execute(
            "SELECT channel, first, count FROM part WHERE contract = ? AND lane = ? AND batch = ?"
            " ORDER BY channel",
            (contract, lane, batch),
        )
        return {
            channel: b"".join(
                telegram
                for one in self.kept(channel, first, count)
                for telegram in hashes(self.segment(one.segment), one.block.row.tolist())
            )
            for channel, first, count in parts.fetchall()
        }

    def span(self, channel: int) -> tuple[int, int] | None:
        """The moments of a channel's first and last reading here; None where it has none."""
        row = self.db.execute(
            "SELECT (SELECT first_at FROM block WHERE channel = ? ORDER BY first_at LIMIT 1),"
            " (SELECT last_at FROM block WHERE channel = ? ORDER BY first_at DESC LIMIT 1)",
            (channel, channel),
        ).fetchone()
        return None if row[0] is None else (int(row[0]), int(row[1]))


def packed(block: Block, flags: Ints) -> bytes:
    """Columns as differences, compressed."""
    columns = np.stack([block.at, block.value, block.mark, flags, block.row])
    return zlib.compress(np.diff(columns, axis=1, prepend=0).astype("<i8").tobytes(), LEVEL)


def _kept(row: Any) -> Kept:
    raw = np.frombuffer(zlib.decompress(row["columns"]), dtype="<i8").reshape(COLUMNS, -1)
    at, value, mark, flags, place = np.cumsum(raw, axis=1)
    block = Block(row["channel"], at, value, mark, place)
    return Kept(row["first"], row["kind"], row["grade"], row["segment"], block, flags)


def _cut(one: Kept, start: int, end: int) -> Kept:
    block, part = one.block, slice(start, end)
    columns = (block.at[part], block.value[part], block.mark[part], block.row[part])
    cut = Block(block.channel, *columns)
    return Kept(one.first + start, one.kind, one.grade, one.segment, cut, one.flags[part])
