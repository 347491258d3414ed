# pragma version 0.4.3
"""
@title Prices
@license Apache-2.0
@notice What a volume costs: blocks, and the surcharge for use over a plan.
@dev Pure arithmetic. Blocks are marginal: a higher price applies to the part above its cut only, so
     the price is monotone, continuous at the cuts and the integral of the marginal price. Nothing is
     rounded inside; each line of a bill is rounded once, half a micro-yuan up.
"""

MAX_BLOCKS: constant(uint256) = 5  # the ministries' guidance knows three to five
BPS: constant(uint256) = 10_000
LITRES_PER_M3: constant(uint256) = 1_000


@internal
@pure
def _rounded(numerator: uint256, denominator: uint256) -> uint256:
    """
    @dev The nearest whole number, a half up.
    """
    return (numerator + denominator // 2) // denominator


@internal
@pure
def _flat_uy(volume_l: uint256, price_uy_m3: uint256) -> uint256:
    return self._rounded(volume_l * price_uy_m3, LITRES_PER_M3)


@internal
@pure
def _blocks_uy(
    volume_l: uint256,
    cuts_l: DynArray[uint256, MAX_BLOCKS],
    prices_uy_m3: DynArray[uint256, MAX_BLOCKS],
) -> uint256:
    """
    @dev A volume in blocks. One price more than cuts; a cut belongs to the lower block.
    """
    numerator: uint256 = 0
    below_l: uint256 = 0
    for i: uint256 in range(len(prices_uy_m3), bound=MAX_BLOCKS):
        upto_l: uint256 = volume_l
        if i < len(cuts_l):
            upto_l = min(volume_l, cuts_l[i])
        numerator += (upto_l - below_l) * prices_uy_m3[i]
        below_l = upto_l
    return self._rounded(numerator, LITRES_PER_M3)


@internal
@pure
def _over_plan_uy(
    used_l: uint256,
    plan_l: uint256,
    free_bps: uint256,
    cuts_bps: DynArray[uint256, MAX_BLOCKS],
    added_bps: DynArray[uint256, MAX_BLOCKS],
    price_uy_m3: uint256,
) -> uint256:
    """
    @dev The surcharge beside the ordinary price. Bands are shares of the plan counted over it, the
         first one beginning at `free_bps`; a cut belongs to the lower band. Exact in
         litres * 10,000 until the one rounding.
    """
    used: uint256 = used_l * BPS
    below: uint256 = plan_l * (BPS + free_bps)
    numerator: uint256 = 0
    for i: uint256 in range(len(added_bps), bound=MAX_BLOCKS):
        if used <= below:
            break
        upto: uint256 = used
        if i < len(cuts_bps):
            upto = min(used, plan_l * (BPS + cuts_bps[i]))
        numerator += (upto - below) * added_bps[i]
        below = upto
    return self._rounded(numerator * price_uy_m3, BPS * BPS * LITRES_PER_M3)
