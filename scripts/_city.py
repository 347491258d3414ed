"""The demo city's file with its dates filled in, so that every series ends now."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from ledger.errors import BadRecord
from oracle.dating import shift_to, span
from oracle.mapping import load
from scripts._files import section, take, whole

BEFORE_S = 7 * 86_400  # responsibility begins well before the first reading: water travels
FIVE_YEARS = 5  # the usual term of an abstraction permit, Decree 460 art. 25


@dataclass(frozen=True)
class Series:
    """A series of the city: its file, its mapping, and when its channels open."""

    name: str
    title: str
    path: Path
    mapping: Path
    opened_at: int
    last_at: int


@dataclass(frozen=True)
class City:
    """A city file with dates: written to `path`, with the series that it is fed from."""

    path: Path
    name: str
    timezone: str
    raw: dict[str, Any]
    series: tuple[Series, ...]

    @property
    def year(self) -> int:
        """The local year that it is."""
        return datetime.now(ZoneInfo(self.timezone)).year

    @property
    def years(self) -> tuple[int, int]:
        """The local years that its calendar must hold: those of its readings and one around."""
        zone = ZoneInfo(self.timezone)
        first = min(one.opened_at for one in self.series) - BEFORE_S
        last = max(one.last_at for one in self.series)
        return datetime.fromtimestamp(first, zone).year, datetime.fromtimestamp(last, zone).year + 1


def filled(source: Path, target: Path, now: int | None = None) -> City:
    """Read a city file, date it, and write it where the commands can read it."""
    raw = whole(source)
    zone = ZoneInfo(str(take(raw, "timezone", str(source))))
    ends = int(time.time()) if now is None else now
    series = tuple(_series(entry, source.parent, zone, ends) for entry in section(source, "series"))
    openings = {f"<opening of the {one.name}>": one.opened_at for one in series}
    openings["<before the first reading>"] = min(openings.values()) - BEFORE_S
    dated = _dated(raw, lambda text: openings.get(text))
    for permit in dated["permits"]:
        if permit["until"] == "<five years later>":
            begins = datetime.fromisoformat(permit["from"])
            permit["until"] = begins.replace(year=begins.year + FIVE_YEARS, day=1).isoformat()
    text = yaml.safe_dump(dated, allow_unicode=True, sort_keys=False)
    if "<" in text:
        left = next(line.strip() for line in text.splitlines() if "<" in line)
        raise BadRecord(f"{source}: nothing fills in {left!r}", "name a series of the file")
    target.write_text(text, encoding="utf-8")
    return City(target, str(raw["city"]), str(raw["timezone"]), dated, series)


def _series(entry: dict[str, Any], folder: Path, zone: ZoneInfo, now: int) -> Series:
    name = str(take(entry, "name", "a series"))
    path, mapping = folder / str(entry["file"]), folder / str(entry["mapping"])
    found = span(path, load(mapping))
    shift_s = shift_to(found.last_at, now, zone)
    return Series(
        name,
        str(entry["title"]),
        path,
        mapping,
        found.first_at + shift_s - found.step_s,
        found.last_at + shift_s,
    )


def _dated(value: Any, opening: Callable[[str], int | None]) -> Any:
    """The same document with every <moment> written out."""
    if isinstance(value, dict):
        return {key: _dated(item, opening) for key, item in value.items()}
    if isinstance(value, list):
        return [_dated(item, opening) for item in value]
    at = opening(value) if isinstance(value, str) else None
    return value if at is None else datetime.fromtimestamp(at, UTC).isoformat()
