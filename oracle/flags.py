"""Flags of accepted readings. None of them holds a reading back, so none can hide an exceedance."""

import numpy as np

from ledger.leaves import ROLL_OVER
from oracle.mapping import Rule
from oracle.readings import GAP, JUMP, STUCK, Block, Ints, State, differences


def flags(rule: Rule, block: Block, before: State) -> tuple[Ints, int]:
    """The flags of each reading, and how many equal values the block ends with.

    A gap: the step is longer than the channel's cadence. A jump: the change of a gauge's value, or
    the volume of a meter's step, is larger than the mapping's `most_change`. Stuck: at least
    `stuck_after` equal values, or steps without volume, follow each other.
    """
    if len(block) == 0:
        return block.at, before.run
    found = np.where(differences(block.at, before.last_at) > rule.channel.cadence_s, GAP, 0)
    change = differences(block.value, before.last_value)
    if rule.channel.modulus_l:
        change += np.where(block.mark == ROLL_OVER, rule.channel.modulus_l, 0)
    same = change == 0
    if before.last_at <= rule.channel.opened_at and not rule.is_meter:
        change[0], same[0] = 0, False  # a gauge shows nothing before its first value
    if rule.most_change:
        found |= np.where(np.abs(change) > rule.most_change, JUMP, 0)
    runs = _runs(same, before.run)
    if rule.stuck_after:
        found |= np.where(runs + 1 >= rule.stuck_after, STUCK, 0)
    return found.astype(np.int64), int(runs[-1])


def _runs(same: "np.ndarray[tuple[int], np.dtype[np.bool_]]", before: int) -> Ints:
    """How many equal values in a row each reading ends."""
    places = np.arange(1, len(same) + 1)
    broken = np.maximum.accumulate(np.where(same, 0, places))
    return np.where(broken == 0, places + before, places - broken).astype(np.int64)
