"""Violations beside a model: which days are on record, who moved them, what repeats what."""

from dataclasses import dataclass, field
from functools import partial

import boa
import pytest

from tests.contracts.outlets import Outlet
from tests.contracts.suite import DAY_S, HASH, T0
from tests.contracts.test_violations import (
    ANSWERED,
    APPEALED,
    DETECTED,
    NOT_GENUINE,
    NOTIFIED,
    RESOLVED,
    STEPS,
    TERM_S,
    UPHELD,
)
from tests.stateful.walking import Beside, walk

ACTS = [
    *["notify", "answer", "decide"] * 3,
    *["appeal", "resolve", "day_is_closed", "is_detected"] * 2,
    *["time_passes"] * 3,
]
YEAR_DAYS = 120  # twelve of the tests' months of ten days
LOW, HIGH = 10, 1_000
REACHED = {"notify": NOTIFIED, "answer": ANSWERED, "resolve": RESOLVED, "appeal": APPEALED}


@dataclass
class Gauge:
    """An outlet's gauge and the values of each of its closed days."""

    outlet: Outlet
    days: dict[int, list[int]] = field(default_factory=dict)

    def exceeded(self, day):
        values = self.days.get(day, [])
        low, high = LOW * len(values), HIGH * len(values)
        return len(values) >= self.outlet.needed and not low <= sum(values) <= high


@dataclass
class Violation:
    """A day on record; `stated_at` is the date of its last step."""

    gauge: Gauge
    day: int
    stated_at: int
    state: int = DETECTED
    notified_by: str = ""


class Court(Beside):
    """Two gauges of one station and parameter, and an officer with the duties of both sides."""

    def __init__(self, suite, chance):
        super().__init__(suite, chance)
        self.both = boa.env.generate_address()  # supervises and decides
        suite.by_both("open_post", 1, "both", 512 | 128, self.both, 0, 2**32 - 1)
        self.gauges = [Gauge(Outlet(suite, HIGH, LOW, needed=n)) for n in (1, 2)]
        self.violations: list[Violation] = []
        while not self.violations:
            self.day_is_closed()
            self.is_detected()

    def time_passes(self):
        boa.env.evm.patch.timestamp += self.chance.choice([1, 3_600, 5 * DAY_S, TERM_S, TERM_S])

    def day_is_closed(self):
        """The next day of a gauge, or a later one after which the days between are missing."""
        gauge = self.chance.choice(self.gauges)
        day = max(gauge.days, default=-1) + self.chance.choice([1, 1, 1, 2, 40, 119, 120, 121])
        if T0 + (day + 1) * DAY_S + gauge.outlet.book.grace_s() >= self.now:
            return
        values = [
            self.chance.choice([0, 9, 10, 11, 1_000, 1_001, 3_000])
            for _ in range(self.chance.randrange(1, 4))
        ]
        gauge.outlet.day(day, values)
        gauge.days[day] = values
        self.done["closed"] += 1

    def is_detected(self):
        gauge = self.chance.choice(self.gauges)
        day = self.chance.choice([*sorted(gauge.days)[-4:], 0])
        known = any(one.gauge is gauge and one.day == day for one in self.violations)
        allowed = gauge.exceeded(day) and not known
        detect, sender = self.suite.violations.detect, boa.env.eoa
        if self.attempt(detect, gauge.outlet.channel, day, sender=sender, allowed=allowed):
            self.violations.append(Violation(gauge, day, self.now))
            told = self.suite.violations.violation(len(self.violations))
            assert told.duration_s == self.run(gauge, day) * DAY_S
            assert told.repeats == self.repeats(self.violations[-1])
            values = gauge.days[day]
            assert told.high == (sum(values) > HIGH * len(values))

    def run(self, gauge, day):
        """How many days in one piece were exceeded, this one being the last."""
        first = day
        while gauge.exceeded(first - 1):
            first -= 1
        return day - first + 1

    def repeats(self, one):
        """Others of the twelve months before, of the same outlet and parameter."""
        return sum(
            other.day < one.day <= other.day + YEAR_DAYS and other.state != NOT_GENUINE
            for other in self.violations
        )

    def notify(self):
        self.moves("notify", [self.suite.supervisor, self.both], [self.suite.decider])

    def answer(self):
        self.moves("answer", [self.suite.holder], [self.suite.supervisor])

    def resolve(self):
        self.moves("resolve", [self.suite.supervisor, self.both], [self.suite.holder])

    def appeal(self):
        self.moves("appeal", [self.suite.holder], [self.both])

    def decide(self):
        self.moves("decide", [self.suite.decider, self.both], [self.suite.supervisor])

    def moves(self, name, may, may_not):
        """One step on one of the latest, by somebody, on a date that may not fit."""
        chance, latest = self.chance, len(self.violations)
        missing = chance.random() < 0.05 or not latest
        number = latest if missing else chance.randrange(max(0, latest - 2), latest)
        one = self.violations[number] if number < latest else None
        sender = chance.choice([*may * 6, *may_not])
        document = chance.choice([HASH] * 12 + [b"\0" * 32])
        at = chance.choice([*[0] * 8, self.now, self.now + 1, self.now - 3_600])
        stated_at = at or self.now
        genuine = (chance.random() < 0.5,) if name == "decide" else ()
        allowed = (
            one is not None
            and self.may_move(one, name, stated_at)
            and sender in may
            and any(document)
            and one.stated_at <= stated_at <= self.now
            and not (name == "decide" and sender == one.notified_by)
        )
        function = getattr(self.suite.violations, name)
        arguments = (number + 1, *genuine, document, at)
        if self.attempt(function, *arguments, sender=sender, allowed=allowed):
            if (name, one.state) == ("resolve", NOTIFIED):
                self.done["unanswered"] += 1
            one.state = REACHED.get(name) or (UPHELD if genuine[0] else NOT_GENUINE)
            one.stated_at = stated_at
            if name == "notify":
                one.notified_by = sender

    def may_move(self, one, name, stated_at):
        """From the state before it; what nobody answered in time may be resolved too."""
        if (name, one.state) == ("resolve", NOTIFIED):
            return stated_at > one.stated_at + TERM_S
        return one.state == STEPS[name][0]

    def agrees(self):
        violations = self.suite.violations
        assert violations.violation_count() == len(self.violations)
        for number, one in list(enumerate(self.violations, 1))[-5:]:
            assert violations.violation(number).state == one.state
            assert violations.step(number, one.state).at == one.stated_at
            assert violations.repeats_of(number) == self.repeats(one)


@pytest.mark.stateful
def test_violations_agree_with_their_model(deployed):
    done = walk(partial(Court, deployed), ACTS, steps=60, walks=20)

    assert set(done) - {"refused"} == {"closed", "detect", "unanswered", *STEPS}
