# pragma version 0.4.3
# pragma evm-version london
"""
@title Source monitor
@license Apache-2.0
@notice A reservoir's level and storage against its characteristic levels, with the colours of low
        water and flood; low water by inflow; flood classes by a rule table.
@dev It takes no measurements itself: it reads the level from the contract that writes the gauge, and
     inflow from the registers that RegisterTurns keeps. Levels, marks and normal inflows are
     versions that count from an instant, levels and normal inflows by season too: a reading is
     judged by the one in force at its time. Storages are differences on the level-storage curve,
     never of metres. The colours follow the national schemes, but only named bodies may issue
     warnings: these are internal alerts. "Near" has no number in the source: it is a margin of each
     station.
@custom:halt Withdraw the STANDARDS_KEEPER posts in Authority; what is ruled stays a record.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IGaugeBook
from contracts.interfaces import IGauges
from contracts.interfaces import ISourceMonitor
from contracts.interfaces import IStandards
from contracts.modules import access
from contracts.modules import dates
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import spans

initializes: access
initializes: spans[access := access]

exports: access.AUTHORITY

BLUE: constant(uint256) = 1  # colours, and classes of flooding
YELLOW: constant(uint256) = 2
ORANGE: constant(uint256) = 3
RED: constant(uint256) = 4
RAIN: constant(uint256) = 1  # inputs of a rule table
DEPTH: constant(uint256) = 2
FLOW: constant(uint256) = 3
PUMPING: constant(uint256) = 4
DURATION: constant(uint256) = 5
VELOCITY: constant(uint256) = 6
MAX_POINTS: constant(uint256) = 64  # of a level-storage curve
MAX_VERSIONS: constant(uint256) = 64  # of levels, of marks and of normal inflows of one reservoir
MAX_ROWS: constant(uint256) = 32  # of a rule table
METER: constant(uint256) = 1  # kinds of a channel
GAUGE: constant(uint256) = 2
DAY: constant(uint256) = 1  # calendar of Standards
INFLOW_DAYS: constant(uint256) = 30  # over which the scheme of low water holds inflow
BPS: constant(uint256) = 10_000
OFFSET: constant(int256) = 2**31  # the stored word of the value zero
MAX_L: constant(uint256) = 2**60

channel_of: public(HashMap[uint256, uint256])
marks: public(HashMap[uint256, HashMap[uint256, ISourceMonitor.Marks]])
marks_count: public(HashMap[uint256, uint256])
levels: public(HashMap[uint256, HashMap[uint256, ISourceMonitor.Levels]])
levels_count: public(HashMap[uint256, uint256])
normals: public(HashMap[uint256, HashMap[uint256, ISourceMonitor.Normal]])
normals_count: public(HashMap[uint256, uint256])
curve_count: public(HashMap[uint256, uint256])
ruled_at: public(HashMap[uint256, uint256])
low_water_day: public(HashMap[uint256, uint256])  # the last that was ruled on
flood_table_count: public(HashMap[uint256, uint256])
_curve_mm: HashMap[uint256, DynArray[int256, MAX_POINTS]]
_curve_l: HashMap[uint256, DynArray[uint256, MAX_POINTS]]
_rows: HashMap[uint256, DynArray[ISourceMonitor.Row, MAX_ROWS]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_reservoir(station_id: uint256, channel: uint256):
    """
    @notice Name the gauge of a reservoir's level.
    """
    access._only(duties.STANDARDS_KEEPER)
    devices: IDeviceRegistry = IDeviceRegistry(access._at(names.DEVICE_REGISTRY))
    kind: uint256 = (staticcall devices.channel(channel)).kind
    assert kind == GAUGE, "source: channel is no gauge"
    there: bool = staticcall devices.station_of(channel) == station_id
    assert there, "source: gauge is at another station"
    self.channel_of[station_id] = channel
    log ISourceMonitor.ReservoirSet(station_id=station_id, channel=channel)


@external
def add_marks(station_id: uint256, marks: ISourceMonitor.Marks, source_hash: bytes32):
    """
    @notice Add the marks that a reservoir's colours are held against from an instant on; among those
            in force, the last added counts.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert self.channel_of[station_id] != 0, "source: marks of no reservoir"
    rising: bool = marks.warning_mm <= marks.guaranteed_mm and marks.guaranteed_mm <= marks.highest_mm
    assert rising, "source: flood marks must not fall"
    assert marks.lowest_mm <= marks.lowest_period_mm, "source: low-water marks must not fall"
    assert marks.near_mm >= 0, "source: negative margin"
    assert source_hash != empty(bytes32), "source: marks without a source"
    version: uint256 = self.marks_count[station_id] + 1
    assert version <= MAX_VERSIONS, "source: reservoir has 64 versions of marks"
    self.marks_count[station_id] = version
    self.marks[station_id][version] = marks
    log ISourceMonitor.MarksAdded(
        station_id=station_id, version=version, marks=marks, source_hash=source_hash
    )


@external
def add_levels(station_id: uint256, levels: ISourceMonitor.Levels, source_hash: bytes32):
    """
    @notice Add characteristic levels from an instant on; among those in force whose season holds, the
            last added counts.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert self.channel_of[station_id] != 0, "source: unknown reservoir"
    self._require_season(levels.season_from, levels.season_until)
    rising: bool = (
        levels.dead_mm <= levels.drought_mm
        and levels.drought_mm <= levels.flood_limit_mm
        and levels.flood_limit_mm <= levels.normal_mm
        and levels.normal_mm <= levels.flood_high_mm
        and levels.flood_high_mm <= levels.design_mm
        and levels.design_mm <= levels.check_mm
    )
    assert rising, "source: levels must not fall"
    assert source_hash != empty(bytes32), "source: levels without a source"
    version: uint256 = self.levels_count[station_id] + 1
    assert version <= MAX_VERSIONS, "source: reservoir has 64 versions of levels"
    self.levels_count[station_id] = version
    self.levels[station_id][version] = levels
    log ISourceMonitor.LevelsAdded(
        station_id=station_id, version=version, levels=levels, source_hash=source_hash
    )


@external
def add_normal(station_id: uint256, normal: ISourceMonitor.Normal, source_hash: bytes32):
    """
    @notice Add the inflow of thirty days that is normal for a season, from an instant on, and the
            meter it is measured by; among those in force whose season holds, the last added counts.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert self.channel_of[station_id] != 0, "source: inflow of no reservoir"
    devices: IDeviceRegistry = IDeviceRegistry(access._at(names.DEVICE_REGISTRY))
    kind: uint256 = (staticcall devices.channel(normal.channel)).kind
    assert kind == METER, "source: inflow is by a meter"
    there: bool = staticcall devices.station_of(normal.channel) == station_id
    assert there, "source: meter is at another station"
    self._require_season(normal.season_from, normal.season_until)
    assert normal.inflow_l > 0, "source: normal inflow of nothing"
    assert normal.inflow_l <= MAX_L, "source: normal inflow out of range"
    assert source_hash != empty(bytes32), "source: normal inflow without a source"
    version: uint256 = self.normals_count[station_id] + 1
    assert version <= MAX_VERSIONS, "source: reservoir has 64 normal inflows"
    self.normals_count[station_id] = version
    self.normals[station_id][version] = normal
    log ISourceMonitor.NormalAdded(
        station_id=station_id, version=version, normal=normal, source_hash=source_hash
    )


@external
def set_curve(
    station_id: uint256,
    levels_mm: DynArray[int256, MAX_POINTS],
    storages_l: DynArray[uint256, MAX_POINTS],
    source_hash: bytes32,
):
    """
    @notice Set the level-storage curve of a reservoir, as points that rise.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert self.channel_of[station_id] != 0, "source: no such reservoir"
    count: uint256 = len(levels_mm)
    assert count >= 2 and count == len(storages_l), "source: curve needs two points or more"
    for i: uint256 in range(1, count, bound=MAX_POINTS):
        rising: bool = levels_mm[i] > levels_mm[i - 1] and storages_l[i] >= storages_l[i - 1]
        assert rising, "source: curve must rise"
    assert storages_l[count - 1] <= MAX_L, "source: storage out of range"
    assert source_hash != empty(bytes32), "source: curve without a source"
    self.curve_count[station_id] += 1
    self._curve_mm[station_id] = levels_mm
    self._curve_l[station_id] = storages_l
    log ISourceMonitor.CurveSet(
        station_id=station_id,
        version=self.curve_count[station_id],
        levels_mm=levels_mm,
        storages_l=storages_l,
        source_hash=source_hash,
    )


@external
def rule_level(station_id: uint256):
    """
    @notice Put on record how the latest level of a reservoir stands. Open to anyone, once a reading.
    @dev Its colour of low water is by the level alone; `rule_low_water` holds the inflow too.
    """
    channel: uint256 = 0
    at: uint256 = 0
    level_mm: int256 = 0
    channel, at, level_mm = self._latest(station_id)
    assert at > self.ruled_at[station_id], "source: no new reading"
    self.ruled_at[station_id] = at
    version: uint256 = self._levels_at(station_id, at)
    marks_version: uint256 = self._marks_at(station_id, at)
    levels: ISourceMonitor.Levels = self.levels[station_id][version]
    marks: ISourceMonitor.Marks = self.marks[station_id][marks_version]
    log ISourceMonitor.LevelRuled(
        station_id=station_id,
        channel=channel,
        at=at,
        level_mm=level_mm,
        storage_l=self._storage_l(station_id, level_mm),
        band=self._band(levels, level_mm),
        low_water=self._low_water(marks, levels, level_mm),
        flood=self._flood(marks, level_mm),
        levels_version=version,
        marks_version=marks_version,
        curve_version=self.curve_count[station_id],
    )


@external
def rule_low_water(station_id: uint256):
    """
    @notice Put on record how a reservoir stands in low water: by its latest level, or by the inflow
            of the thirty local days that ended before the day of it, whichever is worse. Open to
            anyone, once a day.
    """
    channel: uint256 = 0
    at: uint256 = 0
    level_mm: int256 = 0
    channel, at, level_mm = self._latest(station_id)
    today: uint256 = staticcall IStandards(access._at(names.STANDARDS)).period_at(DAY, at)
    assert today > self.low_water_day[station_id], "source: low water is ruled on already"
    self.low_water_day[station_id] = today
    inflow: ISourceMonitor.Inflow = self._inflow(station_id, today)
    version: uint256 = self._levels_at(station_id, at)
    marks_version: uint256 = self._marks_at(station_id, at)
    levels: ISourceMonitor.Levels = self.levels[station_id][version]
    marks: ISourceMonitor.Marks = self.marks[station_id][marks_version]
    by_level: uint256 = self._low_water(marks, levels, level_mm)
    by_inflow: uint256 = self._by_inflow(inflow)
    log ISourceMonitor.LowWaterRuled(
        station_id=station_id,
        channel=channel,
        at=at,
        level_mm=level_mm,
        inflow=inflow,
        by_level=by_level,
        by_inflow=by_inflow,
        low_water=max(by_level, by_inflow),
        levels_version=version,
        marks_version=marks_version,
    )


@external
def set_flood_table(
    station_id: uint256, rows: DynArray[ISourceMonitor.Row, MAX_ROWS], source_hash: bytes32
):
    """
    @notice Set the rule table by which flooding at a station is classed: the highest class of which
            a row, or all rows of a group, reach their figures.
    @param rows `input` 1 rain in micrometres, 2 depth in mm, 3 flow in mL/s, 4 pumping capacity in
           use in 1/10,000, 5 duration in s, 6 velocity in mm/s; `severity` 1 to 4; `group` 0 for a
           row that stands alone, else 1 to 32.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert len(rows) > 0, "source: empty rule table"
    assert source_hash != empty(bytes32), "source: rule table without a source"
    class_of: uint256[MAX_ROWS + 1] = empty(uint256[MAX_ROWS + 1])
    for row: ISourceMonitor.Row in rows:
        assert row.input >= RAIN and row.input <= VELOCITY, "source: unknown input"
        assert row.severity >= BLUE and row.severity <= RED, "source: unknown class"
        assert row.group <= MAX_ROWS, "source: group of rows above 32"
        if row.group != 0:
            first: bool = class_of[row.group] == 0
            assert first or class_of[row.group] == row.severity, "source: group of two classes"
            class_of[row.group] = row.severity
    self.flood_table_count[station_id] += 1
    self._rows[station_id] = rows
    log ISourceMonitor.FloodTableSet(
        station_id=station_id,
        version=self.flood_table_count[station_id],
        rows=rows,
        source_hash=source_hash,
    )


@external
def classify_flood(
    station_id: uint256, inputs: ISourceMonitor.Inputs, evidence_hash: bytes32
) -> uint256:
    """
    @notice Class flooding by the rule table and record it with its inputs.
    @return 0 for none, 1 to 4.
    """
    access._only(duties.DISPATCHER)
    assert len(self._rows[station_id]) > 0, "source: station has no rule table"
    assert evidence_hash != empty(bytes32), "source: class without evidence"
    given: int256[6] = [
        inputs.rain_um,
        inputs.depth_mm,
        inputs.flow_ml_s,
        inputs.pumping_bps,
        inputs.duration_s,
        inputs.velocity_mm_s,
    ]
    missed: uint256 = 0  # a bit for each group of which a row is not reached
    for row: ISourceMonitor.Row in self._rows[station_id]:
        if row.group != 0 and given[row.input - 1] < row.at_least:
            missed |= 1 << row.group
    severity: uint256 = 0
    for row: ISourceMonitor.Row in self._rows[station_id]:
        together: bool = missed & (1 << row.group) == 0
        if together and given[row.input - 1] >= row.at_least:
            severity = max(severity, row.severity)
    log ISourceMonitor.FloodClassified(
        station_id=station_id,
        version=self.flood_table_count[station_id],
        by=msg.sender,
        severity=severity,
        inputs=inputs,
        evidence_hash=evidence_hash,
    )
    return severity


@external
@view
def storage_l(station_id: uint256, level_mm: int256) -> uint256:
    """
    @notice The storage at a level, between two points of the curve in proportion, rounded down.
    """
    return self._storage_l(station_id, level_mm)


@external
@view
def storages(station_id: uint256, at: uint256) -> ISourceMonitor.Storages:
    """
    @notice The storages between a reservoir's levels at a moment; the overlap belongs to both active
            and flood control, so that the two are never added.
    """
    levels: ISourceMonitor.Levels = self.levels[station_id][self._levels_at(station_id, at)]
    dead_l: uint256 = self._storage_l(station_id, levels.dead_mm)
    flood_limit_l: uint256 = self._storage_l(station_id, levels.flood_limit_mm)
    normal_l: uint256 = self._storage_l(station_id, levels.normal_mm)
    return ISourceMonitor.Storages(
        dead_l=dead_l,
        active_l=normal_l - dead_l,
        flood_control_l=self._storage_l(station_id, levels.flood_high_mm) - flood_limit_l,
        surcharge_l=self._storage_l(station_id, levels.check_mm) - flood_limit_l,
        overlap_l=normal_l - flood_limit_l,
    )


@external
@view
def standing(station_id: uint256, level_mm: int256, at: uint256) -> (uint256, uint256, uint256):
    """
    @notice How a level would stand at a moment: its band, the colours of low water and of flood by it.
    @return band 0 below dead to 7 above check; colours 0 none, 1 blue to 4 red.
    """
    levels: ISourceMonitor.Levels = self.levels[station_id][self._levels_at(station_id, at)]
    marks: ISourceMonitor.Marks = self.marks[station_id][self._marks_at(station_id, at)]
    return (
        self._band(levels, level_mm),
        self._low_water(marks, levels, level_mm),
        self._flood(marks, level_mm),
    )


@external
@view
def inflow_of(station_id: uint256, today: uint256) -> (ISourceMonitor.Inflow, uint256):
    """
    @notice The inflow of the thirty local days before a day against what is normal, and its colour.
    @param today An index into the DAY calendar.
    """
    inflow: ISourceMonitor.Inflow = self._inflow(station_id, today)
    return inflow, self._by_inflow(inflow)


@internal
@pure
def _require_season(first: uint256, last: uint256):
    whole_year: bool = first == 0 and last == 0
    season: bool = dates._is_day(first) and dates._is_day(last)
    assert whole_year or season, "source: season is no pair of month and day"


@internal
@view
def _latest(station_id: uint256) -> (uint256, uint256, int256):
    """
    @dev The gauge of a reservoir, the time of its latest value, and the level in base units.
    """
    channel: uint256 = self.channel_of[station_id]
    assert channel != 0, "source: reservoir is not set"
    about: IDeviceRegistry.Channel = staticcall IDeviceRegistry(
        access._at(names.DEVICE_REGISTRY)
    ).channel(channel)
    gauge: IGauges.Gauge = staticcall IGaugeBook(access._at(about.contract_name)).gauge(channel)
    assert gauge.value != 0, "source: gauge was not read yet"
    steps: int256 = convert(gauge.value, int256) - OFFSET
    return channel, gauge.last_at, steps * convert(about.resolution, int256)


@internal
@view
def _levels_at(station_id: uint256, at: uint256) -> uint256:
    count: uint256 = self.levels_count[station_id]
    for back: uint256 in range(count, bound=MAX_VERSIONS):
        version: uint256 = count - back
        levels: ISourceMonitor.Levels = self.levels[station_id][version]
        if self._counts(levels.from_at, levels.season_from, levels.season_until, at):
            return version
    raise "source: no levels for this day"


@internal
@view
def _marks_at(station_id: uint256, at: uint256) -> uint256:
    count: uint256 = self.marks_count[station_id]
    for back: uint256 in range(count, bound=MAX_VERSIONS):
        if self.marks[station_id][count - back].from_at <= at:
            return count - back
    raise "source: no marks for this day"


@internal
@view
def _normal_at(station_id: uint256, at: uint256) -> uint256:
    count: uint256 = self.normals_count[station_id]
    for back: uint256 in range(count, bound=MAX_VERSIONS):
        version: uint256 = count - back
        normal: ISourceMonitor.Normal = self.normals[station_id][version]
        if self._counts(normal.from_at, normal.season_from, normal.season_until, at):
            return version
    raise "source: no normal inflow for this day"


@internal
@view
def _counts(from_at: uint256, season_from: uint256, season_until: uint256, at: uint256) -> bool:
    """
    @dev Whether a version is in force at a moment, by its instant and its season.
    """
    if from_at > at:
        return False
    if season_from == 0:
        return True
    inside: bool = False
    turns_at: uint256 = 0
    inside, turns_at = staticcall IStandards(access._at(names.STANDARDS)).season_at(
        season_from, season_until, at
    )
    return inside


@internal
@view
def _inflow(station_id: uint256, today: uint256) -> ISourceMonitor.Inflow:
    """
    @dev The normal inflow is that of the season in which the last second of the thirty days lies.
    """
    assert today >= INFLOW_DAYS, "source: calendar begins less than thirty days before"
    from_at: uint256 = 0
    until_at: uint256 = 0
    from_at, until_at = spans._ends(DAY, today - INFLOW_DAYS, today - 1)
    version: uint256 = self._normal_at(station_id, until_at - 1)
    normal: ISourceMonitor.Normal = self.normals[station_id][version]
    passed: spans.Volume = spans._with(
        empty(spans.Volume), normal.channel, DAY, today - INFLOW_DAYS, today - 1
    )
    return ISourceMonitor.Inflow(
        channel=normal.channel,
        from_at=from_at,
        until_at=until_at,
        inflow_l=passed.volume_l,
        estimated_l=passed.estimated_l,
        silent=passed.silent,
        normal_l=normal.inflow_l,
        normal_version=version,
    )


@internal
@view
def _by_inflow(inflow: ISourceMonitor.Inflow) -> uint256:
    """
    @dev How far inflow is below normal, tested from red down: the first match wins.
    """
    if self._below(inflow, "low_inflow_red_bps"):
        return RED
    if self._below(inflow, "low_inflow_orange_bps"):
        return ORANGE
    if self._below(inflow, "low_inflow_yellow_bps"):
        return YELLOW
    if self._below(inflow, "low_inflow_blue_bps"):
        return BLUE
    return 0


@internal
@view
def _below(inflow: ISourceMonitor.Inflow, name: String[32]) -> bool:
    """
    @dev Whether inflow is below normal by a share or more, exactly.
    """
    share_bps: int256 = (
        staticcall IStandards(access._at(names.STANDARDS)).setting_at(
            names._label(name), inflow.until_at
        )
    ).amount
    missing_l: int256 = convert(inflow.normal_l, int256) - convert(inflow.inflow_l, int256)
    return missing_l * convert(BPS, int256) >= convert(inflow.normal_l, int256) * share_bps


@internal
@view
def _storage_l(station_id: uint256, level_mm: int256) -> uint256:
    levels_mm: DynArray[int256, MAX_POINTS] = self._curve_mm[station_id]
    count: uint256 = len(levels_mm)
    assert count > 0, "source: reservoir has no curve"
    within: bool = level_mm >= levels_mm[0] and level_mm <= levels_mm[count - 1]
    assert within, "source: level outside the curve"
    for i: uint256 in range(1, count, bound=MAX_POINTS):
        if level_mm <= levels_mm[i]:
            below_l: uint256 = self._curve_l[station_id][i - 1]
            wide: uint256 = convert(levels_mm[i] - levels_mm[i - 1], uint256)
            over: uint256 = convert(level_mm - levels_mm[i - 1], uint256)
            return below_l + (self._curve_l[station_id][i] - below_l) * over // wide
    raise UNREACHABLE


@internal
@pure
def _band(levels: ISourceMonitor.Levels, level_mm: int256) -> uint256:
    """
    @dev How many of the seven levels the water has reached.
    """
    band: uint256 = 0
    for mark_mm: int256 in [
        levels.dead_mm,
        levels.drought_mm,
        levels.flood_limit_mm,
        levels.normal_mm,
        levels.flood_high_mm,
        levels.design_mm,
        levels.check_mm,
    ]:
        if level_mm >= mark_mm:
            band += 1
    return band


@internal
@pure
def _low_water(
    marks: ISourceMonitor.Marks, levels: ISourceMonitor.Levels, level_mm: int256
) -> uint256:
    """
    @dev By the level, tested from red down: the first match wins.
    """
    if level_mm <= marks.lowest_mm:
        return RED
    if level_mm <= marks.lowest_period_mm:
        return ORANGE
    if level_mm <= levels.drought_mm:
        return YELLOW
    if level_mm <= levels.drought_mm + marks.near_mm:
        return BLUE
    return 0


@internal
@pure
def _flood(marks: ISourceMonitor.Marks, level_mm: int256) -> uint256:
    if level_mm >= marks.highest_mm:
        return RED
    if level_mm >= marks.guaranteed_mm:
        return ORANGE
    if level_mm >= marks.warning_mm:
        return YELLOW
    if level_mm >= marks.warning_mm - marks.near_mm:
        return BLUE
    return 0
