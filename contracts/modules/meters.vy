# pragma version 0.4.3
"""
@title Meters
@license Apache-2.0
@notice Takes registers, proves that nothing happened, and where something did, says what.
@dev A meter's hot word holds tripwires, not the plan: the register and the moment at which some
     rule next changes. A group of readings that crosses none and stays under its peak costs one
     load and one store. Any other group is replayed reading by reading.
     Hot word, bit 0 lowest: register 48 | last_at 32 | trip_register 48 | trip_at 32 | peak 32 |
     tier 2 | over 1 | paused 1 | barred 1 | rules_at 32 | keeps 1 | zero 9 | relay group 16 |
     enrolled 1. Paused: the right to use is in question. Barred too: it is missing. An answer holds
     until the moment at which it may change, which is a tripwire like any other.
     A channel may keep its register at each turn of a local day or month. trip_at is then the
     nearer of the next turn and rules_at, the moment at which a rule may next change. While a group
     is replayed, trip_at holds the rules' moment alone and the place of rules_at the next turn.
     Format and vectors: docs/wire-format.md.
"""

from contracts.interfaces import IDeviceRegistry
from contracts.interfaces import ILanes
from contracts.interfaces import IMeters
from contracts.interfaces import IPermitRegistry
from contracts.interfaces import IRegisterTurns
from contracts.interfaces import IStandards
from contracts.modules import access
from contracts.modules import lanes
from contracts.modules import names
from contracts.modules import tiers

uses: access
uses: lanes


MAX_WORDS: constant(uint256) = 1024  # 32 kB, one slot of geth's pool; a larger bound costs every batch
MAX_EVIDENCE: constant(uint256) = 1040  # sixteen signatures, reserved
MAX_METERS: constant(uint256) = 16  # meters a quota may have: each threshold is shared among them
DAY: constant(uint256) = 1  # calendars of Standards
MONTH: constant(uint256) = 2
YEAR: constant(uint256) = 4

M8: constant(uint256) = 2**8 - 1
M16: constant(uint256) = 2**16 - 1
M24: constant(uint256) = 2**24 - 1
M31: constant(uint256) = 2**31 - 1
M32: constant(uint256) = 2**32 - 1
M48: constant(uint256) = 2**48 - 1
M64: constant(uint256) = 2**64 - 1
M80: constant(uint256) = 2**80 - 1
ONES: constant(uint256) = 1 + 2**64 + 2**128 + 2**192  # one in each of four 64-bit lanes
GUARDS: constant(uint256) = ONES << 63
ONES32: constant(uint256) = ONES | (ONES << 32)  # one in each of eight 32-bit lanes
GUARDS32: constant(uint256) = ONES32 << 31
LOW_GUARDS: constant(uint256) = GUARDS32 ^ (1 << 255)
EVEN32: constant(uint256) = ONES * M32
VOLUMES: constant(uint256) = ONES * (2**40 - 1)
STEPS: constant(uint256) = ONES * M24
KEY_MASK: constant(uint256) = M80 | (M16 << 239) | (1 << 255)
QUIET_MASK: constant(uint256) = KEY_MASK | (3 << 194)  # neither over nor paused
PLAIN_MASK: constant(uint256) = (M8 << 232) | (M8 << 248)  # measured, nothing beyond the grade
TRIPS: constant(uint256) = M80 << 80
OVER: constant(uint256) = 1 << 194
PAUSED: constant(uint256) = 1 << 195
BARRED: constant(uint256) = 1 << 196
RULES: constant(uint256) = M32 << 197
KEEPS: constant(uint256) = 1 << 229
ESTIMATED: constant(uint256) = 1 << 230  # only while a group is replayed

UNKNOWN_CHANNEL: constant(uint256) = 1
OTHER_RELAY_GROUP: constant(uint256) = 2
BROKEN_CONTINUITY: constant(uint256) = 3
FUTURE: constant(uint256) = 4
BAD_KIND: constant(uint256) = 5
NO_APPROVAL: constant(uint256) = 6
OVERFLOW: constant(uint256) = 7
NO_CALENDAR: constant(uint256) = 9

ROLL_OVER: constant(uint256) = 1
EXCHANGE: constant(uint256) = 2
RESET: constant(uint256) = 3
DEEMED: constant(uint256) = 4
ESTIMATE: constant(uint256) = 5

# what counts against the period, changed only where a tripwire is crossed
struct Base:
    register_l: uint256  # register from which the period's open use is counted
    period: uint256  # year, as an index into the calendar
    month: uint256
    permit_id: uint256
    peak_return_l_h: uint256  # a rate at or below it ends an excess of the peak
    bound_at: uint256
    bound_count_l: uint256  # count of the channel when it was bound


struct Standing:
    period: uint256
    tier: uint256
    approached: bool
    month: uint256  # last month whose pace was told


account: public(HashMap[uint256, IMeters.Account])
standing: public(HashMap[uint256, Standing])
_meters: HashMap[uint256, DynArray[uint256, MAX_METERS]]  # of a permit
base: public(HashMap[uint256, Base])
_closed_l: HashMap[uint256, HashMap[uint256, uint256]]  # permit, period: use already counted
_turn_at: HashMap[uint256, uint256]  # next turn at which a channel's register is kept
_drift: HashMap[uint256, uint256]  # count less register, modulo 2**64 | estimated volume << 64
_hot: uint256[2**32]  # dense channels: cheaper than a HashMap


@external
def record_meters(
    lane: uint256,
    batch_id: uint256,
    root: bytes32,
    words: Bytes[MAX_WORDS * 32],
    evidence: Bytes[MAX_EVIDENCE],
):
    """
    @notice Take one batch of meter readings: count, rule, and remember its digest.
    @dev Reverts on caller, order and framing only. A group that cannot be true is refused alone.
    """
    lane_word: uint256 = lanes._open(lane, batch_id, len(evidence))
    key: uint256 = lanes._channel_key(lane_word)
    count: uint256 = len(words) >> 5
    assert count > 0 and len(words) & 31 == 0, "meters: not whole words"
    words_hash: bytes32 = keccak256(words)
    counted_l: uint256 = 0
    refused: uint256 = 0

    i: uint256 = 0
    for _: uint256 in range(MAX_WORDS):
        if i >= count:
            break
        header: uint256 = extract32(words, unsafe_mul(i, 32), output_type=uint256)
        channel: uint256 = header & M32
        hot: uint256 = self._hot[channel]
        further: uint256 = (header >> 32) & M16
        duration_s: uint256 = unsafe_add((header >> 200) & M32, 1)
        volume_l: uint256 = (header >> 152) & M48
        # 64 and 60 bits under a guard at bit 255, which is lost where the rate is above the peak
        calm: uint256 = LOW_GUARDS | unsafe_sub(
            unsafe_add(unsafe_mul((hot >> 160) & M32, duration_s), 1 << 255),
            unsafe_mul(volume_l, 3600),
        )
        i = unsafe_add(i, 1)
        first: uint256 = i

        if further > 0:
            step: uint256 = (header >> 48) & M24
            sums: uint256 = 0
            word: uint256 = 0
            if step > 0:
                i = unsafe_add(i, unsafe_add(further, 7) >> 3)
                assert i <= count, "meters: truncated group"
                # lanes up to this cannot carry into each other; a larger one loses its guard too,
                # and costs the group a replay
                most_l: uint256 = min(
                    unsafe_div(unsafe_mul((hot >> 160) & M32, step), 3600),
                    unsafe_div(M31, further),
                )
                ceilings: uint256 = unsafe_add(GUARDS32, unsafe_mul(most_l, ONES32))
                place: uint256 = unsafe_mul(first, 32)
                for four: uint256 in range(unsafe_sub(i, first) >> 2, bound=MAX_WORDS):
                    # four words at once: the loop costs as much as a word
                    word = extract32(words, place, output_type=uint256)
                    second: uint256 = extract32(words, unsafe_add(place, 32), output_type=uint256)
                    third: uint256 = extract32(words, unsafe_add(place, 64), output_type=uint256)
                    fourth: uint256 = extract32(words, unsafe_add(place, 96), output_type=uint256)
                    place = unsafe_add(place, 128)
                    sums = unsafe_add(
                        unsafe_add(sums, word), unsafe_add(unsafe_add(second, third), fourth)
                    )
                    calm &= (
                        unsafe_sub(ceilings, word)
                        & unsafe_sub(ceilings, second)
                        & unsafe_sub(ceilings, third)
                        & unsafe_sub(ceilings, fourth)
                        & ~(word | second | third | fourth)
                    )
                    word = fourth
                for rest: uint256 in range(unsafe_sub(i, first) & 3, bound=3):
                    word = extract32(words, place, output_type=uint256)
                    place = unsafe_add(place, 32)
                    sums = unsafe_add(sums, word)
                    calm &= unsafe_sub(ceilings, word) & ~word
                if further & 7 > 0:
                    assert word >> ((further & 7) << 5) == 0, "meters: padding not zero"
                if calm & GUARDS32 == GUARDS32:
                    sums = sums % M32  # the sum of the lanes, as 2**32 is 1 modulo 2**32 - 1
                else:
                    calm = 0
                    sums = 0
                    for w: uint256 in range(first, i, bound=MAX_WORDS):
                        word = extract32(words, unsafe_mul(w, 32), output_type=uint256)
                        # lanes hold at most 2**32 * 2**16: they cannot carry
                        sums = unsafe_add(sums, (word & EVEN32) + ((word >> 32) & EVEN32))
                    sums = self._folded(sums)
                duration_s = unsafe_add(duration_s, unsafe_mul(further, step))
                volume_l = unsafe_add(volume_l, sums)
            else:
                i = unsafe_add(i, unsafe_add(further, 3) >> 2)
                assert i <= count, "meters: truncated group"
                times: uint256 = 0
                peak_l_h: uint256 = (hot >> 160) & M32
                slack: uint256 = unsafe_add(GUARDS, unsafe_mul(peak_l_h, ONES))
                place: uint256 = unsafe_mul(first, 32)
                for two: uint256 in range(unsafe_sub(i, first) >> 1, bound=MAX_WORDS):
                    word = extract32(words, place, output_type=uint256)
                    second: uint256 = extract32(words, unsafe_add(place, 32), output_type=uint256)
                    place = unsafe_add(place, 64)
                    steps: uint256 = (word >> 40) & STEPS
                    others: uint256 = (second >> 40) & STEPS
                    word &= VOLUMES
                    second &= VOLUMES
                    sums = unsafe_add(sums, unsafe_add(word, second))
                    times = unsafe_add(times, unsafe_add(steps, others))
                    # 57 and 52 bits beside a guard at bit 63: lanes cannot borrow
                    calm &= unsafe_sub(
                        unsafe_add(slack, unsafe_mul(peak_l_h, steps)), unsafe_mul(word, 3600)
                    ) & unsafe_sub(
                        unsafe_add(slack, unsafe_mul(peak_l_h, others)), unsafe_mul(second, 3600)
                    )
                if unsafe_sub(i, first) & 1 == 1:
                    word = extract32(words, place, output_type=uint256)
                    steps: uint256 = (word >> 40) & STEPS
                    word &= VOLUMES
                    sums = unsafe_add(sums, word)
                    times = unsafe_add(times, steps)
                    calm &= unsafe_sub(
                        unsafe_add(slack, unsafe_mul(peak_l_h, steps)), unsafe_mul(word, 3600)
                    )
                if further & 3 > 0:
                    word = extract32(words, unsafe_mul(unsafe_sub(i, 1), 32), output_type=uint256)
                    assert word >> ((further & 3) << 6) == 0, "meters: padding not zero"
                duration_s = unsafe_add(duration_s, unsafe_add(further, self._folded(times)))
                volume_l = unsafe_add(volume_l, self._folded(sums))

        at: uint256 = unsafe_add((hot >> 48) & M32, duration_s)
        register_l: uint256 = unsafe_add(hot & M48, volume_l)
        # continuity, relay group, enrolment and quiet flags are one comparison
        if (
            (hot ^ (((header >> 72) & M80) | key)) & QUIET_MASK | header & PLAIN_MASK == 0
            and calm & GUARDS == GUARDS
            and register_l <= (hot >> 80) & M48
            and at <= (hot >> 128) & M32
            and at <= block.timestamp
        ):
            self._hot[channel] = unsafe_add(hot, unsafe_add(volume_l, duration_s << 48))
            counted_l = unsafe_add(counted_l, volume_l)
            continue

        reason: uint256 = 0
        if (hot ^ (((header >> 72) & M80) | key)) & KEY_MASK != 0:
            reason = self._mismatch(hot, key)
        elif at > block.timestamp:
            reason = FUTURE
        elif header >> 248 != 0:
            reason = BAD_KIND
        elif register_l > M48:
            reason = OVERFLOW
        elif self._beyond_calendar(hot, duration_s):
            reason = NO_CALENDAR
        else:
            step: uint256 = (header >> 48) & M24
            kind: uint256 = (header >> 232) & 255
            unlawful_l: uint256 = 0
            from_at: uint256 = (hot >> 48) & M32
            until_at: uint256 = from_at + duration_s
            hot = self._unfolded(channel, hot, kind)
            if kind == 0 or kind == ESTIMATE:
                hot, unlawful_l = self._step(
                    channel, batch_id, hot, (header >> 152) & M48, ((header >> 200) & M32) + 1
                )
                until_at = (hot >> 48) & M32
                for r: uint256 in range(further, bound=2**16):
                    moved_l: uint256 = 0
                    if unlawful_l == 0:
                        from_at = (hot >> 48) & M32
                    if step > 0:
                        hot, moved_l = self._step(
                            channel,
                            batch_id,
                            hot,
                            (extract32(words, unsafe_mul(first + (r >> 3), 32), output_type=uint256) >> ((r & 7) << 5)) & M32,
                            step,
                        )
                    else:
                        lane64: uint256 = (extract32(words, unsafe_mul(first + (r >> 2), 32), output_type=uint256) >> ((r & 3) << 6)) & M64
                        hot, moved_l = self._step(
                            channel, batch_id, hot, lane64 & (2**40 - 1), (lane64 >> 40) + 1
                        )
                    if moved_l > 0:
                        unlawful_l += moved_l
                        until_at = (hot >> 48) & M32
            elif further > 0 or kind > ESTIMATE:
                reason = BAD_KIND
            else:
                hot, unlawful_l, reason = self._exceptional(
                    channel, batch_id, hot, kind, volume_l, duration_s
                )
            if reason == 0:
                self._hot[channel] = self._refolded(hot)
                if unlawful_l > 0:
                    log IMeters.UseWithoutRight(
                        permit_id=self.base[channel].permit_id,
                        channel=channel,
                        batch_id=batch_id,
                        from_at=from_at,
                        until_at=until_at,
                        volume_l=unlawful_l,
                    )
        if reason == 0:
            counted_l = unsafe_add(counted_l, volume_l)
        else:
            refused = unsafe_add(refused, 1)
            log ILanes.GroupRefused(
                channel=channel, batch_id=batch_id, lane=lane, reason=reason, end_word=i
            )

    lanes._settle(lane, lane_word, batch_id, root, words_hash, counted_l, refused)


@external
@view
def count_of(channel: uint256) -> IMeters.Count:
    """
    @notice A channel's register, and its count: what it registered over exchanges, resets and
            roll-overs, deemed use with it; and how much of that was deemed or estimated.
    """
    return self._count(channel, self._hot[channel])


@external
@view
def meters_of(permit_id: uint256) -> DynArray[uint256, MAX_METERS]:
    """
    @notice The meters that count against a permit.
    """
    return self._meters[permit_id]


@external
@view
def meter(channel: uint256) -> IMeters.Meter:
    """
    @notice Register, tripwires and flags of a meter.
    """
    hot: uint256 = self._hot[channel]
    return IMeters.Meter(
        register_l=hot & M48,
        last_at=(hot >> 48) & M32,
        trip_register_l=(hot >> 80) & M48,
        trip_at=(hot >> 128) & M32,
        peak_l_h=(hot >> 160) & M32,
        tier=(hot >> 192) & 3,
        over=hot & OVER != 0,
        paused=hot & PAUSED != 0,
        relay_group=(hot >> 239) & M16,
        enrolled=hot >> 255 == 1,
    )


@external
@view
def used_l(permit_id: uint256, period: uint256) -> uint256:
    """
    @notice Litres counted against a permit in a period of the YEAR calendar.
    """
    return self._used_l(permit_id, period, 0, 0)


@external
@view
def pace(permit_id: uint256, at: uint256) -> IMeters.Pace:
    """
    @notice Use so far against the plan times the elapsed share of its period.
    @dev An alert of its own, never the tier. `expected_l` is rounded down.
    """
    period: uint256 = staticcall IStandards(access._at(names.STANDARDS)).period_at(YEAR, at)
    begun_at: uint256 = 0
    ends_at: uint256 = 0
    begun_at, ends_at = self._span(permit_id, period)
    plan_l: uint256 = self.account[permit_id].plan_l
    used_l: uint256 = self._used_l(permit_id, period, 0, 0)
    elapsed_s: uint256 = min(max(at, begun_at), ends_at) - begun_at
    return IMeters.Pace(
        period=period,
        used_l=used_l,
        plan_l=plan_l,
        expected_l=plan_l * elapsed_s // (ends_at - begun_at),
        ahead=tiers._ahead_of_pace(used_l, plan_l, begun_at, at, ends_at),
    )


@internal
def _enrol_meter(channel: uint256, relay_group: uint256, register_l: uint256, opened_at: uint256):
    """
    @dev Reserve the meter's word, so that no reading ever pays for a fresh slot.
    """
    assert channel <= M32, "meters: channel out of range"
    assert self._hot[channel] == 0, "meters: channel enrolled"
    assert register_l <= M48, "meters: register out of range"
    assert opened_at <= block.timestamp, "meters: opening in the future"
    unruled: uint256 = (M48 << 80) | (M32 << 128) | (M32 << 160) | RULES
    key: uint256 = (relay_group << 239) | (1 << 255)
    self._hot[channel] = register_l | (opened_at << 48) | unruled | key
    log IMeters.MeterEnrolled(
        channel=channel, relay_group=relay_group, register_l=register_l, opened_at=opened_at
    )


@internal
def _open_account(
    permit_id: uint256,
    station_id: uint256,
    plan_l: uint256,
    peak_l_h: uint256,
    scheme_id: uint256,
    from_at: uint256,
    until_at: uint256,
):
    assert self.account[permit_id].until_at == 0, "meters: account is open"
    assert plan_l > 0 and plan_l <= M48, "meters: plan out of range"
    assert peak_l_h > 0 and peak_l_h <= M32, "meters: peak out of range"
    assert from_at < until_at and until_at <= M32, "meters: validity out of range"
    self.account[permit_id] = IMeters.Account(
        station_id=station_id,
        plan_l=plan_l,
        peak_l_h=peak_l_h,
        scheme_id=scheme_id,
        from_at=from_at,
        until_at=until_at,
        as_of_at=0,
    )
    log IMeters.AccountOpened(
        permit_id=permit_id,
        station_id=station_id,
        plan_l=plan_l,
        peak_l_h=peak_l_h,
        scheme_id=scheme_id,
        from_at=from_at,
        until_at=until_at,
    )


@internal
def _bind_meter(
    channel: uint256, permit_id: uint256, held_s: uint256, held_l: uint256, before_l: uint256
):
    """
    @dev Count the meter against the permit from its present register on, and what it moved before
         while its readings were held: `held_l` in the present year, `before_l` in the one before.
    """
    hot: uint256 = self._hot[channel]
    assert hot != 0, "meters: unknown channel"
    # DeviceRegistry tells the reason; here is no room for one
    assert self.base[channel].permit_id == 0
    account: IMeters.Account = self.account[permit_id]
    assert account.until_at != 0, "meters: unknown account"
    assert len(self._meters[permit_id]) < MAX_METERS, "meters: account has 16 meters"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    at: uint256 = (hot >> 48) & M32
    scheme: IStandards.Scheme = staticcall standards.scheme(account.scheme_id)
    year: uint256 = staticcall standards.period_at(YEAR, at + 1)
    self.base[channel] = Base(
        register_l=hot & M48,
        period=year,
        month=staticcall standards.period_at(MONTH, at + 1),
        permit_id=permit_id,
        peak_return_l_h=account.peak_l_h * scheme.peak_leave_bps // 10_000,
        bound_at=unsafe_sub(at, held_s),
        bound_count_l=unsafe_sub(self._count(channel, hot).count_l, unsafe_add(held_l, before_l)),
    )
    self._closed_l[permit_id][year] += held_l
    self._closed_l[permit_id][unsafe_sub(year, 1)] += before_l
    self._meters[permit_id].append(channel)
    self._hot[channel] = hot & ~(M32 << 160) | (account.peak_l_h << 160)
    # volume came in by the back, or a share became smaller: every meter asks anew
    self._ask_anew(permit_id)
    log IMeters.MeterBound(channel=channel, permit_id=permit_id)


@internal
def _right_changed(permit_id: uint256):
    """
    @dev The right and the volume it gives are asked for again with the next reading.
    """
    self._ask_anew(permit_id)
    log IMeters.RightChanged(permit_id=permit_id, at=block.timestamp)


@internal
def _ask_anew(permit_id: uint256):
    """
    @dev A moment long past as tripwire: the next group of each meter is replayed, sets another, and
         asks for the right and for what is left.
    """
    for channel: uint256 in self._meters[permit_id]:
        self._hot[channel] = (self._hot[channel] | PAUSED) & ~(BARRED | RULES | (M32 << 128))


@internal
@pure
def _folded(lanes64: uint256) -> uint256:
    """
    @dev The sum of four 64-bit lanes.
    """
    halves: uint256 = unsafe_add(lanes64, lanes64 >> 128)
    return unsafe_add(halves & M64, (halves >> 64) & M64)


@internal
@pure
def _mismatch(hot: uint256, key: uint256) -> uint256:
    if hot == 0:
        return UNKNOWN_CHANNEL
    if (hot ^ key) & (M16 << 239) != 0:
        return OTHER_RELAY_GROUP
    return BROKEN_CONTINUITY


@internal
@view
def _beyond_calendar(hot: uint256, duration_s: uint256) -> bool:
    """
    @dev Whether a group ends after the last local month or year that Standards knows, or after the
         last day if its register is kept at turns.
    """
    at: uint256 = ((hot >> 48) & M32) + duration_s
    if at <= (hot >> 128) & M32:
        return False
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    if at > staticcall standards.calendar_end(MONTH):
        return True
    if hot & KEEPS != 0 and at > staticcall standards.calendar_end(DAY):
        return True
    return at > staticcall standards.calendar_end(YEAR)


@internal
def _step(
    channel: uint256, batch_id: uint256, hot: uint256, volume_l: uint256, duration_s: uint256
) -> (uint256, uint256):
    """
    @dev One measured or estimated reading, ruled on with its own time.
    @return The hot word after it, and the litres used without right.
    """
    after: uint256 = hot + volume_l + (duration_s << 48)
    at: uint256 = (after >> 48) & M32
    if at > (after >> 197) & M32:
        after = self._turned(channel, hot, after)
    if hot & ESTIMATED != 0:
        self._drift[channel] += volume_l << 64
    if at > (after >> 128) & M32:
        after = self._renewed(channel, batch_id, after)
    after = self._ruled_peak(channel, batch_id, after, at, volume_l, duration_s)
    if after & M48 > (after >> 80) & M48 or at > (after >> 128) & M32:
        return self._rule(channel, batch_id, hot & M48, after, volume_l, False)
    if after & PAUSED == 0:
        return after, 0
    return self._asked(self.base[channel].permit_id, after, volume_l)


@internal
@view
def _unfolded(channel: uint256, hot: uint256, kind: uint256) -> uint256:
    """
    @dev The word as it is replayed: the rules' moment as trip_at, the next turn in the other's place.
    """
    turn_at: uint256 = M32
    if hot & KEEPS != 0:
        turn_at = self._turn_at[channel]
    word: uint256 = hot & ~(RULES | (M32 << 128)) | (((hot >> 197) & M32) << 128) | (turn_at << 197)
    if kind == ESTIMATE:
        return word | ESTIMATED
    return word


@internal
@pure
def _refolded(hot: uint256) -> uint256:
    """
    @dev The word as it is stored: the nearer moment as trip_at.
    """
    rules_at: uint256 = (hot >> 128) & M32
    trip_at: uint256 = min(rules_at, (hot >> 197) & M32)
    return hot & ~(RULES | (M32 << 128) | ESTIMATED) | (trip_at << 128) | (rules_at << 197)


@internal
def _turned(channel: uint256, hot: uint256, after: uint256) -> uint256:
    """
    @dev Keep the register as it stood before a reading that ends beyond a turn.
    @return The word with the next turn.
    """
    turn_at: uint256 = extcall IRegisterTurns(access._at(names.REGISTER_TURNS)).keep(
        channel, self._count(channel, hot), (after >> 48) & M32
    )
    self._turn_at[channel] = turn_at
    return after & ~RULES | (turn_at << 197)


@internal
@view
def _count(channel: uint256, hot: uint256) -> IMeters.Count:
    register_l: uint256 = hot & M48
    drift: uint256 = self._drift[channel]
    return IMeters.Count(
        register_l=register_l,
        count_l=(register_l + drift) & M64,
        estimated_l=drift >> 64,
        read_at=(hot >> 48) & M32,
    )


@internal
def _set_turn(channel: uint256, turn_at: uint256):
    """
    @dev From now on the register is kept at turns, next at `turn_at`.
    """
    hot: uint256 = self._hot[channel]
    assert hot != 0, "meters: no such channel"
    self._turn_at[channel] = turn_at
    trip_at: uint256 = min((hot >> 197) & M32, turn_at)
    self._hot[channel] = hot & ~(M32 << 128) | (trip_at << 128) | KEEPS


@internal
def _ruled_peak(
    channel: uint256,
    batch_id: uint256,
    hot: uint256,
    at: uint256,
    volume_l: uint256,
    duration_s: uint256,
) -> uint256:
    """
    @dev An excess of the peak begins above it and ends at or below the return rate.
    """
    peak_l_h: uint256 = (hot >> 160) & M32
    if hot & OVER == 0:
        if volume_l * 3600 <= peak_l_h * duration_s:
            return hot
        log IMeters.PeakExceeded(
            channel=channel,
            batch_id=batch_id,
            at=at,
            volume_l=volume_l,
            duration_s=duration_s,
            peak_l_h=peak_l_h,
        )
        return hot | OVER
    if volume_l * 3600 > self.base[channel].peak_return_l_h * duration_s:
        return hot
    log IMeters.PeakReturned(
        channel=channel,
        batch_id=batch_id,
        at=at,
        volume_l=volume_l,
        duration_s=duration_s,
        peak_l_h=peak_l_h,
    )
    return hot ^ OVER


@internal
def _exceptional(
    channel: uint256,
    batch_id: uint256,
    hot: uint256,
    kind: uint256,
    volume_l: uint256,
    duration_s: uint256,
) -> (uint256, uint256, uint256):
    """
    @dev Roll-over, exchange, reset and deemed use: the volume counts, the register goes elsewhere.
    @return The hot word after it, the litres used without right, the reason if refused.
    """
    before_l: uint256 = hot & M48
    register_l: uint256 = before_l
    devices: IDeviceRegistry = IDeviceRegistry(access._at(names.DEVICE_REGISTRY))
    if kind == ROLL_OVER:
        modulus_l: uint256 = (staticcall devices.channel(channel)).modulus_l
        if modulus_l == 0 or before_l + volume_l < modulus_l:
            return hot, 0, BAD_KIND
        register_l = before_l + volume_l - modulus_l
        if register_l >= modulus_l:
            return hot, 0, BAD_KIND
    else:
        approved: bool = False
        answer: Bytes[32] = b""
        approved, answer = raw_call(
            devices.address,
            abi_encode(
                channel,
                kind,
                before_l + volume_l,
                ((hot >> 48) & M32) + duration_s,
                method_id=method_id("take_approval(uint256,uint256,uint256,uint256)"),
            ),
            max_outsize=32,
            revert_on_failure=False,
        )
        if not approved:
            return hot, 0, NO_APPROVAL
        register_l = convert(answer, uint256)
        if register_l > M48:
            return hot, 0, OVERFLOW
    after: uint256 = ((hot >> 48) << 48) + (duration_s << 48) | register_l
    log IMeters.RegisterMoved(
        channel=channel,
        batch_id=batch_id,
        kind=kind,
        at=(after >> 48) & M32,
        volume_l=volume_l,
        register_l=register_l,
    )
    if (after >> 48) & M32 > (after >> 197) & M32:
        after = self._turned(channel, hot, after)
    drift: uint256 = self._drift[channel]
    if kind == DEEMED:
        drift += volume_l << 64
    beyond_l: uint256 = unsafe_sub(drift + before_l + volume_l, register_l) & M64
    self._drift[channel] = ((drift >> 64) << 64) | beyond_l
    if (after >> 48) & M32 > (after >> 128) & M32:
        after = self._renewed(channel, batch_id, after)
    unlawful_l: uint256 = 0
    after, unlawful_l = self._rule(channel, batch_id, before_l, after, volume_l, True)
    return after, unlawful_l, 0


@internal
def _rule(
    channel: uint256,
    batch_id: uint256,
    before_l: uint256,
    hot: uint256,
    volume_l: uint256,
    moved: bool,
) -> (uint256, uint256):
    """
    @dev A tripwire was crossed, or the right must be asked for: count, tell, and set new tripwires.
    @param hot The word after the reading.
    @param moved Whether the register went elsewhere than by the volume.
    @return The word with new tripwires, and the litres used without right.
    """
    base: Base = self.base[channel]
    if base.permit_id == 0:
        return hot, 0
    permit_id: uint256 = base.permit_id
    at: uint256 = (hot >> 48) & M32
    standards: IStandards = IStandards(access._at(names.STANDARDS))

    month_end_at: uint256 = staticcall standards.boundary(MONTH, base.month + 1)
    if at > month_end_at:
        # a step's volume belongs to the period in which it ends: the month closed before it
        self._tell_pace(channel, batch_id, permit_id, base, before_l, month_end_at)
        year_end_at: uint256 = staticcall standards.boundary(YEAR, base.period + 1)
        if at > year_end_at:
            log IMeters.PeriodClosed(
                permit_id=permit_id,
                channel=channel,
                batch_id=batch_id,
                period=base.period,
                used_l=self._used_l(permit_id, base.period, channel, before_l),
                plan_l=self._given(permit_id, year_end_at).annual_l,
            )
            self._closed_l[permit_id][base.period] += before_l - base.register_l
            base.period = staticcall standards.period_at(YEAR, at)
            base.register_l = before_l
        base.month = staticcall standards.period_at(MONTH, at)
        month_end_at = staticcall standards.boundary(MONTH, base.month + 1)
        self.base[channel] = base
    if moved:
        self._closed_l[permit_id][base.period] += before_l + volume_l - base.register_l
        base.register_l = hot & M48
        self.base[channel] = base

    trip_at: uint256 = (hot >> 128) & M32
    if at > trip_at:
        # the month has ended, or what was known of the right and its volume
        trip_at = month_end_at
        hot = (hot | PAUSED) & ~BARRED
    used_l: uint256 = self._used_l(permit_id, base.period, channel, hot & M48)
    left_l: uint256 = self._tell_tier(channel, batch_id, permit_id, base.period, at, used_l)
    share_l: uint256 = left_l // len(self._meters[permit_id])
    tier: uint256 = self.standing[permit_id].tier
    self._rearm_others(permit_id, channel, base.period, share_l, tier)
    return self._asked(permit_id, self._armed(hot, share_l, trip_at, tier), volume_l)


@internal
def _renewed(channel: uint256, batch_id: uint256, hot: uint256) -> uint256:
    """
    @dev Take over the volume and the rate that the permit gives by now; a meter that lags behind
         others of its account never brings back what was in force before.
    @return The word with the rate in force.
    """
    permit_id: uint256 = self.base[channel].permit_id
    if permit_id == 0:
        return hot
    at: uint256 = (hot >> 48) & M32
    account: IMeters.Account = self.account[permit_id]
    if at < account.as_of_at:
        return hot
    given: IPermitRegistry.Volume = self._given(permit_id, at)
    changed: bool = given.annual_l != account.plan_l or given.peak_l_h != account.peak_l_h
    account.plan_l = given.annual_l
    account.peak_l_h = given.peak_l_h
    account.until_at = given.until_at
    account.as_of_at = at
    self.account[permit_id] = account
    if changed:
        log IMeters.PlanChanged(
            permit_id=permit_id,
            channel=channel,
            batch_id=batch_id,
            at=at,
            plan_l=given.annual_l,
            peak_l_h=given.peak_l_h,
        )
    if (hot >> 160) & M32 == given.peak_l_h:
        return hot
    scheme: IStandards.Scheme = staticcall IStandards(access._at(names.STANDARDS)).scheme(
        account.scheme_id
    )
    self.base[channel].peak_return_l_h = given.peak_l_h * scheme.peak_leave_bps // 10_000
    return (hot & ~(M32 << 160)) | (given.peak_l_h << 160)


@internal
@view
def _given(permit_id: uint256, at: uint256) -> IPermitRegistry.Volume:
    """
    @dev What the permit gave while the water of a step ending at `at` flowed.
    """
    return staticcall IPermitRegistry(access._at(names.PERMIT_REGISTRY)).volume_at(
        permit_id, at - 1
    )


@internal
@view
def _asked(permit_id: uint256, hot: uint256, volume_l: uint256) -> (uint256, uint256):
    """
    @dev Ask whether the permit gave the right to this use, if that is in question, and for how long
         the answer holds. The water of a step flowed up to the second before its end.
    @return The word with its flags, and the litres used without right.
    """
    if hot & PAUSED == 0:
        return hot, 0
    if hot & BARRED != 0:
        return hot, volume_l
    lawful: bool = False
    changes_at: uint256 = 0
    lawful, changes_at = staticcall IPermitRegistry(access._at(names.PERMIT_REGISTRY)).right_at(
        permit_id, ((hot >> 48) & M32) - 1
    )
    trip_at: uint256 = min((hot >> 128) & M32, changes_at)
    known: uint256 = (hot & ~(M32 << 128)) | (trip_at << 128)
    if lawful:
        return known & ~PAUSED, 0
    return known | BARRED, volume_l


@internal
def _tell_tier(
    channel: uint256,
    batch_id: uint256,
    permit_id: uint256,
    period: uint256,
    at: uint256,
    used_l: uint256,
) -> uint256:
    """
    @dev Tell a changed tier and the first approach of the plan in the period.
    @return Litres that can be used before either changes again.
    """
    account: IMeters.Account = self.account[permit_id]
    scheme: IStandards.Scheme = staticcall IStandards(access._at(names.STANDARDS)).scheme(
        account.scheme_id
    )
    standing: Standing = self.standing[permit_id]
    told: uint256 = standing.tier
    if period > standing.period:
        standing.period = period
        standing.tier = tiers.NO_TIER
        standing.approached = False
    if period == standing.period:
        standing.tier = tiers._tier(
            used_l, account.plan_l, scheme.blue_bps, scheme.yellow_bps, scheme.red_bps
        )
        approach_l: uint256 = tiers._approach_l(account.plan_l, scheme.approaching_bps)
        if used_l > approach_l and not standing.approached:
            standing.approached = True
            log IMeters.PlanApproached(
                permit_id=permit_id,
                channel=channel,
                batch_id=batch_id,
                at=at,
                used_l=used_l,
                plan_l=account.plan_l,
                scheme_id=account.scheme_id,
            )
        self.standing[permit_id] = standing
        if standing.tier != told:
            log IMeters.TierChanged(
                permit_id=permit_id,
                channel=channel,
                batch_id=batch_id,
                at=at,
                tier=standing.tier,
                used_l=used_l,
                plan_l=account.plan_l,
                scheme_id=account.scheme_id,
            )
    return tiers._left_l(
        used_l,
        account.plan_l,
        scheme.blue_bps,
        scheme.yellow_bps,
        scheme.red_bps,
        scheme.approaching_bps,
    )


@internal
def _tell_pace(
    channel: uint256,
    batch_id: uint256,
    permit_id: uint256,
    base: Base,
    before_l: uint256,
    month_end_at: uint256,
):
    """
    @dev At a month's end, tell once for each account and month that use is ahead of the plan.
    """
    if self.standing[permit_id].month >= base.month + 1:
        return
    begun_at: uint256 = 0
    ends_at: uint256 = 0
    begun_at, ends_at = self._span(permit_id, base.period)
    used_l: uint256 = self._used_l(permit_id, base.period, channel, before_l)
    plan_l: uint256 = self._given(permit_id, month_end_at).annual_l
    if tiers._ahead_of_pace(used_l, plan_l, begun_at, month_end_at, ends_at):
        self.standing[permit_id].month = base.month + 1
        log IMeters.PaceExceeded(
            permit_id=permit_id,
            channel=channel,
            batch_id=batch_id,
            month_end_at=month_end_at,
            used_l=used_l,
            plan_l=plan_l,
        )


@internal
@pure
def _armed(hot: uint256, left_l: uint256, trip_at: uint256, tier: uint256) -> uint256:
    """
    @dev The word with new tripwires and the account's tier.
    """
    trip_l: uint256 = min((hot & M48) + left_l, M48)
    cleared: uint256 = hot & ~(TRIPS | (3 << 192))
    return cleared | (trip_l << 80) | (min(trip_at, M32) << 128) | (tier << 192)


@internal
def _rearm_others(
    permit_id: uint256, channel: uint256, period: uint256, share_l: uint256, tier: uint256
):
    """
    @dev Each meter of the account holds an equal slice of what is left, so no crossing is missed.
    """
    if len(self._meters[permit_id]) == 1:
        return
    for other: uint256 in self._meters[permit_id]:
        if other != channel and self.base[other].period == period:
            hot: uint256 = self._hot[other]
            self._hot[other] = self._armed(hot, share_l, (hot >> 128) & M32, tier)


@internal
@view
def _used_l(
    permit_id: uint256, period: uint256, channel: uint256, register_l: uint256
) -> uint256:
    """
    @dev Counted use and what each meter has moved since. `channel` stands at `register_l`, the
         others at their stored registers.
    """
    used_l: uint256 = self._closed_l[permit_id][period]
    for meter: uint256 in self._meters[permit_id]:
        if self.base[meter].period == period:
            now_l: uint256 = self._hot[meter] & M48
            if meter == channel:
                now_l = register_l
            used_l += now_l - self.base[meter].register_l
    return used_l


@internal
@view
def _span(permit_id: uint256, period: uint256) -> (uint256, uint256):
    """
    @dev The part of a period in which the permit is valid, by its own dates.
    """
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    account: IMeters.Account = self.account[permit_id]
    begun_at: uint256 = max(staticcall standards.boundary(YEAR, period), account.from_at)
    ends_at: uint256 = min(staticcall standards.boundary(YEAR, period + 1), account.until_at)
    return begun_at, max(ends_at, begun_at + 1)
