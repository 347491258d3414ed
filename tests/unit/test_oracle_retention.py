"""Settled batches move out of the journal whole or not at all, and nothing is lost by it."""

import json
import shutil
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from ledger import merkle
from ledger.channels import METER
from ledger.errors import BadRecord, NotFound
from oracle import settled
from oracle.batch import cut, lay
from oracle.embedded import INCREMENTAL
from oracle.intake import take
from oracle.journal import REMOVED, Journal
from oracle.outbox import Attempt, Outbox
from oracle.report import redated, report
from oracle.retention import DAY_S, Keeper, Retention, archive, due
from oracle.store import Store
from tests.unit.commands import called
from tests.unit.oracle_rows import channel, chunk, cut_off, journal, mapping, rule

DAY_0 = 1_699_920_000  # a midnight of UTC
WELLS = [channel(METER, number, opened_at=DAY_0) for number in (1, 2)]
RULES = [rule(one) for one in WELLS]
STEP_S = 3_600
TURNS = {METER: np.array([DAY_0 - 1, DAY_0 + 10**10])}
KEEP = Retention(keep_days=2)


class Feeding:
    """A journal with two wells that are fed day by day, each day's readings settled in batches."""

    def __init__(self, place, shift_s=0):
        self.place, self.shift_s = place, shift_s
        self.journal = journal(place, *WELLS)
        if isinstance(place, Path):
            self.journal.db.execute("PRAGMA synchronous = OFF")  # no power fails here
        self.enter()

    def enter(self):
        self.outbox = Outbox(self.journal, WELLS[0].contract, 1)
        self.outbox.enter(1, "0xrelay", 0, b"\0" * 32)

    def again(self):
        self.journal.close()
        self.journal = Journal(self.place, writing=True)
        self.outbox = Outbox(self.journal, WELLS[0].contract, 1)

    def day(self, number, settle=True, refused=()):
        """A day's readings of both wells, in a batch of each."""
        first = 24 * number
        for one, its in zip(WELLS, RULES, strict=True):
            source = self.journal.source(f"well/{one.id}.csv", mapping(one), self.shift_s)
            rows = [(DAY_0 + STEP_S * n, n) for n in range(first, first + 24)]
            if not number:
                rows = rows[1:]
            got = chunk(*rows, first_row=source.rows)
            states = self.journal.states([one.id])
            now = DAY_0 + 10**9
            known = self.journal.known
            accepted, spoilt = take(got, mapping(one).time, [its], states, now, known)
            self.journal.take(source, got, accepted, spoilt)
        while waiting := next(self.journal.waiting(WELLS[0].contract, 1, TURNS, 24), None):
            leaves = self.journal.leaves(waiting.channel, waiting.number, len(waiting.at))
            made = cut([lay(waiting, len(waiting.at))], leaves)
            batch = self.outbox.freeze([waiting], made)
            if settle:
                self.settle(batch, refused)

    def settle(self, batch, refused=()):
        sent = f"0x{batch:064x}"
        self.outbox.store(Attempt(batch, 1, batch, sent, bytes(20_000), 1, "alive"))
        self.outbox.settle(batch, sent, 100 + batch, f"0x{batch:064x}", refused)

    def archived(self, wanted=KEEP, day=10, steps=None):
        """Archive as on a day, or only so many steps of it."""
        return [*islice(archive(self.journal, wanted, DAY_0 + day * DAY_S), steps)]

    def counted(self):
        now = report(self.journal).as_json()
        states = self.journal.states([1, 2])
        cuts = self.journal.db.execute("SELECT id, accepted, cut FROM channel").fetchall()
        return now, states, [tuple(row) for row in cuts]

    def size(self):
        self.journal.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return (self.place / "journal.sqlite").stat().st_size


@pytest.fixture
def fed(where):
    yield from fed_at(where)


@pytest.fixture
def in_folder(tmp_path):
    yield from fed_at(tmp_path / "journal")


def fed_at(place):
    feeding = Feeding(place)
    for number in range(5):
        feeding.day(number)
    yield feeding
    feeding.journal.close()


def names(journal, begins):
    """The names of a journal's files that begin so."""
    if isinstance(journal.place, Path):
        every = [p for p in journal.place.rglob("*") if p.is_file()]
        found = [str(path.relative_to(journal.place)) for path in every]
    else:
        found = [row[0] for row in journal.db.execute("SELECT DISTINCT path FROM file")]
    return sorted(name for name in found if name.startswith(begins))


def segments(journal):
    """The numbers of the segments that are there."""
    return [int(Path(name).stem) for name in names(journal, "archive/")]


def key(found):
    return found["contract"], found["lane"], found["batch"]


def whole(fed):
    """Every reading of both wells, wherever it is, with the value that it should have."""
    found = {}
    for one in WELLS:
        for n in range(1, fed.journal.count(one.id) + 1):
            known = fed.journal.known(one.id, DAY_0 + STEP_S * n)
            found[one.id, n] = known and (known.value, known.telegram)
    return found


def test_days_that_are_whole_and_old_enough_are_put_away_a_file_each(fed):
    done = [one for one in fed.archived(day=5) if one]

    assert [one.day for one in done] == ["2023-11-14", "2023-11-15", "2023-11-16"]
    assert sum(one.readings for one in done) == 2 * (3 * 24 - 1)
    assert fed.outbox.first_id == done[-1].next_batch


def test_what_is_counted_and_where_channels_stand_stays_as_it_was(fed):
    before, running = fed.counted(), fed.outbox.running(fed.outbox.next_id)

    fed.archived()

    assert fed.counted() == before
    assert fed.outbox.running(fed.outbox.next_id) == running
    fed.again()
    assert fed.counted() == before
    assert fed.outbox.running(fed.outbox.next_id) == running


def test_every_reading_is_found_as_before(fed):
    before = whole(fed)

    fed.archived()

    assert None not in before.values()
    assert whole(fed) == before


def test_every_archived_reading_climbs_to_the_root_of_its_batch(fed):
    roots = {row["id"]: row["root"] for row in fed.journal.db.execute("SELECT * FROM batch")}
    fed.archived()

    for one in WELLS:
        for n in (1, 9, 24, 60):
            found = settled.find(fed.journal, one.id, DAY_0 + STEP_S * n)
            nodes = merkle.tree([one["leaf"] for one in settled.batch(fed.journal, *key(found))])
            siblings = merkle.proof(nodes, found["leaf"])
            assert merkle.climb(found["leaf"], siblings) == roots[found["batch"]]
            assert found["value"] == 1_000 * n


def test_a_run_cut_short_anywhere_is_made_good_by_the_next(tmp_path):
    reference = Feeding(tmp_path / "whole")
    for number in range(3):
        reference.day(number)
    before, readings = reference.counted(), whole(reference)
    reference.again()
    fresh = shutil.copytree(reference.place, tmp_path / "fresh")
    steps = len(reference.archived())
    files = {
        name: settled.sha256_of(reference.journal.files, name)
        for name in names(reference.journal, settled.FOLDER)
    }
    reference.journal.close()
    for taken in range(steps):
        shutil.copytree(fresh, tmp_path / f"cut-{taken}")
        cut_short = Feeding(tmp_path / f"cut-{taken}")
        cut_short.archived(steps=taken)
        cut_short.again()

        assert cut_short.counted() == before
        assert whole(cut_short) == readings

        cut_short.archived()

        assert cut_short.counted() == before
        assert whole(cut_short) == readings
        assert files == {
            name: settled.sha256_of(cut_short.journal.files, name)
            for name in names(cut_short.journal, settled.FOLDER)
        }
        cut_short.journal.close()


def test_a_lane_goes_on_under_the_next_number(fed):
    number = fed.outbox.next_id
    fed.archived()

    assert fed.outbox.next_id == number
    fed.day(5)
    fed.archived(day=20)
    assert None not in whole(fed).values()


def test_a_batch_that_is_not_settled_stops_its_lane(where):
    feeding = Feeding(where)
    feeding.day(0)
    feeding.day(1, settle=False)
    feeding.day(2)

    done = [one for one in feeding.archived() if one]

    assert {one.day for one in done} == {"2023-11-14"}
    assert feeding.outbox.open_batches > 0
    feeding.journal.close()


def test_the_last_batch_of_a_lane_stays(fed):
    fed.archived(day=1_000)

    assert [row[0] for row in fed.journal.db.execute("SELECT id FROM batch")] == [
        fed.outbox.next_id - 1
    ]
    assert fed.outbox.settled_until() == fed.outbox.next_id


def test_readings_that_a_contract_refused_stay_counted_and_held(where):
    feeding = Feeding(where)
    feeding.day(0, settle=False)
    for batch in range(feeding.outbox.next_id):
        feeding.settle(batch, [(1, 3, "no plan")] if batch == 0 else [])
    feeding.day(1)
    before = feeding.counted()

    feeding.archived(day=1_000)

    assert feeding.counted() == before
    assert settled.find(feeding.journal, 1, DAY_0 + 21 * STEP_S)["refused"]
    assert not settled.find(feeding.journal, 1, DAY_0 + 20 * STEP_S)["refused"]
    feeding.journal.close()


def test_a_damaged_segment_stops_the_archive_before_anything_is_forgotten(fed):
    before = fed.counted()
    cut_off(fed.journal, fed.journal.archive.name_of(3))
    fed.again()

    with pytest.raises(BadRecord, match="not what the journal says was written"):
        fed.archived()

    assert fed.counted()[2] == before[2]
    assert fed.outbox.first_id == 2  # the whole day before it


def test_a_file_that_was_changed_is_noticed(fed):
    fed.archived()
    cut_off(fed.journal, names(fed.journal, settled.FOLDER)[0])
    settled._whole.cache_clear()
    settled._of_channel.cache_clear()

    with pytest.raises(BadRecord, match="not what the journal says was written"):
        settled.find(fed.journal, 1, DAY_0 + STEP_S)


def test_what_was_re_dated_still_says_so(where):
    feeding = Feeding(where, shift_s=DAY_S)
    for number in range(3):
        feeding.day(number)
    before = redated(feeding.journal)

    feeding.archived(day=1_000)

    assert redated(feeding.journal) == before == {1: 1, 2: 1}
    feeding.journal.close()


def test_telegrams_are_kept_unless_it_is_said_for_how_long(fed):
    fed.archived(day=1_000)
    assert len(segments(fed.journal)) == 10

    fed.archived(Retention(keep_days=2, keep_telegrams_days=4), day=6)

    kept = segments(fed.journal)
    listed = [row[0] for row in fed.journal.db.execute("SELECT id FROM segment ORDER BY id")]
    assert kept == listed == [5, 6, 7, 8, 9, 10]
    assert fed.journal.known(1, DAY_0 + STEP_S).telegram == REMOVED
    with pytest.raises(NotFound, match="keep_telegrams_days"):
        fed.journal.segment(1)


def test_the_last_rows_of_a_source_and_what_is_held_outlive_every_rule(fed):
    fed.journal.db.execute(
        "INSERT INTO held (segment, row, text, reason, detail) VALUES (1, 0, '', 'future', '')"
    )

    fed.archived(Retention(keep_days=1, keep_telegrams_days=1), day=1_000)

    assert segments(fed.journal) == [1, 9, 10]
    for one in WELLS:
        source = fed.journal.find_source(f"well/{one.id}.csv")
        assert fed.journal.last_row(source) == b"%d,119" % (DAY_0 + 119 * STEP_S)


def test_a_journal_that_is_fed_for_months_stays_as_small_as_its_days(tmp_path):
    feeding, sizes = Feeding(tmp_path), []
    for number in range(40):
        feeding.day(number)
        feeding.archived(day=number + 1)
        sizes.append(feeding.size())

    assert max(sizes[10:]) < 1.2 * sizes[10]
    assert report(feeding.journal).settled == 2 * (40 * 24 - 1)
    assert feeding.journal.db.execute("SELECT count(*) FROM attempt").fetchone()[0] < 10
    feeding.journal.close()


def test_a_journal_from_before_the_archive_gives_its_pages_back_too(in_folder):
    fed = in_folder
    fed.journal.db.execute("PRAGMA auto_vacuum = 0")
    fed.journal.db.execute("VACUUM")
    before = fed.size()

    fed.archived(day=1_000)

    assert fed.journal.db.execute("PRAGMA auto_vacuum").fetchone()[0] == INCREMENTAL
    assert fed.size() < before * 0.6


def test_days_are_those_of_the_calendar_that_is_named(fed):
    wanted = Retention(keep_days=2, timezone="Asia/Shanghai")

    days = [one.day for one in due(fed.journal, wanted, DAY_0 + 4 * DAY_S)]

    assert days == ["2023-11-15"]
    assert wanted.day_of(DAY_0 + 15 * STEP_S) == "2023-11-14"
    assert wanted.day_of(DAY_0 + 16 * STEP_S) == "2023-11-15"


def test_telegrams_are_not_removed_before_their_readings_are_archived():
    with pytest.raises(ValidationError, match="not less than keep_days"):
        Retention(keep_days=30, keep_telegrams_days=29)


class Day:
    """A clock that a test moves, and one on which each step takes a second."""

    def __init__(self, at):
        self.at, self.steps = at, 0

    def elapsed(self):
        self.steps += 1
        return float(self.steps)


def test_a_running_oracle_archives_a_little_at_a_time_once_a_day(fed):
    told, day = [], Day(DAY_0 + 5 * DAY_S)
    tell = lambda event, **keys: told.append((event, keys.get("day")))  # noqa: E731
    keeper = Keeper(fed.journal, KEEP, lambda: day.at, day.elapsed, tell)

    keeper.work(1)
    assert told == []
    for _ in range(200):
        keeper.work(1)
    assert [day for _, day in told] == ["2023-11-14", "2023-11-15", "2023-11-16"]

    day.at += DAY_S
    for _ in range(200):
        keeper.work(1)
    assert [day for _, day in told][3:] == ["2023-11-17"]


def test_an_archive_that_fails_is_told_and_the_oracle_goes_on(fed):
    told, day = [], Day(DAY_0 + 5 * DAY_S)
    fed.journal.archive.remove(1)
    fed.again()
    tell = lambda event, **keys: told.append(event)  # noqa: E731
    keeper = Keeper(fed.journal, KEEP, lambda: day.at, day.elapsed, tell)

    for _ in range(10):
        keeper.work(1)

    assert told == ["archive failed"]


def test_the_command_shows_what_is_old_enough_then_moves_it(fed, tmp_path):
    text = '[archive]\nkeep_days = 1\n[[sources]]\nfile = "a.csv"\nmapping = "m.yaml"\n'
    config = tmp_path / "waterline.toml"
    named = (
        fed.place if isinstance(fed.place, Path) else f"{fed.place}&passfile={fed.place.passfile}"
    )
    config.write_text(f'journal = "{named}"\n{text}', encoding="utf-8")
    fed.journal.close()
    words = ("oracle", "archive", "-c", config)

    shown = called(*words, "--dry-run", "--json", home=tmp_path)
    with closing(Store(fed.place, writing=False)) as store:
        untouched = names(store, settled.FOLDER) == []
    moved = called(*words, "--json", home=tmp_path)
    again = called(*words, home=tmp_path)
    fed.again()

    files = json.loads(shown.out)["files"]
    assert [one["day"] for one in files] == [f"2023-11-{day}" for day in (14, 15, 16, 17, 18)]
    assert untouched
    assert json.loads(moved.out) == {"moved": True, "files": files}
    assert "Nothing was moved." in again.out
    assert None not in whole(fed).values()
