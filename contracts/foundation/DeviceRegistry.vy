# pragma version 0.4.3
# pragma evm-version london
"""
@title Device registry
@license Apache-2.0
@notice Every instrument's digital identity, its channels, and what their readings can be.
@dev A channel is a dense number over all contracts; exactly one contract writes it. `low` and
     `high` bound what is physically possible, in base units: a reading outside is no measurement.
     A meter that fails may be replaced at once by whoever answers for it. The new one is read on a
     channel that counts against nothing, so its readings are on record and held; an officer
     releases them to the permit, each year's to that year, or refuses them.
@custom:halt Halt the lanes of the writing contracts; enrolment itself cannot harm a reading.
"""

from contracts.interfaces import IAccounts
from contracts.interfaces import IAuthority
from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IMeters
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IRegisterTurns
from contracts.interfaces import IStandards
from contracts.interfaces import IVolumeBook
from contracts.interfaces import IWaterNetwork
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names
from contracts.modules import spelling
from contracts.modules import states

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
HELD: constant(uint256) = 1  # states of a replacement
RELEASED: constant(uint256) = 2
REFUSED: constant(uint256) = 3
YEAR: constant(uint256) = 4  # calendar of Standards
DAY_S: constant(uint256) = 86_400
M16: constant(uint256) = 2**16 - 1
M32: constant(uint256) = 2**32 - 1
M48: constant(uint256) = 2**48 - 1

device: public(HashMap[uint256, IDeviceRegistry.Device])
device_count: public(uint256)
device_by_code: public(HashMap[String[48], uint256])
channel: public(HashMap[uint256, IDeviceRegistry.Channel])
channel_count: public(uint256)
opening_l: public(HashMap[uint256, uint256])  # of a meter: its register when it was opened
channel_by: public(HashMap[uint256, HashMap[bytes32, uint256]])  # device, parameter
approval: public(HashMap[uint256, IDeviceRegistry.Approval])
replacement: public(HashMap[uint256, IDeviceRegistry.Replacement])
replacement_count: public(uint256)
replacement_of: public(HashMap[uint256, uint256])  # new channel: number
replaced_in: public(HashMap[uint256, uint256])  # old channel: the latest number
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
    return self._enrol_device(code, station_id)


@external
def enrol_channel(request: IDeviceRegistry.ChannelRequest) -> uint256:
    """
    @notice Enrol one measured quantity of a device with the contract that will write it.
    """
    access._only(duties.DEVICE_KEEPER)
    return self._enrol_channel(request)


@external
def bind(channel: uint256, permit_id: uint256):
    """
    @notice Count a channel's readings against a permit.
    """
    access._only(duties.DEVICE_KEEPER)
    assert self.channel[channel].kind != 0, "devices: no such channel"
    assert permit_id > 0, "devices: empty permit"
    assert self.channel[channel].permit_id == 0, "devices: channel is bound"
    assert self.replacement_of[channel] == 0, "devices: readings are held until an officer decides"
    if self.channel[channel].kind == METER:
        self._bind_meter(channel, permit_id, 0, 0, 0)
        return
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
def replace_urgently(
    old: uint256,
    code: String[48],
    closing_l: uint256,
    opening_l: uint256,
    opened_at: uint256,
    reason_hash: bytes32,
    evidence_hash: bytes32,
) -> uint256:
    """
    @notice Close a meter and read a new one in its place at once, before the authority consents; the
            new one's readings are held.
    @param old Channel of the meter that is closed; the new one is enrolled like it.
    @param code Of the new device.
    @param opened_at When the old register stood at `closing_l` and the new one at `opening_l`.
    @return Number of the replacement.
    """
    known: IDeviceRegistry.Channel = self.channel[old]
    self._only_answerable(known)
    assert known.kind == METER, "devices: only a meter is replaced"
    number: uint256 = self.replaced_in[old]
    over: bool = number == 0 or self.replacement[number].state == REFUSED
    assert over, "devices: meter is replaced already"
    assert reason_hash != empty(bytes32), "devices: replacement needs a reason"
    now: IMeters.Count = staticcall self._book(old).count_of(old)
    assert closing_l >= now.register_l, "devices: closing register below the last reading"
    assert closing_l <= M48, "devices: closing register out of range"
    past: bool = opened_at >= now.read_at and opened_at <= block.timestamp
    assert past, "devices: opening not between the last reading and now"
    channel: uint256 = self._enrol_like(old, code, opening_l, opened_at)
    days: IStandards.Setting = staticcall IStandards(access._at(names.STANDARDS)).setting_at(
        names._label("urgent_replacement_days"), block.timestamp
    )
    self.replacement_count += 1
    number = self.replacement_count
    self.replacement[number] = IDeviceRegistry.Replacement(
        old=old,
        channel=channel,
        permit_id=known.permit_id,
        closing_l=closing_l,
        opening_l=opening_l,
        opened_at=opened_at,
        asked_by=msg.sender,
        asked_at=block.timestamp,
        due_at=block.timestamp + convert(days.amount, uint256) * DAY_S,
        reason_hash=reason_hash,
        evidence_hash=evidence_hash,
        state=HELD,
        overdue=False,
        decided_by=empty(address),
        decided_at=0,
        refusal_hash=empty(bytes32),
        held_l=0,
    )
    self.replaced_in[old] = number
    self.replacement_of[channel] = number
    log IDeviceRegistry.ReplacementAsked(
        number=number, old=old, channel=channel, replacement=self.replacement[number]
    )
    return number


@external
def release(number: uint256):
    """
    @notice Count a replaced meter's held readings, and all that follow, against the permit: each in
            the year in which it was read.
    @dev A meter that was held over two turns of the year can only be refused.
    """
    one: IDeviceRegistry.Replacement = self._decidable(number)
    old: IMeters.Count = staticcall self._book(one.old).count_of(one.old)
    assert old.register_l == one.closing_l, "devices: old meter is not read to its closing register"
    now: IMeters.Count = staticcall self._book(one.channel).count_of(one.channel)
    moved_l: uint256 = now.count_l - one.opening_l
    before_l: uint256 = self._before_l(one, now, moved_l)
    self._decide(number, RELEASED, moved_l)
    log IDeviceRegistry.ReplacementReleased(
        number=number,
        channel=one.channel,
        permit_id=one.permit_id,
        by=msg.sender,
        read_at=now.read_at,
        year_l=moved_l - before_l,
        before_l=before_l,
    )
    self._bind_meter(
        one.channel, one.permit_id, now.read_at - one.opened_at, moved_l - before_l, before_l
    )


@external
def refuse(number: uint256, reason_hash: bytes32):
    """
    @notice Refuse a replacement: its readings never count, and the old meter is one that is missing,
            whose use is deemed.
    """
    one: IDeviceRegistry.Replacement = self._decidable(number)
    assert reason_hash != empty(bytes32), "devices: refusal needs a reason"
    now: IMeters.Count = staticcall self._book(one.channel).count_of(one.channel)
    self._decide(number, REFUSED, now.count_l - one.opening_l)
    self.replacement[number].refusal_hash = reason_hash
    log IDeviceRegistry.ReplacementRefused(
        number=number,
        channel=one.channel,
        permit_id=one.permit_id,
        by=msg.sender,
        read_at=now.read_at,
        held_l=now.count_l - one.opening_l,
        reason_hash=reason_hash,
    )


@external
def tell_overdue(number: uint256):
    """
    @notice Put on record, once, that a replacement was not decided in its time. Open to anyone.
    """
    one: IDeviceRegistry.Replacement = self.replacement[number]
    late: bool = one.state == HELD and block.timestamp > one.due_at
    assert late, "devices: no replacement waits beyond its time"
    assert not one.overdue, "devices: overdue on record"
    self.replacement[number].overdue = True
    log IDeviceRegistry.ReplacementOverdue(number=number, channel=one.channel, due_at=one.due_at)


@external
@view
def is_replaced(channel: uint256) -> bool:
    """
    @notice Whether a meter gave way to another for good, so that no reading of it is awaited.
    """
    return self.replacement[self.replaced_in[channel]].state == RELEASED


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


@internal
def _enrol_device(code: String[48], station_id: uint256) -> uint256:
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


@internal
def _enrol_channel(request: IDeviceRegistry.ChannelRequest) -> uint256:
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
    self.opening_l[channel] = request.register_l
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


@internal
def _enrol_like(old: uint256, code: String[48], opening_l: uint256, opened_at: uint256) -> uint256:
    """
    @dev A new device where the old one stands, with a channel like the old one's whose register is
         kept at turns, so that what is held can be told apart by years and months.
    """
    like: IDeviceRegistry.Channel = self.channel[old]
    device: uint256 = self._enrol_device(code, self.device[like.device].station_id)
    channel: uint256 = self._enrol_channel(
        IDeviceRegistry.ChannelRequest(
            device=device,
            parameter=like.parameter,
            kind=METER,
            contract_name=like.contract_name,
            relay_group=like.relay_group,
            resolution=like.resolution,
            cadence_s=like.cadence_s,
            low=like.low,
            high=like.high,
            modulus_l=like.modulus_l,
            grade=like.grade,
            register_l=opening_l,
            opened_at=opened_at,
        )
    )
    extcall IRegisterTurns(access._at(names.REGISTER_TURNS)).keep_like(channel, old)
    return channel


@internal
def _bind_meter(
    channel: uint256, permit_id: uint256, held_s: uint256, held_l: uint256, before_l: uint256
):
    self.channel[channel].permit_id = permit_id
    log IDeviceRegistry.ChannelBound(channel=channel, permit_id=permit_id)
    extcall self._book(channel).bind(channel, permit_id, held_s, held_l, before_l)


@internal
@view
def _book(channel: uint256) -> IVolumeBook:
    return IVolumeBook(access._at(self.channel[channel].contract_name))


@internal
@view
def _only_answerable(known: IDeviceRegistry.Channel):
    """
    @dev An account or a post of the permit's holder, or the post that answers for the station.
    """
    authority: IAuthority = IAuthority(access.AUTHORITY)
    holder: uint256 = (
        staticcall IPermitRegistry(access._at(names.PERMIT_REGISTRY)).permit(known.permit_id)
    ).holder
    served: uint256 = staticcall authority.post_served(msg.sender)
    operator: uint256 = staticcall IWaterNetwork(access._at(names.WATER_NETWORK)).responsible(
        self.device[known.device].station_id, block.timestamp
    )
    answers: bool = holder != 0 and (
        staticcall authority.org_of(msg.sender) == holder
        or (staticcall authority.post(served)).org_id == holder
        or staticcall authority.acts_for(msg.sender, operator)
    )
    assert answers, "devices: caller neither holds the permit nor answers for the station"


@internal
@view
def _decidable(number: uint256) -> IDeviceRegistry.Replacement:
    """
    @dev Only an officer, and not the one who asked.
    """
    access._only(duties.SUPERVISOR)
    one: IDeviceRegistry.Replacement = self.replacement[number]
    assert one.state == HELD, concat(
        "devices: replacement must be HELD", ", is ", states._replacement(one.state)
    )
    assert not access._is_caller(one.asked_by), "devices: whoever asked cannot decide"
    return one


@internal
def _decide(number: uint256, state: uint256, held_l: uint256):
    self.replacement[number].state = state
    self.replacement[number].decided_by = msg.sender
    self.replacement[number].decided_at = block.timestamp
    self.replacement[number].held_l = held_l


@internal
@view
def _before_l(
    one: IDeviceRegistry.Replacement, now: IMeters.Count, moved_l: uint256
) -> uint256:
    """
    @dev What of the held volume belongs to the year before the one in which the meter stands.
    """
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    year: uint256 = staticcall standards.period_at(YEAR, now.read_at + 1)
    begins_at: uint256 = staticcall standards.boundary(YEAR, year)
    if one.opened_at >= begins_at:
        return 0
    one_turn: bool = one.opened_at >= staticcall standards.boundary(YEAR, year - 1)
    assert one_turn, "devices: held over two turns of the year"
    if now.read_at == begins_at:
        return moved_l
    turn: IRegisterTurns.Turn = staticcall IRegisterTurns(
        access._at(names.REGISTER_TURNS)
    ).register_at_turn(one.channel, YEAR, year)
    assert turn.known  # kept since the meter was opened
    return turn.count_l - one.opening_l
