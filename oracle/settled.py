"""Settled batches as Parquet files: every leaf with its place, so that proofs can be made.

A file holds consecutive batches of one lane, one row group a batch, in the order of its leaves.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.errors import BadRecord
from oracle.shelves import Files
from oracle.store import Store

FOLDER = "settled"
KEPT_READ = 64  # channels of files held in memory
# in each row: `number` counts a channel's readings, `place` those of a batch, both from 0; `row`
# and `segment` say where the telegram lies, `refused` that the contract refused its group
PLACED = [  # where a leaf hangs, and whose it is; files of households have it too
    ("contract", pa.string()),
    ("lane", pa.int64()),
    ("batch", pa.int64()),
    ("place", pa.int64()),
    ("channel", pa.int64()),
]
SCHEMA = pa.schema(
    [
        *PLACED,
        ("number", pa.int64()),
        ("at", pa.int64()),
        ("value", pa.int64()),
        ("kind", pa.int64()),
        ("grade", pa.int64()),
        ("mark", pa.int64()),
        ("flags", pa.int64()),
        ("refused", pa.bool_()),
        ("telegram_hash", pa.binary(32)),
        ("leaf", pa.binary(32)),
        ("source", pa.string()),
        ("shift_s", pa.int64()),
        ("segment", pa.int64()),
        ("row", pa.int64()),
        ("root", pa.binary(32)),
        ("words_hash", pa.binary(32)),
        ("transaction", pa.string()),
        ("block", pa.int64()),
        ("block_hash", pa.string()),
    ]
)
NOISE = ("telegram_hash", "leaf")  # which no dictionary makes smaller


@dataclass(frozen=True, slots=True)
class Place:
    """A file as the journal names it."""

    files: Files
    name: str
    sha256: str


def name_of(contract: str, lane: int, day: str, first_batch: int, within: str = "") -> str:
    """The name of a lane's file of a day; more than one of a day differ by their first batch."""
    return f"{FOLDER}/{contract}-{lane}/{within}{day}-{first_batch:09d}.parquet"


def place_of(store: Store, row: Any) -> Place:
    """The file that a row of settled_file or home_file names."""
    return Place(store.files, row["path"], row["sha256"])


@contextmanager
def written(files: Files, name: str, schema: pa.Schema = SCHEMA) -> Iterator[pq.ParquetWriter]:
    """Write a file whole: it has its name only when all of it is safe."""
    beside = [one for one in schema.names if one not in NOISE]
    with (
        files.writing(name) as file,
        pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=beside) as writer,
    ):
        yield writer


def sha256_of(files: Files, name: str) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with files.open(name) as file:
        return hashlib.file_digest(cast(Any, file), "sha256").hexdigest()


def find(store: Store, channel: int, at: int) -> dict[str, Any] | None:
    """The archived reading of a channel at a moment, as the row of its file."""
    places = store.db.execute(
        "SELECT path, sha256 FROM settled_file JOIN channel"
        " ON channel.contract = settled_file.contract"
        " WHERE channel.id = ? AND settled_file.first_at <= ? AND settled_file.last_at >= ?",
        (channel, at, at),
    )
    for row in places:
        readings = _of_channel(place_of(store, row), channel)
        for found in readings.filter(pc.equal(readings["at"], at)).to_pylist():
            return dict(found)
    return None


def batch(store: Store, contract: str, lane: int, number: int) -> list[dict[str, Any]] | None:
    """The readings of an archived batch in the order of their leaves; None of one that is not."""
    row = store.db.execute(
        "SELECT path, sha256 FROM settled_file WHERE contract = ? AND lane = ?"
        " AND first_batch <= ? AND next_batch > ?",
        (contract, lane, number, number),
    ).fetchone()
    if row is None:
        return None
    columns = ["leaf", "place", "root", "words_hash", "transaction", "block", "block_hash"]
    found = table(place_of(store, row), columns, pc.field("batch") == number)
    return [dict(one) for one in found.sort_by("place").to_pylist()]


def segments(place: Place) -> set[int]:
    """The segments that hold the telegrams of a file's readings."""
    return set(table(place, ["segment"], None)["segment"].unique().to_pylist())


@lru_cache(maxsize=KEPT_READ)
def _of_channel(place: Place, channel: int) -> pa.Table:
    return table(place, None, pc.field("channel") == channel)


def table(place: Place, columns: list[str] | None, chosen: Any) -> pa.Table:
    """The chosen rows of a file; BadRecord when it is gone or not what was written."""
    _whole(place)
    with place.files.open(place.name) as file:
        return pq.read_table(file, columns=columns, filters=chosen)


@lru_cache(maxsize=KEPT_READ)
def _whole(place: Place) -> None:
    remedy = "restore the journal's folder from a copy; without it these readings cannot be proved"
    try:
        found = sha256_of(place.files, place.name)
    except OSError as error:
        raise BadRecord(f"{place.name} cannot be read: {error}", remedy) from error
    if found != place.sha256:
        raise BadRecord(f"{place.name} is not what the journal says was written", remedy)
