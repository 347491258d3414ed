"""A batch fits the gas it may ask for whatever its readings do, and mostly what it asks first."""

import numpy as np
import pytest

from ledger.channels import GAUGE, METER
from ledger.hashing import keccak
from ledger.leaves import INSTANT, MEASURED
from ledger.packing import RECORD_GAUGES, RECORD_METERS, ZERO_VALUE, record_calldata
from oracle.batch import GROUP_GAS, Waiting, cut, fill
from tests.contracts.suite import COD, DAY_S, T0
from tests.contracts.test_permit_versions import altered, restricted

MOST_GAS = 24_000_000
LOW, HIGH = 100, 200
PEAK_L_H = 1_000
LEAF = keccak(b"leaf")
DAYS = np.array([T0 + DAY_S * day for day in range(800)])
FLIPPING = [ZERO_VALUE + LOW - 50, ZERO_VALUE + HIGH + 50]
WORSENING = [ZERO_VALUE + HIGH + n for n in range(1, 20_001)]


@pytest.fixture(scope="module")
def town(furnished):
    return furnished


def judged(suite):
    """A gauge whose alerts need a single reading, held between two limits."""
    channel = suite.channel(GAUGE, "QualityProvenance", parameter=COD)
    limit = suite.limit(lo=LOW, hi=HIGH)
    suite.quality_provenance.judge(channel, limit, 1, 0, 0, 1, sender=suite.standards_keeper)
    return channel


def gauge(channel, values):
    at = T0 + 60 * np.arange(1, len(values) + 1)
    marks = np.zeros(len(values), dtype=np.int64)
    return Waiting(channel, GAUGE, INSTANT, 3, T0, 0, at, np.array(values), marks, DAYS)


def meter(channel, volumes):
    at = T0 + 60 * np.arange(1, len(volumes) + 1)
    registers = 100 + np.cumsum(volumes)
    marks = np.zeros(len(volumes), dtype=np.int64)
    return Waiting(channel, METER, MEASURED, 3, T0, 100, at, registers, marks, DAYS[::10])


def spent(town, name, selector, waiting):
    """The gas of the fullest batch of these readings, how many they are, and what was asked."""
    chain, suite = town
    found = fill(waiting, 2**32, MOST_GAS)
    made = cut(found.laid, [LEAF] * sum(found.counts))
    lane = suite.lane(suite.contracts[name])
    data = record_calldata(selector, lane, 0, made.root, made.words)
    call = {"to": suite.contracts[name].address, "data": data, "gas": MOST_GAS}
    receipt = chain.sent(call, suite.relay)
    return receipt["gasUsed"], made.readings, made.gas


def test_readings_that_raise_and_clear_an_alert_each(town):
    waiting = [gauge(judged(town[1]), FLIPPING * 4_000)]

    gas, readings, asked = spent(town, "QualityProvenance", RECORD_GAUGES, waiting)

    assert readings > 2_400
    assert asked < gas <= MOST_GAS


def test_readings_each_worse_than_the_one_before(town):
    waiting = [gauge(judged(town[1]), WORSENING)]

    gas, _, _ = spent(town, "QualityProvenance", RECORD_GAUGES, waiting)

    assert gas <= MOST_GAS


def test_readings_of_which_every_third_is_worse_need_what_is_asked_first(town):
    waiting = [gauge(judged(town[1]), [v for v in WORSENING[:2_000] for _ in range(3)])]

    gas, _, asked = spent(town, "QualityProvenance", RECORD_GAUGES, waiting)

    assert gas <= asked


def test_single_readings_of_many_gauges_that_raise_an_alert_each(town):
    waiting = [gauge(judged(town[1]), FLIPPING[1:]) for _ in range(30)]

    gas, readings, asked = spent(town, "QualityProvenance", RECORD_GAUGES, waiting)

    assert readings == 30
    assert gas <= asked


def test_meter_readings_over_the_peak_and_back_each(town):
    suite = town[1]
    permit = suite.permit(peak_l_h=PEAK_L_H, annual_l=5_000)
    waiting = [meter(suite.channel(METER, "QuotaTracker", permit=permit), [100, 0] * 4_000)]

    gas, readings, _ = spent(town, "QuotaTracker", RECORD_METERS, waiting)

    assert readings > 2_400
    assert gas <= MOST_GAS


def test_first_readings_of_many_meters_after_a_change_of_right(town):
    suite = town[1]
    waiting = []
    for _ in range(20):
        permit = suite.permit(peak_l_h=PEAK_L_H, annual_l=10)
        waiting.append(meter(suite.channel(METER, "QuotaTracker", permit=permit), [5_000]))
        suite.permit_registry.suspend(permit, "broken meter", sender=suite.supervisor)

    gas, readings, _ = spent(town, "QuotaTracker", RECORD_METERS, waiting)

    assert readings == 20
    assert gas <= MOST_GAS


@pytest.mark.parametrize("meters", [1, 16])
def test_the_first_reading_of_a_year_under_a_right_that_was_changed_in_every_way(town, meters):
    chain, suite = town
    channels = []
    for _ in range(4):
        permit = suite.permit(peak_l_h=PEAK_L_H, annual_l=10_000)
        bound = [suite.channel(METER, "QuotaTracker", permit=permit) for _ in range(meters)]
        channels.append(bound[0])
        altered(suite, permit, peak_l_h=900)
        restricted(suite, permit, 500, 0, 2**32 - 1)
        suite.permit_registry.suspend(permit, "broken meter", sender=suite.supervisor)
    suite.permit()  # one block more
    at, mark = np.array([chain.now() - 1]), np.array([0])
    over = np.array([10_000_000])
    waiting = [
        Waiting(channel, METER, MEASURED, 3, T0, 100, at, over, mark, DAYS[::10])
        for channel in channels
    ]

    gas, readings, _ = spent(town, "QuotaTracker", RECORD_METERS, waiting)

    assert readings == 4
    assert GROUP_GAS // 2 < gas // readings <= GROUP_GAS


def test_sixteen_meters_of_one_permit_that_each_change_its_tier(town):
    suite = town[1]
    waiting = []
    for _ in range(2):
        permit = suite.permit(peak_l_h=PEAK_L_H, annual_l=80_000)
        for _ in range(16):
            channel = suite.channel(METER, "QuotaTracker", permit=permit)
            waiting.append(meter(channel, [7_000]))

    gas, readings, _ = spent(town, "QuotaTracker", RECORD_METERS, waiting)

    assert readings == 32
    assert gas <= MOST_GAS
