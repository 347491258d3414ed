"""From a chunk of rows to readings: as columns where nothing is wrong, else cell by cell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ledger.leaves import ROLL_OVER
from oracle import cells, columns
from oracle.cells import Cell, Recorded
from oracle.flags import flags
from oracle.mapping import Rule, Time
from oracle.readings import Block, Ints, Refusal, State, Taken
from oracle.sources.chunks import Chunk
from oracle.times import NoMoment, moments


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a chunk gave for one channel, with the flags of its readings."""

    rule: Rule
    taken: Taken
    flags: Ints
    before: State


def take(
    chunk: Chunk,
    time: Time,
    rules: Sequence[Rule],
    states: dict[int, State],
    now: int,
    recorded: Recorded,
    shift_s: int = 0,
    by_columns: bool = True,
) -> tuple[list[Accepted], list[Refusal]]:
    """Every filled cell of a chunk as a reading, a refusal, or one recorded already.

    `states` holds where each channel stands and is not changed. `by_columns` False takes the slow
    way throughout: the result is the same.
    """
    at = moments(time, chunk, shift_s)
    spoilt = [
        Refusal(None, chunk.first_row + place, None, "", "malformed_row", why)
        for place, why in sorted(chunk.bad.items())
    ]
    accepted = []
    for rule in rules:
        before = states[rule.channel.id]
        taken = _taken(chunk, at, rule, before, now, recorded, by_columns)
        found, run = flags(rule, taken.block, before)
        after = replace(taken, state=replace(taken.state, run=run))
        accepted += parts(Accepted(rule, after, found, before))
    return accepted, spoilt


def parts(one: Accepted) -> list[Accepted]:
    """A meter's readings in parts of one kind: measured and estimated ones stay apart, and one that
    rolls over is a part of its own.

    What was held or repeated stands with the first part, where the channel stands with each.
    """
    mark = one.taken.block.mark
    if not one.rule.is_meter or not mark.any():
        return [one]
    apart = (np.diff(mark) != 0) | (mark[1:] == ROLL_OVER)
    edges = [0, *(np.flatnonzero(apart) + 1).tolist(), len(mark)]
    return [_part(one, first, end) for first, end in pairwise(edges)]


def _part(one: Accepted, first: int, end: int) -> Accepted:
    block, place, last = one.taken.block, slice(first, end), end == len(one.taken.block)
    kind = int(block.mark[first])
    columns = (block.at[place], block.value[place], np.zeros(end - first, dtype=np.int64))
    cut = Block(block.channel, *columns, block.row[place])
    state = one.taken.state
    if not last:
        state = replace(one.before, last_at=int(cut.at[-1]), last_value=int(cut.value[-1]))
    held, repeated = (one.taken.refusals, one.taken.repeated) if first == 0 else ([], 0)
    taken = Taken(cut, state, one.taken.way, held, repeated)
    return Accepted(replace(one.rule, kind=kind), taken, one.flags[place], one.before)


def _taken(
    chunk: Chunk,
    at: Sequence[int | NoMoment],
    rule: Rule,
    before: State,
    now: int,
    recorded: Recorded,
    by_columns: bool,
) -> Taken:
    texts = chunk.cells[rule.column]
    filled = [place for place, text in enumerate(texts) if text]
    noted = chunk.cells[rule.mark_column] if rule.mark_column else [""] * len(texts)
    if by_columns and not any(isinstance(at[place], NoMoment) for place in filled):
        places = np.array(filled, dtype=np.int64)
        taken = columns.take(
            rule,
            places + chunk.first_row,
            np.array([at[place] for place in filled], dtype=np.int64),
            [texts[place] for place in filled],
            [noted[place] for place in filled],
            before,
            now,
        )
        if taken is not None:
            return taken
    one_by_one = (
        Cell(chunk.first_row + p, at[p], texts[p], noted[p], chunk.telegrams[p]) for p in filled
    )
    return cells.take(rule, one_by_one, before, now, recorded)
