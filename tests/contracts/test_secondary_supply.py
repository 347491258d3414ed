"""Tanks of secondary supply: the two clocks, what was done and what is overdue."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import DAY_S, HASH, NOW

MONTH_S = 10 * DAY_S  # of these tests' calendar
BEGUN = NOW - 100 * DAY_S  # the first second of a month


class Tower:
    """A tank that the second organisation answers for."""

    def __init__(self, suite):
        self.suite, self.codes = suite, suite.supply_codes
        self.number = self.codes.set_tank(0, "Tower 3", 1, 2, BEGUN, sender=suite.network_keeper)

    def cleaned(self, at):
        self.codes.record_cleaning(self.number, at, HASH, sender=self.suite.holder)

    def tested(self, at, passed=True):
        self.codes.record_test(self.number, at, passed, HASH, sender=self.suite.analyst)

    def abnormal(self, at):
        self.codes.report_abnormal(self.number, at, HASH, sender=self.suite.supervisor)

    @property
    def due(self):
        clocks = self.codes.clocks(self.number)
        return clocks.clean_due_at, clocks.test_due_at

    @property
    def overdue(self):
        clocks = self.codes.clocks(self.number)
        return clocks.clean_overdue, clocks.test_overdue


@pytest.fixture
def tower(suite):
    return Tower(suite)


def at(moment):
    boa.env.evm.patch.timestamp = moment


def test_a_tank_is_put_on_record_and_its_clocks_begin_when_it_was_in_use(suite, tower):
    about = {"tank_id": 1, "org_id": 2, "station_id": 1, "name": "Tower 3", "in_use_at": BEGUN}

    assert events(suite.supply_codes) == [("TankSet", about)]
    assert suite.supply_codes.tank_count() == 1
    assert tower.due == (BEGUN + 6 * MONTH_S, BEGUN + MONTH_S)


def test_a_tank_whose_use_is_not_stated_begins_now(suite):
    codes = suite.supply_codes

    codes.set_tank(0, "Tower 4", 1, 2, 0, sender=suite.network_keeper)

    assert codes.tank(1).clean_from_at == codes.tank(1).test_from_at == NOW


def test_a_changed_tank_keeps_its_clocks(suite, tower):
    tower.cleaned(BEGUN + DAY_S)

    suite.supply_codes.set_tank(1, "Tower 3b", 1, 1, NOW, sender=suite.network_keeper)

    held = suite.supply_codes.tank(1)
    assert (held.name, held.org_id, held.in_use_at, held.awaits_test) == (
        "Tower 3b",
        1,
        BEGUN,
        True,
    )
    assert tower.due == (BEGUN + 6 * MONTH_S, BEGUN + MONTH_S)


def test_a_tank_has_a_name_a_station_and_a_verified_organisation(suite, tower):
    set_, by = suite.supply_codes.set_tank, suite.network_keeper

    assert reason(set_, 2, "X", 1, 1, 0, sender=by) == "tanks: unknown tank"
    assert reason(set_, 0, "", 1, 1, 0, sender=by) == "tanks: tank without a name"
    for station in (0, 99):
        assert reason(set_, 0, "X", station, 1, 0, sender=by) == "tanks: unknown station"
    assert reason(set_, 0, "X", 1, 9, 0, sender=by) == "tanks: organisation is not verified"
    future = reason(set_, 0, "X", 1, 1, NOW + 1, sender=by)
    assert future == "dates: stated date lies in the future"


def test_a_tank_that_no_interval_was_in_force_for_is_refused(suite):
    set_, by = suite.supply_codes.set_tank, suite.network_keeper

    answer = reason(set_, 0, "Old", 1, 1, NOW - 500 * DAY_S, sender=by)

    assert answer == "standards: setting is not loaded"


def test_a_cleaning_alone_restarts_nothing(suite, tower):
    tower.cleaned(BEGUN + 5 * DAY_S)

    cleaned = {"tank_id": 1, "at": BEGUN + 5 * DAY_S, "evidence_hash": HASH}
    assert events(suite.supply_codes) == [("CleaningRecorded", cleaned)]
    assert tower.due == (BEGUN + 6 * MONTH_S, BEGUN + MONTH_S)


def test_the_passed_test_after_a_cleaning_restarts_both_clocks(suite, tower):
    tower.cleaned(BEGUN + 5 * DAY_S)
    tested_at = BEGUN + MONTH_S

    tower.tested(tested_at)

    [(name, about)] = events(suite.supply_codes)
    assert (name, about["passed"], about["at"]) == ("TestRecorded", True, tested_at)
    assert about["clean_from_at"] == about["test_from_at"] == tested_at
    assert tower.due == (tested_at + 6 * MONTH_S, tested_at + MONTH_S)


def test_a_passed_test_without_a_cleaning_restarts_the_testing_clock_alone(suite, tower):
    tower.tested(BEGUN + MONTH_S)

    assert tower.due == (BEGUN + 6 * MONTH_S, BEGUN + 2 * MONTH_S)


def test_the_cleaning_clock_restarts_once_for_a_cleaning(suite, tower):
    tower.cleaned(BEGUN + 5 * DAY_S)
    tower.tested(BEGUN + MONTH_S)

    tower.tested(BEGUN + 2 * MONTH_S)

    assert tower.due == (BEGUN + 7 * MONTH_S, BEGUN + 3 * MONTH_S)


def test_a_failed_test_after_a_cleaning_restarts_nothing(suite, tower):
    tower.cleaned(BEGUN + 5 * DAY_S)

    tower.tested(BEGUN + 6 * DAY_S, passed=False)

    [(name, about)] = events(suite.supply_codes)
    assert (name, about["passed"], about["evidence_hash"]) == ("TestRecorded", False, HASH)
    assert tower.due == (BEGUN + 6 * MONTH_S, BEGUN + MONTH_S)


def test_a_test_passed_after_a_failed_one_restarts_both_clocks(suite, tower):
    tower.cleaned(BEGUN + 5 * DAY_S)
    tower.tested(BEGUN + 6 * DAY_S, passed=False)

    tower.tested(BEGUN + MONTH_S)

    assert tower.due == (BEGUN + 7 * MONTH_S, BEGUN + 2 * MONTH_S)


def test_each_clock_is_overdue_a_second_after_its_own_moment(suite, tower):
    clean_due_at, test_due_at = tower.due
    told = {}
    for moment in (test_due_at, test_due_at + 1, clean_due_at, clean_due_at + 1):
        at(moment)
        told[moment] = tower.overdue

    assert list(told.values()) == [(False, False), (False, True), (False, True), (True, True)]


def test_intervals_are_those_in_force_when_a_clock_began(suite, tower):
    later = (b"secondary_test_months".ljust(32, b"\0"), 0, 3, HASH, "city", True, NOW)
    suite.standards.load_settings([later], sender=suite.standards_keeper)

    assert tower.due[1] == BEGUN + MONTH_S
    tower.tested(NOW)
    assert tower.due[1] == NOW + 3 * MONTH_S


def test_abnormal_quality_demands_cleaning_at_once(suite, tower):
    at(BEGUN + 3 * DAY_S)
    tower.abnormal(0)

    about = {"tank_id": 1, "at": BEGUN + 3 * DAY_S, "abnormal_at": BEGUN + 3 * DAY_S}
    told = [("AbnormalReported", about | {"evidence_hash": HASH})]
    assert events(suite.supply_codes) == told
    assert tower.due[0] == BEGUN + 3 * DAY_S
    at(BEGUN + 3 * DAY_S + 1)
    assert tower.overdue == (True, False)


def test_a_second_report_leaves_the_first_moment(suite, tower):
    tower.abnormal(BEGUN + 3 * DAY_S)

    tower.abnormal(BEGUN + 4 * DAY_S)

    assert tower.due[0] == BEGUN + 3 * DAY_S


def test_a_report_after_the_cleaning_was_due_does_not_put_it_off(suite, tower):
    tower.abnormal(BEGUN + 7 * MONTH_S)

    assert tower.due[0] == BEGUN + 6 * MONTH_S


def test_a_cleaning_before_the_report_does_not_meet_it(suite, tower):
    tower.cleaned(BEGUN + DAY_S)
    tower.abnormal(BEGUN + 2 * DAY_S)

    tower.tested(BEGUN + 3 * DAY_S)

    assert tower.due[0] == BEGUN + 2 * DAY_S


def test_a_cleaning_and_its_passed_test_meet_the_report(suite, tower):
    tower.abnormal(BEGUN + 2 * DAY_S)
    tower.cleaned(BEGUN + 3 * DAY_S)
    assert tower.due[0] == BEGUN + 2 * DAY_S

    tower.tested(BEGUN + MONTH_S)

    assert tower.due[0] == BEGUN + 7 * MONTH_S


def test_what_is_overdue_is_noted_once_for_each_moment_it_was_due(suite, tower):
    codes, by = suite.supply_codes, suite.holder
    nothing = "tanks: nothing is overdue that is not noted"
    at(tower.due[1] + 1)

    codes.note_overdue(1, sender=by)

    [(name, about)] = events(codes)
    assert (name, about["tank_id"], about["org_id"]) == ("OverdueNoted", 1, 2)
    assert tuple(about["clocks"]) == (*tower.due, False, True)
    assert reason(codes.note_overdue, 1, sender=by) == nothing
    at(tower.due[0] + 1)
    codes.note_overdue(1, sender=by)
    assert reason(codes.note_overdue, 1, sender=by) == nothing
    tower.tested(0)
    assert reason(codes.note_overdue, 1, sender=by) == nothing
    at(tower.due[1] + 1)
    codes.note_overdue(1, sender=by)


def test_what_is_in_time_cannot_be_noted(suite, tower):
    at(tower.due[1])

    answer = reason(suite.supply_codes.note_overdue, 1, sender=suite.holder)

    assert answer == "tanks: nothing is overdue that is not noted"


def test_acts_are_never_later_than_now_nor_before_the_last_one(suite, tower):
    tower.cleaned(BEGUN + DAY_S)
    calls = [
        (suite.supply_codes.record_cleaning, suite.holder, ()),
        (suite.supply_codes.record_test, suite.analyst, (True,)),
        (suite.supply_codes.report_abnormal, suite.supervisor, ()),
    ]

    for call, by, more in calls:
        future = reason(call, 1, NOW + 1, *more, HASH, sender=by)
        assert future == "dates: stated date lies in the future"
        before = reason(call, 1, BEGUN + DAY_S - 1, *more, HASH, sender=by)
        assert before == "dates: stated date before the act that it follows"


def test_acts_need_a_tank_and_evidence(suite, tower):
    codes, by = suite.supply_codes, suite.analyst

    unknown = reason(codes.record_test, 9, 0, True, HASH, sender=by)
    assert unknown == "tanks: no such tank"
    assert reason(codes.clocks, 0, sender=by) == "tanks: no such tank"
    without = reason(codes.record_test, 1, 0, True, b"\0" * 32, sender=by)
    assert without == "tanks: act without evidence"


def test_only_who_answers_for_a_tank_records_its_cleaning(suite, tower):
    city = suite.authority.org(1).account

    answer = reason(suite.supply_codes.record_cleaning, 1, 0, HASH, sender=city)

    assert answer == "tanks: caller does not answer for the tank"
