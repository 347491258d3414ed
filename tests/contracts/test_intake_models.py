"""The intake against a model that takes one reading after another."""

from bisect import bisect_left
from typing import Any

import boa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.intake_models import Account, GaugeModel, MeterModel
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, CUTS, DAY_S, GAUGE, HASH, METER, T0, Suite

YEARS = [T0 + DAY_S * 40 * i for i in range(20)]
MONTHS = [T0 + DAY_S * 10 * i for i in range(80)]
DAYS = [T0 + DAY_S * i for i in range(800)]
# each example stands on a snapshot of its own inside the test's
ANCHORED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
LATEST = T0 + 390 * DAY_S  # nothing later than the chain's own time

METER_EVENTS = {
    "TierChanged": lambda e: (e.at, e.tier, e.used_l),
    "PlanApproached": lambda e: (e.at, e.used_l),
    "PaceExceeded": lambda e: (e.month_end_at, e.used_l),
    "PeakExceeded": lambda e: (e.at, e.volume_l),
    "PeakReturned": lambda e: (e.at, e.volume_l),
    "GroupRefused": lambda e: (e.channel, e.reason),
}
GAUGE_EVENTS = {
    "AlertRaised": lambda e: (e.at, e.since_at, "high" if e.high else "low", e.worst),
    "AlertCleared": lambda e: (e.at, "high" if e.high else "low", e.worst),
    "PeriodRuled": lambda e: (e.period, e.total, e.count, e.voided, e.verdict),
    "PeriodsMissing": lambda e: (e.first, e.last),
    "GroupRefused": lambda e: (e.channel, e.reason),
}


def told(contract: Any, events: dict[str, Any]) -> list[tuple[object, ...]]:
    """What the last call logged, in the model's words."""
    logs = [(type(e).__name__, e) for e in contract.get_logs()]
    return [(name, *events[name](e)) for name, e in logs if name in events]


def at_turns(suite: Suite, channel: int, calendar: int, periods: range) -> list[int | None]:
    """The registers kept at the turns into some periods, None where there is none."""
    found = [suite.register_turns.register_at_turn(channel, calendar, k) for k in periods]
    return [one.register_l if one.known else None for one in found]


@st.composite
def readings(draw: st.DrawFn, amounts: st.SearchStrategy[int]) -> list[tuple[int, int]]:
    """A group: even steps or uneven ones, now and then over a period's end."""
    count = draw(st.sampled_from([1, 2, 5, 8, 9, 17]))
    step = draw(st.sampled_from([60, 900, 3_600, DAY_S]))
    even = draw(st.booleans())
    durations = [step if even and i else draw(st.integers(1, 2 * step)) for i in range(count)]
    return [(draw(amounts), duration_s) for duration_s in durations]


@settings(max_examples=40, deadline=None, suppress_health_check=ANCHORED)
@given(data=st.data())
def test_meters_agree_with_the_model_reading_by_reading(suite: Suite, data: st.DataObject) -> None:
    with boa.env.anchor():
        plan_l = 10 ** data.draw(st.integers(2, 8))
        peak_l_h = data.draw(st.sampled_from([2**32 - 1, 50, 5_000]))
        from_at = data.draw(st.sampled_from([T0, T0 + 3 * DAY_S]))
        until_at = data.draw(st.sampled_from([T0 + 700 * DAY_S, T0 + 30 * DAY_S]))
        permit = suite.permit(
            annual_l=plan_l, peak_l_h=peak_l_h, from_at=from_at, until_at=until_at
        )
        account = Account(plan_l, peak_l_h, CUTS[:3], CUTS[3], CUTS[4])
        models = {}
        for _ in range(data.draw(st.sampled_from([1, 1, 3]))):
            channel = suite.channel(METER, "QuotaTracker", permit=permit)
            models[channel] = MeterModel(account, 100, T0, YEARS, MONTHS, from_at, until_at)
        calendar = data.draw(st.sampled_from([0, 1, 2]))
        if calendar:
            suite.register_turns.set_turns(list(models), calendar, sender=suite.device_keeper)
        lane = suite.lane(suite.quota_tracker)
        volumes = st.one_of(st.just(0), st.integers(0, plan_l // 3), st.integers(0, plan_l // 99))

        for _ in range(data.draw(st.integers(1, 6))):
            words, expected, unlawful_l = [], [], 0
            for _ in range(data.draw(st.integers(1, 3))):
                channel = data.draw(st.sampled_from(sorted(models)))
                model, group = models[channel], data.draw(readings(volumes))
                if model.at + sum(duration_s for _, duration_s in group) > LATEST:
                    continue
                words += meter_group(channel, model.register_l, model.at, group)
                model.told, model.unlawful_l = [], 0
                for volume_l, duration_s in group:
                    model.take(volume_l, duration_s, from_at < model.at + duration_s <= until_at)
                expected += model.told
                unlawful_l += model.unlawful_l
            if not words:
                continue
            batch_id = suite.quota_tracker.lane(lane).next_id
            suite.quota_tracker.record_meters(
                lane, batch_id, HASH, packed(words), b"", sender=suite.relay
            )

            assert told(suite.quota_tracker, METER_EVENTS) == expected
            without_right = [
                e.volume_l
                for e in suite.quota_tracker.get_logs()
                if type(e).__name__ == "UseWithoutRight"
            ]
            assert sum(without_right) == unlawful_l
            for channel, model in models.items():
                meter = suite.quota_tracker.meter(channel)
                assert (meter.register_l, meter.last_at) == (model.register_l, model.at)
                assert meter.over == model.over
                if calendar:
                    turns = {1: DAYS, 2: MONTHS}[calendar]
                    until = bisect_left(turns, model.at) + 2
                    seen = range(max(0, until - 60), until)
                    assert at_turns(suite, channel, calendar, seen) == [
                        model.at_turn(turns[k]) for k in seen
                    ]
            for year in range(12):
                assert suite.quota_tracker.used_l(permit, year) == account.used_l.get(year, 0)
            assert suite.quota_tracker.lane(lane).next_id == batch_id + 1


@settings(max_examples=40, deadline=None, suppress_health_check=ANCHORED)
@given(data=st.data())
def test_gauges_agree_with_the_model_reading_by_reading(suite: Suite, data: st.DataObject) -> None:
    with boa.env.anchor():
        resolution = data.draw(st.sampled_from([1, 10]))
        lo = data.draw(st.sampled_from([None, 0, 300, 333]))
        hi = data.draw(st.sampled_from([600, 777, 1_000]))
        channel = suite.channel(GAUGE, "QualityProvenance", COD, resolution=resolution)
        dwell_readings = data.draw(st.integers(1, 4))
        dwell_s = data.draw(st.sampled_from([0, 0, 600]))
        needed = data.draw(st.integers(1, 10))
        suite.quality_provenance.judge(
            channel,
            suite.limit(COD, lo, hi),
            dwell_readings,
            dwell_s,
            data.draw(st.sampled_from([0, 500, 1_000])),
            needed,
            sender=suite.standards_keeper,
        )
        ranged = data.draw(st.booleans())
        if ranged:
            suite.quality_provenance.track_range(channel, True, sender=suite.standards_keeper)
        limits = suite.quality_provenance.limits(channel)
        model = GaugeModel(
            T0,
            DAYS,
            limits.enter_lo,
            limits.enter_hi,
            limits.leave_lo,
            limits.leave_hi,
            dwell_readings,
            dwell_s,
            needed,
        )
        lane = suite.lane(suite.quality_provenance)
        near = st.sampled_from([(lo or 0), hi, (hi + (lo or 0)) // 2])
        values = st.tuples(near, st.integers(-15, 15)).map(
            lambda pair: OFFSET + max(0, pair[0] // resolution + pair[1])
        )

        for _ in range(data.draw(st.integers(1, 6))):
            words: list[int] = []
            model.told = []
            for _ in range(data.draw(st.integers(1, 3))):
                group, void = data.draw(readings(values)), data.draw(st.integers(0, 6)) == 0
                if model.at + sum(duration_s for _, duration_s in group) > LATEST:
                    continue
                words += gauge_group(channel, model.at, group, mark=int(void), void=void)
                for value, duration_s in group:
                    model.take(value, duration_s, void)
            if not words:
                continue
            batch_id = suite.quality_provenance.lane(lane).next_id
            suite.quality_provenance.record_gauges(
                lane, batch_id, HASH, packed(words), b"", sender=suite.relay
            )

            assert told(suite.quality_provenance, GAUGE_EVENTS) == model.told
            gauge = suite.quality_provenance.gauge(channel)
            assert gauge.last_at == model.at
            assert (gauge.count, gauge.total) == (len(model.values), sum(model.values))
            if ranged and model.values:
                ruling = suite.quality_provenance.ruling(channel)
                assert (ruling.low, ruling.high) == (min(model.values), max(model.values))
