"""Households' days of settled batches as Parquet files, a row a household, with its leaf.

A file holds the days that hang in consecutive batches of one lane, in the order of their leaves.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from oracle.household_rows import Day
from oracle.settled import PLACED, place_of, table
from oracle.store import Store

WITHIN = "homes/"  # the folder of its files, in that of the lane
# `place` counts the leaves of households in a batch from 0; `row` and `segment` say where the
# telegram lies. `household` is its number: like the journal itself, a file leaves nobody's hands
SCHEMA = pa.schema(
    [
        *PLACED,
        ("begins_at", pa.int64()),
        ("ends_at", pa.int64()),
        ("grade", pa.int64()),
        ("household", pa.string()),
        ("register_l", pa.int64()),
        ("volume_l", pa.int64()),
        ("segment", pa.int64()),
        ("row", pa.int64()),
        ("leaf", pa.binary(32)),
    ]
)


def leaves(store: Store, contract: str, lane: int, batch: int) -> list[bytes]:
    """The leaves of households in a batch that was put away, in their order."""
    places = store.db.execute(
        "SELECT path, sha256 FROM home_file WHERE contract = ? AND lane = ?"
        " AND first_batch <= ? AND next_batch > ?",
        (contract, lane, batch, batch),
    ).fetchall()
    found: list[bytes] = []
    for row in places:
        of_batch = table(place_of(store, row), ["place", "leaf"], pc.field("batch") == batch)
        found += of_batch.sort_by("place")["leaf"].to_pylist()
    return found


def find(store: Store, channel: int, ends_at: int, household: str) -> dict[str, Any] | None:
    """A household's day that was put away, as the row of its file."""
    places = store.db.execute(
        "SELECT path, sha256 FROM home_file JOIN channel ON channel.contract = home_file.contract"
        " WHERE channel.id = ? AND first_end_at <= ? AND last_end_at >= ?",
        (channel, ends_at, ends_at),
    ).fetchall()
    wanted = pc.field("channel") == channel
    wanted &= (pc.field("ends_at") == ends_at) & (pc.field("household") == household)
    for row in places:
        for one in table(place_of(store, row), None, wanted).to_pylist():
            return dict(one)
    return None


def rows(
    key: tuple[str, int, int], place: int, segment: int, day: Day, leaves: Sequence[bytes]
) -> pa.Table:
    """A community's day as rows of its file: `key` is contract, lane and number of the batch,
    `place` that of its first leaf, `segment` where its telegrams lie."""
    count = len(day.names)
    same = (*key, day.channel, day.begins_at, day.ends_at, day.grade, segment)
    names = ("contract", "lane", "batch", "channel", "begins_at", "ends_at", "grade", "segment")
    columns: dict[str, Any] = {
        name: [value] * count for name, value in zip(names, same, strict=True)
    }
    columns |= {"place": list(range(place, place + count)), "household": day.names}
    columns |= {"register_l": day.registers_l, "volume_l": day.volumes_l, "row": day.rows}
    return pa.table(columns | {"leaf": list(leaves)}, schema=SCHEMA)
