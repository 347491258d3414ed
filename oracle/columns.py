"""A whole column at once: proves that nothing is wrong with it, or leaves it to oracle.cells.

Text becomes an integer of 10**-D units without a rounding error: a decimal of at most 15 digits is
told apart by its nearest double, so if `k / 10**D` gives that double back, the text says k / 10**D.
A cell that this cannot prove is read by itself; a column with anything to refuse is left alone.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ledger.packing import MAX_REGISTER_L, ZERO_VALUE
from ledger.units import NUMBER
from oracle.cells import CLOCK_TOLERANCE_S, Wrong, amount_of, marked, stored_bounds
from oracle.mapping import Rule
from oracle.readings import Block, Ints, State, Taken, differences

MOST_DECIMALS = 6  # tried where a mapping does not say how many there are
MOST_DIGITS = 15  # of a decimal that its nearest double tells apart
LEAST_LOST = 5  # 1e-324 is no zero, though its nearest double is; nothing shorter is lost
SAFE = 2**62


def take(
    rule: Rule,
    rows: Ints,
    at: Ints,
    texts: Sequence[str],
    marks: Sequence[str],
    state: State,
    now: int,
) -> Taken | None:
    """The filled cells of a channel, or None where one of them must be looked at by itself."""
    if len(at) == 0:
        return Taken(_block(rule, at, at, at, rows), state, "columns")
    if rule.estimates or state.moving or state.measured_l is not None:
        return None
    later = differences(at, state.last_at) > 0
    if not later.all() or at[-1] > now + CLOCK_TOLERANCE_S or at[0] <= rule.channel.opened_at:
        return None
    try:
        amounts, denominator = amounts_of(rule, texts)
        noted = np.array([marked(rule, text) for text in marks], dtype=np.int64)
    except (Wrong, OverflowError):
        return None
    value, carry = _values(rule, amounts, denominator, at, state)
    if value is None or not _possible(rule, value, state):
        return None
    last = State(int(at[-1]), int(value[-1]), carry, state.run)
    return Taken(_block(rule, at, value, noted, rows), last, "columns")


def _block(rule: Rule, at: Ints, value: Ints, mark: Ints, rows: Ints) -> Block:
    return Block(rule.channel.id, at, value, mark, rows)


def amounts_of(rule: Rule, texts: Sequence[str]) -> tuple[Ints, int]:
    """Each cell's amount over one denominator; Wrong where a cell is no amount at all."""
    decimals = MOST_DECIMALS if rule.decimals is None else rule.decimals
    if not all(map(NUMBER.fullmatch, texts)):
        raise Wrong("not_a_number", "a cell is no number")
    numbers = np.array(texts, dtype=np.float64)
    scaled = numbers * 10.0**decimals
    counted = np.rint(scaled)
    if not np.isfinite(scaled).all() or np.abs(scaled).max() >= 2**52:
        raise OverflowError
    if rule.decimals is None:
        digits = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) - 1
        proven = (counted / 10.0**decimals == numbers) & (digits <= MOST_DIGITS)
        proven &= (numbers != 0) | (digits < LEAST_LOST)
    else:
        # rounded: proven unless the double lies near a tie, where half-even asks for the text
        proven = np.abs(scaled - counted) < 0.5 - np.maximum(1e-6, np.abs(scaled) * 2.0**-50)
    unit = rule.factor / 10**decimals
    amounts = counted.astype(np.int64)
    if int(np.abs(amounts).max()) * unit.numerator >= SAFE:
        raise OverflowError
    amounts *= unit.numerator
    for place in np.flatnonzero(~proven):
        exact = amount_of(rule, texts[place]) * unit.denominator
        if exact.denominator != 1 or abs(exact) >= SAFE:
            raise OverflowError
        amounts[place] = int(exact)
    return amounts, unit.denominator


def _values(
    rule: Rule, amounts: Ints, denominator: int, at: Ints, state: State
) -> tuple[Ints | None, Fraction]:
    """Stored words or registers; None where an amount is no whole number."""
    if rule.of == "rate":
        return _summed(rule, amounts, denominator, at, state)
    if denominator != 1:
        if (amounts % denominator).any():
            return None, state.carry
        amounts = amounts // denominator
    if rule.of == "value":
        return amounts + ZERO_VALUE, state.carry
    if rule.of == "register":
        return amounts, state.carry
    return state.last_value + np.cumsum(amounts), state.carry


def _summed(
    rule: Rule, rates: Ints, denominator: int, at: Ints, state: State
) -> tuple[Ints | None, Fraction]:
    """Rates as a register: the floor of the exact running sum, the rest carried over."""
    carried = state.carry * denominator
    durations = np.minimum(differences(at, state.last_at), rule.channel.cadence_s)
    most = float(np.abs(rates).max()) * float(durations.max()) * len(rates)
    if carried.denominator != 1 or most >= SAFE:
        return None, state.carry
    total = np.cumsum(rates * durations) + int(carried)
    left = Fraction(int(total[-1] % denominator), denominator)
    return state.last_value + total // denominator, left


def _possible(rule: Rule, value: Ints, state: State) -> bool:
    if rule.is_meter:
        falls = differences(value, state.last_value) < 0
        low, high = rule.channel.low, min(rule.channel.high, MAX_REGISTER_L)
        return not falls.any() and bool(low <= value[0] and value[-1] <= high)
    low, high = stored_bounds(rule)
    return bool(low <= value.min() and value.max() <= high)
