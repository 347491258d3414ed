# pragma version 0.4.3
# pragma evm-version london
"""
@title Permit registry
@license Apache-2.0
@notice Abstraction and drainage permits from issue to end: versions, conditions, every change of
        the right they give.
@dev Nothing is overwritten: a permit's terms are versions, each in force from its own moment until
     the next, and each suspension, restriction and end stands with its moment, so that a reading is
     judged by what was in force at its own time. A permit gives its right in [from, until), inside
     its season, unless suspended or ended. Restriction: Decree 460 art. 41-42. How terms change and
     permits end is decided in PermitChanges. Settings of Standards: permit_max_months and, of
     drainage permits, drainage_max_months.
@custom:halt Suspend the permits concerned, or withdraw the ISSUER posts in Authority.
"""

from contracts.interfaces import IAccounts
from contracts.interfaces import IApplications
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IRedLines
from contracts.interfaces import IStandards
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import dates
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import spelling
from contracts.modules import states

implements: IPermitRegistry

initializes: access

exports: access.AUTHORITY

ABSTRACTION: constant(uint256) = 1
DAY_MEAN: constant(uint256) = 1  # bases of a limit
DAY_LOAD: constant(uint256) = 3
MONTH_LOAD: constant(uint256) = 4
YEAR_LOAD: constant(uint256) = 5
VALID: constant(uint256) = 1
SUSPENDED: constant(uint256) = 2
EXPIRED: constant(uint256) = 7  # 3 to 6 are the ends that PermitChanges decides
NOT_BEGUN: constant(uint256) = 8
ISSUE: constant(uint256) = 1  # cause of a version; the others are those of PermitChanges
MAX_LIMITS: constant(uint256) = 16  # conditions of one drainage permit
MAX_PAGE: constant(uint256) = 100
M32: constant(uint256) = 2**32 - 1
MOST: constant(int256) = 2**96  # of a limit by month or load
NEVER: constant(uint256) = max_value(uint256)

permit_count: public(uint256)
permit_by_number: public(HashMap[String[32], uint256])
holder_count: public(HashMap[uint256, uint256])
terms: public(HashMap[uint256, HashMap[uint256, IPermitRegistry.Terms]])  # permit, version from 1
change: public(HashMap[uint256, HashMap[uint256, IPermitRegistry.Change]])
change_count: public(HashMap[uint256, uint256])
restriction: public(HashMap[uint256, HashMap[uint256, IPermitRegistry.Restriction]])
restriction_count: public(HashMap[uint256, uint256])
purpose_told: public(
    HashMap[uint256, HashMap[uint256, HashMap[bytes32, bool]]]
)  # permit, version, class of its station
_permit: HashMap[uint256, IPermitRegistry.Permit]
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
    stated_at: uint256,
) -> uint256:
    """
    @notice Issue the permit of an approved application and open its account.
    @param number As printed, without spaces and in capital letters.
    @param limits Conditions of a drainage permit, one for each parameter and basis: means in base
           units, loads in nanograms.
    """
    access._only(duties.ISSUER)
    self._check_number(number)
    assert self.permit_by_number[number] == 0, "permits: number is taken"
    schemes: uint256 = staticcall IStandards(access._at(names.STANDARDS)).scheme_count()
    assert scheme_id > 0 and scheme_id <= schemes, "permits: unknown scheme"
    face: IApplications.Face = self._taken(application_id, stated_at)
    assert face.amends == 0, "permits: application amends another permit"
    self._check_term(face)
    org_id: uint256 = self._applicant(application_id)
    self.permit_count += 1
    permit_id: uint256 = self.permit_count
    self._permit[permit_id].number = number
    self._permit[permit_id].kind = face.kind
    self._permit[permit_id].holder = org_id
    self._permit[permit_id].scheme_id = scheme_id
    self._permit[permit_id].issued_at = dates._stated(stated_at, 0)
    self._permit[permit_id].state = VALID
    self.permit_by_number[number] = permit_id
    self._held[org_id][self.holder_count[org_id]] = permit_id
    self.holder_count[org_id] += 1
    for limit: IPermitRegistry.PermitLimit in limits:
        assert face.kind != ABSTRACTION, "permits: abstraction has no discharge limits"
        assert limit.has_lo or limit.has_hi, "permits: limit without bound"
        if limit.has_lo and limit.has_hi:
            assert limit.lo <= limit.hi, "permits: limit is empty"
        assert limit.basis >= DAY_MEAN and limit.basis <= YEAR_LOAD, "permits: unknown basis"
        if limit.basis != DAY_MEAN:
            assert not limit.has_lo, "permits: month and load have an upper limit only"
            assert limit.hi >= 0 and limit.hi <= MOST, "permits: limit out of range"
        other: IPermitRegistry.PermitLimit = self._limit_for(
            permit_id, limit.parameter, limit.basis
        )
        assert not (other.has_lo or other.has_hi), "permits: parameter has two limits"
        self._limits[permit_id].append(limit)
    log IPermitRegistry.PermitIssued(
        permit_id=permit_id,
        holder=org_id,
        kind=face.kind,
        number=number,
        application_id=application_id,
        stated_at=self._permit[permit_id].issued_at,
    )
    self._open_version(permit_id, self._terms_of(face, application_id), msg.sender)
    self._tell_purpose(permit_id)
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
    state: uint256 = self._state_at(permit_id, block.timestamp)
    self._must(state == VALID, state, "permits: to suspend, must be VALID")
    assert len(reason) > 0, "permits: empty reason"
    log IPermitRegistry.PermitSuspended(
        permit_id=permit_id, by=msg.sender, at=block.timestamp, reason=reason
    )
    self._change(permit_id, SUSPENDED, msg.sender)


@external
def resume(permit_id: uint256):
    """
    @notice Give a suspended permit its right back.
    """
    access._only(duties.SUPERVISOR)
    state: uint256 = self._state_at(permit_id, block.timestamp)
    self._must(state == SUSPENDED, state, "permits: to resume, must be SUSPENDED")
    log IPermitRegistry.PermitResumed(permit_id=permit_id, by=msg.sender, at=block.timestamp)
    self._change(permit_id, VALID, msg.sender)


@external
def restrict(
    permit_id: uint256,
    annual_l: uint256,
    reason: String[128],
    notice_at: uint256,
    from_at: uint256,
    until_at: uint256,
):
    """
    @notice Restrict the yearly volume for a time, after written notice; it ends by itself.
    @param notice_at When the holder was notified in writing.
    @param from_at From when, 0 for now.
    """
    access._only(duties.SUPERVISOR)
    state: uint256 = self._state_at(permit_id, block.timestamp)
    lives: bool = state == VALID or state == SUSPENDED or state == NOT_BEGUN
    self._must(lives, state, "permits: to restrict, must be VALID, SUSPENDED or NOT_BEGUN")
    assert len(reason) > 0, "permits: restriction needs a reason"
    begins_at: uint256 = from_at if from_at > 0 else block.timestamp
    assert begins_at >= block.timestamp, "permits: restriction would begin in the past"
    assert notice_at > 0 and notice_at <= begins_at, "permits: restriction before written notice"
    assert notice_at <= block.timestamp, "permits: notice lies in the future"
    assert until_at > begins_at and until_at <= M32, "permits: restriction must end after it begins"
    version: uint256 = self._version_at(permit_id, begins_at)
    allowed_l: uint256 = self.terms[permit_id][version].annual_l
    assert annual_l < allowed_l, "permits: restriction does not lower the volume"
    count: uint256 = self.restriction_count[permit_id]
    if count > 0:
        last_until_at: uint256 = self.restriction[permit_id][count - 1].until_at
        assert begins_at >= last_until_at, "permits: another restriction stands"
    self.restriction[permit_id][count] = IPermitRegistry.Restriction(
        annual_l=annual_l,
        notice_at=notice_at,
        from_at=begins_at,
        until_at=until_at,
        by=msg.sender,
    )
    self.restriction_count[permit_id] = count + 1
    log IPermitRegistry.PermitRestricted(
        permit_id=permit_id,
        by=msg.sender,
        annual_l=annual_l,
        notice_at=notice_at,
        from_at=begins_at,
        until_at=until_at,
        reason=reason,
    )
    self._tell(permit_id)


@external
def lift_restriction(permit_id: uint256):
    """
    @notice End the last restriction before its time.
    """
    access._only(duties.SUPERVISOR)
    count: uint256 = self.restriction_count[permit_id]
    assert count > 0, "permits: no restriction stands"
    standing: bool = block.timestamp < self.restriction[permit_id][count - 1].until_at
    assert standing, "permits: the restriction has ended"
    if self.restriction[permit_id][count - 1].from_at >= block.timestamp:
        # one that has not begun never does, and another takes its place
        self.restriction_count[permit_id] = count - 1
    else:
        self.restriction[permit_id][count - 1].until_at = block.timestamp
    log IPermitRegistry.RestrictionLifted(
        permit_id=permit_id, by=msg.sender, at=block.timestamp
    )
    self._tell(permit_id)


@external
def tell_purpose(permit_id: uint256):
    """
    @notice Put on record that a permit's station is classed for another purpose by now. Open to
            anyone, once for each version and class.
    """
    state: uint256 = self._state_at(permit_id, block.timestamp)
    lives: bool = state == VALID or state == SUSPENDED or state == NOT_BEGUN
    self._must(lives, state, "permits: for its purpose, must be VALID, SUSPENDED or NOT_BEGUN")
    classed: bytes32 = self._other_purpose(permit_id)
    assert classed != empty(bytes32), "permits: purpose is that of the station"
    told: bool = self.purpose_told[permit_id][self._permit[permit_id].versions][classed]
    assert not told, "permits: purpose is on record"
    self._tell_purpose(permit_id)


@external
def open_version(permit_id: uint256, terms: IPermitRegistry.Terms, by: address):
    """
    @notice Give a permit another version of its terms; only PermitChanges.
    """
    access._only_contract(names.PERMIT_CHANGES)
    self._open_version(permit_id, terms, by)
    self._tell_purpose(permit_id)
    self._tell(permit_id)


@external
def end(permit_id: uint256, end: uint256, ground: String[128], by: address):
    """
    @notice End a permit now; only PermitChanges.
    """
    access._only_contract(names.PERMIT_CHANGES)
    log IPermitRegistry.PermitEnded(
        permit_id=permit_id, by=by, end=end, at=block.timestamp, ground=ground
    )
    self._permit[permit_id].ended_at = block.timestamp
    self._count(permit_id, 0, False)
    self._change(permit_id, end, by)


@external
@view
def permit(permit_id: uint256) -> IPermitRegistry.Permit:
    """
    @notice What does not change with versions, and the state now; the terms stand in `terms`.
    """
    permit: IPermitRegistry.Permit = self._permit[permit_id]
    permit.state = self._state_at(permit_id, block.timestamp)
    return permit


@external
@view
def latest(permit_id: uint256) -> IPermitRegistry.Terms:
    """
    @notice The terms of the last version, in force already or not yet.
    """
    return self._latest(permit_id)


@external
@view
def as_of(number: String[32], at: uint256) -> IPermitRegistry.Standing:
    """
    @notice What a permit was at a moment: its state, the version in force, the volume it gave.
    """
    permit_id: uint256 = self.permit_by_number[number]
    assert permit_id != 0, "permits: no permit of this number"
    version: uint256 = self._version_at(permit_id, at)
    given: IPermitRegistry.Terms = self.terms[permit_id][version]
    annual_l: uint256 = self._volume_at(permit_id, at).annual_l
    return IPermitRegistry.Standing(
        permit_id=permit_id,
        state=self._state_at(permit_id, at),
        version=version,
        annual_l=annual_l,
        restricted=annual_l < given.annual_l,
    )


@external
@view
def expiring(
    from_at: uint256, until_at: uint256, first: uint256, count: uint256
) -> DynArray[uint256, MAX_PAGE]:
    """
    @notice The permits from number `first` on, at most `count` looked at, that expire in a span.
    """
    page: DynArray[uint256, MAX_PAGE] = []
    for i: uint256 in range(MAX_PAGE):
        permit_id: uint256 = first + i
        if i >= count or permit_id > self.permit_count:
            break
        ends_at: uint256 = self._latest(permit_id).until_at
        ended: bool = self._permit[permit_id].ended_at != 0
        if not ended and ends_at >= from_at and ends_at < until_at:
            page.append(permit_id)
    return page


@external
@view
def in_right(permit_id: uint256, at: uint256) -> bool:
    """
    @notice Whether a permit gave its right at a moment: within its dates and its season, neither
            suspended nor ended then.
    """
    return self._right_at(permit_id, at)[0]


@external
@view
def right_at(permit_id: uint256, at: uint256) -> (bool, uint256):
    """
    @notice Whether a permit gave its right at a moment, and the next moment at which that or its
            volume may differ.
    """
    return self._right_at(permit_id, at)


@external
@view
def volume_at(permit_id: uint256, at: uint256) -> IPermitRegistry.Volume:
    """
    @notice The yearly volume and the rate that a permit gave at a moment, and its dates.
    """
    return self._volume_at(permit_id, at)


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
    @notice The conditions of a drainage permit.
    """
    return self._limits[permit_id]


@external
@view
def limit_for(
    permit_id: uint256, parameter: bytes32, basis: uint256
) -> IPermitRegistry.PermitLimit:
    """
    @notice The condition for one parameter on a basis; without bounds if there is none.
    """
    return self._limit_for(permit_id, parameter, basis)


@external
@view
def station_at(permit_id: uint256, at: uint256) -> uint256:
    """
    @notice Where a permit's station stood under the terms in force at a moment, the first ones for
            an earlier one: an altered permit may have moved it.
    """
    return self.terms[permit_id][self._version_at(permit_id, at)].station_id


@internal
@pure
def _must(fits: bool, state: uint256, rule: String[72]):
    assert fits, concat(rule, ", is ", states._permit(state))


@internal
def _taken(application_id: uint256, stated_at: uint256) -> IApplications.Face:
    applications: IApplications = IApplications(access._at(names.APPLICATIONS))
    extcall applications.take(application_id, stated_at)
    return staticcall applications.face(application_id)


@internal
@view
def _applicant(application_id: uint256) -> uint256:
    applications: IApplications = IApplications(access._at(names.APPLICATIONS))
    return (staticcall applications.application(application_id)).org_id


@internal
@view
def _check_term(face: IApplications.Face):
    """
    @dev Abstraction: at most ten years, Decree 460 art. 25. Drainage: five, unverified.
    """
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    drainage: bool = face.kind != ABSTRACTION
    term: String[32] = "drainage_max_months" if drainage else "permit_max_months"
    months: uint256 = self._setting(term, block.timestamp)
    longest_at: uint256 = staticcall standards.months_later(face.from_at, months)
    assert face.until_at <= longest_at, "permits: term is too long"


@internal
@view
def _setting(name: String[32], at: uint256) -> uint256:
    setting: IStandards.Setting = staticcall IStandards(access._at(names.STANDARDS)).setting_at(
        names._label(name), at
    )
    return convert(setting.amount, uint256)


@internal
@pure
def _terms_of(face: IApplications.Face, application_id: uint256) -> IPermitRegistry.Terms:
    return IPermitRegistry.Terms(
        purpose=face.purpose,
        source=face.source,
        station_id=face.station_id,
        annual_l=face.annual_l,
        monthly_l=face.monthly_l,
        daily_l=face.daily_l,
        peak_l_h=face.peak_l_h,
        season_from=face.season_from,
        season_until=face.season_until,
        return_station_id=face.return_station_id,
        return_l=face.return_l,
        from_at=face.from_at,
        until_at=face.until_at,
        document_hash=face.document_hash,
        application_id=application_id,
        cause=ISSUE,
        in_force_at=0,
    )


@internal
@view
def _latest(permit_id: uint256) -> IPermitRegistry.Terms:
    return self.terms[permit_id][self._permit[permit_id].versions]


@internal
def _open_version(permit_id: uint256, terms: IPermitRegistry.Terms, by: address):
    version: uint256 = self._permit[permit_id].versions + 1
    self._permit[permit_id].versions = version
    self.terms[permit_id][version] = terms
    log IPermitRegistry.VersionOpened(
        permit_id=permit_id,
        version=version,
        cause=terms.cause,
        by=by,
        annual_l=terms.annual_l,
        from_at=terms.from_at,
        until_at=terms.until_at,
        in_force_at=terms.in_force_at,
        document_hash=terms.document_hash,
    )
    self._count(permit_id, terms.annual_l, True)


@internal
def _count(permit_id: uint256, annual_l: uint256, lives: bool):
    """
    @dev What the permits of a region give together, volume or load, is held against its ceilings; a
         volume that takes force later counts from now on.
    """
    lines: IRedLines = IRedLines(access._at(names.RED_LINES))
    station_id: uint256 = self._latest(permit_id).station_id
    if self._permit[permit_id].kind == ABSTRACTION:
        extcall lines.count(permit_id, station_id, annual_l)
        return
    for limit: IPermitRegistry.PermitLimit in self._limits[permit_id]:
        # once for a parameter: by the strictest of its loads
        if limit.basis == self._strictest(permit_id, limit.parameter):
            given_ng: uint256 = self._of_year_ng(limit) if lives else 0
            extcall lines.count_load(permit_id, station_id, limit.parameter, given_ng)


@internal
@view
def _strictest(permit_id: uint256, parameter: bytes32) -> uint256:
    """
    @dev The basis of the load that leaves the least in a year, 0 where none is limited.
    """
    basis: uint256 = 0
    least_ng: uint256 = NEVER
    for limit: IPermitRegistry.PermitLimit in self._limits[permit_id]:
        load: bool = limit.parameter == parameter and limit.basis >= DAY_LOAD
        if load and self._of_year_ng(limit) < least_ng:
            basis = limit.basis
            least_ng = self._of_year_ng(limit)
    return basis


@internal
@pure
def _of_year_ng(limit: IPermitRegistry.PermitLimit) -> uint256:
    """
    @dev What a load comes to in the longest year: 366 days, 12 months.
    """
    load_ng: uint256 = convert(limit.hi, uint256)
    if limit.basis == DAY_LOAD:
        return load_ng * 366
    return load_ng * 12 if limit.basis == MONTH_LOAD else load_ng


@internal
@view
def _other_purpose(permit_id: uint256) -> bytes32:
    """
    @dev What a permit's station is classed for, where that is another purpose than the permit's.
    """
    terms: IPermitRegistry.Terms = self._latest(permit_id)
    network: IWaterNetwork = IWaterNetwork(access._at(names.WATER_NETWORK))
    classed: bytes32 = staticcall network.station_purpose(terms.station_id)
    return empty(bytes32) if classed == terms.purpose else classed


@internal
def _tell_purpose(permit_id: uint256):
    """
    @dev A point that is classed for another purpose is a violation on the record.
    """
    classed: bytes32 = self._other_purpose(permit_id)
    if classed == empty(bytes32):
        return
    terms: IPermitRegistry.Terms = self._latest(permit_id)
    self.purpose_told[permit_id][self._permit[permit_id].versions][classed] = True
    log IPermitRegistry.PurposeViolated(
        permit_id=permit_id,
        station_id=terms.station_id,
        purpose=terms.purpose,
        station_purpose=classed,
    )


@internal
@view
def _limit_for(
    permit_id: uint256, parameter: bytes32, basis: uint256
) -> IPermitRegistry.PermitLimit:
    for limit: IPermitRegistry.PermitLimit in self._limits[permit_id]:
        if limit.parameter == parameter and limit.basis == basis:
            return limit
    return empty(IPermitRegistry.PermitLimit)


@internal
def _change(permit_id: uint256, state: uint256, by: address):
    count: uint256 = self.change_count[permit_id]
    self._permit[permit_id].state = state
    self.change[permit_id][count] = IPermitRegistry.Change(
        state=state, at=block.timestamp, by=by
    )
    self.change_count[permit_id] = count + 1
    self._tell(permit_id)


@internal
def _tell(permit_id: uint256):
    """
    @dev Whoever counts asks again with the next reading.
    """
    extcall IAccounts(self._accounts(self._permit[permit_id].kind)).right_changed(permit_id)


@internal
@view
def _version_at(permit_id: uint256, at: uint256) -> uint256:
    """
    @dev The last version in force at a moment; the first one before it.
    """
    low: uint256 = 1
    high: uint256 = self._permit[permit_id].versions
    for _: uint256 in range(256):
        if low >= high:
            break
        middle: uint256 = (low + high + 1) // 2
        if self.terms[permit_id][middle].in_force_at <= at:
            low = middle
        else:
            high = middle - 1
    return low


@internal
@view
def _restriction_at(permit_id: uint256, at: uint256) -> uint256:
    """
    @dev How many restrictions had begun by a moment.
    """
    low: uint256 = 0
    high: uint256 = self.restriction_count[permit_id]
    for _: uint256 in range(256):
        if low == high:
            break
        middle: uint256 = (low + high) // 2
        if self.restriction[permit_id][middle].from_at <= at:
            low = middle + 1
        else:
            high = middle
    return low


@internal
@view
def _volume_at(permit_id: uint256, at: uint256) -> IPermitRegistry.Volume:
    version: uint256 = self._version_at(permit_id, at)
    annual_l: uint256 = self.terms[permit_id][version].annual_l
    begun: uint256 = self._restriction_at(permit_id, at)
    if begun > 0 and at < self.restriction[permit_id][begun - 1].until_at:
        annual_l = min(annual_l, self.restriction[permit_id][begun - 1].annual_l)
    # field by field: a meter that asks pays for each word that is read
    return IPermitRegistry.Volume(
        annual_l=annual_l,
        peak_l_h=self.terms[permit_id][version].peak_l_h,
        from_at=self.terms[permit_id][version].from_at,
        until_at=self.terms[permit_id][version].until_at,
    )


@internal
@view
def _changed_at(permit_id: uint256, at: uint256) -> uint256:
    """
    @dev How many changes of the right had happened by a moment.
    """
    low: uint256 = 0
    high: uint256 = self.change_count[permit_id]
    for _: uint256 in range(256):
        if low == high:
            break
        middle: uint256 = (low + high) // 2
        if self.change[permit_id][middle].at <= at:
            low = middle + 1
        else:
            high = middle
    return low


@internal
@view
def _state_at(permit_id: uint256, at: uint256) -> uint256:
    """
    @dev The earliest end counts; an act that ends a permit goes before its expiry at the same
         instant.
    """
    if self._permit[permit_id].versions == 0:
        return 0
    terms: IPermitRegistry.Terms = self.terms[permit_id][self._version_at(permit_id, at)]
    ended_at: uint256 = self._permit[permit_id].ended_at
    if ended_at != 0 and ended_at <= min(at, terms.until_at):
        return self._permit[permit_id].state
    if at >= terms.until_at:
        return EXPIRED
    if at < terms.from_at:
        return NOT_BEGUN
    changed: uint256 = self._changed_at(permit_id, at)
    if changed == 0:
        return VALID
    return self.change[permit_id][changed - 1].state


@internal
@view
def _right_at(permit_id: uint256, at: uint256) -> (bool, uint256):
    version: uint256 = self._version_at(permit_id, at)
    changes_at: uint256 = NEVER
    if version < self._permit[permit_id].versions:
        changes_at = self.terms[permit_id][version + 1].in_force_at
    changed: uint256 = self._changed_at(permit_id, at)
    if changed < self.change_count[permit_id]:
        changes_at = min(changes_at, self.change[permit_id][changed].at)
    begun: uint256 = self._restriction_at(permit_id, at)
    if begun < self.restriction_count[permit_id]:
        changes_at = min(changes_at, self.restriction[permit_id][begun].from_at)
    if begun > 0 and at < self.restriction[permit_id][begun - 1].until_at:
        changes_at = min(changes_at, self.restriction[permit_id][begun - 1].until_at)
    from_at: uint256 = self.terms[permit_id][version].from_at
    until_at: uint256 = self.terms[permit_id][version].until_at
    if at < from_at:
        return False, min(changes_at, from_at)
    if at >= until_at:
        return False, changes_at
    changes_at = min(changes_at, until_at)
    if changed > 0 and self.change[permit_id][changed - 1].state != VALID:
        return False, changes_at
    season_from: uint256 = self.terms[permit_id][version].season_from
    if season_from == 0:
        return True, changes_at
    inside: bool = False
    turns_at: uint256 = 0
    inside, turns_at = staticcall IStandards(access._at(names.STANDARDS)).season_at(
        season_from, self.terms[permit_id][version].season_until, at
    )
    return inside, min(changes_at, turns_at)


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
