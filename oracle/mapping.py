"""The mapping file: which column of a file is which channel, in which unit, read how."""

from collections.abc import Mapping as Names
from dataclasses import dataclass
from fnmatch import fnmatch
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass as described

from ledger.channels import METER, Channel
from ledger.errors import BadRecord, NotFound, UsageError
from ledger.grades import GRADES, unsigned
from ledger.leaves import ESTIMATE, INSTANT, MEASURED
from ledger.marks import mark
from ledger.quantities import measured_as
from ledger.units import factor, parse_duration
from oracle.documents import read_yaml

ByName = Names[tuple[str, str], Channel]

REMEDY = "docs/sources.md shows a mapping file"
REGISTER_MARKS = {"N": MEASURED, "estimated": ESTIMATE}


class Strict(BaseModel):
    """What a file says, and nothing that is not asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Time(Strict):
    """Where a row's moment stands.

    `form` is iso8601, unix_s, or rows: the n-th row ends n steps after `begins`. `stamp` says
    whether a stamp is the end of its step, as everywhere here, or its start, which is shifted by
    `step`. `assumed` says that the series does not tell and the end was assumed.
    """

    form: Literal["iso8601", "unix_s", "rows"]
    column: str = ""
    timezone: str = ""
    begins: str = ""
    step: str = ""
    stamp: Literal["start", "end"] = "end"
    assumed: bool = False

    @model_validator(mode="after")
    def _complete(self) -> "Time":
        if self.form == "rows" and not (self.begins and self.step):
            raise ValueError("form rows needs begins and step")
        if self.form != "rows" and not self.column:
            raise ValueError(f"form {self.form} needs column")
        if self.stamp == "start" and not self.step:
            raise ValueError("stamp start needs step")
        if self.timezone:
            zone_of(self.timezone)
        return self

    @property
    def step_s(self) -> int:
        """The step between rows in seconds, 0 where none is given."""
        return parse_duration(self.step) if self.step else 0

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of stamps without an offset."""
        return zone_of(self.timezone) if self.timezone else None


class Marked(Strict):
    """A column whose text marks the value beside it; text that is not listed is refused."""

    column: str
    values: dict[str, str]


class Sequence(Strict):
    """A column that counts a source's rows up to `modulus` - 1 and round again; gaps are told."""

    column: str
    modulus: int = Field(default=65_536, ge=2)


@described(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Column:
    """One column of a file as one channel.

    `of` says what the numbers are: a gauge's value, or a meter's register, the volume of a step,
    or a rate, which is turned into a register (the floor of its exact running sum).
    `decimals` is how many the sensor delivers: further ones are rounded half to even, and stay in
    the telegram. Without it a number is taken exactly or refused.
    `most_change` and `stuck_after` only flag a reading, they never hold it back.
    A city has 100,000 of them, so it is no model, which would take five times the memory.
    """

    column: str
    device: str
    parameter: str
    unit: str
    of: Literal["value", "register", "volume", "rate"] = "value"
    decimals: int | None = Field(default=None, ge=0, le=9)
    grade: str | None = None
    mark: Marked | None = None
    most_change: str | None = None
    stuck_after: int | None = Field(default=None, ge=2)


class Mapping(Strict):
    """A mapping file."""

    title: str
    files: list[str] = ["*"]
    note: str = ""
    time: Time
    sequence: Sequence | None = None
    channels: list[Column] = Field(min_length=1)

    def fits(self, name: str) -> bool:
        """Whether the mapping is for the file or the station of that name."""
        return any(fnmatch(name, pattern) for pattern in self.files)

    def names(self, station: str) -> bool:
        """Whether it is for something of the sender of `station`, as MN/CN, whatever it sends."""
        sender = station.partition("/")[0]
        return any(fnmatch(sender, pattern.partition("/")[0]) for pattern in self.files)

    @property
    def columns(self) -> list[str]:
        """Every column that it reads."""
        read = [self.time.column] if self.time.column else []
        read += [self.sequence.column] if self.sequence else []
        for one in self.channels:
            read += [one.column, *([one.mark.column] if one.mark else [])]
        return list(dict.fromkeys(read))


@dataclass(frozen=True, slots=True)
class Rule:
    """How the cells of one column become readings of one channel.

    `factor` is exact: stored steps a unit for a gauge, litres a unit for a register or a volume,
    litres a second a unit for a rate.
    """

    channel: Channel
    column: str
    of: str
    unit: str
    factor: Fraction
    decimals: int | None
    kind: int
    grade: int
    mark_column: str | None
    marks: Names[str, int]
    most_change: int
    stuck_after: int

    @property
    def is_meter(self) -> bool:
        """Whether its readings are registers."""
        return self.channel.kind == METER

    @property
    def estimates(self) -> bool:
        """Whether its rows may tell an estimated register."""
        return self.is_meter and any(self.marks.values())


def load(path: Path) -> Mapping:
    """Read a mapping file; BadRecord names what is wrong in it, and where."""
    return read_yaml(Mapping, path, "mapping file")


def chosen(mappings: list[Mapping], path: Path) -> Mapping:
    """The one mapping that is for a file; NotFound or BadRecord where none or several are."""
    fitting = [mapping for mapping in mappings if mapping.fits(path.name)]
    if not fitting:
        raise NotFound(f"no mapping is for {path.name}", "name one with --mapping")
    if len(fitting) > 1:
        titles = ", ".join(mapping.title for mapping in fitting)
        raise BadRecord(f"several mappings are for {path.name}: {titles}", "leave one out")
    return fitting[0]


def rules(mapping: Mapping, channels: ByName) -> list[Rule]:
    """The rules of a mapping, each channel found by its device and parameter."""
    found = [rule_of(column, channels) for column in mapping.channels]
    numbers = [rule.channel.id for rule in found]
    if len(set(numbers)) < len(numbers):
        raise BadRecord(f"{mapping.title}: a channel has two columns", "leave one out")
    return found


def rule_of(column: Column, channels: ByName) -> Rule:
    """The rule of one column; NotFound or BadRecord where its channel is none or takes others."""
    channel = channels.get((column.device, column.parameter))
    where = f"column {column.column!r}"
    if channel is None:
        raise NotFound(
            f"{where}: {column.device} does not measure {column.parameter!r}",
            "enrol it with `waterline device`, or correct the mapping",
        )
    meter = channel.kind == METER
    if meter == (column.of == "value"):
        wanted = "register, volume or rate" if meter else "value"
        raise BadRecord(f"{where}: {column.device} {column.parameter} takes {wanted}", REMEDY)
    marks = _marks(column, meter, where)
    return Rule(
        channel=channel,
        column=column.column,
        of=column.of,
        unit=column.unit,
        factor=_factor(column, channel),
        decimals=column.decimals,
        kind=MEASURED if meter else INSTANT,
        grade=_grade(column, channel),
        mark_column=column.mark.column if column.mark else None,
        marks=marks,
        most_change=_change(column, channel),
        stuck_after=column.stuck_after or 0,
    )


def _marks(column: Column, meter: bool, where: str) -> dict[str, int]:
    """What each text of the mark's column stands for: a gauge's mark, or for a register whether it
    was estimated. An estimate is told apart by its kind: the mark is gone when it is taken in."""
    named = column.mark.values if column.mark else {}
    if not meter:
        return {text: mark(name) for text, name in named.items()}
    for name in named.values():
        if name not in REGISTER_MARKS:
            raise BadRecord(
                f"{where}: a register is not marked {name!r}", f"use {' or '.join(REGISTER_MARKS)}"
            )
    return {text: REGISTER_MARKS[name] for text, name in named.items()}


def _factor(column: Column, channel: Channel) -> Fraction:
    if column.of == "value":
        return factor(column.unit, channel.base) / channel.resolution
    return factor(column.unit, "L/s" if column.of == "rate" else "l")


def _change(column: Column, channel: Channel) -> int:
    """The greatest plausible change, in stored steps of a gauge or litres; 0 for any."""
    if not column.most_change:
        return 0
    return measured_as(column.most_change, channel.parameter) // max(channel.resolution, 1)


def _grade(column: Column, channel: Channel) -> int:
    """The evidence grade of what is not signed: never better than the operator's word, nor than
    the channel was enrolled with."""
    best = unsigned(channel.grade)
    if column.grade is None:
        return best
    grade = next((n for n, word in GRADES.items() if word == column.grade), None)
    if grade is None:
        words = ", ".join(GRADES.values())
        raise UsageError(f"unknown grade {column.grade!r}", f"use one of: {words}")
    if grade < best:
        raise UsageError(
            f"column {column.column!r} claims {column.grade!r}, but what {channel.device} sends "
            f"without a signature is {GRADES[best]!r} at best",
            "a file cannot raise the evidence grade of its device; a signed telegram does",
        )
    return grade


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name; ValueError for none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error


def _known_zone(name: str) -> str:
    zone_of(name)
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]
