"""What the oracle foresees from a reading alone is what the contract rules later."""

import boa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle.readings import Reading, block_of
from oracle.warnings.alerts import Limits, Peak, Standing, follow_gauge, follow_meter
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, GAUGE, HASH, METER, T0

ANCHORED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
GAUGE_NAMES = {"AlertRaised": True, "AlertCleared": False}
METER_NAMES = {"PeakExceeded": True, "PeakReturned": False}


def told(contract, names):
    return [(names[type(e).__name__], e) for e in contract.get_logs() if type(e).__name__ in names]


@st.composite
def groups(draw, values):
    """A few groups of readings, each a value and the seconds since the one before."""
    one = st.tuples(values, st.integers(1, 900))
    return draw(st.lists(st.lists(one, min_size=1, max_size=12), min_size=1, max_size=5))


@settings(max_examples=60, deadline=None, suppress_health_check=ANCHORED)
@given(
    some=groups(st.integers(0, 60)),
    dwell=st.sampled_from([(1, 0), (2, 0), (3, 600), (1, 900)]),
    hysteresis=st.sampled_from([0, 500, 3_000]),
    voids=st.sets(st.integers(0, 4)),
)
def test_a_gauges_alerts_are_the_contracts_own(suite, some, dwell, hysteresis, voids):
    with boa.env.anchor():
        book, keeper = suite.quality_provenance, suite.standards_keeper
        channel = suite.channel(GAUGE, "QualityProvenance", COD)
        limit = suite.limit(COD, 10, 40)
        book.judge(channel, limit, *dwell, hysteresis, 1, sender=keeper)
        rule = Limits(*book.limits(channel)[:6])
        lane, at, standing = suite.lane(book), T0, Standing(0, T0, 0)
        for batch_id, group in enumerate(some):
            void = batch_id in voids
            stored = [(OFFSET + value, step) for value, step in group]
            words = packed(gauge_group(channel, at, stored, mark=3 if void else 0, void=void))
            book.record_gauges(lane, batch_id, HASH, words, b"", sender=suite.relay)
            ruled = [
                (raised, e.at, e.since_at, e.high, e.worst) for raised, e in told(book, GAUGE_NAMES)
            ]
            readings = []
            for value, step in stored:
                at += step
                readings.append(Reading(channel, at, value, 128 | 3 if void else 0, 0))
            foreseen = []
            block = block_of(channel, readings)
            standing = follow_gauge(rule, standing, block, foreseen.append)

            seen = [(c.raised, c.at, c.since_at, c.side == "high", c.value) for c in foreseen]
            assert seen == ruled
            gauge = book.gauge(channel)
            assert (standing.side == "high", standing.side == "low", standing.pending) == (
                gauge.high_alert,
                gauge.low_alert,
                gauge.pending,
            )


@settings(max_examples=30, deadline=None, suppress_health_check=ANCHORED)
@given(some=groups(st.integers(0, 200)))
def test_a_meters_excess_of_its_peak_is_the_contracts_own(suite, some):
    with boa.env.anchor():
        permit = suite.permit(annual_l=10**9, peak_l_h=600)
        channel = suite.channel(METER, "QuotaTracker", permit=permit)
        book = suite.quota_tracker
        rule = Peak(book.meter(channel).peak_l_h, book.base(channel)[4])
        assert rule.return_l_h == 570
        lane, at, register, standing = suite.lane(book), T0, 100, Standing(0, T0, 100)
        for batch_id, group in enumerate(some):
            words = packed(meter_group(channel, register, at, group))
            book.record_meters(lane, batch_id, HASH, words, b"", sender=suite.relay)
            ruled = [(raised, e.at) for raised, e in told(book, METER_NAMES)]
            readings = []
            for volume_l, step in group:
                at, register = at + step, register + volume_l
                readings.append(Reading(channel, at, register, 0, 0))
            foreseen = []
            block = block_of(channel, readings)
            standing = follow_meter(rule, standing, block, foreseen.append)

            assert [(c.raised, c.at) for c in foreseen] == ruled
            assert (standing.side == "high") == book.meter(channel).over
