"""Laboratory reports as people write them: forms line by line, results exactly, and the profiles by
which they are ruled on."""

import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ledger.errors import BadRecord, NotANumber, NotFound, UnknownUnit, WaterlineError
from ledger.labels import label
from ledger.standards import OWN, amount
from ledger.units import NUMBER, SHOWN, parse_as

MEASURED, BELOW, NOT_DETECTED, ABSENT, PRESENT = 1, 2, 3, 4, 5
STATES = {
    MEASURED: "measured",
    BELOW: "below detection",
    NOT_DETECTED: "not detected",
    ABSENT: "none",
    PRESENT: "present",
}
WORDS = {
    **dict.fromkeys(("nd", "n.d.", "not detected", "未检出"), NOT_DETECTED),
    **dict.fromkeys(("none", "absent", "无"), ABSENT),
    **dict.fromkeys(("present", "有"), PRESENT),
}
QUALITATIVE = "qualitative"
# what a form says of the sample; the first eight it must say, accreditation only of a laboratory
SAMPLE = (
    *("station", "code", "taken", "analysed", "laboratory", "method", "document", "grade"),
    *("accreditation", "composite"),
)
COLUMNS = ["item", "value", "unit", "detection"]
_PRINTED = {base: (printed, factor) for printed, (base, factor) in OWN.items()}
_NUMBER_FIRST = re.compile(rf"\s*({NUMBER.pattern})\s*(.*?)\s*")


class Result(NamedTuple):
    """A result in the fields of ILaboratory.Result; amounts are whole numbers of `unit`."""

    parameter: str
    unit: str
    state: int
    value: int = 0
    detection: int = 0

    def as_struct(self) -> tuple[Any, ...]:
        """The fields in their order."""
        return (label(self.parameter), label(self.unit), self.state, self.value, self.detection)


@dataclass(frozen=True, slots=True)
class Line:
    """What a line of a form says of one item, as it is written."""

    number: int
    name: str
    text: str
    detection: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A report as a file holds it: the sample's fields by name, and the results."""

    path: Path
    sample: Mapping[str, Line]
    results: tuple[Line, ...]

    @contextmanager
    def at(self, line: Line) -> Iterator[None]:
        """Errors inside name the line and the item."""
        try:
            yield
        except WaterlineError as error:
            raise self.bad(line, error.message, error.remedy) from error

    def bad(self, line: Line, message: str, remedy: str) -> BadRecord:
        """An error about a line."""
        return BadRecord(f"{self.path}, line {line.number}, {line.name}: {message}", remedy)


def read_form(path: Path) -> Form:
    """The form in a .yaml or .csv file; BadRecord names the line that cannot be."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFound(f"no form at {path}", "`waterline lab form STATION` prints one") from error
    except (OSError, ValueError) as error:
        raise BadRecord(f"{path} cannot be read: {error}", "save it as UTF-8") from error
    parts = _csv_lines(path, text) if path.suffix.lower() == ".csv" else _yaml_lines(path, text)
    sample: dict[str, Line] = {}
    results: dict[str, Line] = {}
    form = Form(path, sample, ())
    for of_sample, line in parts:
        held = sample if of_sample else results
        if of_sample and line.name not in SAMPLE:
            raise form.bad(line, "is nothing a form says", f"it says {', '.join(SAMPLE)}")
        if line.name in held:
            first = held[line.name].number
            raise form.bad(line, f"stands in line {first} already", "leave one of them out")
        held[line.name] = line
    for name in SAMPLE[:8]:
        if name not in sample or not sample[name].text:
            raise BadRecord(f"{path}: sample without {name!r}", "`waterline lab form STATION`")
    given = tuple(line for line in results.values() if line.text)
    if not given:
        raise BadRecord(f"{path}: no result is filled in", "write a value, or ND")
    return Form(path, sample, given)


def _csv_lines(path: Path, text: str) -> Iterator[tuple[bool, Line]]:
    rows = csv.reader(text.splitlines())
    head = [cell.strip() for cell in next(rows, [])]
    if head[:2] != COLUMNS[:2] or not set(head) <= set(COLUMNS):
        raise BadRecord(f"{path}, line 1: no form", f"its columns are {', '.join(COLUMNS)}")
    for row in rows:
        if any(cell.strip() for cell in row):
            if len(row) > len(head):
                raise BadRecord(
                    f"{path}, line {rows.line_num}: {len(row)} cells under {len(head)} columns",
                    "quote a cell that holds a comma",
                )
            cells = dict(zip(head, (cell.strip() for cell in row), strict=False))
            of_sample = cells["item"].startswith("sample.")
            value, unit = cells.get("value", ""), cells.get("unit", "")
            if value and NUMBER.search(value):
                value = f"{value} {unit}".strip()
            detection = cells.get("detection", "")
            yield (
                of_sample,
                Line(
                    rows.line_num,
                    cells["item"].removeprefix("sample."),
                    cells.get("value", "") if of_sample else value,
                    f"{detection} {unit}".strip() if detection else "",
                ),
            )


def _yaml_lines(path: Path, text: str) -> Iterator[tuple[bool, Line]]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise BadRecord(f"{path} cannot be read: {error}", "mend the file") from error
    remedy = "it needs sample: and results:, as `waterline lab form STATION` prints them"
    if not isinstance(root, yaml.MappingNode):
        raise BadRecord(f"{path} is no form", remedy)
    for key, part in root.value:
        number = key.start_mark.line + 1
        if key.value not in ("sample", "results"):
            raise BadRecord(f"{path}, line {number}: {key.value!r} is no part of a form", remedy)
        if not isinstance(part, yaml.MappingNode):
            raise BadRecord(f"{path}, line {number}: {key.value} holds no names", remedy)
        for name, value in part.value:
            yield key.value == "sample", _yaml_line(path, name, value)


def _yaml_line(path: Path, name: yaml.Node, value: yaml.Node) -> Line:
    number = name.start_mark.line + 1
    if isinstance(value, yaml.ScalarNode):
        empty = value.tag == "tag:yaml.org,2002:null"
        return Line(number, str(name.value), "" if empty else value.value.strip())
    if isinstance(value, yaml.MappingNode):
        parts = {str(key.value): str(part.value) for key, part in value.value}
        if parts.keys() <= {"value", "detection"}:
            held = parts.get("value", "").strip(), parts.get("detection", "").strip()
            return Line(number, str(name.value), *held)
    raise BadRecord(
        f"{path}, line {number}, {name.value}: holds neither a value nor value and detection",
        "write it like: 0.17 NTU, or {value: 0.17 NTU, detection: 0.02 NTU}",
    )


def read_result(line: Line, base: str) -> Result:
    """What a line says of a parameter whose limit stands in the unit `base`.

    `< 0.005 mg/L` is below a detection limit; ND, not detected, none and present are words.
    Conversion is exact or refused.
    """
    detection = amount_of(line.detection, base) if line.detection else 0
    if detection < 0:
        raise NotANumber(f"{line.detection!r} is no detection limit", "it cannot be negative")
    state = WORDS.get(line.text.lower())
    if state in (ABSENT, PRESENT) and base != QUALITATIVE:
        raise NotANumber(f"{line.text!r} is no amount", f"write it in {unit_of(base)}, or ND")
    if state is not None:
        return Result(line.name, base, state, 0, detection)
    if base == QUALITATIVE:
        raise NotANumber(f"{line.text!r} is neither none nor present", "write one of the two")
    if line.text.startswith(("<", "＜")):
        return Result(line.name, base, BELOW, 0, _above_zero(line.text[1:], base))
    return Result(line.name, base, MEASURED, amount_of(line.text, base), detection)


def _above_zero(text: str, base: str) -> int:
    found = amount_of(text, base)
    if found <= 0:
        raise NotANumber(f"nothing lies below {text.strip()!r}", "write the detection limit")
    return found


def amount_of(text: str, base: str) -> int:
    """A written amount as whole units of a limit; UnknownUnit where its unit does not fit."""
    if base in SHOWN:
        return parse_as(text, base)
    found = _NUMBER_FIRST.fullmatch(text)
    if found is None:
        raise NotANumber(f"{text!r} is not a quantity", f"write it like 3 {unit_of(base)}")
    printed, _ = _PRINTED.get(base, (base, 1))
    if found[2] not in (printed, *printed.split(" or ")):
        raise UnknownUnit(f"{text!r} is not in {printed}", f"write it like 3 {unit_of(base)}")
    return amount(found[1], printed)[0]


def unit_of(base: str) -> str:
    """The unit in which a form asks for a parameter."""
    return SHOWN.get(base) or _PRINTED.get(base, (base, 1))[0]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a kind of station is held against, in the words of standards/laboratory.yaml."""

    name: str
    standard: str
    kinds: int
    grades: tuple[str, ...]
    bases: tuple[str, ...]
    unsure: tuple[str, ...]
    classes: tuple[str, ...]
    unclassed: tuple[str, ...]
    sums: Mapping[str, tuple[str, ...]]
    below: str

    def as_struct(self) -> tuple[Any, ...]:
        """The fields of ILaboratory.Profile in their order; the contract counts the versions."""
        groups = [(label(sum_), [label(one) for one in who]) for sum_, who in self.sums.items()]
        return (
            *(self.name, 0, self.standard, self.kinds, list(self.grades)),
            *([label(one) for one in self.bases], [label(one) for one in self.unsure]),
            *(list(self.classes), [label(one) for one in self.unclassed], groups),
            label(self.below),
        )


def read_profiles(path: Path, kinds: Mapping[str, int]) -> dict[str, Profile]:
    """The profiles of a file; `kinds` are the numbers of the kinds of station by their words."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))["profiles"]
        return {name: _profile(name, entry, kinds) for name, entry in raw.items()}
    except FileNotFoundError as error:
        raise NotFound(f"no profiles at {path}", "name a file like laboratory.yaml") from error
    except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise BadRecord(
            f"{path} cannot be read: {error!r}",
            "each profile needs standard, stations, grades, bases and below",
        ) from error


def _profile(name: str, entry: Mapping[str, Any], kinds: Mapping[str, int]) -> Profile:
    def texts(key: str) -> tuple[str, ...]:
        return tuple(str(one) for one in entry.get(key) or ())

    unknown = set(texts("stations")) - set(kinds)
    if unknown:
        raise BadRecord(f"{name}: no kind of station {unknown}", f"use {', '.join(kinds)}")
    return Profile(
        name,
        str(entry["standard"]),
        sum(1 << kinds[one] for one in dict.fromkeys(texts("stations"))),
        texts("grades"),
        texts("bases"),
        texts("unsure"),
        texts("classes"),
        texts("unclassed"),
        {str(key): tuple(map(str, who)) for key, who in (entry.get("sums") or {}).items()},
        str(entry["below"]),
    )
