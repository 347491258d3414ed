"""Cutting a batch: which readings go into it, how they are grouped, its words, leaves and root.

Everything here is a function of the readings that wait: the same ones give the same batch.
"""

from collections.abc import Sequence
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
# what nearly every batch needs at most: each group raises an alert that a third of it worsens
USUAL_READING_GAS = 1_500
USUAL_GROUP_GAS = 115_000
BATCH_GAS = 150_000
BYTE_GAS = 16
LONG_RUN = 16  # equal steps that are worth a group of their own


@dataclass(frozen=True, slots=True)
class Waiting:
    """Readings of a channel that wait for a batch, in the order of time, and where it stands.

    `opening_at` and `opening_l` are the moment and register at which the next group opens;
    `turns` are the instants after which a new period begins.
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


def counts_that_fit(waiting: Sequence[Waiting], until_at: int, most_gas: int) -> list[int]:
    """How many readings of each channel one batch can take, the oldest first, none after a moment.

    Bounded by the words of a transaction and by the gas that the worst case would need.
    """
    places = [np.full(len(w.at), i) for i, w in enumerate(waiting)]
    at, owner = np.concatenate([w.at for w in waiting]), np.concatenate(places)
    order = np.lexsort((owner, at))
    order = order[at[order] <= until_at]
    # more readings than lanes or gas can never fit, so the search begins there
    low, high = 0, min(len(order), 8 * MAX_WORDS, most_gas // READING_GAS)
    while low < high:
        middle = (low + high + 1) // 2
        chosen = _counts(owner[order[:middle]], len(waiting))
        number, words = _size(waiting, chosen)
        worst = _gas(number, words, middle, READING_GAS, GROUP_GAS)
        fits = words <= MAX_WORDS and worst <= most_gas
        low, high = (middle, high) if fits else (low, middle - 1)
    return _counts(owner[order[:low]], len(waiting))


def _counts(owners: Ints, channels: int) -> list[int]:
    return [int(n) for n in np.bincount(owners, minlength=channels)]


def _groups_of(waiting: Sequence[Waiting], counts: Sequence[int]) -> list[tuple[Waiting, slice]]:
    pairs = [(w.first(count)) for w, count in zip(waiting, counts, strict=True) if count]
    return [(w, group) for w in pairs for group in groups(w)]


def _size(waiting: Sequence[Waiting], counts: Sequence[int]) -> tuple[int, int]:
    """How many groups the first `counts` readings make, and how many words."""
    found = _groups_of(waiting, counts)
    words = 0
    for w, group in found:
        steps = _steps(w)[group]
        words += words_needed(len(steps), is_regular(steps))
    return len(found), words


def _gas(number: int, words: int, readings: int, a_reading: int, a_group: int) -> int:
    calldata = BYTE_GAS * 32 * (words + 8)
    return BATCH_GAS + calldata + a_group * number + a_reading * readings


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
    number, words = _size(waiting, counts)
    gas = _gas(number, words, sum(counts), USUAL_READING_GAS, USUAL_GROUP_GAS)
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
