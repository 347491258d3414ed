"""What keeps a journal small: settled batches of whole past days move into files of their own.

A file is on the disk under its name before the journal forgets a row of what it holds, and then
forgets all of it in one transaction; so a run that was cut short is simply run again.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ledger import merkle
from ledger.errors import BadRecord, WaterlineError
from ledger.hashing import keccak
from ledger.leaves import leaves
from oracle import households, settled, settled_homes
from oracle.archive import hashes
from oracle.journal import Journal
from oracle.mapping import ZoneName
from oracle.store import Store

DAY_S = 86_400
WORK_S = 0.2  # between two looks at sources and chain


class Retention(BaseModel):
    """The part `archive` of a configuration: how long the journal itself keeps what is settled.

    Days are those of `timezone`. Telegrams are kept as they came for ever, unless
    `keep_telegrams_days` says for how long; without its telegram a reading is proved no more.
    """

    model_config = ConfigDict(extra="forbid")

    keep_days: int = Field(default=90, ge=1, le=36_500)
    keep_telegrams_days: int | None = Field(default=None, ge=1, le=36_500)
    timezone: ZoneName = "UTC"

    @model_validator(mode="after")
    def _in_order(self) -> "Retention":
        if self.keep_telegrams_days is not None and self.keep_telegrams_days < self.keep_days:
            raise ValueError("keep_telegrams_days is not less than keep_days")
        return self

    def first_day(self, now: float, days: int) -> datetime:
        """When the oldest of so many past days began."""
        today = datetime.fromtimestamp(now, ZoneInfo(self.timezone)).date() - timedelta(days=days)
        return datetime(today.year, today.month, today.day, tzinfo=ZoneInfo(self.timezone))

    def day_of(self, at: int) -> str:
        """The local day of a moment."""
        return datetime.fromtimestamp(at, ZoneInfo(self.timezone)).date().isoformat()


@dataclass(frozen=True, slots=True)
class Due:
    """Batches of a lane, from `first_batch` to before `next_batch`, whose last readings are of one
    day."""

    contract: str
    lane: int
    day: str
    first_batch: int
    next_batch: int
    readings: int

    def as_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return asdict(self)


class Keeper:
    """Archives once a day beside whatever else a running oracle does, a little at a time."""

    def __init__(
        self,
        journal: Journal,
        wanted: Retention,
        clock: Callable[[], float],
        elapsed: Callable[[], float],
        tell: Callable[..., None],
    ) -> None:
        """`clock` gives Unix seconds, `elapsed` seconds that never go back."""
        self._journal, self._wanted, self._tell = journal, wanted, tell
        self._clock, self._elapsed = clock, elapsed
        self._steps: Iterator[Due | None] = iter(())
        self._next_at = 0.0

    def work(self, most_s: float = WORK_S) -> None:
        """Go on for about so long; what goes wrong is told, and tried again a day later."""
        if self._clock() >= self._next_at:
            self._next_at = self._clock() + DAY_S
            self._steps = archive(self._journal, self._wanted, self._clock())
        until = self._elapsed() + most_s
        try:
            for done in self._steps:
                if done is not None:
                    self._tell("settled batches are archived", **done.as_json())
                if self._elapsed() >= until:
                    return
        except WaterlineError as error:
            self._tell("archive failed", why=error.message, remedy=error.remedy)


def due(store: Store, wanted: Retention, now: float) -> list[Due]:
    """What can be put away: the settled batches that lead a lane, all readings old enough.

    A lane's last batch stays, so that the journal alone says where the lane stands.
    """
    before = int(wanted.first_day(now, wanted.keep_days).timestamp())
    found: list[Due] = []
    lanes = store.db.execute("SELECT contract, lane FROM lane ORDER BY contract, lane").fetchall()
    for contract, lane in lanes:
        found += _due(store, wanted, before, contract, lane)
    return found


def _due(store: Store, wanted: Retention, before: int, contract: str, lane: int) -> list[Due]:
    key = (contract, lane)
    last = store.db.execute(
        "SELECT max(id) FROM batch WHERE contract = ? AND lane = ?", key
    ).fetchone()[0]
    batches = store.db.execute(
        "SELECT id, readings, state FROM batch WHERE contract = ? AND lane = ? ORDER BY id", key
    )
    found: list[Due] = []
    for number, readings, state in batches:
        last_at = _last_at(store, contract, lane, number)
        if state != "settled" or number == last or last_at >= before:
            break
        day = wanted.day_of(last_at)
        if found and found[-1].day == day:
            one = found.pop()
            found.append(Due(*key, day, one.first_batch, number + 1, one.readings + readings))
        else:
            found.append(Due(*key, day, number, number + 1, readings))
    return found


def _last_at(store: Store, contract: str, lane: int, batch: int) -> int:
    """The moment of a batch's last reading, or a later one that came together with it."""
    row = store.db.execute(
        "SELECT max((SELECT last_at FROM block WHERE block.channel = part.channel"
        " AND block.first < part.first + part.count ORDER BY block.first DESC LIMIT 1))"
        " FROM part WHERE contract = ? AND lane = ? AND batch = ?",
        (contract, lane, batch),
    ).fetchone()
    return int(row[0])


def archive(journal: Journal, wanted: Retention, now: float) -> Iterator[Due | None]:
    """Put away what is due, in steps that a running oracle takes between others.

    Gives each `Due` when it is done, and None between. BadRecord where what lies on the disk does
    not give a batch's root: nothing of that file is forgotten then.
    """
    for one in due(journal, wanted, now):
        yield from _put_away(journal, one)
        yield one
    if wanted.keep_telegrams_days is not None:
        yield from _remove_telegrams(journal, wanted, now)
    yield from journal.give_back()


def _put_away(journal: Journal, one: Due) -> Iterator[None]:
    name = settled.name_of(one.contract, one.lane, one.day, one.first_batch)
    refused, moments, channels, shifted = 0, [], set(), {}
    with settled.written(journal.files, name) as writer:
        for number in range(one.first_batch, one.next_batch):
            columns = _columns(journal, one.contract, one.lane, number)
            writer.write_table(pa.table(columns, schema=settled.SCHEMA))
            refused += sum(columns["refused"])
            moments += [min(columns["at"]), max(columns["at"])]
            channels.update(columns["channel"])
            told = zip(columns["channel"], columns["shift_s"], strict=True)
            shifted.update({channel: shift_s for channel, shift_s in told if shift_s})
            yield None
    sha256 = settled.sha256_of(journal.files, name)
    yield None
    homes = yield from _put_homes_away(journal, one)
    about = (one.contract, one.lane, one.first_batch, one.next_batch)
    with journal.commit() as db:
        if homes is not None:
            db.execute("INSERT INTO home_file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)", homes)
        running = _forget(db, *about)
        flagged = sum(_forget_blocks(db, channel) for channel in sorted(channels))
        db.execute(
            "UPDATE lane SET first_batch = ?, first_running = ? WHERE contract = ? AND lane = ?",
            (one.next_batch, running, one.contract, one.lane),
        )
        db.executemany(
            "INSERT INTO shifted VALUES (?, ?)"
            " ON CONFLICT (channel) DO UPDATE SET shift_s = excluded.shift_s",
            shifted.items(),
        )
        db.execute(
            "INSERT INTO settled_file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
            (
                *(*about, one.day, name, sha256),
                *(one.readings, refused, flagged, min(moments), max(moments)),
            ),
        )


def _put_homes_away(
    journal: Journal, one: Due
) -> Generator[None, None, tuple[str | int, ...] | None]:
    """Write the households' days that hang in the batches; the file's row, None where none do."""
    about = (one.contract, one.lane, one.first_batch, one.next_batch)
    first, last = journal.db.execute(
        "SELECT min(ends_at), max(ends_at) FROM home WHERE contract = ? AND lane = ?"
        " AND batch >= ? AND batch < ?",
        about,
    ).fetchone()
    if first is None:
        return None
    named = (one.contract, one.lane, one.day, one.first_batch)
    name = settled.name_of(*named, settled_homes.WITHIN)
    with settled.written(journal.files, name, settled_homes.SCHEMA) as writer:
        for number in range(one.first_batch, one.next_batch):
            for table in households.put_away(journal, (one.contract, one.lane, number)):
                writer.write_table(table)
                yield None
    sha256 = settled.sha256_of(journal.files, name)
    yield None
    return (*about, one.day, name, sha256, int(first), int(last))


def _columns(journal: Journal, contract: str, lane: int, number: int) -> dict[str, list[Any]]:
    """A batch's readings as columns of its file; BadRecord when they do not give its root."""
    key = (contract, lane, number)
    batch = journal.db.execute(
        "SELECT root, words FROM batch WHERE contract = ? AND lane = ? AND id = ?", key
    ).fetchone()
    sent = journal.db.execute(
        "SELECT hash, block, block_hash FROM attempt WHERE contract = ? AND lane = ?"
        " AND batch = ? AND state = 'settled'",
        key,
    ).fetchone() or ("", 0, "")
    found: dict[str, list[Any]] = {name: [] for name in settled.SCHEMA.names}
    parts = journal.db.execute(
        "SELECT * FROM part WHERE contract = ? AND lane = ? AND batch = ? ORDER BY channel", key
    ).fetchall()
    for part in parts:
        taken = part["first"] + part["count"] - part["refused"]
        for kept in journal.kept(part["channel"], part["first"], part["count"]):
            block, segment = kept.block, journal.segment(kept.segment)
            rows, count = block.row.tolist(), len(block)
            told = hashes(segment, rows)
            named = (kept.kind, kept.grade)
            found["channel"] += [part["channel"]] * count
            found["number"] += range(kept.first, kept.first + count)
            found["at"] += block.at.tolist()
            found["value"] += block.value.tolist()
            found["kind"] += [kept.kind] * count
            found["grade"] += [kept.grade] * count
            found["mark"] += block.mark.tolist()
            found["flags"] += kept.flags.tolist()
            found["refused"] += [place >= taken for place in range(kept.first, kept.first + count)]
            found["telegram_hash"] += told
            found["leaf"] += leaves(
                part["channel"], block.at, block.value, *named, block.mark, told
            )
            found["source"] += [segment.source] * count
            found["shift_s"] += [journal.shift_of(kept.segment)] * count
            found["segment"] += [kept.segment] * count
            found["row"] += rows
    count = len(found["leaf"])
    found["place"] += range(count)
    same = (contract, lane, number, batch["root"], keccak(bytes(batch["words"])), *sent)
    names = ("contract", "lane", "batch", "root", "words_hash", "transaction", "block")
    for name, value in zip((*names, "block_hash"), same, strict=True):
        found[name] += [value] * count
    if merkle.root(found["leaf"] + households.leaves_of(journal, key)) != batch["root"]:
        raise BadRecord(
            f"{contract} lane {lane} batch {number}: archive and journal do not give its root",
            "restore the archive from a copy",
        )
    return found


def _forget(db: Any, contract: str, lane: int, first: int, following: int) -> bytes:
    """Delete batches, what was signed of them and what they held; the running hash behind them."""
    key = (contract, lane)
    running = db.execute(
        "SELECT first_running FROM lane WHERE contract = ? AND lane = ?", key
    ).fetchone()[0]
    digests = db.execute(
        "SELECT digest FROM batch WHERE contract = ? AND lane = ? AND id >= ? AND id < ?"
        " AND state = 'settled' ORDER BY id",
        (*key, first, following),
    ).fetchall()
    if len(digests) < following - first:
        raise BadRecord(
            f"{contract} lane {lane}: batches {first} to {following - 1} are settled no more",
            "the chain went back over them: look at `waterline oracle status`",
        )
    for (digest,) in digests:
        running = keccak(bytes(running) + bytes(digest))
    for table, column in (
        *(("part", "batch"), ("attempt", "batch"), ("cosigned", "batch"), ("home", "batch")),
        ("batch", "id"),
    ):
        db.execute(
            f"DELETE FROM {table} WHERE contract = ? AND lane = ? AND {column} >= ?"
            f" AND {column} < ?",
            (*key, first, following),
        )
    return bytes(running)


def _forget_blocks(db: Any, channel: int) -> int:
    """Delete the blocks of which no batch holds a reading any more; how many flags they had."""
    until = db.execute(
        "SELECT coalesce((SELECT min(first) FROM part WHERE channel = id), cut) FROM channel"
        " WHERE id = ?",
        (channel,),
    ).fetchone()[0]
    flagged = db.execute(
        "SELECT coalesce(sum(flagged), 0) FROM block WHERE channel = ? AND first + count <= ?",
        (channel, until),
    ).fetchone()[0]
    db.execute("DELETE FROM block WHERE channel = ? AND first + count <= ?", (channel, until))
    return int(flagged)


def _remove_telegrams(journal: Journal, wanted: Retention, now: float) -> Iterator[None]:
    """Remove the segments of old files, unless something held, or newer, or the last row of a
    source is in them. A file of the archive goes before its row, so that this can be repeated."""
    day = wanted.first_day(now, wanted.keep_telegrams_days or 0).date().isoformat()
    files = journal.db.execute(
        "SELECT path, sha256, day FROM settled_file WHERE telegrams = 1"
        " UNION ALL SELECT path, sha256, day FROM home_file WHERE telegrams = 1"
    ).fetchall()
    old: set[int] = set()
    newer: set[int] = set()
    for row in files:
        place = settled.place_of(journal, row)
        (old if row["day"] < day else newer).update(settled.segments(place))
        yield None
    for number in sorted(old - newer - _needed(journal)):
        journal.archive.remove(number)
        with journal.commit() as db:
            db.execute("DELETE FROM segment WHERE id = ?", (number,))
        yield None
    with journal.commit() as db:
        db.execute("UPDATE settled_file SET telegrams = 0 WHERE day < ?", (day,))
        db.execute("UPDATE home_file SET telegrams = 0 WHERE day < ?", (day,))


def _needed(journal: Journal) -> set[int]:
    """The segments that something here still names; none can come to be named again."""
    rows = journal.db.execute(
        "SELECT segment FROM block UNION SELECT segment FROM held WHERE segment IS NOT NULL"
        " UNION SELECT max(id) FROM segment GROUP BY source UNION SELECT segment FROM home"
    )
    return {row[0] for row in rows}
