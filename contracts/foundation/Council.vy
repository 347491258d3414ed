# pragma version 0.4.3
# pragma evm-version london
"""
@title Council
@license Apache-2.0
@notice Dangerous acts take several hands: m of n members approve the hash of a call, it waits, then
        it is carried out. Halting, suspending and withdrawing a key act at once and are ratified
        later, or undone.
@dev Two administrators found the council through Authority and hand over to it; from then on it is
     the council that opens posts, appoints, lists contracts and changes its own seats. A change of
     seats ends every open proposal: approvals of former members never count. An urgent act needs a
     SUPERVISOR post that the council holds.
@custom:halt Let the open proposals expire; urgent acts that nobody ratifies are lifted by anyone.
"""

from contracts.interfaces import ICouncil
from contracts.modules import access
from contracts.modules import states

implements: ICouncil

initializes: access

exports: access.AUTHORITY

OPEN: constant(uint256) = 1  # states
DONE: constant(uint256) = 2
RATIFIED: constant(uint256) = 3
LIFTED: constant(uint256) = 4
MAX_MEMBERS: constant(uint256) = 16
MAX_ACT: constant(uint256) = 2048  # calldata of the longest act, as in Authority
MAX_WAIT_S: constant(uint256) = 90 * 86_400
RATIFY_S: constant(uint256) = 7 * 86_400  # our default for urgent acts

_members: DynArray[address, MAX_MEMBERS]
threshold: public(uint256)
delay_s: public(uint256)
expiry_s: public(uint256)
seating: public(uint256)
proposal: public(HashMap[uint256, ICouncil.Proposal])
proposal_count: public(uint256)
urgent: public(HashMap[uint256, ICouncil.Urgent])
urgent_count: public(uint256)
_act: HashMap[uint256, Bytes[MAX_ACT]]
_undo: HashMap[uint256, Bytes[36]]  # calldata that undoes an urgent act, empty where nothing does


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def seat(
    members: DynArray[address, MAX_MEMBERS], threshold: uint256, delay_s: uint256, expiry_s: uint256
):
    """
    @notice Seat the council: Authority the first time, then the council itself.
    @param delay_s How long an act waits after its last approval.
    @param expiry_s How long after it is proposed an act can be carried out.
    """
    founding: bool = self.seating == 0 and msg.sender == access.AUTHORITY
    assert founding or msg.sender == self, "council: caller may not seat the council"
    assert threshold >= 2, "council: threshold below two"
    assert threshold <= len(members), "council: threshold above the number of members"
    assert delay_s < expiry_s and expiry_s <= MAX_WAIT_S, "council: delay or expiry out of range"
    for i: uint256 in range(len(members), bound=MAX_MEMBERS):
        assert members[i] != empty(address), "council: empty member"
        for j: uint256 in range(i, bound=MAX_MEMBERS):
            assert members[j] != members[i], "council: member is seated twice"
    self._members = members
    self.threshold = threshold
    self.delay_s = delay_s
    self.expiry_s = expiry_s
    self.seating += 1
    log ICouncil.Seated(
        seating=self.seating,
        members=members,
        threshold=threshold,
        delay_s=delay_s,
        expiry_s=expiry_s,
    )


@external
def propose(target: address, act: Bytes[MAX_ACT]) -> uint256:
    """
    @notice Propose a call for the council to make; who proposes approves.
    """
    bit: uint256 = self._seat_of(msg.sender)
    assert bit != 0, "council: caller has no seat"
    assert target.is_contract, "council: no code at the target"
    assert len(act) >= 4, "council: act is no call"
    self.proposal_count += 1
    proposal_id: uint256 = self.proposal_count
    act_hash: bytes32 = keccak256(concat(convert(target, bytes32), keccak256(act)))
    self.proposal[proposal_id] = ICouncil.Proposal(
        target=target,
        act_hash=act_hash,
        proposed_by=msg.sender,
        approvals=bit,
        ready_at=0,
        expires_at=block.timestamp + self.expiry_s,
        state=OPEN,
        seating=self.seating,
    )
    self._act[proposal_id] = act
    log ICouncil.ActProposed(
        proposal_id=proposal_id,
        by=msg.sender,
        target=target,
        act_hash=act_hash,
        expires_at=block.timestamp + self.expiry_s,
    )
    return proposal_id


@external
def approve(proposal_id: uint256, act_hash: bytes32):
    """
    @notice Approve a proposed call; with the last approval that is needed, its delay begins.
    @param act_hash What one approves, so that nobody approves another call than they read.
    """
    bit: uint256 = self._seat_of(msg.sender)
    assert bit != 0, "council: only a member approves"
    self._require_open(proposal_id)
    assert self.proposal[proposal_id].act_hash == act_hash, "council: hash is not that of the act"
    approvals: uint256 = self.proposal[proposal_id].approvals
    assert approvals & bit == 0, "council: member has approved"
    approvals |= bit
    self.proposal[proposal_id].approvals = approvals
    if self._ones(approvals) == self.threshold:
        self.proposal[proposal_id].ready_at = block.timestamp + self.delay_s
    log ICouncil.ActApproved(
        proposal_id=proposal_id,
        by=msg.sender,
        approvals=self._ones(approvals),
        ready_at=self.proposal[proposal_id].ready_at,
    )


@external
def withdraw_approval(proposal_id: uint256):
    """
    @notice Take one's approval back while the call waits; below the threshold its delay ends.
    """
    bit: uint256 = self._seat_of(msg.sender)
    assert bit != 0, "council: only a member withdraws"
    self._require_open(proposal_id)
    approvals: uint256 = self.proposal[proposal_id].approvals
    assert approvals & bit != 0, "council: member has not approved"
    approvals ^= bit
    self.proposal[proposal_id].approvals = approvals
    if self._ones(approvals) < self.threshold:
        self.proposal[proposal_id].ready_at = 0
    log ICouncil.ApprovalWithdrawn(
        proposal_id=proposal_id, by=msg.sender, approvals=self._ones(approvals)
    )


@external
def execute(proposal_id: uint256):
    """
    @notice Carry out a call that is approved and has waited.
    """
    assert self._seat_of(msg.sender) != 0, "council: only a member executes"
    self._require_open(proposal_id)
    ready_at: uint256 = self.proposal[proposal_id].ready_at
    assert ready_at != 0, "council: approvals are missing"
    assert block.timestamp >= ready_at, "council: delay is not over"
    self.proposal[proposal_id].state = DONE
    log ICouncil.ActExecuted(
        proposal_id=proposal_id,
        by=msg.sender,
        act_hash=self.proposal[proposal_id].act_hash,
    )
    raw_call(self.proposal[proposal_id].target, self._act[proposal_id])


@external
def act_urgently(target: address, act: Bytes[MAX_ACT]) -> uint256:
    """
    @notice Halt a lane, suspend a permit or withdraw an account at once; the council ratifies it
            later, or anyone lifts it.
    """
    bit: uint256 = self._seat_of(msg.sender)
    assert bit != 0, "council: only a member acts urgently"
    assert target.is_contract, "council: urgent act has no contract at its target"
    assert len(act) >= 36, "council: urgent act is no call"
    selector: bytes4 = convert(slice(act, 0, 4), bytes4)
    undo: Bytes[36] = b""
    if selector == method_id("halt_lane(uint256)", output_type=bytes4):
        undo = concat(method_id("resume_lane(uint256)"), slice(act, 4, 32))
    elif selector == method_id("suspend(uint256,string)", output_type=bytes4):
        undo = concat(method_id("resume(uint256)"), slice(act, 4, 32))
    else:
        withdraws: bool = selector == method_id("withdraw(address)", output_type=bytes4)
        assert withdraws, "council: act is not urgent"
    self.urgent_count += 1
    urgent_id: uint256 = self.urgent_count
    self._undo[urgent_id] = undo
    self.urgent[urgent_id] = ICouncil.Urgent(
        target=target,
        by=msg.sender,
        approvals=bit,
        ratify_by_at=block.timestamp + RATIFY_S,
        state=OPEN,
        seating=self.seating,
    )
    log ICouncil.UrgentActDone(
        urgent_id=urgent_id,
        by=msg.sender,
        target=target,
        act_hash=keccak256(concat(convert(target, bytes32), keccak256(act))),
        ratify_by_at=block.timestamp + RATIFY_S,
    )
    raw_call(target, act)
    return urgent_id


@external
def ratify(urgent_id: uint256):
    """
    @notice Approve an urgent act; with as many approvals as any act needs, it stands.
    """
    bit: uint256 = self._seat_of(msg.sender)
    assert bit != 0, "council: only a member ratifies"
    self._require_urgent(urgent_id, "council: to ratify, must be OPEN")
    assert self.urgent[urgent_id].seating == self.seating, "council: another council acted"
    in_time: bool = block.timestamp <= self.urgent[urgent_id].ratify_by_at
    assert in_time, "council: time to ratify is over"
    approvals: uint256 = self.urgent[urgent_id].approvals
    assert approvals & bit == 0, "council: member has ratified"
    approvals |= bit
    self.urgent[urgent_id].approvals = approvals
    ratified: bool = self._ones(approvals) >= self.threshold
    if ratified:
        self.urgent[urgent_id].state = RATIFIED
    log ICouncil.UrgentActApproved(
        urgent_id=urgent_id,
        by=msg.sender,
        approvals=self._ones(approvals),
        ratified=ratified,
    )


@external
def lift(urgent_id: uint256):
    """
    @notice Undo an urgent act that was not ratified in time. Open to anyone.
    @dev A withdrawn key stays withdrawn. What somebody else undid already stays as it is.
    """
    self._require_urgent(urgent_id, "council: to lift, must be OPEN")
    over: bool = block.timestamp > self.urgent[urgent_id].ratify_by_at
    assert over, "council: it can still be ratified"
    self.urgent[urgent_id].state = LIFTED
    undone: bool = False
    if len(self._undo[urgent_id]) > 0:
        undone = raw_call(
            self.urgent[urgent_id].target, self._undo[urgent_id], revert_on_failure=False
        )
    log ICouncil.UrgentActLifted(urgent_id=urgent_id, by=msg.sender, undone=undone)


@external
@view
def members() -> DynArray[address, MAX_MEMBERS]:
    """
    @notice The accounts that are seated.
    """
    return self._members


@external
@view
def act(proposal_id: uint256) -> Bytes[MAX_ACT]:
    """
    @notice The calldata that is proposed.
    """
    return self._act[proposal_id]


@external
@view
def approvals(proposal_id: uint256) -> uint256:
    """
    @notice How many members approve a proposal.
    """
    return self._ones(self.proposal[proposal_id].approvals)


@internal
@view
def _seat_of(account: address) -> uint256:
    """
    @dev The bit of a member, 0 for none.
    """
    for i: uint256 in range(len(self._members), bound=MAX_MEMBERS):
        if self._members[i] == account:
            return 1 << i
    return 0


@internal
@view
def _require_urgent(urgent_id: uint256, rule: String[64]):
    state: uint256 = self.urgent[urgent_id].state
    assert state == OPEN, concat(rule, ", is ", states._council_act(state))


@internal
@view
def _require_open(proposal_id: uint256):
    state: uint256 = self.proposal[proposal_id].state
    assert state == OPEN, concat("council: proposal must be OPEN", ", is ", states._council_act(state))
    assert self.proposal[proposal_id].seating == self.seating, "council: proposal of another council"
    in_time: bool = block.timestamp <= self.proposal[proposal_id].expires_at
    assert in_time, "council: proposal has expired"


@internal
@pure
def _ones(bits: uint256) -> uint256:
    count: uint256 = 0
    for i: uint256 in range(MAX_MEMBERS):
        count += (bits >> i) & 1
    return count
