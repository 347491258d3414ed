"""Reservoirs and rule tables, from files and options to what SourceMonitor holds."""

import re
from typing import Any

from ledger.errors import BadRecord, UsageError
from ledger.units import parse, parse_as
from scripts._files import take
from scripts._permits import season_of
from scripts._showing import number_of

MARKS = ("warning", "guaranteed", "highest", "lowest_period", "lowest", "near")
LEVELS = ("dead", "drought", "flood_limit", "normal", "flood_high", "design", "check")
COLOURS = {1: "blue", 2: "yellow", 3: "orange", 4: "red"}
INPUTS = {1: "rain", 2: "depth", 3: "flow", 4: "pumping", 5: "duration"}
UNITS = {2: "mm", 3: "ml_s", 4: "bps", 5: "s"}
_ROW = re.compile(r"(\w+)\s*>=\s*([^=]+)=\s*(\w+)")


def marks_of(entry: dict[str, Any]) -> tuple[int, ...]:
    """The fields of ISourceMonitor.Marks: levels in millimetres."""
    return tuple(_level(take(entry, "marks", "a reservoir"), key) for key in MARKS)


def levels_of(entry: dict[str, Any]) -> tuple[int, ...]:
    """The fields of ISourceMonitor.Levels."""
    return (*season_of(entry), *(_level(entry, key) for key in LEVELS))


def _level(entry: dict[str, Any], key: str) -> int:
    return parse_as(str(take(entry, key, "levels of a reservoir")), "mm")


def curve_of(entry: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Levels in millimetres and storages in litres, from pairs like [100 m, 2000000 m3]."""
    points = take(entry, "curve", "a reservoir")
    try:
        pairs = [(str(level), str(storage)) for level, storage in points]
    except (TypeError, ValueError) as error:
        raise BadRecord(f"curve {points!r} is no list of pairs", "[[90 m, 0 m3], ...]") from error
    return [parse_as(level, "mm") for level, _ in pairs], [parse(storage) for _, storage in pairs]


def row_of(text: str) -> tuple[int, int, int]:
    """A row of a rule table, from 'depth>=15 cm=yellow'."""
    found = _ROW.fullmatch(text.strip())
    number = number_of(INPUTS, found[1]) if found else None
    colour = number_of(COLOURS, found[3]) if found else None
    if found is None or number is None or colour is None:
        raise UsageError(
            f"{text!r} is no row of a rule table",
            f"write 'depth>=15 cm=yellow'; inputs: {', '.join(INPUTS.values())}",
        )
    return number, figure(number, found[2].strip()), colour


def figure(number: int, text: str) -> int:
    """An input in its unit; rain in whole micrometres."""
    if number == 1:
        millimetres = text.removesuffix("mm").strip()
        return parse_as(f"{millimetres} m", "mm")  # a thousandth of a millimetre is one micrometre
    return parse_as(text, UNITS[number])


def inputs_of(texts: tuple[str, ...]) -> tuple[int, ...]:
    """The fields of ISourceMonitor.Inputs."""
    return tuple(figure(number, text) for number, text in enumerate(texts, 1))
