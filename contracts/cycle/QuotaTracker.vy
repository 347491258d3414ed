# pragma version 0.4.3
# pragma evm-version london
"""
@title Quota tracker
@license Apache-2.0
@notice Measured abstraction against the yearly plan of its permit: tier, peak, pace, right.
@dev Volumes are litres, counted in the local year in which a step ends. An account opens when its
     abstraction permit is issued. Use beyond the plan is recorded and ruled on, never refused.
@custom:halt Halt its lanes, or withdraw the relay accounts in Authority.
"""

from contracts.modules import access
from contracts.modules import lanes
from contracts.modules import meters
from contracts.modules import names

initializes: access
initializes: lanes[access := access]
initializes: meters[access := access, lanes := lanes]

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
    meters.record_meters,
    meters.meter,
    meters.account,
    meters.standing,
    meters.base,
    meters.meters_of,
    meters.used_l,
    meters.pace,
    meters.count_of,
)

METER: constant(uint256) = 1  # kind of a channel in DeviceRegistry


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def enrol(
    channel: uint256, kind: uint256, relay_group: uint256, register_l: uint256, opened_at: uint256
):
    """
    @notice Reserve the word of a new meter.
    """
    access._only_contract(names.DEVICE_REGISTRY)
    assert kind == METER, "quota: takes meters only"
    meters._enrol_meter(channel, relay_group, register_l, opened_at)


@external
def bind(
    channel: uint256, permit_id: uint256, held_s: uint256, held_l: uint256, before_l: uint256
):
    """
    @notice Count a meter against a permit from its present register on.
    """
    access._only_contract(names.DEVICE_REGISTRY)
    meters._bind_meter(channel, permit_id, held_s, held_l, before_l)


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
    @notice Open the account of a permit that is being issued.
    """
    access._only_contract(names.PERMIT_REGISTRY)
    meters._open_account(permit_id, station_id, plan_l, peak_l_h, scheme_id, from_at, until_at)


@external
def right_changed(permit_id: uint256):
    """
    @notice Learn that a permit was suspended, resumed or revoked.
    """
    access._only_contract(names.PERMIT_REGISTRY)
    meters._right_changed(permit_id)


@external
def set_turn(channel: uint256, turn_at: uint256):
    """
    @notice Keep a meter's register at turns from now on, next at `turn_at`.
    """
    access._only_contract(names.REGISTER_TURNS)
    meters._set_turn(channel, turn_at)


@external
def adopt():
    """
    @notice Take over from the book that this one replaces, before its first lane.
    @dev Adoption tells the reason where a lane is open; here is no room for one.
    """
    access._only_contract(names.ADOPTION)
    assert lanes.lane_count == 0
    raw_call(msg.sender, msg.data, is_delegate_call=True)
