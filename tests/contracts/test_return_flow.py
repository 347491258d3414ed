"""Return flow: what came back in a year against what a permit's conditions ask for."""

import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import DAY_S, NOW
from tests.contracts.test_register_turns import Meter

STATION = 1
YEAR_S = 40 * DAY_S  # of the tests' calendar


class Returning:
    """A permit of 1,000 L a year that asks for 400 L back, its meter, and one where it returns."""

    def __init__(self, suite, **face):
        asked = {"annual_l": 1_000, "return_station_id": STATION, "return_l": 400} | face
        self.suite, self.plans = suite, suite.quota_plans
        self.permit = suite.permit(**asked)
        self.taken = Meter(suite, permit=self.permit)
        self.back = Meter(suite, contract="DischargeVolumes")

    def year(self, abstracted_l, returned_l):
        """A year that was read to its end at both meters."""
        self.taken.take((abstracted_l, DAY_S), (0, YEAR_S))
        self.back.take((returned_l, DAY_S), (0, YEAR_S))

    def ruled(self, *meters, year=0, by=None):
        numbers = [meter.channel for meter in meters or [self.back]]
        arguments = self.permit, year, numbers
        return reason(self.plans.rule_return, *arguments, sender=by or self.suite.supervisor)

    def rule(self, *meters):
        numbers = [meter.channel for meter in meters or [self.back]]
        self.plans.rule_return(self.permit, 0, numbers, sender=self.suite.supervisor)
        return self.plans.shortage(self.permit, 0)


@pytest.fixture
def returning(suite):
    return Returning(suite)


@pytest.mark.parametrize(
    ("abstracted_l", "returned_l", "required_l"),
    [(1_000, 399, 400), (500, 199, 200), (999, 398, 399), (1_500, 399, 400), (1_000, 0, 400)],
)
def test_a_short_return_is_put_on_record_with_its_figures(
    returning, abstracted_l, returned_l, required_l
):
    returning.year(abstracted_l, returned_l)

    found = returning.rule()

    assert tuple(found)[:4] == (abstracted_l, returned_l, required_l, 1)
    assert found.by == returning.suite.supervisor
    assert returning.ruled() == "plans: short return is on record"


def test_it_is_told_with_the_meters_that_the_officer_answers_for(returning):
    meters, officer = [returning.back.channel], returning.suite.supervisor
    returning.year(1_000, 100)

    returning.plans.rule_return(returning.permit, 0, meters, sender=officer)

    [(_, told)] = events(returning.plans, "ReturnShort")
    assert (told["permit_id"], told["year"]) == (returning.permit, 0)
    assert (told["by"], told["meters"]) == (officer, meters)


@pytest.mark.parametrize(("abstracted_l", "returned_l"), [(1_000, 400), (500, 200), (0, 0)])
def test_a_return_that_is_enough_is_not_ruled_on(returning, abstracted_l, returned_l):
    returning.year(abstracted_l, returned_l)

    assert returning.ruled() == "plans: return is not short"


def test_all_meters_of_the_return_station_count_together(returning):
    other = Meter(returning.suite, contract="DischargeVolumes")
    returning.year(1_000, 250)
    other.take((150, DAY_S), (0, YEAR_S))

    assert returning.ruled(returning.back, other) == "plans: return is not short"


def test_without_a_meter_nothing_came_back(returning):
    returning.year(1_000, 400)

    returning.plans.rule_return(returning.permit, 0, [], sender=returning.suite.supervisor)

    assert returning.plans.shortage(returning.permit, 0).returned_l == 0


def test_a_correction_of_either_side_counts(returning):
    suite, day = returning.suite, 0
    returning.year(1_000, 400)
    returning.plans.adjust(returning.back.channel, day, -1, b"\1" * 32, sender=suite.supervisor)

    assert returning.rule().returned_l == 399


@pytest.mark.parametrize("which", ["taken", "back"])
def test_a_year_that_was_not_read_to_its_end_is_not_ruled_on(returning, which):
    getattr(returning, which).take((10, DAY_S), (0, YEAR_S))

    assert returning.ruled() == "plans: period is not read through"


def test_meters_elsewhere_twice_or_of_another_book_are_refused(returning):
    suite = returning.suite
    far = suite.device_registry.enrol_device("FAR", suite.station(), sender=suite.device_keeper)
    elsewhere = Meter(suite, contract="DischargeVolumes", device=far)
    returning.year(1_000, 100)
    why = "plans: not a discharge meter of the return station"

    assert returning.ruled(elsewhere) == why
    assert returning.ruled(returning.taken) == why
    assert returning.ruled(returning.back, returning.back) == why


def test_a_permit_without_a_return_in_its_conditions_is_refused(suite):
    plain = Returning(suite, return_station_id=0, return_l=0)
    plain.year(1_000, 0)

    assert plain.ruled() == "plans: permit asks for no return"


def test_the_conditions_are_those_in_force_when_the_year_began(returning):
    suite = returning.suite
    changed = suite.approved(
        amends=returning.permit, annual_l=1_000, return_station_id=STATION, return_l=1
    )
    suite.permit_changes.amend(changed, NOW + 1, 0, sender=suite.issuer)
    returning.year(1_000, 100)

    assert returning.rule().required_l == 400


def test_an_officer_rules_and_nobody_else(returning):
    returning.year(1_000, 100)

    assert returning.ruled(by=returning.suite.holder) == "access: caller lacks duty"
