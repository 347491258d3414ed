"""What is due by time is found on the chain, and done once by whoever runs the upkeep."""

import fcntl
from collections import Counter

import pytest

from scripts import _signing, _upkeep
from scripts._due import KINDS
from scripts._upkeep import Upkeep, alone, kinds_of, lines, run
from tests.chain.london import KEYS
from tests.chain.test_london import (
    balances_a_district,
    keeps_to_plans,
    publishes_a_day,
    replaces_meters_at_once,
    rules_on_a_works,
    watches_a_reservoir,
)
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, DAY_S, DRAINAGE, GAUGE, HASH, METER, NOW, T0, word
from tests.unit.small_chain import LocalSigner

REGION, KIND = word("Qinglan"), word("turbidity")
TODAY = 400  # in the tests' calendar of days
GRACE_S = 6 * 3_600
DAYS = 3


class Neglected:
    """A town in which a day passes, and nobody does what anyone may."""

    def __init__(self, town, here):
        self.town, self.suite, self.here = town, town.suite, here

    def furnish(self):
        """An exceeded and a silent gauge, a silent meter, a year, a tank, an incident."""
        suite, now = self.suite, self.town.chain.now()
        self.exceeded, self.silent = self.outlet(now), self.outlet(now)
        self.exceed(self.exceeded, now)
        self.meter = suite.channel(METER, "QuotaTracker", opened_at=now)
        suite.register_turns.set_turns([self.meter], 1, sender=suite.device_keeper)
        lane = suite.lane(suite.quota_tracker)
        tracker = word("QuotaTracker")
        suite.red_lines.assign_lane(REGION, tracker, lane, 1, sender=suite.standards_keeper)
        suite.supply_codes.set_tank(0, "Tower 3", 1, 2, T0, sender=suite.network_keeper)
        post = suite.authority.post_of(suite.verifier)
        plan = (KIND, 0, [post], [post], 3_600, [])
        suite.incidents.set_plan(plan, sender=suite.supervisor)
        suite.incidents.open(KIND, 1, 3, False, HASH, sender=suite.dispatcher)

    def outlet(self, opened_at):
        """A gauge of a drainage permit's outlet, held against 1,000 units."""
        suite = self.suite
        permit = suite.permit(kind=DRAINAGE)
        gauge = suite.channel(GAUGE, "DischargeLimits", COD, permit, opened_at=opened_at)
        judged = (gauge, suite.limit(COD, None, 1_000), 9, 0, 0, 1)
        suite.discharge_limits.judge(*judged, sender=suite.standards_keeper)
        return gauge

    def exceed(self, gauge, at):
        suite = self.suite
        words = packed(gauge_group(gauge, at, [(OFFSET + 1_001, 1)]))
        lane = suite.lane(suite.discharge_limits)
        suite.discharge_limits.record_gauges(lane, 0, HASH, words, b"", sender=suite.relay)

    def pass_until(self, moment):
        self.town.chain.tester.time_travel(moment)

    def due(self):
        one = Upkeep(self.here, DAYS)
        return [due.kind for kind in KINDS for due in one.due(kind)]

    def settle(self, *only, days=DAYS):
        one = Upkeep(self.here, days)
        one.settle(kinds_of(only))
        return one

    def height(self):
        return self.town.ledger.chain.head().number


@pytest.fixture
def neglected(town, here, monkeypatch, tmp_path):
    monkeypatch.setenv("WATERLINE_HOME", str(tmp_path))
    signer = LocalSigner(KEYS["analyst"])
    signer.alias = "steward"
    monkeypatch.setattr(_signing, "aliases", lambda: {"steward": signer.address})
    path = tmp_path / "ape" / "accounts" / "steward.json"
    monkeypatch.setitem(_signing._unlocked, path, signer)
    here.account, here.wait = "steward", "included"
    return Neglected(town, here)


@pytest.fixture
def late(neglected):
    """The day after, when the grace of the gauges is over."""
    neglected.furnish()
    neglected.pass_until(NOW + DAY_S + GRACE_S + 60)
    return neglected


def kinds(settled):
    return [due.kind for due, _ in settled.sent]


def test_one_run_settles_all_that_is_due_and_a_second_finds_nothing(late):
    first = late.settle()

    assert sorted(set(kinds(first))) == sorted(
        ["open-year", "escalate", "close-day", "close-turn", "detect", "note-overdue"]
    )
    assert len(first.sent) == 7  # the days of two gauges were closed
    assert (first.failed, first.faster) == ([], [])
    limits, suite = late.suite.discharge_limits, late.suite
    assert [limits.ruling(g)[2] for g in (late.exceeded, late.silent)] == [TODAY + 1] * 2
    assert suite.violations.violation_of(late.exceeded, TODAY) == 1
    assert suite.violations.violation_of(late.silent, TODAY) == 0
    assert suite.red_lines.year(REGION, 10, 1)[0] > 0  # opened at
    assert suite.incidents.incident(1)[9] == 1
    height = late.height()
    again = late.settle()
    assert (again.sent, again.failed, late.height()) == ([], [], height)
    assert late.due() == []


def test_a_dry_run_lists_what_would_succeed_and_sends_nothing(late):
    late.here.dry_run, height = True, late.height()

    told = run(late.here, [], DAYS)

    assert late.height() == height
    # the excess is detected only once its day is closed
    assert [due["kind"] for due in told["due"]] == [
        *("open-year", "escalate", "close-day", "close-day", "close-turn", "note-overdue")
    ]
    assert told["sent"] == told["failed"] == []
    assert any("has nothing beyond 2024-12-19" in line for line in lines(told))


def test_without_an_account_the_same_is_listed(late):
    late.here.account = None

    assert len(late.due()) == 6


def test_only_the_kinds_that_are_asked_for_are_done(late):
    assert kinds(late.settle("note-overdue", "open-year")) == ["open-year", "note-overdue"]


def test_what_waits_for_late_telegrams_is_not_done_right_after_midnight(neglected):
    neglected.furnish()
    neglected.pass_until(NOW + DAY_S + 300)

    assert neglected.due() == ["open-year", "escalate", "note-overdue"]


def test_a_gauge_that_was_silent_for_days_has_each_of_them_closed(neglected):
    gauge = neglected.outlet(neglected.town.chain.now())
    neglected.pass_until(NOW + 3 * DAY_S + GRACE_S + 60)

    settled = neglected.settle("close-day")

    assert [due.arguments for due, _ in settled.sent] == [(gauge, TODAY + n) for n in range(3)]


def test_an_act_that_fails_stops_no_other_and_is_told(late, monkeypatch):
    performed = _upkeep.perform

    def failing(session, acts):
        if acts[0].contract == "RedLines":
            raise _upkeep.WaterlineError("no gas")
        return performed(session, acts)

    monkeypatch.setattr(_upkeep, "perform", failing)

    settled = late.settle()

    ((what, error),) = settled.failed
    assert (what.partition(":")[0], error) == ("open-year", "no gas")
    assert len(settled.sent) == 6


def test_what_somebody_else_has_done_meanwhile_is_no_failure(late, monkeypatch):
    performed = _upkeep.perform

    def slower(session, acts):
        if acts[0].contract == "RedLines":
            late.suite.red_lines.open_year(REGION, 1, sender=late.suite.holder)
        return performed(session, acts)

    monkeypatch.setattr(_upkeep, "perform", slower)

    settled = late.settle("open-year", "note-overdue")

    assert settled.failed == []
    assert [due.kind for due in settled.faster] == ["open-year"]
    assert kinds(settled) == ["note-overdue"]


def test_a_delivery_is_ruled_on_once_and_again_when_a_silent_meter_was_read(neglected):
    suite, now = neglected.suite, neglected.town.chain.now()
    meter = suite.channel(METER, "QuotaTracker", opened_at=now)
    suite.register_turns.set_turns([meter], 1, sender=suite.device_keeper)
    suite.supply_monitor.set_district(0, ("North", 0, [meter], [], []), sender=suite.network_keeper)
    scheme = (1, TODAY + 1, 50, 1_000)
    suite.supply_monitor.set_scheme(*scheme, sender=suite.network_keeper)
    neglected.pass_until(NOW + 2 * DAY_S + GRACE_S + 60)

    first, second = (neglected.settle("close-turn", "rule-delivery") for _ in range(2))
    words = packed(meter_group(meter, 100, now, [(60, NOW + 2 * DAY_S + 60 - now)]))
    lane = suite.lane(suite.quota_tracker)
    suite.quota_tracker.record_meters(lane, 0, HASH, words, b"", sender=suite.relay)
    third, fourth = (neglected.settle("close-turn", "rule-delivery") for _ in range(2))

    assert kinds(first) == ["close-turn", "rule-delivery"]
    assert kinds(third) == ["rule-delivery"]
    assert kinds(second) == kinds(fourth) == []


def test_plans_and_leakage_are_ruled_on_once_while_their_figures_stay(neglected):
    keeps_to_plans(neglected.suite)
    balances_a_district(neglected.suite)
    neglected.pass_until(NOW + GRACE_S + 60)
    only = "close-turn", "rule-leakage", "rule-plan"

    first, second = (neglected.settle(*only, days=TODAY + 1) for _ in range(2))

    # a month and a year of the district; three months and the year of the plan
    assert Counter(kinds(first)) == {"close-turn": 3, "rule-leakage": 2, "rule-plan": 4}
    assert (kinds(second), first.failed, second.failed) == ([], [], [])


def test_every_kind_can_be_asked_of_a_furnished_city(neglected):
    suite = neglected.suite
    for furnish in (watches_a_reservoir, rules_on_a_works, publishes_a_day, keeps_to_plans):
        furnish(suite)
    replaces_meters_at_once(suite)
    neglected.pass_until(NOW + GRACE_S + 60)
    one = Upkeep(neglected.here, DAYS)

    found = {kind for kind in KINDS if one.due(kind)}

    assert one.failed == []
    assert {"close-day", "close-turn"} <= found


def test_two_runs_at_once_on_a_machine_come_one_after_the_other(neglected, tmp_path):
    with (
        alone(neglected.here),
        (tmp_path / "upkeep.lock").open("a") as other,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
