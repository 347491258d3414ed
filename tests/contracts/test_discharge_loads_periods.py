"""Months and years of outlets: sums of days, flow-weighted means, what is missing, limits."""

from fractions import Fraction

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.outfalls import (
    EXCEEDED,
    FIRST,
    INSUFFICIENT,
    MET,
    MISSING,
    MONTH,
    MONTH_LOAD,
    MONTH_MEAN,
    NOTHING,
    YEAR,
    YEAR_LOAD,
    Outfall,
    at_most,
)
from tests.contracts.suite import COD, DAY_S, T0

MONTH_4 = FIRST // 10
SILENT = (10, ())  # water passes and nothing measures it
REST = [(0, ())] * 8


def ruled(outfall, calendar, period):
    """Why a month or year is not ruled on."""
    rule = outfall.loads.rule_load
    return reason(rule, outfall.permit, COD, calendar, period, sender=outfall.suite.holder)


def test_the_mean_of_a_month_is_weighted_by_flow(suite):
    outfall = Outfall(suite, at_most(MONTH_MEAN, 280), at_most(MONTH_LOAD, 28_000))

    outfall.days([(10, [1_000]), (90, [200]), *REST])
    outfall.rules(MONTH_4, MONTH)

    told = events(suite.discharge_loads)
    found = outfall.ruled(MONTH_4, MONTH)
    assert (found.volume_l, found.load_ng, found.mean_ng_l) == (100, 28_000, 280)
    assert (found.days, found.counted_days, found.version) == (10, 10, 1)
    assert tuple(found.mean) == (280, True, 10_000, MET)
    assert tuple(found.load) == (28_000, True, 10_000, MET)
    [(name, about)] = told
    assert (name, about["calendar"], about["period"]) == ("LoadRuled", MONTH, MONTH_4)
    assert about["ruling"] == found


def test_a_month_is_exceeded_by_the_least_there_is(suite):
    outfall = Outfall(suite, at_most(MONTH_MEAN, 280), at_most(MONTH_LOAD, 28_000))

    found = outfall.month([(10, [1_000]), (89, [200]), (1, [201]), *REST[1:]])

    assert (found.load_ng, found.mean_ng_l) == (28_001, 281)
    assert tuple(found.mean) == (280, True, 10_001, EXCEEDED)
    assert tuple(found.load) == (28_000, True, 10_001, EXCEEDED)


def test_a_month_without_limits_is_a_sum_and_no_more(suite):
    found = Outfall(suite).month([(10, [1_000]), (0, ()), *REST])

    assert (found.load_ng, found.mean_ng_l) == (10_000, 1_000)
    assert (tuple(found.mean), tuple(found.load)) == (NOTHING, NOTHING)


def test_a_month_in_which_nothing_flowed_meets_its_limits(suite):
    outfall = Outfall(suite, at_most(MONTH_MEAN, 0), at_most(MONTH_LOAD, 0))

    found = outfall.month([(0, ()), (0, ()), *REST])

    assert (found.mean_ng_l, found.mean.verdict, found.load.verdict) == (0, MET, MET)


def test_a_month_that_lacks_a_day_is_insufficient_and_never_averaged_as_if_whole(suite):
    outfall = Outfall(suite, at_most(MONTH_MEAN, 1), at_most(MONTH_LOAD, 1_000))

    found = outfall.month([(10, [100]), SILENT, *REST])

    assert (found.days, found.counted_days) == (10, 9)
    assert (found.mean.verdict, found.load.verdict) == (INSUFFICIENT, INSUFFICIENT)


def test_what_was_counted_of_a_month_may_be_too_much_already(suite):
    outfall = Outfall(suite, at_most(MONTH_MEAN, 1), at_most(MONTH_LOAD, 999))

    found = outfall.month([(10, [100]), SILENT, *REST])

    assert (found.mean.verdict, found.load.verdict) == (INSUFFICIENT, EXCEEDED)


def test_a_month_of_which_no_day_is_known_is_missing(suite):
    outfall = Outfall(suite, at_most(MONTH_MEAN, 1), at_most(MONTH_LOAD, 1))

    found = outfall.month([SILENT] * 10)

    assert (found.days, found.counted_days, found.load_ng) == (10, 0, 0)
    assert (found.mean.verdict, found.load.verdict) == (MISSING, MISSING)


def test_a_month_waits_for_each_day_that_can_be_ruled_on_and_for_its_end(suite):
    outfall = Outfall(suite)
    for day in range(FIRST, FIRST + 9):
        outfall.day(day, 1, [1])
        outfall.on(day)

    waiting = ruled(outfall, MONTH, MONTH_4)
    assert waiting == "turns: a meter is not read beyond the turn yet"
    outfall.day(FIRST + 9, 1, [1])
    waiting = ruled(outfall, MONTH, MONTH_4)
    assert waiting == "outlets: a day of it is to be ruled on first"
    outfall.on(FIRST + 9)
    assert outfall.on(MONTH_4, MONTH).load_ng == 10
    assert ruled(outfall, MONTH, MONTH_4) == "outlets: no more is known of it"


def test_a_month_is_ruled_on_again_when_a_silent_meter_was_read(suite):
    outfall = Outfall(suite, at_most(MONTH_MEAN, 100))
    for day in range(FIRST, FIRST + 8):
        outfall.day(day, 1, [100])
        outfall.on(day)
    [meter] = outfall.meters
    suite.register_turns.close_turn(meter, sender=suite.holder)
    for day in (FIRST + 8, FIRST + 9):
        outfall.reads(outfall.gauges[0], [100], day)
    first = outfall.on(MONTH_4, MONTH)
    assert (first.counted_days, first.mean.verdict) == (8, INSUFFICIENT)

    for day in (FIRST + 8, FIRST + 9):
        outfall.flows(meter, 1, day)
        waiting = ruled(outfall, MONTH, MONTH_4)
        assert waiting == "outlets: a day of it is to be ruled on first"
        outfall.on(day)

    second = outfall.on(MONTH_4, MONTH)
    assert (second.counted_days, second.load_ng, second.mean.verdict) == (10, 1_000, MET)


def test_the_days_of_a_month_before_there_were_pairs_are_missing(suite):
    outfall = Outfall(suite, at_most(MONTH_LOAD, 1), first=FIRST + 8)
    for day in (FIRST + 8, FIRST + 9):
        outfall.day(day, 1, [1])
        outfall.on(day)

    found = outfall.on(MONTH_4, MONTH)

    assert (found.days, found.counted_days, found.load.verdict) == (10, 2, EXCEEDED)


def test_a_doubtful_day_makes_its_month_and_year_advice(suite):
    outfall = Outfall(suite, needed=2)

    assert outfall.month([(1, [1, 1]), (1, [1]), *REST]).advisory
    assert not outfall.month([(1, [1, 1]), (1, [1, 1]), *REST], MONTH_4 + 1).advisory
    for month in (MONTH_4 + 2, MONTH_4 + 3):
        outfall.month([(0, ())] * 10, month)
    assert outfall.on(1, YEAR).advisory


def test_a_year_adds_its_months_up_against_its_own_limit(suite):
    outfall = Outfall(suite, at_most(YEAR_LOAD, 2_099), at_most(MONTH_LOAD, 1))
    for month in range(MONTH_4, MONTH_4 + 4):
        assert ruled(outfall, YEAR, 1)  # each of its months is waited for
        outfall.month([(5, [100]), (1, [25]), *REST], month)

    found = outfall.on(1, YEAR)

    assert (found.volume_l, found.load_ng, found.mean_ng_l) == (24, 2_100, 88)
    assert (found.days, found.counted_days, found.version) == (40, 40, 1)
    assert tuple(found.load) == (2_099, True, 10_005, EXCEEDED)
    assert tuple(found.mean) == NOTHING
    assert ruled(outfall, YEAR, 1) == "outlets: no more is known of it"


def test_a_year_waits_for_the_months_that_had_pairs_and_counts_the_others_as_missing(suite):
    outfall = Outfall(suite, at_most(YEAR_LOAD, 10_000), first=FIRST + 30)
    waiting = ruled(outfall, YEAR, 1)
    assert waiting == "outlets: a month of it is to be ruled on first"
    outfall.month([(5, [100]), (0, ()), *REST], MONTH_4 + 3)

    found = outfall.on(1, YEAR)

    assert (found.load_ng, found.days, found.counted_days) == (500, 40, 10)
    assert found.load.verdict == INSUFFICIENT


def test_the_pairs_of_the_last_day_are_those_of_the_month(suite):
    outfall = Outfall(suite)
    outfall.pair(from_day=FIRST + 9)

    assert outfall.month([(1, [1]), (0, ()), *REST]).version == 2


days = st.tuples(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=5))


@settings(max_examples=12, deadline=None)
@given(spans=st.lists(days, min_size=10, max_size=10), limit=st.integers(0, 10**6))
def test_a_month_agrees_with_an_integral_over_its_days(deployed, spans, limit):
    """Sum of volume times mean in fractions; each day is cut to whole nanograms, none before."""
    with boa.env.anchor():
        outfall = Outfall(deployed, at_most(MONTH_MEAN, limit))
        found = outfall.month(spans)

        exact = [Fraction(sum(values), len(values)) * volume_l for volume_l, values in spans]
        volume_l = sum(volume for volume, _ in spans)
        whole = sum(load.__floor__() for load in exact)
        assert (found.volume_l, found.load_ng) == (volume_l, whole)
        assert 0 <= sum(exact) - whole < len(spans)
        mean = Fraction(whole, volume_l) if volume_l else Fraction(0)
        assert found.mean_ng_l == mean.__ceil__()
        assert found.mean.verdict == (EXCEEDED if mean > limit else MET)
        ratio = (mean / limit * 10_000).__ceil__() if limit else 0
        assert found.mean.ratio_bps == ratio


@pytest.mark.parametrize("day", [FIRST, FIRST + 9])
def test_a_meter_that_is_opened_within_a_month_counts_from_then_on(suite, day):
    outfall = Outfall(suite)
    late = outfall.meter(T0 + day * DAY_S + 3_600)
    outfall.pair(meters=[*outfall.meters, late], gauges=outfall.gauges * 2, from_day=day)
    for one in range(FIRST, FIRST + 10):
        outfall.day(one, 10, [3])
        if one >= day:
            outfall.flows(late, 1, one)
        outfall.on(one)

    assert outfall.on(MONTH_4, MONTH).load_ng == 3 * (100 + FIRST + 10 - day)
