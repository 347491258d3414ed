# pragma version 0.4.3
# pragma evm-version london
"""
@title Violations
@license Apache-2.0
@notice A day that an outlet's gauge was ruled as exceeded, or a load or monthly mean of an outlet,
        from its detection through notice and answer to its end: resolved, or appealed and then
        upheld or found not genuine.
@dev It rests on the ruling that DischargeLimits or DischargeLoads holds and changes nothing there: an
     appeal that finds it not genuine is a layer on top, the ruling and its figures stay. Under an
     unverified limit, or of doubtful figures, a violation is marked as advisory. What follows for the holder is an officer's act.
     Setting of Standards: violation_answer_days, from the notice's stated date on.
@custom:halt Withdraw the SUPERVISOR and DECIDER posts in Authority; what is detected stays.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IDischargeLimits
from contracts.interfaces import IDischargeLoads
from contracts.interfaces import IGaugeBook
from contracts.interfaces import IGauges
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IStandards
from contracts.interfaces import IViolations
from contracts.modules import access
from contracts.modules import dates
from contracts.modules import duties
from contracts.modules import gauge_words
from contracts.modules import names
from contracts.modules import states

initializes: access

exports: access.AUTHORITY

DETECTED: constant(uint256) = 1
NOTIFIED: constant(uint256) = 2
ANSWERED: constant(uint256) = 3
RESOLVED: constant(uint256) = 4
APPEALED: constant(uint256) = 5
UPHELD: constant(uint256) = 6
NOT_GENUINE: constant(uint256) = 7
DAY: constant(uint256) = 1  # calendars of Standards
MONTH: constant(uint256) = 2
YEAR: constant(uint256) = 4
DAY_MEAN: constant(uint256) = 1  # bases of a permit's limit
MONTH_MEAN: constant(uint256) = 2
DAY_LOAD: constant(uint256) = 3
MONTH_LOAD: constant(uint256) = 4
YEAR_LOAD: constant(uint256) = 5
EXCEEDED: constant(uint256) = 2  # verdict of a load or mean
DAY_S: constant(uint256) = 86_400
BPS: constant(uint256) = 10_000
ZERO: constant(uint256) = 2**31  # the stored word of the value zero
REPEAT_MONTHS: constant(uint256) = 12
MAX_DAYS: constant(uint256) = 366  # of an excess in one piece; a longer one is told as this long
MAX_REPEATS: constant(uint256) = 512  # violations of one outlet and parameter looked back on

violation: public(HashMap[uint256, IViolations.Violation])
violation_count: public(uint256)
violation_of: public(HashMap[uint256, HashMap[uint256, uint256]])  # channel, day
load_violation_of: public(
    HashMap[uint256, HashMap[bytes32, HashMap[uint256, HashMap[uint256, uint256]]]]
)  # permit, parameter, basis, period
step: public(HashMap[uint256, HashMap[uint256, IViolations.Step]])  # violation, state reached
answer_due_at: public(HashMap[uint256, uint256])
_held: HashMap[uint256, HashMap[bytes32, HashMap[uint256, uint256]]]  # station, parameter, n
_held_count: HashMap[uint256, HashMap[bytes32, uint256]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def detect(channel: uint256, day: uint256) -> uint256:
    """
    @notice Put on record that a closed day of an outlet's gauge was ruled as exceeded. Open to
            anyone, once for each day.
    @param day An index into the DAY calendar.
    """
    assert self.violation_of[channel][day] == 0, "violations: day was detected"
    limits: address = access._at(names.DISCHARGE_LIMITS)
    closed: bool = (staticcall IGaugeBook(limits).ruling(channel)).period > day
    ruled: IGauges.Ruled = gauge_words._ruled(staticcall IGaugeBook(limits).ruled(channel, day))
    assert closed and self._exceeded(ruled), "violations: no closed day that was exceeded"
    permit_id: uint256 = staticcall IDischargeLimits(limits).permit_of(channel)
    assert permit_id != 0, "violations: gauge is bound to no outlet"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    ended_at: uint256 = staticcall standards.boundary(DAY, day + 1)
    one: IViolations.Violation = IViolations.Violation(
        permit_id=permit_id,
        station_id=self._station(permit_id, staticcall standards.boundary(DAY, day)),
        channel=channel,
        parameter=(
            staticcall IDeviceRegistry(access._at(names.DEVICE_REGISTRY)).channel(channel)
        ).parameter,
        basis=DAY_MEAN,
        period=day,
        ended_at=ended_at,
        repeats_until_at=staticcall standards.months_later(ended_at, REPEAT_MONTHS),
        ratio_bps=self._ratio_bps(ruled),
        duration_s=ended_at - self._began_at(limits, channel, day),
        repeats=0,
        high=self._high(ruled),
        advisory=ruled.advisory,
        state=DETECTED,
    )
    violation_id: uint256 = self._record(one)
    self.violation_of[channel][day] = violation_id
    return violation_id


@external
def detect_load(permit_id: uint256, parameter: bytes32, basis: uint256, period: uint256) -> uint256:
    """
    @notice Put on record that a load or monthly mean of an outlet was ruled as exceeded. Open to
            anyone, once for each basis and period.
    @param basis 2 the mean of a month, 3, 4 and 5 the load of a day, a month and a year.
    @param period An index into the calendar of the basis.
    """
    found: uint256 = self.load_violation_of[permit_id][parameter][basis][period]
    assert found == 0, "violations: load was detected"
    calendar: uint256 = self._calendar(basis)
    ruling: IDischargeLoads.Ruling = staticcall IDischargeLoads(
        access._at(names.DISCHARGE_LOADS)
    ).ruling(permit_id, parameter, calendar, period)
    held: IDischargeLoads.Held = ruling.mean if basis == MONTH_MEAN else ruling.load
    assert held.verdict == EXCEEDED, "violations: no load or mean that was exceeded"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    began_at: uint256 = staticcall standards.boundary(calendar, period)
    ended_at: uint256 = staticcall standards.boundary(calendar, period + 1)
    violation_id: uint256 = self._record(
        IViolations.Violation(
            permit_id=permit_id,
            station_id=self._station(permit_id, began_at),
            channel=0,
            parameter=parameter,
            basis=basis,
            period=period,
            ended_at=ended_at,
            repeats_until_at=staticcall standards.months_later(ended_at, REPEAT_MONTHS),
            ratio_bps=held.ratio_bps,
            duration_s=ended_at - began_at,
            repeats=0,
            high=True,
            advisory=ruling.advisory,
            state=DETECTED,
        )
    )
    self.load_violation_of[permit_id][parameter][basis][period] = violation_id
    return violation_id


@external
def notify(violation_id: uint256, document_hash: bytes32, stated_at: uint256):
    """
    @notice Record that the permit holder was notified of a violation.
    """
    access._only(duties.SUPERVISOR)
    self._must_be(violation_id, DETECTED, "violations: to be notified, must be DETECTED")
    self._move(violation_id, DETECTED, NOTIFIED, document_hash, stated_at)
    days: IStandards.Setting = staticcall IStandards(access._at(names.STANDARDS)).setting_at(
        names._label("violation_answer_days"), block.timestamp
    )
    notified_at: uint256 = self.step[violation_id][NOTIFIED].at
    self.answer_due_at[violation_id] = notified_at + convert(days.amount, uint256) * DAY_S


@external
def answer(violation_id: uint256, document_hash: bytes32, stated_at: uint256):
    """
    @notice Answer a violation one was notified of, with evidence, as the permit's holder.
    """
    self._only_holder(violation_id)
    self._must_be(violation_id, NOTIFIED, "violations: to be answered, must be NOTIFIED")
    self._move(violation_id, NOTIFIED, ANSWERED, document_hash, stated_at)


@external
def resolve(violation_id: uint256, document_hash: bytes32, stated_at: uint256):
    """
    @notice Close a violation the answer to which suffices, or that nobody answered in time.
    """
    access._only(duties.SUPERVISOR)
    if self.violation[violation_id].state == NOTIFIED:
        over: bool = dates._stated(stated_at, 0) > self.answer_due_at[violation_id]
        assert over, "violations: time to answer is not over"
        self._move(violation_id, NOTIFIED, RESOLVED, document_hash, stated_at)
        return
    self._must_be(violation_id, ANSWERED, "violations: to be resolved, must be ANSWERED")
    self._move(violation_id, ANSWERED, RESOLVED, document_hash, stated_at)


@external
def appeal(violation_id: uint256, document_hash: bytes32, stated_at: uint256):
    """
    @notice Appeal against a violation one has answered, as the permit's holder.
    """
    self._only_holder(violation_id)
    self._must_be(violation_id, ANSWERED, "violations: to be appealed, must be ANSWERED")
    self._move(violation_id, ANSWERED, APPEALED, document_hash, stated_at)


@external
def decide(violation_id: uint256, genuine: bool, document_hash: bytes32, stated_at: uint256):
    """
    @notice Decide on an appeal as another officer than the one who notified.
    @param genuine Whether the violation is upheld; the ruling it rests on stays either way.
    """
    access._only(duties.DECIDER)
    self._must_be(violation_id, APPEALED, "violations: to be decided on, must be APPEALED")
    notifier: address = self.step[violation_id][NOTIFIED].by
    assert not access._is_caller(notifier), "violations: notifier cannot decide"
    reached: uint256 = UPHELD if genuine else NOT_GENUINE
    self._move(violation_id, APPEALED, reached, document_hash, stated_at)


@external
@view
def repeats_of(violation_id: uint256) -> uint256:
    """
    @notice How many violations of the same outlet, parameter and basis lie in the twelve months
            before a violation, as known now; those found not genuine do not count.
    """
    return self._repeats(self.violation[violation_id])


@internal
@view
def _only_holder(violation_id: uint256):
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    holder: uint256 = (
        staticcall IPermitRegistry(access._at(names.PERMIT_REGISTRY)).permit(
            self.violation[violation_id].permit_id
        )
    ).holder
    assert org_id != 0 and org_id == holder, "violations: caller does not hold the permit"


@internal
@view
def _station(permit_id: uint256, at: uint256) -> uint256:
    return staticcall IPermitRegistry(access._at(names.PERMIT_REGISTRY)).station_at(permit_id, at)


@internal
@pure
def _calendar(basis: uint256) -> uint256:
    if basis == DAY_LOAD:
        return DAY
    if basis == YEAR_LOAD:
        return YEAR
    assert basis == MONTH_MEAN or basis == MONTH_LOAD, "violations: basis of no load or mean"
    return MONTH


@internal
def _record(detected: IViolations.Violation) -> uint256:
    one: IViolations.Violation = detected
    one.repeats = self._repeats(one)
    self.violation_count += 1
    violation_id: uint256 = self.violation_count
    self.violation[violation_id] = one
    held: uint256 = self._held_count[one.station_id][one.parameter] + 1
    self._held_count[one.station_id][one.parameter] = held
    self._held[one.station_id][one.parameter][held] = violation_id
    self.step[violation_id][DETECTED] = IViolations.Step(
        by=msg.sender, at=block.timestamp, document_hash=empty(bytes32)
    )
    log IViolations.ViolationDetected(
        violation_id=violation_id, permit_id=one.permit_id, channel=one.channel, violation=one
    )
    return violation_id


@internal
@view
def _must_be(violation_id: uint256, needed: uint256, rule: String[64]):
    state: uint256 = self.violation[violation_id].state
    assert state == needed, concat(rule, ", is ", states._violation(state))


@internal
def _move(
    violation_id: uint256,
    left: uint256,
    reached: uint256,
    document_hash: bytes32,
    stated_at: uint256,
):
    """
    @dev One step, on the date it states: never later than the block, nor before the step before.
    """
    assert document_hash != empty(bytes32), "violations: step needs a document"
    at: uint256 = dates._stated(stated_at, self.step[violation_id][left].at)
    self.violation[violation_id].state = reached
    self.step[violation_id][reached] = IViolations.Step(
        by=msg.sender, at=at, document_hash=document_hash
    )
    log IViolations.ViolationMoved(
        violation_id=violation_id,
        by=msg.sender,
        state=reached,
        at=at,
        document_hash=document_hash,
    )


@internal
@pure
def _high(ruled: IGauges.Ruled) -> bool:
    return ruled.total > ruled.mean_hi * ruled.count


@internal
@pure
def _exceeded(ruled: IGauges.Ruled) -> bool:
    """
    @dev As the day was ruled: enough readings, and the mean beyond a limit.
    """
    if ruled.count == 0 or ruled.count < ruled.needed:
        return False
    return self._high(ruled) or ruled.total < ruled.mean_lo * ruled.count


@internal
@pure
def _ratio_bps(ruled: IGauges.Ruled) -> uint256:
    """
    @dev The day's mean against the limit it broke, rounded away from the limit; 0 where the limit
         is not above zero and there is no ratio.
    """
    limit: uint256 = ruled.mean_hi if self._high(ruled) else ruled.mean_lo
    if limit <= ZERO or ruled.total < ZERO * ruled.count:
        return 0
    above: uint256 = (ruled.total - ZERO * ruled.count) * BPS
    per: uint256 = (limit - ZERO) * ruled.count
    if self._high(ruled):
        return (above + per - 1) // per
    return above // per


@internal
@view
def _began_at(limits: address, channel: uint256, day: uint256) -> uint256:
    """
    @dev Where the run of exceeded days that ends with this one began.
    """
    first: uint256 = day
    for _: uint256 in range(MAX_DAYS - 1):
        if first == 0:
            break
        before: uint256 = staticcall IGaugeBook(limits).ruled(channel, first - 1)
        if not self._exceeded(gauge_words._ruled(before)):
            break
        first -= 1
    return staticcall IStandards(access._at(names.STANDARDS)).boundary(DAY, first)


@internal
@view
def _repeats(one: IViolations.Violation) -> uint256:
    count: uint256 = self._held_count[one.station_id][one.parameter]
    repeats: uint256 = 0
    for back: uint256 in range(min(count, MAX_REPEATS), bound=MAX_REPEATS):
        other: uint256 = self._held[one.station_id][one.parameter][count - back]
        ended_at: uint256 = self.violation[other].ended_at
        within: bool = ended_at < one.ended_at and (
            one.ended_at <= self.violation[other].repeats_until_at
        )
        alike: bool = self.violation[other].basis == one.basis
        if within and alike and self.violation[other].state != NOT_GENUINE:
            repeats += 1
    return repeats
