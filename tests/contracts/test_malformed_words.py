"""Words that break the frame revert the whole batch, so that nobody can hide words in it."""

import pytest

from tests.contracts.answers import reason
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, GAUGE, HASH, METER, T0

EVEN = [(7, 60)] * 6
UNEVEN = [(7, 60), (7, 61), (7, 62)]
EVEN_VALUES = [(OFFSET + volume, duration) for volume, duration in EVEN]
UNEVEN_VALUES = [(OFFSET + volume, duration) for volume, duration in UNEVEN]


def meters_refuse(suite, change):
    """The answers to an even and an uneven group after `change`."""
    number, lane = suite.channel(METER, "QuotaTracker"), suite.lane(suite.quota_tracker)
    groups = [change(meter_group(number, 100, T0, readings)) for readings in (EVEN, UNEVEN)]
    return {
        reason(suite.quota_tracker.record_meters, lane, 0, HASH, packed(g), b"", sender=suite.relay)
        for g in groups
    }


def gauges_refuse(suite, change):
    number, lane = (
        suite.channel(GAUGE, "QualityProvenance", COD),
        suite.lane(suite.quality_provenance),
    )
    record = suite.quality_provenance.record_gauges
    groups = [change(gauge_group(number, T0, r)) for r in (EVEN_VALUES, UNEVEN_VALUES)]
    return {
        reason(record, lane, 0, HASH, packed(group), b"", sender=suite.relay) for group in groups
    }


def shortened(group):
    return group[:-1]


def with_a_bit_in_the_padding(group):
    return [*group[:-1], group[-1] | 1 << 255]


@pytest.mark.parametrize(("kind", "refuse"), [("meters", meters_refuse), ("gauges", gauges_refuse)])
def test_a_group_shorter_than_its_header_says_is_refused(suite, kind, refuse):
    assert refuse(suite, shortened) == {f"{kind}: truncated group"}


@pytest.mark.parametrize(("kind", "refuse"), [("meters", meters_refuse), ("gauges", gauges_refuse)])
def test_bits_after_the_last_reading_are_refused(suite, kind, refuse):
    assert refuse(suite, with_a_bit_in_the_padding) == {f"{kind}: padding not zero"}


def test_bits_between_value_and_time_of_an_uneven_lane_are_refused(suite):
    number, lane = (
        suite.channel(GAUGE, "QualityProvenance", COD),
        suite.lane(suite.quality_provenance),
    )
    header, word = gauge_group(number, T0, UNEVEN_VALUES)

    refused = reason(
        suite.quality_provenance.record_gauges,
        lane,
        0,
        HASH,
        packed([header, word | 1 << 32]),
        b"",
        sender=suite.relay,
    )

    assert refused == "gauges: lane bits not zero"
