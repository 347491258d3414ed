# pragma version 0.4.3
# pragma evm-version london
"""
@title Applications
@license Apache-2.0
@notice From a request to a decision and to accepted works; every act states its date.
@dev Decree 460: application art. 10-12, acceptance, correction and competence art. 13, review,
     hearing and dispute art. 17-18, decision art. 19, grounds of refusal art. 20 in the order of its
     list, works art. 22-23. The deciding officer is not the reviewing one. Terms are settings of
     Standards: accept_days, forward_days and decide_days in working days, works_months, trial_days.
     The way back from a correction, a stop of the review or a forwarding is our reading: the text
     does not say it.
@custom:halt Withdraw the posts of CLERK, REVIEWER and DECIDER in Authority.
"""

from contracts.interfaces import IApplications
from contracts.interfaces import IAuthority
from contracts.interfaces import IStandards
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import dates
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import states

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
NOT_COMPETENT: constant(uint256) = 8
SUSPENDED_REVIEW: constant(uint256) = 9
LAPSED: constant(uint256) = 10
CAUSES: constant(uint256) = 3  # of a stopped review: hearing 1, consultation 2, dispute 3
GROUNDS: constant(uint256) = 8  # Decree 460 art. 20
MAX_STOPS: constant(uint256) = 32  # interruptions of one review
TO_ACCEPT: constant(uint256) = 1  # what is due
TO_DECIDE: constant(uint256) = 2
TO_BEGIN_WORKS: constant(uint256) = 3
TO_FORWARD: constant(uint256) = 4
DAY_S: constant(uint256) = 86_400
M32: constant(uint256) = 2**32 - 1
M48: constant(uint256) = 2**48 - 1

application: public(HashMap[uint256, IApplications.Application])
face: public(HashMap[uint256, IApplications.Face])
application_count: public(uint256)
_stops: HashMap[uint256, DynArray[IStandards.Stop, MAX_STOPS]]
_returns_to: HashMap[uint256, uint256]  # state to which a stopped review returns


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def apply(face: IApplications.Face, stated_at: uint256) -> uint256:
    """
    @notice Apply for an abstraction or a drainage permit, or for another version of one.
    @param face `amends` names the permit that is to get another version, 0 for a new permit.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    assert org_id != 0, "applications: caller has no organisation"
    verified: bool = staticcall IAuthority(access.AUTHORITY).is_verified(org_id)
    assert verified, "applications: organisation is not verified"
    self._check(face)
    self.application_count += 1
    application_id: uint256 = self.application_count
    self.application[application_id].org_id = org_id
    self._submit(application_id, face, stated_at)
    return application_id


@external
def accept(application_id: uint256, stated_at: uint256):
    """
    @notice Accept a complete application for review.
    """
    access._only(duties.CLERK)
    self._must_be(application_id, SUBMITTED, "applications: to accept, must be SUBMITTED")
    assert not self._waits_for_level(application_id), "applications: must be forwarded first"
    at: uint256 = self._act(application_id, ACCEPTED, stated_at)
    self.application[application_id].accepted_by = msg.sender
    self.application[application_id].accepted_at = at
    log IApplications.Accepted(application_id=application_id, by=msg.sender, stated_at=at)


@external
def request_correction(application_id: uint256, reason: String[128], stated_at: uint256):
    """
    @notice Send an application back to be corrected.
    """
    access._only(duties.CLERK)
    self._must_be(application_id, SUBMITTED, "applications: to correct, must be SUBMITTED")
    assert len(reason) > 0, "applications: empty reason"
    at: uint256 = self._act(application_id, CORRECTION, stated_at)
    log IApplications.CorrectionRequested(
        application_id=application_id, by=msg.sender, reason=reason, stated_at=at
    )


@external
def resubmit(application_id: uint256, face: IApplications.Face, stated_at: uint256):
    """
    @notice Hand in the corrected application.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    owner: uint256 = self.application[application_id].org_id
    assert org_id != 0 and org_id == owner, "applications: caller is not the applicant"
    self._must_be(application_id, CORRECTION, "applications: to resubmit, must be CORRECTION")
    assert face.kind == self.face[application_id].kind, "applications: kind cannot change"
    assert face.amends == self.face[application_id].amends, "applications: amended permit cannot change"
    self._check(face)
    self._submit(application_id, face, stated_at)


@external
def refer(application_id: uint256, competent: String[64], stated_at: uint256):
    """
    @notice End an application for which this authority is not competent, and say which one is.
    """
    access._only(duties.CLERK)
    self._must_be(application_id, SUBMITTED, "applications: to refer, must be SUBMITTED")
    assert len(competent) > 0, "applications: competent authority is not named"
    at: uint256 = self._act(application_id, NOT_COMPETENT, stated_at)
    log IApplications.NotCompetent(
        application_id=application_id, by=msg.sender, competent=competent, stated_at=at
    )


@external
def forward(application_id: uint256, opinion_hash: bytes32, stated_at: uint256):
    """
    @notice Pass an application on to the level it is meant for, with an opinion; its acceptance is
            due anew.
    """
    access._only(duties.CLERK)
    self._must_be(application_id, SUBMITTED, "applications: to forward, must be SUBMITTED")
    assert self._waits_for_level(application_id), "applications: is at its level"
    assert opinion_hash != empty(bytes32), "applications: forwarding needs an opinion"
    at: uint256 = self._act(application_id, SUBMITTED, stated_at)
    level: uint256 = self.application[application_id].level + 1
    self.application[application_id].level = level
    self.application[application_id].applied_at = at
    log IApplications.Forwarded(
        application_id=application_id,
        by=msg.sender,
        level=level,
        opinion_hash=opinion_hash,
        stated_at=at,
    )


@external
def suspend_review(application_id: uint256, cause: uint256, reason: String[128], stated_at: uint256):
    """
    @notice Stop the clock of a review for a hearing, a consultation or while a dispute lasts.
    @param cause 1 hearing, 2 consultation, 3 dispute.
    """
    access._only(duties.REVIEWER)
    state: uint256 = self.application[application_id].state
    running: bool = state == ACCEPTED or state == UNDER_REVIEW
    self._must(running, state, "applications: to suspend, must be ACCEPTED or UNDER_REVIEW")
    assert cause > 0 and cause <= CAUSES, "applications: unknown cause"
    assert len(reason) > 0, "applications: a stop needs a reason"
    assert len(self._stops[application_id]) < MAX_STOPS, "applications: review stopped 32 times"
    at: uint256 = self._act(application_id, SUSPENDED_REVIEW, stated_at)
    self._returns_to[application_id] = state
    self._stops[application_id].append(IStandards.Stop(from_at=at, until_at=0))
    log IApplications.ReviewSuspended(
        application_id=application_id, by=msg.sender, cause=cause, reason=reason, stated_at=at
    )


@external
def resume_review(application_id: uint256, stated_at: uint256):
    """
    @notice Let a stopped review go on where it stopped.
    """
    access._only(duties.REVIEWER)
    self._must_be(application_id, SUSPENDED_REVIEW, "applications: to resume, must be SUSPENDED_REVIEW")
    back: uint256 = self._returns_to[application_id]
    at: uint256 = self._act(application_id, back, stated_at)
    self._stops[application_id][len(self._stops[application_id]) - 1].until_at = at
    log IApplications.ReviewResumed(
        application_id=application_id, by=msg.sender, state=back, stated_at=at
    )


@external
def review(application_id: uint256, favourable: bool, opinion_hash: bytes32, stated_at: uint256):
    """
    @notice Put the review's opinion on record.
    """
    access._only(duties.REVIEWER)
    self._must_be(application_id, ACCEPTED, "applications: to review, must be ACCEPTED")
    at: uint256 = self._act(application_id, UNDER_REVIEW, stated_at)
    self.application[application_id].reviewer = msg.sender
    self.application[application_id].favourable = favourable
    self.application[application_id].opinion_hash = opinion_hash
    log IApplications.Reviewed(
        application_id=application_id,
        by=msg.sender,
        favourable=favourable,
        opinion_hash=opinion_hash,
        stated_at=at,
    )


@external
def decide(application_id: uint256, approve: bool, ground: uint256, stated_at: uint256):
    """
    @notice Approve, or refuse on a ground.
    @param ground 0 to approve; 1 to 8 to refuse, in the order of Decree 460 art. 20.
    """
    access._only(duties.DECIDER)
    self._must_be(application_id, UNDER_REVIEW, "applications: to decide, must be UNDER_REVIEW")
    reviewer: address = self.application[application_id].reviewer
    assert not access._is_caller(reviewer), "applications: reviewer cannot decide"
    decided: uint256 = APPROVED
    if approve:
        assert ground == 0, "applications: approval has no ground"
    else:
        assert ground > 0 and ground <= GROUNDS, "applications: refusal needs a ground"
        decided = REJECTED
    at: uint256 = self._act(application_id, decided, stated_at)
    self.application[application_id].ground = ground
    self.application[application_id].decider = msg.sender
    self.application[application_id].decided_at = at
    log IApplications.Decided(
        application_id=application_id, by=msg.sender, approved=approve, ground=ground, stated_at=at
    )


@external
def begin_works(application_id: uint256, stated_at: uint256):
    """
    @notice Report that the works of an approved application have begun.
    @dev Whether the approval still stands is asked at the block, whatever date is stated.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    owner: uint256 = self.application[application_id].org_id
    assert org_id != 0 and org_id == owner, "applications: caller does not build the works"
    self._require_works(application_id)
    assert self.application[application_id].works_begun_at == 0, "applications: works have begun"
    at: uint256 = dates._stated(stated_at, self.application[application_id].acted_at)
    lapsed: bool = block.timestamp >= self._lapses_at(application_id)
    assert not lapsed, "applications: approval has lapsed"
    self.application[application_id].acted_at = at
    self.application[application_id].works_begun_at = at
    log IApplications.WorksBegun(application_id=application_id, by=msg.sender, stated_at=at)


@external
def accept_works(
    application_id: uint256, trial_from_at: uint256, report_hash: bytes32, stated_at: uint256
):
    """
    @notice Accept the works after their trial run, so that the permit can be issued.
    @param trial_from_at When the trial run began.
    """
    access._only(duties.REVIEWER)
    self._require_works(application_id)
    begun_at: uint256 = self.application[application_id].works_begun_at
    assert begun_at > 0, "applications: works have not begun"
    assert self.application[application_id].works_accepted_at == 0, "applications: works are accepted"
    assert trial_from_at >= begun_at, "applications: trial before the works"
    assert report_hash != empty(bytes32), "applications: acceptance needs the trial's report"
    at: uint256 = dates._stated(stated_at, self.application[application_id].acted_at)
    trial_s: uint256 = self._term("trial_days", at) * DAY_S
    assert at >= trial_from_at + trial_s, "applications: trial is too short"
    self.application[application_id].acted_at = at
    self.application[application_id].works_accepted_at = at
    log IApplications.WorksAccepted(
        application_id=application_id,
        by=msg.sender,
        trial_from_at=trial_from_at,
        report_hash=report_hash,
        stated_at=at,
    )


@external
def lapse(application_id: uint256):
    """
    @notice Record that an approval lapsed because the works did not begin. Open to anyone.
    """
    self._require_works(application_id)
    begun_at: uint256 = self.application[application_id].works_begun_at
    assert begun_at == 0, "applications: works have begun in time"
    lapsed_at: uint256 = self._lapses_at(application_id)
    assert block.timestamp >= lapsed_at, "applications: approval has not lapsed yet"
    self.application[application_id].state = LAPSED
    self.application[application_id].acted_at = lapsed_at
    log IApplications.Lapsed(application_id=application_id, by=msg.sender, lapsed_at=lapsed_at)


@external
def take(application_id: uint256, stated_at: uint256):
    """
    @notice Learn that the permit was issued or amended.
    """
    issues: bool = (
        msg.sender == access._at(names.PERMIT_REGISTRY)
        or msg.sender == access._at(names.PERMIT_CHANGES)
    )
    assert issues, "applications: caller issues no permits"
    self._must_be(application_id, APPROVED, "applications: to issue, must be APPROVED")
    # works that are accepted began in time, so a lapsed approval is never issued
    if self.face[application_id].needs_works:
        accepted_at: uint256 = self.application[application_id].works_accepted_at
        assert accepted_at > 0, "applications: works are not accepted"
    at: uint256 = self._act(application_id, ISSUED, stated_at)
    log IApplications.Taken(application_id=application_id, stated_at=at)


@external
@view
def stops(application_id: uint256) -> DynArray[IStandards.Stop, MAX_STOPS]:
    """
    @notice When the clock of a review stood still; an open stop has no end.
    """
    return self._stops[application_id]


@external
@view
def due(application_id: uint256) -> IApplications.Due:
    """
    @notice Which act an application waits for, and until when it is due.
    @return act 1 to accept, 2 to decide, 3 to begin the works, 4 to forward, 0 for none; at 0
            while the clock stands still.
    """
    state: uint256 = self.application[application_id].state
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    if state == SUBMITTED:
        applied_at: uint256 = self.application[application_id].applied_at
        act: uint256 = TO_ACCEPT
        days: uint256 = self._term("accept_days", applied_at)
        if self._waits_for_level(application_id):
            act = TO_FORWARD
            days = self._term("forward_days", applied_at)
        return IApplications.Due(
            act=act, at=staticcall standards.working_due(applied_at, days, [])
        )
    if state == SUSPENDED_REVIEW:
        return IApplications.Due(act=TO_DECIDE, at=0)
    if state == ACCEPTED or state == UNDER_REVIEW:
        accepted_at: uint256 = self.application[application_id].accepted_at
        return IApplications.Due(
            act=TO_DECIDE,
            at=staticcall standards.working_due(
                accepted_at, self._term("decide_days", accepted_at), self._stops[application_id]
            ),
        )
    waits: bool = (
        state == APPROVED
        and self.face[application_id].needs_works
        and self.application[application_id].works_begun_at == 0
    )
    if waits:
        return IApplications.Due(act=TO_BEGIN_WORKS, at=self._lapses_at(application_id))
    return IApplications.Due(act=0, at=0)


@internal
def _submit(application_id: uint256, face: IApplications.Face, stated_at: uint256):
    at: uint256 = self._act(application_id, SUBMITTED, stated_at)
    self.face[application_id] = face
    self.application[application_id].version += 1
    self.application[application_id].applied_at = at
    log IApplications.Applied(
        application_id=application_id,
        org_id=self.application[application_id].org_id,
        kind=face.kind,
        version=self.application[application_id].version,
        document_hash=face.document_hash,
        stated_at=at,
    )


@internal
def _act(application_id: uint256, state: uint256, stated_at: uint256) -> uint256:
    """
    @dev Move an application on.
    @return The date the act states.
    """
    at: uint256 = dates._stated(stated_at, self.application[application_id].acted_at)
    self.application[application_id].state = state
    self.application[application_id].acted_at = at
    return at


@internal
@view
def _must_be(application_id: uint256, wanted: uint256, rule: String[72]):
    state: uint256 = self.application[application_id].state
    self._must(state == wanted, state, rule)


@internal
@pure
def _must(fits: bool, state: uint256, rule: String[72]):
    assert fits, concat(rule, ", is ", states._application(state))


@internal
@view
def _waits_for_level(application_id: uint256) -> bool:
    return self.application[application_id].level < self.face[application_id].level


@internal
@view
def _require_works(application_id: uint256):
    self._must_be(application_id, APPROVED, "applications: for its works, must be APPROVED")
    assert self.face[application_id].needs_works, "applications: no works are needed"


@internal
@view
def _lapses_at(application_id: uint256) -> uint256:
    decided_at: uint256 = self.application[application_id].decided_at
    months: uint256 = self._term("works_months", decided_at)
    return staticcall IStandards(access._at(names.STANDARDS)).months_later(decided_at, months)


@internal
@view
def _term(name: String[32], at: uint256) -> uint256:
    """
    @dev A term in force when its clock began.
    """
    setting: IStandards.Setting = staticcall IStandards(access._at(names.STANDARDS)).setting_at(
        names._label(name), at
    )
    return convert(setting.amount, uint256)


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
    assert face.return_station_id <= stations, "applications: unknown return station"
    assert face.annual_l > 0 and face.annual_l <= M48, "applications: volume out of range"
    assert face.monthly_l <= face.annual_l, "applications: monthly volume beyond the annual one"
    assert face.daily_l <= face.annual_l, "applications: daily volume beyond the annual one"
    assert face.return_l <= face.annual_l, "applications: more returned than taken"
    assert face.peak_l_h > 0 and face.peak_l_h <= M32, "applications: peak out of range"
    whole_year: bool = face.season_from == 0 and face.season_until == 0
    season: bool = dates._is_day(face.season_from) and dates._is_day(face.season_until)
    assert whole_year or season, "applications: season is no pair of month and day"
    runs: bool = face.from_at < face.until_at and face.until_at <= M32
    assert runs, "applications: validity out of range"
