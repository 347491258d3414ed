# pragma version 0.4.3
# pragma evm-version london
"""
@title Register turns
@license Apache-2.0
@notice The register of a meter as it stood at each turn of a local day or month.
@dev A step's volume belongs to the period in which it ends: at a turn stands the last register read
     at or before it. The contract that counts the meter hands it over when a reading ends beyond
     the turn. Turns that passed without a reading are answered by the entry before them, so
     silence costs one entry. A channel whose readings have not yet reached a turn is unknown there,
     until anyone closes the turn: its last register answers then, marked as closed, and a reading
     that comes later puts another entry beside it. Nothing is overwritten.
@custom:halt Halt the lanes of the counting contract; what is kept stays.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IMeters
from contracts.interfaces import IRegisterTurns
from contracts.interfaces import IStandards
from contracts.interfaces import IVolumeBook
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import names

implements: IRegisterTurns

initializes: access

exports: access.AUTHORITY

DAY: constant(uint256) = 1  # calendars of Standards
MONTH: constant(uint256) = 2
YEAR: constant(uint256) = 4
METER: constant(uint256) = 1  # kind of a channel
M32: constant(uint256) = 2**32 - 1
M48: constant(uint256) = 2**48 - 1
M64: constant(uint256) = 2**64 - 1
CLOSED: constant(uint256) = 1 << 255
MAX_CHANNELS: constant(uint256) = 64  # in one act: about 6 million gas

_turns: HashMap[uint256, IRegisterTurns.Turns]
_kept: HashMap[uint256, HashMap[uint256, uint256]]  # channel, from 1: packed, turns never fall


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def set_turns(channels: DynArray[uint256, MAX_CHANNELS], calendar: uint256):
    """
    @notice Keep the registers of meters at each turn of a local day (1) or month (2) from now on.
    @dev Days serve months too, so a channel may go from months to days and not back.
    """
    access._only(duties.DEVICE_KEEPER)
    assert calendar == DAY or calendar == MONTH, "turns: neither of days nor of months"
    for channel: uint256 in channels:
        self._begin(channel, calendar)


@external
def keep_like(channel: uint256, like: uint256):
    """
    @notice Keep the registers of a meter that replaces another as finely as the other's, of months
            at least.
    """
    access._only_contract(names.DEVICE_REGISTRY)
    calendar: uint256 = self._turns[like].calendar
    self._begin(channel, MONTH if calendar == 0 else calendar)


@external
def keep(channel: uint256, count: IMeters.Count, at: uint256) -> uint256:
    """
    @notice Take over a channel's register as it stood before a reading that ends beyond a turn.
    @return The next turn.
    """
    turns: IRegisterTurns.Turns = self._turns[channel]
    assert turns.book == msg.sender, "turns: caller does not count the channel"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    entry: uint256 = self._entry(turns.turn_at, count)
    period: uint256 = staticcall standards.period_at(turns.calendar, at)
    turns.turn_at = staticcall standards.boundary(turns.calendar, period + 1)
    turns.closed_until_at = 0
    turns.count += 1
    self._keep(channel, turns, entry)
    return turns.turn_at


@external
def follow(channel: uint256, before: address, book: address):
    """
    @notice Take registers of a channel from the book that adopted it, where turns of it are kept.
    """
    access._only_contract(names.ADOPTION)
    if self._turns[channel].book != before:
        return
    self._turns[channel].book = book
    log IRegisterTurns.BookFollowed(channel=channel, book=book, before=before)


@external
def close_turn(channel: uint256):
    """
    @notice Let the last register of a silent channel answer for the turns that have passed. Open to
            anyone.
    """
    turns: IRegisterTurns.Turns = self._turns[channel]
    assert turns.calendar != 0, "turns: none are kept"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    period: uint256 = staticcall standards.period_at(turns.calendar, block.timestamp)
    until_at: uint256 = staticcall standards.boundary(turns.calendar, period)
    assert until_at >= turns.turn_at, "turns: every one that passed was read"
    count: IMeters.Count = staticcall IVolumeBook(turns.book).count_of(channel)
    entry: uint256 = self._entry(turns.turn_at, count) | CLOSED
    if self._kept[channel][turns.count] == entry:
        assert until_at > turns.closed_until_at, "turns: closed already"
    else:
        turns.count += 1
    turns.closed_until_at = until_at
    self._keep(channel, turns, entry)


@external
@view
def turns(channel: uint256) -> IRegisterTurns.Turns:
    """
    @notice What is kept of a channel, since when, and the next turn.
    """
    return self._turns[channel]


@external
@view
def kept(channel: uint256, number: uint256) -> IRegisterTurns.Turn:
    """
    @notice One entry, from 1; the later one of a turn holds.
    """
    return self._turn(self._kept[channel][number])


@external
@view
def register_at_turn(
    channel: uint256, calendar: uint256, period: uint256
) -> IRegisterTurns.Turn:
    """
    @notice The register as a period of a calendar (day 1, month 2, quarter 3, year 4) began.
    @dev Its `turn_at` is of the first of the turns that it answers for.
    """
    at: uint256 = staticcall IStandards(access._at(names.STANDARDS)).boundary(calendar, period)
    return self._at_turn(channel, calendar, at)


@external
@view
def passed(
    channel: uint256, calendar: uint256, first: uint256, last: uint256
) -> IRegisterTurns.Passed:
    """
    @notice What passed a meter from the beginning of a period to the end of it or a later one.
    @dev A meter that was opened within them counts from its opening register. One that gave way to
         another counts up to its last reading, and no further one is awaited.
    """
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    from_at: uint256 = staticcall standards.boundary(calendar, first)
    until_at: uint256 = staticcall standards.boundary(calendar, last + 1)
    begun: IRegisterTurns.Turn = self._at_turn(channel, calendar, from_at)
    ended: IRegisterTurns.Turn = self._at_turn(channel, calendar, until_at)
    if not begun.known:
        opened_at: uint256 = (staticcall self._devices().channel(channel)).opened_at
        if opened_at >= until_at:
            return empty(IRegisterTurns.Passed)
        if opened_at >= from_at:
            begun.known = True
            begun.count_l = staticcall self._devices().opening_l(channel)
    if not ended.known or ended.closed:
        if staticcall self._devices().is_replaced(channel):
            now: IMeters.Count = self._counted(channel)
            if now.read_at <= from_at:
                return empty(IRegisterTurns.Passed)
            if now.read_at <= until_at:
                ended = self._turn(self._entry(until_at, now))
    self._require_known(channel, calendar, begun, from_at)
    self._require_known(channel, calendar, ended, until_at)
    volume_l: uint256 = ended.count_l - begun.count_l
    return IRegisterTurns.Passed(
        volume_l=volume_l,
        estimated_l=min(volume_l, ended.estimated_l - begun.estimated_l),
        silent=begun.closed or ended.closed,
    )


@internal
@view
def _require_known(
    channel: uint256, calendar: uint256, turn: IRegisterTurns.Turn, at: uint256
):
    if not turn.known:
        from_at: uint256 = self._from_at(channel, calendar)
        assert from_at != 0 and at >= from_at, "turns: a register was not kept at the turn"
    assert turn.known, "turns: a meter is not read beyond the turn yet"


@internal
@view
def _from_at(channel: uint256, calendar: uint256) -> uint256:
    if calendar == DAY:
        return self._turns[channel].days_from_at
    return self._turns[channel].months_from_at


@internal
@view
def _devices() -> IDeviceRegistry:
    return IDeviceRegistry(access._at(names.DEVICE_REGISTRY))


@internal
@view
def _counted(channel: uint256) -> IMeters.Count:
    """
    @dev As the book that counts a channel says now, whether turns of it are kept or not.
    """
    book: address = access._at((staticcall self._devices().channel(channel)).contract_name)
    return staticcall IVolumeBook(book).count_of(channel)


@internal
@view
def _at_turn(channel: uint256, calendar: uint256, at: uint256) -> IRegisterTurns.Turn:
    turns: IRegisterTurns.Turns = self._turns[channel]
    from_at: uint256 = self._from_at(channel, calendar)
    kept: bool = from_at != 0 and at >= from_at and calendar <= YEAR
    if not kept or (at >= turns.turn_at and at > turns.closed_until_at):
        return empty(IRegisterTurns.Turn)
    low: uint256 = 1
    high: uint256 = turns.count + 1
    for _: uint256 in range(32):
        if high - low == 1:
            break
        middle: uint256 = (low + high) // 2
        if self._kept[channel][middle] & M32 <= at:
            low = middle
        else:
            high = middle
    return self._turn(self._kept[channel][low])


@internal
def _begin(channel: uint256, calendar: uint256):
    known: IDeviceRegistry.Channel = staticcall IDeviceRegistry(
        access._at(names.DEVICE_REGISTRY)
    ).channel(channel)
    assert known.kind == METER, "turns: channel is no meter"
    turns: IRegisterTurns.Turns = self._turns[channel]
    finer: bool = turns.calendar == 0 or calendar < turns.calendar
    assert finer, "turns: kept as finely already"
    assert turns.closed_until_at == 0, "turns: closed until a reading comes"
    turns.book = access._at(known.contract_name)
    read_at: uint256 = (staticcall IVolumeBook(turns.book).count_of(channel)).read_at
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    period: uint256 = staticcall standards.period_at(calendar, read_at + 1)
    turn_at: uint256 = staticcall standards.boundary(calendar, period)
    if turn_at != read_at:
        turn_at = staticcall standards.boundary(calendar, period + 1)
    if turns.calendar == 0:
        turns.months_from_at = turn_at
    if calendar == DAY:
        turns.days_from_at = turn_at
    turns.calendar = calendar
    turns.turn_at = turn_at
    self._turns[channel] = turns
    log IRegisterTurns.TurnsSet(channel=channel, by=msg.sender, calendar=calendar, from_at=turn_at)
    extcall IVolumeBook(turns.book).set_turn(channel, turn_at)


@internal
def _keep(channel: uint256, turns: IRegisterTurns.Turns, entry: uint256):
    self._turns[channel] = turns
    self._kept[channel][turns.count] = entry
    log IRegisterTurns.RegisterKept(
        channel=channel,
        number=turns.count,
        turn=self._turn(entry),
        closed_until_at=turns.closed_until_at,
    )


@internal
@pure
def _entry(turn_at: uint256, count: IMeters.Count) -> uint256:
    """
    @dev turn_at 32 | register 48 | count 64 | read_at 32 | estimated 64 | zero 15 | closed 1.
    """
    return (
        turn_at
        | (count.register_l << 32)
        | (count.count_l << 80)
        | (count.read_at << 144)
        | ((count.estimated_l & M64) << 176)
    )


@internal
@pure
def _turn(entry: uint256) -> IRegisterTurns.Turn:
    return IRegisterTurns.Turn(
        known=entry != 0,
        closed=entry & CLOSED != 0,
        turn_at=entry & M32,
        register_l=(entry >> 32) & M48,
        count_l=(entry >> 80) & M64,
        estimated_l=(entry >> 176) & M64,
        read_at=(entry >> 144) & M32,
    )
