# pragma version 0.4.3
"""
@title Tiers
@license Apache-2.0
@notice What use against a plan means: the tier, what may still be used before it changes, the pace.
@dev Pure arithmetic on whole litres. A share over a threshold is compared exactly, as
     (use - plan) * 10,000 > threshold * plan, never as a rounded percentage. Tiers are internal
     alerts of ours, not the legal four-colour warnings; the cuts are local settings, not law.
"""

NO_TIER: constant(uint256) = 0
BLUE: constant(uint256) = 1
YELLOW: constant(uint256) = 2
RED: constant(uint256) = 3
BPS: constant(uint256) = 10_000
UNBOUNDED_L: constant(uint256) = 2**48 - 1


@internal
@pure
def _ceiling_l(plan_l: uint256, over_bps: uint256) -> uint256:
    """
    @dev The largest use that is not beyond the plan by more than `over_bps`.
    """
    return plan_l * (BPS + over_bps) // BPS


@internal
@pure
def _approach_l(plan_l: uint256, approaching_bps: uint256) -> uint256:
    """
    @dev The largest use that does not yet approach the plan.
    """
    return plan_l * approaching_bps // BPS


@internal
@pure
def _tier(
    used_l: uint256, plan_l: uint256, blue_bps: uint256, yellow_bps: uint256, red_bps: uint256
) -> uint256:
    if used_l > self._ceiling_l(plan_l, red_bps):
        return RED
    if used_l > self._ceiling_l(plan_l, yellow_bps):
        return YELLOW
    if used_l > self._ceiling_l(plan_l, blue_bps):
        return BLUE
    return NO_TIER


@internal
@pure
def _left_l(
    used_l: uint256,
    plan_l: uint256,
    blue_bps: uint256,
    yellow_bps: uint256,
    red_bps: uint256,
    approaching_bps: uint256,
) -> uint256:
    """
    @dev Litres that can be used before the tier rises or the plan is approached.
    """
    ceilings: uint256[4] = [
        self._approach_l(plan_l, approaching_bps),
        self._ceiling_l(plan_l, blue_bps),
        self._ceiling_l(plan_l, yellow_bps),
        self._ceiling_l(plan_l, red_bps),
    ]
    for ceiling_l: uint256 in ceilings:
        if used_l <= ceiling_l:
            return ceiling_l - used_l
    return UNBOUNDED_L


@internal
@pure
def _ahead_of_pace(
    used_l: uint256, plan_l: uint256, begun_at: uint256, at: uint256, ends_at: uint256
) -> bool:
    """
    @dev Whether use exceeds the plan times the elapsed share of its period.
    """
    if at <= begun_at or ends_at <= begun_at:
        return False
    return used_l * (ends_at - begun_at) > plan_l * (min(at, ends_at) - begun_at)
