# pragma version 0.4.3
"""
@title Samples
@license Apache-2.0
@notice The arithmetic of laboratory results: what a value counts as, whether it keeps a limit, how
        large it is against it, sums of such ratios, classes. Whole numbers and fractions only.
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
MAX_GRADES: constant(uint256) = 4
MAX_BASES: constant(uint256) = 8
MAX_CLASSES: constant(uint256) = 8
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


@internal
@view
def _rule_result(
    standards: IStandards,
    result: ILaboratory.Result,
    profile: ILaboratory.Profile,
    sample: ILaboratory.Sample,
    sets: DynArray[uint256, MAX_GRADES],
    below: IStandards.Setting,
) -> ILaboratory.Ruled:
    """
    @dev A result against the first limit that a grade of the profile has for it.
    """
    ruled: ILaboratory.Ruled = empty(ILaboratory.Ruled)
    for set_id: uint256 in sets:
        if ruled.limit_id == 0:
            ruled.limit_id = self._find(standards, set_id, result.parameter, profile.bases)
    if ruled.limit_id == 0:
        return ruled
    limit: IStandards.Limit = staticcall standards.limit(ruled.limit_id)
    assert limit.unit == result.unit, "samples: result is not in the unit of its limit"
    below_bps: uint256 = convert(below.amount, uint256)
    ruled.exceeded = not self._met(result, limit, below_bps)
    ruled.ratio_pm = self._ratio_pm(self._counted(result, below_bps), limit)
    unsure: bool = self._censored(result.state) and not below.verified
    hangs: bool = self._met(result, limit, 0) != self._met(result, limit, BPS)
    ruled.advisory = (
        not limit.verified
        or limit.basis in profile.unsure
        or (limit.daily_mean and not sample.composite)
        or (unsure and hangs)
    )
    return ruled


@internal
@view
def _class_of(
    standards: IStandards,
    result: ILaboratory.Result,
    bases: DynArray[bytes32, MAX_BASES],
    classes: DynArray[uint256, MAX_CLASSES],
    below: IStandards.Setting,
) -> uint256:
    """
    @dev The first class whose limit a result keeps, one more than there are where it keeps none, 0
         where no class has a limit for it.
    """
    limited: bool = False
    for k: uint256 in range(len(classes), bound=MAX_CLASSES):
        limit_id: uint256 = self._find(standards, classes[k], result.parameter, bases)
        if limit_id != 0:
            limited = True
            limit: IStandards.Limit = staticcall standards.limit(limit_id)
            if self._met(result, limit, convert(below.amount, uint256)):
                return k + 1
    return len(classes) + 1 if limited else 0


@internal
@pure
def _joined(
    found: ILaboratory.Ruling,
    parameter: bytes32,
    class_no: uint256,
    ratio_pm: uint256,
    exceeded: bool,
    advisory: bool,
) -> ILaboratory.Ruling:
    """
    @dev The ruling with one more item: the worst class, and among its items the largest ratio; an
         excess without a ratio counts as just above the limit.
    """
    ruling: ILaboratory.Ruling = found
    weight_pm: uint256 = max(ratio_pm, PER_MILLE + 1) if exceeded else ratio_pm
    first: bool = ruling.worst_parameter == empty(bytes32)
    worse: bool = class_no > ruling.class_no or (class_no == ruling.class_no and weight_pm > ruling.ratio_pm)
    if first or worse:
        ruling.worst_parameter = parameter
        ruling.class_no = class_no
        ruling.ratio_pm = weight_pm
    if exceeded:
        ruling.exceedances += 1
    if advisory:
        ruling.advisory += 1
    return ruling


@internal
@view
def _find(
    standards: IStandards,
    set_id: uint256,
    parameter: bytes32,
    bases: DynArray[bytes32, MAX_BASES],
) -> uint256:
    """
    @dev The limit of a set for a parameter, by the first basis that it has one of.
    """
    if set_id == 0:
        return 0
    for basis: bytes32 in bases:
        limit_id: uint256 = staticcall standards.limit_of(set_id, parameter, basis)
        if limit_id != 0:
            return limit_id
    return 0
