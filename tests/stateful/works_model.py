"""Approvals whose works begin, are accepted or do not begin in time, as the rules have them."""

from dataclasses import dataclass
from random import Random

import boa

from tests.contracts.suite import DAY_S, HASH, NOW, SETTINGS, T0, Suite
from tests.stateful.walking import Beside

MONTH_S = 10 * DAY_S  # of the tests' calendar
TO_BEGIN_S = SETTINGS["works_months"][0] * MONTH_S  # Decree 460 art. 22
TRIAL_S = SETTINGS["trial_days"][0] * DAY_S
TO_BEGIN_WORKS = 3  # the act that is due
STATES = {5: "APPROVED", 7: "ISSUED", 10: "LAPSED"}


@dataclass
class Approval:
    """An approved application as the rules see it."""

    needs_works: bool
    decided_at: int
    acted_at: int
    begun_at: int = 0
    accepted_at: int = 0
    state: str = "APPROVED"

    @property
    def lapses_at(self) -> int:
        return self.decided_at + TO_BEGIN_S

    @property
    def builds(self) -> bool:
        return self.state == "APPROVED" and self.needs_works

    @property
    def due(self) -> tuple[int, int]:
        """The act that is waited for, and until when."""
        return (TO_BEGIN_WORKS, self.lapses_at) if self.builds and not self.begun_at else (0, 0)


class Works(Beside):
    """An applicant who builds, an officer who accepts, and time, beside the model."""

    def __init__(self, suite: Suite, chance: Random) -> None:
        super().__init__(suite, chance)
        self.known = suite.applications.application_count()
        self.approvals: list[Approval] = []
        for needs_works in (True, True, False):
            self.is_approved(needs_works)

    def is_approved(self, needs_works: bool = True) -> None:
        if len(self.approvals) < 5:
            self.suite.approved(needs_works=needs_works, until_at=T0 + 1_200 * DAY_S)
            self.approvals.append(Approval(needs_works, self.now, self.now))

    def time_passes(self) -> None:
        waited_s = self.chance.choice([1, DAY_S, TRIAL_S, TRIAL_S, TO_BEGIN_S // 4])
        boa.env.evm.patch.timestamp = min(self.now + waited_s, NOW + 399 * DAY_S)

    def lapse_nears(self) -> None:
        """To a moment beside the one at which an approval lapses."""
        near = self._any()[1].lapses_at + self.chance.choice([-1, 0])
        if self.now < near < NOW + 399 * DAY_S:
            boa.env.evm.patch.timestamp = near

    def works_begin(self) -> None:
        number, approval = self._any()
        stated, by_applicant = self._stated(), self.chance.random() < 0.9
        sender = self.suite.holder if by_applicant else self.suite.clerk
        allowed = (
            by_applicant
            and approval.builds
            and not approval.begun_at
            and approval.acted_at <= stated
            and self.now < approval.lapses_at
        )
        begin = self.suite.applications.begin_works
        if self.attempt(begin, number, stated, sender=sender, allowed=allowed):
            approval.begun_at = approval.acted_at = stated

    def works_are_accepted(self) -> None:
        number, approval = self._any()
        stated, begun_at = self._stated(), approval.begun_at or self.now
        trial_at = self.chance.choice([begun_at, begun_at - 1, stated - TRIAL_S, self.now])
        trial_at = max(trial_at + self.chance.choice([0, 0, 1]), 0)
        report = self.chance.choice([HASH, HASH, HASH, bytes(32)])
        allowed = (
            approval.builds
            and approval.begun_at > 0
            and not approval.accepted_at
            and approval.begun_at <= trial_at <= stated - TRIAL_S
            and approval.acted_at <= stated
            and report == HASH
        )
        accept, sender = self.suite.applications.accept_works, self.suite.reviewer
        if self.attempt(accept, number, trial_at, report, stated, sender=sender, allowed=allowed):
            approval.accepted_at = approval.acted_at = stated

    def approval_lapses(self) -> None:
        number, approval = self._any()
        late = self.now >= approval.lapses_at
        allowed = approval.builds and not approval.begun_at and late
        lapse, anyone = self.suite.applications.lapse, boa.env.generate_address()
        if self.attempt(lapse, number, sender=anyone, allowed=allowed):
            approval.state = "LAPSED"

    def is_issued(self) -> None:
        number, approval = self._any()
        ready = approval.accepted_at > 0 or not approval.needs_works
        allowed = approval.state == "APPROVED" and ready
        issue, sender = self.suite.permit_registry.issue, self.suite.issuer
        if self.attempt(issue, number, f"W-{number}", 1, [], 0, sender=sender, allowed=allowed):
            approval.state = "ISSUED"

    def agrees(self) -> None:
        """The contracts say what the model says of every approval."""
        applications, registry = self.suite.applications, self.suite.permit_registry
        for number, approval in enumerate(self.approvals, self.known + 1):
            record = applications.application(number)
            assert STATES[record.state] == approval.state
            built = record.works_begun_at, record.works_accepted_at
            assert built == (approval.begun_at, approval.accepted_at)
            assert tuple(applications.due(number)) == approval.due
        assert registry.permit_count() == sum(a.state == "ISSUED" for a in self.approvals)

    def _any(self) -> tuple[int, Approval]:
        """An approval under its number."""
        place = self.chance.randrange(len(self.approvals))
        return self.known + 1 + place, self.approvals[place]

    def _stated(self) -> int:
        """The date of an act: now, or one that lies before it."""
        return self.now - self.chance.choice([0, 0, 0, DAY_S, TRIAL_S])
