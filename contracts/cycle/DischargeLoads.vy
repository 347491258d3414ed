# pragma version 0.4.3
# pragma evm-version london
"""
@title Discharge loads
@license Apache-2.0
@notice What an outlet of a drainage permit discharged of a parameter by local day, month and year:
        the load against the permit's limits of a day, month or year, and the month's mean, weighted
        by flow, against its limit.
@dev It takes no measurements itself: a day's volume is of the registers that RegisterTurns keeps, its
     concentration the mean that DischargeLimits ruled the day by (module loads); G = sum(D x C) and
     flow-weighted means: HJ 212-2017 annex D. A day's load is compared exactly and kept in whole
     nanograms, rounded down; months add days up and years add months up, so what is told as exceeded
     is, and an excess of less than a nanogram a day is not told. Means and ratios are rounded up. A
     day without a load is counted as missing and stands for nothing: a month or year that lacks one
     is insufficient for its mean, and for its load unless what was counted is too much already. A
     period is ruled on again once more of its days are known. Sanctions are acts of an officer.
@custom:halt Withdraw the STANDARDS_KEEPER posts in Authority; what is ruled stays a record.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IDischargeLimits
from contracts.interfaces import IDischargeLoads
from contracts.interfaces import IGaugeBook
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IRedLines
from contracts.interfaces import IRegisterTurns
from contracts.interfaces import IStandards
from contracts.interfaces import IVolumeBook
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import loads
from contracts.modules import names
from contracts.modules import spans

implements: IDischargeLoads

initializes: access
initializes: spans[access := access]
initializes: loads[access := access, spans := spans]

exports: access.AUTHORITY

MAX_PAIRS: constant(uint256) = 4  # as module loads takes
MAX_METERS: constant(uint256) = 16  # of one permit
MAX_VERSIONS: constant(uint256) = 256  # of an outlet's pairs that are looked through
MAX_DAYS: constant(uint256) = 31
MAX_MONTHS: constant(uint256) = 12
DAY: constant(uint256) = 1  # calendars of Standards
MONTH: constant(uint256) = 2
YEAR: constant(uint256) = 4
MONTH_MEAN: constant(uint256) = 2  # bases of a permit's limit
DAY_LOAD: constant(uint256) = 3
MONTH_LOAD: constant(uint256) = 4
YEAR_LOAD: constant(uint256) = 5
MET: constant(uint256) = 1
EXCEEDED: constant(uint256) = 2
INSUFFICIENT: constant(uint256) = 3
MISSING: constant(uint256) = 4
BPS: constant(uint256) = 10_000

version_count: public(HashMap[uint256, HashMap[bytes32, uint256]])  # permit, parameter: of its pairs
_pairs: HashMap[uint256, HashMap[bytes32, HashMap[uint256, IDischargeLoads.Pairs]]]
# permit, parameter, calendar, period
_ruling: HashMap[
    uint256, HashMap[bytes32, HashMap[uint256, HashMap[uint256, IDischargeLoads.Ruling]]]
]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_pairs(permit_id: uint256, parameter: bytes32, pairs: IDischargeLoads.Pairs):
    """
    @notice Say which gauge of a parameter stands beside each meter of an outlet from a local day on;
            the last to begin by a day holds for it. Days that were ruled on stay as they are.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert len(pairs.meters) > 0, "outlets: no meter"
    assert len(pairs.meters) == len(pairs.gauges), "outlets: a gauge for each meter"
    versions: uint256 = self.version_count[permit_id][parameter]
    assert versions < MAX_VERSIONS, "outlets: pairs were set 256 times"
    for i: uint256 in range(len(pairs.meters), bound=MAX_PAIRS):
        self._require_meter(permit_id, pairs, i)
        self._require_gauge(permit_id, parameter, pairs.gauges[i])
    self.version_count[permit_id][parameter] = versions + 1
    self._pairs[permit_id][parameter][versions + 1] = pairs
    log IDischargeLoads.PairsSet(
        permit_id=permit_id, parameter=parameter, version=versions + 1, pairs=pairs
    )


@external
def rule_load(permit_id: uint256, parameter: bytes32, calendar: uint256, period: uint256):
    """
    @notice Rule on a closed local day, month or year of an outlet: load, mean, limits. Open to
            anyone: a day once, a month or year again where more of its days are known.
    @param calendar Day 1, month 2, year 4.
    """
    ruled: bool = calendar == DAY or calendar == MONTH or calendar == YEAR
    assert ruled, "outlets: rules on days, months and years"
    assert self.version_count[permit_id][parameter] > 0, "outlets: no pairs of this parameter"
    from_at: uint256 = 0
    until_at: uint256 = 0
    from_at, until_at = spans._ends(calendar, period, period)
    before: IDischargeLoads.Ruling = self._ruling[permit_id][parameter][calendar][period]
    found: IDischargeLoads.Ruling = empty(IDischargeLoads.Ruling)
    if calendar == DAY:
        assert before.ruled_at == 0, "outlets: day was ruled on"
        found = self._day(permit_id, parameter, period)
    else:
        if calendar == MONTH:
            found = self._month(permit_id, parameter, from_at, until_at)
        else:
            found = self._year(permit_id, parameter, from_at, until_at)
        more: bool = before.ruled_at == 0 or found.counted_days > before.counted_days
        assert more, "outlets: no more is known of it"
    found.ruled_at = block.timestamp
    self._ruling[permit_id][parameter][calendar][period] = found
    log IDischargeLoads.LoadRuled(
        permit_id=permit_id,
        parameter=parameter,
        calendar=calendar,
        period=period,
        ruling=found,
    )
    if calendar == DAY:
        extcall IRedLines(access._at(names.RED_LINES)).add_load(
            self._station(permit_id, from_at),
            parameter,
            staticcall self._standards().period_at(YEAR, until_at),
            found.load_ng,
        )


@external
@view
def pairs(permit_id: uint256, parameter: bytes32, version: uint256) -> IDischargeLoads.Pairs:
    """
    @notice A version of an outlet's meters with the gauge beside each.
    """
    return self._pairs[permit_id][parameter][version]


@external
@view
def ruling(
    permit_id: uint256, parameter: bytes32, calendar: uint256, period: uint256
) -> IDischargeLoads.Ruling:
    """
    @notice What was ruled of a day, month or year; `ruled_at` 0 if nothing was.
    """
    return self._ruling[permit_id][parameter][calendar][period]


@internal
@view
def _standards() -> IStandards:
    return IStandards(access._at(names.STANDARDS))


@internal
@view
def _registry() -> IPermitRegistry:
    return IPermitRegistry(access._at(names.PERMIT_REGISTRY))


@internal
@view
def _station(permit_id: uint256, at: uint256) -> uint256:
    return staticcall self._registry().station_at(permit_id, at)


@internal
@view
def _meters_of(permit_id: uint256) -> DynArray[uint256, MAX_METERS]:
    book: address = access._at(names.DISCHARGE_VOLUMES)
    return staticcall IVolumeBook(book).meters_of(permit_id)


@internal
@view
def _require_meter(permit_id: uint256, pairs: IDischargeLoads.Pairs, i: uint256):
    """
    @dev Its registers must be kept by day from the first day of the pairs on, or from its opening.
    """
    meter: uint256 = pairs.meters[i]
    meters: DynArray[uint256, MAX_METERS] = self._meters_of(permit_id)
    assert meter in meters, "outlets: meter is not the outlet's"
    for j: uint256 in range(i, bound=MAX_PAIRS):
        assert pairs.meters[j] != meter, "outlets: meter is named twice"
    days_from_at: uint256 = (
        staticcall IRegisterTurns(access._at(names.REGISTER_TURNS)).turns(meter)
    ).days_from_at
    begins_at: uint256 = staticcall self._standards().boundary(DAY, pairs.from_day)
    ends_at: uint256 = staticcall self._standards().boundary(DAY, pairs.from_day + 1)
    opens_within: bool = days_from_at <= ends_at and loads._about(meter).opened_at >= begins_at
    kept: bool = days_from_at != 0 and (days_from_at <= begins_at or opens_within)
    assert kept, "outlets: registers of a meter are not kept from that day on"


@internal
@view
def _require_gauge(permit_id: uint256, parameter: bytes32, gauge: uint256):
    book: address = access._at(names.DISCHARGE_LIMITS)
    bound: bool = staticcall IDischargeLimits(book).permit_of(gauge) == permit_id
    assert bound, "outlets: gauge is not the outlet's"
    assert loads._about(gauge).parameter == parameter, "outlets: gauge is of another parameter"
    judged: bool = staticcall IGaugeBook(book).limit_of(gauge) != 0
    judged = judged or (staticcall IGaugeBook(book).ruling(gauge)).by_permit
    assert judged, "outlets: no limit rules the gauge, so its days have no mean"


@internal
@view
def _version_on(permit_id: uint256, parameter: bytes32, day: uint256) -> uint256:
    """
    @dev The last version of the pairs that holds on a day, 0 for none.
    """
    versions: uint256 = self.version_count[permit_id][parameter]
    for back: uint256 in range(versions, bound=MAX_VERSIONS):
        if self._pairs[permit_id][parameter][versions - back].from_day <= day:
            return versions - back
    return 0


@internal
@view
def _load_on(
    permit_id: uint256, parameter: bytes32, version: uint256, day: uint256
) -> loads.Load:
    pairs: IDischargeLoads.Pairs = self._pairs[permit_id][parameter][version]
    meters: DynArray[uint256, MAX_METERS] = self._meters_of(permit_id)
    for meter: uint256 in meters:
        if meter not in pairs.meters:
            apart: spans.Volume = spans._with(empty(spans.Volume), meter, DAY, day, day)
            assert apart.volume_l == 0, "outlets: a meter has no gauge beside it"
    return loads._of_day(pairs.meters, pairs.gauges, day)


@internal
@view
def _day(permit_id: uint256, parameter: bytes32, day: uint256) -> IDischargeLoads.Ruling:
    found: IDischargeLoads.Ruling = empty(IDischargeLoads.Ruling)
    found.version = self._version_on(permit_id, parameter, day)
    assert found.version > 0, "outlets: no pairs on this day"
    load: loads.Load = self._load_on(permit_id, parameter, found.version, day)
    assert not load.silent, "outlets: a meter is silent at the day's ends"
    assert not load.unmeasured, "outlets: a gauge has no mean of this day"
    found.volume_l = load.volume_l
    found.load_ng = load.ng // load.per
    found.days = 1
    found.counted_days = 1
    found.advisory = load.doubtful
    if load.volume_l > 0:
        found.mean_ng_l = self._up(load.ng, load.per * load.volume_l)
    found.load = self._against(permit_id, parameter, DAY_LOAD, load.ng, load.per, found)
    return found


@internal
@view
def _month(
    permit_id: uint256, parameter: bytes32, from_at: uint256, until_at: uint256
) -> IDischargeLoads.Ruling:
    """
    @dev A day that was not ruled on counts as missing where it cannot be ruled on.
    """
    found: IDischargeLoads.Ruling = empty(IDischargeLoads.Ruling)
    first: uint256 = staticcall self._standards().period_at(DAY, from_at + 1)
    last: uint256 = staticcall self._standards().period_at(DAY, until_at)
    for day: uint256 in range(first, last + 1, bound=MAX_DAYS):
        if self._ruling[permit_id][parameter][DAY][day].ruled_at == 0:
            version: uint256 = self._version_on(permit_id, parameter, day)
            if version > 0:
                load: loads.Load = self._load_on(permit_id, parameter, version, day)
                missing: bool = load.silent or load.unmeasured
                assert missing, "outlets: a day of it is to be ruled on first"
        found = self._added(found, permit_id, parameter, DAY, day)
    found.days = last + 1 - first
    found.version = self._version_on(permit_id, parameter, last)
    found.mean = self._against(
        permit_id, parameter, MONTH_MEAN, found.load_ng, found.volume_l, found
    )
    found.load = self._against(permit_id, parameter, MONTH_LOAD, found.load_ng, 1, found)
    return self._averaged(found)


@internal
@view
def _year(
    permit_id: uint256, parameter: bytes32, from_at: uint256, until_at: uint256
) -> IDischargeLoads.Ruling:
    """
    @dev By its months; one that ended before there were pairs counts as missing.
    """
    found: IDischargeLoads.Ruling = empty(IDischargeLoads.Ruling)
    standards: IStandards = self._standards()
    first: uint256 = staticcall standards.period_at(MONTH, from_at + 1)
    last: uint256 = staticcall standards.period_at(MONTH, until_at)
    for month: uint256 in range(first, last + 1, bound=MAX_MONTHS):
        if self._ruling[permit_id][parameter][MONTH][month].ruled_at == 0:
            ends_at: uint256 = staticcall standards.boundary(MONTH, month + 1)
            day: uint256 = staticcall standards.period_at(DAY, ends_at)
            unpaired: bool = self._version_on(permit_id, parameter, day) == 0
            assert unpaired, "outlets: a month of it is to be ruled on first"
        found = self._added(found, permit_id, parameter, MONTH, month)
    last_day: uint256 = staticcall standards.period_at(DAY, until_at)
    found.days = last_day + 1 - staticcall standards.period_at(DAY, from_at + 1)
    found.version = self._version_on(permit_id, parameter, last_day)
    found.load = self._against(permit_id, parameter, YEAR_LOAD, found.load_ng, 1, found)
    return self._averaged(found)


@internal
@view
def _added(
    sum: IDischargeLoads.Ruling,
    permit_id: uint256,
    parameter: bytes32,
    calendar: uint256,
    period: uint256,
) -> IDischargeLoads.Ruling:
    """
    @dev A sum with what was ruled of one more day or month, read field by field.
    """
    added: IDischargeLoads.Ruling = sum
    added.volume_l += self._ruling[permit_id][parameter][calendar][period].volume_l
    added.load_ng += self._ruling[permit_id][parameter][calendar][period].load_ng
    added.counted_days += self._ruling[permit_id][parameter][calendar][period].counted_days
    if self._ruling[permit_id][parameter][calendar][period].advisory:
        added.advisory = True
    return added


@internal
@pure
def _averaged(sum: IDischargeLoads.Ruling) -> IDischargeLoads.Ruling:
    averaged: IDischargeLoads.Ruling = sum
    if sum.volume_l > 0:
        averaged.mean_ng_l = self._up(sum.load_ng, sum.volume_l)
    return averaged


@internal
@view
def _against(
    permit_id: uint256,
    parameter: bytes32,
    basis: uint256,
    amount: uint256,
    per: uint256,
    counted: IDischargeLoads.Ruling,
) -> IDischargeLoads.Held:
    """
    @dev An amount, as a fraction, held against a limit of the permit, both compared exactly.
    """
    limit: IPermitRegistry.PermitLimit = staticcall self._registry().limit_for(
        permit_id, parameter, basis
    )
    held: IDischargeLoads.Held = empty(IDischargeLoads.Held)
    if not limit.has_hi:
        return held
    held.limited = True
    held.limit = convert(limit.hi, uint256)
    if per > 0 and held.limit > 0:
        held.ratio_bps = self._up(amount * BPS, held.limit * per)
    whole: bool = counted.counted_days == counted.days
    over: bool = amount > held.limit * per
    held.verdict = MET
    if counted.counted_days == 0:
        held.verdict = MISSING
    elif over and (whole or basis != MONTH_MEAN):
        held.verdict = EXCEEDED
    elif not whole:
        held.verdict = INSUFFICIENT
    return held


@internal
@pure
def _up(amount: uint256, per: uint256) -> uint256:
    return (amount + per - 1) // per
