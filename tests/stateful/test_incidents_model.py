"""Incidents beside a model: who has not answered, what is left to do, what an order allowed."""

from dataclasses import dataclass, field
from functools import partial

import boa
import pytest

from tests.contracts.answers import events
from tests.contracts.suite import DAY_S, HASH, word
from tests.contracts.test_incidents import REDUCE, RESUME, STOP, WARN, Tap
from tests.stateful.walking import Beside, walk

KINDS = [word("turbidity"), word("spill")]
ACTS = [
    *["is_acknowledged", "step_is_taken"] * 6,
    *["is_closed", "water_is_used", "order_is_checked", "time_passes"] * 3,
    *["order_is_measured"] * 5,
    *["order_is_given", "order_is_accepted", "is_escalated"] * 2,
    *["is_opened", "plan_is_set"],
]
OPEN, CLOSED = 1, 2


@dataclass
class Plan:
    """Departments by their place among the accounts."""

    kind: bytes
    posts: list[int]
    desks: list[int]
    acknowledge_s: int
    steps: list[bytes]


@dataclass
class Incident:
    """What is still awaited."""

    plan: Plan
    drill: bool
    due_at: int
    silent: list[int]
    left: set[int]
    escalations: int = 0
    closed: bool = False


@dataclass
class Order:
    """What a permit may use, from its beginning to its end or the next order to resume."""

    kind: int
    drill: bool
    allowed_l: int
    from_at: int
    until_at: int
    before_l: int
    seen: list[int] = field(default_factory=list)  # the counts at which it was measured
    accepted: bool = False
    checked: bool = False


class Bureau(Beside):
    """Four officers of a department each, a stranger, and a permit with one meter."""

    def __init__(self, suite, chance):
        super().__init__(suite, chance)
        self.officers = [boa.env.generate_address() for _ in range(4)]
        self.stranger = boa.env.generate_address()
        self.posts = []
        for place, account in enumerate(self.officers):
            suite.by_both("open_post", 1, f"department {place}", 0, account, 0, 2**32 - 1)
            self.posts.append(suite.authority.post_count())
        deputy = (self.posts[3], self.officers[0], 0, 2**32 - 1)
        suite.by_both("deputise", *deputy)  # the first officer acts for the last one too
        self.tap, self.used_l = Tap(suite), 0
        self.plans: dict[bytes, list[Plan]] = {kind: [] for kind in KINDS}
        self.incidents: list[Incident] = []
        self.orders: list[Order] = []
        while not all(self.plans.values()):
            self.plan_is_set()
        while not self.incidents:
            self.is_opened()

    def picked(self, found):
        """The number of one of them, seldom of one that is not there, and it or nothing."""
        missing = self.chance.random() < 0.05 or not found
        number = (
            len(found) if missing else self.chance.randrange(max(0, len(found) - 2), len(found))
        )
        return number + 1, found[number] if number < len(found) else None

    def evidence(self):
        return self.chance.choice([*[HASH] * 9, b"\0" * 32])

    def time_passes(self):
        boa.env.evm.patch.timestamp += self.chance.choice([1, 899, 900, 3_600])

    def plan_is_set(self):
        chance, kind = self.chance, self.chance.choice(KINDS)
        plan = Plan(
            kind,
            chance.sample(range(4), chance.choice([0, 1, 2, 3])),
            chance.sample(range(4), chance.randrange(3)),
            chance.choice([0, 1, 1_800, 1_800, 7 * DAY_S, 7 * DAY_S + 1]),
            [word(f"step {n}") for n in range(chance.randrange(3))],
        )
        allowed = plan.posts and 0 < plan.acknowledge_s <= 7 * DAY_S
        posts, desks = ([self.posts[i] for i in places] for places in (plan.posts, plan.desks))
        given = (kind, 0, posts, desks, plan.acknowledge_s, plan.steps)
        set_plan = self.suite.incidents.set_plan
        if self.attempt(set_plan, given, sender=self.suite.supervisor, allowed=allowed):
            self.plans[kind].append(plan)

    def is_opened(self):
        kind, drill, level = self.chance.choice(KINDS), self.chance.random() < 0.3, 3
        evidence = self.evidence()
        allowed = self.plans[kind] and any(evidence)
        arguments = (kind, 1, level, drill, evidence)
        sender = self.suite.dispatcher
        if self.attempt(self.suite.incidents.open, *arguments, sender=sender, allowed=allowed):
            plan = self.plans[kind][-1]
            due_at = self.now + plan.acknowledge_s
            steps = set(range(len(plan.steps)))
            self.incidents.append(Incident(plan, drill, due_at, list(plan.posts), steps))
            self.notified(plan.posts, due_at)

    def notified(self, places, due_at):
        """These departments were told, in this order, and nobody else."""
        told = [
            (fields["post_id"], fields["due_at"])
            for _, fields in events(self.suite.incidents, "PostNotified")
        ]
        assert told == [(self.posts[place], due_at) for place in places]

    def acting(self, place):
        return [self.officers[place], *self.officers[: int(place == 3)]]

    def is_acknowledged(self):
        number, incident = self.picked(self.incidents)
        by = self.chance.choice([*self.officers, *self.officers, self.stranger])
        silent = incident.silent if incident else []
        own = [place for place in silent if by in self.acting(place)]
        allowed = incident and not incident.closed and own
        if self.attempt(self.suite.incidents.acknowledge, number, sender=by, allowed=allowed):
            [(_, told)] = events(self.suite.incidents)
            incident.silent.remove(own[0])
            assert told["post_id"] == self.posts[own[0]]
            assert told["all_have"] == (not incident.silent)

    def is_escalated(self):
        number, incident = self.picked(self.incidents)
        late = incident and not incident.closed and incident.silent and self.now > incident.due_at
        sender = self.stranger
        if self.attempt(self.suite.incidents.escalate, number, sender=sender, allowed=late):
            incident.due_at = self.now + incident.plan.acknowledge_s
            incident.escalations += 1
            self.notified(incident.plan.desks, incident.due_at)

    def step_is_taken(self):
        (number, incident), step = self.picked(self.incidents), self.chance.randrange(3)
        evidence = self.evidence()
        allowed = incident and not incident.closed and step in incident.left and any(evidence)
        take, sender = self.suite.incidents.take_step, self.suite.dispatcher
        if self.attempt(take, number, step, evidence, sender=sender, allowed=allowed):
            incident.left.remove(step)
            [(_, told)] = events(self.suite.incidents)
            assert (told["name"], told["left"]) == (incident.plan.steps[step], len(incident.left))

    def is_closed(self):
        (number, incident), report = self.picked(self.incidents), self.evidence()
        finished = incident and not (incident.closed or incident.silent or incident.left)
        close, sender = self.suite.incidents.close, self.suite.supervisor
        if self.attempt(close, number, report, sender=sender, allowed=finished and any(report)):
            incident.closed = True
            self.done["drill" if incident.drill else "in earnest"] += 1

    def water_is_used(self):
        if self.tap.at < self.now:
            volume_l = self.chance.choice([0, 0, 0, 100, 500])
            self.tap.uses(volume_l, self.chance.choice([self.now, self.now, self.tap.at + 1]))
            self.used_l += volume_l

    def order_is_given(self):
        (number, incident), chance = self.picked(self.incidents), self.chance
        kind = chance.choice([0, WARN, REDUCE, REDUCE, STOP, STOP, RESUME, RESUME + 1])
        allowed_l = chance.choice([1, 500]) if kind == REDUCE else 0
        allowed_l = chance.choice([allowed_l] * 5 + [500 - allowed_l])
        until_at = self.now + chance.choice([0, 1, 900, 7_200, 7_200])
        fits = (kind == REDUCE) == (allowed_l > 0) and WARN <= kind <= RESUME
        allowed = incident and not incident.closed and fits and until_at > self.now
        give, sender = self.suite.incidents.give_order, self.suite.supervisor
        arguments = (number, self.tap.permit, kind, allowed_l, until_at)
        if self.attempt(give, *arguments, sender=sender, allowed=allowed):
            if kind == RESUME:
                for order in self.orders:
                    if order.drill == incident.drill:
                        order.until_at = min(order.until_at, self.now)
            given = Order(kind, incident.drill, allowed_l, self.now, until_at, self.used_l)
            self.orders.append(given)

    def order_is_accepted(self):
        number, order = self.picked(self.orders)
        by_holder = self.chance.random() < 0.8
        sender = self.suite.holder if by_holder else self.stranger
        allowed = order and by_holder and not order.accepted
        if self.attempt(self.suite.incidents.accept_order, number, sender=sender, allowed=allowed):
            order.accepted = True

    def order_is_measured(self):
        number, order = self.picked(self.orders)
        allowed = (
            order is not None
            and order.kind in (REDUCE, STOP)
            and not order.checked
            and order.from_at <= self.tap.at <= order.until_at
        )
        measure, sender = self.suite.incidents.measure_order, self.stranger
        if self.attempt(measure, number, sender=sender, allowed=allowed):
            order.seen.append(self.used_l)
            [(_, told)] = events(self.suite.incidents)
            assert told["proven_l"] == max(order.seen) - min(order.seen)

    def order_is_checked(self):
        number, order = self.picked(self.orders)
        measurable = order and order.kind in (REDUCE, STOP) and not order.checked
        allowed = measurable and self.now >= order.until_at and self.tap.at >= order.until_at
        check, sender = self.suite.incidents.check_order, self.stranger
        if self.attempt(check, number, sender=sender, allowed=allowed):
            order.checked = True
            if self.tap.at == order.until_at:
                order.seen.append(self.used_l)
            most_l = self.used_l - order.before_l
            proven_l = max(order.seen, default=0) - min(order.seen, default=0)
            [(_, told)] = events(self.suite.incidents)
            assert (told["used_l"], told["proven_l"]) == (most_l, proven_l)
            assert told["complied"] == (proven_l <= order.allowed_l)
            undecided = proven_l <= order.allowed_l < most_l
            assert told["provable"] == (not undecided)
            verdict = "complied" if told["complied"] else "disobeyed"
            self.done["undecided" if undecided else verdict] += 1

    def agrees(self):
        incidents = self.suite.incidents
        assert incidents.incident_count() == len(self.incidents)
        assert incidents.order_count() == len(self.orders)
        for number, incident in list(enumerate(self.incidents, 1))[-3:]:
            now = incidents.incident(number)
            assert now.state == (CLOSED if incident.closed else OPEN)
            assert (now.drill, now.due_at) == (incident.drill, incident.due_at)
            assert now.escalations == incident.escalations
            silent = [self.posts[place] for place in incident.silent]
            assert incidents.waits_for(number) == silent
            steps = range(len(incident.plan.steps))
            taken = {step for step in steps if now.steps_done >> step & 1}
            assert taken == set(steps) - incident.left
        for number, order in list(enumerate(self.orders, 1))[-2:]:
            now = incidents.order(number)
            assert (now.accepted_at > 0, now.checked) == (order.accepted, order.checked)
            assert incidents.ends_at(number) == order.until_at


@pytest.mark.stateful
def test_incidents_agree_with_their_model(deployed):
    done = walk(partial(Bureau, deployed), ACTS, steps=90, walks=24)

    assert set(done) - {"refused"} == {
        *("set_plan", "open", "acknowledge", "escalate", "take_step", "close"),
        *("give_order", "accept_order", "measure_order", "check_order"),
        *("drill", "in earnest", "complied", "disobeyed", "undecided"),
    }
