"""Groups that cannot be true are refused alone, with a number for the reason; the others stand."""

import boa
import pytest

from tests.contracts.answers import events
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, METER, NOW, RELAY_GROUP, T0

UNKNOWN, OTHER_GROUP, BROKEN, FUTURE, BAD_KIND, NO_APPROVAL, OVERFLOW = range(1, 8)
NO_CALENDAR = 9
CALENDAR_END = T0 + 799 * DAY_S
REGISTER_L = 100


def meters(suite, *groups):
    """The reasons with which one batch's groups are refused, by channel."""
    lane = suite.lane(suite.quota_tracker)
    words = packed([word for group in groups for word in group])
    suite.quota_tracker.record_meters(lane, 0, HASH, words, b"", sender=suite.relay)
    return told(suite.quota_tracker)


def gauges(suite, *groups):
    lane = suite.lane(suite.quality_provenance)
    words = packed([word for group in groups for word in group])
    suite.quality_provenance.record_gauges(lane, 0, HASH, words, b"", sender=suite.relay)
    return told(suite.quality_provenance)


def told(book):
    [(_, recorded)] = events(book, "Recorded")
    refusals = {about["channel"]: about["reason"] for _, about in events(book, "GroupRefused")}
    assert recorded["refused"] == len(refusals)
    return refusals


def test_a_refused_meter_group_leaves_the_others_of_its_batch(suite):
    good, bad = suite.channel(METER, "QuotaTracker"), suite.channel(METER, "QuotaTracker")

    refused = meters(
        suite,
        meter_group(bad, REGISTER_L + 1, T0, [(5, 60)]),
        meter_group(good, REGISTER_L, T0, [(5, 60)]),
    )

    assert refused == {bad: BROKEN}
    assert suite.quota_tracker.meter(good).register_l == REGISTER_L + 5
    assert suite.quota_tracker.meter(bad).register_l == REGISTER_L


def test_a_refusal_of_a_meter_names_its_group_though_the_channel_goes_on_behind_it(suite):
    channel = suite.channel(METER, "QuotaTracker")
    good = meter_group(channel, REGISTER_L, T0, [(5, 60)])
    bad = meter_group(channel, REGISTER_L + 1, T0, [(5, 60)] * 9)
    next_one = meter_group(channel, REGISTER_L + 5, T0 + 60, [(5, 60)])

    assert meters(suite, good, bad, next_one) == {channel: BROKEN}

    [(_, refusal)] = events(suite.quota_tracker, "GroupRefused")
    assert refusal["end_word"] == len(good) + len(bad)
    assert suite.quota_tracker.meter(channel).register_l == REGISTER_L + 10


@pytest.mark.parametrize("readings", [1, 2, 9])
def test_a_refusal_of_a_gauge_names_its_group_though_the_channel_goes_on_behind_it(suite, readings):
    channel = suite.channel(GAUGE, "QualityProvenance", COD)
    bad = gauge_group(channel, T0 + 1, [(5, 60)] * readings)
    good = gauge_group(channel, T0, [(5, 60)])

    assert gauges(suite, bad, good) == {channel: BROKEN}

    [(_, refusal)] = events(suite.quality_provenance, "GroupRefused")
    assert refusal["end_word"] == len(bad)
    assert suite.quality_provenance.gauge(channel).last_at == T0 + 60


CALENDAR_BEYOND_S = CALENDAR_END - T0 + 1

METER_GROUPS = {
    "register does not continue": ((REGISTER_L - 1, T0, [(5, 60)]), {}, BROKEN),
    "time does not continue": ((REGISTER_L, T0 + 1, [(5, 60)]), {}, BROKEN),
    "ends in the future": ((REGISTER_L, T0, [(5, NOW - T0 + 1)]), {}, FUTURE),
    "kind is unknown": ((REGISTER_L, T0, [(5, 60)]), {"kind": 6}, BAD_KIND),
    "deemed use of several readings": ((REGISTER_L, T0, [(5, 60)] * 2), {"kind": 4}, BAD_KIND),
    "roll-over without modulus": ((REGISTER_L, T0, [(5, 60)]), {"kind": 1}, BAD_KIND),
    "grade beyond its bits": ((REGISTER_L, T0, [(5, 60)]), {"grade": 3 | 1 << 8}, BAD_KIND),
    "exchange without approval": ((REGISTER_L, T0, [(5, 60)]), {"kind": 2}, NO_APPROVAL),
    "reset without approval": ((REGISTER_L, T0, [(5, 60)]), {"kind": 3}, NO_APPROVAL),
    "deemed use without approval": ((REGISTER_L, T0, [(5, 60)]), {"kind": 4}, NO_APPROVAL),
    "register overflows": ((REGISTER_L, T0, [(2**48 - REGISTER_L, 60)]), {}, OVERFLOW),
}


@pytest.mark.parametrize("case", METER_GROUPS)
def test_a_meter_group_is_refused_for_what_cannot_be_true(suite, case):
    arguments, changed, expected = METER_GROUPS[case]
    permit = suite.permit()
    channel = suite.channel(METER, "QuotaTracker", permit=permit)

    refused = meters(suite, meter_group(channel, *arguments, **changed))

    assert refused == {channel: expected}
    meter = suite.quota_tracker.meter(channel)
    assert (meter.register_l, meter.last_at) == (REGISTER_L, T0)
    assert suite.quota_tracker.used_l(permit, 0) == 0


def test_meters_of_another_group_or_of_nobody_are_refused(suite):
    foreign = suite.channel(METER, "QuotaTracker", relay_group=RELAY_GROUP + 1)

    refused = meters(
        suite,
        meter_group(foreign, REGISTER_L, T0, [(5, 60)]),
        meter_group(9_999, 0, 0, [(5, 60)]),
    )

    assert refused == {foreign: OTHER_GROUP, 9_999: UNKNOWN}


def test_a_bound_meter_is_refused_beyond_the_loaded_calendars(suite):
    permit = suite.permit()
    channel = suite.channel(METER, "QuotaTracker", permit=permit)
    boa.env.evm.patch.timestamp = CALENDAR_END + DAY_S

    beyond = meters(suite, meter_group(channel, REGISTER_L, T0, [(5, CALENDAR_BEYOND_S)]))

    assert beyond == {channel: NO_CALENDAR}


GAUGE_GROUPS = {
    "time does not continue": ((T0 + 1, [(OFFSET, 60)]), {}, BROKEN),
    "ends in the future": ((T0, [(OFFSET, NOW - T0 + 1)]), {}, FUTURE),
    "grade beyond its bits": ((T0, [(OFFSET, 60)]), {"grade": 3 | 1 << 40}, BAD_KIND),
    "mark beyond its bits": ((T0, [(OFFSET, 60)]), {"mark": 1 << 4}, BAD_KIND),
}


@pytest.mark.parametrize("case", GAUGE_GROUPS)
def test_a_gauge_group_is_refused_for_what_cannot_be_true(suite, case):
    arguments, changed, expected = GAUGE_GROUPS[case]
    channel = suite.channel(GAUGE, "QualityProvenance", COD)

    refused = gauges(suite, gauge_group(channel, *arguments, **changed))

    assert refused == {channel: expected}
    gauge = suite.quality_provenance.gauge(channel)
    assert (gauge.count, gauge.last_at) == (0, T0)


def test_gauges_of_another_group_or_of_nobody_are_refused(suite):
    foreign = suite.channel(GAUGE, "QualityProvenance", COD, relay_group=RELAY_GROUP + 1)

    refused = gauges(
        suite, gauge_group(foreign, T0, [(OFFSET, 60)]), gauge_group(9_999, 0, [(OFFSET, 60)])
    )

    assert refused == {foreign: OTHER_GROUP, 9_999: UNKNOWN}


def test_a_gauge_is_refused_beyond_the_loaded_calendar(suite):
    channel = suite.channel(GAUGE, "QualityProvenance", COD)
    boa.env.evm.patch.timestamp = CALENDAR_END + DAY_S

    beyond = gauges(suite, gauge_group(channel, T0, [(OFFSET, CALENDAR_BEYOND_S)]))

    assert beyond == {channel: NO_CALENDAR}
