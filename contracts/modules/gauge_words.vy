# pragma version 0.4.3
"""
@title Gauge words
@license Apache-2.0
@notice Packs and unpacks what a gauge keeps, and turns limits into the stored form.
@dev Bit tables: docs/wire-format.md. Bit 0 is the lowest.
"""

from contracts.interfaces import IGauges

OFFSET: constant(uint256) = 2**31  # the stored word of the value zero
M8: constant(uint256) = 2**8 - 1
M16: constant(uint256) = 2**16 - 1
M24: constant(uint256) = 2**24 - 1
M32: constant(uint256) = 2**32 - 1
M64: constant(uint256) = 2**64 - 1
M96: constant(uint256) = 2**96 - 1
BPS: constant(uint256) = 10_000


@internal
@pure
def _limits(word: uint256) -> IGauges.Limits:
    return IGauges.Limits(
        enter_lo=word & M32,
        enter_hi=(word >> 32) & M32,
        leave_lo=(word >> 64) & M32,
        leave_hi=(word >> 96) & M32,
        dwell_readings=(word >> 128) & M8,
        dwell_s=(word >> 136) & M24,
        since_at=(word >> 160) & M32,
        run=(word >> 192) & M16,
        worst=(word >> 208) & M32,
    )


@internal
@pure
def _limits_word(limits: IGauges.Limits) -> uint256:
    return (
        limits.enter_lo
        | (limits.enter_hi << 32)
        | (limits.leave_lo << 64)
        | (limits.leave_hi << 96)
        | (limits.dwell_readings << 128)
        | (limits.dwell_s << 136)
        | (limits.since_at << 160)
        | (min(limits.run, M16) << 192)
        | (limits.worst << 208)
    )


@internal
@pure
def _ruling(word: uint256) -> IGauges.Ruling:
    return IGauges.Ruling(
        mean_lo=word & M32,
        mean_hi=(word >> 32) & M32,
        period=(word >> 64) & M32,
        needed=(word >> 96) & M16,
        low=(word >> 112) & M32,
        high=(word >> 144) & M32,
        voided=(word >> 176) & M24,
        advisory=(word >> 200) & 1 == 1,
        by_permit=(word >> 201) & 1 == 1,
    )


@internal
@pure
def _ruling_word(ruling: IGauges.Ruling) -> uint256:
    return (
        ruling.mean_lo
        | (ruling.mean_hi << 32)
        | (ruling.period << 64)
        | (ruling.needed << 96)
        | (ruling.low << 112)
        | (ruling.high << 144)
        | (min(ruling.voided, M24) << 176)
        | (convert(ruling.advisory, uint256) << 200)
        | (convert(ruling.by_permit, uint256) << 201)
    )


@internal
@pure
def _added(ruled: uint256, total: uint256, count: uint256, ruling: uint256) -> uint256:
    """
    @dev A ruled day: total 64 | count 32 | mean_lo 32 | mean_hi 32 | needed 16 | advisory 1 |
         by_permit 1. Where a full count ruled a part of the day, the parts add up.
    """
    return (
        unsafe_add(ruled & M96, total | (count << 64))
        | ((ruling & M64) << 96)
        | (((ruling >> 96) & M16) << 160)
        | (((ruling >> 200) & 3) << 176)
    )


@internal
@pure
def _ruled(word: uint256) -> IGauges.Ruled:
    return IGauges.Ruled(
        total=word & M64,
        count=(word >> 64) & M32,
        mean_lo=(word >> 96) & M32,
        mean_hi=(word >> 128) & M32,
        needed=(word >> 160) & M16,
        advisory=(word >> 176) & 1 == 1,
        by_permit=(word >> 177) & 1 == 1,
    )


@internal
@pure
def _floor_word(amount: int256, resolution: uint256) -> uint256:
    """
    @dev The largest stored value that is not above `amount`.
    """
    unit: int256 = convert(resolution, int256)
    quotient: int256 = amount // unit
    if amount % unit < 0:
        quotient -= 1
    return self._word(quotient)


@internal
@pure
def _ceiling_word(amount: int256, resolution: uint256) -> uint256:
    """
    @dev The smallest stored value that is not below `amount`.
    """
    unit: int256 = convert(resolution, int256)
    quotient: int256 = amount // unit
    if amount % unit > 0:
        quotient += 1
    return self._word(quotient)


@internal
@pure
def _word(steps: int256) -> uint256:
    shifted: int256 = steps + convert(OFFSET, int256)
    assert shifted >= 0 and shifted <= convert(M32, int256), "gauges: limit out of range"
    return convert(shifted, uint256)


@internal
@pure
def _leave_hi(enter_hi: uint256, hysteresis_bps: uint256) -> uint256:
    """
    @dev Where a high alert ends: the limit less its share, rounded down, never below the zero word
         for a positive limit.
    """
    if enter_hi == M32 or enter_hi <= OFFSET:
        return enter_hi
    return enter_hi - (enter_hi - OFFSET) * hysteresis_bps // BPS


@internal
@pure
def _leave_lo(enter_lo: uint256, hysteresis_bps: uint256) -> uint256:
    """
    @dev Where a low alert ends: the limit plus its share, rounded down.
    """
    if enter_lo <= OFFSET:
        return enter_lo
    return enter_lo + (enter_lo - OFFSET) * hysteresis_bps // BPS
