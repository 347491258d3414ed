"""A configuration is checked against the chain: what it would feed, and all that is wrong."""

import pytest

from ledger.errors import UsageError
from oracle import checking, config
from oracle.sources.hj212_units import default_units
from tests.chain.town import Relay
from tests.conftest import PROJECT
from tests.unit.oracle_rows import written

COLUMN = {"parameter": "volume", "of": "register", "unit": "m3"}


class Place:
    """A town with a meter, and configurations of it."""

    def __init__(self, town):
        self.town, self.device, self.key = town, town.meter(), Relay()
        self.ours = {self.key.address: lambda: self.key}

    def checked(self, *columns, openers=None, opened=False, journal=None, **sources):
        shape = {"title": "wells", "time": {"form": "unix_s", "column": "at"}}
        named = columns or ({"column": "a", "device": self.device},)
        shape["channels"] = [COLUMN | one for one in named]
        written(self.town.folder / "wells.yaml", shape)
        document = sources or {"sources": [{"mapping": "wells.yaml", "file": "wells.csv"}]}
        if journal:
            document = {"journal": journal, **document}
        wanted = config.load(written(self.town.folder / "waterline.toml", document))
        keys = self.ours if openers is None else openers
        units = default_units(PROJECT / "standards" / "pollutants.csv")
        return checking.check(self.town.ledger, wanted, keys, opened=opened, units=units)


@pytest.fixture
def place(town):
    return Place(town)


def told(found):
    return [f"{one.where}: {one.what}" for one in found.faults]


def test_what_would_be_fed_is_shown_with_its_lane_and_nothing_is_sent(place):
    lane, before = place.town.lane(), place.town.ledger.chain.head().number

    found = place.checked()

    assert found.faults == []
    assert checking.lines(found) == [
        ("file wells.csv", "wells", f"{place.device} volume", "QuotaTracker")
    ]
    (reached,) = found.lanes
    assert (reached.lane, reached.account) == (lane, place.key.address)
    assert place.town.ledger.chain.head().number == before
    assert not (place.town.folder / "journal").exists()


def test_every_way_in_is_named(place):
    place.town.lane()
    port = {"protocol": "hj212", "port": 9212, "mappings": ["wells.yaml"]}
    broker = {"client_id": "one", "topics": ["city/#"], "mappings": ["wells.yaml"]}

    found = place.checked(listen=[port], brokers=[broker])

    assert [one.origin for one in found.fed] == ["hj212 on 127.0.0.1:9212", "broker 127.0.0.1:8883"]


def test_all_that_is_wrong_with_a_mapping_is_told_at_once(place):
    place.town.lane()
    good = {"column": "a", "device": place.device}
    other = {"column": "b", "device": "NOBODY"}
    value = good | {"column": "c", "of": "value"}

    found = place.checked(good, other, value)

    assert [one.partition(": ")[2] for one in told(found)] == [
        "column 'b': NOBODY does not measure 'volume'",
        f"column 'c': {place.device} volume takes register, volume or rate",
    ]
    assert len(found.fed[0].channels) == 1


def test_two_columns_of_one_channel_are_a_fault(place):
    place.town.lane()

    twice = [{"column": name, "device": place.device} for name in "ab"]

    found = place.checked(*twice)

    assert told(found) == ["file wells.csv, wells: wells: a channel has two columns"]


def test_a_lane_that_is_not_open_or_not_ours_is_a_fault(place):
    absent = place.checked()
    place.town.lane()
    foreign = place.checked(openers={})

    assert "QuotaTracker has no lane for relay group 1" in told(absent)[0]
    assert "belongs to" in told(foreign)[0]
    assert [one.lane for one in (*absent.lanes, *foreign.lanes)] == [None, None]


def test_a_halted_lane_is_a_fault(place):
    lane = place.town.lane()
    place.town.suite.quota_tracker.halt_lane(lane, sender=place.town.suite.supervisor)

    found = place.checked()

    assert told(found) == [f"QuotaTracker lane {lane}: the lane is halted"]
    assert found.lanes[0].halted


def test_one_account_for_two_lanes_is_a_fault(place):
    other = place.town.meter(group=2)
    lanes = [place.town.lane(), place.town.lane(group=2)]

    found = place.checked({"column": "a", "device": place.device}, {"column": "b", "device": other})

    assert [one.lane for one in found.lanes] == lanes
    assert "owns QuotaTracker lane" in told(found)[0]


def test_a_key_that_does_not_open_is_a_fault_only_when_it_is_tried(place):
    place.town.lane()

    def locked():
        raise UsageError("the account stays locked", "check the passphrase")

    keys = {place.key.address: locked}

    assert told(place.checked(openers=keys)) == []
    assert "stays locked" in told(place.checked(openers=keys, opened=True))[0]


def test_the_server_of_a_journal_is_asked_and_nothing_is_made_there(place, postgres):
    place.town.lane()
    role = "CREATE ROLE guest LOGIN PASSWORD 'a guest of this test'"
    postgres(f"{role}; CREATE SCHEMA given; GRANT USAGE ON SCHEMA given TO guest")
    secret = place.town.folder / "pass"
    secret.touch(mode=0o600)
    secret.write_text("*:*:*:*:a guest of this test\n", encoding="utf-8")

    def asked(user, schema, passfile):
        where = f"{user}@127.0.0.1:{postgres.port}/postgres?schema={schema}"
        return told(place.checked(journal=f"postgresql://{where}&passfile={passfile}"))

    assert asked("works", "fresh", postgres.passfile()) == []
    assert asked("guest", "given", "pass") == []
    (no_room,) = asked("guest", "fresh", "pass")
    (wrong,) = asked("works", "fresh", "pass")
    assert "guest may make no schema in postgres" in no_room
    assert "password authentication failed" in wrong
    assert postgres("SELECT count(*) FROM pg_namespace WHERE nspname = 'fresh'") == "0"


def test_a_journal_s_server_that_does_not_answer_is_told(place):
    place.town.lane()

    (fault,) = told(place.checked(journal="postgresql://works@127.0.0.1:9/water"))

    assert "does not answer" in fault


def test_a_column_in_another_unit_than_hj212_has_for_it_is_a_doubt_and_no_fault(place):
    place.town.lane()

    found = place.checked({"column": "w00000-Cou", "device": place.device, "unit": "L"})

    [doubt] = found.doubts
    assert doubt.what == "column 'w00000-Cou' is taken in L, HJ 212 has m3 for it"
    assert found.faults == []
