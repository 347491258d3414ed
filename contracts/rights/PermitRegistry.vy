# pragma version 0.4.3
# pragma evm-version london
"""
@title Permit registry
@license Apache-2.0
@notice Abstraction and drainage permits, their conditions, and every change of the right they give.
@dev Nothing is overwritten: each suspension, resumption and revocation is a change with its moment,
     so that a reading is judged by what was in force at its own time. A permit gives its right in
     [from, until). Revoking is a decision of two officers.
@custom:halt Suspend the permits concerned, or withdraw the ISSUER posts in Authority.
"""

from contracts.interfaces import IAccounts
from contracts.interfaces import IApplications
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IStandards
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import spelling

implements: IPermitRegistry

initializes: access

exports: access.AUTHORITY

ABSTRACTION: constant(uint256) = 1
VALID: constant(uint256) = 1
SUSPENDED: constant(uint256) = 2
REVOKED: constant(uint256) = 3
MAX_LIMITS: constant(uint256) = 16  # conditions of one drainage permit
MAX_PAGE: constant(uint256) = 100

struct Revocation:
    proposed_by: address
    ground: String[128]


permit: public(HashMap[uint256, IPermitRegistry.Permit])
permit_count: public(uint256)
permit_by_number: public(HashMap[String[32], uint256])
holder_count: public(HashMap[uint256, uint256])
change: public(HashMap[uint256, HashMap[uint256, IPermitRegistry.Change]])
change_count: public(HashMap[uint256, uint256])
revocation: public(HashMap[uint256, Revocation])
_held: HashMap[uint256, HashMap[uint256, uint256]]
_limits: HashMap[uint256, DynArray[IPermitRegistry.PermitLimit, MAX_LIMITS]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def issue(
    application_id: uint256,
    number: String[32],
    scheme_id: uint256,
    limits: DynArray[IPermitRegistry.PermitLimit, MAX_LIMITS],
) -> uint256:
    """
    @notice Issue the permit of an approved application and open its account.
    @param number As printed, without spaces and in capital letters.
    @param limits Daily-mean conditions of a drainage permit, in base units.
    """
    access._only(duties.ISSUER)
    self._check_number(number)
    assert self.permit_by_number[number] == 0, "permits: number is taken"
    schemes: uint256 = staticcall IStandards(access._at(names.STANDARDS)).scheme_count()
    assert scheme_id > 0 and scheme_id <= schemes, "permits: unknown scheme"
    applications: IApplications = IApplications(access._at(names.APPLICATIONS))
    extcall applications.take(application_id)
    face: IApplications.Face = staticcall applications.face(application_id)
    org_id: uint256 = (staticcall applications.application(application_id)).org_id
    self.permit_count += 1
    permit_id: uint256 = self.permit_count
    self.permit[permit_id] = IPermitRegistry.Permit(
        number=number,
        kind=face.kind,
        holder=org_id,
        purpose=face.purpose,
        source=face.source,
        station_id=face.station_id,
        annual_l=face.annual_l,
        peak_l_h=face.peak_l_h,
        from_at=face.from_at,
        until_at=face.until_at,
        document_hash=face.document_hash,
        version=1,
        state=VALID,
        application_id=application_id,
        scheme_id=scheme_id,
        issued_at=block.timestamp,
    )
    self.permit_by_number[number] = permit_id
    self._held[org_id][self.holder_count[org_id]] = permit_id
    self.holder_count[org_id] += 1
    for limit: IPermitRegistry.PermitLimit in limits:
        assert face.kind != ABSTRACTION, "permits: abstraction has no discharge limits"
        assert limit.has_lo or limit.has_hi, "permits: limit without bound"
        if limit.has_lo and limit.has_hi:
            assert limit.lo <= limit.hi, "permits: limit is empty"
        other: IPermitRegistry.PermitLimit = self._limit_for(permit_id, limit.parameter)
        assert not (other.has_lo or other.has_hi), "permits: parameter has two limits"
        self._limits[permit_id].append(limit)
    log IPermitRegistry.PermitIssued(
        permit_id=permit_id,
        holder=org_id,
        kind=face.kind,
        number=number,
        application_id=application_id,
        version=1,
        annual_l=face.annual_l,
        from_at=face.from_at,
        until_at=face.until_at,
        document_hash=face.document_hash,
    )
    extcall IAccounts(self._accounts(face.kind)).open_account(
        permit_id,
        face.station_id,
        face.annual_l,
        face.peak_l_h,
        scheme_id,
        face.from_at,
        face.until_at,
    )
    return permit_id


@external
def suspend(permit_id: uint256, reason: String[128]):
    """
    @notice Suspend a permit at once.
    """
    access._only(duties.SUPERVISOR)
    assert self.permit[permit_id].state == VALID, "permits: to suspend, must be VALID"
    assert len(reason) > 0, "permits: empty reason"
    log IPermitRegistry.PermitSuspended(
        permit_id=permit_id, by=msg.sender, at=block.timestamp, reason=reason
    )
    self._change(permit_id, SUSPENDED)


@external
def resume(permit_id: uint256):
    """
    @notice Give a suspended permit its right back.
    """
    access._only(duties.SUPERVISOR)
    assert self.permit[permit_id].state == SUSPENDED, "permits: to resume, must be SUSPENDED"
    log IPermitRegistry.PermitResumed(permit_id=permit_id, by=msg.sender, at=block.timestamp)
    self._change(permit_id, VALID)


@external
def propose_revocation(permit_id: uint256, ground: String[128]):
    """
    @notice Propose that a permit be revoked; another officer decides.
    """
    access._only(duties.SUPERVISOR)
    state: uint256 = self.permit[permit_id].state
    revocable: bool = state == VALID or state == SUSPENDED
    assert revocable, "permits: to revoke, must be VALID or SUSPENDED"
    assert len(ground) > 0, "permits: empty ground"
    self.revocation[permit_id] = Revocation(proposed_by=msg.sender, ground=ground)
    log IPermitRegistry.RevocationProposed(permit_id=permit_id, by=msg.sender, ground=ground)


@external
def revoke(permit_id: uint256):
    """
    @notice Decide on a proposed revocation; the permit ends now.
    """
    access._only(duties.DECIDER)
    revocation: Revocation = self.revocation[permit_id]
    assert revocation.proposed_by != empty(address), "permits: revocation is not proposed"
    assert revocation.proposed_by != msg.sender, "permits: proposer cannot revoke"
    assert self.permit[permit_id].state != REVOKED, "permits: already REVOKED"
    log IPermitRegistry.PermitRevoked(
        permit_id=permit_id, by=msg.sender, at=block.timestamp, ground=revocation.ground
    )
    self._change(permit_id, REVOKED)


@external
@view
def in_right(permit_id: uint256, at: uint256) -> bool:
    """
    @notice Whether a permit gave its right at a moment: within its dates, neither suspended nor
            revoked then.
    """
    return self._right_at(permit_id, at)[0]


@external
@view
def right_at(permit_id: uint256, at: uint256) -> (bool, uint256):
    """
    @notice Whether a permit gave its right at a moment, and the next moment at which that may differ.
    """
    return self._right_at(permit_id, at)


@external
@view
def right_settled_at(permit_id: uint256) -> uint256:
    """
    @notice When the right last changed by an act, 0 for never.
    """
    count: uint256 = self.change_count[permit_id]
    if count == 0:
        return 0
    return self.change[permit_id][count - 1].at


@external
@view
def permits_of(org_id: uint256, first: uint256, count: uint256) -> DynArray[uint256, MAX_PAGE]:
    """
    @notice A page of the permits an organisation holds.
    """
    page: DynArray[uint256, MAX_PAGE] = []
    for i: uint256 in range(MAX_PAGE):
        if i >= count or first + i >= self.holder_count[org_id]:
            break
        page.append(self._held[org_id][first + i])
    return page


@external
@view
def limits(permit_id: uint256) -> DynArray[IPermitRegistry.PermitLimit, MAX_LIMITS]:
    """
    @notice The daily-mean conditions of a drainage permit.
    """
    return self._limits[permit_id]


@external
@view
def limit_for(permit_id: uint256, parameter: bytes32) -> IPermitRegistry.PermitLimit:
    """
    @notice The condition for one parameter; without bounds if there is none.
    """
    return self._limit_for(permit_id, parameter)


@internal
@view
def _limit_for(permit_id: uint256, parameter: bytes32) -> IPermitRegistry.PermitLimit:
    for limit: IPermitRegistry.PermitLimit in self._limits[permit_id]:
        if limit.parameter == parameter:
            return limit
    return empty(IPermitRegistry.PermitLimit)


@internal
def _change(permit_id: uint256, state: uint256):
    count: uint256 = self.change_count[permit_id]
    self.permit[permit_id].state = state
    self.change[permit_id][count] = IPermitRegistry.Change(
        state=state, at=block.timestamp, by=msg.sender
    )
    self.change_count[permit_id] = count + 1
    extcall IAccounts(self._accounts(self.permit[permit_id].kind)).right_changed(permit_id)


@internal
@view
def _right_at(permit_id: uint256, at: uint256) -> (bool, uint256):
    from_at: uint256 = self.permit[permit_id].from_at
    until_at: uint256 = self.permit[permit_id].until_at
    if at < from_at:
        return False, from_at
    if at >= until_at:
        return False, max_value(uint256)
    # how many changes had happened by then
    count: uint256 = self.change_count[permit_id]
    low: uint256 = 0
    high: uint256 = count
    for _: uint256 in range(256):
        if low == high:
            break
        middle: uint256 = (low + high) // 2
        if self.change[permit_id][middle].at <= at:
            low = middle + 1
        else:
            high = middle
    next_at: uint256 = until_at
    if low < count:
        next_at = min(until_at, self.change[permit_id][low].at)
    if low == 0:
        return True, next_at
    return self.change[permit_id][low - 1].state == VALID, next_at


@internal
@view
def _accounts(kind: uint256) -> address:
    if kind == ABSTRACTION:
        return access._at(names.QUOTA_TRACKER)
    return access._at(names.DISCHARGE_LIMITS)


@internal
@pure
def _check_number(number: String[32]):
    """
    @dev One number, one spelling: no spaces, no lower case.
    """
    assert len(number) > 0, "permits: empty number"
    letters: Bytes[48] = convert(number, Bytes[48])
    proper: bool = spelling._has_no_spaces(letters)
    for i: uint256 in range(len(letters), bound=32):
        letter: uint256 = convert(slice(letters, i, 1), uint256)
        proper = proper and (letter < 97 or letter > 122)
    assert proper, "permits: number has spaces or lower case"
