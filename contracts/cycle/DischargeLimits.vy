# pragma version 0.4.3
# pragma evm-version london
# pragma optimize codesize
"""
@title Discharge limits
@license Apache-2.0
@notice Volume and concentrations at an outlet against its drainage permit and a standard.
@dev A drainage permit opens an outlet here; its volume is counted in DischargeVolumes and shown by
     `outlet`. Concentrations are alerted on arrival and ruled by the local day's mean; a ruling under an unverified limit, or one whose text names no
     averaging, is advisory. Sanctions are acts of an officer, never of this contract.
@custom:halt Halt its lanes, or withdraw the relay accounts in Authority.
"""

from contracts.interfaces import IAccounts
from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IDischargeLimits
from contracts.interfaces import IMeters
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IStandards
from contracts.interfaces import IVolumeBook
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import gauge_words
from contracts.modules import gauges
from contracts.modules import lanes
from contracts.modules import names

implements: IAccounts

initializes: access
initializes: lanes[access := access]
initializes: gauges[access := access, lanes := lanes]

exports: (
    access.AUTHORITY,
    lanes.open_lane,
    lanes.halt_lane,
    lanes.resume_lane,
    lanes.need_witnesses,
    lanes.lane,
    lanes.lane_count,
    lanes.running,
    lanes.digest,
    lanes.prove,
    gauges.record_gauges,
    gauges.close,
    gauges.set_grace,
    gauges.grace_s,
    gauges.track_range,
    gauges.gauge,
    gauges.limits,
    gauges.ruling,
    gauges.limit_of,
    gauges.ruled,
    gauges.former,
)

GAUGE: constant(uint256) = 2  # kind of a channel in DeviceRegistry
DAY_MEAN: constant(uint256) = 1  # basis of a permit's limit
UNLIMITED: constant(uint256) = 2**32 - 1

outlet_station: public(HashMap[uint256, uint256])  # drainage permit: where its outlet was opened
permit_of: public(HashMap[uint256, uint256])  # channel: drainage permit of its outlet


@deploy
def __init__(authority: address):
    access.__init__(authority)
    gauges.__init__()


@external
def enrol(
    channel: uint256, kind: uint256, relay_group: uint256, register_l: uint256, opened_at: uint256
):
    """
    @notice Reserve the word of a new gauge.
    """
    access._only_contract(names.DEVICE_REGISTRY)
    assert kind == GAUGE, "discharge: takes gauges only"
    gauges._enrol_gauge(channel, relay_group, opened_at)


@external
def bind(channel: uint256, permit_id: uint256):
    """
    @notice Hold a gauge against the permit of an outlet.
    """
    access._only_contract(names.DEVICE_REGISTRY)
    assert self.outlet_station[permit_id] != 0, "discharge: unknown outlet"
    self.permit_of[channel] = permit_id
    log IDischargeLimits.GaugeBound(channel=channel, permit_id=permit_id)


@external
def open_account(
    permit_id: uint256,
    station_id: uint256,
    plan_l: uint256,
    peak_l_h: uint256,
    scheme_id: uint256,
    from_at: uint256,
    until_at: uint256,
):
    """
    @notice Open the outlet of a drainage permit that is being issued, and its volume account.
    """
    access._only_contract(names.PERMIT_REGISTRY)
    self.outlet_station[permit_id] = station_id
    log IDischargeLimits.OutletOpened(permit_id=permit_id, station_id=station_id)
    extcall IAccounts(access._at(names.DISCHARGE_VOLUMES)).open_account(
        permit_id, station_id, plan_l, peak_l_h, scheme_id, from_at, until_at
    )


@external
def right_changed(permit_id: uint256):
    """
    @notice Pass on that a permit was suspended, resumed or revoked.
    """
    access._only_contract(names.PERMIT_REGISTRY)
    extcall IAccounts(access._at(names.DISCHARGE_VOLUMES)).right_changed(permit_id)


@external
def adopt():
    """
    @notice Take over from the book that this one replaces, before its first lane.
    @dev Adoption tells the reason where a lane is open; here is no room for one.
    """
    access._only_contract(names.GAUGE_ADOPTION)
    assert lanes.lane_count == 0
    raw_call(msg.sender, msg.data, is_delegate_call=True)


@external
def judge(
    channel: uint256,
    limit_id: uint256,
    dwell_readings: uint256,
    dwell_s: uint256,
    hysteresis_bps: uint256,
    needed: uint256,
):
    """
    @notice Hold a gauge against a limit of a standard and the condition of its permit, whichever
            is stricter on each side.
    @param limit_id Limit of Standards, or 0 for the permit's condition alone.
    @param needed Readings a day must hold to be ruled on.
    """
    access._only(duties.STANDARDS_KEEPER)
    about: IDeviceRegistry.Channel = staticcall IDeviceRegistry(
        access._at(names.DEVICE_REGISTRY)
    ).channel(channel)
    lo: uint256 = 0
    hi: uint256 = UNLIMITED
    unsure: bool = False  # the standard's limit is unverified or names no averaging
    lo_is_unsure: bool = False
    hi_is_unsure: bool = False
    by_permit: bool = False
    if limit_id != 0:
        limit: IStandards.Limit = staticcall IStandards(access._at(names.STANDARDS)).sealed_limit(
            limit_id
        )
        assert limit.parameter == about.parameter, "discharge: limit is of another parameter"
        lo = gauge_words._ceiling_word(limit.lo, about.resolution) if limit.has_lo else lo
        hi = gauge_words._floor_word(limit.hi, about.resolution) if limit.has_hi else hi
        unsure = not (limit.daily_mean and limit.verified)
        lo_is_unsure = unsure and limit.has_lo
        hi_is_unsure = unsure and limit.has_hi
    if self.permit_of[channel] != 0:
        own: IPermitRegistry.PermitLimit = staticcall IPermitRegistry(
            access._at(names.PERMIT_REGISTRY)
        ).limit_for(self.permit_of[channel], about.parameter, DAY_MEAN)
        # where both say the same, the sure one rules
        if own.has_lo:
            own_lo: uint256 = gauge_words._ceiling_word(own.lo, about.resolution)
            if own_lo > lo or (lo_is_unsure and own_lo == lo):
                lo = own_lo
                lo_is_unsure = False
                by_permit = True
        if own.has_hi:
            own_hi: uint256 = gauge_words._floor_word(own.hi, about.resolution)
            if own_hi < hi or (hi_is_unsure and own_hi == hi):
                hi = own_hi
                hi_is_unsure = False
                by_permit = True
    assert limit_id != 0 or by_permit, "discharge: neither standard nor permit limits it"
    gauges._judge(
        channel,
        limit_id,
        lo,
        hi,
        dwell_readings,
        dwell_s,
        hysteresis_bps,
        needed,
        lo_is_unsure or hi_is_unsure,
        by_permit,
    )


@external
@view
def outlet(permit_id: uint256, at: uint256) -> IDischargeLimits.Outlet:
    """
    @notice The station at which an outlet was opened and its volume against the permit in the year
            of `at`; PermitRegistry has the station of the terms in force.
    """
    pace: IMeters.Pace = staticcall IVolumeBook(access._at(names.DISCHARGE_VOLUMES)).pace(
        permit_id, at
    )
    return IDischargeLimits.Outlet(
        station_id=self.outlet_station[permit_id], used_l=pace.used_l, plan_l=pace.plan_l
    )
