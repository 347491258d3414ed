"""Files that describe many acts at once: one YAML file, a section a noun."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from ledger.errors import BadRecord, NotFound, UsageError

FIRST_MOMENT = 315_532_800  # 1980-01-01, before any record of ours


def section(path: Path, name: str) -> list[dict[str, Any]]:
    """A list of entries in a file; BadRecord says what is missing."""
    return entries(whole(path).get(name), f"{path} has no list {name!r}")


def entries(found: Any, otherwise: str) -> list[dict[str, Any]]:
    """A list of entries; BadRecord with the words of `otherwise` when it is none."""
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise BadRecord(otherwise, "data/city.yaml shows the form")
    return found


def whole(path: Path) -> dict[str, Any]:
    """A YAML or JSON file that holds a mapping."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except FileNotFoundError as error:
        raise NotFound(f"no file at {path}", "check the name") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadRecord(f"{path} cannot be read: {error}", "mend the file") from error
    if not isinstance(raw, dict):
        raise BadRecord(f"{path} holds no names with values", "data/city.yaml shows the form")
    return raw


def take(entry: dict[str, Any], key: str, where: str) -> Any:
    """A value that an entry must have."""
    if entry.get(key) in (None, ""):
        raise BadRecord(f"{where}: {key!r} is missing", "data/city.yaml shows the form")
    return entry[key]


def count(entry: dict[str, Any], key: str, where: str, default: int | None = None) -> int:
    """A whole number that an entry has, or the default where there is one."""
    given = take(entry, key, where) if default is None else entry.get(key, default)
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    if isinstance(given, str) and given.isascii() and given.isdigit():
        return int(given)
    raise BadRecord(f"{where}: {key!r} is {given!r}, no whole number", "write it like 2")


def instant(text: Any, zone: ZoneInfo) -> int:
    """An ISO 8601 moment or day as a Unix second; without an offset it is the city's time."""
    at = text if isinstance(text, int) else _unix(text, zone)
    if isinstance(text, bool) or at < FIRST_MOMENT:  # a day written without hyphens is smaller
        raise _no_moment(text)
    return at


def _unix(text: Any, zone: ZoneInfo) -> int:
    if isinstance(text, date) and not isinstance(text, datetime):
        text = text.isoformat()
    try:
        at = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
        if at.microsecond:
            raise _no_moment(text)
        return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp())
    except (ValueError, OverflowError) as error:
        raise _no_moment(text) from error


def _no_moment(text: Any) -> UsageError:
    return UsageError(
        f"{text!r} is no moment in whole seconds since 1980",
        "write it like 2026-01-31 or 2026-01-31T08:00:00Z",
    )
