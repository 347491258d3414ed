# pragma version 0.4.3
"""
@title Gauges
@license Apache-2.0
@notice Takes instantaneous values, alerts on arrival, rules by the local day's mean.
@dev `lo` and `hi` of the hot word are the band in which nothing changes, not limits: while an alert
     stands the band runs from just past its leave limit to the worst value so far, and while an
     excess waits out its dwell the band is empty.
     Hot word, bit 0 lowest: value 32 | count 16 | last_at 32 | sum 48 | trip_at 32 | lo 32 | hi 32 |
     low alert, high alert, pending, void, ranged, paused 1 each | zero 9 | relay group 16 |
     enrolled 1. Format and vectors: docs/wire-format.md.
"""

from contracts.interfaces import IGaugeBook
from contracts.interfaces import IGauges
from contracts.interfaces import ILanes
from contracts.interfaces import IStandards
from contracts.modules import access
from contracts.modules import duties
from contracts.modules import gauge_words
from contracts.modules import lanes
from contracts.modules import names

uses: access
uses: lanes


MAX_WORDS: constant(uint256) = 1024  # as for meters
MAX_EVIDENCE: constant(uint256) = 1040
DAY: constant(uint256) = 1  # calendar of Standards

M8: constant(uint256) = 2**8 - 1
M16: constant(uint256) = 2**16 - 1
M24: constant(uint256) = 2**24 - 1
M31: constant(uint256) = 2**31 - 1
M32: constant(uint256) = 2**32 - 1
M48: constant(uint256) = 2**48 - 1
M63: constant(uint256) = 2**63 - 1
M64: constant(uint256) = 2**64 - 1
ONES: constant(uint256) = 1 + 2**64 + 2**128 + 2**192
ONES32: constant(uint256) = ONES * (1 + 2**32)
GUARDS: constant(uint256) = ONES << 63
GUARDS32: constant(uint256) = ONES32 << 31
EVEN32: constant(uint256) = ONES * M32
STEPS: constant(uint256) = ONES * M24
IRREGULAR_ZERO: constant(uint256) = ONES * (M8 << 32)
KEY_MASK: constant(uint256) = (M32 << 48) | (M16 << 239) | (1 << 255)
QUIET_MASK: constant(uint256) = KEY_MASK | (1 << 229)  # not paused
HEADER_ZERO: constant(uint256) = (M8 << 112) | (M16 << 184) | (7 << 236) | (M16 << 240)
PLAIN_MASK: constant(uint256) = HEADER_ZERO | (1 << 239)  # no void mark
MOVED: constant(uint256) = M32 | (M32 << 48)  # value and last_at, replaced by each group
BAND: constant(uint256) = M64 << 160
LOW_ALERT: constant(uint256) = 1 << 224
HIGH_ALERT: constant(uint256) = 1 << 225
PENDING: constant(uint256) = 1 << 226
VOID: constant(uint256) = 1 << 227
KEPT: constant(uint256) = max_value(uint256) ^ (MOVED | VOID)
RANGED: constant(uint256) = 1 << 228
PAUSED: constant(uint256) = 1 << 229

UNKNOWN_CHANNEL: constant(uint256) = 1
OTHER_RELAY_GROUP: constant(uint256) = 2
BROKEN_CONTINUITY: constant(uint256) = 3
FUTURE: constant(uint256) = 4
BAD_KIND: constant(uint256) = 5
NO_CALENDAR: constant(uint256) = 9

MET: constant(uint256) = 1
EXCEEDED: constant(uint256) = 2
INSUFFICIENT: constant(uint256) = 3
MISSING: constant(uint256) = 4
NO_BATCH: constant(uint256) = max_value(uint256)  # a day closed by hand

grace_s: public(uint256)  # how long after its end a day may be closed by anyone
limit_of: public(HashMap[uint256, uint256])  # channel: limit of Standards that rules it
former: public(address)  # the book that this one replaced, which keeps the days it has ruled
# channel, day: what it was ruled by. A contract cannot read an event, and a later rule needs the mean
_ruled_on: HashMap[uint256, HashMap[uint256, uint256]]
_limits: HashMap[uint256, uint256]
_ruling: uint256[2**32]
_hot: uint256[2**32]


@deploy
def __init__():
    self.grace_s = 6 * 3600  # our default: late telegrams of a day usually arrive by morning


@external
def record_gauges(
    lane: uint256,
    batch_id: uint256,
    root: bytes32,
    words: Bytes[MAX_WORDS * 32],
    evidence: Bytes[MAX_EVIDENCE],
):
    """
    @notice Take one batch of gauge readings: alert, rule, and remember its digest.
    @dev Reverts on caller, order and framing only. A group that cannot be true is refused alone.
    """
    lane_word: uint256 = lanes._open(lane, batch_id, len(evidence))
    key: uint256 = lanes._channel_key(lane_word)
    count: uint256 = len(words) >> 5
    assert count > 0 and len(words) & 31 == 0, "gauges: not whole words"
    words_hash: bytes32 = keccak256(words)
    refused: uint256 = 0
    first: uint256 = 0
    ruling: uint256 = 0
    low: uint256 = 0
    high: uint256 = 0
    sums: uint256 = 0
    tripped: uint256 = 0  # the fours of words of a group that hold a value outside, a bit each

    i: uint256 = 0
    for _: uint256 in range(MAX_WORDS):
        if i >= count:
            break
        header: uint256 = extract32(words, unsafe_mul(i, 32), output_type=uint256)
        channel: uint256 = header & M32
        hot: uint256 = self._hot[channel]
        further: uint256 = (header >> 32) & M16
        duration_s: uint256 = unsafe_add((header >> 200) & M32, 1)
        value: uint256 = (header >> 152) & M32
        total: uint256 = value
        lo: uint256 = (hot >> 160) & M32
        hi: uint256 = (hot >> 192) & M32
        # not zero if a value may lie outside
        beyond: uint256 = convert(value < lo, uint256) | convert(value > hi, uint256)
        if hot & RANGED != 0:
            ruling = self._ruling[channel]
            low = (ruling >> 112) & M32
            high = (ruling >> 144) & M32
            beyond |= convert(value < low, uint256) | convert(value > high, uint256)
        i = unsafe_add(i, 1)

        if further > 0:
            if hot & RANGED != 0:
                lo = max(lo, low)
                hi = min(hi, high)
            step: uint256 = (header >> 48) & M24
            place: uint256 = unsafe_mul(i, 32)
            begin: uint256 = place
            first = i
            word: uint256 = 0
            sums = 0
            tripped = 0
            if step > 0:
                i = unsafe_add(i, unsafe_add(further, 7) >> 3)
                assert i <= count, "gauges: truncated group"
                # a part of the band, so narrow that distances from its floor cannot carry: a lane
                # outside sets its bit 31, as it wraps around or is lifted over the ceiling
                room: uint256 = unsafe_sub(hi, lo)
                if unsafe_mul(room, further) > M31:
                    if beyond != 0:
                        lo = min(lo, value)
                        hi = max(hi, value)
                    room = min(unsafe_sub(hi, lo), unsafe_div(M31, further))
                    lo = min(max(lo, value - min(value, room >> 1)), unsafe_sub(hi, room))
                    hi = unsafe_add(lo, room)
                floors: uint256 = unsafe_mul(lo, ONES32)
                lift: uint256 = unsafe_mul(unsafe_sub(M31, room), ONES32)
                tail: uint256 = further & 7
                last: uint256 = unsafe_mul(unsafe_sub(i, convert(tail > 0, uint256)), 32)
                for four: uint256 in range(unsafe_sub(last, place) >> 7, bound=MAX_WORDS):
                    # four words at once: the loop costs as much as a word
                    word = unsafe_sub(extract32(words, place, output_type=uint256), floors)
                    second: uint256 = unsafe_sub(
                        extract32(words, unsafe_add(place, 32), output_type=uint256), floors
                    )
                    third: uint256 = unsafe_sub(
                        extract32(words, unsafe_add(place, 64), output_type=uint256), floors
                    )
                    fourth: uint256 = unsafe_sub(
                        extract32(words, unsafe_add(place, 96), output_type=uint256), floors
                    )
                    place = unsafe_add(place, 128)
                    sums = unsafe_add(
                        unsafe_add(sums, word), unsafe_add(unsafe_add(second, third), fourth)
                    )
                    if (
                        word
                        | second
                        | third
                        | fourth
                        | unsafe_add(word, lift)
                        | unsafe_add(second, lift)
                        | unsafe_add(third, lift)
                        | unsafe_add(fourth, lift)
                    ) & GUARDS32 != 0:
                        tripped |= 1 << four
                for rest: uint256 in range(unsafe_sub(unsafe_mul(i, 32), place) >> 5, bound=4):
                    word = extract32(words, place, output_type=uint256)
                    if place == last:
                        assert word >> (tail << 5) == 0, "gauges: padding not zero"
                        word |= floors << (tail << 5)
                    word = unsafe_sub(word, floors)
                    sums = unsafe_add(sums, word)
                    if (word | unsafe_add(word, lift)) & GUARDS32 != 0:
                        tripped |= 1 << (unsafe_sub(place, begin) >> 7)
                    place = unsafe_add(place, 32)
                total = unsafe_add(total, unsafe_add(unsafe_mul(further, lo), sums % M32))
                word = extract32(words, unsafe_sub(unsafe_mul(i, 32), 32), output_type=uint256)
                value = (word >> ((unsafe_sub(further, 1) & 7) << 5)) & M32
                duration_s = unsafe_add(duration_s, unsafe_mul(further, step))
            else:
                i = unsafe_add(i, unsafe_add(further, 3) >> 2)
                assert i <= count, "gauges: truncated group"
                floors: uint256 = unsafe_mul(lo, ONES)
                lift: uint256 = unsafe_mul(unsafe_sub(M63, unsafe_sub(hi, lo)), ONES)
                times: uint256 = 0
                zero: uint256 = 0
                tail: uint256 = further & 3
                last: uint256 = unsafe_mul(unsafe_sub(i, convert(tail > 0, uint256)), 32)
                for two: uint256 in range(unsafe_sub(last, place) >> 6, bound=MAX_WORDS):
                    word = extract32(words, place, output_type=uint256)
                    second: uint256 = extract32(words, unsafe_add(place, 32), output_type=uint256)
                    place = unsafe_add(place, 64)
                    times = unsafe_add(
                        times, unsafe_add((word >> 40) & STEPS, (second >> 40) & STEPS)
                    )
                    zero |= word | second
                    word = unsafe_sub(word & EVEN32, floors)
                    second = unsafe_sub(second & EVEN32, floors)
                    sums = unsafe_add(sums, unsafe_add(word, second))
                    if (
                        word | second | unsafe_add(word, lift) | unsafe_add(second, lift)
                    ) & GUARDS != 0:
                        tripped |= 1 << (two >> 1)
                for rest: uint256 in range(unsafe_sub(unsafe_mul(i, 32), place) >> 5, bound=2):
                    word = extract32(words, place, output_type=uint256)
                    times = unsafe_add(times, (word >> 40) & STEPS)
                    zero |= word
                    if place == last:
                        assert word >> (tail << 6) == 0, "gauges: padding not zero"
                        word |= floors << (tail << 6)
                    word = unsafe_sub(word & EVEN32, floors)
                    sums = unsafe_add(sums, word)
                    if (word | unsafe_add(word, lift)) & GUARDS != 0:
                        tripped |= 1 << (unsafe_sub(place, begin) >> 7)
                    place = unsafe_add(place, 32)
                assert zero & IRREGULAR_ZERO == 0, "gauges: lane bits not zero"
                total = unsafe_add(
                    total, unsafe_add(unsafe_mul(further, lo), self._folded(sums))
                )
                word = extract32(words, unsafe_sub(unsafe_mul(i, 32), 32), output_type=uint256)
                value = (word >> ((unsafe_sub(further, 1) & 3) << 6)) & M32
                duration_s = unsafe_add(duration_s, unsafe_add(further, self._folded(times)))
            beyond |= tripped

        at: uint256 = unsafe_add((hot >> 48) & M32, duration_s)
        # continuity, relay group, enrolment, marks, day, time and count are one comparison
        if (
            (hot ^ (((header >> 120) & M32) << 48 | key)) & QUIET_MASK
            | header & PLAIN_MASK
            | convert(at > (hot >> 128) & M32, uint256)
            | convert(at > block.timestamp, uint256)
            | convert(unsafe_add((hot >> 32) & M16, further) >= M16, uint256)
            == 0
        ):
            if beyond == 0:
                self._hot[channel] = unsafe_add(
                    (hot & KEPT) | value | (at << 48),
                    unsafe_add(unsafe_add(further, 1) << 32, total << 80),
                )
                continue
            # perhaps only outside of what the day's range, or what can carry, left of the band
            lowest: uint256 = value
            highest: uint256 = value
            if further > 0:
                total = (header >> 152) & M32
                lowest = total
                highest = total
                if lo | (hi << 32) == (hot >> 160) & M64 or hot & PENDING != 0:
                    highest = max_value(uint256)  # nothing was left off
                    tripped = 0
                regular: bool = (header >> 48) & M24 > 0
                width: uint256 = 32 if regular else 64
                held: uint256 = 8 if regular else 4
                ones: uint256 = ONES32 if regular else ONES
                room: uint256 = unsafe_sub(hi, lo)
                floors: uint256 = unsafe_mul(lo, ones)
                lift: uint256 = unsafe_mul(unsafe_sub(M31, room), ones)
                apart: uint256 = 0  # values taken one by one
                for four: uint256 in range(MAX_WORDS // 4):
                    if tripped >> four == 0:
                        break
                    if (tripped >> four) & 1 == 0:
                        continue
                    begin: uint256 = unsafe_add(first, unsafe_mul(four, 4))
                    for place: uint256 in range(begin, min(unsafe_add(begin, 4), i), bound=4):
                        word: uint256 = extract32(
                            words, unsafe_mul(place, 32), output_type=uint256
                        )
                        if not regular:
                            word &= EVEN32
                        if place == unsafe_sub(i, 1):
                            held = unsafe_add(unsafe_sub(further, 1) & unsafe_sub(held, 1), 1)
                            word |= floors << unsafe_mul(held, width)
                        one: uint256 = unsafe_sub(word, floors)
                        if (one | unsafe_add(one, lift)) & GUARDS32 == 0 and room <= M31:
                            continue
                        sums = unsafe_sub(sums, one)
                        apart = unsafe_add(apart, held)
                        for lane32: uint256 in range(held, bound=8):
                            one = word & M32
                            word = word >> width
                            total = unsafe_add(total, one)
                            if one < lowest:
                                lowest = one
                            elif one > highest:
                                highest = one
                total = unsafe_add(total, unsafe_mul(unsafe_sub(further, apart), lo))
                total = unsafe_add(total, sums % M32 if regular else self._folded(sums))
                lo = (hot >> 160) & M32
                hi = (hot >> 192) & M32
            if convert(lowest < lo, uint256) | convert(highest > hi, uint256) == 0:
                if hot & RANGED != 0:
                    if lowest < low:
                        ruling = unsafe_sub(ruling, unsafe_sub(low, lowest) << 112)
                    if highest > high:
                        ruling = unsafe_add(ruling, unsafe_sub(highest, high) << 144)
                    self._ruling[channel] = ruling
                self._hot[channel] = unsafe_add(
                    (hot & KEPT) | value | (at << 48),
                    unsafe_add(unsafe_add(further, 1) << 32, total << 80),
                )
                continue

        reason: uint256 = 0
        if (hot ^ (((header >> 120) & M32) << 48 | key)) & KEY_MASK != 0:
            reason = self._mismatch(hot, key)
        elif at > block.timestamp:
            reason = FUTURE
        elif header & HEADER_ZERO != 0:
            reason = BAD_KIND
        elif self._beyond_calendar(hot, at):
            reason = NO_CALENDAR
        else:
            step: uint256 = (header >> 48) & M24
            void: bool = (header >> 239) & 1 == 1
            late: uint256 = 0
            unheard: uint256 = 0
            value = (header >> 152) & M32
            at = ((hot >> 48) & M32) + ((header >> 200) & M32) + 1
            for r: uint256 in range(further + 1, bound=2**16):
                if r > 0 and step > 0:
                    value = (extract32(words, unsafe_mul(first + ((r - 1) >> 3), 32), output_type=uint256) >> (((r - 1) & 7) << 5)) & M32
                    at = ((hot >> 48) & M32) + step
                elif r > 0:
                    lane64: uint256 = extract32(words, unsafe_mul(first + ((r - 1) >> 2), 32), output_type=uint256) >> (((r - 1) & 3) << 6)
                    value = lane64 & M32
                    at = ((hot >> 48) & M32) + ((lane64 >> 40) & M24) + 1
                hot, unheard = self._step(channel, batch_id, hot, value, at, void)
                late += unheard
            self._hot[channel] = hot
            if late > 0:
                log IGauges.LateReadings(
                    channel=channel, batch_id=batch_id, count=late, until_at=(hot >> 48) & M32
                )
        if reason > 0:
            refused = unsafe_add(refused, 1)
            log ILanes.GroupRefused(
                channel=channel, batch_id=batch_id, lane=lane, reason=reason, end_word=i
            )

    lanes._settle(lane, lane_word, batch_id, root, words_hash, 0, refused)


@external
def close(channel: uint256, period: uint256):
    """
    @notice Rule on a day that has ended, silence included. Open to anyone.
    @param period The day, an index into the DAY calendar; it must be the gauge's current one.
    """
    lanes._require_current()
    hot: uint256 = self._hot[channel]
    assert hot != 0, "gauges: unknown channel"
    ruling: IGauges.Ruling = gauge_words._ruling(self._ruling[channel])
    assert self._is_ruled(channel, ruling.by_permit), "gauges: nothing rules the gauge"
    assert period == ruling.period, "gauges: must be the current day"
    ended_at: uint256 = staticcall IStandards(access._at(names.STANDARDS)).boundary(
        DAY, period + 1
    )
    assert block.timestamp > ended_at + self.grace_s, "gauges: day is not over"
    self._hot[channel] = self._turned(channel, NO_BATCH, hot, ended_at + 1) | PAUSED


@external
def set_grace(grace_s: uint256):
    """
    @notice Set how long after its end a day may be closed by anyone.
    """
    access._only(duties.STANDARDS_KEEPER)
    assert grace_s <= 30 * 86_400, "gauges: grace over thirty days"
    self.grace_s = grace_s
    log IGauges.GraceSet(grace_s=grace_s)


@external
def track_range(channel: uint256, tracked: bool):
    """
    @notice Keep the day's lowest and highest value of a gauge, or stop keeping them.
    """
    access._only(duties.STANDARDS_KEEPER)
    lanes._require_current()
    hot: uint256 = self._hot[channel]
    assert hot != 0, "gauges: unknown gauge"
    if tracked:
        self._hot[channel] = hot | RANGED
    else:
        self._hot[channel] = hot & ~RANGED
    log IGauges.RangeTracked(channel=channel, tracked=tracked)


@external
@view
def gauge(channel: uint256) -> IGauges.Gauge:
    """
    @notice Last value, open period and flags of a gauge, in the stored form.
    """
    hot: uint256 = self._hot[channel]
    return IGauges.Gauge(
        value=hot & M32,
        count=(hot >> 32) & M16,
        last_at=(hot >> 48) & M32,
        total=(hot >> 80) & M48,
        trip_at=(hot >> 128) & M32,
        lo=(hot >> 160) & M32,
        hi=(hot >> 192) & M32,
        low_alert=hot & LOW_ALERT != 0,
        high_alert=hot & HIGH_ALERT != 0,
        pending=hot & PENDING != 0,
        ranged=hot & RANGED != 0,
        paused=hot & PAUSED != 0,
        relay_group=(hot >> 239) & M16,
        enrolled=hot >> 255 == 1,
    )


@external
@view
def limits(channel: uint256) -> IGauges.Limits:
    """
    @notice Where an alert of a gauge begins and ends, and the excess that is waiting.
    """
    return gauge_words._limits(self._limits[channel])


@external
@view
def ruling(channel: uint256) -> IGauges.Ruling:
    """
    @notice What the open day of a gauge will be ruled by.
    """
    return gauge_words._ruling(self._ruling[channel])


@external
@view
def ruled(channel: uint256, period: uint256) -> uint256:
    """
    @notice What a day of a gauge was ruled by, packed; of days before it replaced another book, as
            that one says.
    """
    word: uint256 = self._ruled_on[channel][period]
    if word == 0 and self.former != empty(address):
        return staticcall IGaugeBook(self.former).ruled(channel, period)
    return word


@internal
def _enrol_gauge(channel: uint256, relay_group: uint256, opened_at: uint256):
    """
    @dev Reserve the gauge's words. Until it is judged, every value lies in its band.
    """
    assert channel <= M32, "gauges: channel out of range"
    assert self._hot[channel] == 0, "gauges: channel enrolled"
    assert opened_at <= block.timestamp, "gauges: opening lies in the future"
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    day: uint256 = staticcall standards.period_at(DAY, opened_at + 1)
    trip_at: uint256 = staticcall standards.boundary(DAY, day + 1)
    self._hot[channel] = (
        (opened_at << 48) | (trip_at << 128) | (M32 << 192) | (relay_group << 239) | (1 << 255)
    )
    self._ruling[channel] = (M32 << 32) | (day << 64) | (M32 << 112)
    self._limits[channel] = (M32 << 32) | (M32 << 96)
    log IGauges.GaugeEnrolled(channel=channel, relay_group=relay_group, opened_at=opened_at)


@internal
def _judge(
    channel: uint256,
    limit_id: uint256,
    lo: uint256,
    hi: uint256,
    dwell_readings: uint256,
    dwell_s: uint256,
    hysteresis_bps: uint256,
    needed: uint256,
    advisory: bool,
    by_permit: bool,
):
    """
    @dev Hold a gauge against stored limits `lo` to `hi`, both inclusive. Standing alerts end
         without a word: the new limits begin afresh.
    """
    lanes._require_current()
    hot: uint256 = self._hot[channel]
    assert hot != 0, "gauges: gauge not enrolled"
    assert dwell_readings > 0 and dwell_readings <= M8, "gauges: dwell readings out of range"
    assert dwell_s <= M24, "gauges: dwell seconds out of range"
    assert needed > 0 and needed <= M16, "gauges: count needed out of range"
    assert hysteresis_bps <= 10_000, "gauges: hysteresis beyond the limit"
    leave_lo: uint256 = gauge_words._leave_lo(lo, hysteresis_bps)
    leave_hi: uint256 = gauge_words._leave_hi(hi, hysteresis_bps)
    assert lo <= leave_lo and leave_lo <= leave_hi and leave_hi <= hi, "gauges: limits cross"
    self.limit_of[channel] = limit_id
    self._limits[channel] = gauge_words._limits_word(
        IGauges.Limits(
            enter_lo=lo,
            enter_hi=hi,
            leave_lo=leave_lo,
            leave_hi=leave_hi,
            dwell_readings=dwell_readings,
            dwell_s=dwell_s,
            since_at=0,
            run=0,
            worst=0,
        )
    )
    ruling: IGauges.Ruling = gauge_words._ruling(self._ruling[channel])
    ruling.mean_lo = lo
    ruling.mean_hi = hi
    ruling.needed = needed
    ruling.advisory = advisory
    ruling.by_permit = by_permit
    self._ruling[channel] = gauge_words._ruling_word(ruling)
    flags: uint256 = BAND | LOW_ALERT | HIGH_ALERT | PENDING
    self._hot[channel] = (hot & ~flags) | (lo << 160) | (hi << 192)
    log IGauges.GaugeJudged(
        channel=channel,
        limit_id=limit_id,
        mean_lo=lo,
        mean_hi=hi,
        leave_lo=leave_lo,
        leave_hi=leave_hi,
        dwell_readings=dwell_readings,
        dwell_s=dwell_s,
        needed=needed,
        advisory=advisory,
        by_permit=by_permit,
    )


@internal
@view
def _is_ruled(channel: uint256, by_permit: bool) -> bool:
    return by_permit or self.limit_of[channel] != 0


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
def _beyond_calendar(hot: uint256, at: uint256) -> bool:
    """
    @dev Whether a moment lies after the last local day that Standards knows.
    """
    if at <= (hot >> 128) & M32:
        return False
    return at > staticcall IStandards(access._at(names.STANDARDS)).calendar_end(DAY)


@internal
def _step(
    channel: uint256, batch_id: uint256, hot: uint256, reading: uint256, at: uint256, void: bool
) -> (uint256, uint256):
    """
    @dev One value, ruled on with its own time. A void value moves time only.
    @return The hot word after it, and 1 if the reading belongs to a day already closed.
    """
    after: uint256 = hot
    if at > (after >> 128) & M32:
        after = self._turned(channel, batch_id, after, at) & ~PAUSED
    if after & PAUSED != 0:
        day: uint256 = (self._ruling[channel] >> 64) & M32
        if at <= staticcall IStandards(access._at(names.STANDARDS)).boundary(DAY, day):
            return (after & ~(M32 << 48)) | (at << 48), 1
        after &= ~PAUSED
    if void:
        self._ruling[channel] = self._voided(self._ruling[channel])
        return ((after & ~(M32 << 48)) | (at << 48)) | VOID, 0
    if (after >> 32) & M16 == M16:
        # a full count rules a part of the day
        after = self._ruled(channel, batch_id, after)
    after = ((after & ~(MOVED | VOID)) | reading | (at << 48)) + (1 << 32) + (reading << 80)
    if after & RANGED != 0:
        self._ruling[channel] = self._stretched(self._ruling[channel], reading)
    if reading < (after >> 160) & M32 or reading > (after >> 192) & M32 or after & PENDING != 0:
        after = self._alerted(channel, batch_id, after, reading, at)
    return after, 0


@internal
@pure
def _voided(ruling: uint256) -> uint256:
    if (ruling >> 176) & M24 == M24:
        return ruling
    return ruling + (1 << 176)


@internal
@pure
def _stretched(ruling: uint256, reading: uint256) -> uint256:
    """
    @dev The day's range with `reading` in it.
    """
    low: uint256 = min((ruling >> 112) & M32, reading)
    high: uint256 = max((ruling >> 144) & M32, reading)
    return (ruling & ~(M64 << 112)) | (low << 112) | (high << 144)


@internal
def _alerted(
    channel: uint256, batch_id: uint256, hot: uint256, reading: uint256, at: uint256
) -> uint256:
    """
    @dev A value outside the band: an alert is raised, grows worse or is cleared, or a dwell begins,
         goes on or breaks off.
    @return The hot word with its flags and band.
    """
    word: uint256 = self._limits[channel]
    flags: uint256 = hot & (LOW_ALERT | HIGH_ALERT | PENDING)
    # a standing alert that grows worse: nothing is told, only the band follows
    if flags == HIGH_ALERT and reading > max((word >> 208) & M32, (word >> 96) & M32):
        self._limits[channel] = (word & ~(M32 << 208)) | (reading << 208)
        return (hot & ~(M32 << 192)) | (reading << 192)
    if flags == LOW_ALERT and reading < min((word >> 208) & M32, (word >> 64) & M32):
        self._limits[channel] = (word & ~(M32 << 208)) | (reading << 208)
        return (hot & ~(M32 << 160)) | (reading << 160)
    limits: IGauges.Limits = gauge_words._limits(word)
    lo: uint256 = (hot >> 160) & M32
    hi: uint256 = (hot >> 192) & M32
    if flags & HIGH_ALERT != 0:
        if reading > limits.leave_hi:
            limits.worst = max(limits.worst, reading)
            hi = limits.worst
        else:
            flags = 0
            self._log_cleared(channel, batch_id, at, limits, True)
    elif flags & LOW_ALERT != 0:
        if reading < limits.leave_lo:
            limits.worst = min(limits.worst, reading)
            lo = limits.worst
        else:
            flags = 0
            self._log_cleared(channel, batch_id, at, limits, False)
    if flags & (LOW_ALERT | HIGH_ALERT) == 0:
        high: bool = reading > limits.enter_hi
        if high or reading < limits.enter_lo:
            if flags & PENDING != 0 and high == (limits.worst > limits.enter_hi):
                limits.run += 1
                limits.worst = max(limits.worst, reading) if high else min(limits.worst, reading)
            else:
                limits.run = 1
                limits.since_at = at
                limits.worst = reading
            if limits.run >= limits.dwell_readings and at - limits.since_at >= limits.dwell_s:
                flags = HIGH_ALERT if high else LOW_ALERT
                lo = limits.leave_hi + 1 if high else limits.worst
                hi = limits.worst if high else limits.leave_lo - 1
                log IGauges.AlertRaised(
                    channel=channel,
                    batch_id=batch_id,
                    at=at,
                    since_at=limits.since_at,
                    high=high,
                    worst=limits.worst,
                    limit=limits.enter_hi if high else limits.enter_lo,
                )
            else:
                flags = PENDING
                lo = M32
                hi = 0
        else:
            flags = 0
            limits.run = 0
            lo = limits.enter_lo
            hi = limits.enter_hi
    self._limits[channel] = gauge_words._limits_word(limits)
    kept: uint256 = hot & ~(BAND | LOW_ALERT | HIGH_ALERT | PENDING)
    return kept | flags | (lo << 160) | (hi << 192)


@internal
def _log_cleared(
    channel: uint256, batch_id: uint256, at: uint256, limits: IGauges.Limits, high: bool
):
    log IGauges.AlertCleared(
        channel=channel,
        batch_id=batch_id,
        at=at,
        since_at=limits.since_at,
        high=high,
        worst=limits.worst,
    )


@internal
def _turned(channel: uint256, batch_id: uint256, hot: uint256, at: uint256) -> uint256:
    """
    @dev Rule the open day and open the one that `at` belongs to; days without a reading are told.
    """
    after: uint256 = self._ruled(channel, batch_id, hot)
    ruling: IGauges.Ruling = gauge_words._ruling(self._ruling[channel])
    standards: IStandards = IStandards(access._at(names.STANDARDS))
    day: uint256 = staticcall standards.period_at(DAY, at)
    limit_id: uint256 = self.limit_of[channel]
    if day > ruling.period + 1 and self._is_ruled(channel, ruling.by_permit):
        log IGauges.PeriodsMissing(
            channel=channel,
            batch_id=batch_id,
            limit_id=limit_id,
            first=ruling.period + 1,
            last=day - 1,
        )
    ruling.period = day
    self._ruling[channel] = gauge_words._ruling_word(ruling)
    trip_at: uint256 = staticcall standards.boundary(DAY, day + 1)
    return (after & ~(M32 << 128)) | (trip_at << 128)


@internal
def _ruled(channel: uint256, batch_id: uint256, hot: uint256) -> uint256:
    """
    @dev Rule what the open day holds and empty it. The mean is compared exactly: the sum against
         the limit times the count.
    """
    ruling: IGauges.Ruling = gauge_words._ruling(self._ruling[channel])
    limit_id: uint256 = self.limit_of[channel]
    if self._is_ruled(channel, ruling.by_permit):
        count: uint256 = (hot >> 32) & M16
        total: uint256 = (hot >> 80) & M48
        verdict: uint256 = MET
        if count == 0:
            verdict = MISSING
        elif count < ruling.needed:
            verdict = INSUFFICIENT
        elif total > ruling.mean_hi * count or total < ruling.mean_lo * count:
            verdict = EXCEEDED
        if count > 0:
            self._ruled_on[channel][ruling.period] = gauge_words._added(
                self._ruled_on[channel][ruling.period], total, count, self._ruling[channel]
            )
        log IGauges.PeriodRuled(
            channel=channel,
            batch_id=batch_id,
            limit_id=limit_id,
            period=ruling.period,
            ended_at=(hot >> 128) & M32,
            total=total,
            count=count,
            low=ruling.low,
            high=ruling.high,
            voided=ruling.voided,
            mean_lo=ruling.mean_lo,
            mean_hi=ruling.mean_hi,
            verdict=verdict,
            advisory=ruling.advisory,
            by_permit=ruling.by_permit,
        )
    ruling.low = M32
    ruling.high = 0
    ruling.voided = 0
    self._ruling[channel] = gauge_words._ruling_word(ruling)
    return hot & ~((M16 << 32) | (M48 << 80))
