# pragma version 0.4.3
# pragma evm-version london
"""
@title Standards
@license Apache-2.0
@notice Limits, thresholds, settings and calendars as data with versions; a ruling cites the one
        it used.
@dev Limits stand in base units (ng/L, mntu, mph and so on), inclusive on both sides. Nothing
     national is written here: tables are loaded from standards/. A set of limits takes two
     officers: one opens and fills it, another seals it, and until then nothing is held against it.
@custom:halt Nothing to halt: an entry is never changed, a later version stands beside it.
"""

from contracts.interfaces import IStandards
from contracts.modules import access
from contracts.modules import duties

implements: IStandards

initializes: access

exports: access.AUTHORITY

MAX_PAGE: constant(uint256) = 64  # limits in one transaction: about 6 million gas
MAX_INSTANTS: constant(uint256) = 400  # a year of days in one transaction
MAX_STOPS: constant(uint256) = 32  # interruptions of one procedure
MAX_BACK: constant(uint256) = 256  # versions that are looked through from the latest back
DAY: constant(uint256) = 1
MONTH: constant(uint256) = 2
YEAR: constant(uint256) = 4
WORKING: constant(uint256) = 5  # ends of working days
CALENDARS: constant(uint256) = 5  # DAY 1, MONTH 2, QUARTER 3, YEAR 4, WORKING 5
M32: constant(uint256) = 2**32 - 1
BPS: constant(uint256) = 10_000

limit_set: public(HashMap[uint256, IStandards.LimitSet])
set_count: public(uint256)
limit: public(HashMap[uint256, IStandards.Limit])
limit_count: public(uint256)
limit_of: public(HashMap[uint256, HashMap[bytes32, HashMap[bytes32, uint256]]])
version_count: public(HashMap[bytes32, uint256])
set_of_version: public(HashMap[bytes32, HashMap[uint256, uint256]])
scheme: public(HashMap[uint256, IStandards.Scheme])
scheme_count: public(uint256)
scheme_versions: public(HashMap[String[32], uint256])
setting: public(HashMap[uint256, IStandards.Setting])
setting_count: public(uint256)
setting_versions: public(HashMap[bytes32, uint256])
setting_of_version: public(HashMap[bytes32, HashMap[uint256, uint256]])
boundary: public(HashMap[uint256, HashMap[uint256, uint256]])
boundary_count: public(HashMap[uint256, uint256])


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def open_set(
    standard: String[32], grade: String[16], source_hash: bytes32, in_force_at: uint256
) -> uint256:
    """
    @notice Open a new version of the limits of one standard and grade.
    @param source_hash sha256 of the table the limits are loaded from.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert len(standard) > 0, "standards: empty standard"
    key: bytes32 = self._key(standard, grade)
    version: uint256 = self.version_count[key] + 1
    self.version_count[key] = version
    self.set_count += 1
    set_id: uint256 = self.set_count
    self.set_of_version[key][version] = set_id
    self.limit_set[set_id] = IStandards.LimitSet(
        standard=standard,
        grade=grade,
        version=version,
        source_hash=source_hash,
        in_force_at=in_force_at,
        limits=0,
        sealed=False,
        opened_by=msg.sender,
    )
    log IStandards.SetOpened(
        set_id=set_id,
        by=msg.sender,
        standard=standard,
        grade=grade,
        version=version,
        source_hash=source_hash,
        in_force_at=in_force_at,
    )
    return set_id


@external
def add_limits(set_id: uint256, limits: DynArray[IStandards.Limit, MAX_PAGE]):
    """
    @notice Add limits to a set that the caller opened and nobody has sealed.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert self.limit_set[set_id].version != 0, "standards: unknown set"
    own: bool = access._is_caller(self.limit_set[set_id].opened_by)
    assert own, "standards: caller did not open the set"
    assert not self.limit_set[set_id].sealed, "standards: set is sealed"
    first_id: uint256 = self.limit_count + 1
    limit_id: uint256 = self.limit_count
    for limit: IStandards.Limit in limits:
        assert limit.set_id == set_id, "standards: limit is of another set"
        assert limit.has_lo or limit.has_hi, "standards: limit without bound"
        if limit.has_lo and limit.has_hi:
            assert limit.lo <= limit.hi, "standards: limit is empty"
        assert self.limit_of[set_id][limit.parameter][limit.basis] == 0, "standards: limit is there"
        limit_id += 1
        self.limit[limit_id] = limit
        self.limit_of[set_id][limit.parameter][limit.basis] = limit_id
    self.limit_count = limit_id
    self.limit_set[set_id].limits += len(limits)
    log IStandards.LimitsAdded(set_id=set_id, first_id=first_id, count=len(limits))


@external
def seal_set(set_id: uint256, limits: uint256, source_hash: bytes32):
    """
    @notice End the loading of a set that another officer opened; it can never change again.
    @param limits How many the caller has read, so that nobody seals another set than they read.
    @param source_hash sha256 of the table that they read.
    """
    access._only(duties.STANDARDS_KEEPER)
    one: IStandards.LimitSet = self.limit_set[set_id]
    assert one.limits > 0, "standards: set is empty"
    assert not one.sealed, "standards: must be open"
    assert not access._is_caller(one.opened_by), "standards: opener cannot seal the set"
    read: bool = one.limits == limits and one.source_hash == source_hash
    assert read, "standards: set is another than was read"
    self.limit_set[set_id].sealed = True
    log IStandards.SetSealed(set_id=set_id, by=msg.sender, limits=limits, source_hash=source_hash)


@external
def load_scheme(
    name: String[32],
    blue_bps: uint256,
    yellow_bps: uint256,
    red_bps: uint256,
    approaching_bps: uint256,
    peak_leave_bps: uint256,
) -> uint256:
    """
    @notice Load a new version of a threshold scheme.
    @param blue_bps Use beyond the plan above which the tier is BLUE, as a share of the plan.
    @param approaching_bps Use above which the plan is approached, as a share of the plan.
    @param peak_leave_bps Share of the peak at or below which an excess of it ends.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert len(name) > 0, "standards: empty scheme name"
    assert blue_bps < yellow_bps and yellow_bps < red_bps, "standards: thresholds must rise"
    assert red_bps <= 10 * BPS, "standards: threshold over tenfold"
    assert approaching_bps <= BPS, "standards: approaching over the plan"
    assert peak_leave_bps > 0 and peak_leave_bps <= BPS, "standards: peak share out of range"
    version: uint256 = self.scheme_versions[name] + 1
    self.scheme_versions[name] = version
    self.scheme_count += 1
    scheme_id: uint256 = self.scheme_count
    self.scheme[scheme_id] = IStandards.Scheme(
        name=name,
        version=version,
        blue_bps=blue_bps,
        yellow_bps=yellow_bps,
        red_bps=red_bps,
        approaching_bps=approaching_bps,
        peak_leave_bps=peak_leave_bps,
    )
    log IStandards.SchemeLoaded(
        scheme_id=scheme_id,
        name=name,
        version=version,
        blue_bps=blue_bps,
        yellow_bps=yellow_bps,
        red_bps=red_bps,
        approaching_bps=approaching_bps,
        peak_leave_bps=peak_leave_bps,
    )
    return scheme_id


@external
def load_settings(settings: DynArray[IStandards.Setting, MAX_PAGE]):
    """
    @notice Load new versions of settings: terms, tolerances and other figures that rules ask for.
    @dev The version given is left aside: it is the next one of the name.
    """
    access._only(duties.STANDARDS_KEEPER)
    for given: IStandards.Setting in settings:
        assert given.name != empty(bytes32), "standards: empty setting name"
        version: uint256 = self.setting_versions[given.name] + 1
        self.setting_versions[given.name] = version
        self.setting_count += 1
        setting: IStandards.Setting = given
        setting.version = version
        self.setting[self.setting_count] = setting
        self.setting_of_version[given.name][version] = self.setting_count
        log IStandards.SettingLoaded(
            setting_id=self.setting_count,
            name=setting.name,
            version=version,
            amount=setting.amount,
            unit=setting.unit,
            source=setting.source,
            verified=setting.verified,
            in_force_at=setting.in_force_at,
        )


@external
def extend_calendar(calendar: uint256, instants: DynArray[uint256, MAX_INSTANTS]):
    """
    @notice Append boundaries of local days, months, quarters or years, or ends of working days, as
            Unix seconds.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert calendar > 0 and calendar <= CALENDARS, "standards: unknown calendar"
    count: uint256 = self.boundary_count[calendar]
    last_at: uint256 = 0
    if count > 0:
        last_at = self.boundary[calendar][count - 1]
    for instant: uint256 in instants:
        assert instant > last_at and instant <= M32, "standards: boundaries must rise"
        self.boundary[calendar][count] = instant
        last_at = instant
        count += 1
    self.boundary_count[calendar] = count
    log IStandards.CalendarExtended(calendar=calendar, boundaries=count, until_at=last_at)


@external
@view
def current_set(standard: String[32], grade: String[16], at: uint256) -> uint256:
    """
    @notice The latest sealed version in force at a moment, 0 for none.
    """
    key: bytes32 = self._key(standard, grade)
    versions: uint256 = self.version_count[key]
    for back: uint256 in range(min(versions, MAX_BACK), bound=MAX_BACK):
        set_id: uint256 = self.set_of_version[key][versions - back]
        if self.limit_set[set_id].sealed and self.limit_set[set_id].in_force_at <= at:
            return set_id
    return 0


@external
@view
def sealed_limit(limit_id: uint256) -> IStandards.Limit:
    """
    @notice A limit that something may be held against: one of a sealed set.
    """
    limit: IStandards.Limit = self.limit[limit_id]
    assert self.limit_set[limit.set_id].sealed, "standards: limit is in no sealed set"
    return limit


@external
@view
def setting_at(name: bytes32, at: uint256) -> IStandards.Setting:
    """
    @notice The latest version of a setting in force at a moment.
    """
    versions: uint256 = self.setting_versions[name]
    for back: uint256 in range(min(versions, MAX_BACK), bound=MAX_BACK):
        setting_id: uint256 = self.setting_of_version[name][versions - back]
        if self.setting[setting_id].in_force_at <= at:
            return self.setting[setting_id]
    raise "standards: setting is not loaded"


@external
@view
def months_later(at: uint256, months: uint256) -> uint256:
    """
    @notice The same day and time of a later local month, or the last second of a month too short.
    """
    month: uint256 = self._period_at(MONTH, at + 1)
    later: uint256 = month + months
    assert later + 1 < self.boundary_count[MONTH], "standards: beyond the months loaded"
    same: uint256 = self.boundary[MONTH][later] + at - self.boundary[MONTH][month]
    return min(same, self.boundary[MONTH][later + 1] - 1)


@external
@view
def season_at(first: uint256, last: uint256, at: uint256) -> (bool, uint256):
    """
    @notice Whether a moment lies in a season, both its days included, and when that may differ.
    @dev A season may pass the new year. After the last turn of a year, the year's end is answered.
    @param first Day of any local year as month * 100 + day: 401 is April 1.
    """
    year: uint256 = self._period_at(YEAR, at + 1)
    begins_at: uint256 = self._day_of(year, first, 0)
    ends_at: uint256 = self._day_of(year, last, 1)
    year_ends_at: uint256 = self.boundary[YEAR][year + 1]
    if first <= last:
        if at < begins_at:
            return False, begins_at
        if at < ends_at:
            return True, ends_at
        return False, year_ends_at
    if at < ends_at:
        return True, ends_at
    if at < begins_at:
        return False, begins_at
    return True, year_ends_at


@external
@view
def working_due(
    at: uint256, days: uint256, stops: DynArray[IStandards.Stop, MAX_STOPS]
) -> uint256:
    """
    @notice The end of the last of `days` working days after the local day of a moment.
    @param stops Interruptions in their order; working days that end within one do not count.
    """
    day_end: uint256 = self.boundary[DAY][self._period_at(DAY, at + 1) + 1]
    due: uint256 = self._working_index(day_end + 1) + days - 1
    for stop: IStandards.Stop in stops:
        assert due < self.boundary_count[WORKING], "standards: beyond the working days loaded"
        if stop.from_at < self.boundary[WORKING][due] and stop.until_at > day_end:
            ended: uint256 = self._working_index(stop.until_at + 1)
            due += ended - self._working_index(max(stop.from_at, day_end) + 1)
    assert due < self.boundary_count[WORKING], "standards: working days are not loaded"
    return self.boundary[WORKING][due]


@external
@view
def calendar_end(calendar: uint256) -> uint256:
    """
    @notice The last boundary that is loaded, 0 for an empty calendar.
    """
    count: uint256 = self.boundary_count[calendar]
    if count == 0:
        return 0
    return self.boundary[calendar][count - 1]


@external
@view
def period_at(calendar: uint256, at: uint256) -> uint256:
    """
    @notice The period k that a step ending at `at` belongs to: boundary(k) < at <= boundary(k + 1).
    """
    return self._period_at(calendar, at)


@external
@view
def nearest_boundary(calendar: uint256, at: uint256) -> uint256:
    """
    @notice The boundary nearest to a moment, the later one of two as near: the moment itself where
            it is one.
    """
    period: uint256 = self._period_at(calendar, at)
    begins_at: uint256 = self.boundary[calendar][period]
    ends_at: uint256 = self.boundary[calendar][period + 1]
    return begins_at if at - begins_at < ends_at - at else ends_at


@internal
@view
def _day_of(year: uint256, day: uint256, later: uint256) -> uint256:
    """
    @dev When a day of a local year begins, `later` days on; a day that its month lacks is the next
         month's first.
    """
    january: uint256 = self._period_at(MONTH, self.boundary[YEAR][year] + 1)
    month: uint256 = january + day // 100 - 1
    first_day: uint256 = self._period_at(DAY, self.boundary[MONTH][month] + 1)
    begins_at: uint256 = self.boundary[DAY][first_day + day % 100 - 1 + later]
    return min(begins_at, self.boundary[MONTH][month + 1])


@internal
@view
def _working_index(at: uint256) -> uint256:
    """
    @dev The first end of a working day that is not before a moment.
    """
    return self._period_at(WORKING, at) + 1


@internal
@view
def _period_at(calendar: uint256, at: uint256) -> uint256:
    high: uint256 = self.boundary_count[calendar]
    assert high > 1, "standards: calendar is empty"
    high -= 1
    low: uint256 = 0
    within: bool = at > self.boundary[calendar][0] and at <= self.boundary[calendar][high]
    assert within, "standards: outside calendar"
    for _: uint256 in range(32):
        if high - low == 1:
            break
        middle: uint256 = (low + high) // 2
        if self.boundary[calendar][middle] < at:
            low = middle
        else:
            high = middle
    return low


@internal
@pure
def _key(standard: String[32], grade: String[16]) -> bytes32:
    return keccak256(abi_encode(standard, grade))
