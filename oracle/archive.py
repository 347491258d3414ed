"""The archive: every row as it came, in segments synced before the journal names them."""

import hashlib
import json
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ledger.errors import BadRecord
from ledger.hashing import keccak
from oracle.shelves import Files

KEPT_OPEN = 16  # segments held in memory: what a batch reads lies close together
LEVEL = 1


@dataclass(frozen=True)
class Segment:
    """The rows of one chunk: which file they came from, its header line, and each row's bytes."""

    source: str
    header: str
    first_row: int
    telegrams: tuple[bytes, ...]

    @cached_property
    def hashes(self) -> list[bytes]:
        """The hash of each row; every channel of a row has it in its leaf."""
        return [keccak(telegram) for telegram in self.telegrams]


class Archive:
    """Segments among a journal's files, numbered from 1."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._open: OrderedDict[int, Segment] = OrderedDict()

    @staticmethod
    def name_of(number: int) -> str:
        """The name of a segment's file."""
        return f"archive/{number:08d}.rows"

    def write(self, number: int, segment: Segment) -> str:
        """Write a segment, whole; its SHA-256. One left by a crash is replaced."""
        head: dict[str, Any] = {"source": segment.source, "header": segment.header}
        head["first"] = segment.first_row
        if any(b"\n" in telegram for telegram in segment.telegrams):
            head["bytes"] = [len(telegram) for telegram in segment.telegrams]
        lines = [json.dumps(head, ensure_ascii=False).encode(), *segment.telegrams]
        packed = zlib.compress(b"\n".join(lines), LEVEL)
        with self._files.writing(self.name_of(number)) as file:
            file.write(packed)
        self._keep(number, segment)
        return hashlib.sha256(packed).hexdigest()

    def read(self, number: int, sha256: str) -> Segment:
        """A segment; BadRecord when it is gone or not what was written."""
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        name = self.name_of(number)
        remedy = "restore the archive from a copy; without it readings cannot be proved"
        try:
            with self._files.open(name) as file:
                packed = file.read()
        except OSError as error:
            raise BadRecord(f"{name} cannot be read: {error}", remedy) from error
        if hashlib.sha256(packed).hexdigest() != sha256:
            raise BadRecord(f"{name} is not what the journal says was written", remedy)
        head, _, text = zlib.decompress(packed).partition(b"\n")
        about = json.loads(head)
        rows = _parted(text, about["bytes"]) if "bytes" in about else text.split(b"\n")
        segment = Segment(about["source"], about["header"], about["first"], tuple(rows))
        self._keep(number, segment)
        return segment

    def remove(self, number: int) -> None:
        """Remove a segment; one that is gone is no error."""
        self._files.remove(self.name_of(number))

    def _keep(self, number: int, segment: Segment) -> None:
        self._open[number] = segment
        while len(self._open) > KEPT_OPEN:
            self._open.popitem(last=False)


def _parted(text: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Telegrams that may hold line ends themselves, by their lengths."""
    rows, start = [], 0
    for size in sizes:
        rows.append(text[start : start + size])
        start += size + 1
    return rows


def telegram_hash(telegram: bytes) -> bytes:
    """The hash of a row as it came, which stands in the leaf of each of its readings."""
    return keccak(telegram)


def hashes(segment: Segment, rows: Sequence[int]) -> list[bytes]:
    """The telegram hashes of rows of a segment, numbered as in their file."""
    known, first = segment.hashes, segment.first_row
    return [known[row - first] for row in rows]
