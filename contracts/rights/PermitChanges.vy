# pragma version 0.4.3
# pragma evm-version london
"""
@title Permit changes
@license Apache-2.0
@notice How a permit's terms change and how it ends: extension, alteration, amendment by a new
        application, transfer of a part, surrender, and an end that two officers decide.
@dev Articles are of Decree 460: extension art. 25, change art. 26, transfer art. 27, non-use art.
     44, false data art. 50, revocation art. 51-53. What stands is kept by PermitRegistry. Settings
     of Standards: unused_years, and by kind of permit permit_max_months and extension_days,
     drainage_max_months and drainage_extension_days.
@custom:halt Withdraw the ISSUER and DECIDER posts in Authority.
"""

from contracts.interfaces import IApplications
from contracts.interfaces import IAuthority
from contracts.interfaces import IMeters
from contracts.interfaces import IPermitChanges
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IStandards
from contracts.interfaces import IVolumeBook
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import dates
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import states

initializes: access

exports: access.AUTHORITY

ABSTRACTION: constant(uint256) = 1
VALID: constant(uint256) = 1  # states of a permit that can still change
SUSPENDED: constant(uint256) = 2
NOT_BEGUN: constant(uint256) = 8
REVOKED: constant(uint256) = 3  # ends: a penalty
SURRENDERED: constant(uint256) = 4  # by the holder
DEREGISTERED: constant(uint256) = 5  # long out of use, no fault
INVALID: constant(uint256) = 6  # obtained by false data
EXTENSION: constant(uint256) = 2  # causes of a version
ALTERATION: constant(uint256) = 3
AMENDMENT: constant(uint256) = 4
TRANSFER: constant(uint256) = 5
OFFERED: constant(uint256) = 1  # states of a transfer
APPROVED: constant(uint256) = 2
REFUSED: constant(uint256) = 3
MAX_YEARS: constant(uint256) = 100  # of non-use that are looked at
DAY_S: constant(uint256) = 86_400
YEAR: constant(uint256) = 4  # calendar of Standards
M32: constant(uint256) = 2**32 - 1

extension: public(HashMap[uint256, IPermitChanges.Extension])
transfer: public(HashMap[uint256, IPermitChanges.Transfer])
transfer_count: public(uint256)
end_proposal: public(HashMap[uint256, IPermitChanges.EndProposal])


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def request_extension(
    permit_id: uint256, until_at: uint256, document_hash: bytes32, stated_at: uint256
):
    """
    @notice Ask that a permit be extended, in time before it expires: its holder, or a clerk who
            records the holder's paper.
    @param stated_at When the paper came in; the holder's own request counts when it is recorded.
    """
    by_clerk: bool = staticcall IAuthority(access.AUTHORITY).can(msg.sender, duties.CLERK)
    if not by_clerk:
        self._only_holder(permit_id)
        assert stated_at == 0, "changes: only a clerk states when paper came in"
    self._require_alive(permit_id)
    asked_at: uint256 = dates._stated(stated_at, self._permit(permit_id).issued_at)
    ends_at: uint256 = self._latest(permit_id).until_at
    drainage: bool = self._permit(permit_id).kind != ABSTRACTION
    term: String[32] = "drainage_extension_days" if drainage else "extension_days"
    ahead_s: uint256 = self._setting(term, asked_at) * DAY_S
    assert asked_at + ahead_s <= ends_at, "changes: extension asked for too late"
    assert until_at > ends_at and until_at <= M32, "changes: extension must end later"
    self._check_term(permit_id, ends_at, until_at)
    self.extension[permit_id] = IPermitChanges.Extension(
        until_at=until_at, document_hash=document_hash, asked_at=asked_at
    )
    log IPermitChanges.ExtensionRequested(
        permit_id=permit_id,
        by=msg.sender,
        until_at=until_at,
        document_hash=document_hash,
        stated_at=asked_at,
    )


@external
def decide_extension(permit_id: uint256, approve: bool, stated_at: uint256):
    """
    @notice Decide on an extension that was asked for, before the permit expires.
    """
    access._only(duties.DECIDER)
    extension: IPermitChanges.Extension = self.extension[permit_id]
    assert extension.asked_at > 0, "changes: no extension is asked for"
    self._require_alive(permit_id)
    at: uint256 = dates._stated(stated_at, extension.asked_at)
    self.extension[permit_id] = empty(IPermitChanges.Extension)
    log IPermitChanges.ExtensionDecided(
        permit_id=permit_id,
        by=msg.sender,
        approved=approve,
        until_at=extension.until_at,
        stated_at=at,
    )
    if approve:
        terms: IPermitRegistry.Terms = self._latest(permit_id)
        assert extension.until_at > terms.until_at, "changes: permit ends later than the extension"
        terms.until_at = extension.until_at
        terms.document_hash = extension.document_hash
        terms.cause = EXTENSION
        terms.in_force_at = max(terms.in_force_at, block.timestamp)
        self._open_version(permit_id, terms)


@external
def alter(permit_id: uint256, alteration: IPermitChanges.Alteration, in_force_at: uint256):
    """
    @notice Change stated items that need no new application; source, purpose, volume and return
            flow do.
    @param in_force_at From when, 0 for now.
    """
    access._only(duties.ISSUER)
    self._require_alive(permit_id)
    terms: IPermitRegistry.Terms = self._latest(permit_id)
    stations: uint256 = staticcall IWaterNetwork(access._at(names.WATER_NETWORK)).station_count()
    known: bool = alteration.station_id > 0 and alteration.station_id <= stations
    assert known and alteration.return_station_id <= stations, "changes: unknown station"
    assert alteration.peak_l_h > 0 and alteration.peak_l_h <= M32, "changes: peak out of range"
    fits: bool = alteration.monthly_l <= terms.annual_l and alteration.daily_l <= terms.annual_l
    assert fits, "changes: cap beyond the annual volume"
    whole_year: bool = alteration.season_from == 0 and alteration.season_until == 0
    season: bool = dates._is_day(alteration.season_from) and dates._is_day(alteration.season_until)
    assert whole_year or season, "changes: season is no pair of month and day"
    terms.station_id = alteration.station_id
    terms.monthly_l = alteration.monthly_l
    terms.daily_l = alteration.daily_l
    terms.peak_l_h = alteration.peak_l_h
    terms.season_from = alteration.season_from
    terms.season_until = alteration.season_until
    terms.return_station_id = alteration.return_station_id
    terms.document_hash = alteration.document_hash
    terms.cause = ALTERATION
    terms.in_force_at = self._from_now(in_force_at, terms.in_force_at, terms.until_at)
    self._open_version(permit_id, terms)


@external
def amend(application_id: uint256, in_force_at: uint256, stated_at: uint256):
    """
    @notice Give a permit the terms of an approved application that amends it.
    @param in_force_at From when, 0 for now.
    """
    access._only(duties.ISSUER)
    applications: IApplications = IApplications(access._at(names.APPLICATIONS))
    extcall applications.take(application_id, stated_at)
    face: IApplications.Face = staticcall applications.face(application_id)
    permit_id: uint256 = face.amends
    assert permit_id != 0, "changes: application amends no permit"
    self._require_alive(permit_id)
    assert face.kind == self._permit(permit_id).kind, "changes: amendment of another kind"
    applicant: uint256 = (staticcall applications.application(application_id)).org_id
    holds: bool = applicant == self._permit(permit_id).holder
    assert holds, "changes: applicant does not hold the permit"
    self._check_term(permit_id, face.from_at, face.until_at)
    before: IPermitRegistry.Terms = self._latest(permit_id)
    terms: IPermitRegistry.Terms = IPermitRegistry.Terms(
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
        from_at=before.from_at,  # the right began when it began
        until_at=face.until_at,
        document_hash=face.document_hash,
        application_id=application_id,
        cause=AMENDMENT,
        in_force_at=self._from_now(in_force_at, before.in_force_at, before.until_at),
    )
    self._open_version(permit_id, terms)


@external
def offer_transfer(
    giver: uint256,
    taker: uint256,
    volume_l: uint256,
    price_uy: uint256,
    in_force_at: uint256,
    document_hash: bytes32,
) -> uint256:
    """
    @notice Offer a part of a permit's yearly volume, saved water, to another permit.
    @param in_force_at From when, 0 for when it is approved.
    """
    self._only_holder(giver)
    for permit_id: uint256 in [giver, taker]:
        self._require_alive(permit_id)
        abstraction: bool = self._permit(permit_id).kind == ABSTRACTION
        assert abstraction, "changes: only abstraction is transferred"
    assert giver != taker, "changes: transfer to itself"
    assert volume_l > 0, "changes: transfer of nothing"
    self.transfer_count += 1
    transfer_id: uint256 = self.transfer_count
    self.transfer[transfer_id] = IPermitChanges.Transfer(
        giver=giver,
        taker=taker,
        volume_l=volume_l,
        price_uy=price_uy,
        in_force_at=in_force_at,
        state=OFFERED,
    )
    log IPermitChanges.TransferOffered(
        transfer_id=transfer_id,
        giver=giver,
        taker=taker,
        volume_l=volume_l,
        price_uy=price_uy,
        in_force_at=in_force_at,
        document_hash=document_hash,
    )
    return transfer_id


@external
def decide_transfer(transfer_id: uint256, approve: bool):
    """
    @notice Approve a transfer, which moves the volume from one permit to the other, or refuse it.
    """
    access._only(duties.DECIDER)
    transfer: IPermitChanges.Transfer = self.transfer[transfer_id]
    assert transfer.state == OFFERED, "changes: transfer must be offered"
    self.transfer[transfer_id].state = APPROVED if approve else REFUSED
    log IPermitChanges.TransferDecided(
        transfer_id=transfer_id, by=msg.sender, approved=approve
    )
    if not approve:
        return
    giver: IPermitRegistry.Terms = self._latest(transfer.giver)
    taker: IPermitRegistry.Terms = self._latest(transfer.taker)
    self._require_alive(transfer.giver)
    self._require_alive(transfer.taker)
    in_force_at: uint256 = self._from_now(
        transfer.in_force_at,
        max(giver.in_force_at, taker.in_force_at),
        min(giver.until_at, taker.until_at),
    )
    used_l: uint256 = (
        staticcall IVolumeBook(access._at(names.QUOTA_TRACKER)).pace(
            transfer.giver, block.timestamp
        )
    ).used_l
    assert used_l + transfer.volume_l < giver.annual_l, "changes: volume is used or not there"
    giver.annual_l -= transfer.volume_l
    taker.annual_l += transfer.volume_l
    assert giver.monthly_l <= giver.annual_l, "changes: giver's monthly cap would exceed its volume"
    assert giver.daily_l <= giver.annual_l, "changes: giver's daily cap would exceed its volume"
    giver.return_l = min(giver.return_l, giver.annual_l)
    giver.cause = TRANSFER
    taker.cause = TRANSFER
    giver.in_force_at = in_force_at
    taker.in_force_at = in_force_at
    self._open_version(transfer.giver, giver)
    self._open_version(transfer.taker, taker)


@external
def surrender(permit_id: uint256, reason: String[128]):
    """
    @notice Give a permit back; only its holder.
    """
    self._only_holder(permit_id)
    self._require_alive(permit_id)
    assert len(reason) > 0, "changes: surrender needs a reason"
    extcall self._registry().end(permit_id, SURRENDERED, reason, msg.sender)


@external
def propose_end(permit_id: uint256, end: uint256, ground: String[128]):
    """
    @notice Propose that a permit end; another officer decides.
    @param end 3 revoked, a penalty; 5 deregistered, unused for years; 6 invalid, obtained by false
           data.
    """
    access._only(duties.SUPERVISOR)
    self._require_alive(permit_id)
    assert end == REVOKED or end == DEREGISTERED or end == INVALID, "changes: unknown end"
    assert len(ground) > 0, "changes: empty ground"
    if end == DEREGISTERED:
        self._require_unused(permit_id)
    self.end_proposal[permit_id] = IPermitChanges.EndProposal(
        proposed_by=msg.sender, end=end, ground=ground
    )
    log IPermitChanges.EndProposed(permit_id=permit_id, by=msg.sender, end=end, ground=ground)


@external
def decide_end(permit_id: uint256, end: uint256):
    """
    @notice Decide on a proposed end; the permit ends now.
    @param end The end that was proposed, so that nobody decides on another than they read.
    """
    access._only(duties.DECIDER)
    proposal: IPermitChanges.EndProposal = self.end_proposal[permit_id]
    assert proposal.end == end and end != 0, "changes: this end is not proposed"
    assert not access._is_caller(proposal.proposed_by), "changes: proposer cannot decide"
    self._require_alive(permit_id)
    if end == DEREGISTERED:
        self._require_unused(permit_id)
    extcall self._registry().end(permit_id, end, proposal.ground, msg.sender)


@internal
@view
def _only_holder(permit_id: uint256):
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    holds: bool = org_id != 0 and org_id == self._permit(permit_id).holder
    assert holds, "changes: caller does not hold the permit"


@internal
@view
def _require_unused(permit_id: uint256):
    """
    @dev Decree 460 art. 44: not a litre in the current local year and the whole years before it.
    """
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    years: uint256 = self._setting("unused_years", block.timestamp)
    now: uint256 = staticcall standards.period_at(YEAR, block.timestamp)
    assert now >= years, "changes: calendar does not reach back so far"
    begun_at: uint256 = staticcall standards.boundary(YEAR, now - years)
    first_at: uint256 = max((staticcall self._registry().terms(permit_id, 1)).from_at, self._permit(permit_id).issued_at)
    assert first_at <= begun_at, "changes: held for less than the years of non-use"
    name: bytes32 = names.DISCHARGE_VOLUMES
    if self._permit(permit_id).kind == ABSTRACTION:
        name = names.QUOTA_TRACKER
    book: IVolumeBook = IVolumeBook(access._at(name))
    for back: uint256 in range(min(years + 1, MAX_YEARS), bound=MAX_YEARS):
        used_l: uint256 = staticcall book.used_l(permit_id, now - back)
        assert used_l == 0, "changes: was used in the years of non-use"


@internal
@view
def _from_now(in_force_at: uint256, last_at: uint256, ends_at: uint256) -> uint256:
    """
    @dev Terms change now or later, not before terms that were set already, and before those end: a
         permit that has expired does not come back.
    """
    at: uint256 = in_force_at if in_force_at > 0 else block.timestamp
    assert at >= block.timestamp and at <= M32, "changes: terms cannot change in the past"
    assert at >= last_at, "changes: other terms take force later"
    assert at < ends_at, "changes: permit ends by then, extend it first"
    return at


@internal
@view
def _registry() -> IPermitRegistry:
    return IPermitRegistry(access._at(names.PERMIT_REGISTRY))


@internal
@view
def _permit(permit_id: uint256) -> IPermitRegistry.Permit:
    return staticcall self._registry().permit(permit_id)


@internal
@view
def _latest(permit_id: uint256) -> IPermitRegistry.Terms:
    return staticcall self._registry().latest(permit_id)


@internal
def _open_version(permit_id: uint256, terms: IPermitRegistry.Terms):
    extcall self._registry().open_version(permit_id, terms, msg.sender)


@internal
@view
def _require_alive(permit_id: uint256):
    """
    @dev Neither ended nor expired; a permit that has not begun may be changed already.
    """
    state: uint256 = self._permit(permit_id).state
    alive: bool = state == VALID or state == SUSPENDED or state == NOT_BEGUN
    rule: String[48] = "changes: must be VALID, SUSPENDED or NOT_BEGUN"
    assert alive, concat(rule, ", is ", states._permit(state))


@internal
@view
def _check_term(permit_id: uint256, from_at: uint256, until_at: uint256):
    """
    @dev Abstraction: at most ten years, Decree 460 art. 25. Drainage: five, unverified.
    """
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    drainage: bool = self._permit(permit_id).kind != ABSTRACTION
    term: String[32] = "drainage_max_months" if drainage else "permit_max_months"
    months: uint256 = self._setting(term, block.timestamp)
    longest_at: uint256 = staticcall standards.months_later(from_at, months)
    assert until_at <= longest_at, "changes: term is too long"


@internal
@view
def _setting(name: String[32], at: uint256) -> uint256:
    setting: IStandards.Setting = staticcall IStandards(access._at(names.STANDARDS)).setting_at(
        names._label(name), at
    )
    return convert(setting.amount, uint256)
