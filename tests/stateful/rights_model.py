"""Applications and permits as the rules have them, and every act that may befall one."""

from dataclasses import dataclass, field
from random import Random

import boa

from tests.contracts.suite import DAY_S, HASH, NOW, Suite
from tests.stateful.walking import Beside

STATES = [
    "",
    "SUBMITTED",
    "CORRECTION",
    "ACCEPTED",
    "UNDER_REVIEW",
    "APPROVED",
    "REJECTED",
    "ISSUED",
    "NOT_COMPETENT",
    "SUSPENDED_REVIEW",
]
ENDS_BY = {3: "REVOKED", 6: "INVALID"}
RIGHTS = ["", "VALID", "SUSPENDED", "REVOKED", "SURRENDERED", "DEREGISTERED", "INVALID", "EXPIRED"]
OFFICERS = 64 | 128 | 256 | 512  # reviewer, decider, issuer, supervisor in one small office
# the right decision as often as all wrong and unfavourable ones
DECISIONS = [*[(True, 0)] * 4, (False, 2), (True, 2), (False, 0), (False, 9)]
STARTS, ENDS = NOW - DAY_S, NOW + DAY_S


@dataclass
class File:
    """An application as the rules see it."""

    state: str = "SUBMITTED"
    version: int = 1
    reviewer: int | None = None
    stopped_in: str = ""


@dataclass
class Right:
    """A permit as the rules see it; `told` lists when its right ended and came back."""

    state: str = "VALID"
    proposer: int | None = None
    proposed: int = 0
    told: list[tuple[int, bool]] = field(default_factory=list)

    def seen(self, at: int) -> str:
        """The state as it shows at a moment."""
        ended = self.state in (*ENDS_BY.values(), "SURRENDERED")
        return "EXPIRED" if self.state and at >= ENDS and not ended else self.state

    def holds(self, at: int) -> bool:
        """Whether the right is given at a moment."""
        stated = [valid for changed_at, valid in self.told if changed_at <= at]
        return STARTS <= at < ENDS and (stated[-1] if stated else True)


class Office(Beside):
    """Two officers who share four duties, a clerk and an applicant, beside the model."""

    def __init__(self, suite: Suite, chance: Random) -> None:
        super().__init__(suite, chance)
        self.officers = [boa.env.generate_address() for _ in range(2)]
        for account in self.officers:
            suite.by_both("open_post", 1, "office", OFFICERS, account, 0, 2**32 - 1)
        self.files: list[File] = []
        self.rights: list[Right] = []
        self.applies()
        self.applies()
        # the first file has its permit, so that rights change from the first step on
        self.is_accepted(0)
        self.is_reviewed(0, 0)
        self.is_decided(0, 1, (True, 0))
        self.is_issued(0, 0, "A")

    def act(self, name):
        """With everything an act may ask for; the third file is never there."""
        chance = self.chance
        getattr(self, name)(
            number=chance.choice([0, 0, 0, 1, 1, 1, 2]),
            by=chance.randrange(2),
            decision=chance.choice(DECISIONS),
            printed=chance.choice("AB"),
            end=chance.choice([3, 3, 3, 6, 1]),
            by_applicant=chance.random() < 0.8,
            seconds=chance.randrange(1, DAY_S // 8),
        )

    def file(self, number):
        return self.files[number] if number < len(self.files) else File(state="")

    def right(self, number):
        return self.rights[number] if number < len(self.rights) else Right(state="")

    def time_passes(self, seconds, **_):
        boa.env.evm.patch.timestamp += seconds

    def applies(self):
        face = self.suite.face(from_at=STARTS, until_at=ENDS)
        self.suite.applications.apply(face, 0, sender=self.suite.holder)
        self.files.append(File())

    def is_sent_back(self, number, **_):
        file, correct = self.file(number), self.suite.applications.request_correction
        allowed = file.state == "SUBMITTED"
        if self.attempt(correct, number + 1, "map", 0, sender=self.suite.clerk, allowed=allowed):
            file.state = "CORRECTION"

    def is_resubmitted(self, number, by_applicant, **_):
        file, resubmit = self.file(number), self.suite.applications.resubmit
        sender = self.suite.holder if by_applicant else self.suite.clerk
        face = self.suite.face(from_at=STARTS, until_at=ENDS)
        allowed = file.state == "CORRECTION" and by_applicant
        if self.attempt(resubmit, number + 1, face, 0, sender=sender, allowed=allowed):
            file.state, file.version = "SUBMITTED", file.version + 1

    def is_accepted(self, number, **_):
        file, accept = self.file(number), self.suite.applications.accept
        allowed = file.state == "SUBMITTED"
        if self.attempt(accept, number + 1, 0, sender=self.suite.clerk, allowed=allowed):
            file.state = "ACCEPTED"

    def is_reviewed(self, number, by, **_):
        file, review = self.file(number), self.suite.applications.review
        allowed = file.state == "ACCEPTED"
        sender = self.officers[by]
        if self.attempt(review, number + 1, True, HASH, 0, sender=sender, allowed=allowed):
            file.state, file.reviewer = "UNDER_REVIEW", by

    def is_decided(self, number, by, decision, **_):
        approve, ground = decision
        file, decide = self.file(number), self.suite.applications.decide
        fits = ground == 0 if approve else 1 <= ground <= 8
        allowed = file.state == "UNDER_REVIEW" and file.reviewer != by and fits
        sender = self.officers[by]
        if self.attempt(decide, number + 1, approve, ground, 0, sender=sender, allowed=allowed):
            file.state = "APPROVED" if approve else "REJECTED"

    def is_issued(self, number, by, printed, **_):
        file, registry = self.file(number), self.suite.permit_registry
        allowed = file.state == "APPROVED" and registry.permit_by_number(printed) == 0
        arguments = (number + 1, printed, 1, [], 0)
        sender = self.officers[by]
        if self.attempt(registry.issue, *arguments, sender=sender, allowed=allowed):
            file.state = "ISSUED"
            self.rights.append(Right())

    def is_referred(self, number, **_):
        file, refer = self.file(number), self.suite.applications.refer
        allowed = file.state == "SUBMITTED"
        if self.attempt(refer, number + 1, "Basin", 0, sender=self.suite.clerk, allowed=allowed):
            file.state = "NOT_COMPETENT"

    def review_is_stopped(self, number, by, **_):
        file, suspend = self.file(number), self.suite.applications.suspend_review
        allowed = file.state in ("ACCEPTED", "UNDER_REVIEW")
        arguments = (number + 1, 1, "hearing", 0)
        if self.attempt(suspend, *arguments, sender=self.officers[by], allowed=allowed):
            file.state, file.stopped_in = "SUSPENDED_REVIEW", file.state

    def review_goes_on(self, number, by, **_):
        file, resume = self.file(number), self.suite.applications.resume_review
        allowed = file.state == "SUSPENDED_REVIEW"
        if self.attempt(resume, number + 1, 0, sender=self.officers[by], allowed=allowed):
            file.state = file.stopped_in

    def changes(self, right, state, valid):
        right.state = state
        right.told.append((self.now, valid))

    def is_suspended(self, number, by, **_):
        right, suspend = self.right(number), self.suite.permit_registry.suspend
        allowed = self.shown(right) == "VALID"
        sender = self.officers[by]
        if self.attempt(suspend, number + 1, "drought", sender=sender, allowed=allowed):
            self.changes(right, "SUSPENDED", False)

    def is_resumed(self, number, by, **_):
        right, resume = self.right(number), self.suite.permit_registry.resume
        allowed = self.shown(right) == "SUSPENDED"
        if self.attempt(resume, number + 1, sender=self.officers[by], allowed=allowed):
            self.changes(right, "VALID", True)

    def is_surrendered(self, number, by_applicant, **_):
        right, surrender = self.right(number), self.suite.permit_changes.surrender
        sender = self.suite.holder if by_applicant else self.suite.clerk
        allowed = self.lives(right) and by_applicant
        if self.attempt(surrender, number + 1, "moved", sender=sender, allowed=allowed):
            self.changes(right, "SURRENDERED", False)

    def end_is_proposed(self, number, by, end, **_):
        right, propose = self.right(number), self.suite.permit_changes.propose_end
        allowed = self.lives(right) and end in ENDS_BY
        sender = self.officers[by]
        if self.attempt(propose, number + 1, end, "fraud", sender=sender, allowed=allowed):
            right.proposer, right.proposed = by, end

    def is_ended(self, number, by, end, **_):
        right, decide = self.right(number), self.suite.permit_changes.decide_end
        proposed = right.proposed == end and right.proposer not in (None, by)
        allowed = proposed and self.lives(right)
        if self.attempt(decide, number + 1, end, sender=self.officers[by], allowed=allowed):
            self.changes(right, ENDS_BY[end], False)

    def shown(self, right):
        return right.seen(self.now)

    def lives(self, right):
        return self.shown(right) in ("VALID", "SUSPENDED")

    def agrees(self):
        """The contracts say what the model says, of every file and every moment that matters."""
        self.files_agree()
        self.rights_agree()

    def files_agree(self):
        applications = self.suite.applications
        assert applications.application_count() == len(self.files)
        for number, file in enumerate(self.files, 1):
            record = applications.application(number)
            assert (STATES[record.state], record.version) == (file.state, file.version)

    def rights_agree(self):
        registry = self.suite.permit_registry
        assert registry.permit_count() == registry.holder_count(2) == len(self.rights)
        assert len(self.rights) == sum(file.state == "ISSUED" for file in self.files)
        now = self.now
        for number, right in enumerate(self.rights, 1):
            assert RIGHTS[registry.permit(number).state] == right.seen(now)
            for at in (STARTS - 1, NOW, now - 1, now, ENDS):
                assert registry.in_right(number, at) == right.holds(at)
