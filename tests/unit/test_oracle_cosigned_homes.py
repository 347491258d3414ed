"""A witness finds households' days as in its own journal: the same, others, none, or too early."""

import pytest

from ledger.channels import METER
from oracle import cosigned_homes, households
from oracle.household_rows import HouseholdMapping, gather
from oracle.sources.chunks import Chunk
from tests.unit.oracle_rows import NOW, by_name, channel, journal

ROOT = b"\x07" * 32
KEY = ("QuotaTracker", 1, 0)
COMMUNITY = channel(METER)
COLUMNS = ("community", "day", "household", "opening", "closing")
MAPPING = HouseholdMapping.model_validate(
    {
        "title": "homes",
        "timezone": "UTC",
        **{name: name for name in COLUMNS[:4]},
        "registers": ["closing"],
        "unit": "m3",
    }
)
DAYS = ("2023-12-01", "2023-12-02", "2023-12-03")
ROWS = [
    (day, name, str(1 + n), str(2 + n)) for n, day in enumerate(DAYS) for name in ("no. 1", "no. 2")
]


@pytest.fixture
def kept(tmp_path):
    """A journal by its name, with rows of households taken in."""
    opened = []

    def made(name, *rows):
        own = journal(tmp_path / name, COMMUNITY)
        opened.append(own)
        take(own, rows)
        return own

    yield made
    for one in opened:
        one.close()


def take(own, rows):
    columns = {
        name: [(COMMUNITY.device, *row)[place] for row in rows]
        for place, name in enumerate(COLUMNS)
    }
    raw = [f"{own.place.name} {row}".encode() for row in rows]
    source = own.source("homes", MAPPING, 0)
    chunk = Chunk(source.rows, "csv", raw, columns)
    found = gather(chunk, range(len(chunk)), MAPPING, by_name(COMMUNITY), NOW)
    households.take(own, source, chunk, found)


def hung(own, day=None):
    """The relay's days, or one, as it asks about them."""
    rows = own.db.execute("SELECT * FROM home ORDER BY ends_at").fetchall()
    with own.commit():
        households.bind(own, KEY, rows)
    asked = cosigned_homes.asked(own, KEY, ROOT)
    return asked if day is None else [asked[day]]


def test_the_same_days_from_other_files_give_the_same_leaves(kept):
    relay, witness = kept("relay", *ROWS), kept("witness", *reversed(ROWS[:2]), *ROWS[2:])
    asked = hung(relay)

    found = cosigned_homes.compare(witness, asked, ROOT)

    assert (found.differs, found.waits) == ([], "")
    assert sorted(found.leaves) == sorted(households.leaves_of(relay, KEY))


def test_another_register_differs_and_no_household_is_named(kept):
    other = [*ROWS[:3], (*ROWS[3][:3], "2.5"), *ROWS[4:]]
    relay, witness = kept("relay", *ROWS), kept("witness", *other)

    found = cosigned_homes.compare(witness, hung(relay, 1), ROOT)

    assert [one.split(": ")[1] for one in found.differs] == [
        "1 of 2 households have another register or volume here"
    ]
    assert "no. " not in str(found.differs)
    assert len(set(found.leaves) & set(households.leaves_of(relay, KEY))) == 1


def test_a_household_that_a_day_in_between_lacks_differs(kept):
    relay, witness = kept("relay", *ROWS), kept("witness", ROWS[0], *ROWS[2:])

    found = cosigned_homes.compare(witness, hung(relay, 0), ROOT)

    assert [one.split(": ")[1] for one in found.differs] == ["1 of 2 households told nothing here"]


def test_a_last_day_that_is_not_whole_and_what_lies_around_it_are_waited_for(kept):
    relay, witness = kept("relay", *ROWS), kept("witness", *ROWS[2:5])
    for day in (0, 2):
        found = cosigned_homes.compare(witness, hung(relay, day), ROOT)
        assert found.differs == []
        assert "households told nothing here" in found.waits

    take(witness, ROWS[5:])

    assert cosigned_homes.compare(witness, hung(relay, 2), ROOT).waits == ""


def test_a_witness_without_households_waits(kept):
    relay, witness = kept("relay", *ROWS), kept("witness")

    assert cosigned_homes.compare(witness, hung(relay, 0), ROOT).waits


def test_what_a_witness_is_shown_names_no_household_and_no_register(kept):
    (asked,) = hung(kept("relay", *ROWS[:2]), 0)

    told = [len(part) for part in next(asked.each)]

    assert told == [8, 32, 32, 32]  # mark, salt, hash of the telegram, leaf
    assert (
        households.told(kept("again", *ROWS[:2]), 1, asked.ends_at)
        .keys()
        .isdisjoint(part for one in asked.each for part in one)
    )


def test_days_beyond_the_most_leaves_hang_in_a_later_batch(kept, monkeypatch):
    relay = kept("relay", *ROWS)
    monkeypatch.setattr(households, "MOST_LEAVES", 4)

    class Read:
        channel, at = COMMUNITY.id, [2**32]

    first = households.due(relay, [Read], [1])
    with relay.commit():
        households.bind(relay, KEY, first)

    assert [len(first), len(households.due(relay, [Read], [1]))] == [2, 1]
