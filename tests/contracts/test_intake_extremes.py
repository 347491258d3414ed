"""Lanes at their edges: what is added up eight at a time equals what is added up one by one."""

import boa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events
from tests.contracts.intake_models import GaugeModel
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, GAUGE, HASH, METER, T0
from tests.contracts.test_intake_models import DAYS, GAUGE_EVENTS, told

# each example stands on a snapshot of its own inside the test's
ANCHORED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
TOP = 2**32 - 1
EDGES = [0, 1, 2**16, 2**31 - 1, 2**31, 2**31 + 1, TOP - 1, TOP]
# lengths around whole words and around four words
COUNTS = st.sampled_from([1, 2, 8, 9, 10, 32, 33, 34, 40, 41, 65, 70])


@st.composite
def groups(draw, edges):
    """Mostly one amount, with some at the edges: many equal lanes carry where anything can."""
    usual = draw(st.sampled_from([*edges, 100]))
    amounts = [usual] * draw(COUNTS)
    for _ in range(draw(st.integers(0, 3))):
        amounts[draw(st.integers(0, len(amounts) - 1))] = draw(st.sampled_from(edges))
    steps = draw(st.sampled_from([(60,), (60,), (60, 61)]))
    return [(amount, steps[i % len(steps)]) for i, amount in enumerate(amounts)]


@settings(max_examples=60, suppress_health_check=ANCHORED)
@given(group=groups(EDGES), peak_l_h=st.sampled_from([0, 3_600, 2**31, TOP]))
def test_volumes_of_any_size_are_counted_and_held_against_the_peak(suite, group, peak_l_h):
    with boa.env.anchor():
        tracker = suite.quota_tracker
        permit = suite.permit(peak_l_h=peak_l_h, annual_l=2**47) if peak_l_h else 0
        channel = suite.channel(METER, "QuotaTracker", permit=permit)
        # a meter without a permit has the highest rate that there is, and no way back below it
        peak, back = (peak_l_h, peak_l_h * 9_500 // 10_000) if permit else (TOP, 0)
        over, expected = False, []
        for volume_l, duration_s in group:
            rate = volume_l * 3_600
            if not over and rate > peak * duration_s:
                expected.append("PeakExceeded")
                over = True
            elif over and rate <= back * duration_s:
                expected.append("PeakReturned")
                over = False

        words = packed(meter_group(channel, 100, T0, group))
        tracker.record_meters(suite.lane(tracker), 0, HASH, words, b"", sender=suite.relay)

        found = [name for name, _ in events(tracker) if name.startswith("Peak")]
        assert found == expected
        meter = tracker.meter(channel)
        assert meter.register_l == 100 + sum(volume_l for volume_l, _ in group)
        assert meter.last_at == T0 + sum(duration_s for _, duration_s in group)
        assert tracker.lane(1).total_l == meter.register_l - 100


@settings(max_examples=80, suppress_health_check=ANCHORED)
@given(
    group=groups([*EDGES, OFFSET + 99, OFFSET + 100, OFFSET + 300, OFFSET + 301]),
    judged=st.booleans(),
    ranged=st.booleans(),
)
def test_values_of_any_size_are_added_up_and_held_against_the_band(suite, group, judged, ranged):
    with boa.env.anchor():
        provenance, keeper = suite.quality_provenance, suite.standards_keeper
        channel = suite.channel(GAUGE, "QualityProvenance", COD)
        if judged:
            provenance.judge(channel, suite.limit(COD, 100, 300), 2, 0, 0, 1, sender=keeper)
        if ranged:
            provenance.track_range(channel, True, sender=keeper)
        limits = provenance.limits(channel)
        bounds = (limits.enter_lo, limits.enter_hi, limits.leave_lo, limits.leave_hi)
        model = GaugeModel(T0, DAYS, *bounds, 2, 0, 1)
        for value, duration_s in group:
            model.take(value, duration_s, False)

        words = packed(gauge_group(channel, T0, group))
        provenance.record_gauges(suite.lane(provenance), 0, HASH, words, b"", sender=suite.relay)

        assert told(provenance, GAUGE_EVENTS) == model.told
        gauge = provenance.gauge(channel)
        assert (gauge.value, gauge.last_at) == (group[-1][0], model.at)
        assert (gauge.count, gauge.total) == (len(group), sum(value for value, _ in group))
        if ranged:
            ruling = provenance.ruling(channel)
            assert (ruling.low, ruling.high) == (min(model.values), max(model.values))
