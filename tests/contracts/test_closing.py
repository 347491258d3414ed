"""Closing a day by hand, the grace before it, and the range that is kept of a day."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import OFFSET, gauge_group, packed
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, T0

BOOKS = ["QualityProvenance", "DischargeLimits"]
BY_HAND = 2**256 - 1
MET, EXCEEDED, INSUFFICIENT, MISSING = 1, 2, 3, 4
GRACE_S = 6 * 3_600


@pytest.fixture(params=BOOKS)
def name(request):
    return request.param


def gauge(suite, name, needed=3, opened_at=T0):
    """A gauge held against 1,000 units, with the number of readings a day must hold."""
    channel = suite.channel(GAUGE, name, COD, opened_at=opened_at)
    limit_id = suite.limit(COD, None, 1_000)
    keeper = suite.standards_keeper
    suite.contracts[name].judge(channel, limit_id, 9, 0, 0, needed, sender=keeper)
    return channel


def read(suite, name, channel, *values):
    book = suite.contracts[name]
    lane = suite.lane(book)
    group = gauge_group(channel, T0, [(OFFSET + value, 60) for value in values])
    book.record_gauges(lane, 0, HASH, packed(group), b"", sender=suite.relay)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((900, 1_000, 1_100), MET),
        ((900, 1_000, 1_101), EXCEEDED),
        ((2_000, 2_000), INSUFFICIENT),
        ((), MISSING),
    ],
)
def test_close_rules_on_what_the_day_holds(suite, name, values, verdict):
    book, channel = suite.contracts[name], gauge(suite, name)
    if values:
        read(suite, name, channel, *values)
    stranger = boa.env.generate_address()

    book.close(channel, 0, sender=stranger)

    [(_, ruled)] = events(book, "PeriodRuled")
    assert (ruled["channel"], ruled["batch_id"]) == (channel, BY_HAND)
    assert (ruled["period"], ruled["ended_at"]) == (0, T0 + DAY_S)
    assert (ruled["count"], ruled["verdict"]) == (len(values), verdict)
    assert ruled["total"] == sum(OFFSET + value for value in values)
    assert (book.gauge(channel).count, book.ruling(channel).period) == (0, 1)


def test_a_day_is_closed_once_and_no_other_one(suite, name):
    book, channel = suite.contracts[name], gauge(suite, name)
    book.close(channel, 0, sender=suite.holder)

    for day in (0, 2):
        refused = reason(book.close, channel, day, sender=suite.holder)
        assert refused == "gauges: must be the current day"


def test_a_gauge_that_nothing_rules_has_no_day_to_close(suite, name):
    book, channel = suite.contracts[name], suite.channel(GAUGE, name, COD)
    read(suite, name, channel, 900)

    refused = reason(book.close, channel, 0, sender=suite.holder)

    assert refused == "gauges: nothing rules the gauge"
    assert (book.gauge(channel).count, book.ruling(channel).period) == (1, 0)


def test_a_day_is_closed_only_when_its_grace_is_past(suite, name):
    book, channel = suite.contracts[name], gauge(suite, name)

    boa.env.evm.patch.timestamp = T0 + DAY_S + GRACE_S
    refused = reason(book.close, channel, 0, sender=suite.holder)
    boa.env.evm.patch.timestamp += 1
    book.close(channel, 0, sender=suite.holder)

    assert refused == "gauges: day is not over"
    assert book.ruling(channel).period == 1


def test_readings_of_a_day_already_closed_are_kept_and_said_to_be_late(suite, name):
    book, channel = suite.contracts[name], gauge(suite, name)
    book.close(channel, 0, sender=suite.holder)

    read(suite, name, channel, 5_000, 5_000)

    late = {"channel": channel, "batch_id": 0, "count": 2, "until_at": T0 + 120}
    assert events(book, "LateReadings") == [("LateReadings", late)]
    assert book.gauge(channel).count == 0
    assert book.gauge(channel).last_at == T0 + 120


def test_set_grace_is_told_and_bounded(suite, name):
    book, keeper = suite.contracts[name], suite.standards_keeper

    book.set_grace(30 * DAY_S, sender=keeper)

    assert events(book) == [("GraceSet", {"grace_s": 30 * DAY_S})]
    assert book.grace_s() == 30 * DAY_S
    refused = reason(book.set_grace, 30 * DAY_S + 1, sender=keeper)
    assert refused == "gauges: grace over thirty days"


def test_track_range_keeps_the_days_lowest_and_highest_value(suite, name):
    book, channel = suite.contracts[name], gauge(suite, name)

    book.track_range(channel, True, sender=suite.standards_keeper)

    assert events(book) == [("RangeTracked", {"channel": channel, "tracked": True})]
    assert book.gauge(channel).ranged
    read(suite, name, channel, 700, 30, 400)
    ruling = book.ruling(channel)
    assert (ruling.low, ruling.high) == (OFFSET + 30, OFFSET + 700)
    book.track_range(channel, False, sender=suite.standards_keeper)
    assert not book.gauge(channel).ranged


def test_track_range_refuses_a_gauge_that_is_not_there(suite, name):
    book = suite.contracts[name]

    refused = reason(book.track_range, 99, True, sender=suite.standards_keeper)

    assert refused == "gauges: unknown gauge"
