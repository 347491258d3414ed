# pragma version 0.4.3
# pragma evm-version london
"""
@title Decisions
@license Apache-2.0
@notice What a decision rests on: the hashes of its inputs, model and result, and who approved it.
@dev The models run elsewhere; whoever has the files can prove that they are those that were
     decided on. Changes of the chain's signers are recorded here too. Another officer approves.
@custom:halt Withdraw the ANALYST and DECIDER posts in Authority.
"""

from contracts.interfaces import IDecisions
from contracts.modules import access
from contracts.modules import duties

initializes: access

exports: access.AUTHORITY

decision: public(HashMap[uint256, IDecisions.Decision])
decision_count: public(uint256)


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def record(
    kind: bytes32, inputs_hash: bytes32, model_hash: bytes32, result_hash: bytes32
) -> uint256:
    """
    @notice Record the run of a model, or another ground of a decision.
    """
    access._only(duties.ANALYST)
    assert kind != empty(bytes32), "decisions: empty kind"
    whole: bool = (
        inputs_hash != empty(bytes32)
        and model_hash != empty(bytes32)
        and result_hash != empty(bytes32)
    )
    assert whole, "decisions: inputs, model or result is missing"
    self.decision_count += 1
    decision_id: uint256 = self.decision_count
    self.decision[decision_id] = IDecisions.Decision(
        kind=kind,
        inputs_hash=inputs_hash,
        model_hash=model_hash,
        result_hash=result_hash,
        recorded_by=msg.sender,
        recorded_at=block.timestamp,
        approved_by=empty(address),
        approved_at=0,
        withdrawn_at=0,
    )
    log IDecisions.DecisionRecorded(
        decision_id=decision_id,
        kind=kind,
        by=msg.sender,
        inputs_hash=inputs_hash,
        model_hash=model_hash,
        result_hash=result_hash,
    )
    return decision_id


@external
def approve(decision_id: uint256):
    """
    @notice Approve what another officer recorded.
    """
    access._only(duties.DECIDER)
    self._require_recorded(decision_id)
    assert self.decision[decision_id].approved_at == 0, "decisions: is approved"
    recorder: address = self.decision[decision_id].recorded_by
    assert not access._is_caller(recorder), "decisions: recorder cannot approve"
    self.decision[decision_id].approved_by = msg.sender
    self.decision[decision_id].approved_at = block.timestamp
    log IDecisions.DecisionApproved(decision_id=decision_id, by=msg.sender)


@external
def withdraw(decision_id: uint256, reason: String[128]):
    """
    @notice Say that a decision no longer holds; it stays on record.
    """
    access._only(duties.DECIDER)
    self._require_recorded(decision_id)
    assert len(reason) > 0, "decisions: withdrawal needs a reason"
    self.decision[decision_id].withdrawn_at = block.timestamp
    log IDecisions.DecisionWithdrawn(decision_id=decision_id, by=msg.sender, reason=reason)


@internal
@view
def _require_recorded(decision_id: uint256):
    known: bool = self.decision[decision_id].recorded_at > 0
    assert known, "decisions: unknown decision"
    assert self.decision[decision_id].withdrawn_at == 0, "decisions: is withdrawn"
