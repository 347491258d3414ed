"""Holding a gauge against a limit: the standard's, the permit's, whichever is stricter."""

import pytest

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import OFFSET
from tests.contracts.suite import COD, GAUGE, HASH, T0, word

PH = word("ph")
BOOKS = ["QualityProvenance", "DischargeLimits"]
USUAL = (2, 600, 500, 10)  # dwell readings, dwell seconds, hysteresis, readings needed
M32 = 2**32 - 1


def judged(suite, book, channel, limit_id, *dwell):
    suite.contracts[book].judge(channel, limit_id, *(dwell or USUAL), sender=suite.standards_keeper)


def refused(suite, book, channel, limit_id, *dwell):
    judge = suite.contracts[book].judge
    return reason(judge, channel, limit_id, *(dwell or USUAL), sender=suite.standards_keeper)


def outlet_gauge(suite, *limits, parameter=COD, **changed):
    permit = suite.permit(limits, kind=2)
    return suite.channel(GAUGE, "DischargeLimits", parameter, permit, **changed)


@pytest.mark.parametrize("book", BOOKS)
def test_judge_keeps_where_an_alert_begins_and_ends(suite, book):
    channel, limit_id = suite.channel(GAUGE, book, COD), suite.limit(COD, 200, 1_000)

    judged(suite, book, channel, limit_id)

    about = {"channel": channel, "limit_id": limit_id, "advisory": False, "by_permit": False}
    ends = {"leave_lo": OFFSET + 210, "leave_hi": OFFSET + 950}
    dwell = {"dwell_readings": 2, "dwell_s": 600, "needed": 10}
    bounds = {"mean_lo": OFFSET + 200, "mean_hi": OFFSET + 1_000}
    contract = suite.contracts[book]
    assert events(contract) == [("GaugeJudged", about | ends | dwell | bounds)]
    assert contract.limit_of(channel) == limit_id
    limits, ruling = contract.limits(channel), contract.ruling(channel)
    assert (limits.enter_lo, limits.enter_hi) == (OFFSET + 200, OFFSET + 1_000)
    assert (limits.leave_lo, limits.leave_hi) == (OFFSET + 210, OFFSET + 950)
    assert (limits.dwell_readings, limits.dwell_s) == (2, 600)
    assert (ruling.mean_lo, ruling.mean_hi) == (OFFSET + 200, OFFSET + 1_000)
    assert (ruling.needed, ruling.advisory, ruling.by_permit) == (10, False, False)


@pytest.mark.parametrize("book", BOOKS)
def test_a_limit_between_two_steps_of_the_instrument_is_taken_inward(suite, book):
    channel = suite.channel(GAUGE, book, COD, resolution=10)

    judged(suite, book, channel, suite.limit(COD, 201, 999))

    ruling = suite.contracts[book].ruling(channel)
    assert (ruling.mean_lo, ruling.mean_hi) == (OFFSET + 21, OFFSET + 99)


@pytest.mark.parametrize("book", BOOKS)
@pytest.mark.parametrize(("daily_mean", "verified"), [(False, True), (True, False)])
def test_an_unverified_limit_or_one_without_averaging_rules_as_advice(
    suite, book, daily_mean, verified
):
    limit = (COD, word("max"), word("ng/L"), 0, 9, False, True, daily_mean, verified)
    channel = suite.channel(GAUGE, book, COD)

    judged(suite, book, channel, suite.sealed("UNSURE", [limit]))

    assert suite.contracts[book].ruling(channel).advisory


@pytest.mark.parametrize("book", BOOKS)
def test_a_limit_of_a_set_that_nobody_has_sealed_is_refused(suite, book):
    standards, keeper = suite.standards, suite.standards_keeper
    set_id = standards.open_set("OPEN", "", HASH, T0, sender=keeper)
    limit = (set_id, COD, word("max"), word("ng/L"), 0, 9, False, True, True, True)
    standards.add_limits(set_id, [limit], sender=keeper)

    answer = refused(suite, book, suite.channel(GAUGE, book, COD), standards.limit_count())

    assert answer == "standards: limit is in no sealed set"


@pytest.mark.parametrize(
    ("book", "why"),
    [
        ("QualityProvenance", "quality: limit is of another parameter"),
        ("DischargeLimits", "discharge: limit is of another parameter"),
    ],
)
def test_a_limit_of_another_parameter_is_refused(suite, book, why):
    channel = suite.channel(GAUGE, book, PH)

    assert refused(suite, book, channel, suite.limit(COD, None, 9)) == why


@pytest.mark.parametrize("book", BOOKS)
@pytest.mark.parametrize(
    ("dwell", "why"),
    [
        ((0, 0, 0, 1), "gauges: dwell readings out of range"),
        ((256, 0, 0, 1), "gauges: dwell readings out of range"),
        ((1, 2**24, 0, 1), "gauges: dwell seconds out of range"),
        ((1, 0, 0, 0), "gauges: count needed out of range"),
        ((1, 0, 0, 2**16), "gauges: count needed out of range"),
        ((1, 0, 9_000, 1), "gauges: limits cross"),
        ((1, 0, 10_001, 1), "gauges: hysteresis beyond the limit"),
        ((1, 0, 2**256 - 1, 1), "gauges: hysteresis beyond the limit"),
    ],
)
def test_judge_refuses_dwell_and_hysteresis_that_leave_no_band(suite, book, dwell, why):
    channel, limit_id = suite.channel(GAUGE, book, COD), suite.limit(COD, 200, 1_000)

    assert refused(suite, book, channel, limit_id, *dwell) == why


@pytest.mark.parametrize("book", BOOKS)
def test_a_limit_that_the_instrument_cannot_show_is_refused(suite, book):
    channel = suite.channel(GAUGE, book, COD)

    for lo, hi in ((None, 2**31), (-(2**31) - 1, None)):
        limit_id = suite.limit(COD, lo, hi)
        assert refused(suite, book, channel, limit_id) == "gauges: limit out of range"


@pytest.mark.parametrize("book", BOOKS)
def test_judge_knows_enrolled_gauges_only(suite, book):
    other = "DischargeLimits" if book == "QualityProvenance" else "QualityProvenance"
    channel = suite.channel(GAUGE, other, COD)

    answer = refused(suite, book, channel, suite.limit(COD, None, 9))

    assert answer == "gauges: gauge not enrolled"


@pytest.mark.parametrize(
    ("own_hi", "standard_hi", "expected", "by_permit"),
    [(350, 500, 350, True), (500, 350, 350, False), (350, 350, 350, False)],
)
def test_the_stricter_of_permit_and_standard_rules_and_is_cited(
    suite, own_hi, standard_hi, expected, by_permit
):
    channel = outlet_gauge(suite, (COD, 1, 0, own_hi, False, True))

    judged(suite, "DischargeLimits", channel, suite.limit(COD, None, standard_hi))

    ruling = suite.discharge_limits.ruling(channel)
    assert (ruling.mean_hi, ruling.by_permit) == (OFFSET + expected, by_permit)


def test_a_permit_may_be_stricter_on_the_low_side_alone(suite):
    channel = outlet_gauge(suite, (PH, 1, 6_500, 9_500, True, True), parameter=PH)

    judged(suite, "DischargeLimits", channel, suite.limit(PH, 6_000, 9_000), 1, 0, 0, 1)

    ruling = suite.discharge_limits.ruling(channel)
    assert (ruling.mean_lo, ruling.mean_hi) == (OFFSET + 6_500, OFFSET + 9_000)
    assert ruling.by_permit


def test_a_permit_rules_without_a_standard_but_nothing_rules_without_both(suite):
    with_limit = outlet_gauge(suite, (COD, 1, 0, 350, False, True))
    without = outlet_gauge(suite)

    judged(suite, "DischargeLimits", with_limit, 0)

    ruling = suite.discharge_limits.ruling(with_limit)
    assert (ruling.mean_hi, ruling.by_permit, ruling.advisory) == (OFFSET + 350, True, False)
    neither = refused(suite, "DischargeLimits", without, 0)
    assert neither == "discharge: neither standard nor permit limits it"
