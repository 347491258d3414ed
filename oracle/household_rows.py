"""Daily telegrams of households: which column is what, and rows as registers by community and day.

A row is one household's local day: its community, the day, the household's number (of its account
or meter), and either the closing register or one for each hour. Nothing here is told to a log: the
number of a household is a person's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field, field_validator

from ledger.channels import METER
from ledger.packing import MAX_REGISTER_L
from oracle.cells import CLOCK_TOLERANCE_S, Wrong, amount_of
from oracle.columns import amounts_of
from oracle.mapping import ByName, Column, Rule, Strict, ZoneName, rule_of, zone_of
from oracle.readings import Ints, Refusal
from oracle.sources import files
from oracle.sources.chunks import Chunk

HOURS = 24
MOST_NUMBER = 64  # characters of a household's number
Standing = dict[str, tuple[int, int, int]]  # by household: first day, last day, its last register


class HouseholdMapping(Strict):
    """A mapping file of households' daily telegrams; docs/sources.md shows one.

    `registers` names one column, the closing register, or one for each hour, the first hour's
    first. `opening` is the register when the day began, which counts where no earlier day is known.
    `parameter` is the community's channel that the day's sum is held against.
    """

    title: str
    files: list[str] = Field(default=["*"])
    note: str = ""
    timezone: ZoneName
    community: str
    parameter: str = "volume"
    day: str
    household: str
    opening: str = ""
    registers: list[str]
    unit: str
    grade: str | None = None

    @field_validator("registers")
    @classmethod
    def _one_or_all(cls, names: list[str]) -> list[str]:
        if len(names) not in (1, HOURS):
            raise ValueError(f"name one closing register, or one for each of {HOURS} hours")
        return names

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose days are told."""
        return zone_of(self.timezone)

    def fits(self, name: str) -> bool:
        """Whether the mapping is for the file of that name."""
        return any(fnmatch(name, pattern) for pattern in self.files)

    @property
    def columns(self) -> list[str]:
        """Every column that it reads."""
        named = [self.community, self.day, self.household, self.opening, *self.registers]
        return list(dict.fromkeys(name for name in named if name))


@dataclass(frozen=True, slots=True)
class Households:
    """A file of households' telegrams, and its mapping; it is never re-dated."""

    path: Path
    mapping: HouseholdMapping

    shift_s: ClassVar[int] = 0

    @property
    def name(self) -> str:
        """What the journal knows the file by."""
        return f"{self.mapping.title}/{self.path.name}"

    @property
    def version(self) -> object:
        """What changes when the file does; None where it is gone."""
        return files.version(self.path)


@dataclass(frozen=True, slots=True)
class Day:
    """Households of a community on a local day: their rows, registers and volumes, in litres."""

    channel: int
    begins_at: int
    ends_at: int
    grade: int
    names: list[str]
    rows: list[int]
    registers_l: list[int]
    volumes_l: list[int]


@dataclass(frozen=True, slots=True)
class Told:
    """What a row says of a household: its registers in litres, the opening one first if told."""

    row: int
    number: str
    registers: Ints | Wrong


@dataclass(frozen=True, slots=True)
class Span:
    """A community's channel, when its day began and ended, and the grade of what was told."""

    channel: int
    begins_at: int
    ends_at: int
    grade: int


class Gathered:
    """Rows by the day that they are of, each day once; what is of no day is refused."""

    def __init__(self) -> None:
        self.days: dict[tuple[int, int], tuple[Span, list[Told]]] = {}
        self.refusals: list[Refusal] = []

    def add(self, span: Span, rows: Iterable[Told]) -> None:
        """Rows of a day; another spelling of a day is no other day."""
        self.days.setdefault((span.channel, span.ends_at), (span, []))[1].extend(rows)

    def refuse(self, row: int, text: str, reason: str, detail: str) -> None:
        """A row that is of no day; it is no reading of the community, so it names no channel."""
        self.refusals.append(Refusal(None, row, None, text, reason, detail))


@dataclass(frozen=True, slots=True)
class Parsed:
    """What rows of one community and day gave; `repeated` were recorded already."""

    day: Day
    refusals: list[Refusal]
    repeated: int


def gather(
    chunk: Chunk, places: Iterable[int], mapping: HouseholdMapping, channels: ByName, now: int
) -> Gathered:
    """The rows of a chunk at `places`, by the days that they are of."""
    found = Gathered()
    for place, why in sorted(chunk.bad.items()):
        found.refuse(chunk.first_row + place, "", "malformed_row", why)
    for (community, text), of_day in _days(chunk, places, mapping).items():
        try:
            rule = rule_for(mapping, community, channels)
            if rule is None:
                raise Wrong("unknown_community", f"{community} {mapping.parameter}")
            begins_at, ends_at = bounds(text, mapping.zone)
            if ends_at > now + CLOCK_TOLERANCE_S:
                raise Wrong("future", f"{text} has not ended")
        except Wrong as wrong:
            for place in of_day:
                found.refuse(chunk.first_row + place, text, wrong.reason, str(wrong))
            continue
        span = Span(rule.channel.id, begins_at, ends_at, rule.grade)
        found.add(span, _told(chunk, of_day, mapping, rule))
    return found


def _days(
    chunk: Chunk, places: Iterable[int], mapping: HouseholdMapping
) -> dict[tuple[str, str], list[int]]:
    """The places of readable rows, by community and day as written."""
    found: dict[tuple[str, str], list[int]] = {}
    communities, days = chunk.cells[mapping.community], chunk.cells[mapping.day]
    for place in places:
        if place not in chunk.bad:
            found.setdefault((communities[place], days[place]), []).append(place)
    return found


def _told(
    chunk: Chunk, places: Sequence[int], mapping: HouseholdMapping, rule: Rule
) -> Iterator[Told]:
    registers = _registers(chunk, places, mapping, rule)
    for place, found in zip(places, registers, strict=True):
        number = chunk.cells[mapping.household][place]
        yield Told(chunk.first_row + place, number, found)


def rule_for(mapping: HouseholdMapping, community: str, channels: ByName) -> Rule | None:
    """How a community's registers are read; None where it has no such meter."""
    channel = channels.get((community, mapping.parameter))
    if channel is None or channel.kind != METER:
        return None
    column = Column(
        column=mapping.registers[-1],
        device=community,
        parameter=mapping.parameter,
        unit=mapping.unit,
        of="register",
        grade=mapping.grade,
    )
    return rule_of(column, channels)


def bounds(text: str, zone: ZoneInfo) -> tuple[int, int]:
    """When a local day began and ended; Wrong where the text is no day: 2026-01-31."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Wrong("no_moment", f"{text!r} is no day") from error
    ends = day + timedelta(days=1)
    begins_at, ends_at = (
        int(datetime.combine(one, time(), zone).timestamp()) for one in (day, ends)
    )
    return begins_at, ends_at


def parse(span: Span, rows: Iterable[Told], standing: Standing) -> Parsed:
    """The rows of one community and day; `standing` is brought up to date.

    The volume of a day is what the register moved since the household's last telegram, or since
    `opening` where there was none.
    """
    ends_at = span.ends_at
    day = Day(span.channel, span.begins_at, ends_at, span.grade, [], [], [], [])
    refusals: list[Refusal] = []
    repeated = 0
    for one in rows:
        try:
            if isinstance(one.registers, Wrong):
                raise one.registers
            opening_l, closing_l = _checked(one.number, one.registers)
            before = standing.get(one.number)
            if before is not None and _is_again(before, ends_at, closing_l):
                repeated += 1
                continue
            if before is not None and before[2] > opening_l:
                raise Wrong("falling_register", f"{opening_l} L follows {before[2]} L")
        except Wrong as wrong:
            # without a channel: it is no reading of the community, and is never released as one
            refusals.append(Refusal(None, one.row, ends_at, "", wrong.reason, str(wrong)))
            continue
        since_l = before[2] if before else opening_l
        standing[one.number] = (before[0] if before else ends_at, ends_at, closing_l)
        day.names.append(one.number)
        day.rows.append(one.row)
        day.registers_l.append(closing_l)
        day.volumes_l.append(closing_l - since_l)
    return Parsed(day, refusals, repeated)


def _is_again(before: tuple[int, int, int], ends_at: int, closing_l: int) -> bool:
    """Whether the day is recorded already; Wrong where it says something else now."""
    _, last, register_l = before
    if last < ends_at:
        return False
    if last > ends_at:
        raise Wrong("backward_time", "a later day of the household is recorded")
    if register_l != closing_l:
        raise Wrong("other_content", f"{register_l} L is recorded for the day")
    return True


def _checked(number: str, registers: Ints) -> tuple[int, int]:
    """The first register and the last one of a household's day."""
    if not number or len(number) > MOST_NUMBER or not number.isprintable():
        raise Wrong("no_household", f"a number has 1 to {MOST_NUMBER} characters")
    if registers[0] < 0 or registers[-1] > MAX_REGISTER_L:
        raise Wrong("impossible", "a register has 48 bits of litres")
    if (np.diff(registers) < 0).any():
        raise Wrong("falling_register", "a later hour stands lower")
    return int(registers[0]), int(registers[-1])


def _registers(
    chunk: Chunk, places: Sequence[int], mapping: HouseholdMapping, rule: Rule
) -> Sequence[Ints | Wrong]:
    """Each row's registers in litres, the opening one first where it is told."""
    names = [mapping.opening, *mapping.registers] if mapping.opening else mapping.registers
    rows = [[chunk.cells[name][place] for name in names] for place in places]
    try:
        every, denominator = amounts_of(rule, [text for row in rows for text in row])
    except (Wrong, OverflowError):
        return [_one_by_one(rule, row) for row in rows]
    if (every % denominator).any():
        return [_one_by_one(rule, row) for row in rows]
    return list((every // denominator).reshape(len(rows), -1))


def _one_by_one(rule: Rule, row: Sequence[str]) -> Ints | Wrong:
    try:
        exact = [int(amount_of(rule, text)) for text in row]
    except Wrong as wrong:
        return wrong
    if max(exact) > MAX_REGISTER_L:
        return Wrong("impossible", "a register has 48 bits of litres")
    return np.array(exact, dtype=np.int64)
