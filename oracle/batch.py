"""Cutting a batch: which readings go into it, how they are grouped, its words, leaves and root.

Everything here is a function of the readings that wait: the same ones give the same batch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ledger import merkle
from ledger.channels import METER
from ledger.hashing import keccak
from ledger.leaves import ROLL_OVER
from ledger.packing import (
    MAX_REGULAR,
    MAX_STEP_S,
    MAX_WORDS,
    REGULAR_LANES,
    WORD,
    gauge_group,
    is_regular,
    meter_group,
    words_needed,
)
from oracle.readings import Ints, differences

# gas at the worst, whatever readings do to the rules, measured and rounded up: each reading clears
# one alert and raises the other; each group is the first of a new year, under a changed and
# suspended right, over its plan, in an account of sixteen meters
READING_GAS = 9_000
GROUP_GAS = 520_000
# of a turn of a local day at which a meter's register may be kept
TURN_GAS = 50_000
DAY_S = 86_400
# what nearly every batch needs at most: each group raises an alert that a third of it worsens
USUAL_READING_GAS = 1_500
USUAL_GROUP_GAS = 115_000
BATCH_GAS = 150_000
BYTE_GAS = 16
SURROUNDING_WORDS = 8
LONG_RUN = 16  # equal steps that are worth a group of their own


@dataclass(frozen=True, slots=True)
class Waiting:
    """Readings of a channel that wait for a batch, in the order of time, and where it stands.

    `opening_at` and `opening_l` are the moment and register at which the next group opens;
    `turns` are the instants after which a new period begins; `number` counts the first of the
    readings from 0 among those of its channel; a roll-over's register is less by `modulus_l`.
    """

    channel: int
    kind: int
    reading_kind: int
    grade: int
    opening_at: int
    opening_l: int
    at: Ints
    value: Ints
    mark: Ints
    turns: Ints
    number: int = 0
    modulus_l: int = 0


@dataclass(frozen=True, slots=True)
class Laid:
    """The first readings of a channel as they would be sent.

    `amounts` are the volume of each step, or the stored value; `groups` are ranges of the readings,
    each with one mark and, where it pays, one step; `words` is what they take.
    """

    waiting: Waiting
    count: int
    steps: Ints
    amounts: Ints
    groups: list[slice]
    words: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A batch: how many waiting readings of each channel it takes, and what is sent of them.

    `gas` is enough unless its readings do the rules' worst.
    """

    counts: tuple[int, ...]
    words: bytes
    root: bytes
    digest: bytes
    gas: int

    @property
    def readings(self) -> int:
        """How many readings it carries."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Filled:
    """What one batch takes of its channels; `full` if more waits."""

    laid: list[Laid]
    full: bool

    @property
    def waiting(self) -> list[Waiting]:
        """The channels, with all that waits of each."""
        return [one.waiting for one in self.laid]

    @property
    def counts(self) -> list[int]:
        """How many of their first readings are taken."""
        return [one.count for one in self.laid]


def fill(waiting: Iterable[Waiting], until_at: int, most_gas: int) -> Filled:
    """Take channels in their order, each whole while it fits, and no reading after a moment.

    A channel in a batch costs a slot of the contract's storage, a further reading of it next to
    nothing: so a batch holds few channels and much of each. The channel that does not fit any more
    is taken in part. Bounded by the words of a transaction and by the gas of the worst case;
    no channel is asked for beyond the one that fills it.
    """
    room, taken = Room(MAX_WORDS, most_gas - BATCH_GAS - _calldata_gas(0)), []
    for one in waiting:
        due = int(np.searchsorted(one.at, until_at, side="right"))
        laid = lay(one, due)
        if not room.holds(laid):
            laid = _most(room, one, due)
        if laid.count:
            room = room.less(laid)
            taken.append(laid)
        if laid.count < due:
            return Filled(taken, True)
    return Filled(taken, False)


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of a batch: words, and the gas of the worst case."""

    words: int
    gas: int

    def holds(self, laid: Laid) -> bool:
        """Whether readings of a channel still fit."""
        left = self.less(laid)
        return left.words >= 0 and left.gas >= 0

    def less(self, laid: Laid) -> "Room":
        """What is left with them."""
        gas = BYTE_GAS * WORD * laid.words + GROUP_GAS * len(laid.groups)
        gas += READING_GAS * laid.count + TURN_GAS * _days(laid)
        return Room(self.words - laid.words, self.gas - gas)


def _days(laid: Laid) -> int:
    """The most turns of a day that are kept by a meter's readings; none by a gauge's.

    Turns that pass unread are kept as one.
    """
    w, count = laid.waiting, laid.count
    if w.kind != METER or not count:
        return 0
    return min(count, (int(w.at[count - 1]) - w.opening_at) // DAY_S + 1)


def _most(room: Room, w: Waiting, due: int) -> Laid:
    """The most readings of a channel that still fit."""
    low, high = 0, min(due - 1, REGULAR_LANES * MAX_WORDS, max(room.gas, 0) // READING_GAS)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if room.holds(lay(w, middle)) else (low, middle - 1)
    return lay(w, low)


def lay(w: Waiting, count: int) -> Laid:
    """The first `count` readings of a channel in groups."""
    steps = differences(w.at[:count], w.opening_at)
    values = w.value[:count]
    amounts = differences(values, w.opening_l) if w.kind == METER else values
    if w.reading_kind == ROLL_OVER:
        amounts = amounts + w.modulus_l
    found = [
        group for piece in pairwise(_edges(w, steps, amounts)) for group in _by_step(steps, *piece)
    ]
    words = sum(words_needed(one.stop - one.start, is_regular(steps[one])) for one in found)
    return Laid(w, count, steps, amounts, found, words)


def _calldata_gas(words: int) -> int:
    """Of a batch's words and what surrounds them, were every byte of them not zero."""
    return BYTE_GAS * WORD * (words + SURROUNDING_WORDS)


def _usual_gas(number: int, words: int, readings: int) -> int:
    rules = USUAL_GROUP_GAS * number + USUAL_READING_GAS * readings
    return BATCH_GAS + _calldata_gas(words) + rules


def _edges(w: Waiting, steps: Ints, amounts: Ints) -> list[int]:
    """Where the mark changes, what regular lanes cannot hold, and round the first of a period.

    The first reading of a new period stands alone: it alone asks the rules, so that those behind
    it take the short way through the contract again.
    """
    count = len(steps)
    if not count:
        return []
    edges = {0, count}
    before, last = np.searchsorted(w.turns, (w.opening_at, w.at[count - 1]), side="left").tolist()
    if before != last:
        period = np.searchsorted(w.turns, w.at[:count], side="left")
        for turn in np.flatnonzero(differences(period, before)).tolist():
            edges |= {turn, turn + 1}
    mark = w.mark[:count]
    if mark.any():
        edges.update((np.flatnonzero(mark[1:] != mark[:-1]) + 1).tolist())
    if amounts.max() > MAX_REGULAR or steps.max() > MAX_STEP_S:
        edges.update(np.flatnonzero((amounts > MAX_REGULAR) | (steps > MAX_STEP_S)).tolist())
    return sorted(edges)


def _by_step(steps: Ints, start: int, end: int) -> list[slice]:
    """A piece as one group where its steps are equal, else long runs apart from what is uneven."""
    if is_regular(steps[start:end]):
        return [slice(start, end)]
    found, uneven = [], start
    for first, last in _runs(steps, start, end):
        # a group's first reading may follow at any step, so a run takes the one before it along
        begin = max(uneven, first - 1)
        if last - begin > LONG_RUN:
            if uneven < begin:
                found.append(slice(uneven, begin))
            found.append(slice(begin, last))
            uneven = last
    if uneven < end:
        found.append(slice(uneven, end))
    return found


def _runs(steps: Ints, start: int, end: int) -> list[tuple[int, int]]:
    """Runs of equal steps among the readings after the first, as ranges of their places."""
    if end - start < 2:
        return []
    inner = steps[start + 1 : end]
    turns = np.flatnonzero(np.diff(inner)) + 1
    edges = [0, *turns.tolist(), len(inner)]
    return [(start + 1 + a, start + 1 + b) for a, b in pairwise(edges) if b > a]


def cut(laid: Sequence[Laid], leaves: Sequence[bytes]) -> Cut:
    """The batch of what was laid out; `leaves` are those of its readings."""
    packed = b"".join(group for one in laid for group in _packed(one))
    root = merkle.root(leaves)
    digest = keccak(root + keccak(packed))
    counts = tuple(one.count for one in laid)
    gas = _usual_gas(sum(len(one.groups) for one in laid), len(packed) // WORD, sum(counts))
    return Cut(counts, packed, root, digest, gas)


def _packed(laid: Laid) -> list[bytes]:
    w, found = laid.waiting, []
    for group in laid.groups:
        opening_at = int(w.at[group.start - 1]) if group.start else w.opening_at
        columns = laid.amounts[group], laid.steps[group]
        if w.kind == METER:
            opening_l = int(w.value[group.start - 1]) if group.start else w.opening_l
            opening = (w.channel, opening_l, opening_at)
            found.append(meter_group(*opening, *columns, w.reading_kind, w.grade))
        else:
            mark = int(w.mark[group.start])
            found.append(gauge_group(w.channel, opening_at, *columns, mark, w.grade))
    return found
