# pragma version 0.4.3
# pragma evm-version london
"""
@title Adoption
@license Apache-2.0
@notice Replaces a book of readings: the new one takes over channels, accounts and lanes in
        pages.
@dev The administrators list the new book under its name, and the old one under another. Its lanes
     are halted before and stay so: from `begin` on the old book resumes and opens none, and judges
     and closes nothing; at the end that holds for good. A book has no room for this code, so
     before its first lane it lends its storage to it: `adopt` runs in the book, on the layout that
     both share. A meter is taken over with register, counts, flags and base, an account with the
     use of each of its years, a lane with its next batch, running hash, counted litres and
     witnesses, halted. Digests stay with the old book, which goes on to prove them. Rights and
     tripwires are not copied: the next reading of a meter asks for them anew. Books of gauges lend
     their storage to GaugeAdoption instead. After each page both books are asked, and must answer
     alike.
@custom:halt Withdraw the DEVICE_KEEPER posts in Authority; a book that has lanes takes nothing over.
"""

from contracts.interfaces import IAdoption
from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import IGaugeAdoption
from contracts.interfaces import ILaneBook
from contracts.interfaces import ILanes
from contracts.interfaces import IMeters
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IRegisterTurns
from contracts.interfaces import IStandards
from contracts.interfaces import IVolumeBook
from contracts.interfaces import IWitnesses
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import lanes
from contracts.modules import meters
from contracts.modules import names

implements: IAdoption

# as in QuotaTracker and DischargeVolumes, whose storage this code writes
initializes: access
initializes: lanes[access := access]
initializes: meters[access := access, lanes := lanes]

exports: access.AUTHORITY

CHANNELS: constant(uint256) = 1  # what a page is of
ACCOUNTS: constant(uint256) = 2
LANES: constant(uint256) = 3
YEAR: constant(uint256) = 4  # calendar of Standards
MAX_PAGE: constant(uint256) = 200
MAX_LANES: constant(uint256) = 256
MAX_YEARS: constant(uint256) = 128
MAX_FORMERS: constant(uint256) = 64  # books that replaced one another under one name
M32: constant(uint256) = 2**32 - 1
M48: constant(uint256) = 2**48 - 1
M64: constant(uint256) = 2**64 - 1

replacement: public(HashMap[bytes32, IAdoption.Replacement])
closed: public(HashMap[address, bool])  # a book that was replaced, for good
former_of: public(HashMap[address, address])  # a book: the one that it replaced or is about to
_name_of: HashMap[address, bytes32]  # what a book was listed by when its replacement began
_page: IAdoption.Page


@deploy
def __init__(authority: address):
    access.__init__(authority)


@external
def begin(name: bytes32, former: bytes32):
    """
    @notice Begin to take over the book listed as `former` into the one listed as `name`.
    """
    access._only(duties.DEVICE_KEEPER)
    of_gauges: bool = self._of_gauges(name)
    of_meters: bool = name == names.QUOTA_TRACKER or name == names.DISCHARGE_VOLUMES
    assert of_meters or of_gauges, "adoption: not a book of readings"
    book: address = access._at(name)
    old: address = access._at(former)
    assert book != old, "adoption: a book cannot replace itself"
    assert self.replacement[name].book != book, "adoption: begun already"
    assert not self.closed[old], "adoption: old book was replaced already"
    assert staticcall ILaneBook(book).lane_count() == 0, "adoption: new book has lanes"
    channels: uint256 = staticcall IDeviceRegistry(
        access._at(names.DEVICE_REGISTRY)
    ).channel_count()
    permits: uint256 = 0
    if name != names.QUALITY_PROVENANCE:
        permits = staticcall IPermitRegistry(access._at(names.PERMIT_REGISTRY)).permit_count()
    self._name_of[old] = name
    self.former_of[book] = old
    self.replacement[name] = IAdoption.Replacement(
        book=book,
        old=old,
        channels=channels,
        permits=permits,
        next_channel=1,
        next_permit=1,
        meters=0,
        accounts=0,
        count_l=0,
        used_l=0,
        lanes_hash=self._lanes_hash(ILaneBook(old)),
        finished=False,
    )
    log IAdoption.AdoptionBegun(
        name=name, book=book, old=old, former=former, channels=channels, permits=permits
    )


@external
def take_page(name: bytes32, first: uint256, count: uint256):
    """
    @notice Take over the next channels, at most 200, and when they are through the next accounts.
    @param first The next number, so that a page sent twice is refused.
    """
    access._only(duties.DEVICE_KEEPER)
    one: IAdoption.Replacement = self._begun(name)
    assert count > 0 and count <= MAX_PAGE, "adoption: page of 1 to 200"
    what: uint256 = CHANNELS if one.next_channel <= one.channels else ACCOUNTS
    last: uint256 = one.channels
    due: uint256 = one.next_channel
    if what == ACCOUNTS:
        last = one.permits
        due = one.next_permit
    assert due <= last, "adoption: every page is taken"
    assert first == due, "adoption: not the next page"
    covered: uint256 = min(count, last - due + 1)
    page: IAdoption.Page = IAdoption.Page(old=one.old, what=what, first=first, count=covered)
    taken: uint256 = 0
    old_l: uint256 = 0
    new_l: uint256 = 0
    alike: bool = False
    if self._of_gauges(name):
        taken, alike = extcall IGaugeAdoption(access._at(names.GAUGE_ADOPTION)).take(
            one.book, page
        )
    else:
        taken, alike, old_l, new_l = self._taken(one, page)
    assert alike, "adoption: books do not answer alike"
    if what == CHANNELS:
        self.replacement[name].next_channel = first + covered
        self.replacement[name].meters += taken
        self.replacement[name].count_l += new_l
    else:
        self.replacement[name].next_permit = first + covered
        self.replacement[name].accounts += taken
        self.replacement[name].used_l += new_l
    log IAdoption.PageTaken(
        name=name,
        book=one.book,
        what=what,
        first=first,
        count=covered,
        taken=taken,
        old_l=old_l,
        new_l=new_l,
    )


@external
def finish(name: bytes32):
    """
    @notice Take over the lanes, halted, when every page is taken and the old book stood still.
    """
    access._only(duties.DEVICE_KEEPER)
    one: IAdoption.Replacement = self._begun(name)
    through: bool = one.next_channel > one.channels and one.next_permit > one.permits
    assert through, "adoption: pages are left"
    old: ILaneBook = ILaneBook(one.old)
    assert self._lanes_hash(old) == one.lanes_hash, "adoption: old book moved on"
    self.replacement[name].finished = True
    self.closed[one.old] = True
    count: uint256 = staticcall old.lane_count()
    page: IAdoption.Page = IAdoption.Page(old=one.old, what=LANES, first=1, count=count)
    if self._of_gauges(name):
        extcall IGaugeAdoption(access._at(names.GAUGE_ADOPTION)).take(one.book, page)
    else:
        self._lend(one.book, page)
    alike: bool = self._lanes_hash(ILaneBook(one.book)) == one.lanes_hash
    assert alike, "adoption: lanes do not answer alike"
    witnesses: IWitnesses = IWitnesses(access._at(names.WITNESSES))
    for lane: uint256 in range(1, count + 1, bound=MAX_LANES):
        extcall witnesses.follow(one.old, one.book, lane)
    log IAdoption.AdoptionFinished(
        name=name,
        book=one.book,
        old=one.old,
        meters=one.meters,
        accounts=one.accounts,
        lanes=count,
        count_l=one.count_l,
        used_l=one.used_l,
    )


@external
@view
def require_current():
    """
    @notice Revert for a book that another one has replaced, or is about to.
    """
    one: IAdoption.Replacement = self.replacement[self._name_of[msg.sender]]
    replaced: bool = self.closed[msg.sender]
    if one.old == msg.sender and not replaced:
        replaced = access._at(self._name_of[msg.sender]) == one.book
    assert not replaced, "adoption: another book stands in this one's place"


@external
@view
def holder(name: bytes32, lane: uint256, batch_id: uint256) -> address:
    """
    @notice The book that holds the digest of a batch: the listed one, or for batches from before a
            replacement the one that took them.
    """
    book: address = access._at(name)
    for _: uint256 in range(MAX_FORMERS):
        former: address = self.former_of[book]
        if former == empty(address):
            break
        if batch_id >= (staticcall ILaneBook(former).lane(lane)).next_id:
            break
        book = former
    return book


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
    access._only_contract(names.ADOPTION)
    page: IAdoption.Page = staticcall IAdoption(access._at(names.ADOPTION)).page()
    old: IVolumeBook = IVolumeBook(page.old)
    for number: uint256 in range(page.first, page.first + page.count, bound=MAX_LANES):
        if page.what == CHANNELS:
            self._adopt_channel(old, number)
        elif page.what == ACCOUNTS:
            self._adopt_account(old, number)
        else:
            lanes._adopt_lane(ILaneBook(page.old), number)


@internal
def _lend(book: address, page: IAdoption.Page):
    self._page = page
    extcall IAdoption(book).adopt()
    self._page = empty(IAdoption.Page)


@internal
def _taken(
    one: IAdoption.Replacement, page: IAdoption.Page
) -> (uint256, bool, uint256, uint256):
    """
    @dev Write a page of meters or accounts, and add up what both books say of them.
    """
    self._lend(one.book, page)
    taken: uint256 = 0
    old_l: uint256 = 0
    new_l: uint256 = 0
    for number: uint256 in range(page.first, page.first + page.count, bound=MAX_PAGE):
        is_taken: bool = False
        alike: bool = False
        its_old_l: uint256 = 0
        its_new_l: uint256 = 0
        if page.what == CHANNELS:
            is_taken, alike, its_old_l, its_new_l = self._compared(one, number)
        else:
            is_taken, alike, its_old_l, its_new_l = self._compared_account(one, number)
        if not alike:
            return 0, False, 0, 0
        old_l += its_old_l
        new_l += its_new_l
        if is_taken:
            taken += 1
    return taken, True, old_l, new_l


@internal
def _adopt_channel(old: IVolumeBook, channel: uint256):
    meter: IMeters.Meter = staticcall old.meter(channel)
    if not meter.enrolled:
        return
    count: IMeters.Count = staticcall old.count_of(channel)
    beyond_l: uint256 = unsafe_sub(count.count_l, count.register_l) & M64
    meters._drift[channel] = beyond_l | (count.estimated_l << 64)
    base: IVolumeBook.Base = staticcall old.base(channel)
    trip_l: uint256 = M48
    rules_at: uint256 = M32
    flags: uint256 = 0
    if base.permit_id != 0:
        # as after binding: the next group is replayed, and sets tripwires and right
        trip_l = meter.register_l
        rules_at = meter.last_at
        flags = meters.PAUSED
        meters.base[channel] = meters.Base(
            register_l=base.register_l,
            period=base.period,
            month=base.month,
            permit_id=base.permit_id,
            peak_return_l_h=base.peak_return_l_h,
            bound_at=base.bound_at,
            bound_count_l=base.bound_count_l,
        )
    if meter.over:
        flags |= meters.OVER
    trip_at: uint256 = rules_at
    turns: IRegisterTurns.Turns = staticcall IRegisterTurns(
        access._at(names.REGISTER_TURNS)
    ).turns(channel)
    if turns.calendar != 0:
        flags |= meters.KEEPS
        trip_at = min(rules_at, turns.turn_at)
        meters._turn_at[channel] = turns.turn_at
    meters._hot[channel] = (
        meter.register_l
        | (meter.last_at << 48)
        | (trip_l << 80)
        | (trip_at << 128)
        | (meter.peak_l_h << 160)
        | (meter.tier << 192)
        | flags
        | (rules_at << 197)
        | (meter.relay_group << 239)
        | (1 << 255)
    )


@internal
def _adopt_account(old: IVolumeBook, permit_id: uint256):
    """
    @dev A year's use is kept as counted already, less what its meters have moved since their base.
    """
    account: IMeters.Account = staticcall old.account(permit_id)
    if account.until_at == 0:
        return
    meters.account[permit_id] = account
    standing: IVolumeBook.Standing = staticcall old.standing(permit_id)
    meters.standing[permit_id] = meters.Standing(
        period=standing.period,
        tier=standing.tier,
        approached=standing.approached,
        month=standing.month,
    )
    meters._meters[permit_id] = staticcall old.meters_of(permit_id)
    first: uint256 = 0
    years: uint256 = 0
    first, years = self._years(old, permit_id)
    for year: uint256 in range(first, first + years, bound=MAX_YEARS):
        # nothing is counted yet, so this is what the meters have moved
        moved_l: uint256 = meters._used_l(permit_id, year, 0, 0)
        meters._closed_l[permit_id][year] = staticcall old.used_l(permit_id, year) - moved_l


@internal
@pure
def _of_gauges(name: bytes32) -> bool:
    return name == names.DISCHARGE_LIMITS or name == names.QUALITY_PROVENANCE


@internal
@view
def _begun(name: bytes32) -> IAdoption.Replacement:
    one: IAdoption.Replacement = self.replacement[name]
    assert one.book != empty(address) and not one.finished, "adoption: none is under way"
    assert access._at(name) == one.book, "adoption: another book is listed by now"
    return one


@internal
@view
def _lanes_hash(book: ILaneBook) -> bytes32:
    """
    @dev Where the lanes of a book stand; each must be halted.
    """
    hashed: bytes32 = empty(bytes32)
    count: uint256 = staticcall book.lane_count()
    assert count <= MAX_LANES, "adoption: more than 256 lanes"
    for number: uint256 in range(1, count + 1, bound=MAX_LANES):
        lane: ILanes.Lane = staticcall book.lane(number)
        assert lane.halted, "adoption: old book has a lane that is not halted"
        running: bytes32 = staticcall book.running(number)
        hashed = keccak256(abi_encode(hashed, lane, running))
    return hashed


@internal
@view
def _years(book: IVolumeBook, permit_id: uint256) -> (uint256, uint256):
    """
    @dev The first year in which a meter of the permit counted, and how many there are.
    """
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    first: uint256 = max_value(uint256)
    last: uint256 = 0
    for channel: uint256 in staticcall book.meters_of(permit_id):
        base: IVolumeBook.Base = staticcall book.base(channel)
        first = min(first, staticcall standards.period_at(YEAR, base.bound_at + 1))
        last = max(last, base.period)
    if first > last:
        return 0, 0
    return first, last - first + 1


@internal
def _compared(one: IAdoption.Replacement, channel: uint256) -> (bool, bool, uint256, uint256):
    """
    @dev The counts of a channel in both books; its turns are handed over by the new one from now.
    """
    old: IVolumeBook = IVolumeBook(one.old)
    book: IVolumeBook = IVolumeBook(one.book)
    if not (staticcall old.meter(channel)).enrolled:
        return False, True, 0, 0
    had: IMeters.Count = staticcall old.count_of(channel)
    has: IMeters.Count = staticcall book.count_of(channel)
    was_bound: IVolumeBook.Base = staticcall old.base(channel)
    is_bound: IVolumeBook.Base = staticcall book.base(channel)
    alike: bool = keccak256(abi_encode(had, was_bound)) == keccak256(abi_encode(has, is_bound))
    extcall IRegisterTurns(access._at(names.REGISTER_TURNS)).follow(channel, one.old, one.book)
    return True, alike, had.count_l, has.count_l


@internal
@view
def _compared_account(
    one: IAdoption.Replacement, permit_id: uint256
) -> (bool, bool, uint256, uint256):
    """
    @dev The use of all years of an account in both books.
    """
    old: IVolumeBook = IVolumeBook(one.old)
    book: IVolumeBook = IVolumeBook(one.book)
    if (staticcall old.account(permit_id)).until_at == 0:
        return False, True, 0, 0
    first: uint256 = 0
    years: uint256 = 0
    first, years = self._years(old, permit_id)
    old_l: uint256 = 0
    new_l: uint256 = 0
    for year: uint256 in range(first, first + years, bound=MAX_YEARS):
        old_l += staticcall old.used_l(permit_id, year)
        new_l += staticcall book.used_l(permit_id, year)
    return True, old_l == new_l, old_l, new_l
