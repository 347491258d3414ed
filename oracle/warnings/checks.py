"""What is compared across channels and sources: pure functions of whole numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

PERMILLE = 1_000


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum over a number of values: a volume has a count of 1, a mean that of its readings."""

    total: int
    count: int


def is_silent(last_at: int, cadence_s: int, cadences: int, now: int) -> bool:
    """Whether a channel has said nothing for more than so many of its cadences."""
    return now - last_at > cadences * cadence_s


def missing(numbers: Iterable[int], last: int | None, modulus: int) -> tuple[int, int | None]:
    """How many numbers of a sequence did not come, and the last one.

    A number that comes again, or out of order by less than half the modulus, is no gap.
    """
    gone = 0
    for number in numbers:
        step = 1 if last is None else (number - last) % modulus
        if step == 0 or step > modulus // 2:
            continue
        gone += step - 1
        last = number
    return gone, last


def disagree(left: Amount, right: Amount, tolerance_permille: int) -> bool:
    """Whether two amounts differ by more than a share of the larger one.

    Exact: means are compared by their sums, crosswise. Nothing against nothing agrees.
    """
    one, other = left.total * right.count, right.total * left.count
    larger = max(abs(one), abs(other))
    return abs(one - other) * PERMILLE > tolerance_permille * larger


def permille(left: Amount, right: Amount) -> int:
    """By which share of the larger amount two differ, in per mille, rounded down."""
    one, other = left.total * right.count, right.total * left.count
    larger = max(abs(one), abs(other))
    return abs(one - other) * PERMILLE // larger if larger else 0
