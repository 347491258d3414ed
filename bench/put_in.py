"""Faults of stations put into a real series, and which check of the intake tells of each.

They are those of `waterline oracle simulate`, drawn by a seed, so what must be found is known
beforehand. The series itself has no arrivals and no numbers: here each telegram has a number.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from random import Random
from typing import Any

import numpy as np

from bench.detection import Learnt, Series, flagging, nothing
from oracle.intake import Accepted, take
from oracle.mapping import Column, Rule
from oracle.readings import GAP as AFTER_GAP
from oracle.readings import STUCK as HELD_STILL
from oracle.readings import State
from oracle.simulation.faults import GAP, LATE, OTHER, SKEW, STUCK, Act, Said, acts
from oracle.simulation.stations import delivered
from oracle.sources.chunks import Chunk
from oracle.sources.files import read
from oracle.warnings.checks import missing

RATE = 2  # of each fault, in a thousand readings; our own choice
TOLD_BY = {
    GAP: "gap",
    STUCK: "stuck",
    SKEW: "clock (held: future)",
    LATE: "order (held: backward_time)",
    OTHER: "content (held: other_content)",
}
SEQUENCE = "sequence"
HELD = {SKEW: "future", LATE: "backward_time", OTHER: "other_content"}
COUNTS_TO = 65_536  # the serial number of SL 651


@dataclass(frozen=True, slots=True)
class PutIn:
    """A fault and the check that is there for it."""

    fault: str
    check: str
    events: int
    detected: int
    false_alarms: int
    normal_readings: int

    def as_json(self) -> dict[str, Any]:
        """The row with what was missed, and the rate."""
        rate = 1_000 * self.false_alarms / max(self.normal_readings, 1)
        missed = self.events - self.detected
        return {**asdict(self), "missed": missed, "per_1000": round(rate, 2)}


def measure(
    one: Series, thresholds: Sequence[Learnt], since_at: int, seed: int
) -> list[dict[str, Any]]:
    """Every channel from a moment on, each as a station of its own with its own faults."""
    events: Counter[str] = Counter()
    detected: Counter[str] = Counter()
    false: Counter[str] = Counter()
    normal = 0
    triples = zip(one.mapping.channels, one.rules(rounding=True), thresholds, strict=True)
    for column, rule, learnt in triples:
        rates = dict.fromkeys(TOLD_BY, RATE)
        draw = Random(f"{seed}/{column.column}")
        doing = list(acts(_said(one, column, since_at), rates, "mqtt", draw))
        found, alarmed = _looked_at(one, flagging(rule, learnt), doing)
        events.update(name for name, _ in found)
        detected.update(name for name, was in found if was)
        false.update(alarmed)
        normal += sum(not act.fault for act in doing)
    names = [*TOLD_BY.items(), (SEQUENCE, SEQUENCE)]
    return [
        PutIn(
            *(GAP if name == SEQUENCE else name, check, events[name], detected[name]),
            *(false[name], normal),
        ).as_json()
        for name, check in names
    ]


def _said(one: Series, column: Column, since_at: int) -> Iterator[Said]:
    clock = one.mapping.time.column
    for chunk in read(one.path, [clock, column.column], growing=False):
        pairs = zip(chunk.cells[clock], chunk.cells[column.column], strict=True)
        for at, text in pairs:
            value = delivered(text, column.decimals)
            if value and int(at) >= since_at:
                yield Said(int(at), {column.column: value})


def _looked_at(
    one: Series, rule: Rule, doing: Sequence[Act]
) -> tuple[list[tuple[str, bool]], list[str]]:
    """Each fault with whether it was told, and each alarm that no fault stands behind."""
    sent = [(number, act) for number, act in enumerate(doing) if act.fault != GAP]
    accepted = _taken(one, rule, [act for _, act in sent])
    flags = _flags(accepted, [act for _, act in sent])
    reasons = {refusal.row: refusal.reason for refusal in accepted.taken.refusals}
    places = {number: place for place, (number, _) in enumerate(sent)}
    found: list[tuple[str, bool]] = []
    false: list[str] = []
    for place, (_, act) in enumerate(sent):
        if act.fault in HELD:
            found.append((act.fault, reasons.get(place) == HELD[act.fault]))
    for fault, run in groupby(enumerate(doing), key=lambda pair: pair[1].fault):
        numbers = [number for number, _ in run]
        if fault == STUCK:
            told = any(flags[places[number]] & HELD_STILL for number in numbers)
            found.append((STUCK, told))
        if fault == GAP:
            after = next((n for n in range(numbers[-1] + 1, len(doing)) if n in places), None)
            told = after is not None and _gap_told(flags, places, sent, after)
            gone = _missing(numbers, doing)
            found += [(GAP, told), (SEQUENCE, gone == len(numbers))]
        if fault == "":
            for number in numbers:
                false += [STUCK] * bool(flags[places[number]] & HELD_STILL)
                behind_gap = number and doing[number - 1].fault in (GAP, SKEW, LATE)
                false += [GAP] * bool(flags[places[number]] & AFTER_GAP and not behind_gap)
                false += [name for name in HELD if reasons.get(places[number]) == HELD[name]]
    return found, false


def _gap_told(
    flags: Mapping[int, int], places: Mapping[int, int], sent: Sequence[tuple[int, Act]], after: int
) -> bool:
    """Whether the next reading that was accepted says that one is missing before it."""
    first = places[after]
    following = (place for place in range(first, len(sent)) if place in flags)
    place = next((one for one in following if flags[one] >= 0), None)
    return place is not None and bool(flags[place] & AFTER_GAP)


def _missing(gone: Sequence[int], doing: Sequence[Act]) -> int:
    """How many numbers lack around a gap, as a source's sequence shows it."""
    around = [gone[0] - 1, *([gone[-1] + 1] if gone[-1] + 1 < len(doing) else [])]
    count, _ = missing([n % COUNTS_TO for n in around if n >= 0], None, COUNTS_TO)
    return count


def _taken(one: Series, rule: Rule, acts_: Sequence[Act]) -> Accepted:
    texts = [next(iter(act.said.values.values())) for act in acts_]
    raws = [f"{place},{text}".encode() for place, text in enumerate(texts)]
    cells = {one.mapping.time.column: [str(act.said.at) for act in acts_], rule.column: texts}
    state = {rule.channel.id: State(acts_[0].said.at - 1, 0)}
    now = max(act.due_at for act in acts_)
    chunk = Chunk(0, "put in", raws, cells)
    (found,), _ = take(chunk, one.mapping.time, [rule], state, now, nothing)
    return found


def _flags(accepted: Accepted, acts_: Sequence[Act]) -> dict[int, int]:
    """The flags by row; -1 of a row that became no reading."""
    found = dict.fromkeys(range(len(acts_)), -1)
    rows = np.asarray(accepted.taken.block.row).tolist()
    found.update(zip(rows, accepted.flags.tolist(), strict=True))
    return found
