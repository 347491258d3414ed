"""What the checks of single channels find in a series whose events are known, and what they cry.

The thresholds are learnt from the readings of the first part that no event holds, so that one of
each check's readings in a thousand is beyond them, which is our own choice; events are judged in
the second part alone. Values are rounded to what their sensor delivers before anything is detected;
the same is done once more without, to show what the decimals of written-in values give away.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ledger.channels import GAUGE, Channel
from ledger.grades import OPERATOR
from ledger.packing import ZERO_VALUE
from ledger.quantities import base_of
from ledger.units import factor
from oracle.intake import Accepted, take
from oracle.mapping import Column, Rule, rules
from oracle.mapping import Mapping as MappingFile
from oracle.readings import GAP, JUMP, STUCK, Block, Ints, State
from oracle.sources.files import read
from oracle.warnings.checks import is_silent

EVENT = "event"  # the column with the labels
SIMULATED, ORIGINAL = "written in", "original"
RANGE, CHANGE, HELD_STILL, AFTER_GAP, DECIMALS = (
    *("range", "rate of change", "stuck", "gap"),
    "decimals",
)
CHECKS = (RANGE, CHANGE, HELD_STILL, AFTER_GAP, DECIMALS)
ANY = "any of them"
FLAGGED = {JUMP: CHANGE, STUCK: HELD_STILL, GAP: AFTER_GAP}
REFUSED = {"impossible": RANGE, "fraction": DECIMALS}
BEYOND = (1, 1_000)  # of the normal readings that thresholds are learnt from; our own choice
CADENCES = 3  # a channel is silent after so many, as a configuration has it unless it says else
WIDEST = 10**15
LATE_ENOUGH = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Event:
    """Consecutive labelled rows, by the moments of the first and the last."""

    kind: str
    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A reading of a channel that a check told."""

    check: str
    channel: int
    at: int


@dataclass(frozen=True, slots=True)
class Learnt:
    """The thresholds of a channel, in stored steps; both bounds are inclusive."""

    device: str
    parameter: str
    low: int
    high: int
    most_change: int
    stuck_after: int


@dataclass(frozen=True, slots=True)
class Found:
    """How many events of a kind a check found; of events of all kinds its false alarms."""

    rounded: bool
    check: str
    kind: str
    events: int
    detected: int

    def as_json(self) -> dict[str, Any]:
        """The row with what was missed."""
        return {**asdict(self), "missed": self.events - self.detected}


@dataclass(frozen=True, slots=True)
class Cried:
    """A check's alarms at readings that no event holds, and in stretches of normal rows."""

    rounded: bool
    check: str
    false_alarms: int
    normal_readings: int
    stretches_alarmed: int
    stretches: int

    def as_json(self) -> dict[str, Any]:
        """The row with the rate."""
        rate = 1_000 * self.false_alarms / max(self.normal_readings, 1)
        return {**asdict(self), "per_1000": round(rate, 2)}


@dataclass(frozen=True, slots=True)
class Normal:
    """What no event holds: how many readings, and stretches of rows as long as the usual event."""

    readings: int
    stretches: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Series:
    """A labelled series: its file, its mapping, and the channels that its columns are."""

    path: Path
    mapping: MappingFile
    channels: Mapping[tuple[str, str], Channel]

    def rules(self, *, rounding: bool) -> list[Rule]:
        """How its columns are read, with or without rounding."""
        if rounding:
            return rules(self.mapping, self.channels)
        exact = [replace(one, decimals=None) for one in self.mapping.channels]
        return rules(self.mapping.model_copy(update={"channels": exact}), self.channels)


def series(path: Path, mapping: MappingFile, step_s: int) -> Series:
    """A series with channels that are as fine as its sensors deliver, and have no bounds yet."""
    channels = [_channel(number, one, step_s) for number, one in enumerate(mapping.channels, 1)]
    return Series(path, mapping, {(one.device, one.parameter): one for one in channels})


def _channel(number: int, column: Column, step_s: int) -> Channel:
    steps = factor(column.unit, base_of(column.parameter)) / 10 ** (column.decimals or 0)
    return Channel(
        id=number,
        device_id=number,
        device=column.device,
        station_id=1,
        parameter=column.parameter,
        kind=GAUGE,
        contract="QualityProvenance",
        relay_group=1,
        resolution=int(steps),
        cadence_s=step_s,
        low=-WIDEST,
        high=WIDEST,
        grade=OPERATOR,
        permit_id=0,
        opened_at=0,
    )


# what is known of the series


def events(one: Series) -> list[Event]:
    """The labelled events; one with a value that no sensor delivers was written in.

    The decimals say of what kind an event is in the report. No check looks at them but `decimals`.
    """
    rows: list[tuple[int, bool, bool]] = []
    for chunk in read(one.path, [*one.mapping.columns, EVENT], growing=False):
        moments = chunk.cells[one.mapping.time.column]
        for place, label in enumerate(chunk.cells[EVENT]):
            finer = label == "true" and any(
                _finer(chunk.cells[column.column][place], column) for column in one.mapping.channels
            )
            rows.append((int(moments[place]), label == "true", finer))
    found = []
    for labelled, run in groupby(rows, key=lambda row: row[1]):
        every = list(run)
        if labelled:
            kind = SIMULATED if any(finer for *_, finer in every) else ORIGINAL
            found.append(Event(kind, every[0][0], every[-1][0]))
    return found


def _finer(text: str, column: Column) -> bool:
    decimals = text.partition(".")[2].rstrip("0")
    return column.decimals is not None and len(decimals) > column.decimals


def taken(one: Series, wanted: Sequence[Rule]) -> Iterator[Accepted]:
    """What the intake makes of the series, channel by channel and chunk by chunk."""
    states = {rule.channel.id: State(rule.channel.opened_at, 0) for rule in wanted}
    for chunk in read(one.path, one.mapping.columns, growing=False):
        found, _ = take(chunk, one.mapping.time, wanted, states, LATE_ENOUGH, nothing)
        for each in found:
            states[each.rule.channel.id] = each.taken.state
            yield each


def nothing(_: int, __: int) -> None:
    """No reading was recorded before."""


# thresholds


def learnt(
    one: Series, blocks: Sequence[Block], before_at: int, known: Sequence[Event]
) -> list[Learnt]:
    """Each channel's thresholds from what lies before a moment and in no event."""
    found = []
    for rule in one.rules(rounding=True):
        of_channel = [block for block in blocks if block.channel == rule.channel.id]
        at = np.concatenate([block.at for block in of_channel])
        value = np.concatenate([block.value for block in of_channel]) - ZERO_VALUE
        normal = (at < before_at) & ~_within(at, known)
        change, runs = np.abs(np.diff(value, prepend=value[:1])), _equal_before(value)
        part, of = BEYOND
        low, high = (
            _ranked(value[normal], part, 2 * of),
            _ranked(value[normal], 2 * of - part, 2 * of),
        )
        about = (rule.channel.device, rule.channel.parameter, low, high)
        beyond = (of - part, of)
        most_change = max(_ranked(change[normal], *beyond), 1)  # 0 would be no threshold
        found.append(Learnt(*about, most_change, _ranked(runs[normal], *beyond) + 2))
    return found


def _ranked(values: Ints, part: int, of: int) -> int:
    """The value at a share of all, in their order: an order statistic, so one of them."""
    return int(np.sort(values)[min(len(values) * part // of, len(values) - 1)])


def _equal_before(value: Ints) -> Ints:
    """How many readings before each one were equal to it without a break."""
    places = np.arange(len(value))
    changed = np.diff(value, prepend=value[:1] - 1) != 0
    since: Ints = places - np.maximum.accumulate(np.where(changed, places, 0))
    return since


def _within(at: Ints, known: Sequence[Event]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    inside = np.zeros(len(at), dtype=np.bool_)
    for event in known:
        inside |= (event.first_at <= at) & (at <= event.last_at)
    return inside


def _bounded(rule: Rule, thresholds: Learnt) -> Rule:
    steps = rule.channel.resolution
    low, high = thresholds.low * steps, thresholds.high * steps
    return replace(rule, channel=replace(rule.channel, low=low, high=high))


def flagging(rule: Rule, thresholds: Learnt) -> Rule:
    """A rule that flags what lies beyond its thresholds."""
    about = {"most_change": thresholds.most_change, "stuck_after": thresholds.stuck_after}
    return replace(rule, **about)  # type: ignore[arg-type]


# alarms


def alarms(one: Series, thresholds: Sequence[Learnt], *, rounding: bool) -> Iterator[Alarm]:
    """Every alarm of every check; bounds are tried by themselves, as what they hold has no flag."""
    wanted = one.rules(rounding=rounding)
    pairs = list(zip(wanted, thresholds, strict=True))
    for each in taken(one, [flagging(*pair) for pair in pairs]):
        block = each.taken.block
        for flag, check in FLAGGED.items():
            yield from (
                Alarm(check, block.channel, int(at)) for at in block.at[each.flags & flag > 0]
            )
        yield from _refused(each, DECIMALS)
    for each in taken(one, [_bounded(*pair) for pair in pairs]):
        yield from _refused(each, RANGE)


def _refused(each: Accepted, check: str) -> Iterator[Alarm]:
    for refusal in each.taken.refusals:
        if REFUSED.get(refusal.reason) == check and refusal.at is not None:
            yield Alarm(check, each.rule.channel.id, refusal.at)


def judged(
    told: Iterable[Alarm], known: Sequence[Event], normal: Normal, *, rounded: bool
) -> tuple[list[Found], list[Cried]]:
    """Each check against the events: found is one with an alarm at one of its own moments.

    A check that cries often finds events by chance: how often is seen in the stretches of normal
    rows, as long as the usual event, that hold an alarm.
    """
    by_check: dict[str, set[tuple[int, int]]] = {check: set() for check in (*CHECKS, ANY)}
    for alarm in told:
        for check in (alarm.check, ANY):
            by_check[check].add((alarm.at, alarm.channel))
    found, cried = [], []
    kinds = sorted({event.kind for event in known})
    for check, places in by_check.items():
        at = np.array(sorted(at for at, _ in places), dtype=np.int64)
        hit = [bool(_within(at, [event]).any()) for event in known]
        for kind in kinds:
            of_kind = [was for was, event in zip(hit, known, strict=True) if event.kind == kind]
            found.append(Found(rounded, check, kind, len(of_kind), sum(of_kind)))
        outside = int((~_within(at, known)).sum())
        chance = sum(bool(_within(at, [stretch]).any()) for stretch in normal.stretches)
        cried.append(Cried(rounded, check, outside, normal.readings, chance, len(normal.stretches)))
    return found, cried


def silences(one: Series) -> Counter[str]:
    """How often channels fall silent, judged at each row's moment, and how many readings lack."""
    last: dict[str, int] = {}
    silent: set[str] = set()
    found: Counter[str] = Counter()
    for chunk in read(one.path, one.mapping.columns, growing=False):
        moments = [int(text) for text in chunk.cells[one.mapping.time.column]]
        for column in one.mapping.channels:
            cadence_s = one.channels[column.device, column.parameter].cadence_s
            for at, text in zip(moments, chunk.cells[column.column], strict=True):
                if text:
                    last[column.column] = at
                    silent.discard(column.column)
                    continue
                found["missing"] += 1
                since = last.get(column.column, moments[0])
                if is_silent(since, cadence_s, CADENCES, at) and column.column not in silent:
                    silent.add(column.column)
                    found["silences"] += 1
    return found


def measure(one: Series, split: tuple[int, int] = (1, 2)) -> dict[str, Any]:
    """Learn from the first part, judge the second; with rounding and without."""
    known = events(one)
    at = _moments(one)
    split_at = at[len(at) * split[0] // split[1]]
    blocks = [each.taken.block for each in taken(one, one.rules(rounding=True))]
    thresholds = learnt(one, blocks, split_at, known)
    later = [event for event in known if event.first_at >= split_at]
    found: list[Found] = []
    cried: list[Cried] = []
    at_s = np.concatenate([block.at for block in blocks])
    normal = Normal(
        int(((at_s >= split_at) & ~_within(at_s, known)).sum()), _stretches(at, later, split_at)
    )
    for rounding in (True, False):
        told = [
            alarm for alarm in alarms(one, thresholds, rounding=rounding) if alarm.at >= split_at
        ]
        more, noise = judged(told, later, normal, rounded=rounding)
        found, cried = found + more, cried + noise
    return {
        "rows": len(at),
        "split_at": split_at,
        "events_before": len(known) - len(later),
        "events": [one.as_json() for one in found],
        "false_alarms": [one.as_json() for one in cried],
        "thresholds": [asdict(one) for one in thresholds],
        "silence": dict(silences(one)),
    }


def _moments(one: Series) -> list[int]:
    column = one.mapping.time.column
    return [
        int(text)
        for chunk in read(one.path, [column], growing=False)
        for text in chunk.cells[column]
    ]


def _stretches(at: Sequence[int], known: Sequence[Event], since_at: int) -> list[Event]:
    """Normal rows cut into stretches that last as long as the median event."""
    lasts = sorted(event.last_at - event.first_at for event in known)
    length_s = lasts[len(lasts) // 2] if lasts else 0
    found = []
    begins = since_at
    while begins + length_s <= at[-1]:
        ends = begins + length_s
        if not any(one.first_at <= ends and one.last_at >= begins for one in known):
            found.append(Event("", begins, ends))
        begins = ends + 1
    return found
