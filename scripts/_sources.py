"""Reservoirs and rule tables, from files and options to what SourceMonitor holds."""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from ledger.deployment import Ledger
from ledger.errors import BadRecord, UsageError
from ledger.structs import read
from ledger.units import parse, parse_as
from scripts._files import instant, take
from scripts._permits import season_of
from scripts._showing import number_of

MARKS = ("warning", "guaranteed", "highest", "lowest_period", "lowest", "near")
LEVELS = ("dead", "drought", "flood_limit", "normal", "flood_high", "design", "check")
RAIN, VELOCITY = 1, 6
COLOURS = {1: "blue", 2: "yellow", 3: "orange", 4: "red"}
INPUTS = {1: "rain", 2: "depth", 3: "flow", 4: "pumping", 5: "duration", 6: "velocity"}
UNITS = {2: "mm", 3: "ml_s", 4: "bps", 5: "s"}
_ROW = re.compile(r"(.+)=\s*(\w+)")
_REACHED = re.compile(r"(\w+)\s*>=\s*([^=]+)")


def marks_of(entry: dict[str, Any], zone: ZoneInfo) -> tuple[int, ...]:
    """The fields of ISourceMonitor.Marks: since when they count, levels in millimetres."""
    return (_since(entry, zone), *(_level(entry, key) for key in MARKS))


def levels_of(entry: dict[str, Any], zone: ZoneInfo) -> tuple[int, ...]:
    """The fields of ISourceMonitor.Levels."""
    return (_since(entry, zone), *season_of(entry), *(_level(entry, key) for key in LEVELS))


def normal_of(entry: dict[str, Any], zone: ZoneInfo, channel: int) -> tuple[int, ...]:
    """The fields of ISourceMonitor.Normal: the inflow of thirty days in litres."""
    inflow_l = parse(str(take(entry, "inflow", "a normal inflow")))
    return (_since(entry, zone), *season_of(entry), channel, inflow_l)


def added(
    ledger: Ledger, station: int, kept: str, given: Iterable[tuple[int, ...]]
) -> list[tuple[int, ...]]:
    """Those versions that SourceMonitor does not hold yet; `kept` is levels, marks or normals."""
    count = int(read(ledger, "SourceMonitor", f"{kept}_count", station))
    held = [
        tuple(read(ledger, "SourceMonitor", kept, station, n).values()) for n in range(1, count + 1)
    ]
    return [one for one in given if one not in held]


def _since(entry: dict[str, Any], zone: ZoneInfo) -> int:
    return instant(take(entry, "from", "a version of a reservoir"), zone)


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


def rows_of(texts: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """The rows of a rule table; those that 'and' joins get a group of their own."""
    rows: list[tuple[int, int, int, int]] = []
    groups = 0
    for text in texts:
        reached, colour = _row_of(text)
        groups += len(reached) > 1
        group = groups if len(reached) > 1 else 0
        rows += [(number, at_least, colour, group) for number, at_least in reached]
    return rows


def _row_of(text: str) -> tuple[list[tuple[int, int]], int]:
    """What must be reached, and the class: 'depth>=501 mm and duration>=1801 s=red'."""
    found = _ROW.fullmatch(text.strip())
    colour = number_of(COLOURS, found[2]) if found else None
    parts = [_REACHED.fullmatch(part.strip()) for part in found[1].split(" and ")] if found else []
    named = [(number_of(INPUTS, part[1]), part[2]) for part in parts if part]
    reached = [(number, figure(number, said.strip())) for number, said in named if number]
    if colour is None or len(reached) < len(parts):
        raise UsageError(
            f"{text!r} is no row of a rule table",
            "write 'depth>=15 cm=yellow', or 'depth>=501 mm and duration>=1801 s=red'; "
            f"inputs: {', '.join(INPUTS.values())}",
        )
    return reached, colour


def figure(number: int, text: str) -> int:
    """An input in its unit; rain in whole micrometres, velocity in whole millimetres a second."""
    if number == RAIN:
        millimetres = text.removesuffix("mm").strip()
        return parse_as(f"{millimetres} m", "mm")  # a thousandth of a millimetre is one micrometre
    if number == VELOCITY:
        return parse_as(text.removesuffix("/s"), "mm")
    return parse_as(text, UNITS[number])


def inputs_of(texts: tuple[str, ...]) -> tuple[int, ...]:
    """The fields of ISourceMonitor.Inputs."""
    return tuple(figure(number, text) for number, text in enumerate(texts, 1))
