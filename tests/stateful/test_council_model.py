"""The council beside a model: who has approved what, since when, until when."""

from dataclasses import dataclass
from functools import partial

import boa
import pytest

from tests.contracts.suite import T0
from tests.stateful.walking import Beside, walk

DELAY_S, EXPIRY_S, THRESHOLD = 100, 400, 2
ACTS = [*["is_approved", "is_executed", "time_passes"] * 2, "is_proposed", "is_withdrawn"]


@dataclass
class Proposal:
    """A call as the rules see it."""

    approved_by: set[int]
    proposed_at: int
    holder: str
    enough_since: int | None = None
    done: bool = False


class Council(Beside):
    """Three members of whom two decide, and somebody without a seat, beside the model."""

    def __init__(self, suite, chance):
        super().__init__(suite, chance)
        self.callers = [boa.env.generate_address() for _ in range(4)]
        suite.by_both("hand_over", self.callers[:3], THRESHOLD, DELAY_S, EXPIRY_S)
        self.proposals = []
        self.is_proposed(0, 0)

    def act(self, name):
        """On one of the proposals, the third of which is rarely there, by one of the callers."""
        getattr(self, name)(self.chance.choice([0, 0, 1, 1, 2]), self.chance.randrange(4))

    def attempt(self, function, *arguments, by, allowed):
        return super().attempt(function, *arguments, sender=self.callers[by], allowed=allowed)

    def found(self, number):
        return self.proposals[number] if number < len(self.proposals) else None

    def is_open(self, proposal):
        return proposal and not proposal.done and self.now <= proposal.proposed_at + EXPIRY_S

    def time_passes(self, number, by):
        boa.env.evm.patch.timestamp += 30 * (number + 1) + by

    def is_proposed(self, number, by):
        holder = boa.env.generate_address()
        authority, propose = self.suite.authority, self.suite.council.propose
        act = authority.open_post.prepare_calldata(1, "desk", 32, holder, T0, 2**32 - 1)
        if self.attempt(propose, authority.address, act, by=by, allowed=by < 3):
            self.proposals.append(Proposal({by}, self.now, holder))

    def is_approved(self, number, by):
        proposal = self.found(number)
        act_hash = self.suite.council.proposal(number + 1).act_hash
        allowed = bool(self.is_open(proposal) and by < 3 and by not in proposal.approved_by)
        approve = self.suite.council.approve
        if self.attempt(approve, number + 1, act_hash, by=by, allowed=allowed):
            proposal.approved_by.add(by)
            if len(proposal.approved_by) == THRESHOLD:
                proposal.enough_since = self.now

    def is_withdrawn(self, number, by):
        proposal, withdraw = self.found(number), self.suite.council.withdraw_approval
        allowed = bool(self.is_open(proposal) and by in proposal.approved_by)
        if self.attempt(withdraw, number + 1, by=by, allowed=allowed):
            proposal.approved_by.remove(by)
            if len(proposal.approved_by) < THRESHOLD:
                proposal.enough_since = None

    def is_executed(self, number, by):
        proposal, execute = self.found(number), self.suite.council.execute
        waited = proposal and proposal.enough_since is not None
        allowed = bool(
            self.is_open(proposal)
            and by < 3
            and waited
            and self.now >= proposal.enough_since + DELAY_S
        )
        if self.attempt(execute, number + 1, by=by, allowed=allowed):
            proposal.done = True

    def agrees(self):
        """A post is open exactly for those whose proposal was carried out."""
        council = self.suite.council
        assert council.proposal_count() == len(self.proposals)
        for number, proposal in enumerate(self.proposals, 1):
            assert council.approvals(number) == len(proposal.approved_by)
            assert self.suite.authority.can(proposal.holder, 32) == proposal.done


@pytest.mark.stateful
def test_the_council_agrees_with_its_model(deployed):
    done = walk(partial(Council, deployed), ACTS, steps=50, walks=15)

    assert set(done) - {"refused"} == {"propose", "approve", "withdraw_approval", "execute"}
