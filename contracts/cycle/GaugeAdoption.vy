# pragma version 0.4.3
# pragma evm-version london
"""
@title Gauge adoption
@license Apache-2.0
@notice The part of Adoption that is about gauges: writes the new book, and asks both.
@dev Adoption leads and lists what is taken. A book of gauges lends its storage to this code before
     its first lane, on the layout that both share. A gauge is taken over whole: last value and
     moment, the open day's sum, count and range, standing alerts, limits, and what it is held
     against; so are outlets and the grace. Of the days it ruled, only what the open one has so
     far: for those before, the new book asks the old. Whether the last reading was void is not
     told by a book, and decides nothing.
@custom:halt Withdraw the DEVICE_KEEPER posts in Authority; a book that has lanes takes nothing over.
"""

from contracts.interfaces import IAdoption
from contracts.interfaces import IDischargeLimits
from contracts.interfaces import IGaugeAdoption
from contracts.interfaces import IGaugeBook
from contracts.interfaces import IGauges
from contracts.interfaces import ILaneBook
from contracts.modules import access
from contracts.modules import gauge_words
from contracts.modules import gauges
from contracts.modules import lanes
from contracts.modules import names

implements: IGaugeAdoption

# as in DischargeLimits, whose storage this code writes; QualityProvenance ends with the gauges
initializes: access
initializes: lanes[access := access]
initializes: gauges[access := access, lanes := lanes]

exports: access.AUTHORITY

CHANNELS: constant(uint256) = 1  # what a page is of, as in Adoption
ACCOUNTS: constant(uint256) = 2
MAX_PAGE: constant(uint256) = 256

_outlet_station: HashMap[uint256, uint256]
_permit_of: HashMap[uint256, uint256]
_page: IAdoption.Page


@deploy
def __init__(authority: address):
    access.__init__(authority)
    gauges.__init__()


@external
def take(book: address, page: IAdoption.Page) -> (uint256, bool):
    """
    @notice Write one page into a new book, and ask both books for all that is in it.
    @return How many entries the page had, and whether the books answer alike.
    """
    access._only_contract(names.ADOPTION)
    self._page = page
    extcall IAdoption(book).adopt()
    self._page = empty(IAdoption.Page)
    outlets: bool = self._has_outlets(book)
    taken: uint256 = 0
    old_hash: bytes32 = empty(bytes32)
    new_hash: bytes32 = empty(bytes32)
    for number: uint256 in range(page.first, page.first + page.count, bound=MAX_PAGE):
        had: bytes32 = self._answers(page.old, page.what, number, outlets)
        if had != empty(bytes32):
            taken += 1
            has: bytes32 = self._answers(book, page.what, number, outlets)
            old_hash = keccak256(concat(old_hash, had))
            new_hash = keccak256(concat(new_hash, has))
    log IGaugeAdoption.GaugesTaken(
        book=book,
        what=page.what,
        first=page.first,
        count=page.count,
        taken=taken,
        old_hash=old_hash,
        new_hash=new_hash,
    )
    return taken, old_hash == new_hash


@external
@view
def page() -> IAdoption.Page:
    """
    @notice What a book is taking over in this very call.
    """
    return self._page


@external
def adopt():
    """
    @notice Runs in the storage of a book that this contract has called, and nowhere else.
    """
    access._only_contract(names.GAUGE_ADOPTION)
    page: IAdoption.Page = staticcall IAdoption(access._at(names.GAUGE_ADOPTION)).page()
    gauges.former = page.old
    for number: uint256 in range(page.first, page.first + page.count, bound=MAX_PAGE):
        if page.what == CHANNELS:
            self._adopt_gauge(page.old, number)
        elif page.what == ACCOUNTS:
            self._outlet_station[number] = staticcall IDischargeLimits(page.old).outlet_station(
                number
            )
        else:
            gauges.grace_s = staticcall IGaugeBook(page.old).grace_s()
            lanes._adopt_lane(ILaneBook(page.old), number)


@internal
def _adopt_gauge(old: address, channel: uint256):
    book: IGaugeBook = IGaugeBook(old)
    gauge: IGauges.Gauge = staticcall book.gauge(channel)
    if not gauge.enrolled:
        return
    ruling: IGauges.Ruling = staticcall book.ruling(channel)
    gauges._limits[channel] = gauge_words._limits_word(staticcall book.limits(channel))
    gauges._ruling[channel] = gauge_words._ruling_word(ruling)
    gauges.limit_of[channel] = staticcall book.limit_of(channel)
    # what a full count has ruled of the open day: the rest is added to it
    part: uint256 = staticcall book.ruled(channel, ruling.period)
    if part != 0:
        gauges._ruled_on[channel][ruling.period] = part
    if self._has_outlets(self):
        self._permit_of[channel] = staticcall IDischargeLimits(old).permit_of(channel)
    flags: uint256 = 0
    if gauge.low_alert:
        flags |= gauges.LOW_ALERT
    if gauge.high_alert:
        flags |= gauges.HIGH_ALERT
    if gauge.pending:
        flags |= gauges.PENDING
    if gauge.ranged:
        flags |= gauges.RANGED
    if gauge.paused:
        flags |= gauges.PAUSED
    gauges._hot[channel] = (
        gauge.value
        | (gauge.count << 32)
        | (gauge.last_at << 48)
        | (gauge.total << 80)
        | (gauge.trip_at << 128)
        | (gauge.lo << 160)
        | (gauge.hi << 192)
        | flags
        | (gauge.relay_group << 239)
        | (1 << 255)
    )


@internal
@view
def _has_outlets(book: address) -> bool:
    return book == access._at(names.DISCHARGE_LIMITS)


@internal
@view
def _answers(book: address, what: uint256, number: uint256, outlets: bool) -> bytes32:
    """
    @dev The hash of all that a book says of a channel, an outlet or its grace; nothing where there
         is none.
    """
    if what == CHANNELS:
        return self._answers_of_gauge(book, number, outlets)
    if what == ACCOUNTS:
        station_id: uint256 = staticcall IDischargeLimits(book).outlet_station(number)
        return convert(station_id, bytes32)
    return keccak256(abi_encode(staticcall IGaugeBook(book).grace_s()))


@internal
@view
def _answers_of_gauge(held_by: address, channel: uint256, outlets: bool) -> bytes32:
    book: IGaugeBook = IGaugeBook(held_by)
    gauge: IGauges.Gauge = staticcall book.gauge(channel)
    if not gauge.enrolled:
        return empty(bytes32)
    limits: IGauges.Limits = staticcall book.limits(channel)
    ruling: IGauges.Ruling = staticcall book.ruling(channel)
    limit_id: uint256 = staticcall book.limit_of(channel)
    part: uint256 = staticcall book.ruled(channel, ruling.period)
    permit_id: uint256 = 0
    if outlets:
        permit_id = staticcall IDischargeLimits(held_by).permit_of(channel)
    return keccak256(abi_encode(gauge, limits, ruling, limit_id, part, permit_id))
