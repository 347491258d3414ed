# pragma version 0.4.3
# pragma evm-version london
"""
@title Laboratory
@license Apache-2.0
@notice Laboratory and manual results of samples: entered by one, confirmed by another, then ruled
        on against the standard that applies where the sample was taken.
@dev A profile says which limits a kind of station is held against: the grades and bases in the
     order in which they are looked for, the classes of a surface water, the sums of ratios, the
     setting by which a value below detection counts. It is data with versions; a report keeps the
     one its station was bound to when it was entered. Limits are those in force when the sample was taken. A ruling is advisory where
     its limit is unverified, of a basis the profile calls unsure, or asks for a daily mean that one
     sample is not, or where it hangs on an unverified rule for what lies below detection. A mistake is superseded, never rewritten.
@custom:halt Withdraw the ANALYST and REVIEWER posts in Authority; what is confirmed stays.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import ILaboratory
from contracts.interfaces import IStandards
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import samples

implements: ILaboratory

initializes: access

exports: access.AUTHORITY

ENTERED: constant(uint256) = 1  # states of a report
CONFIRMED: constant(uint256) = 2
REFUSED: constant(uint256) = 3
SUPERSEDED: constant(uint256) = 4
LABORATORY: constant(uint256) = 4  # evidence grades
MANUAL: constant(uint256) = 5
MAX_RESULTS: constant(uint256) = 64  # GB 5749 names 43 routine items
MAX_PAGE: constant(uint256) = 64
MAX_BACK: constant(uint256) = 256  # results of one parameter looked back on
MAX_GRADES: constant(uint256) = 4
MAX_CLASSES: constant(uint256) = 8
MAX_GROUPS: constant(uint256) = 4
MAX_MEMBERS: constant(uint256) = 5
MOST: constant(int256) = 2**64  # of a value: no result comes near it, every product fits
BPS: constant(uint256) = 10_000

profile_count: public(uint256)
profile_versions: public(HashMap[String[32], uint256])
profile_of: public(HashMap[uint256, uint256])  # station
report_count: public(uint256)
station_count: public(HashMap[uint256, uint256])  # reports of a station
report_of: public(HashMap[uint256, HashMap[String[32], uint256]])  # laboratory, sample code
ruling: public(HashMap[uint256, ILaboratory.Ruling])
result: public(HashMap[uint256, HashMap[uint256, ILaboratory.Result]])  # report, from 1
ruled: public(HashMap[uint256, HashMap[uint256, ILaboratory.Ruled]])
sum_of: public(HashMap[uint256, HashMap[uint256, ILaboratory.Sum]])  # report, group from 1
_profile: HashMap[uint256, ILaboratory.Profile]
_report: HashMap[uint256, ILaboratory.Report]
_of_station: HashMap[uint256, HashMap[uint256, uint256]]
_held: HashMap[uint256, HashMap[bytes32, HashMap[uint256, uint256]]]  # station, parameter, n
_held_count: HashMap[uint256, HashMap[bytes32, uint256]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def load_profile(profile: ILaboratory.Profile) -> uint256:
    """
    @notice Load a new version of what a kind of station is held against; the version given is left
            aside.
    @dev `kinds` has bit k set where stations of kind k may be bound to it.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert len(profile.name) > 0, "laboratory: profile without a name"
    assert len(profile.standard) > 0, "laboratory: profile without a standard"
    looks: bool = len(profile.grades) > 0 and len(profile.bases) > 0
    assert looks, "laboratory: profile without grade or basis"
    below_bps: int256 = (
        staticcall self._standards().setting_at(profile.below_setting, block.timestamp)
    ).amount
    share: bool = below_bps >= 0 and below_bps <= convert(BPS, int256)
    assert share, "laboratory: share of the detection limit out of range"
    for group: ILaboratory.Group in profile.groups:
        assert len(group.members) > 1, "laboratory: sum of fewer than two"
    version: uint256 = self.profile_versions[profile.name] + 1
    self.profile_versions[profile.name] = version
    self.profile_count += 1
    profile_id: uint256 = self.profile_count
    as_loaded: ILaboratory.Profile = profile
    as_loaded.version = version
    self._profile[profile_id] = as_loaded
    log ILaboratory.ProfileLoaded(profile_id=profile_id, profile=as_loaded)
    return profile_id


@external
def bind_station(station_id: uint256, profile_id: uint256):
    """
    @notice Say by which profile the samples of a station are ruled on from now on.
    """
    access._only(duties.STANDARDS_KEEPER)
    known: bool = profile_id > 0 and profile_id <= self.profile_count
    assert known, "laboratory: unknown profile"
    kind: uint256 = (
        staticcall IWaterNetwork(access._at(names.WATER_NETWORK)).station(station_id)
    ).kind
    assert kind != 0, "laboratory: unknown station"
    fits: bool = (self._profile[profile_id].kinds >> kind) & 1 == 1
    assert fits, "laboratory: profile is for stations of another kind"
    self.profile_of[station_id] = profile_id
    log ILaboratory.StationBound(station_id=station_id, profile_id=profile_id)


@external
def submit(
    sample: ILaboratory.Sample,
    results: DynArray[ILaboratory.Result, MAX_RESULTS],
    supersedes: uint256,
    reason_hash: bytes32,
) -> uint256:
    """
    @notice Enter a report; it counts once somebody else has confirmed it.
    @param supersedes The confirmed report that this one is to replace, 0 for none.
    @param reason_hash Why; zero where nothing is replaced.
    """
    access._only(duties.ANALYST)
    self._check_sample(sample)
    self._check_results(results)
    profile_id: uint256 = self.profile_of[sample.station_id]
    assert profile_id != 0, "laboratory: station has no profile"
    if supersedes != 0:
        confirmed: bool = self._report[supersedes].state == CONFIRMED
        assert confirmed, "laboratory: to be superseded, must be CONFIRMED"
    reasoned: bool = (supersedes != 0) == (reason_hash != empty(bytes32))
    assert reasoned, "laboratory: a reason goes with superseding"
    before: uint256 = self.report_of[sample.laboratory][sample.code]
    standing: bool = before != 0 and before != supersedes and (
        self._report[before].state == ENTERED or self._report[before].state == CONFIRMED
    )
    assert not standing, "laboratory: sample is reported"
    self.report_count += 1
    report_id: uint256 = self.report_count
    self.report_of[sample.laboratory][sample.code] = report_id
    self._report[report_id] = ILaboratory.Report(
        sample=sample,
        profile_id=profile_id,
        results=len(results),
        state=ENTERED,
        entered_by=msg.sender,
        entered_at=block.timestamp,
        decided_by=empty(address),
        decided_at=0,
        note_hash=empty(bytes32),
        supersedes=supersedes,
        superseded_by=0,
        reason_hash=reason_hash,
    )
    for i: uint256 in range(len(results), bound=MAX_RESULTS):
        self.result[report_id][i + 1] = results[i]
    place: uint256 = self.station_count[sample.station_id] + 1
    self.station_count[sample.station_id] = place
    self._of_station[sample.station_id][place] = report_id
    log ILaboratory.ReportEntered(
        report_id=report_id,
        station_id=sample.station_id,
        by=msg.sender,
        sample=sample,
        results=len(results),
        supersedes=supersedes,
        reason_hash=reason_hash,
    )
    return report_id


@external
def confirm(report_id: uint256, note_hash: bytes32):
    """
    @notice Confirm a report that another account has entered; each result is ruled on.
    """
    self._decide(report_id, CONFIRMED, note_hash)
    station_id: uint256 = self._report[report_id].sample.station_id
    old: uint256 = self._report[report_id].supersedes
    if old != 0:
        standing: bool = self._report[old].state == CONFIRMED
        assert standing, "laboratory: report it replaces is no longer CONFIRMED"
        self._report[old].state = SUPERSEDED
        self._report[old].superseded_by = report_id
        log ILaboratory.ReportSuperseded(
            report_id=old,
            superseded_by=report_id,
            reason_hash=self._report[report_id].reason_hash,
        )
    ruling: ILaboratory.Ruling = self._rule(report_id)
    self.ruling[report_id] = ruling
    log ILaboratory.ReportConfirmed(
        report_id=report_id,
        station_id=station_id,
        by=msg.sender,
        note_hash=note_hash,
        ruling=ruling,
    )


@external
def refuse(report_id: uint256, note_hash: bytes32):
    """
    @notice Refuse a report that another account has entered; it stays on record and never counts.
    """
    self._decide(report_id, REFUSED, note_hash)
    old: uint256 = self._report[report_id].supersedes
    sample: ILaboratory.Sample = self._report[report_id].sample
    before: ILaboratory.Sample = self._report[old].sample
    if old != 0 and before.laboratory == sample.laboratory and before.code == sample.code:
        # what was to be replaced stands, and is the sample's report
        self.report_of[sample.laboratory][sample.code] = old
    log ILaboratory.ReportRefused(report_id=report_id, by=msg.sender, note_hash=note_hash)


@external
@view
def profile(profile_id: uint256) -> ILaboratory.Profile:
    """
    @notice What a profile holds stations against.
    """
    return self._profile[profile_id]


@external
@view
def report(report_id: uint256) -> ILaboratory.Report:
    """
    @notice A report, its sample and how far it has come.
    """
    return self._report[report_id]


@external
@view
def page(station_id: uint256, first: uint256, n: uint256) -> DynArray[uint256, MAX_PAGE]:
    """
    @notice Numbers of a station's reports, in the order in which they were entered.
    @param first From 1 to the station's count.
    """
    found: DynArray[uint256, MAX_PAGE] = []
    count: uint256 = self.station_count[station_id]
    for i: uint256 in range(min(n, MAX_PAGE), bound=MAX_PAGE):
        place: uint256 = max(first, 1) + i
        if place > count:
            break
        found.append(self._of_station[station_id][place])
    return found


@external
@view
def latest(station_id: uint256, parameter: bytes32) -> (uint256, uint256):
    """
    @notice The confirmed result of a parameter whose sample was taken last, of those confirmed
            last 256.
    @return The report and the result's place in it, both 0 for none.
    """
    newest: uint256 = 0
    report_id: uint256 = 0
    place: uint256 = 0
    count: uint256 = self._held_count[station_id][parameter]
    for back: uint256 in range(min(count, MAX_BACK), bound=MAX_BACK):
        word: uint256 = self._held[station_id][parameter][count - back]
        taken_at: uint256 = self._report[word >> 8].sample.taken_at
        if self._report[word >> 8].state == CONFIRMED and taken_at > newest:
            newest = taken_at
            report_id = word >> 8
            place = word & 255
    return report_id, place


@internal
@view
def _check_sample(sample: ILaboratory.Sample):
    assert len(sample.code) > 0, "laboratory: sample without a code"
    ordered: bool = (
        sample.taken_at > 0
        and sample.taken_at <= sample.analysed_at
        and sample.analysed_at <= block.timestamp
    )
    assert ordered, "laboratory: taken, analysed, entered out of order"
    known: bool = staticcall IAuthority(access.AUTHORITY).is_verified(sample.laboratory)
    assert known, "laboratory: laboratory is not verified"
    graded: bool = sample.grade == LABORATORY or sample.grade == MANUAL
    assert graded, "laboratory: neither laboratory nor manual"
    accredited: bool = sample.grade == MANUAL or sample.accreditation_hash != empty(bytes32)
    assert accredited, "laboratory: laboratory without accreditation"
    documented: bool = (
        sample.method_hash != empty(bytes32) and sample.document_hash != empty(bytes32)
    )
    assert documented, "laboratory: report needs method and document"


@internal
@pure
def _check_results(results: DynArray[ILaboratory.Result, MAX_RESULTS]):
    assert len(results) > 0, "laboratory: report without results"
    seen: DynArray[bytes32, MAX_RESULTS] = []
    for one: ILaboratory.Result in results:
        assert one.parameter != empty(bytes32), "laboratory: result of no parameter"
        assert one.parameter not in seen, "laboratory: parameter is reported twice"
        seen.append(one.parameter)
        known: bool = one.state >= samples.MEASURED and one.state <= samples.PRESENT
        assert known, "laboratory: unknown state of a result"
        valued: bool = one.state == samples.MEASURED or one.value == 0
        assert valued, "laboratory: only what was measured has a value"
        stated: bool = one.state != samples.BELOW or one.detection > 0
        assert stated, "laboratory: below a detection limit that is not stated"
        small: bool = (
            abs(one.value) <= MOST and one.detection <= convert(MOST, uint256)
        )
        assert small, "laboratory: value out of range"


@internal
def _decide(report_id: uint256, reached: uint256, note_hash: bytes32):
    """
    @dev The second pair of eyes: a reviewer, never the account that entered the report.
    """
    access._only(duties.REVIEWER)
    assert self._report[report_id].state == ENTERED, "laboratory: to be decided on, must be ENTERED"
    recorder: bool = access._is_caller(self._report[report_id].entered_by)
    assert not recorder, "laboratory: recorder cannot decide on the report"
    assert note_hash != empty(bytes32), "laboratory: decision needs a note"
    self._report[report_id].state = reached
    self._report[report_id].decided_by = msg.sender
    self._report[report_id].decided_at = block.timestamp
    self._report[report_id].note_hash = note_hash


@internal
def _rule(report_id: uint256) -> ILaboratory.Ruling:
    """
    @dev Rule on each result and each sum, keep what was found, tell every excess.
    """
    report: ILaboratory.Report = self._report[report_id]
    profile: ILaboratory.Profile = self._profile[report.profile_id]
    standards: IStandards = self._standards()
    at: uint256 = report.sample.taken_at
    # the setting of the day it was entered: a sample may be older than any setting
    below: IStandards.Setting = staticcall standards.setting_at(
        profile.below_setting, report.entered_at
    )
    sets: DynArray[uint256, MAX_GRADES] = []
    for grade: String[16] in profile.grades:
        sets.append(staticcall standards.current_set(profile.standard, grade, at))
    classes: DynArray[uint256, MAX_CLASSES] = []
    for title: String[16] in profile.classes:
        classes.append(staticcall standards.current_set(profile.standard, title, at))
    found: ILaboratory.Ruling = empty(ILaboratory.Ruling)
    for place: uint256 in range(1, report.results + 1, bound=MAX_RESULTS):
        result: ILaboratory.Result = self.result[report_id][place]
        one: ILaboratory.Ruled = samples._rule_result(standards, result, profile, report.sample, sets, below)
        if result.parameter not in profile.unclassed:
            one.class_no = samples._class_of(standards, result, profile.bases, classes, below)
        self.ruled[report_id][place] = one
        found = samples._joined(
            found, result.parameter, one.class_no, one.ratio_pm, one.exceeded, one.advisory
        )
        if one.limit_id == 0:
            found.unruled += 1
        held: uint256 = self._held_count[report.sample.station_id][result.parameter] + 1
        self._held_count[report.sample.station_id][result.parameter] = held
        self._held[report.sample.station_id][result.parameter][held] = (report_id << 8) | place
        if one.exceeded:
            log ILaboratory.ResultExceeded(
                report_id=report_id,
                station_id=report.sample.station_id,
                parameter=result.parameter,
                result=result,
                ruled=one,
                taken_at=at,
            )
    for i: uint256 in range(len(profile.groups), bound=MAX_GROUPS):
        sum: ILaboratory.Sum = self._rule_sum(report_id, report.results, profile.groups[i], below)
        self.sum_of[report_id][i + 1] = sum
        if sum.found > 0:
            found = samples._joined(
                found, sum.parameter, 0, sum.ratio_pm, sum.exceeded, sum.advisory
            )
        if sum.exceeded:
            log ILaboratory.SumExceeded(
                report_id=report_id,
                station_id=report.sample.station_id,
                parameter=sum.parameter,
                sum=sum,
                taken_at=at,
            )
    return found


@internal
@view
def _rule_sum(
    report_id: uint256, results: uint256, group: ILaboratory.Group, below: IStandards.Setting
) -> ILaboratory.Sum:
    """
    @dev The sum of value over limit of those members that were reported; with some missing it can
         only be too small. Members without an upper limit above zero are missing too.
    """
    counted: DynArray[uint256, MAX_MEMBERS] = []
    least: DynArray[uint256, MAX_MEMBERS] = []
    most: DynArray[uint256, MAX_MEMBERS] = []
    limits: DynArray[uint256, MAX_MEMBERS] = []
    sum: ILaboratory.Sum = empty(ILaboratory.Sum)
    sum.parameter = group.parameter
    for place: uint256 in range(1, results + 1, bound=MAX_RESULTS):
        result: ILaboratory.Result = self.result[report_id][place]
        limit_id: uint256 = self.ruled[report_id][place].limit_id
        if result.parameter in group.members and limit_id != 0:
            limit: IStandards.Limit = staticcall self._standards().limit(limit_id)
            if limit.has_hi and limit.hi > 0:
                limits.append(convert(limit.hi, uint256))
                counted.append(self._amount(result, convert(below.amount, uint256)))
                least.append(self._amount(result, 0))
                most.append(self._amount(result, BPS))
                sum.advisory = sum.advisory or not limit.verified
    above: uint256 = 0
    per: uint256 = 0
    above, per = samples._sum(counted, limits)
    sum.found = len(limits)
    sum.complete = sum.found == len(group.members)
    sum.exceeded = above > per
    sum.ratio_pm = samples._per_mille(above, per)
    if not below.verified:
        above, per = samples._sum(least, limits)
        kept: bool = above <= per
        above, per = samples._sum(most, limits)
        sum.advisory = sum.advisory or kept != (above <= per)
    return sum


@internal
@pure
def _amount(result: ILaboratory.Result, below_bps: uint256) -> uint256:
    return convert(max(samples._counted(result, below_bps), 0), uint256)


@internal
@view
def _standards() -> IStandards:
    return IStandards(access._at(names.STANDARDS))
