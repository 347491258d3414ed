"""Plans by year, quarter and month: what is set, what a period says, corrections and caps."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import CUTS, DAY_S, HASH, METER, NOW, T0, word
from tests.contracts.test_register_turns import DAY, MONTH, QUARTER, YEAR, Meter

PERMIT, ORG, COMMUNITY = 1, 2, 3
MONTH_S = 10 * DAY_S  # of the tests' calendar; four months and two quarters make a year
SECTOR = word("industry")
OTHER = b"\2" * 32


class Plans:
    """A permit with a meter whose days are kept, and what is asked and set of QuotaPlans."""

    def __init__(self, suite, calendar=DAY, **face):
        self.suite, self.contract = suite, suite.quota_plans
        self.permit = suite.permit(**face)
        self.meter = Meter(suite, calendar, permit=self.permit)

    def rule(self, carry=0, borrow=0, schemes=(1,), in_force_at=T0, sector=SECTOR, source=HASH):
        rule = (sector, 0, list(schemes), carry, borrow, in_force_at, source)
        self.contract.load_rule(rule, sender=self.suite.standards_keeper)

    def plan(self, annual_l=400, months=(), quarters=(), year=0, cause=HASH, sector=SECTOR, of=()):
        kind, subject = of or (PERMIT, self.permit)
        plan = (0, sector, annual_l, list(quarters), list(months), cause)
        self.contract.set_plan(kind, subject, year, plan, sender=self.suite.issuer)

    def months(self, *volumes):
        """Each volume on its month's first day, and the months read to their end."""
        for volume_l in volumes:
            self.meter.take((volume_l, DAY_S), *[(0, DAY_S)] * 9)
        self.meter.take((0, 1))

    def at(self, period, calendar=MONTH, of=()):
        kind, subject = of or (PERMIT, self.permit)
        return self.contract.period(kind, subject, calendar, period)

    def adjust(self, delta_l, day=0, why=HASH):
        self.contract.adjust(self.meter.channel, day, delta_l, why, sender=self.suite.supervisor)


@pytest.fixture
def plans(suite):
    return Plans(suite)


@pytest.fixture
def planned(plans):
    plans.rule()
    plans.plan(months=[100] * 4, quarters=[200, 200])
    return plans


def set_refused(plans, annual_l=400, months=(), quarters=(), year=0, cause=HASH, **others):
    plan = (0, others.get("sector", SECTOR), annual_l, list(quarters), list(months), cause)
    kind, subject = others.get("of", (PERMIT, plans.permit))
    issuer = plans.suite.issuer
    return reason(plans.contract.set_plan, kind, subject, year, plan, sender=issuer)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"months": [100, 100, 100, 101]}, "plans: months exceed the year"),
        ({"quarters": [200, 201]}, "plans: quarters exceed the year"),
        (
            {"quarters": [150, 250], "months": [100, 51, 0, 0]},
            "plans: months exceed their quarter",
        ),
        ({"months": [100] * 3}, "plans: not a plan for each month"),
        ({"quarters": [100] * 3}, "plans: not a plan for each quarter"),
        ({"annual_l": 0}, "plans: plan out of range"),
        ({"annual_l": 2**48}, "plans: plan out of range"),
        ({"cause": b"\0" * 32}, "plans: a plan needs a cause"),
        ({"sector": word("farming")}, "plans: no rule of this sector"),
        ({"year": 19}, "plans: year is not loaded"),
        ({"of": (PERMIT, 999)}, "plans: no such subject"),
        ({"of": (ORG, 0)}, "plans: no such subject"),
        ({"of": (ORG, 3)}, "plans: no such subject"),
        ({"of": (COMMUNITY, 999)}, "plans: no such subject"),
        ({"of": (4, 1)}, "plans: no such subject"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plans, given, why):
    plans.rule()

    assert set_refused(plans, **given) == why


def test_parts_may_add_up_to_the_whole_or_to_less(plans):
    plans.rule()

    plans.plan(months=[100] * 4, quarters=[200, 200])
    plans.plan(months=[1] * 4, quarters=[2, 300], year=11)

    assert plans.contract.plan_versions(PERMIT, plans.permit, 0) == 1
    assert plans.contract.plan(PERMIT, plans.permit, 11, 1).quarters_l == [2, 300]


@pytest.mark.parametrize("annual_l", [1, 2**48 - 1])
def test_a_plan_may_be_small_or_large(plans, annual_l):
    plans.rule()

    plans.plan(annual_l=annual_l)

    assert plans.at(0, YEAR).plan_l == annual_l


def test_the_first_organisation_can_be_planned(plans):
    plans.rule()

    plans.plan(annual_l=7, of=(ORG, 1))

    assert plans.at(0, YEAR, of=(ORG, 1)).plan_l == 7


def test_each_change_is_another_version_with_its_cause(planned):
    boa.env.evm.patch.timestamp = NOW
    planned.plan(annual_l=500, year=11)
    planned.plan(annual_l=450, year=11, cause=OTHER)

    [(_, told)] = events(planned.contract, "PlanSet")
    assert tuple(told["plan"]) == (2, SECTOR, 450, [], [], OTHER)
    assert told["by"] == planned.suite.issuer
    assert planned.contract.plan(PERMIT, planned.permit, 11, 1).annual_l == 500


@pytest.mark.parametrize(
    "given",
    [
        {"months": [99, 100, 100, 100], "quarters": [200, 200]},
        {"months": [100, 100, 100, 99], "quarters": [200, 199]},
        {"months": [100] * 4, "quarters": [200, 200], "annual_l": 401},
        {"quarters": [200, 200]},
    ],
)
def test_an_ended_period_keeps_its_plan(planned, given):
    assert set_refused(planned, **given) == "plans: an ended period keeps its plan"


def test_a_plan_of_an_ended_year_may_have_another_cause(planned):
    planned.plan(months=[100] * 4, quarters=[200, 200], cause=OTHER)

    assert planned.contract.plan(PERMIT, planned.permit, 0, 2).cause_hash == OTHER


def test_a_month_that_ends_now_has_ended_and_one_that_ends_in_a_second_has_not(plans):
    plans.rule()
    plans.plan(months=[100] * 4, year=9)
    plans.plan(months=[100] * 4, year=10)

    kept = set_refused(plans, months=[100, 100, 100, 99], year=9)
    boa.env.evm.patch.timestamp = NOW + MONTH_S - 1
    plans.plan(months=[99, 100, 100, 100], year=10)

    assert kept == "plans: an ended period keeps its plan"
    assert plans.contract.plan_versions(PERMIT, plans.permit, 10) == 2


def test_months_to_come_can_still_change(plans):
    plans.rule()
    plans.plan(months=[100] * 4, year=9)
    plans.plan(months=[100] * 4, year=10)

    plans.plan(months=[50, 150, 100, 100], year=10)  # the tenth year begins with the day

    assert plans.contract.plan(PERMIT, plans.permit, 10, 2).months_l == [50, 150, 100, 100]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"sector": b"\0" * 32}, "plans: empty sector"),
        ({"schemes": ()}, "plans: rule without a scheme"),
        ({"schemes": (0,)}, "plans: unknown scheme"),
        ({"schemes": (1, 2)}, "plans: unknown scheme"),
        ({"carry": 1_001}, "plans: share above the whole"),
        ({"borrow": 1_001}, "plans: share above the whole"),
        ({"source": b"\0" * 32}, "plans: rule without a source"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(plans, given, why):
    fields = {"sector": SECTOR, "version": 0, "schemes": [1], "carry": 0, "borrow": 0, "at": T0}
    rule = tuple((fields | {"source": HASH} | given).values())

    refused = reason(plans.contract.load_rule, rule, sender=plans.suite.standards_keeper)

    assert refused == why


def test_a_rule_is_told_with_its_version(plans):
    plans.rule()
    plans.rule(carry=500, borrow=100)

    [(_, told)] = events(plans.contract, "RuleLoaded")
    assert tuple(told["rule"]) == (SECTOR, 2, [1], 500, 100, T0, HASH)
    assert plans.contract.rule(SECTOR, 1).carry_permille == 0


def test_use_of_a_period_is_what_the_kept_registers_moved(planned):
    planned.months(70, 30)

    first, second = planned.at(0), planned.at(1)
    assert (first.net_l, first.left_l, first.final) == (70, 30, True)
    assert (second.net_l, second.left_l, second.final) == (30, 70, True)
    assert (planned.at(0, QUARTER).net_l, planned.at(0, QUARTER).plan_l) == (100, 200)
    assert (planned.at(0, YEAR).net_l, planned.at(0, YEAR).final) == (100, False)


def test_the_open_period_counts_what_was_read_so_far(planned):
    planned.meter.take((70, DAY_S))

    open_one = planned.at(0)

    assert (open_one.net_l, open_one.known, open_one.final) == (70, True, False)


def test_what_is_left_is_carried_less_its_share(plans):
    plans.rule(carry=500)
    plans.plan(months=[100] * 4)
    plans.months(31, 100)

    second = plans.at(1)

    assert (second.carried_l, second.left_l, second.over_l) == (34, 34, 0)
    assert plans.at(2).carried_l == 17


def test_what_a_period_borrows_the_next_one_lacks(plans):
    plans.rule(borrow=200)
    plans.plan(months=[100] * 4)
    plans.months(115, 90)

    first, second = plans.at(0), plans.at(1)

    assert (first.borrowed_l, first.over_l, first.tier, first.left_l) == (15, 0, 0, 0)
    assert (second.lent_l, second.borrowed_l, second.over_l) == (15, 5, 0)


def test_the_least_excess_is_borrowed_and_the_last_period_but_one_borrows_too(plans):
    plans.rule(borrow=200)
    plans.plan(months=[100] * 4)
    plans.months(101, 90, 115)

    assert [plans.at(k).borrowed_l for k in (0, 1, 2)] == [1, 0, 15]


def test_no_more_is_borrowed_than_the_share_of_the_next_plan(plans):
    plans.rule(borrow=200)
    plans.plan(months=[100] * 4)
    plans.months(125)

    first = plans.at(0)

    assert (first.borrowed_l, first.over_l, first.tier) == (20, 5, 1)


def test_the_last_period_of_a_year_borrows_nothing_and_carries_nothing_on(plans):
    plans.rule(carry=1_000, borrow=1_000)
    plans.plan(months=[100] * 4)
    plans.plan(months=[100] * 4, year=1)
    plans.months(0, 0, 0, 450)

    assert (plans.at(3).borrowed_l, plans.at(3).over_l) == (0, 50)
    assert plans.at(4).carried_l == 0


@pytest.mark.parametrize(
    ("used_l", "tier"), [(100, 0), (101, 1), (110, 1), (111, 2), (130, 2), (131, 3)]
)
def test_the_tier_is_by_use_beyond_the_periods_plan(planned, used_l, tier):
    planned.months(used_l)

    assert planned.at(0).tier == tier


def test_the_plan_is_approached_before_it_is_exceeded(planned):
    planned.months(80, 81)

    assert [planned.at(k).approached for k in (0, 1)] == [False, True]


def test_each_month_goes_by_the_scheme_of_its_season(plans):
    plans.suite.standards.load_scheme(
        "dry season", 0, 100, 200, *CUTS[3:], sender=plans.suite.standards_keeper
    )
    plans.rule(schemes=[1, 2])
    plans.plan(months=[100] * 4, quarters=[200, 200])
    plans.months(105, 105, 105)

    assert [plans.at(k).tier for k in (0, 1, 2)] == [1, 3, 3]
    assert [plans.at(k).scheme_id for k in (0, 1, 2)] == [1, 2, 2]
    assert plans.at(0, QUARTER).scheme_id == 2  # of its last month


def test_a_rule_takes_effect_with_the_period_that_begins_under_it(plans):
    plans.rule(carry=0)
    plans.rule(carry=1_000, in_force_at=T0 + MONTH_S)
    plans.plan(months=[100] * 4)
    plans.months(50, 50, 50)

    assert [plans.at(k).rule_version for k in (0, 1, 2)] == [1, 2, 2]
    assert [plans.at(k).carried_l for k in (0, 1, 2)] == [0, 0, 50]


def test_a_rule_in_force_a_second_after_a_period_began_waits_for_the_next(plans):
    plans.rule()
    plans.rule(in_force_at=T0 + MONTH_S + 1)
    plans.plan(months=[100] * 4)

    assert [plans.at(k).rule_version for k in (0, 1, 2)] == [1, 1, 2]


def test_the_rule_of_a_period_is_looked_for_among_256_versions(plans):
    plans.rule()
    for _ in range(255):
        plans.rule(in_force_at=T0 + MONTH_S)
    plans.plan(months=[100] * 4)
    assert plans.at(0).rule_version == 1

    plans.rule(in_force_at=T0 + MONTH_S)

    with boa.reverts("plans: no rule was in force"):
        plans.at(0)


def test_a_period_before_any_rule_has_none(plans):
    plans.rule(in_force_at=T0 + MONTH_S)
    plans.plan(months=[100] * 4)

    with boa.reverts("plans: no rule was in force"):
        plans.at(0)


@pytest.mark.parametrize(
    ("calendar", "period", "why"),
    [
        (DAY, 0, "plans: plan has no such parts"),
        (QUARTER, 0, "plans: plan has no such parts"),
        (MONTH, 5, "plans: no plan for the year"),
        (MONTH, 500, "plans: period is not loaded"),
    ],
)
def test_a_period_without_a_plan_is_told(plans, calendar, period, why):
    plans.rule()
    plans.plan(months=[100] * 4)

    with boa.reverts(why):
        plans.at(period, calendar)


def test_a_correction_stands_beside_the_registers(planned):
    planned.months(120, 10)

    planned.adjust(-30, day=3)

    first = planned.at(0)
    assert (first.counted_l, first.corrected_l, first.net_l, first.tier) == (120, -30, 90, 0)
    assert planned.at(0, QUARTER).net_l == planned.at(0, YEAR).net_l == 100
    assert planned.at(1).corrected_l == 0
    assert planned.meter.registers(10, 20) == [220, 230]


def test_corrections_add_up_and_each_is_told_with_its_reason(planned):
    planned.months(120)

    planned.adjust(-30, day=3)
    planned.adjust(7, day=4, why=OTHER)

    [(_, told)] = events(planned.contract, "Adjusted")
    assert (told["number"], told["day_l"], told["month_l"], told["year_l"]) == (2, 7, -23, -23)
    assert planned.contract.adjustment(2).reason_hash == OTHER
    assert planned.contract.adjustment(1).by == planned.suite.supervisor
    assert planned.contract.adjustment_count() == 2


@pytest.mark.parametrize("delta_l", [1 - 2**48, 2**48 - 1])
def test_a_correction_may_be_large(planned, delta_l):
    planned.adjust(delta_l)

    assert planned.contract.adjustment(1).delta_l == delta_l


def test_a_day_that_began_a_second_ago_can_be_corrected(planned):
    boa.env.evm.patch.timestamp = NOW + 1

    planned.adjust(5, day=400)

    assert planned.contract.adjustment(1).day == 400


def test_net_use_is_never_below_nothing(planned):
    planned.months(20)

    planned.adjust(-50)

    assert (planned.at(0).net_l, planned.at(0).left_l) == (0, 100)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"delta": 0}, "plans: correction out of range"),
        ({"delta": 2**48}, "plans: correction out of range"),
        ({"delta": -(2**48)}, "plans: correction out of range"),
        ({"why": b"\0" * 32}, "plans: a correction needs a reason"),
        ({"channel": 999}, "plans: no turns are kept of the channel"),
        ({"day": 400}, "plans: day has not begun"),
        ({"day": 800}, "plans: day has not begun"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(planned, given, why):
    fields = {"channel": planned.meter.channel, "day": 0, "delta": 5, "why": HASH} | given

    refused = reason(planned.contract.adjust, *fields.values(), sender=planned.suite.supervisor)

    assert refused == why


def test_an_estimate_is_shown_beside_what_was_counted(planned):
    planned.meter.take((40, DAY_S), kind=5)
    planned.meter.take((30, DAY_S))

    assert (planned.at(0).counted_l, planned.at(0).estimated_l) == (70, 40)


def test_a_meter_without_turns_leaves_its_periods_unknown(planned):
    Meter(planned.suite, calendar=0, permit=planned.permit)
    planned.months(10)

    assert (planned.at(0).known, planned.at(0).final) == (False, False)


def test_a_period_is_unknown_that_began_before_the_register_was_kept(planned):
    late = Meter(planned.suite, calendar=0, permit=planned.permit)
    late.take((5, 15 * DAY_S))
    late.keep(DAY)
    late.take((5, 10 * DAY_S))
    planned.months(10, 10, 10)

    uses = [planned.contract.use_of(PERMIT, planned.permit, MONTH, k) for k in (1, 2)]
    assert [(use.known, use.ended) for use in uses] == [(False, True), (True, False)]


def test_a_meter_bound_within_a_period_counts_from_there(planned):
    other = Meter(planned.suite)
    other.take((500, DAY_S))
    planned.suite.device_registry.bind(
        other.channel, planned.permit, sender=planned.suite.device_keeper
    )
    other.take((7, DAY_S), (0, 20 * DAY_S))
    planned.months(20)

    assert (planned.at(0).net_l, planned.at(0).final) == (27, True)


def test_a_meter_bound_after_a_period_does_not_count_in_it(planned):
    planned.months(20)
    other = Meter(planned.suite, permit=planned.permit, opened_at=T0 + 15 * DAY_S)
    other.take((7, DAY_S))

    assert [planned.at(k).net_l for k in (0, 1)] == [20, 7]


def test_a_meter_bound_when_a_period_ended_is_not_awaited_in_it(planned):
    Meter(planned.suite, permit=planned.permit, opened_at=T0 + MONTH_S)
    planned.months(20)

    assert planned.at(0).final


def test_a_meter_bound_a_second_before_a_period_ended_counts_in_it(planned):
    last = Meter(planned.suite, permit=planned.permit, opened_at=T0 + MONTH_S - 1)
    last.take((5, 1), (3, 1))
    planned.months(20)

    assert [planned.at(k).net_l for k in (0, 1)] == [25, 3]


def test_a_meter_bound_as_a_period_began_counts_from_there_without_its_turn(planned):
    late = Meter(planned.suite, calendar=0, permit=planned.permit)
    late.take((5, 3 * DAY_S))
    late.keep(DAY)
    late.take((7, 10 * DAY_S))
    planned.months(20)

    assert (planned.at(0).net_l, planned.at(0).known) == (25, True)


def test_a_day_of_a_meter_kept_by_months_is_known_up_to_its_end_only(suite):
    meter = Meter(suite, calendar=MONTH, permit=suite.permit())
    use_of = suite.quota_plans.use_of
    permit = meter.book.base(meter.channel).permit_id

    meter.take((1, DAY_S))
    at_its_end = use_of(PERMIT, permit, DAY, 0)
    meter.take((1, DAY_S))

    assert (at_its_end.counted_l, at_its_end.known, at_its_end.ended) == (1, True, False)
    assert not use_of(PERMIT, permit, DAY, 0).known


def test_a_day_has_ended_a_second_after_its_end(suite):
    use_of, permit = suite.quota_plans.use_of, suite.permit()
    open_one = use_of(PERMIT, permit, DAY, 399)

    boa.env.evm.patch.timestamp = NOW + 1

    assert not open_one.ended
    assert use_of(PERMIT, permit, DAY, 399).ended


def test_a_day_that_is_not_loaded_is_neither_known_nor_ended(suite):
    use = suite.quota_plans.use_of(PERMIT, suite.permit(), DAY, 10**6)

    assert (use.known, use.ended) == (False, False)


def test_use_up_to_a_closed_turn_says_so(planned):
    planned.meter.take((7, DAY_S))
    turns, use_of = planned.suite.register_turns, planned.contract.use_of
    before = use_of(PERMIT, planned.permit, MONTH, 0)

    turns.close_turn(planned.meter.channel, sender=planned.suite.holder)

    after = use_of(PERMIT, planned.permit, MONTH, 0)
    assert (before.closed, after.closed, after.counted_l) == (False, True, 7)


def test_an_organisation_is_planned_over_all_its_permits(planned):
    other = Meter(planned.suite, permit=planned.suite.permit())
    holder = planned.suite.permit_registry.permit(planned.permit).holder
    planned.plan(annual_l=800, months=[200] * 4, of=(ORG, holder))
    planned.months(60)
    other.take((50, DAY_S), (0, 10 * DAY_S))

    both = planned.at(0, of=(ORG, holder))

    assert (both.plan_l, both.net_l, both.final) == (200, 110, True)


def test_a_community_is_planned_by_its_channel(planned):
    community = Meter(planned.suite)
    planned.plan(months=[100] * 4, of=(COMMUNITY, community.channel))
    community.take((33, DAY_S), (0, 10 * DAY_S))

    assert planned.at(0, of=(COMMUNITY, community.channel)).net_l == 33


def test_an_organisation_with_too_many_meters_is_told(planned):
    suite = planned.suite
    holder = suite.permit_registry.permit(planned.permit).holder
    permits = [suite.permit() for _ in range(4)]
    for n in range(63):
        suite.channel(METER, "QuotaTracker", permit=permits[n // 16])
    assert not planned.contract.use_of(ORG, holder, MONTH, 0).known
    suite.channel(METER, "QuotaTracker", permit=permits[-1])

    with boa.reverts("plans: subject has too many meters"):
        planned.contract.use_of(ORG, holder, MONTH, 0)


def test_a_bill_takes_no_use_that_is_open_or_unknown(planned):
    measured = (planned.contract.measured, planned.permit, MONTH, 0, False)
    planned.meter.take((70, DAY_S))

    still_open = reason(*measured, sender=planned.suite.biller)
    planned.meter.take((0, 20 * DAY_S))
    closed = planned.contract.measured(*measured[1:])
    Meter(planned.suite, calendar=0, permit=planned.permit)
    unknown = reason(*measured, sender=planned.suite.biller)

    assert still_open == unknown == "plans: registers of the period are not kept"
    assert tuple(closed) == (70, 0)


def test_whoever_wants_rules_on_a_period_once_and_again_after_a_correction(planned):
    planned.months(120)
    arguments = (PERMIT, planned.permit, MONTH, 0)
    planned.contract.rule_period(*arguments, sender=planned.suite.holder)
    [(_, told)] = events(planned.contract, "PeriodRuled")
    again = reason(planned.contract.rule_period, *arguments, sender=planned.suite.holder)

    planned.adjust(-30)
    planned.contract.rule_period(*arguments, sender=planned.suite.holder)

    [(_, anew)] = events(planned.contract, "PeriodRuled")
    assert again == "plans: ruled on already"
    assert (told["number"], told["figures"].tier) == (1, 2)
    assert (anew["number"], anew["figures"].tier) == (2, 0)


def test_an_open_period_is_not_ruled_on(planned):
    planned.meter.take((120, DAY_S))

    refused = reason(
        planned.contract.rule_period, PERMIT, planned.permit, MONTH, 0, sender=planned.suite.holder
    )

    assert refused == "plans: period is not read to its end"


@pytest.mark.parametrize("calendar", [DAY, MONTH])
def test_an_exceeded_cap_is_put_on_record_once(suite, calendar):
    plans = Plans(suite, daily_l=50, monthly_l=50)
    plans.months(51)
    arguments = (plans.permit, calendar, 0)

    plans.contract.rule_cap(*arguments, sender=suite.holder)

    [(_, told)] = events(plans.contract, "CapExceeded")
    about = {"permit_id": plans.permit, "calendar": calendar, "period": 0}
    assert told == about | {"used_l": 51, "cap_l": 50, "permit_version": 1}
    again = reason(plans.contract.rule_cap, *arguments, sender=suite.holder)
    assert again == "plans: excess is on record"


def test_the_least_cap_is_a_cap(suite):
    plans = Plans(suite, daily_l=1)
    plans.months(2)

    plans.contract.rule_cap(plans.permit, DAY, 0, sender=suite.holder)

    assert plans.contract.excess(plans.permit, DAY, 0).used_l == 2


def test_use_up_to_the_cap_is_no_excess(suite):
    plans = Plans(suite, daily_l=50)
    plans.months(50)

    refused = reason(plans.contract.rule_cap, plans.permit, DAY, 0, sender=suite.holder)

    assert refused == "plans: cap is not exceeded"


def test_a_correction_counts_for_the_cap(suite):
    plans = Plans(suite, daily_l=50)
    plans.months(60)
    plans.adjust(-10)

    refused = reason(plans.contract.rule_cap, plans.permit, DAY, 0, sender=suite.holder)

    assert refused == "plans: cap is not exceeded"


@pytest.mark.parametrize(
    ("calendar", "period", "why"),
    [
        (DAY, 0, "plans: period is not read through"),
        (MONTH, 0, "plans: permit has no such cap"),
        (QUARTER, 0, "plans: caps are of days and months"),
    ],
)
def test_what_is_not_an_exceeded_cap_is_not_ruled_on(suite, calendar, period, why):
    plans = Plans(suite, daily_l=50)
    plans.meter.take((60, 3_600))

    refused = reason(plans.contract.rule_cap, plans.permit, calendar, period, sender=suite.holder)

    assert refused == why


def test_a_cap_is_of_the_terms_in_force_when_the_period_began(suite):
    plans = Plans(suite, daily_l=50)
    changed = suite.approved(amends=plans.permit, daily_l=10)
    suite.permit_changes.amend(changed, NOW + 1, 0, sender=suite.issuer)

    before = plans.contract.cap_of(plans.permit, DAY, NOW)
    after = plans.contract.cap_of(plans.permit, DAY, NOW + 1)

    assert (tuple(before), tuple(after)) == ((50, 1), (10, 2))
    assert tuple(plans.contract.cap_of(plans.permit, DAY, 1)) == (50, 1)  # before any terms


def test_an_outlets_cap_is_of_its_own_book(suite):
    permit = suite.permit(kind=2, daily_l=50)
    outlet = Meter(suite, contract="DischargeVolumes", permit=permit)
    outlet.take((60, DAY_S), (0, DAY_S))

    suite.quota_plans.rule_cap(permit, DAY, 0, sender=suite.holder)

    assert suite.quota_plans.excess(permit, DAY, 0).used_l == 60
