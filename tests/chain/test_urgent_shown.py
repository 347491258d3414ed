"""A meter replaced at once: fed, held, released and counted, as the commands show it."""

import pytest

from ledger.replacements import replacement_by
from scripts import _provisional as provisional
from scripts._accounts import account_document
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, HASH, T0

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 13)]
CLOSED_AT, CLOSING_L = ROWS[-1]
NEW_ROWS = [(CLOSED_AT + 300 * n, 7 + 10 * n) for n in range(1, 6)]


class Replaced:
    """A permit's meter that was read, closed and replaced, with what its oracle took in."""

    def __init__(self, town, here):
        self.town, self.here, self.suite = town, here, town.suite
        self.old = town.meter()
        self.channel, town.number = self.suite.device_registry.channel_count(), town.lane()
        self.permit = self.suite.permit_registry.permit_count()
        self.feed("old", self.old, ROWS)

    def feed(self, name, device, rows):
        """An oracle that is started for it, on the journal of the one before."""
        given, oracle = self.town.file(name, device, rows), self.town.oracle()
        oracle.prepare(given.mapping)
        self.town.settle(oracle, [given])
        self.town.kill(oracle)

    def replace(self):
        asked = self.channel, "NEW-1", CLOSING_L, 7, CLOSED_AT, HASH, b"\0" * 32
        self.suite.device_registry.replace_urgently(*asked, sender=self.suite.holder)

    def shown(self):
        raw = self.town.ledger.contract("PermitRegistry").functions.permit(self.permit).call()
        permit = {"number": raw[0], "kind": raw[1], "state": raw[5], "station_id": 1}
        permit |= {"from_at": T0, "until_at": T0 + 700 * DAY_S}
        document = account_document(self.here, self.permit, permit)
        return document | provisional.beside_used(self.here, self.permit, permit)


@pytest.fixture
def meter(town, here):
    return Replaced(town, here)


def test_what_is_fed_to_a_new_meter_is_held_shown_and_counts_when_released(meter):
    meter.replace()
    meter.feed("new", "NEW-1", NEW_ROWS)

    held = meter.shown()
    number, _ = replacement_by(meter.here.ledger, "NEW-1")
    meter.suite.device_registry.release(number, sender=meter.suite.supervisor)
    released = meter.shown()

    assert (held["used_l"], held["provisional_l"]) == (480, 50)
    (one,) = held["provisional"]
    assert (one["old"], one["new"], one["state"]) == (meter.old, "NEW-1", "held")
    assert not one["overdue"]
    ((label, words),) = provisional.beside_lines(held)
    assert label == "provisional"
    assert f"0.05 m3 of NEW-1 in place of {meter.old}, not counted; decision due" in words
    assert (released["used_l"], released["provisional_l"]) == (530, 0)
    assert [meter["device"] for meter in released["meters"]] == [meter.old, "NEW-1"]
    assert provisional.beside_lines(released) == []


def test_what_is_read_after_the_release_counts_without_a_word_to_the_oracle(meter):
    meter.replace()
    meter.feed("new", "NEW-1", NEW_ROWS)
    meter.suite.device_registry.release(1, sender=meter.suite.supervisor)

    meter.feed("later", "NEW-1", [(at + 1_500, register + 50) for at, register in NEW_ROWS])

    assert meter.shown()["used_l"] == 580


def test_a_refused_meter_is_shown_no_more_and_stays_on_the_list(meter):
    meter.replace()
    meter.feed("new", "NEW-1", NEW_ROWS)

    meter.suite.device_registry.refuse(1, HASH, sender=meter.suite.supervisor)

    shown, (number, raw) = meter.shown(), replacement_by(meter.here.ledger, "NEW-1")
    listed = provisional.replacement_document(meter.here, number, raw)
    assert (shown["used_l"], shown["provisional"]) == (480, [])
    assert (listed["state"], listed["held_l"]) == ("refused", 50)
    assert listed["refusal_sha256"] == "0x" + HASH.hex()
    assert listed["decided_by"] == meter.suite.supervisor


def test_deemed_use_is_shown_as_such_with_litres_and_days(meter):
    suite, until_at = meter.suite, CLOSED_AT + 36 * 3_600
    deemed = meter.channel, CLOSING_L, 600, until_at
    suite.device_registry.approve_deemed(*deemed, HASH, sender=suite.supervisor)
    words = meter_group(meter.channel, CLOSING_L, CLOSED_AT, [(600, 36 * 3_600)], kind=4)
    book = suite.quota_tracker
    batch = book.lane(meter.town.number)[2]
    book.record_meters(meter.town.number, batch, HASH, packed(words), b"", sender=suite.relay)

    shown = meter.shown()

    assert shown["used_l"] == 1_080
    assert (shown["deemed_l"], shown["deemed_s"], shown["deemed_days"]) == (600, 129_600, 1.5)
    assert [one["device"] for one in shown["deemed"]] == [meter.old]
    told = dict(provisional.beside_lines(shown))
    assert told == {"deemed use": "0.6 m3, 1.5 days without a meter"}


def test_deemed_use_of_another_year_is_not_told_of_this_one(meter):
    suite, until_at = meter.suite, CLOSED_AT + 36 * 3_600
    deemed = meter.channel, CLOSING_L, 600, until_at
    suite.device_registry.approve_deemed(*deemed, HASH, sender=suite.supervisor)
    words = meter_group(meter.channel, CLOSING_L, CLOSED_AT, [(600, 36 * 3_600)], kind=4)
    words += meter_group(meter.channel, CLOSING_L, until_at, [(5, 50 * DAY_S)])
    book = suite.quota_tracker
    batch = book.lane(meter.town.number)[2]
    book.record_meters(meter.town.number, batch, HASH, packed(words), b"", sender=suite.relay)

    assert meter.shown()["deemed_l"] == 0


def test_what_waits_beyond_its_term_is_shown_as_overdue(meter):
    at_once = (b"urgent_replacement_days".ljust(32, b"\0"), 0, 0, HASH, "ours", False, T0)
    suite = meter.suite
    suite.standards.load_settings([at_once], sender=suite.standards_keeper)
    meter.replace()
    meter.town.mine(2)

    ((_, words),) = provisional.beside_lines(meter.shown())

    assert "decision overdue since" in words
