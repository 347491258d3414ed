# pragma version 0.4.3
"""
@title Tanks
@license Apache-2.0
@notice Tanks of secondary supply: when each is to be cleaned and tested, and what was done.
@dev Two clocks, their intervals settings of Standards in local calendar months. The cleaning clock
     restarts at the passed test after a cleaning, not at the cleaning; the testing clock at any
     passed test; a failed test restarts nothing. Abnormal quality demands cleaning at once.
     State lives in the importing contract: `initializes: tanks`.
"""

from contracts.interfaces import IAuthority
from contracts.interfaces import IStandards
from contracts.interfaces import ISupplyCodes
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import dates
from contracts.modules import duties
from contracts.modules import names

uses: access

tank_count: public(uint256)
tank: public(HashMap[uint256, ISupplyCodes.Tank])
_noted_clean_at: HashMap[uint256, uint256]  # the due moment that was noted last
_noted_test_at: HashMap[uint256, uint256]


@external
def set_tank(
    tank_id: uint256, name: String[32], station_id: uint256, org_id: uint256, in_use_at: uint256
) -> uint256:
    """
    @notice Put a building's or an estate's tank on record, or change its name, station or who
            answers for it.
    @param tank_id 0 for a new one.
    @param in_use_at When the clocks of a new one begin, 0 for now; a known one's go on.
    """
    access._only(duties.NETWORK_KEEPER)
    assert tank_id <= self.tank_count, "tanks: unknown tank"
    assert len(name) > 0, "tanks: tank without a name"
    stations: uint256 = staticcall IWaterNetwork(access._at(names.WATER_NETWORK)).station_count()
    assert station_id > 0 and station_id <= stations, "tanks: unknown station"
    verified: bool = staticcall IAuthority(access.AUTHORITY).is_verified(org_id)
    assert verified, "tanks: organisation is not verified"
    number: uint256 = tank_id
    if number == 0:
        self.tank_count += 1
        number = self.tank_count
        begun_at: uint256 = dates._stated(in_use_at, 0)
        self.tank[number].in_use_at = begun_at
        self.tank[number].last_at = begun_at
        self.tank[number].clean_from_at = begun_at
        self.tank[number].test_from_at = begun_at
    self.tank[number].name = name
    self.tank[number].station_id = station_id
    self.tank[number].org_id = org_id
    self._clocks(number)  # refused where no interval was in force
    log ISupplyCodes.TankSet(
        tank_id=number,
        org_id=org_id,
        station_id=station_id,
        name=name,
        in_use_at=self.tank[number].in_use_at,
    )
    return number


@external
def record_cleaning(tank_id: uint256, stated_at: uint256, evidence_hash: bytes32):
    """
    @notice Record that a tank was cleaned and disinfected; it then waits for its test.
    """
    org_id: uint256 = staticcall IAuthority(access.AUTHORITY).org_of(msg.sender)
    answers: bool = org_id != 0 and org_id == self.tank[tank_id].org_id
    assert answers, "tanks: caller does not answer for the tank"
    at: uint256 = self._act_on(tank_id, stated_at, evidence_hash)
    self.tank[tank_id].cleaned_at = at
    self.tank[tank_id].awaits_test = True
    log ISupplyCodes.CleaningRecorded(tank_id=tank_id, at=at, evidence_hash=evidence_hash)


@external
def record_test(tank_id: uint256, stated_at: uint256, passed: bool, evidence_hash: bytes32):
    """
    @notice Record a test of a tank's water. The passed test after a cleaning restarts the cleaning
            clock, any passed test the testing clock.
    """
    access._only(duties.ANALYST)
    at: uint256 = self._act_on(tank_id, stated_at, evidence_hash)
    if passed:
        self.tank[tank_id].test_from_at = at
        if self.tank[tank_id].awaits_test:
            self.tank[tank_id].clean_from_at = at
            self.tank[tank_id].abnormal_at = 0
            self.tank[tank_id].awaits_test = False
    log ISupplyCodes.TestRecorded(
        tank_id=tank_id,
        at=at,
        passed=passed,
        clean_from_at=self.tank[tank_id].clean_from_at,
        test_from_at=self.tank[tank_id].test_from_at,
        evidence_hash=evidence_hash,
    )


@external
def report_abnormal(tank_id: uint256, stated_at: uint256, evidence_hash: bytes32):
    """
    @notice Report abnormal quality of a tank's water: it is to be cleaned at once, and a cleaning
            before the report does not count.
    """
    access._only(duties.SUPERVISOR)
    at: uint256 = self._act_on(tank_id, stated_at, evidence_hash)
    if self.tank[tank_id].abnormal_at == 0:
        self.tank[tank_id].abnormal_at = at
    self.tank[tank_id].awaits_test = False
    log ISupplyCodes.AbnormalReported(
        tank_id=tank_id,
        at=at,
        abnormal_at=self.tank[tank_id].abnormal_at,
        evidence_hash=evidence_hash,
    )


@external
def note_overdue(tank_id: uint256):
    """
    @notice Put on record that a tank's cleaning or test is overdue, once for each moment it was
            due. Open to anyone.
    """
    clocks: ISupplyCodes.Clocks = self._clocks(tank_id)
    clean: bool = clocks.clean_overdue and self._noted_clean_at[tank_id] != clocks.clean_due_at
    test: bool = clocks.test_overdue and self._noted_test_at[tank_id] != clocks.test_due_at
    assert clean or test, "tanks: nothing is overdue that is not noted"
    if clean:
        self._noted_clean_at[tank_id] = clocks.clean_due_at
    if test:
        self._noted_test_at[tank_id] = clocks.test_due_at
    log ISupplyCodes.OverdueNoted(
        tank_id=tank_id, org_id=self.tank[tank_id].org_id, clocks=clocks
    )


@external
@view
def clocks(tank_id: uint256) -> ISupplyCodes.Clocks:
    """
    @notice When a tank is to be cleaned and tested, and whether either is overdue now.
    """
    return self._clocks(tank_id)


@internal
def _act_on(tank_id: uint256, stated_at: uint256, evidence_hash: bytes32) -> uint256:
    self._require_tank(tank_id)
    assert evidence_hash != empty(bytes32), "tanks: act without evidence"
    at: uint256 = dates._stated(stated_at, self.tank[tank_id].last_at)
    self.tank[tank_id].last_at = at
    return at


@internal
@view
def _require_tank(tank_id: uint256):
    assert tank_id > 0 and tank_id <= self.tank_count, "tanks: no such tank"


@internal
@view
def _clocks(tank_id: uint256) -> ISupplyCodes.Clocks:
    self._require_tank(tank_id)
    clean_due_at: uint256 = self._due(self.tank[tank_id].clean_from_at, "secondary_clean_months")
    abnormal_at: uint256 = self.tank[tank_id].abnormal_at
    if abnormal_at != 0:
        clean_due_at = min(clean_due_at, abnormal_at)
    test_due_at: uint256 = self._due(self.tank[tank_id].test_from_at, "secondary_test_months")
    return ISupplyCodes.Clocks(
        clean_due_at=clean_due_at,
        test_due_at=test_due_at,
        clean_overdue=block.timestamp > clean_due_at,
        test_overdue=block.timestamp > test_due_at,
    )


@internal
@view
def _due(from_at: uint256, name: String[32]) -> uint256:
    """
    @dev By the version of the setting in force when the clock began.
    """
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    months: int256 = (staticcall standards.setting_at(names._label(name), from_at)).amount
    return staticcall standards.months_later(from_at, convert(months, uint256))
