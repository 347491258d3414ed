"""Outlets' gauges beside a model: alerts, rulings, days closed by hand, late and refused groups."""

from dataclasses import dataclass
from functools import partial

import boa
import pytest

from tests.contracts.intake_models import GaugeModel
from tests.contracts.intake_words import OFFSET, gauge_group, packed
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, NOW, T0, word
from tests.contracts.test_intake_models import GAUGE_EVENTS, told
from tests.stateful.walking import Beside, walk

ACTS = [*["is_read"] * 12, *["day_is_closed", "time_passes"] * 4, "is_judged", "grace_is_set"]
DAYS = [T0 + DAY_S * i for i in range(800)]
BEGINS = NOW - 3 * DAY_S
LIMITS = [(None, 1_000), (10, 1_000), (333, 777), (500, 500)]
UNKNOWN_CHANNEL, BROKEN_CONTINUITY, FUTURE = 1, 3, 4
EVENTS = GAUGE_EVENTS | {"LateReadings": lambda e: (e.channel, e.count, e.until_at)}


@dataclass
class Probe:
    """A gauge, how it is judged, and its model."""

    channel: int
    parameter: bytes
    model: GaugeModel


class Outfall(Beside):
    """One outlet with two gauges, read in batches of groups of both."""

    def __init__(self, suite, chance):
        super().__init__(suite, chance)
        self.book, self.grace_s = suite.discharge_limits, 6 * 3_600
        self.permit = suite.permit(kind=2)
        self.probes = [self.enrolled(name) for name in (COD, word("nh3n"))]
        self.lane = suite.lane(self.book)

    def enrolled(self, parameter):
        named = {"parameter": parameter, "opened_at": BEGINS}
        channel = self.suite.channel(GAUGE, "DischargeLimits", permit=self.permit, **named)
        chance = self.chance
        dwell = chance.choice([(1, 0), (3, 0), (2, 1_800)])
        model = GaugeModel(BEGINS, DAYS, 0, 0, 0, 0, *dwell, needed=chance.choice([1, 4]))
        probe = Probe(channel, parameter, model)
        self.judges(probe)
        return probe

    def judges(self, probe):
        """The bands by the rule: a share of the limit further in, rounded towards the limit."""
        (lo, hi), share = self.chance.choice(LIMITS), self.chance.choice([0, 700])
        leave_lo = lo + lo * share // 10_000 if lo else lo
        leave_hi = hi - hi * share // 10_000
        if lo and leave_lo > leave_hi:
            share, leave_lo, leave_hi = 0, lo, hi
        limit = self.suite.limit(probe.parameter, lo, hi)
        model, keeper = probe.model, self.suite.standards_keeper
        self.book.judge(
            *(probe.channel, limit, model.dwell_readings, model.dwell_s, share, model.needed),
            sender=keeper,
        )
        low = (0, 0) if lo is None else (OFFSET + lo, OFFSET + leave_lo)
        model.judge(low[0], OFFSET + hi, low[1], OFFSET + leave_hi)

    def is_judged(self):
        self.judges(self.chance.choice(self.probes))
        self.done["judged"] += 1

    def grace_is_set(self):
        grace_s = self.chance.choice([0, 3_600, 6 * 3_600, 30 * DAY_S + 1])
        keeper, allowed = self.suite.standards_keeper, grace_s <= 30 * DAY_S
        if self.attempt(self.book.set_grace, grace_s, sender=keeper, allowed=allowed):
            self.grace_s = grace_s

    def time_passes(self):
        boa.env.evm.patch.timestamp += self.chance.choice([3_600, DAY_S, 5 * DAY_S])

    def values(self, model):
        """Near one of the limits, so that excesses begin, go on and end."""
        near = self.chance.choice([model.lo or OFFSET, model.hi, (OFFSET + 500)])
        step, even = self.chance.choice([60, 900, 3_600, DAY_S]), self.chance.random() < 0.5
        count = self.chance.choice([1, 2, 3] if step == DAY_S else [1, 2, 5, 8, 9, 17])
        return [
            (
                max(OFFSET, near + self.chance.randrange(-15, 16)),
                step if even and i else self.chance.randrange(1, 2 * step),
            )
            for i in range(count)
        ]

    def is_read(self):
        """A batch of groups, some void, some of which cannot be true and are refused alone."""
        words, expected = [], []
        for probe in self.chance.choices(self.probes, k=self.chance.randrange(1, 4)):
            group, model = self.values(probe.model), probe.model
            void, mark = self.chance.random() < 0.1, self.chance.choice([0, 1])
            lag = self.chance.choice([*[0] * 9, 1])
            channel = self.chance.choice([*[probe.channel] * 19, 2**32 - 1])
            words += gauge_group(channel, model.at - lag, group, mark=mark, void=void)
            end = model.at + sum(duration_s for _, duration_s in group)
            if channel != probe.channel:
                expected.append(("GroupRefused", channel, UNKNOWN_CHANNEL))
            elif lag:
                expected.append(("GroupRefused", channel, BROKEN_CONTINUITY))
            elif end > self.now:
                expected.append(("GroupRefused", channel, FUTURE))
            else:
                expected += self.taken(probe, group, void)
        batch_id = self.book.lane(self.lane).next_id
        arguments = (self.lane, batch_id, HASH, packed(words), b"")
        self.book.record_gauges(*arguments, sender=self.suite.relay)
        assert told(self.book, EVENTS) == expected
        self.done.update(name for name, *_ in expected)

    def taken(self, probe, group, void):
        model = probe.model
        model.told, model.late = [], 0
        for value, duration_s in group:
            model.take(value, duration_s, void)
        late = [("LateReadings", probe.channel, model.late, model.at)] if model.late else []
        return model.told + late

    def day_is_closed(self):
        """The current day or one beside it, by anyone, once it is over and its grace too."""
        probe = self.chance.choice(self.probes)
        model, day = probe.model, probe.model.day + self.chance.choice([0, 0, 0, 0, -1, 1])
        over = day == model.day and self.now > DAYS[day + 1] + self.grace_s
        close, sender = self.book.close, boa.env.eoa
        if self.attempt(close, probe.channel, day, sender=sender, allowed=over):
            model.told = []
            model.close()
            assert told(self.book, EVENTS) == model.told

    def agrees(self):
        for probe in self.probes:
            model, gauge = probe.model, self.book.gauge(probe.channel)
            assert (gauge.last_at, gauge.paused) == (model.at, model.closed)
            assert (gauge.count, gauge.total) == (len(model.values), sum(model.values))
            assert (gauge.high_alert, gauge.low_alert) == (
                model.standing == "high",
                model.standing == "low",
            )
            assert self.book.ruling(probe.channel).period == model.day
            for day in range(model.day - 3, model.day):
                held = self.book.ruled(probe.channel, day)
                total, count = model.ruled.get(day, (0, 0))
                assert held % 2**96 == total | count << 64


@pytest.mark.stateful
def test_outlets_agree_with_their_model(deployed):
    done = walk(partial(Outfall, deployed), ACTS, steps=40, walks=20)

    assert set(done) - {"refused"} == {*EVENTS, "close", "set_grace", "judged"}
