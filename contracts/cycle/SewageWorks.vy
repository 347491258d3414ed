# pragma version 0.4.3
# pragma evm-version london
"""
@title Sewage works
@license Apache-2.0
@notice What went into a sewage works and what left it: volumes, and by parameter and local day the
        loads, the removal and the limit at the outlets, for ammonia by the water's temperature.
@dev It takes no measurements itself: volumes are of the registers that RegisterTurns keeps at the
     turns of local days, and a day's concentration is the mean its gauge was ruled by (module loads).
     Over several outlets or days the mean is weighted by flow, HJ 212-2017 annex D. Comparisons are exact; a load that is kept is
     whole nanograms, rounded down at the inlets and up at the outlets. A gauge that no limit rules
     has no mean, so an inlet and a temperature are held against a limit of their own.
@custom:halt Withdraw the NETWORK_KEEPER posts in Authority; what is ruled stays a record.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IGauges
from contracts.interfaces import ISewageWorks
from contracts.interfaces import IStandards
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import loads
from contracts.modules import names
from contracts.modules import spans

initializes: access
initializes: spans[access := access]
initializes: loads[access := access, spans := spans]

exports: access.AUTHORITY

MAX_ENDS: constant(uint256) = 4  # inlets or outlets: their exact sum must fit a word
MAX_DAYS: constant(uint256) = 366  # of one flow-weighted mean
METER: constant(uint256) = 1  # kinds of a channel
GAUGE: constant(uint256) = 2
DAY: constant(uint256) = 1  # calendar of Standards
BPS: constant(uint256) = 10_000
ZERO: constant(uint256) = 2**31  # the stored word of the value zero

works_count: public(uint256)
_works: HashMap[uint256, ISewageWorks.Works]
_rule: HashMap[uint256, HashMap[bytes32, ISewageWorks.Rule]]
# version, day
_day: HashMap[uint256, HashMap[bytes32, HashMap[uint256, HashMap[uint256, ISewageWorks.Day]]]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_works(works_id: uint256, works: ISewageWorks.Works) -> uint256:
    """
    @notice Draw a works: the meters of its inlets and outlets, and by how much they may differ.
    @param works_id 0 for a new one; a redrawn one needs its rules set again.
    """
    access._only(duties.NETWORK_KEEPER)
    assert works_id <= self.works_count, "works: unknown works"
    assert len(works.name) > 0, "works: works without a name"
    assert len(works.inlets) > 0 and len(works.outlets) > 0, "works: needs inlet and outlet"
    assert works.tolerance_bps <= BPS, "works: tolerance above the whole"
    number: uint256 = works_id
    if number == 0:
        self.works_count += 1
        number = self.works_count
    version: uint256 = self._works[number].version + 1
    self._works[number] = works
    self._works[number].version = version
    for channel: uint256 in works.inlets:
        assert loads._about(channel).kind == METER, "works: inlet is no meter"
    for channel: uint256 in works.outlets:
        assert loads._about(channel).kind == METER, "works: outlet is no meter"
    log ISewageWorks.WorksSet(works_id=number, version=version, works=self._works[number])
    return number


@external
def set_rule(works_id: uint256, parameter: bytes32, rule: ISewageWorks.Rule):
    """
    @notice Set what a parameter is ruled by at a works: the gauge beside each of its meters, in
            their order, the limit at the outlets and the removal asked for; the version given is
            left aside.
    @dev `cold_limit_id` holds where the day's mean of `temperature` is not above the setting
         works_cold_mc. The removal is the one of `removal_setting` or, without one, `removal_bps`;
         it is asked for on days whose inlet mean lies above `inlet_above_ng_l`.
    """
    access._only(duties.STANDARDS_KEEPER)
    self._require_works(works_id)
    works: ISewageWorks.Works = self._works[works_id]
    beside: bool = (
        len(rule.inlets) == len(works.inlets) and len(rule.outlets) == len(works.outlets)
    )
    assert beside, "works: a gauge for each meter"
    for channels: DynArray[uint256, MAX_ENDS] in [rule.inlets, rule.outlets]:
        for channel: uint256 in channels:
            about: IDeviceRegistry.Channel = loads._about(channel)
            fits: bool = about.kind == GAUGE and about.parameter == parameter
            assert fits, "works: channel is no gauge of this parameter"
    assert rule.removal_bps <= BPS, "works: removal above the whole"
    assert (rule.cold_limit_id == 0) == (rule.temperature == 0), "works: cold needs a temperature"
    if rule.cold_limit_id != 0:
        assert rule.warm_limit_id != 0, "works: cold limit without a warm one"
        assert loads._about(rule.temperature).kind == GAUGE, "works: temperature is no gauge"
    for limit_id: uint256 in [rule.warm_limit_id, rule.cold_limit_id]:
        if limit_id != 0:
            limit: IStandards.Limit = staticcall self._standards().sealed_limit(limit_id)
            upper: bool = limit.parameter == parameter and limit.has_hi
            assert upper, "works: no upper limit of this parameter"
    self._rule[works_id][parameter] = rule
    self._rule[works_id][parameter].version = works.version
    log ISewageWorks.RuleSet(
        works_id=works_id, parameter=parameter, rule=self._rule[works_id][parameter]
    )


@external
def rule_day(works_id: uint256, day: uint256, parameter: bytes32):
    """
    @notice Rule on a closed day of a works: loads, removal, limit. Open to anyone, once for each
            day and parameter.
    @dev As it is once, a meter whose turn was closed and not read leaves it waiting; estimated
         volumes make it advice.
    """
    self._require_works(works_id)
    version: uint256 = self._works[works_id].version
    ruled: bool = self._day[works_id][parameter][version][day].ruled_at != 0
    assert not ruled, "works: day was ruled on"
    rule: ISewageWorks.Rule = self._rule[works_id][parameter]
    assert rule.version == version, "works: no rule for this parameter"
    works: ISewageWorks.Works = self._works[works_id]
    come: loads.Load = self._load(works.inlets, rule.inlets, day)
    left: loads.Load = self._load(works.outlets, rule.outlets, day)
    ends_at: uint256 = staticcall self._standards().boundary(DAY, day + 1)
    found: ISewageWorks.Day = empty(ISewageWorks.Day)
    found.inlet_l = come.volume_l
    found.outlet_l = left.volume_l
    found.inlet_ng = come.ng // come.per
    found.outlet_ng = (left.ng + left.per - 1) // left.per
    found.advisory = come.doubtful or left.doubtful
    found.removed = True
    into: int256 = convert(come.ng * left.per, int256)
    kept: int256 = into - convert(left.ng * come.per, int256)
    if into > 0:
        found.removal_bps = kept * convert(BPS, int256) // into
        if kept < 0 and kept * convert(BPS, int256) % into != 0:
            found.removal_bps -= 1
    if come.ng > rule.inlet_above_ng_l * come.per * come.volume_l:
        required: uint256 = rule.removal_bps
        sure: bool = rule.removal_verified or required == 0
        if rule.removal_setting != empty(bytes32):
            setting: IStandards.Setting = staticcall self._standards().setting_at(
                rule.removal_setting, ends_at
            )
            required = convert(setting.amount, uint256)
            sure = setting.verified
        found.required_bps = required
        # "above 60 %": the share itself is not enough
        found.removed = required == 0 or (
            kept * convert(BPS, int256) > convert(required, int256) * into
        )
        found.advisory = found.advisory or not sure
    if rule.warm_limit_id != 0:
        limit: IStandards.Limit = staticcall self._standards().limit(rule.warm_limit_id)
        if rule.cold_limit_id != 0:
            other: IStandards.Limit = staticcall self._standards().limit(rule.cold_limit_id)
            known: bool = False
            known, found.cold = self._cold(rule.temperature, day, ends_at)
            # without a temperature the stricter of the two
            if found.cold or (not known and other.hi < limit.hi):
                limit = other
            found.advisory = found.advisory or not known
        found.limited = True
        found.limit_ng_l = limit.hi
        most: uint256 = convert(max(limit.hi, 0), uint256)
        found.exceeded = left.ng > most * left.per * left.volume_l
        found.advisory = found.advisory or not (limit.daily_mean and limit.verified)
    found.ruled_at = block.timestamp
    self._day[works_id][parameter][version][day] = found
    log ISewageWorks.DayRuled(
        works_id=works_id, day=day, parameter=parameter, version=version, ruled=found
    )


@external
@view
def works(works_id: uint256) -> ISewageWorks.Works:
    """
    @notice The meters of a works.
    """
    return self._works[works_id]


@external
@view
def rule(works_id: uint256, parameter: bytes32) -> ISewageWorks.Rule:
    """
    @notice What a parameter is ruled by; of an earlier version if the works was redrawn since.
    """
    return self._rule[works_id][parameter]


@external
@view
def balance_of(
    works_id: uint256, calendar: uint256, first: uint256, last: uint256
) -> ISewageWorks.Balance:
    """
    @notice What went in and what left over periods of a calendar (day 1, month 2, quarter 3, year
            4), the last one included, and whether they agree: the difference may be the tolerance's
            share of the inlet, not more.
    """
    self._require_works(works_id)
    from_at: uint256 = 0
    until_at: uint256 = 0
    from_at, until_at = spans._ends(calendar, first, last)
    works: ISewageWorks.Works = self._works[works_id]
    come: spans.Volume = empty(spans.Volume)
    left: spans.Volume = empty(spans.Volume)
    for channel: uint256 in works.inlets:
        come = spans._with(come, channel, calendar, first, last)
    for channel: uint256 in works.outlets:
        left = spans._with(left, channel, calendar, first, last)
    difference_l: int256 = convert(come.volume_l, int256) - convert(left.volume_l, int256)
    off_l: uint256 = convert(abs(difference_l), uint256)
    return ISewageWorks.Balance(
        from_at=from_at,
        until_at=until_at,
        inlet_l=come.volume_l,
        outlet_l=left.volume_l,
        estimated_l=come.estimated_l + left.estimated_l,
        silent=come.silent or left.silent,
        difference_l=difference_l,
        tolerance_bps=works.tolerance_bps,
        within=off_l * BPS <= works.tolerance_bps * come.volume_l,
    )


@external
@view
def day_ruled(
    works_id: uint256, parameter: bytes32, version: uint256, day: uint256
) -> ISewageWorks.Day:
    """
    @notice What was ruled about a day under a version of the works; `ruled_at` 0 if nothing was.
    """
    return self._day[works_id][parameter][version][day]


@external
@view
def mean_of(
    works_id: uint256, parameter: bytes32, first: uint256, last: uint256
) -> ISewageWorks.Mean:
    """
    @notice The mean at the outlets over ruled days, weighted by flow, rounded up.
    @param last The last day, included.
    """
    version: uint256 = self._works[works_id].version
    assert first <= last and last - first < MAX_DAYS, "works: days are not in order or too many"
    mean: ISewageWorks.Mean = empty(ISewageWorks.Mean)
    for day: uint256 in range(first, last + 1, bound=MAX_DAYS):
        one: ISewageWorks.Day = self._day[works_id][parameter][version][day]
        assert one.ruled_at != 0, "works: a day was not ruled on"
        mean.outlet_ng += one.outlet_ng
        mean.outlet_l += one.outlet_l
    if mean.outlet_l > 0:
        mean.mean_ng_l = (mean.outlet_ng + mean.outlet_l - 1) // mean.outlet_l
    return mean


@internal
@view
def _standards() -> IStandards:
    return IStandards(access._at(names.STANDARDS))


@internal
@view
def _require_works(works_id: uint256):
    assert works_id > 0 and works_id <= self.works_count, "works: no such works"


@internal
@view
def _load(
    meters: DynArray[uint256, MAX_ENDS], gauges: DynArray[uint256, MAX_ENDS], day: uint256
) -> loads.Load:
    load: loads.Load = loads._of_day(meters, gauges, day)
    assert not load.silent, "works: a meter is silent at the day's ends"
    assert not load.unmeasured, "works: a gauge has no mean of this day"
    return load


@internal
@view
def _cold(channel: uint256, day: uint256, at: uint256) -> (bool, bool):
    """
    @return Whether the day has a mean temperature of enough readings, and whether it is cold.
    """
    held: IGauges.Ruled = loads._held(channel, day)
    if held.count == 0 or held.count < held.needed:
        return False, False
    most_mc: int256 = (
        staticcall self._standards().setting_at(names._label("works_cold_mc"), at)
    ).amount
    steps: int256 = convert(held.total, int256) - convert(ZERO * held.count, int256)
    resolution: int256 = convert(loads._about(channel).resolution, int256)
    return True, steps * resolution <= most_mc * convert(held.count, int256)
