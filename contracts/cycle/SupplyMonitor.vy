# pragma version 0.4.3
# pragma evm-version london
"""
@title Supply monitor
@license Apache-2.0
@notice Districts of the network: what went in against what users registered, leakage by CJJ 92,
        delivery against the day's scheme.
@dev It takes no measurements itself: a balance is of the registers that RegisterTurns keeps at the
     turns of local days and months, and there is none where a turn is not kept or not read yet.
     Where a silent meter's turn was closed, it says so. Loss is the uncorrected rate, leakage the
     corrected one that grades judge; real loss is only a part of it. Corrections and grades are
     settings of Standards (leak_*), most of them unverified. Ratios are exact or rounded towards
     the stricter side. Minimum night flow is told off the chain, from the readings in calldata.
@custom:halt Withdraw the NETWORK_KEEPER posts in Authority; what is ruled stays a record.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IStandards
from contracts.interfaces import ISupplyMonitor
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import spans

initializes: access
initializes: spans[access := access]

exports: access.AUTHORITY

MAX_ENDS: constant(uint256) = 16  # inlets or outlets of a district
MAX_USERS: constant(uint256) = 64  # user meters, or totals of communities
MAX_REGION: constant(uint256) = 32  # districts of a region, which a view reads at once
METER: constant(uint256) = 1  # kind of a channel
DAY: constant(uint256) = 1  # calendars of Standards
YEAR: constant(uint256) = 4
PPM: constant(uint256) = 1_000_000
BPS: constant(uint256) = 10_000
YEAR_S: constant(uint256) = 365 * 86_400
MOST_S: constant(uint256) = 367 * 86_400  # a balance over more is not of a year


district_count: public(uint256)
# district, year
corrections: public(HashMap[uint256, HashMap[uint256, ISupplyMonitor.Corrections]])
planned_l: public(HashMap[uint256, HashMap[uint256, uint256]])
tolerance_bps: public(HashMap[uint256, HashMap[uint256, uint256]])
_district: HashMap[uint256, ISupplyMonitor.District]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_district(district_id: uint256, district: ISupplyMonitor.District) -> uint256:
    """
    @notice Draw a district: the meters of its inlets, outlets and users.
    @param district_id 0 for a new one; a redrawn one is balanced by what it is now.
    """
    access._only(duties.NETWORK_KEEPER)
    assert district_id <= self.district_count, "supply: unknown district"
    assert len(district.name) > 0, "supply: district without a name"
    assert len(district.inlets) > 0, "supply: district without an inlet"
    number: uint256 = district_id
    if number == 0:
        self.district_count += 1
        number = self.district_count
    version: uint256 = self._district[number].version + 1
    self._district[number] = district
    self._district[number].version = version
    for channel: uint256 in district.inlets:
        self._require_meter(channel)
    for channel: uint256 in district.outlets:
        self._require_meter(channel)
    for channel: uint256 in district.users:
        self._require_meter(channel)
    log ISupplyMonitor.DistrictSet(
        district_id=number,
        name=district.name,
        version=version,
        inlets=district.inlets,
        outlets=district.outlets,
        users=district.users,
    )
    return number


@external
def set_corrections(
    district_id: uint256, year: uint256, corrections: ISupplyMonitor.Corrections
):
    """
    @notice Set what the leakage of a district is corrected by for a year: share metered at the
            household, length of its pipes, mean pressure, frost depth; the version given is left
            aside.
    @param year An index into the YEAR calendar.
    """
    access._only(duties.STANDARDS_KEEPER)
    self._require_district(district_id)
    assert corrections.household_ppm <= PPM, "supply: household share above the whole"
    assert corrections.source_hash != empty(bytes32), "supply: corrections without a source"
    ends_at: uint256 = staticcall IStandards(access._at(names.STANDARDS)).boundary(YEAR, year + 1)
    assert ends_at != 0, "supply: year is not loaded"
    version: uint256 = self.corrections[district_id][year].version + 1
    self.corrections[district_id][year] = corrections
    self.corrections[district_id][year].version = version
    log ISupplyMonitor.CorrectionsSet(
        district_id=district_id, year=year, corrections=self.corrections[district_id][year]
    )


@external
def rule_leakage(district_id: uint256, calendar: uint256, first: uint256, last: uint256):
    """
    @notice Rule on the leakage of a district over periods of a calendar (day 1, month 2, quarter 3,
            year 4). Open to anyone.
    @dev A grade is given for a year only; for other spans the rates are told without one.
    @param last The last period, included.
    """
    balance: ISupplyMonitor.Balance = self._balance(district_id, calendar, first, last)
    log ISupplyMonitor.LeakageRuled(
        district_id=district_id,
        version=self._district[district_id].version,
        balance=balance,
        leakage=self._leakage(district_id, balance),
    )


@external
def set_scheme(district_id: uint256, day: uint256, planned_l: uint256, tolerance_bps: uint256):
    """
    @notice Set what a district is to be delivered on a local day, before that day begins.
    @param day An index into the DAY calendar.
    """
    access._only(duties.NETWORK_KEEPER)
    self._require_district(district_id)
    begins_at: uint256 = staticcall IStandards(access._at(names.STANDARDS)).boundary(DAY, day)
    assert begins_at > block.timestamp, "supply: day has begun"
    assert planned_l > 0, "supply: scheme of nothing"
    assert tolerance_bps <= BPS, "supply: tolerance above the whole"
    self.planned_l[district_id][day] = planned_l
    self.tolerance_bps[district_id][day] = tolerance_bps
    log ISupplyMonitor.SchemeSet(
        district_id=district_id, day=day, planned_l=planned_l, tolerance_bps=tolerance_bps
    )


@external
def rule_delivery(district_id: uint256, day: uint256):
    """
    @notice Rule on what a district was delivered on a day against its scheme. Open to anyone.
    """
    planned_l: uint256 = self.planned_l[district_id][day]
    assert planned_l > 0, "supply: no scheme for this day"
    delivered: spans.Volume = self._supplied(self._district[district_id], DAY, day, day)
    tolerance_bps: uint256 = self.tolerance_bps[district_id][day]
    short: bool = delivered.volume_l * BPS < planned_l * (BPS - tolerance_bps)
    long: bool = delivered.volume_l * BPS > planned_l * (BPS + tolerance_bps)
    log ISupplyMonitor.DeliveryRuled(
        district_id=district_id,
        day=day,
        delivered_l=delivered.volume_l,
        planned_l=planned_l,
        tolerance_bps=tolerance_bps,
        silent=delivered.silent,
        met=not short and not long,
    )


@external
@view
def district(district_id: uint256) -> ISupplyMonitor.District:
    """
    @notice The meters of a district.
    """
    return self._district[district_id]


@external
@view
def balance_of(
    district_id: uint256, calendar: uint256, first: uint256, last: uint256
) -> ISupplyMonitor.Balance:
    """
    @notice What went into a district over periods of a calendar, the last one included, and what
            its users registered.
    """
    return self._balance(district_id, calendar, first, last)


@external
@view
def leakage_of(
    district_id: uint256, calendar: uint256, first: uint256, last: uint256
) -> ISupplyMonitor.Leakage:
    """
    @notice Loss, correction and leakage of a district over such periods, and its grade.
    """
    return self._leakage(district_id, self._balance(district_id, calendar, first, last))


@external
@view
def region_leakage_of(
    districts: DynArray[uint256, MAX_REGION], calendar: uint256, first: uint256, last: uint256
) -> ISupplyMonitor.Region:
    """
    @notice Leakage of a region over such periods: the mean of its districts' rates, weighted by what
            each was supplied, with its grade, and whether it meets the national targets A and B.
    @dev Grades and targets are held against the exact mean; the rates are told rounded up. They are
         given for a year only.
    @param districts Their numbers, rising, so that none counts twice.
    """
    assert len(districts) > 0, "supply: region without a district"
    region: ISupplyMonitor.Region = empty(ISupplyMonitor.Region)
    leaked: int256 = 0  # litres in millionths
    before: uint256 = 0
    for district_id: uint256 in districts:
        assert district_id > before, "supply: districts must rise"
        before = district_id
        balance: ISupplyMonitor.Balance = self._balance(district_id, calendar, first, last)
        leakage: ISupplyMonitor.Leakage = self._leakage(district_id, balance)
        supplied_l: int256 = convert(balance.supplied_l, int256)
        lost_l: int256 = supplied_l - convert(balance.registered_l, int256)
        leaked += lost_l * convert(PPM, int256) - leakage.correction_ppm * supplied_l
        region.from_at = balance.from_at
        region.until_at = balance.until_at
        region.supplied_l += balance.supplied_l
        region.registered_l += balance.registered_l
        region.estimated_l += balance.estimated_l
        region.silent = region.silent or balance.silent
        region.yearly = leakage.yearly
    supplied_l: int256 = convert(region.supplied_l, int256)
    lost_l: int256 = supplied_l - convert(region.registered_l, int256)
    region.loss_ppm = self._ratio_up(lost_l * convert(PPM, int256), supplied_l)
    region.leakage_ppm = self._ratio_up(leaked, supplied_l)
    if region.yearly:
        at: uint256 = region.until_at
        region.grade = 3
        if leaked <= self._setting("leak_grade1_ppm", at) * supplied_l:
            region.grade = 1
        elif leaked <= self._setting("leak_grade2_ppm", at) * supplied_l:
            region.grade = 2
        region.on_target_a = leaked <= self._setting("leak_target_a_ppm", at) * supplied_l
        region.on_target_b = leaked < self._setting("leak_target_b_ppm", at) * supplied_l
    return region


@internal
@pure
def _ratio_up(part: int256, whole: int256) -> int256:
    """
    @dev Rounded up for a positive part, towards more loss.
    """
    if part > 0 and part % whole != 0:
        return part // whole + 1
    return part // whole


@internal
@pure
def _as_users(channels: DynArray[uint256, MAX_ENDS]) -> DynArray[uint256, MAX_USERS]:
    wide: DynArray[uint256, MAX_USERS] = []
    for channel: uint256 in channels:
        wide.append(channel)
    return wide


@internal
@view
def _require_district(district_id: uint256):
    known: bool = district_id > 0 and district_id <= self.district_count
    assert known, "supply: no such district"


@internal
@view
def _require_meter(channel: uint256):
    kind: uint256 = (
        staticcall IDeviceRegistry(access._at(names.DEVICE_REGISTRY)).channel(channel)
    ).kind
    assert kind == METER, "supply: channel is no meter"


@internal
@view
def _passed(
    channels: DynArray[uint256, MAX_USERS], calendar: uint256, first: uint256, last: uint256
) -> spans.Volume:
    sum: spans.Volume = empty(spans.Volume)
    for channel: uint256 in channels:
        sum = spans._with(sum, channel, calendar, first, last)
    return sum


@internal
@view
def _supplied(
    district: ISupplyMonitor.District, calendar: uint256, first: uint256, last: uint256
) -> spans.Volume:
    come: spans.Volume = self._passed(self._as_users(district.inlets), calendar, first, last)
    gone: spans.Volume = self._passed(self._as_users(district.outlets), calendar, first, last)
    assert come.volume_l >= gone.volume_l, "supply: more went on than came"
    return spans.Volume(
        volume_l=come.volume_l - gone.volume_l,
        estimated_l=come.estimated_l + gone.estimated_l,
        silent=come.silent or gone.silent,
    )


@internal
@view
def _balance(
    district_id: uint256, calendar: uint256, first: uint256, last: uint256
) -> ISupplyMonitor.Balance:
    self._require_district(district_id)
    from_at: uint256 = 0
    until_at: uint256 = 0
    from_at, until_at = spans._ends(calendar, first, last)
    district: ISupplyMonitor.District = self._district[district_id]
    supplied: spans.Volume = self._supplied(district, calendar, first, last)
    assert supplied.volume_l > 0, "supply: nothing was supplied"
    used: spans.Volume = self._passed(district.users, calendar, first, last)
    supplied_l: int256 = convert(supplied.volume_l, int256)
    lost_l: int256 = supplied_l - convert(used.volume_l, int256)
    return ISupplyMonitor.Balance(
        from_at=from_at,
        until_at=until_at,
        supplied_l=supplied.volume_l,
        registered_l=used.volume_l,
        estimated_l=supplied.estimated_l + used.estimated_l,
        silent=supplied.silent or used.silent,
        loss_ppm=self._ratio_up(lost_l * convert(PPM, int256), supplied_l),
    )


@internal
@view
def _leakage(
    district_id: uint256, balance: ISupplyMonitor.Balance
) -> ISupplyMonitor.Leakage:
    """
    @dev CJJ 92 cl. 5.2: leakage is loss less the sum of four corrections, each in millionths, those
         of the local year in which the balance ends.
    """
    at: uint256 = balance.until_at
    year: uint256 = staticcall IStandards(access._at(names.STANDARDS)).period_at(YEAR, at)
    given: ISupplyMonitor.Corrections = self.corrections[district_id][year]
    span_s: uint256 = balance.until_at - balance.from_at
    yearly: bool = span_s >= YEAR_S and span_s <= MOST_S
    correction_ppm: int256 = 0
    if given.version > 0:
        household: int256 = self._setting("leak_household_ppm", at)
        correction_ppm = household * convert(given.household_ppm, int256) // convert(PPM, int256)
        correction_ppm += self._by_pipes(given.pipe_m, balance.supplied_l, at)
        correction_ppm += self._by_pressure(convert(given.pressure_pa, int256), at)
        if convert(given.frost_mm, int256) > self._setting("leak_frost_mm", at):
            correction_ppm += self._setting("leak_frost_ppm", at)
    leakage_ppm: int256 = balance.loss_ppm - correction_ppm
    grade: uint256 = 0
    if yearly:
        grade = 3
        if leakage_ppm <= self._setting("leak_grade1_ppm", at):
            grade = 1
        elif leakage_ppm <= self._setting("leak_grade2_ppm", at):
            grade = 2
    return ISupplyMonitor.Leakage(
        loss_ppm=balance.loss_ppm,
        correction_ppm=correction_ppm,
        leakage_ppm=leakage_ppm,
        grade=grade,
        yearly=yearly,
        corrections_year=year,
        corrections_version=given.version,
    )


@internal
@view
def _by_pipes(pipe_m: uint256, supplied_l: uint256, at: uint256) -> int256:
    """
    @dev 0.99 (A - 0.0693), A in km of pipe for 10,000 m3 supplied, clamped before it is added.
    """
    slope_ppm: int256 = self._setting("leak_pipe_slope_ppm", at)
    base: int256 = self._setting("leak_pipe_base", at)  # 1/10,000 km for 10,000 m3
    clamp_ppm: int256 = self._setting("leak_pipe_clamp_ppm", at)
    # A in 1/10,000: metres * 10,000 * 10,000 / litres
    density: int256 = convert(pipe_m * 10**8 // supplied_l, int256)
    by_pipes_ppm: int256 = slope_ppm * (density - base) // 10_000
    return min(max(by_pipes_ppm, -clamp_ppm), clamp_ppm)


@internal
@view
def _by_pressure(pressure_pa: int256, at: uint256) -> int256:
    """
    @dev An end point belongs to the band below it, as a reading of the text; below all bands none.
    """
    if pressure_pa > self._setting("leak_pressure3_pa", at):
        return self._setting("leak_pressure3_ppm", at)
    if pressure_pa > self._setting("leak_pressure2_pa", at):
        return self._setting("leak_pressure2_ppm", at)
    if pressure_pa >= self._setting("leak_pressure1_pa", at):
        return self._setting("leak_pressure1_ppm", at)
    return 0


@internal
@view
def _setting(name: String[32], at: uint256) -> int256:
    return (
        staticcall IStandards(access._at(names.STANDARDS)).setting_at(names._label(name), at)
    ).amount
