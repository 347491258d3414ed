"""Limit tables, threshold schemes and local calendars, from standards/ to what Standards holds.

Every number is converted by exact decimal arithmetic. A row without a number is listed, never
filled in, but for "not detected" and "none", which are a limit of zero. A row that is not verified
keeps that mark on chain.
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from ledger.errors import BadRecord, FractionError, NotFound, UsageError
from ledger.labels import label
from ledger.units import number, show, to_base

# the base unit that the chain holds for each printed unit, and how many make one
BASE_OF = {"mg/L": "ng/L", "NTU": "mntu", "-": "mph", "degC": "mc", "%": "bps", "ratio": "ppm"}
PRINTED = {"-": "pH"}
# counted, or in a unit of its own: the printed number, or its thousandths
OWN = {
    "degree": ("degree", 1),
    "count/L": ("count/L", 1),
    "MPN/mL or CFU/mL": ("MPN/mL or CFU/mL", 1),
    "dilution multiple": ("dilution multiple", 1),
    "mL/(L*15min)": ("mL/(L*15min)", 1),
    "Bq/L": ("mBq/L", 1_000),
    "MPN/100mL or CFU/100mL": ("MPN/100mL or CFU/100mL", 1),
    "qualitative": ("qualitative", 1),
}
# a row of these bases prints no number: nothing of it may be there, which is a limit of zero
NONE_ALLOWED = ("not_detected", "qualitative")
COLUMNS = ("standard", "item_key", "unit", "grade", "basis", "min", "max", "verified", "note")
DAY, MONTH, QUARTER, YEAR, WORKING = 1, 2, 3, 4, 5
CALENDARS = {DAY: "DAY", MONTH: "MONTH", QUARTER: "QUARTER", YEAR: "YEAR", WORKING: "WORKING"}
SATURDAY = 5


class Limit(NamedTuple):
    """A limit as Standards holds it, but for the number of its set."""

    parameter: str
    basis: str
    unit: str
    lo: int | None
    hi: int | None
    daily_mean: bool
    verified: bool

    def as_struct(self, set_id: int) -> tuple[Any, ...]:
        """The fields of IStandards.Limit in their order."""
        return (
            set_id,
            label(self.parameter),
            label(self.basis),
            label(self.unit),
            self.lo or 0,
            self.hi or 0,
            self.lo is not None,
            self.hi is not None,
            self.daily_mean,
            self.verified,
        )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that has no number to load, and why."""

    parameter: str
    grade: str
    basis: str
    reason: str


@dataclass(frozen=True, slots=True)
class LimitSet:
    """The limits of one standard and grade."""

    standard: str
    grade: str
    in_force: date
    source_sha256: bytes
    limits: tuple[Limit, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Scheme:
    """Thresholds of use against a plan, in basis points."""

    name: str
    blue_bps: int
    yellow_bps: int
    red_bps: int
    approaching_bps: int
    peak_leave_bps: int


@dataclass(frozen=True, slots=True)
class Setting:
    """A figure that rules ask for, with where it comes from."""

    name: str
    amount: int
    unit: str
    source: str
    verified: bool

    def as_struct(self, in_force_at: int) -> tuple[Any, ...]:
        """The fields of IStandards.Setting in their order; the contract counts the versions."""
        fields = (label(self.unit), self.source, self.verified, in_force_at)
        return (label(self.name), 0, self.amount, *fields)


def amount(text: str, printed: str) -> tuple[int, str]:
    """A printed number as a whole number of its base unit; the base unit beside it."""
    if printed in BASE_OF:
        base = BASE_OF[printed]
        return to_base(number(text), PRINTED.get(printed, printed), base), base
    if printed not in OWN:
        raise UsageError(f"no base unit for {printed!r}", "add it to ledger/standards.py")
    base, factor = OWN[printed]
    scaled: Decimal = number(text) * factor
    if scaled != scaled.to_integral_value():
        raise FractionError(f"{text} {printed} is not a whole number of {base}", "")
    return int(scaled), base


def shown(value: int, base: str) -> str:
    """A limit as people read it."""
    if base == "qualitative":
        return "present" if value else "none"
    if base in BASE_OF.values():
        return show(value, base)
    return f"{Decimal(value) / 1000:f} Bq/L" if base == "mBq/L" else f"{value} {base}"


def read_table(path: Path, in_force: date) -> list[LimitSet]:
    """The limit sets of a table, one for each grade in it."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"no limit table at {path}", "name one of standards/*.csv") from error
    try:
        rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
    except ValueError as error:
        raise BadRecord(f"{path} is no limit table: {error}", "save it as UTF-8") from error
    if not rows or any(column not in rows[0] for column in COLUMNS):
        raise BadRecord(f"{path} is no limit table", f"its columns must hold {', '.join(COLUMNS)}")
    grades = sorted({row["grade"] for row in rows})
    digest = hashlib.sha256(content).digest()
    return [
        _limit_set([row for row in rows if row["grade"] == grade], in_force, digest)
        for grade in grades
    ]


def _limit_set(rows: Sequence[dict[str, str]], in_force: date, digest: bytes) -> LimitSet:
    limits, left_out = [], []
    for row in rows:
        if row["basis"] in NONE_ALLOWED and not row["min"]:
            limits.append(_limit({**row, "max": row["max"] or "0"}))
        elif row["min"] or row["max"]:
            limits.append(_limit(row))
        else:
            reason = row["note"] or row["basis"]
            left_out.append(LeftOut(row["item_key"], row["grade"], row["basis"], reason))
    return LimitSet(
        rows[0]["standard"],
        rows[0]["grade"],
        in_force,
        digest,
        tuple(_joined(limits)),
        tuple(left_out),
    )


def _limit(row: dict[str, str]) -> Limit:
    printed = row["unit"]
    lo = amount(row["min"], printed) if row["min"] else None
    hi = amount(row["max"], printed) if row["max"] else None
    base = (lo or hi or (0, ""))[1]
    return Limit(
        row["item_key"],
        row["basis"],
        base,
        lo[0] if lo else None,
        hi[0] if hi else None,
        row["basis"].startswith("daily_mean"),
        row["verified"] == "yes",
    )


def _joined(limits: Iterable[Limit]) -> Iterator[Limit]:
    """A minimum and a maximum of one basis ("plant_exit_min", "plant_exit_max") as one range."""
    held = {(limit.parameter, limit.basis): limit for limit in limits}
    for (parameter, basis), limit in held.items():
        stem, _, side = basis.rpartition("_")
        other = held.get((parameter, f"{stem}_{'min' if side == 'max' else 'max'}"))
        if not stem or side not in ("min", "max") or other is None:
            yield limit
        elif side == "max":
            verified = limit.verified and other.verified
            yield limit._replace(basis=f"{stem}_range", lo=other.lo, verified=verified)


def read_index(path: Path) -> dict[str, dict[str, Any]]:
    """Which tables and schemes there are: standards/index.yaml."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"no index at {path}", "name a folder like standards/") from error
    except (OSError, yaml.YAMLError) as error:
        raise BadRecord(f"{path} cannot be read: {error}", "mend the file") from error
    if not isinstance(raw, dict) or not {"tables", "schemes"} <= raw.keys():
        raise BadRecord(f"{path} is no index of standards", "it needs tables: and schemes:")
    return raw


def read_schemes(index: dict[str, dict[str, Any]]) -> list[Scheme]:
    """The threshold schemes of an index."""
    try:
        return [
            Scheme(name, **{f"{key}_bps": _bps(text) for key, text in cuts.items()})
            for name, cuts in index["schemes"].items()
        ]
    except (TypeError, AttributeError) as error:
        raise BadRecord(
            f"a scheme cannot be read: {error}",
            "it needs blue, yellow, red, approaching and peak_leave, each a share like 10 %",
        ) from error


def read_settings(path: Path) -> list[Setting]:
    """The settings of a file like standards/settings.yaml."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))["settings"]
        settings = [Setting(name, **fields) for name, fields in raw.items()]
    except FileNotFoundError as error:
        raise NotFound(f"no settings at {path}", "name a file like settings.yaml") from error
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise BadRecord(
            f"{path} cannot be read: {error}", "each needs amount, unit, source and verified"
        ) from error
    for one in settings:
        if type(one.amount) is not int or type(one.verified) is not bool:
            raise BadRecord(
                f"{path}: {one.name} is not whole or neither verified nor not",
                "amount is a whole number, verified is yes or no",
            )
    return settings


def read_working_days(path: Path) -> tuple[frozenset[date], frozenset[date]]:
    """Holidays between Monday and Friday, and weekend days on which people work."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        lists = [raw["holidays"] or [], raw["working_weekends"] or []]
    except FileNotFoundError as error:
        raise NotFound(
            f"no working days at {path}", "name a file like working_days.yaml"
        ) from error
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise BadRecord(
            f"{path} cannot be read: {error}", "it needs holidays: and working_weekends:"
        ) from error
    for day in (day for days in lists for day in days):
        if type(day) is not date:
            raise BadRecord(f"{path}: {day!r} is no day", "write it like 2026-10-01")
    return frozenset(lists[0]), frozenset(lists[1])


def _bps(text: str) -> int:
    value, _, unit = str(text).partition("%")
    if unit or "%" not in str(text):
        raise BadRecord(f"{text!r} is not a share", "write it like 10 %")
    return to_base(number(value.strip()), "%", "bps")


def zone(name: str) -> ZoneInfo:
    """A time zone by its name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"unknown time zone {name!r}", "write it like Asia/Shanghai") from error


def midnight(day: date, where: ZoneInfo) -> int:
    """The Unix second in which a local day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=where).timestamp())


def boundaries(calendar: int, first_year: int, last_year: int, where: ZoneInfo) -> list[int]:
    """The instants at which local days, months, quarters or years begin, both ends included."""
    if calendar == DAY:
        first, last = date(first_year, 1, 1).toordinal(), date(last_year + 1, 1, 1).toordinal()
        return [midnight(date.fromordinal(day), where) for day in range(first, last + 1)]
    step = {MONTH: 1, QUARTER: 3, YEAR: 12}[calendar]
    starts = [
        date(year, month, 1)
        for year in range(first_year, last_year + 1)
        for month in range(1, 13, step)
    ]
    return [midnight(day, where) for day in [*starts, date(last_year + 1, 1, 1)]]


def working_ends(
    first_year: int,
    last_year: int,
    where: ZoneInfo,
    holidays: frozenset[date],
    working_weekends: frozenset[date],
) -> list[int]:
    """The instants at which local working days end."""
    first, last = date(first_year, 1, 1).toordinal(), date(last_year + 1, 1, 1).toordinal()
    return [
        midnight(date.fromordinal(n + 1), where)
        for n in range(first, last)
        if is_working(date.fromordinal(n), holidays, working_weekends)
    ]


def is_working(day: date, holidays: frozenset[date], working_weekends: frozenset[date]) -> bool:
    """Whether people work on a day."""
    return day in working_weekends or (day.weekday() < SATURDAY and day not in holidays)
