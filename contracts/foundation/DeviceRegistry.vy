# pragma version 0.4.3
# pragma evm-version london
"""
@title Device registry
@license Apache-2.0
@notice Every instrument's digital identity, its channels, and what their readings can be.
@dev A channel is a dense number over all contracts; exactly one contract writes it. `low` and
     `high` bound what is physically possible, in base units: a reading outside is no measurement.
@custom:halt Halt the lanes of the writing contracts; enrolment itself cannot harm a reading.
"""

from contracts.interfaces import IAccounts
from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import spelling

implements: IDeviceRegistry

initializes: access

exports: access.AUTHORITY

METER: constant(uint256) = 1
GAUGE: constant(uint256) = 2
EXCHANGE: constant(uint256) = 2  # kinds of a register's move that need an approval
RESET: constant(uint256) = 3
DEEMED: constant(uint256) = 4
GRADES: constant(uint256) = 5
MAX_CHANNELS: constant(uint256) = 64  # channels of one device
M16: constant(uint256) = 2**16 - 1
M32: constant(uint256) = 2**32 - 1
M48: constant(uint256) = 2**48 - 1

device: public(HashMap[uint256, IDeviceRegistry.Device])
device_count: public(uint256)
device_by_code: public(HashMap[String[48], uint256])
channel: public(HashMap[uint256, IDeviceRegistry.Channel])
channel_count: public(uint256)
channel_by: public(HashMap[uint256, HashMap[bytes32, uint256]])  # device, parameter
approval: public(HashMap[uint256, IDeviceRegistry.Approval])
_channels_of: HashMap[uint256, DynArray[uint256, MAX_CHANNELS]]


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def enrol_device(code: String[48], station_id: uint256) -> uint256:
    """
    @notice Give an instrument its digital identity; DeviceKeys has the keys it signs with.
    """
    access._only(duties.DEVICE_KEEPER)
    assert len(code) > 0, "devices: empty code"
    proper: bool = spelling._has_no_spaces(convert(code, Bytes[48]))
    assert proper, "devices: code has spaces"
    assert self.device_by_code[code] == 0, "devices: code is taken"
    stations: uint256 = staticcall IWaterNetwork(access._at(names.WATER_NETWORK)).station_count()
    assert station_id > 0 and station_id <= stations, "devices: unknown station"
    self.device_count += 1
    device_id: uint256 = self.device_count
    self.device[device_id] = IDeviceRegistry.Device(code=code, station_id=station_id)
    self.device_by_code[code] = device_id
    log IDeviceRegistry.DeviceEnrolled(device_id=device_id, station_id=station_id, code=code)
    return device_id


@external
def enrol_channel(request: IDeviceRegistry.ChannelRequest) -> uint256:
    """
    @notice Enrol one measured quantity of a device with the contract that will write it.
    """
    access._only(duties.DEVICE_KEEPER)
    assert request.device > 0 and request.device <= self.device_count, "devices: unknown device"
    assert request.parameter != empty(bytes32), "devices: empty parameter"
    taken: uint256 = self.channel_by[request.device][request.parameter]
    assert taken == 0, "devices: device has the parameter"
    assert request.kind == METER or request.kind == GAUGE, "devices: unknown kind"
    group_fits: bool = request.relay_group > 0 and request.relay_group <= M16
    assert group_fits, "devices: relay group out of range"
    assert request.resolution > 0 and request.resolution <= M48, "devices: resolution out of range"
    assert request.low <= request.high, "devices: bounds cross"
    assert request.grade > 0 and request.grade <= GRADES, "devices: unknown evidence grade"
    assert request.modulus_l <= M48, "devices: modulus out of range"
    self.channel_count += 1
    channel: uint256 = self.channel_count
    assert channel <= M32, "devices: channels are full"
    self.channel[channel] = IDeviceRegistry.Channel(
        device=request.device,
        parameter=request.parameter,
        kind=request.kind,
        contract_name=request.contract_name,
        relay_group=request.relay_group,
        resolution=request.resolution,
        cadence_s=request.cadence_s,
        low=request.low,
        high=request.high,
        modulus_l=request.modulus_l,
        grade=request.grade,
        permit_id=0,
        enrolled_at=block.timestamp,
        opened_at=request.opened_at,
    )
    self.channel_by[request.device][request.parameter] = channel
    self._channels_of[request.device].append(channel)
    log IDeviceRegistry.ChannelEnrolled(
        channel=channel,
        device_id=request.device,
        parameter=request.parameter,
        kind=request.kind,
        contract_name=request.contract_name,
        relay_group=request.relay_group,
        resolution=request.resolution,
        opened_at=request.opened_at,
    )
    extcall IAccounts(access._at(request.contract_name)).enrol(
        channel, request.kind, request.relay_group, request.register_l, request.opened_at
    )
    return channel


@external
def bind(channel: uint256, permit_id: uint256):
    """
    @notice Count a channel's readings against a permit.
    """
    access._only(duties.DEVICE_KEEPER)
    assert self.channel[channel].kind != 0, "devices: no such channel"
    assert permit_id > 0, "devices: empty permit"
    assert self.channel[channel].permit_id == 0, "devices: channel is bound"
    self.channel[channel].permit_id = permit_id
    log IDeviceRegistry.ChannelBound(channel=channel, permit_id=permit_id)
    extcall IAccounts(access._at(self.channel[channel].contract_name)).bind(channel, permit_id)


@external
def approve_exchange(channel: uint256, kind: uint256, closing_l: uint256, opening_l: uint256):
    """
    @notice Approve that a meter's register is closed at one count and opened at another.
    @param kind 2 exchange of the meter, 3 reset of its register.
    """
    access._only(duties.SUPERVISOR)
    assert self.channel[channel].kind == METER, "devices: channel is no meter"
    assert kind == EXCHANGE or kind == RESET, "devices: kind needs no approval"
    assert closing_l <= M48 and opening_l <= M48, "devices: register out of range"
    self.approval[channel] = IDeviceRegistry.Approval(
        kind=kind, closing_l=closing_l, opening_l=opening_l, until_at=0
    )
    log IDeviceRegistry.ExchangeApproved(
        channel=channel, kind=kind, by=msg.sender, closing_l=closing_l, opening_l=opening_l
    )


@external
def approve_deemed(
    channel: uint256, register_l: uint256, volume_l: uint256, until_at: uint256, reason_hash: bytes32
):
    """
    @notice Approve that a volume is deemed used, as the register stands still: no meter, or a broken
            one, counts the daily maximum capacity (Decree 460 art. 53).
    @dev Used by one group of the channel's lane that opens at this register and ends at `until_at`.
    """
    access._only(duties.SUPERVISOR)
    assert self.channel[channel].kind == METER, "devices: only a meter has deemed use"
    assert volume_l > 0 and volume_l <= M48, "devices: deemed volume out of range"
    assert register_l <= M48 - volume_l, "devices: register would be full"
    assert until_at <= block.timestamp, "devices: deemed use lies in the future"
    assert reason_hash != empty(bytes32), "devices: deemed use needs a reason"
    self.approval[channel] = IDeviceRegistry.Approval(
        kind=DEEMED, closing_l=register_l + volume_l, opening_l=register_l, until_at=until_at
    )
    log IDeviceRegistry.DeemedApproved(
        channel=channel,
        by=msg.sender,
        register_l=register_l,
        volume_l=volume_l,
        until_at=until_at,
        reason_hash=reason_hash,
    )


@external
def take_approval(channel: uint256, kind: uint256, closing_l: uint256, at: uint256) -> uint256:
    """
    @notice Use up an approval; only the contract that writes the channel.
    @param at When the group ends; what was deemed ends at the approved moment.
    @return The register the meter opens with.
    """
    access._only_contract(self.channel[channel].contract_name)
    approval: IDeviceRegistry.Approval = self.approval[channel]
    fits: bool = approval.kind == kind and approval.closing_l == closing_l and kind != 0
    fits = fits and (approval.until_at == 0 or approval.until_at == at)
    assert fits, "devices: no approval"
    self.approval[channel] = empty(IDeviceRegistry.Approval)
    log IDeviceRegistry.ApprovalTaken(
        channel=channel, kind=kind, closing_l=closing_l, opening_l=approval.opening_l
    )
    return approval.opening_l


@external
@view
def channels_of(device_id: uint256) -> DynArray[uint256, MAX_CHANNELS]:
    """
    @notice The channels of a device.
    """
    return self._channels_of[device_id]


@external
@view
def station_of(channel: uint256) -> uint256:
    """
    @notice The station where a channel is measured.
    """
    return self.device[self.channel[channel].device].station_id
