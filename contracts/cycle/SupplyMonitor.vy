# pragma version 0.4.3
# pragma evm-version london
"""
@title Supply monitor
@license Apache-2.0
@notice Districts of the network: what went in against what users registered, leakage by CJJ 92,
        delivery against the day's scheme, minimum night flow apart from it.
@dev It takes no measurements itself: registers are taken down from the contracts that write the
     meters, by anyone, and a balance is the difference of two such moments; where a register was
     moved between them there is none. Loss is the uncorrected rate, leakage the corrected one that
     grades judge; real loss is only a part of it. Corrections and grades are settings of Standards
     (leak_*), most of them unverified. Ratios are exact or rounded towards the stricter side.
@custom:halt Withdraw the NETWORK_KEEPER posts in Authority; what is ruled stays a record.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IMeters
from contracts.interfaces import IStandards
from contracts.interfaces import ISupplyMonitor
from contracts.interfaces import IVolumeBook
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names

initializes: access

exports: access.AUTHORITY

MAX_ENDS: constant(uint256) = 16  # inlets or outlets of a district
MAX_USERS: constant(uint256) = 64  # user meters, or totals of communities
METER: constant(uint256) = 1  # kind of a channel
DAY: constant(uint256) = 1  # calendar of Standards
PPM: constant(uint256) = 1_000_000
BPS: constant(uint256) = 10_000
YEAR_S: constant(uint256) = 365 * 86_400
MOST_S: constant(uint256) = 367 * 86_400  # a balance over more is not of a year
SLACK_S: constant(uint256) = 86_400  # readings of one moment lie this close together
NIGHT_FROM_S: constant(uint256) = 2 * 3_600  # 02:00 to 04:00, our default
NIGHT_UNTIL_S: constant(uint256) = 4 * 3_600

struct Snapshot:
    version: uint256
    from_at: uint256
    until_at: uint256


district_count: public(uint256)
corrections: public(HashMap[uint256, ISupplyMonitor.Corrections])
snapshot: public(HashMap[uint256, HashMap[uint256, Snapshot]])
snapshot_count: public(HashMap[uint256, uint256])
planned_l: public(HashMap[uint256, HashMap[uint256, uint256]])
tolerance_bps: public(HashMap[uint256, HashMap[uint256, uint256]])
_district: HashMap[uint256, ISupplyMonitor.District]
_register_l: HashMap[uint256, HashMap[uint256, HashMap[uint256, uint256]]]  # snapshot, channel


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_district(district_id: uint256, district: ISupplyMonitor.District) -> uint256:
    """
    @notice Draw a district: the meters of its inlets, outlets and users.
    @param district_id 0 for a new one; a redrawn one begins its balances anew.
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
def set_corrections(district_id: uint256, corrections: ISupplyMonitor.Corrections):
    """
    @notice Set what the leakage of a district is corrected by for a year: share metered at the
            household, length of its pipes, mean pressure, frost depth.
    """
    access._only(duties.STANDARDS_KEEPER)
    self._require_district(district_id)
    assert corrections.household_ppm <= PPM, "supply: household share above the whole"
    assert corrections.source_hash != empty(bytes32), "supply: corrections without a source"
    self.corrections[district_id] = corrections
    log ISupplyMonitor.CorrectionsSet(district_id=district_id, corrections=corrections)


@external
def take_registers(district_id: uint256) -> uint256:
    """
    @notice Take down where the meters of a district stand. Open to anyone.
    @return Number of the snapshot, dense from 1.
    """
    self._require_district(district_id)
    district: ISupplyMonitor.District = self._district[district_id]
    number: uint256 = self.snapshot_count[district_id] + 1
    from_at: uint256 = max_value(uint256)
    until_at: uint256 = 0
    for channels: DynArray[uint256, MAX_USERS] in [
        self._as_users(district.inlets), self._as_users(district.outlets), district.users
    ]:
        for channel: uint256 in channels:
            meter: IMeters.Meter = self._meter(channel)
            self._register_l[district_id][number][channel] = meter.register_l
            from_at = min(from_at, meter.last_at)
            until_at = max(until_at, meter.last_at)
    before: Snapshot = self.snapshot[district_id][number - 1]
    assert until_at > before.until_at, "supply: no meter has moved on"
    assert until_at - from_at <= SLACK_S, "supply: a meter lags more than a day"
    self.snapshot_count[district_id] = number
    self.snapshot[district_id][number] = Snapshot(
        version=district.version, from_at=from_at, until_at=until_at
    )
    log ISupplyMonitor.RegistersTaken(
        district_id=district_id,
        snapshot=number,
        version=district.version,
        from_at=from_at,
        until_at=until_at,
    )
    return number


@external
def rule_leakage(district_id: uint256, first: uint256, last: uint256):
    """
    @notice Rule on the leakage of a district between two snapshots. Open to anyone.
    @dev A grade is given for a year only; for other spans the rates are told without one.
    """
    balance: ISupplyMonitor.Balance = self._balance(district_id, first, last)
    log ISupplyMonitor.LeakageRuled(
        district_id=district_id,
        first=first,
        last=last,
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
def rule_delivery(district_id: uint256, day: uint256, first: uint256, last: uint256):
    """
    @notice Rule on what a district was delivered on a day against its scheme. Open to anyone.
    @dev The snapshots must be of the day's two ends.
    """
    planned_l: uint256 = self.planned_l[district_id][day]
    assert planned_l > 0, "supply: no scheme for this day"
    balance: ISupplyMonitor.Balance = self._balance(district_id, first, last)
    self._require_one_moment(district_id, first)
    self._require_one_moment(district_id, last)
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    begins: bool = balance.from_at == staticcall standards.boundary(DAY, day)
    ends: bool = balance.until_at == staticcall standards.boundary(DAY, day + 1)
    assert begins and ends, "supply: snapshots are not the day's ends"
    tolerance_bps: uint256 = self.tolerance_bps[district_id][day]
    short: bool = balance.supplied_l * BPS < planned_l * (BPS - tolerance_bps)
    long: bool = balance.supplied_l * BPS > planned_l * (BPS + tolerance_bps)
    log ISupplyMonitor.DeliveryRuled(
        district_id=district_id,
        day=day,
        delivered_l=balance.supplied_l,
        planned_l=planned_l,
        tolerance_bps=tolerance_bps,
        met=not short and not long,
    )


@external
def rule_night_flow(district_id: uint256, first: uint256, last: uint256):
    """
    @notice Rule on the flow into a district in the small hours, kept apart from leakage. Open to
            anyone.
    """
    balance: ISupplyMonitor.Balance = self._balance(district_id, first, last)
    self._require_one_moment(district_id, first)
    self._require_one_moment(district_id, last)
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    day: uint256 = staticcall standards.period_at(DAY, balance.from_at + 1)
    begins_at: uint256 = staticcall standards.boundary(DAY, day)
    at_night: bool = (
        balance.from_at >= begins_at + NIGHT_FROM_S
        and balance.until_at <= begins_at + NIGHT_UNTIL_S
    )
    assert at_night, "supply: snapshots are not between two and four"
    log ISupplyMonitor.NightFlowRuled(
        district_id=district_id,
        day=day,
        flow_ml_s=balance.supplied_l * 1_000 // (balance.until_at - balance.from_at),
        from_at=balance.from_at,
        until_at=balance.until_at,
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
def balance_of(district_id: uint256, first: uint256, last: uint256) -> ISupplyMonitor.Balance:
    """
    @notice What went into a district between two snapshots, and what its users registered.
    """
    return self._balance(district_id, first, last)


@external
@view
def leakage_of(district_id: uint256, first: uint256, last: uint256) -> ISupplyMonitor.Leakage:
    """
    @notice Loss, correction and leakage of a district between two snapshots, and its grade.
    """
    return self._leakage(district_id, self._balance(district_id, first, last))


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
def _require_one_moment(district_id: uint256, number: uint256):
    taken: Snapshot = self.snapshot[district_id][number]
    assert taken.from_at == taken.until_at, "supply: meters stand at different moments"


@internal
@view
def _require_meter(channel: uint256):
    kind: uint256 = (
        staticcall IDeviceRegistry(access._at(names.DEVICE_REGISTRY)).channel(channel)
    ).kind
    assert kind == METER, "supply: channel is no meter"


@internal
@view
def _meter(channel: uint256) -> IMeters.Meter:
    name: bytes32 = (
        staticcall IDeviceRegistry(access._at(names.DEVICE_REGISTRY)).channel(channel)
    ).contract_name
    return staticcall IVolumeBook(access._at(name)).meter(channel)


@internal
@view
def _moved_l(
    district_id: uint256, first: uint256, last: uint256, channels: DynArray[uint256, MAX_USERS]
) -> uint256:
    total_l: uint256 = 0
    for channel: uint256 in channels:
        from_l: uint256 = self._register_l[district_id][first][channel]
        until_l: uint256 = self._register_l[district_id][last][channel]
        assert until_l >= from_l, "supply: a register was moved in between"
        total_l += until_l - from_l
    return total_l


@internal
@view
def _balance(district_id: uint256, first: uint256, last: uint256) -> ISupplyMonitor.Balance:
    ordered: bool = first > 0 and first < last and last <= self.snapshot_count[district_id]
    assert ordered, "supply: snapshots are not in order"
    begun: Snapshot = self.snapshot[district_id][first]
    ended: Snapshot = self.snapshot[district_id][last]
    district: ISupplyMonitor.District = self._district[district_id]
    same: bool = begun.version == district.version and ended.version == district.version
    assert same, "supply: district was redrawn"
    into_l: uint256 = self._moved_l(district_id, first, last, self._as_users(district.inlets))
    out_l: uint256 = self._moved_l(district_id, first, last, self._as_users(district.outlets))
    assert into_l > out_l, "supply: nothing was supplied"
    supplied_l: uint256 = into_l - out_l
    registered_l: uint256 = self._moved_l(district_id, first, last, district.users)
    lost_l: int256 = convert(supplied_l, int256) - convert(registered_l, int256)
    # rounded up: towards more loss
    scaled: int256 = lost_l * convert(PPM, int256)
    loss_ppm: int256 = scaled // convert(supplied_l, int256)
    if scaled > 0 and scaled % convert(supplied_l, int256) != 0:
        loss_ppm += 1
    return ISupplyMonitor.Balance(
        from_at=begun.until_at,
        until_at=ended.until_at,
        supplied_l=supplied_l,
        registered_l=registered_l,
        loss_ppm=loss_ppm,
    )


@internal
@view
def _leakage(
    district_id: uint256, balance: ISupplyMonitor.Balance
) -> ISupplyMonitor.Leakage:
    """
    @dev CJJ 92 cl. 5.2: leakage is loss less the sum of four corrections, each in millionths.
    """
    at: uint256 = balance.until_at
    given: ISupplyMonitor.Corrections = self.corrections[district_id]
    span_s: uint256 = balance.until_at - balance.from_at
    yearly: bool = span_s >= YEAR_S and span_s <= MOST_S
    correction_ppm: int256 = 0
    if given.source_hash != empty(bytes32):
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
