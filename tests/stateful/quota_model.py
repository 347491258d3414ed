"""Plans beside a list of readings: what every period of a year must say of its use and its plan."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

from tests.contracts.answers import outcome
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.plan_model import walk
from tests.contracts.suite import CUTS, DAY_S, HASH, METER, NOW, T0, Suite, word
from tests.stateful.walking import Beside

MONTH, QUARTER, YEAR = 2, 3, 4
DAYS_OF = {MONTH: 10, QUARTER: 20, YEAR: 40}  # of the tests' calendar
MEASURED, ESTIMATE = 0, 5
SECTOR = word("industry")
PERMIT = 1
YEARS = 4


@dataclass
class Counted:
    """One meter as a list of moments and counts."""

    channel: int
    counts: list[tuple[int, int]] = field(default_factory=lambda: [(T0, 100)])
    closed_l: int | None = None
    corrected: dict[int, int] = field(default_factory=dict)  # by day

    @property
    def at(self) -> int:
        return self.counts[-1][0]

    def read(self, volume_l: int, duration_s: int) -> None:
        pending = T0 + -(-(self.at - T0) // DAY_S) * DAY_S
        self.counts.append((self.at + duration_s, self.counts[-1][1] + volume_l))
        if self.at > pending:
            self.closed_l = None

    def at_turn(self, turn: int) -> int | None:
        if turn < self.at:
            return self.counts[bisect_right(self.counts, (turn, 2**64)) - 1][1]
        return self.closed_l

    def used(self, begins: int, ends: int) -> tuple[int, bool]:
        """Use of a period with its corrections, and whether it was read to its end."""
        start, end = self.at_turn(begins), self.at_turn(ends)
        if begins == T0:
            start = 100
        days = range((begins - T0) // DAY_S, (ends - T0) // DAY_S)
        corrected = sum(self.corrected.get(day, 0) for day in days)
        if start is None:
            return corrected, False
        return (self.counts[-1][1] if end is None else end) - start + corrected, end is not None


class Quota(Beside):
    """A permit with two meters, driven on the contracts and in the model."""

    def __init__(self, suite: Suite, chance: Random) -> None:
        super().__init__(suite, chance)
        self.permit = suite.permit()
        self.meters = [
            Counted(suite.channel(METER, "QuotaTracker", permit=self.permit)) for _ in range(2)
        ]
        channels = [meter.channel for meter in self.meters]
        suite.register_turns.set_turns(channels, 1, sender=suite.device_keeper)
        self.lane = suite.lane(suite.quota_tracker)
        self.rules: list[tuple[int, int, int]] = []  # in force at, carry, borrow
        self.plans: dict[int, tuple[int, list[int], list[int]]] = {}
        self.is_ruled()

    def is_read(self) -> None:
        meter, chance = self.chance.choice(self.meters), self.chance
        longest = chance.choice([3_600, DAY_S, 12 * DAY_S])
        group = [
            (chance.randrange(60), chance.randrange(1, longest))
            for _ in range(chance.choice([1, 3, 9]))
        ]
        book, kind = self.suite.quota_tracker, chance.choice([MEASURED, MEASURED, ESTIMATE])
        now = book.meter(meter.channel)
        words = meter_group(meter.channel, now.register_l, meter.at, group, kind=kind)
        if meter.at + sum(duration_s for _, duration_s in group) > NOW:
            return
        book.record_meters(
            self.lane,
            book.lane(self.lane).next_id,
            HASH,
            packed(words),
            b"",
            sender=self.suite.relay,
        )
        for reading in group:
            meter.read(*reading)
        self.done["read"] += 1

    def is_closed(self) -> None:
        meter = self.chance.choice(self.meters)
        data = self.suite.register_turns.close_turn.prepare_calldata(meter.channel)
        if outcome(self.suite.register_turns, data, self.suite.holder) is None:
            self.suite.register_turns.close_turn(meter.channel, sender=self.suite.holder)
            meter.closed_l = meter.counts[-1][1]
            self.done["closed"] += 1

    def is_corrected(self) -> None:
        meter, day = self.chance.choice(self.meters), self.chance.randrange(40 * YEARS)
        delta_l = self.chance.choice([-40, -7, 9, 60])
        self.suite.quota_plans.adjust(
            meter.channel, day, delta_l, HASH, sender=self.suite.supervisor
        )
        meter.corrected[day] = meter.corrected.get(day, 0) + delta_l
        self.done["corrected"] += 1

    def is_planned(self) -> None:
        """A year's first plan; parts too large for the whole, or another for what has ended."""
        year, chance = self.chance.randrange(YEARS), self.chance
        months = [chance.randrange(200) for _ in range(4)]
        quarters = [sum(months[:2]) + chance.randrange(-5, 30), sum(months[2:])]
        annual_l = sum(quarters) + chance.randrange(-5, 50)
        plan = (0, SECTOR, max(annual_l, 1), [max(q, 0) for q in quarters], months, HASH)
        data = self.suite.quota_plans.set_plan.prepare_calldata(PERMIT, self.permit, year, plan)
        fits = sum(months[:2]) <= plan[3][0] and sum(plan[3]) <= plan[2] and year not in self.plans
        refused = outcome(self.suite.quota_plans, data, self.suite.issuer)
        assert (refused is None) == (fits or self.plans.get(year) == plan[2:5]), refused
        if refused is None:
            self.suite.quota_plans.set_plan(
                PERMIT, self.permit, year, plan, sender=self.suite.issuer
            )
            self.plans[year] = plan[2:5]
            self.done["planned"] += 1

    def is_ruled(self) -> None:
        chance = self.chance
        at = T0 + chance.randrange(40 * YEARS) * DAY_S if self.rules else T0
        carry, borrow = (chance.choice([0, 333, 1_000]) for _ in range(2))
        rule = (SECTOR, 0, [1], carry, borrow, at, HASH)
        self.suite.quota_plans.load_rule(rule, sender=self.suite.standards_keeper)
        self.rules.append((at, carry, borrow))
        self.done["ruled"] += 1

    def agrees(self) -> None:
        if not self.plans:
            return
        year = self.chance.choice(sorted(self.plans))
        calendar = self.chance.choice(list(DAYS_OF))
        annual_l, quarters, months = self.plans[year]
        plans_l = {MONTH: months, QUARTER: quarters, YEAR: [annual_l]}[calendar]
        length, begins = DAYS_OF[calendar] * DAY_S, T0 + 40 * DAY_S * year
        turns = [begins + length * i for i in range(len(plans_l) + 1)]
        uses = [[meter.used(*ends) for meter in self.meters] for ends in pairwise(turns)]
        nets = [max(sum(used for used, _ in use), 0) for use in uses]
        parts = self._walk(plans_l, nets, turns)
        first = bisect_left(range(0, 40 * YEARS, DAYS_OF[calendar]), 40 * year)
        for i, part in enumerate(parts):
            told: Any = self.suite.quota_plans.period(PERMIT, self.permit, calendar, first + i)
            given = told.plan_l + told.carried_l - told.lent_l + told.borrowed_l
            if not told.known:
                self.done["unknown"] += 1
                break
            assert told.net_l == part.net_l
            assert (told.carried_l, told.lent_l) == (part.carried_l, part.lent_l)
            assert (told.borrowed_l, given) == (part.borrowed_l, part.given_l)
            assert (told.left_l, told.over_l) == (part.left_l, part.over_l)
            assert told.tier == part.tier(CUTS[:3])
            assert told.final == all(ended for _, ended in uses[i])
            self.done["final" if told.final else "open"] += 1

    def _walk(self, plans_l: list[int], nets: list[int], turns: list[int]) -> Any:
        """Each period by the latest rule in force when it began."""
        shares = [
            next((c, b) for at, c, b in reversed(self.rules) if at <= begins)
            for begins in turns[:-1]
        ]
        return walk(plans_l, nets, [c for c, _ in shares], [b for _, b in shares])
