"""Where in a group a value stands makes no difference to its alert, its sum or the day's range."""

import boa
import pytest

from tests.contracts.answers import events
from tests.contracts.intake_words import OFFSET, gauge_group, packed
from tests.contracts.suite import COD, GAUGE, HASH, T0

LO, HI = OFFSET + 100, OFFSET + 300
USUAL = OFFSET + 200
# the first value, then four words of regular ones or eight of irregular ones, and a part of one
COUNT = 1 + 32 + 3
STEPS = {"regular": (60, 60), "irregular": (60, 61)}


@pytest.fixture(params=STEPS)
def steps(request):
    return STEPS[request.param]


@pytest.fixture(params=[False, True], ids=["plain", "ranged"])
def gauge(suite, request):
    """Judged without a dwell: a single value outside raises an alert, the next inside ends it."""
    provenance, keeper = suite.quality_provenance, suite.standards_keeper
    channel = suite.channel(GAUGE, "QualityProvenance", COD)
    provenance.judge(channel, suite.limit(COD, 100, 300), 1, 0, 0, 1, sender=keeper)
    provenance.track_range(channel, request.param, sender=keeper)
    return channel


def taken(suite, channel, values, steps):
    """The alerts that a group raises on a channel of which nothing was read."""
    provenance = suite.quality_provenance
    group = [(value, steps[place % 2]) for place, value in enumerate(values)]
    words = packed(gauge_group(channel, T0, group))
    provenance.record_gauges(suite.lane(provenance), 0, HASH, words, b"", sender=suite.relay)
    assert provenance.gauge(channel).total == sum(values)
    ruling = provenance.ruling(channel)
    ranged = provenance.gauge(channel).ranged
    assert (ruling.low, ruling.high) == ((min(values), max(values)) if ranged else (2**32 - 1, 0))
    return [(about["high"], about["worst"]) for _, about in events(provenance, "AlertRaised")]


@pytest.mark.parametrize("count", [1, 2, COUNT])
def test_a_value_at_its_limit_raises_no_alert_wherever_it_stands(suite, gauge, steps, count):
    for place in range(count):
        for limit in (LO, HI):
            with boa.env.anchor():
                values = [limit if at == place else USUAL for at in range(count)]
                assert taken(suite, gauge, values, steps) == []


@pytest.mark.parametrize("count", [1, 2, COUNT])
def test_a_value_one_beyond_its_limit_raises_one_wherever_it_stands(suite, gauge, steps, count):
    for place in range(count):
        for value, high in ((LO - 1, False), (HI + 1, True)):
            with boa.env.anchor():
                values = [value if at == place else USUAL for at in range(count)]
                assert taken(suite, gauge, values, steps) == [(high, value)]


@pytest.mark.parametrize("apart", [1, 7, COUNT // 2])
def test_the_day_s_range_has_both_ends_wherever_they_stand(suite, gauge, steps, apart):
    for place in range(COUNT):
        with boa.env.anchor():
            values = [USUAL] * COUNT
            values[place], values[(place + apart) % COUNT] = USUAL - 1, USUAL + 1
            assert taken(suite, gauge, values, steps) == []
