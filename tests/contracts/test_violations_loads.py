"""Violations of loads and monthly means: detected from what DischargeLoads ruled."""

from tests.contracts.answers import events, reason
from tests.contracts.outfalls import (
    DAY_LOAD,
    DAY_MEAN,
    FIRST,
    MONTH,
    MONTH_LOAD,
    MONTH_MEAN,
    YEAR,
    YEAR_LOAD,
    Outfall,
    at_most,
)
from tests.contracts.suite import COD, DAY_S, HASH, T0

MONTH_4 = FIRST // 10
DETECTED, RESOLVED = 1, 4
REST = [(0, ())] * 9


def detect(outfall, basis, period):
    asked = outfall.permit, COD, basis, period
    return outfall.suite.violations.detect_load(*asked, sender=outfall.suite.holder)


def test_an_exceeded_load_and_mean_are_detected_apart_with_ratio_duration_and_outlet(suite):
    outfall = Outfall(
        *(suite, at_most(DAY_LOAD, 9), at_most(MONTH_MEAN, 5), at_most(MONTH_LOAD, 8)),
        at_most(YEAR_LOAD, 4),
    )
    outfall.month([(1, [10]), *REST])
    for month in range(MONTH_4 + 1, MONTH_4 + 4):
        outfall.month([(0, ())] * 10, month)
    outfall.on(1, YEAR)
    expected = {
        DAY_LOAD: (FIRST, FIRST + 1, DAY_S, 11_112),
        MONTH_MEAN: (MONTH_4, FIRST + 10, 10 * DAY_S, 20_000),
        MONTH_LOAD: (MONTH_4, FIRST + 10, 10 * DAY_S, 12_500),
        YEAR_LOAD: (1, FIRST + 40, 40 * DAY_S, 25_000),
    }

    for basis, (period, ends_on, duration_s, ratio_bps) in expected.items():
        number = detect(outfall, basis, period)

        [(name, about)] = events(suite.violations)
        one = suite.violations.violation(number)
        assert (name, about["violation_id"], about["violation"]) == (
            "ViolationDetected",
            number,
            one,
        )
        assert (one.permit_id, one.station_id, one.channel) == (outfall.permit, 1, 0)
        assert (one.parameter, one.basis, one.period) == (COD, basis, period)
        assert (one.ended_at, one.duration_s) == (T0 + ends_on * DAY_S, duration_s)
        assert (one.ratio_bps, one.high, one.advisory) == (ratio_bps, True, False)
        assert (one.repeats, one.state) == (0, DETECTED)
        assert suite.violations.load_violation_of(outfall.permit, COD, basis, period) == number
        again = reason(
            *(suite.violations.detect_load, outfall.permit, COD, basis, period), sender=suite.holder
        )
        assert again == "violations: load was detected"


def test_what_was_not_exceeded_or_has_no_such_ruling_is_no_violation(suite):
    outfall = Outfall(suite, at_most(DAY_LOAD, 10), at_most(MONTH_LOAD, 9))
    outfall.month([(1, [10]), *REST])
    ask, by = suite.violations.detect_load, suite.holder

    for basis, period in ((DAY_LOAD, FIRST), (MONTH_MEAN, MONTH_4), (YEAR_LOAD, 1)):
        met = reason(ask, outfall.permit, COD, basis, period, sender=by)
        assert met == "violations: no load or mean that was exceeded"
    for basis in (0, DAY_MEAN, 6):
        unknown = reason(ask, outfall.permit, COD, basis, MONTH_4, sender=by)
        assert unknown == "violations: basis of no load or mean"
    assert detect(outfall, MONTH_LOAD, MONTH_4) == 1


def test_a_violation_of_doubtful_figures_is_advisory(suite):
    outfall = Outfall(suite, at_most(DAY_LOAD, 1), needed=2)
    outfall.day(FIRST, 1, [10])
    outfall.on(FIRST)

    assert suite.violations.violation(detect(outfall, DAY_LOAD, FIRST)).advisory


def test_a_load_repeats_the_violations_of_its_own_basis_only(suite):
    outfall = Outfall(suite, at_most(DAY_LOAD, 1), at_most(MONTH_LOAD, 1))
    outfall.month([(1, [10]), (1, [10]), *REST[1:]])
    first, second = (detect(outfall, DAY_LOAD, FIRST + n) for n in (0, 1))

    third = detect(outfall, MONTH_LOAD, MONTH_4)

    repeats = [suite.violations.repeats_of(number) for number in (first, second, third)]
    assert repeats == [0, 1, 0]


def test_a_load_goes_the_way_of_every_violation(suite):
    outfall, violations = Outfall(suite, at_most(MONTH_LOAD, 9)), suite.violations
    outfall.month([(1, [10]), *REST])
    number = detect(outfall, MONTH_LOAD, MONTH_4)

    violations.notify(number, HASH, 0, sender=suite.supervisor)
    violations.answer(number, HASH, 0, sender=suite.holder)
    violations.resolve(number, HASH, 0, sender=suite.supervisor)

    assert violations.violation(number).state == RESOLVED
    assert suite.discharge_loads.ruling(outfall.permit, COD, MONTH, MONTH_4).load_ng == 10
