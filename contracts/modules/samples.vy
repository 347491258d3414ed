# pragma version 0.4.3
"""
@title Samples
@license Apache-2.0
@notice The arithmetic of laboratory results: what a value counts as, whether it keeps a limit, how
        large it is against it, and sums of such ratios. Whole numbers and fractions only.
@dev A counted value stands in 1/10,000 of the limit's unit, so that half of a detection limit is
     exact too.
"""

from contracts.interfaces import ILaboratory
from contracts.interfaces import IStandards

MEASURED: constant(uint256) = 1  # states of a result
BELOW: constant(uint256) = 2  # below the detection limit, which is stated
NOT_DETECTED: constant(uint256) = 3
ABSENT: constant(uint256) = 4  # qualitative
PRESENT: constant(uint256) = 5
BPS: constant(uint256) = 10_000
IBPS: constant(int256) = 10_000
PER_MILLE: constant(uint256) = 1_000
MAX_MEMBERS: constant(uint256) = 5  # of one sum: at ten-digit limits the fraction fits 256 bits


@internal
@pure
def _censored(state: uint256) -> bool:
    return state == BELOW or state == NOT_DETECTED


@internal
@pure
def _counted(result: ILaboratory.Result, below_bps: uint256) -> int256:
    """
    @dev What a result counts as, in 1/10,000; below detection, a share of the detection limit.
    """
    if result.state == MEASURED:
        return result.value * IBPS
    if self._censored(result.state):
        return convert(result.detection * below_bps, int256)
    return IBPS if result.state == PRESENT else 0


@internal
@pure
def _asks_for_none(limit: IStandards.Limit) -> bool:
    """
    @dev A limit of zero: the parameter is not to be detected.
    """
    return limit.has_hi and limit.hi == 0 and not limit.has_lo


@internal
@pure
def _keeps(counted: int256, limit: IStandards.Limit) -> bool:
    """
    @dev Whether a counted value keeps a limit, both bounds included.
    """
    if limit.has_hi and counted > limit.hi * IBPS:
        return False
    return not (limit.has_lo and counted < limit.lo * IBPS)


@internal
@pure
def _met(result: ILaboratory.Result, limit: IStandards.Limit, below_bps: uint256) -> bool:
    """
    @dev Whether a result keeps a limit; not detected is what "not to be detected" asks for.
    """
    if self._asks_for_none(limit) and self._censored(result.state):
        return True
    return self._keeps(self._counted(result, below_bps), limit)


@internal
@pure
def _per_mille(part: uint256, whole: uint256) -> uint256:
    """
    @dev Rounded away from the whole, so that it is above 1,000 only where part is above whole.
    """
    scaled: uint256 = part * PER_MILLE
    ratio: uint256 = scaled // whole
    if part > whole and scaled % whole != 0:
        ratio += 1
    return ratio


@internal
@pure
def _ratio_pm(counted: int256, limit: IStandards.Limit) -> uint256:
    """
    @dev A value against the bound it broke, or else against the upper one where there is one; a
         lower bound against the value, so that above 1,000 is broken either way. 0 where there is
         no ratio: a bound or value that is not above zero, or a range that is kept.
    """
    below: bool = limit.has_lo and counted < limit.lo * IBPS
    if limit.has_lo and limit.has_hi and self._keeps(counted, limit):
        return 0
    if limit.has_hi and not below:
        if limit.hi <= 0 or counted < 0:
            return 0
        return self._per_mille(convert(counted, uint256), convert(limit.hi, uint256) * BPS)
    if limit.lo <= 0 or counted <= 0:
        return 0
    return self._per_mille(convert(limit.lo, uint256) * BPS, convert(counted, uint256))


@internal
@pure
def _sum(
    counted: DynArray[uint256, MAX_MEMBERS], limits: DynArray[uint256, MAX_MEMBERS]
) -> (uint256, uint256):
    """
    @dev The sum of value over limit as one fraction; the limits are above zero.
    @return Its numerator and its denominator.
    """
    above: uint256 = 0
    per: uint256 = BPS
    for i: uint256 in range(len(counted), bound=MAX_MEMBERS):
        above = above * limits[i] + counted[i] * (per // BPS)
        per *= limits[i]
    return above, per
