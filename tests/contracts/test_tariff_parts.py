"""Bills by month and quarter: of what was kept, on the period's plan, without gap or overlap."""

import boa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.suite import HASH, T0, word
from tests.contracts.tariffs import MONTH, QUARTER, UY_M3, YEAR, loaded, of_city, terms
from tests.contracts.test_quota_plans import Plans

ANCHORED = [HealthCheck.function_scoped_fixture]
WATER = word("water price")
FIRSTS = {MONTH: range(4), QUARTER: range(2), YEAR: range(1)}  # periods of the tests' first year


@pytest.fixture
def plans(suite):
    return Plans(suite)


@pytest.fixture
def planned(plans):
    plans.rule()
    plans.plan(400_000, months=[100_000] * 4, quarters=[200_000] * 2)
    return plans


def settled(plans, tariff, period):
    bill = plans.suite.tariff.settle(plans.permit, tariff, period, sender=plans.suite.biller)
    return plans.suite.tariff.bill(bill)


def refused(plans, tariff, period):
    settle = plans.suite.tariff.settle
    return reason(settle, plans.permit, tariff, period, sender=plans.suite.biller)


def by(plans, calendar, name="non-resident", **changed):
    return loaded(plans.suite, terms(name=name, calendar=calendar, **changed))


@pytest.mark.parametrize(
    ("calendar", "plan_l", "over_m3"), [(MONTH, 100_000, 60), (QUARTER, 200_000, 40)]
)
def test_a_part_of_a_year_is_billed_on_its_own_plan(planned, calendar, plan_l, over_m3):
    planned.months(160_000, 80_000)
    tariff = loaded(planned.suite, of_city("Weihai", calendar=calendar))

    number = planned.suite.tariff.settle(planned.permit, tariff, 0, sender=planned.suite.biller)

    told = dict(events(planned.suite.tariff))["BillSettled"]
    volume_l = plan_l + 1_000 * over_m3
    assert (told["period"], told["plan_l"], told["volume_l"]) == (0, plan_l, volume_l)
    bill = planned.suite.tariff.bill(number)
    assert (bill.plan_l, bill.volume_l) == (plan_l, volume_l)
    bands = {60: 10 * 1 + 20 * 2 + 30 * 3, 40: 20 * 1 + 20 * 2}  # up to 10 %, up to 30 %, beyond
    assert bill.lines.over_plan_uy == bands[over_m3] * 4 * UY_M3


def test_what_a_period_carries_and_borrows_is_part_of_the_plan_it_is_billed_on(plans):
    plans.rule(carry=500, borrow=100)
    plans.plan(400_000, months=[100_000] * 4)
    plans.months(40_000, 160_000)
    tariff = loaded(plans.suite, of_city("Weihai", calendar=MONTH))

    bills = [settled(plans, tariff, period) for period in (0, 1)]

    assert [bill.plan_l for bill in bills] == [100_000, 140_000]  # 30 carried, 10 borrowed


def test_a_correction_is_part_of_what_is_billed_and_never_below_nothing(plans):
    plans.months(5_000, 5_000)
    plans.adjust(-2_000, day=0)
    plans.adjust(-9_000, day=10)
    tariff = by(plans, MONTH)

    assert [settled(plans, tariff, period).volume_l for period in (0, 1)] == [3_000, 0]


def test_a_year_is_billed_on_the_plan_that_was_handed_down(plans):
    """Not on the permit's volume, which is more."""
    plans.rule()
    plans.plan(600_000)
    plans.months(900_000, 0, 0, 0)

    bill = settled(plans, loaded(plans.suite, of_city("Weihai")), 0)

    assert (bill.volume_l, bill.plan_l) == (900_000, 600_000)
    # a tenth of the plan at one price, two tenths at two, the rest at three
    assert bill.lines.over_plan_uy == (60 * 1 + 120 * 2 + 120 * 3) * 4 * UY_M3


def test_a_year_without_a_plan_is_billed_on_the_permit_s_volume(plans):
    plans.months(1_050_000, 0, 0, 0)

    bill = settled(plans, loaded(plans.suite, of_city("Weihai")), 0)

    assert (bill.plan_l, bill.lines.over_plan_uy) == (1_000_000, 50 * 4 * UY_M3)


def test_a_correction_is_part_of_a_year_s_bill_as_of_its_months(plans):
    plans.months(5_000, 5_000, 5_000, 5_000)
    plans.adjust(-2_000, day=0)

    assert settled(plans, by(plans, YEAR), 0).volume_l == 18_000


def test_a_correction_counts_in_a_year_whose_registers_were_kept_from_later_on(suite):
    plans = Plans(suite, calendar=None)
    plans.meter.take((7_000, 40 * 86_400), (5_000, 10 * 86_400))
    plans.meter.keep(MONTH)
    plans.meter.take((5_000, 10 * 86_400), (5_000, 20 * 86_400), (0, 1))
    plans.adjust(-2_000, day=55)

    assert settled(plans, by(plans, YEAR), 1).volume_l == 13_000


def test_a_year_of_kept_registers_is_billed_when_it_is_read_beyond_its_end(plans):
    plans.meter.take((5_000, 40 * 86_400))
    yearly = by(plans, YEAR)

    assert refused(plans, yearly, 0) == "plans: year is not read to its end"
    plans.meter.take((0, 1))
    assert settled(plans, yearly, 0).volume_l == 5_000


def test_without_a_surcharge_over_the_plan_no_plan_is_asked_for(plans):
    plans.months(5_000)

    assert settled(plans, by(plans, MONTH), 0).plan_l == 0


def test_no_share_of_the_year_is_invented_where_a_period_has_no_plan(plans):
    plans.months(5_000)
    tariff = loaded(plans.suite, of_city("Weihai", calendar=MONTH))

    assert refused(plans, tariff, 0) == "plans: no plan for the year"
    plans.rule()
    plans.plan(400_000)
    assert refused(plans, tariff, 0) == "plans: plan has no such parts"


def test_a_part_is_billed_when_its_registers_are_kept_to_its_end(planned):
    planned.meter.take((5_000, 10 * 86_400))  # to the turn, and not beyond it
    plain = by(planned, MONTH)
    surcharged = loaded(planned.suite, of_city("Weihai", name="other", calendar=MONTH))

    assert refused(planned, plain, 0) == "plans: registers of the period are not kept"
    assert refused(planned, surcharged, 0) == "plans: period is not final"
    planned.meter.take((0, 1))
    assert settled(planned, plain, 0).volume_l == 5_000


def test_a_part_that_was_closed_in_silence_is_not_billed_before_it_is_read(planned):
    planned.meter.take((5_000, 86_400))
    planned.meter.turns.close_turn(planned.meter.channel, sender=planned.suite.holder)

    answer = refused(planned, by(planned, MONTH), 0)

    assert answer == "tariff: a meter is not read to the period's end"


@pytest.mark.parametrize(
    ("calendar", "period"), [(MONTH, 0), (MONTH, 1), (MONTH, 3), (QUARTER, 0), (YEAR, 0)]
)
def test_bills_of_a_charge_leave_no_gap_and_do_not_overlap(plans, calendar, period):
    plans.months(1_000, 1_000, 1_000, 1_000)
    monthly = by(plans, MONTH)
    settled(plans, monthly, 1)

    answers = {0: "tariff: must follow the last bill of its charge", 1: "tariff: period is billed"}
    tariff = by(plans, calendar, name=f"by {calendar}")
    assert refused(plans, tariff, period) == answers[(calendar, period) == (MONTH, 1)]
    assert settled(plans, by(plans, MONTH, name="next"), 2).volume_l == 1_000


def test_another_charge_has_bills_of_its_own(plans):
    plans.months(1_000, 1_000, 1_000, 1_000)
    settled(plans, by(plans, MONTH), 2)

    assert settled(plans, by(plans, YEAR, "tax", charge=word("tax")), 0).volume_l == 4_000


def test_a_reversed_part_is_issued_again_for_the_same_period_under_any_tariff(plans):
    plans.months(1_000, 1_000)
    tariff = plans.suite.tariff
    settled(plans, by(plans, MONTH), 0)
    tariff.reverse(1, "meter of the neighbour", sender=plans.suite.biller)
    quarterly, other = by(plans, QUARTER, "by quarter"), by(plans, MONTH, "industry")

    assert refused(plans, quarterly, 0) == "tariff: issued again for the same period only"
    assert settled(plans, other, 0).reissues == 1
    assert tariff.bill_from(plans.permit, WATER, T0) == 2
    assert settled(plans, other, 1).volume_l == 1_000


def test_a_month_is_disputed_without_its_year(planned):
    planned.months(160_000, 0, 0, 0)
    tariff, suite = planned.suite.tariff, planned.suite
    monthly = loaded(suite, of_city("Weihai", name="monthly", calendar=MONTH))
    yearly = loaded(suite, of_city("Weihai", name="yearly", calendar=YEAR))
    settled(planned, monthly, 0)

    tariff.dispute(planned.permit, yearly, 0, HASH, sender=suite.holder)
    assert tariff.bill(1).held_uy == 0
    tariff.dispute(planned.permit, monthly, 0, HASH, sender=suite.holder)
    assert tariff.bill(1).held_uy == tariff.bill(1).lines.over_plan_uy > 0
    tariff.resolve(planned.permit, yearly, 0, False, sender=suite.supervisor)
    assert tariff.bill(1).held_uy > 0
    tariff.resolve(planned.permit, monthly, 0, False, sender=suite.supervisor)
    assert tariff.bill(1).held_uy == 0


@settings(max_examples=12, deadline=None, suppress_health_check=ANCHORED)
@given(volumes=st.lists(st.integers(0, 10**9), min_size=4, max_size=4))
def test_months_and_quarters_add_up_to_their_year_end_to_end(suite, volumes):
    with boa.env.anchor():
        plans, sums = Plans(suite), set()
        plans.months(*volumes)
        for calendar, periods in FIRSTS.items():
            tariff = by(plans, calendar, f"by {calendar}", charge=word(f"charge {calendar}"))
            sums.add(sum(settled(plans, tariff, period).volume_l for period in periods))

        assert sums == {sum(volumes)}
        ends = {suite.tariff.billed_until_at(plans.permit, word(f"charge {c}")) for c in FIRSTS}
        assert ends == {suite.standards.boundary(YEAR, 1)}
