"""The chain's own rules of alert, followed here reading by reading.

A gauge's alert follows contracts/modules/gauges.vy (`_alerted`), a meter's peak
contracts/modules/meters.vy (`_ruled_peak`): the same readings in the same order give the same
alerts, so what is told early is what the chain tells when it has the batch. What they do not
know is a day that was closed by hand meanwhile: the chain then leaves late readings out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ledger.leaves import VOID
from oracle.readings import Block, Ints, differences

LOW, HIGH = "low", "high"


@dataclass(frozen=True, slots=True)
class Limits:
    """Where an alert of a gauge begins and ends, in stored words; all ends belong to the band."""

    enter_lo: int
    enter_hi: int
    leave_lo: int
    leave_hi: int
    dwell_readings: int
    dwell_s: int


@dataclass(frozen=True, slots=True)
class Peak:
    """The greatest rate of a meter, and the one at or below which an excess ends."""

    peak_l_h: int
    return_l_h: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an alert stands: its side or "", an excess that waits out its dwell, the worst value.

    `seen` is how many of the channel's readings it has seen, the last of them at `at` with
    `value`.
    """

    seen: int
    at: int
    value: int
    side: str = ""
    pending: bool = False
    run: int = 0
    since_at: int = 0
    worst: int = 0


@dataclass(frozen=True, slots=True)
class Crossing:
    """An alert raised or ended by a reading, which is the `reading`th of its channel from 0.

    `value` is the worst so far, `limit` the limit in force: stored words of a gauge, litres per
    hour of a meter (the rate rounded down).
    """

    raised: bool
    side: str
    reading: int
    at: int
    since_at: int
    value: int
    limit: int


Tell = Callable[[Crossing], None]


def follow_gauge(limits: Limits, before: Standing, block: Block, tell: Tell) -> Standing:
    """A gauge's alert after a block that follows `before`. Void values move time alone."""
    void = block.mark & VOID != 0
    if not before.side and not before.pending and _calm(limits, block.value[~void]):
        return passed_over(before, block)
    now = before
    columns = (block.at.tolist(), block.value.tolist(), void.tolist())
    for place, (at, value, is_void) in enumerate(zip(*columns, strict=True)):
        if not is_void:
            now = _stepped(limits, now, before.seen + place, at, value, tell)
    return passed_over(now, block)


def follow_meter(peak: Peak, before: Standing, block: Block, tell: Tell) -> Standing:
    """A meter's excess of its peak after a block that follows `before`."""
    volume_l = differences(block.value, before.value).tolist()
    duration_s = differences(block.at, before.at).tolist()
    now = before
    for place, (moved_l, passed_s) in enumerate(zip(volume_l, duration_s, strict=True)):
        limit_l_h = peak.return_l_h if now.side else peak.peak_l_h
        above = moved_l * 3_600 > limit_l_h * passed_s
        if above == bool(now.side):
            continue
        at = int(block.at[place])
        rate_l_h = moved_l * 3_600 // max(passed_s, 1)
        crossing = Crossing(above, HIGH, before.seen + place, at, at, rate_l_h, peak.peak_l_h)
        now = replace(now, side=HIGH if above else "")
        tell(crossing)
    return passed_over(now, block)


def passed_over(now: Standing, block: Block) -> Standing:
    """Where an alert stands after readings that no rule looked at."""
    if len(block) == 0:
        return now
    seen = now.seen + len(block)
    return replace(now, seen=seen, at=int(block.at[-1]), value=int(block.value[-1]))


def _calm(limits: Limits, values: Ints) -> bool:
    if len(values) == 0:
        return True
    return bool(values.min() >= limits.enter_lo and values.max() <= limits.enter_hi)


def _stepped(
    limits: Limits, now: Standing, reading: int, at: int, value: int, tell: Tell
) -> Standing:
    """One value that counts, as `_alerted` takes it."""
    if now.side == HIGH and value > limits.leave_hi:
        return replace(now, worst=max(now.worst, value))
    if now.side == LOW and value < limits.leave_lo:
        return replace(now, worst=min(now.worst, value))
    if now.side:
        limit = limits.enter_hi if now.side == HIGH else limits.enter_lo
        tell(Crossing(False, now.side, reading, at, now.since_at, now.worst, limit))
        now = replace(now, side="", pending=False)
    high = value > limits.enter_hi
    if not high and value >= limits.enter_lo:
        return replace(now, pending=False, run=0)
    if now.pending and high == (now.worst > limits.enter_hi):
        worst = max(now.worst, value) if high else min(now.worst, value)
        now = replace(now, run=now.run + 1, worst=worst)
    else:
        now = replace(now, pending=True, run=1, since_at=at, worst=value)
    if now.run < limits.dwell_readings or at - now.since_at < limits.dwell_s:
        return now
    side, limit = (HIGH, limits.enter_hi) if high else (LOW, limits.enter_lo)
    tell(Crossing(True, side, reading, at, now.since_at, now.worst, limit))
    return replace(now, side=side, pending=False)
