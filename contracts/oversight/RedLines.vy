# pragma version 0.4.3
# pragma evm-version london
"""
@title Red lines
@license Apache-2.0
@notice The three red lines of a region: total use, efficiency, discharge; held against its targets
        when a permit is issued, as use arrives, and once a year.
@dev State Council 2012 no. 3. A region at its ceiling gets no new permitted volume (Decree 460 art.
     20(2)). Total use is the sum of what the region's abstraction lanes have counted since the year
     was opened, so that no meter pays for it. A year is closed by the opening of the next one; until
     then it is provisional, and a measured figure says how late its year was opened and closed.
     Total use and intensities are upper limits, the irrigation coefficient and the compliance of
     function zones lower ones. A region is judged against the target handed down to it.
     The third red line has a ceiling too, of the load of a parameter in a year: the capacity that is
     fixed for a region's function zones (Water Law art. 32). It is held against the loads that the
     limits of drainage permits leave, when one is issued, and against the loads that DischargeLoads
     rules on; a permit without a limit of load leaves none, and a day without a load adds none, so
     a region may be told to be over its ceiling, never to be within it.
@custom:halt Withdraw the STANDARDS_KEEPER posts in Authority; set a ceiling of zero.
"""

from contracts.interfaces import ILaneBook
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IRedLines
from contracts.interfaces import IStandards
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names

implements: IRedLines

initializes: access

exports: access.AUTHORITY

ABSTRACTION: constant(uint256) = 1  # uses of a lane
SUPPLY: constant(uint256) = 2
DISCHARGE: constant(uint256) = 3
EXPIRED: constant(uint256) = 7  # state of a permit
TOTAL_USE: constant(uint256) = 1  # indicators: litres a year
INDUSTRY: constant(uint256) = 2  # millilitres for a yuan of industrial value added
GDP: constant(uint256) = 3  # millilitres for a yuan of gross domestic product
IRRIGATION: constant(uint256) = 4  # coefficient in 1/10,000
ZONES: constant(uint256) = 5  # function zones that comply, in 1/10,000
INDICATORS: constant(uint256) = 5
FIRST_LOWER: constant(uint256) = 4  # from here on, more is better
MAX_LANES: constant(uint256) = 64  # of a region and use
YEAR: constant(uint256) = 4  # calendar of Standards
BPS: constant(int256) = 10_000
MAX_PARAMETERS: constant(uint256) = 32  # of a region that have a ceiling of load
MAX_VERSIONS: constant(uint256) = 256  # of a ceiling of load that are looked through

ceiling_l: public(HashMap[bytes32, uint256])  # region: yearly volume that permits may give
has_ceiling: public(HashMap[bytes32, bool])
permitted_l: public(HashMap[bytes32, uint256])
counted_l: public(HashMap[uint256, uint256])  # permit
counted_in: public(HashMap[uint256, bytes32])
target: public(HashMap[bytes32, HashMap[uint256, HashMap[uint256, IRedLines.Target]]])
actual: public(HashMap[bytes32, HashMap[uint256, HashMap[uint256, int256]]])
reported: public(HashMap[bytes32, HashMap[uint256, HashMap[uint256, bool]]])
year: public(HashMap[bytes32, HashMap[uint256, HashMap[uint256, IRedLines.Year]]])  # and use
latest_year: public(HashMap[bytes32, HashMap[uint256, uint256]])  # region, use: last one opened
lane_region: public(HashMap[bytes32, HashMap[uint256, bytes32]])
over_told: public(HashMap[bytes32, HashMap[uint256, bool]])
permitted_ng: public(HashMap[bytes32, HashMap[bytes32, uint256]])  # region, parameter
counted_ng: public(HashMap[uint256, HashMap[bytes32, uint256]])  # permit, parameter
load_counted_in: public(HashMap[uint256, HashMap[bytes32, bytes32]])
load_ng: public(HashMap[bytes32, HashMap[bytes32, HashMap[uint256, uint256]]])  # of a year
load_told: public(HashMap[bytes32, HashMap[bytes32, HashMap[uint256, bool]]])
load_ceiling: public(
    HashMap[bytes32, HashMap[bytes32, HashMap[uint256, IRedLines.LoadCeiling]]]
)  # version from 1
load_ceilings: public(HashMap[bytes32, HashMap[bytes32, uint256]])  # how many versions
_parameters: HashMap[bytes32, DynArray[bytes32, MAX_PARAMETERS]]
_lanes: HashMap[bytes32, HashMap[uint256, DynArray[uint256, MAX_LANES]]]  # region, use: lane
_books: HashMap[bytes32, HashMap[uint256, DynArray[bytes32, MAX_LANES]]]  # and its contract


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_ceiling(region: bytes32, ceiling_l: uint256, source_hash: bytes32):
    """
    @notice Set the yearly volume that the permits of a region may give together.
    @dev A ceiling below what is permitted stops new volume and takes none away; zero is a ban.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert region != empty(bytes32), "redlines: region without a name"
    assert source_hash != empty(bytes32), "redlines: ceiling without a source"
    self.ceiling_l[region] = ceiling_l
    self.has_ceiling[region] = True
    log IRedLines.CeilingSet(
        region=region,
        ceiling_l=ceiling_l,
        permitted_l=self.permitted_l[region],
        source_hash=source_hash,
    )


@external
def count(permit_id: uint256, station_id: uint256, annual_l: uint256):
    """
    @notice Count what an abstraction permit gives; only PermitRegistry.
    @param annual_l 0 when the permit has ended.
    """
    access._only_contract(names.PERMIT_REGISTRY)
    region: bytes32 = self._region(station_id)
    before_l: uint256 = self.counted_l[permit_id]
    before_in: bytes32 = self.counted_in[permit_id]
    if region != before_in:
        self.permitted_l[before_in] -= before_l
        before_l = 0
    permitted_l: uint256 = self.permitted_l[region] - before_l + annual_l
    if annual_l > before_l and self.has_ceiling[region]:
        assert permitted_l <= self.ceiling_l[region], "redlines: region is at its ceiling"
    self.permitted_l[region] = permitted_l
    self.counted_l[permit_id] = annual_l
    self.counted_in[permit_id] = region
    log IRedLines.PermitCounted(
        permit_id=permit_id, region=region, counted_l=annual_l, permitted_l=permitted_l
    )


@external
def release(permit_id: uint256):
    """
    @notice Count no more what an expired permit gave. Open to anyone.
    """
    assert self._is_expired(permit_id), "redlines: permit has not expired"
    counted_l: uint256 = self.counted_l[permit_id]
    assert counted_l > 0, "redlines: permit is not counted"
    region: bytes32 = self.counted_in[permit_id]
    self.permitted_l[region] -= counted_l
    self.counted_l[permit_id] = 0
    log IRedLines.PermitCounted(
        permit_id=permit_id, region=region, counted_l=0, permitted_l=self.permitted_l[region]
    )


@external
def set_load_ceiling(
    region: bytes32, parameter: bytes32, load_ng: uint256, source_hash: bytes32
):
    """
    @notice Set how much of a parameter the outlets of a region may discharge in a year together.
    @dev As for volumes, a ceiling below what is permitted takes nothing away; zero is a ban.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert region != empty(bytes32), "redlines: ceiling of load without a region"
    assert parameter != empty(bytes32), "redlines: ceiling of load without a parameter"
    assert source_hash != empty(bytes32), "redlines: ceiling of load without a source"
    version: uint256 = self.load_ceilings[region][parameter] + 1
    assert version <= MAX_VERSIONS, "redlines: ceiling of load was set 256 times"
    if version == 1:
        room: bool = len(self._parameters[region]) < MAX_PARAMETERS
        assert room, "redlines: region has ceilings of 32 parameters"
        self._parameters[region].append(parameter)
    self.load_ceilings[region][parameter] = version
    self.load_ceiling[region][parameter][version] = IRedLines.LoadCeiling(
        load_ng=load_ng, source_hash=source_hash, set_at=block.timestamp
    )
    log IRedLines.LoadCeilingSet(
        region=region,
        parameter=parameter,
        version=version,
        load_ng=load_ng,
        permitted_ng=self.permitted_ng[region][parameter],
        source_hash=source_hash,
    )


@external
def count_load(permit_id: uint256, station_id: uint256, parameter: bytes32, annual_ng: uint256):
    """
    @notice Count the yearly load that a drainage permit's limits leave; only PermitRegistry.
    @dev At its ceiling, by what is permitted or by what has come in the year, a region gets no more.
    @param annual_ng 0 when the permit has ended.
    """
    access._only_contract(names.PERMIT_REGISTRY)
    region: bytes32 = self._region(station_id)
    before_ng: uint256 = self.counted_ng[permit_id][parameter]
    before_in: bytes32 = self.load_counted_in[permit_id][parameter]
    if region != before_in:
        self.permitted_ng[before_in][parameter] -= before_ng
        before_ng = 0
    permitted_ng: uint256 = self.permitted_ng[region][parameter] - before_ng + annual_ng
    version: uint256 = self.load_ceilings[region][parameter]
    if annual_ng > before_ng and version > 0:
        ceiling_ng: uint256 = self.load_ceiling[region][parameter][version].load_ng
        assert permitted_ng <= ceiling_ng, "redlines: region is at its ceiling of load"
        come_ng: uint256 = self.load_ng[region][parameter][self._year()]
        assert come_ng < ceiling_ng, "redlines: load of the year is at the region's ceiling"
    self._count_load(permit_id, region, parameter, annual_ng, permitted_ng)


@external
def release_load(permit_id: uint256, parameter: bytes32):
    """
    @notice Count no more the load that an expired permit left. Open to anyone.
    """
    assert self._is_expired(permit_id), "redlines: permit of the load has not expired"
    counted_ng: uint256 = self.counted_ng[permit_id][parameter]
    assert counted_ng > 0, "redlines: no load of the permit is counted"
    region: bytes32 = self.load_counted_in[permit_id][parameter]
    permitted_ng: uint256 = self.permitted_ng[region][parameter] - counted_ng
    self._count_load(permit_id, region, parameter, 0, permitted_ng)


@external
def add_load(station_id: uint256, parameter: bytes32, year: uint256, load_ng: uint256):
    """
    @notice Add the load of an outlet's day to its region's year; only DischargeLoads.
    """
    access._only_contract(names.DISCHARGE_LOADS)
    region: bytes32 = self._region(station_id)
    self.load_ng[region][parameter][year] += load_ng
    log IRedLines.LoadAdded(
        region=region,
        parameter=parameter,
        year=year,
        load_ng=self.load_ng[region][parameter][year],
    )


@external
def tell_load(region: bytes32, parameter: bytes32, year: uint256):
    """
    @notice Put on record that more of a parameter came in a region's year than its ceiling. Open to
            anyone.
    """
    found: IRedLines.LoadVerdict = self._load_verdict(region, parameter, year)
    assert found.version > 0, "redlines: no ceiling of this load"
    assert found.over, "redlines: no more is known than the ceiling"
    assert not found.told, "redlines: load was told already"
    self.load_told[region][parameter][year] = True
    log IRedLines.LoadOverCeiling(
        region=region,
        parameter=parameter,
        year=year,
        load_ng=found.load_ng,
        ceiling_ng=found.ceiling_ng,
        version=found.version,
    )


@external
def assign_lane(region: bytes32, contract_name: bytes32, lane: uint256, use: uint256):
    """
    @notice Say that a lane counts a use of a region from now on; for good.
    @param use 1 abstraction, 2 supply, 3 discharge.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert region != empty(bytes32), "redlines: lane without a region"
    assert use >= ABSTRACTION and use <= DISCHARGE, "redlines: unknown use"
    book: ILaneBook = ILaneBook(access._at(contract_name))
    lanes: uint256 = staticcall book.lane_count()
    assert lane > 0 and lane <= lanes, "redlines: unknown lane"
    taken: bool = self.lane_region[contract_name][lane] != empty(bytes32)
    assert not taken, "redlines: lane has a region"
    assert len(self._lanes[region][use]) < MAX_LANES, "redlines: region has 64 lanes"
    self.lane_region[contract_name][lane] = region
    self._lanes[region][use].append(lane)
    self._books[region][use].append(contract_name)
    total_l: uint256 = (staticcall book.lane(lane)).total_l
    year: uint256 = self.latest_year[region][use]
    if self._is_opened(region, year, use):
        self.year[region][year][use].opening_l += total_l
    log IRedLines.LaneAssigned(
        region=region, contract_name=contract_name, lane=lane, use=use, total_l=total_l
    )


@external
def open_year(region: bytes32, use: uint256):
    """
    @notice Take down where a region's lanes stand as its local year opens, and close the year that
            was opened before. Open to anyone.
    @dev What arrives late for the year before is counted in the year that is opened.
    """
    year: uint256 = self._year()
    assert len(self._lanes[region][use]) > 0, "redlines: region has no lane of this use"
    assert not self._is_opened(region, year, use), "redlines: year is open"
    opening_l: uint256 = self._total_l(region, use)
    self._close(region, self.latest_year[region][use], use, opening_l)
    self.latest_year[region][use] = year
    self.year[region][year][use] = IRedLines.Year(
        opened_at=block.timestamp, opening_l=opening_l, closed_at=0, closing_l=0
    )
    log IRedLines.YearOpened(
        region=region,
        year=year,
        use=use,
        opening_l=opening_l,
        opened_late_s=self._measured(region, year, use).opened_late_s,
    )


@external
def tell_use(region: bytes32):
    """
    @notice Put on record that a region uses more than its target for the year. Open to anyone.
    """
    year: uint256 = self._year()
    target: IRedLines.Target = self.target[region][year][TOTAL_USE]
    assert target.in_force_at > 0, "redlines: no target for total use"
    used_l: uint256 = self._measured(region, year, ABSTRACTION).used_l
    over: bool = convert(used_l, int256) > self._target(region, year, TOTAL_USE)
    assert over, "redlines: region is within its target"
    assert not self.over_told[region][year], "redlines: told already"
    self.over_told[region][year] = True
    log IRedLines.UseOverCeiling(
        region=region,
        year=year,
        used_l=used_l,
        ceiling_l=self._target(region, year, TOTAL_USE),
    )


@external
def set_target(
    region: bytes32,
    year: uint256,
    indicator: uint256,
    amount: int256,
    base: int256,
    change_bps: int256,
    by_change: bool,
    source_hash: bytes32,
):
    """
    @notice Set the target that is handed down to a region for a year.
    @param year An index into the YEAR calendar.
    @param indicator 1 total use, 2 industry, 3 domestic product, 4 irrigation, 5 function zones.
    @param by_change The target is the base changed by `change_bps`, not `amount`.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert region != empty(bytes32), "redlines: target without a region"
    assert indicator > 0 and indicator <= INDICATORS, "redlines: unknown indicator"
    assert source_hash != empty(bytes32), "redlines: target without a source"
    if by_change:
        assert base > 0, "redlines: a change needs a base"
        assert change_bps >= -BPS and change_bps <= 10 * BPS, "redlines: change out of range"
        assert amount == 0, "redlines: a change has no amount"
    else:
        assert amount >= 0, "redlines: negative target"
    self.target[region][year][indicator] = IRedLines.Target(
        amount=amount,
        base=base,
        change_bps=change_bps,
        by_change=by_change,
        source_hash=source_hash,
        in_force_at=block.timestamp,
    )
    log IRedLines.TargetSet(
        region=region,
        year=year,
        indicator=indicator,
        amount=amount,
        base=base,
        change_bps=change_bps,
        by_change=by_change,
        source_hash=source_hash,
    )


@external
def report_indicator(
    region: bytes32, year: uint256, indicator: uint256, actual: int256, source_hash: bytes32
):
    """
    @notice Report what a region reached in a year, where no lane measures it.
    """
    access._only(duties.ANALYST)
    assert indicator > 0 and indicator <= INDICATORS, "redlines: no such indicator"
    assert actual >= 0, "redlines: negative figure"
    assert source_hash != empty(bytes32), "redlines: report without a source"
    self.actual[region][year][indicator] = actual
    self.reported[region][year][indicator] = True
    log IRedLines.IndicatorReported(
        region=region,
        year=year,
        indicator=indicator,
        actual=actual,
        by=msg.sender,
        source_hash=source_hash,
    )


@external
@view
def measured(region: bytes32, year: uint256, use: uint256) -> IRedLines.Measured:
    """
    @notice What a region's lanes of a use have counted in a year that was opened, and how far that
            is the year's: provisional until the next one is opened, without what was used before it
            was opened, with what was used until it was closed.
    """
    return self._measured(region, year, use)


@external
@view
def headroom_l(region: bytes32) -> uint256:
    """
    @notice The yearly volume that permits of a region may still give; without a ceiling the most.
    """
    if not self.has_ceiling[region]:
        return max_value(uint256)
    ceiling_l: uint256 = self.ceiling_l[region]
    return ceiling_l - min(self.permitted_l[region], ceiling_l)


@external
@view
def assess(region: bytes32, year: uint256) -> DynArray[IRedLines.Verdict, INDICATORS]:
    """
    @notice Hold a region against each of its targets of a year; what is not known is not met.
    @dev Total use is what the lanes measured, unless a figure was reported.
    """
    verdicts: DynArray[IRedLines.Verdict, INDICATORS] = []
    for i: uint256 in range(INDICATORS):
        indicator: uint256 = i + 1
        if self.target[region][year][indicator].in_force_at == 0:
            continue
        target: int256 = self._target(region, year, indicator)
        known: bool = self.reported[region][year][indicator]
        actual: int256 = self.actual[region][year][indicator]
        measured: IRedLines.Measured = empty(IRedLines.Measured)
        if not known and indicator == TOTAL_USE and self._is_opened(region, year, ABSTRACTION):
            known = True
            measured = self._measured(region, year, ABSTRACTION)
            actual = convert(measured.used_l, int256)
        met: bool = actual <= target
        if indicator >= FIRST_LOWER:
            met = actual >= target
        verdicts.append(
            IRedLines.Verdict(
                indicator=indicator,
                target=target,
                actual=actual,
                known=known,
                met=known and met,
                provisional=measured.provisional,
                opened_late_s=measured.opened_late_s,
                closed_late_s=measured.closed_late_s,
            )
        )
    return verdicts


@external
@view
def assess_loads(
    region: bytes32, year: uint256
) -> DynArray[IRedLines.LoadVerdict, MAX_PARAMETERS]:
    """
    @notice Hold a region's loads of a year against each of its ceilings: the last that was set by
            the end of that year.
    """
    verdicts: DynArray[IRedLines.LoadVerdict, MAX_PARAMETERS] = []
    for parameter: bytes32 in self._parameters[region]:
        found: IRedLines.LoadVerdict = self._load_verdict(region, parameter, year)
        if found.version > 0:
            verdicts.append(found)
    return verdicts


@external
@pure
def grade(score: uint256, most: uint256) -> uint256:
    """
    @notice The grade of an assessment by its unrounded score: 1 excellent, 2 good, 3 pass, 4 fail.
    @dev State Council Office 2013 no. 2, unverified: 90, 80 and 60 of a hundred.
    """
    assert most > 0 and score <= most, "redlines: score out of range"
    if score * 100 >= most * 90:
        return 1
    if score * 100 >= most * 80:
        return 2
    if score * 100 >= most * 60:
        return 3
    return 4


@internal
@view
def _year() -> uint256:
    """
    @dev The local year that runs.
    """
    return staticcall IStandards(access._at(names.STANDARDS)).period_at(YEAR, block.timestamp + 1)


@internal
@view
def _region(station_id: uint256) -> bytes32:
    return staticcall IWaterNetwork(access._at(names.WATER_NETWORK)).region(station_id)


@internal
@view
def _is_expired(permit_id: uint256) -> bool:
    registry: IPermitRegistry = IPermitRegistry(access._at(names.PERMIT_REGISTRY))
    return (staticcall registry.permit(permit_id)).state == EXPIRED


@internal
def _count_load(
    permit_id: uint256,
    region: bytes32,
    parameter: bytes32,
    counted_ng: uint256,
    permitted_ng: uint256,
):
    self.permitted_ng[region][parameter] = permitted_ng
    self.counted_ng[permit_id][parameter] = counted_ng
    self.load_counted_in[permit_id][parameter] = region
    log IRedLines.LoadCounted(
        permit_id=permit_id,
        region=region,
        parameter=parameter,
        counted_ng=counted_ng,
        permitted_ng=permitted_ng,
    )


@internal
@view
def _load_verdict(region: bytes32, parameter: bytes32, year: uint256) -> IRedLines.LoadVerdict:
    """
    @dev By the last ceiling that was set before the year ended; version 0 for none.
    """
    ends_at: uint256 = staticcall IStandards(access._at(names.STANDARDS)).boundary(YEAR, year + 1)
    versions: uint256 = self.load_ceilings[region][parameter]
    found: IRedLines.LoadVerdict = IRedLines.LoadVerdict(
        parameter=parameter,
        version=0,
        ceiling_ng=0,
        permitted_ng=self.permitted_ng[region][parameter],
        load_ng=self.load_ng[region][parameter][year],
        over=False,
        told=self.load_told[region][parameter][year],
    )
    for back: uint256 in range(versions, bound=MAX_VERSIONS):
        if self.load_ceiling[region][parameter][versions - back].set_at < ends_at:
            found.version = versions - back
            found.ceiling_ng = self.load_ceiling[region][parameter][versions - back].load_ng
            found.over = found.load_ng > found.ceiling_ng
            break
    return found


@internal
@view
def _target(region: bytes32, year: uint256, indicator: uint256) -> int256:
    """
    @dev An upper target by change is rounded down, a lower one up: the stricter whole number.
    """
    target: IRedLines.Target = self.target[region][year][indicator]
    if not target.by_change:
        return target.amount
    scaled: int256 = target.base * (BPS + target.change_bps)
    if indicator >= FIRST_LOWER:
        scaled += BPS - 1
    return scaled // BPS


@internal
def _close(region: bytes32, year: uint256, use: uint256, closing_l: uint256):
    if not self._is_opened(region, year, use):
        return
    self.year[region][year][use].closed_at = block.timestamp
    self.year[region][year][use].closing_l = closing_l
    closed: IRedLines.Measured = self._measured(region, year, use)
    log IRedLines.YearClosed(
        region=region,
        year=year,
        use=use,
        used_l=closed.used_l,
        closed_late_s=closed.closed_late_s,
    )


@internal
@view
def _is_opened(region: bytes32, year: uint256, use: uint256) -> bool:
    return self.year[region][year][use].opened_at > 0


@internal
@view
def _total_l(region: bytes32, use: uint256) -> uint256:
    total_l: uint256 = 0
    lanes: DynArray[uint256, MAX_LANES] = self._lanes[region][use]
    books: DynArray[bytes32, MAX_LANES] = self._books[region][use]
    for i: uint256 in range(len(lanes), bound=MAX_LANES):
        total_l += (staticcall ILaneBook(access._at(books[i])).lane(lanes[i])).total_l
    return total_l


@internal
@view
def _measured(region: bytes32, year: uint256, use: uint256) -> IRedLines.Measured:
    """
    @dev From where the year was opened up to where it was closed, or to now.
    """
    assert self._is_opened(region, year, use), "redlines: year was not opened"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    begins_at: uint256 = staticcall standards.boundary(YEAR, year)
    ends_at: uint256 = staticcall standards.boundary(YEAR, year + 1)
    one: IRedLines.Year = self.year[region][year][use]
    provisional: bool = one.closed_at == 0
    if provisional:
        one.closed_at = block.timestamp
        one.closing_l = self._total_l(region, use)
    return IRedLines.Measured(
        used_l=one.closing_l - one.opening_l,
        provisional=provisional,
        opened_late_s=one.opened_at - begins_at,
        closed_late_s=max(one.closed_at, ends_at) - ends_at,
    )
