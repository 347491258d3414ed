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
from oracle.readings import Ints

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
    readings from 0 among those of its channel.
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

    def first(self, count: int) -> "Waiting":
        """The first of them only."""
        cut = slice(0, count)
        return Waiting(
            self.channel,
            self.kind,
            self.reading_kind,
            self.grade,
            self.opening_at,
            self.opening_l,
            self.at[cut],
            self.value[cut],
            self.mark[cut],
            self.turns,
            self.number,
        )


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
    """What one batch takes: channels, and how many of their first readings; `full` if more wait."""

    waiting: list[Waiting]
    counts: list[int]
    full: bool


def fill(waiting: Iterable[Waiting], until_at: int, most_gas: int) -> Filled:
    """Take channels in their order, each whole while it fits, and no reading after a moment.

    A channel in a batch costs a slot of the contract's storage, a further reading of it next to
    nothing: so a batch holds few channels and much of each. The channel that does not fit any more
    is taken in part. Bounded by the words of a transaction and by the gas of the worst case;
    no channel is asked for beyond the one that fills it.
    """
    room, taken, counts = Room(MAX_WORDS, most_gas - BATCH_GAS - _calldata_gas(0)), [], []
    for one in waiting:
        due = int(np.searchsorted(one.at, until_at, side="right"))
        count = due if room.holds(one, due) else _most(room, one, due)
        if count:
            room = room.less(one, count)
            taken.append(one)
            counts.append(count)
        if count < due:
            return Filled(taken, counts, True)
    return Filled(taken, counts, False)


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of a batch: words, and the gas of the worst case."""

    words: int
    gas: int

    def holds(self, w: Waiting, count: int) -> bool:
        """Whether the first readings of a channel still fit."""
        left = self.less(w, count)
        return left.words >= 0 and left.gas >= 0

    def less(self, w: Waiting, count: int) -> "Room":
        """What is left with them."""
        number, words = _size(w.first(count))
        gas = BYTE_GAS * WORD * words + GROUP_GAS * number + READING_GAS * count
        gas += TURN_GAS * _days(w, count)
        return Room(self.words - words, self.gas - gas)


def _days(w: Waiting, count: int) -> int:
    """The most turns of a day that are kept by a meter's first readings; none by a gauge's.

    Turns that pass unread are kept as one.
    """
    if w.kind != METER or not count:
        return 0
    return min(count, (int(w.at[count - 1]) - w.opening_at) // DAY_S + 1)


def _most(room: Room, w: Waiting, due: int) -> int:
    """The most readings of a channel that still fit."""
    low, high = 0, min(due - 1, REGULAR_LANES * MAX_WORDS, max(room.gas, 0) // READING_GAS)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if room.holds(w, middle) else (low, middle - 1)
    return low


def _size(w: Waiting) -> tuple[int, int]:
    """How many groups the readings make, and how many words."""
    if len(w.at) == 0:
        return 0, 0
    steps, found = _steps(w), groups(w)
    words = sum(words_needed(group.stop - group.start, is_regular(steps[group])) for group in found)
    return len(found), words


def _calldata_gas(words: int) -> int:
    """Of a batch's words and what surrounds them, were every byte of them not zero."""
    return BYTE_GAS * WORD * (words + SURROUNDING_WORDS)


def _usual_gas(number: int, words: int, readings: int) -> int:
    rules = USUAL_GROUP_GAS * number + USUAL_READING_GAS * readings
    return BATCH_GAS + _calldata_gas(words) + rules


def _steps(w: Waiting) -> Ints:
    return np.diff(w.at, prepend=w.opening_at)


def _amounts(w: Waiting) -> Ints:
    """What the lanes carry: the volume of each step, or the stored value."""
    return np.diff(w.value, prepend=w.opening_l) if w.kind == METER else w.value


def groups(w: Waiting) -> list[slice]:
    """The readings of a channel in groups, each with one mark and, where it pays, one step.

    The first reading of a new period stands alone: it alone asks the rules, so that those behind
    it take the short way through the contract again.
    """
    steps, amounts = _steps(w), _amounts(w)
    period = np.searchsorted(w.turns, w.at, side="left")
    before = np.searchsorted(w.turns, w.opening_at, side="left")
    turned = np.flatnonzero(np.diff(period, prepend=before))
    changed = np.flatnonzero(np.diff(w.mark, prepend=w.mark[:1]))
    wide = np.flatnonzero((amounts > MAX_REGULAR) | (steps > MAX_STEP_S))
    edges = {0, len(w.at), *changed.tolist(), *wide.tolist()}
    edges |= {edge for turn in turned.tolist() for edge in (turn, turn + 1)}
    ordered = sorted(edges)
    return [group for start, end in pairwise(ordered) for group in _by_step(steps, start, end)]


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


def cut(waiting: Sequence[Waiting], counts: Sequence[int], leaves: Sequence[bytes]) -> Cut:
    """The batch of the first `counts` readings of each channel; `leaves` are theirs."""
    chosen = [one.first(count) for one, count in zip(waiting, counts, strict=True) if count]
    packed = b"".join(group for one in chosen for group in _packed(one))
    root = merkle.root(leaves)
    digest = keccak(root + keccak(packed))
    number = sum(len(groups(one)) for one in chosen)
    gas = _usual_gas(number, len(packed) // WORD, sum(counts))
    return Cut(tuple(counts), packed, root, digest, gas)


def _packed(w: Waiting) -> list[bytes]:
    steps, amounts = _steps(w), _amounts(w)
    found = []
    for group in groups(w):
        opening_at = int(w.at[group.start - 1]) if group.start else w.opening_at
        if w.kind == METER:
            opening_l = int(w.value[group.start - 1]) if group.start else w.opening_l
            arguments = (w.channel, opening_l, opening_at, amounts[group], steps[group])
            found.append(meter_group(*arguments, w.reading_kind, w.grade))
        else:
            mark = int(w.mark[group.start])
            arguments_ = (w.channel, opening_at, amounts[group], steps[group])
            found.append(gauge_group(*arguments_, mark, w.grade))
    return found
