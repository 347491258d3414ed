"""One cell after another: the exact amount of each, and every way in which it can be wrong."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from fractions import Fraction

from ledger.errors import NotANumber
from ledger.leaves import ROLL_OVER
from ledger.packing import MAX_REGISTER_L, MAX_REGULAR, ZERO_VALUE
from ledger.units import number
from oracle.mapping import Rule
from oracle.readings import Reading, Refusal, Repeated, State, Taken, block_of
from oracle.times import NoMoment

CLOCK_TOLERANCE_S = 300  # how far a source's clock may run ahead
# of the modulus: a register that would move further by beginning again has fallen; ours, not law
MOST_ROLLED = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """A filled cell: its row, moment, text, and the telegram it came in."""

    row: int
    at: int | NoMoment
    text: str
    mark: str
    telegram: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """A reading that is recorded already; enough to tell whether another is the same.

    One that only the chain holds has no telegram. `deemed_until` is the end of a time whose use was
    deemed: no reading within it is taken.
    """

    value: int
    mark: int
    telegram: bytes | None
    deemed_until: int = 0


Recorded = Callable[[int, int], Known | None]  # by channel and moment


class Wrong(Exception):
    """Why a cell is no reading: a code of REASONS, and the particulars."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def take(rule: Rule, cells: Iterable[Cell], state: State, now: int, recorded: Recorded) -> Taken:
    """Every cell of a channel in its order: readings, refusals, and those recorded already."""
    readings: list[Reading] = []
    refusals: list[Refusal] = []
    fresh: dict[int, Known] = {}
    repeated = 0
    for cell in cells:
        outcome, state = _outcome(rule, cell, state, now, recorded, fresh)
        if isinstance(outcome, Reading):
            readings.append(outcome)
            fresh[outcome.at] = Known(outcome.value, outcome.mark, cell.telegram)
        elif isinstance(outcome, Refusal):
            refusals.append(outcome)
        else:
            repeated += 1
    block = block_of(rule.channel.id, readings)
    return Taken(block, state, "one by one", refusals, repeated)


def _outcome(
    rule: Rule,
    cell: Cell,
    state: State,
    now: int,
    recorded: Recorded,
    fresh: dict[int, Known],
) -> tuple[Reading | Refusal | Repeated, State]:
    at = None if isinstance(cell.at, NoMoment) else cell.at
    try:
        if isinstance(cell.at, NoMoment):
            raise Wrong("no_moment", str(cell.at))
        mark = marked(rule, cell.mark)
        amount = amount_of(rule, cell.text)
        _on_time(rule, cell.at, now)
        if cell.at <= state.last_at:
            known = fresh.get(cell.at) or recorded(rule.channel.id, cell.at)
            return _again(rule, cell, known, amount, mark), state
        value, carry = advanced(rule, amount, cell.at, state)
        if rolls_over(rule, value, state, mark):
            reading = Reading(rule.channel.id, cell.at, value, ROLL_OVER, cell.row)
            return reading, State(cell.at, value, carry, state.run)
        _possible(rule, value, state, mark)
    except Wrong as wrong:
        refusal = Refusal(rule.channel.id, cell.row, at, cell.text, wrong.reason, wrong.detail)
        return refusal, state
    reading = Reading(rule.channel.id, cell.at, value, mark, cell.row)
    measured_l = _measured_l(state) if rule.is_meter and mark else None
    return reading, State(cell.at, value, carry, state.run, measured_l)


def rolls_over(rule: Rule, value: int, state: State, mark: int) -> bool:
    """Whether a register that falls has begun again at zero.

    Its channel is enrolled with a modulus, it was measured before and is now, and so it moved by no
    more than a tenth of the modulus; whatever else falls is held.
    """
    modulus_l = rule.channel.modulus_l
    if rule.of != "register" or mark or state.moving or state.measured_l is not None:
        return False
    moved_l = value + modulus_l - state.last_value
    return 0 <= value < state.last_value < modulus_l and moved_l * MOST_ROLLED <= modulus_l


def _measured_l(state: State) -> int:
    """The register last measured before an estimate."""
    return state.last_value if state.measured_l is None else state.measured_l


def marked(rule: Rule, text: str) -> int:
    """The mark that a text beside a value stands for."""
    if rule.mark_column is None:
        return 0
    if text not in rule.marks:
        raise Wrong("unknown_mark", f"{text!r} in column {rule.mark_column}")
    return rule.marks[text]


def amount_of(rule: Rule, text: str) -> Fraction:
    """The exact amount in a cell: stored steps, litres, or for a rate litres a second."""
    try:
        written = number(text)
        if rule.decimals is not None:
            written = written.quantize(Decimal(1).scaleb(-rule.decimals), ROUND_HALF_EVEN)
    except NotANumber as error:
        raise Wrong("not_a_number", error.message) from error
    except InvalidOperation as error:
        raise Wrong("impossible", f"{text} is larger than anything measured") from error
    amount = Fraction(written) * rule.factor
    if rule.of != "rate" and amount.denominator != 1:
        unit = "litres" if rule.is_meter else f"{rule.channel.resolution} {rule.channel.base}"
        raise Wrong("fraction", f"{text} {rule.unit} is not a whole number of {unit}")
    return amount


def advanced(rule: Rule, amount: Fraction, at: int, state: State) -> tuple[int, Fraction]:
    """The value after a cell, and what a rate's sum carries over.

    A gap adds nothing: a rate counts for one step of its channel's cadence at most.
    """
    if rule.of == "value":
        return int(amount) + ZERO_VALUE, state.carry
    if rule.of == "register":
        return int(amount), state.carry
    if rule.of == "volume":
        return state.last_value + int(amount), state.carry
    total = state.carry + amount * min(at - state.last_at, rule.channel.cadence_s)
    whole = total.numerator // total.denominator
    return state.last_value + whole, total - whole


def _on_time(rule: Rule, at: int, now: int) -> None:
    if at > now + CLOCK_TOLERANCE_S:
        raise Wrong("future", f"{at} is {at - now} s ahead of the clock")
    if at <= rule.channel.opened_at:
        raise Wrong("before_opening", f"{at}, opened at {rule.channel.opened_at}")


def _again(
    rule: Rule, cell: Cell, known: Known | None, amount: Fraction, mark: int
) -> Repeated | Refusal:
    """A moment that is not later than the last one: the same again, or a contradiction."""
    at = int(cell.at)  # type: ignore[arg-type]
    if known is not None and known.deemed_until:
        detail = f"{at} lies in a time whose use was deemed, until {known.deemed_until}"
        return Refusal(rule.channel.id, cell.row, at, cell.text, "deemed_use", detail)
    if known is None:
        detail = f"{at} is not later than the last reading"
        return Refusal(rule.channel.id, cell.row, at, cell.text, "backward_time", detail)
    if known.telegram == cell.telegram or _same(rule, amount, mark, known):
        return Repeated(rule.channel.id, cell.row)
    if known.telegram is None and rule.of in ("volume", "rate"):
        return Repeated(rule.channel.id, cell.row)  # the chain has its register, not its summands
    text = str(known.value) if known.telegram is None else known.telegram.decode("utf-8", "replace")
    detail = f"recorded at {at}: {text}"
    return Refusal(rule.channel.id, cell.row, at, cell.text, "other_content", detail)


def _same(rule: Rule, amount: Fraction, mark: int, known: Known) -> bool:
    if rule.of == "value":
        return (int(amount) + ZERO_VALUE, mark) == (known.value, known.mark)
    return rule.of == "register" and int(amount) == known.value


def _possible(rule: Rule, value: int, state: State, mark: int) -> None:
    """A value that its channel can have: within the enrolled bounds, a register never falling."""
    channel = rule.channel
    if rule.is_meter:
        if state.moving:
            raise Wrong("register_moves", f"{channel.device} stands at {state.last_value} L")
        if value < state.last_value:
            raise _falling(channel.device, value, state, mark)
        if not channel.low <= value <= min(channel.high, MAX_REGISTER_L):
            raise Wrong("impossible", f"{value} L, bounds {channel.low} to {channel.high} L")
        return
    low, high = stored_bounds(rule)
    if not low <= value <= high:
        amount = (value - ZERO_VALUE) * channel.resolution
        bounds = f"bounds {channel.low} to {channel.high} {channel.base}"
        raise Wrong("impossible", f"{amount} {channel.base}, {bounds}")


def _falling(device: str, value: int, state: State, mark: int) -> Wrong:
    """A register that falls; one that is measured below an estimate says what is to be done."""
    measured_l = state.measured_l
    if mark or measured_l is None or value < measured_l:
        return Wrong("falling_register", f"{value} L after {state.last_value} L")
    told = f"{value} L measured, {state.last_value} L estimated, {measured_l} L measured before"
    act = f"waterline device supersede-estimate {device} --register '{value} L'"
    return Wrong("below_estimate", f"{device}: {told}; an officer decides: {act}")


def stored_bounds(rule: Rule) -> tuple[int, int]:
    """A gauge's enrolled bounds as stored words, both inclusive."""
    resolution = rule.channel.resolution
    low = -(-rule.channel.low // resolution) + ZERO_VALUE
    high = rule.channel.high // resolution + ZERO_VALUE
    return max(low, 0), min(high, MAX_REGULAR)
