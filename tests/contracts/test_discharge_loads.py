"""Loads of outlets: which gauge stands beside which meter, and what is ruled of a day."""

import pytest

from tests.contracts.answers import events, reason
from tests.contracts.outfalls import (
    DAY,
    DAY_LOAD,
    EXCEEDED,
    FIRST,
    MET,
    MONTH_LOAD,
    NOTHING,
    QUARTER,
    Outfall,
    at_most,
)
from tests.contracts.suite import COD, DAY_S, NOW, T0, word

ESTIMATE = 5


def test_pairs_are_kept_by_version_and_told(suite):
    outfall = Outfall(suite)
    outfall.pair(from_day=FIRST + 3)

    [(name, about)] = events(suite.discharge_loads)
    assert (name, about["permit_id"], about["parameter"]) == ("PairsSet", outfall.permit, COD)
    assert about["version"] == suite.discharge_loads.version_count(outfall.permit, COD) == 2
    kept = suite.discharge_loads.pairs(outfall.permit, COD, 2)
    assert about["pairs"] == kept
    assert tuple(kept) == (FIRST + 3, outfall.meters, outfall.gauges)


def test_pairs_that_measure_no_load_are_refused(suite):
    outfall, other = Outfall(suite, pairs=2), Outfall(suite)
    set_pairs, by = suite.discharge_loads.set_pairs, suite.standards_keeper
    ph = outfall.gauge(T0 + FIRST * DAY_S, word("ph"))
    unjudged = suite.channel(2, "DischargeLimits", COD, outfall.permit)
    (first, second), (beside, _) = outfall.meters, outfall.gauges

    def refused(**changed):
        return reason(set_pairs, outfall.permit, COD, outfall.pairs(**changed), sender=by)

    assert refused(meters=[], gauges=[]) == "outlets: no meter"
    assert refused(gauges=[beside]) == "outlets: a gauge for each meter"
    foreign = refused(meters=[first, other.meters[0]])
    assert foreign == "outlets: meter is not the outlet's"
    assert refused(meters=[second, second]) == "outlets: meter is named twice"
    foreign = refused(gauges=[beside, other.gauges[0]])
    assert foreign == "outlets: gauge is not the outlet's"
    assert refused(gauges=[beside, ph]) == "outlets: gauge is of another parameter"
    without = "outlets: no limit rules the gauge, so its days have no mean"
    assert refused(gauges=[beside, unjudged]) == without


def test_a_gauge_may_stand_beside_two_meters_and_be_judged_by_the_permit_alone(suite):
    outfall = Outfall(suite, at_most(1, 500), pairs=2)
    alone = suite.channel(2, "DischargeLimits", COD, outfall.permit)
    suite.discharge_limits.judge(alone, 0, 1, 0, 0, 1, sender=suite.standards_keeper)

    outfall.pair(gauges=[alone, alone])

    assert suite.discharge_loads.version_count(outfall.permit, COD) == 2


def test_pairs_begin_when_the_registers_of_their_meters_are_kept_by_day(suite):
    outfall = Outfall(suite)
    opened_at = T0 + (FIRST + 2) * DAY_S + 3_600
    late = outfall.meter(opened_at)
    unkept = suite.channel(1, "DischargeVolumes", permit=outfall.permit)
    set_pairs, by = suite.discharge_loads.set_pairs, suite.standards_keeper
    why = "outlets: registers of a meter are not kept from that day on"

    def of(meter, from_day):
        return outfall.pairs(meters=[meter], from_day=from_day)

    for meter, day in ((outfall.meters[0], FIRST - 2), (late, FIRST + 1), (unkept, FIRST + 5)):
        before = reason(set_pairs, outfall.permit, COD, of(meter, day), sender=by)
        assert before == why
    for day in (FIRST + 2, FIRST + 3):  # on the day it was opened it counts from its opening
        set_pairs(outfall.permit, COD, of(late, day), sender=by)


def test_a_meter_opened_within_the_day_but_kept_later_is_not_paired_from_that_day(suite):
    outfall = Outfall(suite)
    opened_at = T0 + (FIRST + 1) * DAY_S + 3_600
    meter = suite.channel(1, "DischargeVolumes", permit=outfall.permit, opened_at=opened_at)
    outfall.registers[meter], outfall.heard[meter] = 100, opened_at
    outfall.passes(meter, 1, opened_at + DAY_S)
    suite.register_turns.set_turns([meter], DAY, sender=suite.device_keeper)
    pairs = outfall.pairs(meters=[meter], from_day=FIRST + 1)

    early = reason(
        suite.discharge_loads.set_pairs, outfall.permit, COD, pairs, sender=suite.standards_keeper
    )

    assert early == "outlets: registers of a meter are not kept from that day on"


def test_pairs_are_set_256_times_at_most(suite):
    outfall = Outfall(suite)
    for _ in range(255):
        outfall.pair()

    more = reason(
        *(suite.discharge_loads.set_pairs, outfall.permit, COD, outfall.pairs()),
        sender=suite.standards_keeper,
    )

    assert more == "outlets: pairs were set 256 times"


def test_a_day_is_ruled_with_volume_load_mean_and_limit(suite):
    outfall = Outfall(suite, at_most(DAY_LOAD, 350_500), at_most(MONTH_LOAD, 1))
    outfall.day(FIRST, 1_000, [300, 401])

    outfall.rules(FIRST)

    [(name, about)] = events(suite.discharge_loads)
    found = outfall.ruled(FIRST)
    assert name == "LoadRuled"
    assert (about["permit_id"], about["parameter"]) == (outfall.permit, COD)
    assert (about["calendar"], about["period"], about["ruling"]) == (DAY, FIRST, found)
    assert (found.version, found.volume_l, found.load_ng, found.mean_ng_l) == (
        *(1, 1_000, 350_500, 351),
    )
    assert (found.days, found.counted_days, found.advisory) == (1, 1, False)
    assert tuple(found.load) == (350_500, True, 10_000, MET)
    assert tuple(found.mean) == NOTHING
    assert found.ruled_at == NOW
    again = reason(
        suite.discharge_loads.rule_load, outfall.permit, COD, DAY, FIRST, sender=suite.holder
    )
    assert again == "outlets: day was ruled on"


def test_loads_of_several_outlets_add_up_and_a_resolution_counts(suite):
    outfall = Outfall(suite, pairs=2)
    coarse = outfall.gauge(T0 + FIRST * DAY_S, resolution=1_000)
    outfall.pair(gauges=[outfall.gauges[0], coarse])
    outfall.day(FIRST, 10, [7])
    outfall.flows(outfall.meters[1], 20, FIRST)
    outfall.reads(coarse, [3], FIRST)

    found = outfall.on(FIRST)

    assert (found.volume_l, found.load_ng) == (30, 10 * 7 + 20 * 3_000)


@pytest.mark.parametrize(("values", "verdict"), [([3, 3, 4], MET), ([3, 4, 4], EXCEEDED)])
def test_a_load_is_compared_before_it_is_rounded(suite, values, verdict):
    """Ten thirds are kept as three, and eleven: above the limit of ten thirds' whole part."""
    outfall = Outfall(suite, at_most(DAY_LOAD, 10))
    outfall.day(FIRST, 3, values)

    found = outfall.on(FIRST)

    assert (found.load_ng, found.load.verdict) == (sum(values), verdict)
    assert found.load.ratio_bps == sum(values) * 1_000


def test_an_excess_of_less_than_a_nanogram_is_an_excess_of_a_day(suite):
    outfall = Outfall(suite, at_most(DAY_LOAD, 3))
    outfall.day(FIRST, 1, [3, 3, 4])

    found = outfall.on(FIRST)

    assert (found.load_ng, found.load.verdict) == (3, EXCEEDED)
    assert found.load.ratio_bps == 11_112  # 10/9, away from the limit


def test_any_load_exceeds_a_limit_of_zero_and_none_meets_it(suite):
    outfall = Outfall(suite, at_most(DAY_LOAD, 0))
    outfall.day(FIRST, 1, [1])
    outfall.day(FIRST + 1, 1, [0])

    some, none = (tuple(outfall.on(day).load) for day in (FIRST, FIRST + 1))

    assert (some, none) == ((0, True, 0, EXCEEDED), (0, True, 0, MET))


def test_where_nothing_flowed_no_mean_is_needed(suite):
    outfall = Outfall(suite, at_most(DAY_LOAD, 5))
    outfall.day(FIRST, 0, [])

    found = outfall.on(FIRST)

    assert (found.volume_l, found.load_ng, found.mean_ng_l) == (0, 0, 0)
    assert tuple(found.load) == (5, True, 0, MET)


def test_a_mean_below_zero_is_no_load(suite):
    outfall = Outfall(suite)
    outfall.day(FIRST, 5, [-3, 1])

    assert outfall.on(FIRST).load_ng == 0


def test_a_day_waits_for_its_meters_its_gauges_and_a_mean(suite):
    outfall = Outfall(suite)
    rule, by = suite.discharge_loads.rule_load, suite.holder
    asked = outfall.permit, COD, DAY, FIRST

    unread = reason(rule, *asked, sender=by)
    assert unread == "turns: a meter is not read beyond the turn yet"
    suite.register_turns.close_turn(outfall.meters[0], sender=by)
    silent = reason(rule, *asked, sender=by)
    assert silent == "outlets: a meter is silent at the day's ends"
    outfall.flows(outfall.meters[0], 5, FIRST)
    still_open = reason(rule, *asked, sender=by)
    assert still_open == "loads: the day of a gauge is not closed"
    outfall.reads(outfall.gauges[0], [], FIRST)
    without = reason(rule, *asked, sender=by)
    assert without == "outlets: a gauge has no mean of this day"


def test_only_days_months_and_years_that_ended_are_ruled_on(suite):
    outfall = Outfall(suite)
    rule, by = suite.discharge_loads.rule_load, suite.holder

    for calendar in (0, QUARTER, 5):
        other = reason(rule, outfall.permit, COD, calendar, 1, sender=by)
        assert other == "outlets: rules on days, months and years"
    unpaired = reason(rule, outfall.permit, word("tn"), DAY, FIRST, sender=by)
    assert unpaired == "outlets: no pairs of this parameter"
    before = reason(rule, outfall.permit, COD, DAY, FIRST - 1, sender=by)
    assert before == "outlets: no pairs on this day"
    today = reason(rule, outfall.permit, COD, DAY, 400, sender=by)
    assert today == "turns: a meter is not read beyond the turn yet"


def test_the_load_of_a_day_of_few_readings_or_an_estimated_volume_is_advice(suite):
    outfall = Outfall(suite, at_most(DAY_LOAD, 1), needed=2)
    outfall.day(FIRST, 5, [3])
    outfall.day(FIRST + 1, 5, [3, 3])
    outfall.flows(outfall.meters[0], 5, FIRST + 2, kind=ESTIMATE)
    outfall.reads(outfall.gauges[0], [3, 3], FIRST + 2)

    advisory = [outfall.on(day).advisory for day in (FIRST, FIRST + 1, FIRST + 2)]

    assert advisory == [True, False, True]


def test_a_meter_that_stands_in_no_pair_keeps_a_day_from_being_ruled_on_while_water_passes(suite):
    outfall = Outfall(suite)
    beside = outfall.meter(T0 + FIRST * DAY_S)
    for day, volume_l in ((FIRST, 0), (FIRST + 1, 1)):
        outfall.day(day, 10, [2])
        outfall.flows(beside, volume_l, day)
    rule = suite.discharge_loads.rule_load

    assert outfall.on(FIRST).load_ng == 20
    apart = reason(rule, outfall.permit, COD, DAY, FIRST + 1, sender=suite.holder)
    assert apart == "outlets: a meter has no gauge beside it"
    both = [*outfall.meters, beside]
    outfall.pair(meters=both, gauges=outfall.gauges * 2, from_day=FIRST + 1)
    assert outfall.on(FIRST + 1).load_ng == 22


def test_a_day_is_ruled_by_the_last_pairs_that_had_begun(suite):
    outfall = Outfall(suite)
    other = outfall.gauge(T0 + FIRST * DAY_S)
    outfall.pair(gauges=[other], from_day=FIRST + 1)
    for day in (FIRST, FIRST + 1):
        outfall.day(day, 10, [2])
        outfall.reads(other, [5], day)

    found = [outfall.on(day) for day in (FIRST, FIRST + 1)]

    assert [(one.version, one.load_ng) for one in found] == [(1, 20), (2, 50)]
