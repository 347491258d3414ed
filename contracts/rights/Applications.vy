# pragma version 0.4.3
# pragma evm-version london
"""
@title Applications
@license Apache-2.0
@notice From a request to a decision: applied, corrected, accepted, reviewed, decided by another.
@dev Decree 460: acceptance art. 13, review art. 17-18, decision art. 19, grounds of refusal art. 20
     in the order of its list. The deciding officer is not the reviewing one.
@custom:halt Withdraw the posts of CLERK, REVIEWER and DECIDER in Authority.
"""

from contracts.interfaces import IApplications
from contracts.interfaces import IAuthority
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names

implements: IApplications

initializes: access

exports: access.AUTHORITY

ABSTRACTION: constant(uint256) = 1
DRAINAGE: constant(uint256) = 2
SUBMITTED: constant(uint256) = 1
CORRECTION: constant(uint256) = 2
ACCEPTED: constant(uint256) = 3
UNDER_REVIEW: constant(uint256) = 4
APPROVED: constant(uint256) = 5
REJECTED: constant(uint256) = 6
ISSUED: constant(uint256) = 7
GROUNDS: constant(uint256) = 8  # Decree 460 art. 20
M32: constant(uint256) = 2**32 - 1
M48: constant(uint256) = 2**48 - 1

application: public(HashMap[uint256, IApplications.Application])
face: public(HashMap[uint256, IApplications.Face])
application_count: public(uint256)


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def apply(face: IApplications.Face) -> uint256:
    """
    @notice Apply for an abstraction or a drainage permit.
    @dev The caller is the account of a verified organisation.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    assert org_id != 0, "applications: caller has no organisation"
    verified: bool = staticcall IAuthority(access.AUTHORITY).is_verified(org_id)
    assert verified, "applications: organisation is not verified"
    self._check(face)
    self.application_count += 1
    application_id: uint256 = self.application_count
    self.face[application_id] = face
    self.application[application_id].org_id = org_id
    self.application[application_id].state = SUBMITTED
    self.application[application_id].version = 1
    self.application[application_id].applied_at = block.timestamp
    log IApplications.Applied(
        application_id=application_id,
        org_id=org_id,
        kind=face.kind,
        version=1,
        document_hash=face.document_hash,
    )
    return application_id


@external
def accept(application_id: uint256):
    """
    @notice Accept a complete application for review.
    """
    access._only(duties.CLERK)
    state: uint256 = self.application[application_id].state
    assert state == SUBMITTED, "applications: to accept, must be SUBMITTED"
    self.application[application_id].state = ACCEPTED
    self.application[application_id].accepted_by = msg.sender
    log IApplications.Accepted(application_id=application_id, by=msg.sender)


@external
def request_correction(application_id: uint256, reason: String[128]):
    """
    @notice Send an application back to be corrected.
    """
    access._only(duties.CLERK)
    state: uint256 = self.application[application_id].state
    assert state == SUBMITTED, "applications: to correct, must be SUBMITTED"
    assert len(reason) > 0, "applications: empty reason"
    self.application[application_id].state = CORRECTION
    log IApplications.CorrectionRequested(
        application_id=application_id, by=msg.sender, reason=reason
    )


@external
def resubmit(application_id: uint256, face: IApplications.Face):
    """
    @notice Hand in the corrected application.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    owner: uint256 = self.application[application_id].org_id
    assert org_id != 0 and org_id == owner, "applications: caller is not the applicant"
    state: uint256 = self.application[application_id].state
    assert state == CORRECTION, "applications: to resubmit, must be CORRECTION"
    assert face.kind == self.face[application_id].kind, "applications: kind cannot change"
    self._check(face)
    self.face[application_id] = face
    self.application[application_id].state = SUBMITTED
    self.application[application_id].version += 1
    log IApplications.Applied(
        application_id=application_id,
        org_id=org_id,
        kind=face.kind,
        version=self.application[application_id].version,
        document_hash=face.document_hash,
    )


@external
def review(application_id: uint256, favourable: bool, opinion_hash: bytes32):
    """
    @notice Put the review's opinion on record.
    """
    access._only(duties.REVIEWER)
    state: uint256 = self.application[application_id].state
    assert state == ACCEPTED, "applications: to review, must be ACCEPTED"
    self.application[application_id].state = UNDER_REVIEW
    self.application[application_id].reviewer = msg.sender
    self.application[application_id].favourable = favourable
    self.application[application_id].opinion_hash = opinion_hash
    log IApplications.Reviewed(
        application_id=application_id,
        by=msg.sender,
        favourable=favourable,
        opinion_hash=opinion_hash,
    )


@external
def decide(application_id: uint256, approve: bool, ground: uint256):
    """
    @notice Approve, or refuse on a ground.
    @param ground 0 to approve; 1 to 8 to refuse, in the order of Decree 460 art. 20.
    """
    access._only(duties.DECIDER)
    state: uint256 = self.application[application_id].state
    assert state == UNDER_REVIEW, "applications: to decide, must be UNDER_REVIEW"
    reviewer: address = self.application[application_id].reviewer
    assert reviewer != msg.sender, "applications: reviewer cannot decide"
    if approve:
        assert ground == 0, "applications: approval has no ground"
        self.application[application_id].state = APPROVED
    else:
        assert ground > 0 and ground <= GROUNDS, "applications: refusal needs a ground"
        self.application[application_id].state = REJECTED
        self.application[application_id].ground = ground
    self.application[application_id].decider = msg.sender
    log IApplications.Decided(
        application_id=application_id, by=msg.sender, approved=approve, ground=ground
    )


@external
def take(application_id: uint256):
    """
    @notice Learn that the permit was issued; only PermitRegistry.
    """
    access._only_contract(names.PERMIT_REGISTRY)
    state: uint256 = self.application[application_id].state
    assert state == APPROVED, "applications: to issue, must be APPROVED"
    self.application[application_id].state = ISSUED
    log IApplications.Taken(application_id=application_id)


@internal
@view
def _check(face: IApplications.Face):
    """
    @dev A face that a permit could carry.
    """
    assert face.kind == ABSTRACTION or face.kind == DRAINAGE, "applications: unknown kind"
    stations: uint256 = staticcall IWaterNetwork(access._at(names.WATER_NETWORK)).station_count()
    known: bool = face.station_id > 0 and face.station_id <= stations
    assert known, "applications: unknown station"
    assert face.annual_l > 0 and face.annual_l <= M48, "applications: volume out of range"
    assert face.peak_l_h > 0 and face.peak_l_h <= M32, "applications: peak out of range"
    runs: bool = face.from_at < face.until_at and face.until_at <= M32
    assert runs, "applications: validity out of range"
