"""The demo city's file with its dates filled in, so that every series ends now."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from ledger.errors import BadRecord
from oracle.dating import shift_to, span
from oracle.mapping import load
from scripts._files import section, take, whole

BEFORE_S = 7 * 86_400  # responsibility begins well before the first reading: water travels
CONSTRUCTED = "city"  # the series whose days districts and works are balanced over
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
    def read_day(self) -> str:
        """The last local day that the district and the works were read through."""
        at = max(one.last_at for one in self.series if one.name == CONSTRUCTED)
        return str(datetime.fromtimestamp(at, ZoneInfo(self.timezone)).date() - timedelta(days=1))

    def day_of(self, series: str, later: int) -> str:
        """The local day so many days after a series' channels open."""
        zone = ZoneInfo(self.timezone)
        (opened_at,) = (one.opened_at for one in self.series if one.name == series)
        return str(datetime.fromtimestamp(opened_at, zone).date() + timedelta(days=later))

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
    said: dict[str, Any] = {
        text: datetime.fromtimestamp(at, UTC).isoformat() for text, at in openings.items()
    }
    fed = datetime.fromtimestamp(max(one.last_at for one in series), zone).year
    dated = _dated(
        raw, {**said, "<this year>": fed, "<last year>": fed - 1, "<this file>": str(source)}
    )
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


def _dated(value: Any, said: dict[str, Any]) -> Any:
    """The same document with every <moment> and <year> written out."""
    if isinstance(value, dict):
        return {key: _dated(item, said) for key, item in value.items()}
    if isinstance(value, list):
        return [_dated(item, said) for item in value]
    return said.get(value, value) if isinstance(value, str) else value
