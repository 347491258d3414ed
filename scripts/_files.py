"""Files that describe many acts at once: one YAML file, a section a noun."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from ledger.errors import BadRecord, NotFound, UsageError


def section(path: Path, name: str) -> list[dict[str, Any]]:
    """A list of entries in a file; BadRecord says what is missing."""
    raw = whole(path)
    entries = raw.get(name)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadRecord(f"{path} has no list {name!r}", "data/city.yaml shows the form")
    return entries


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


def instant(text: Any, zone: ZoneInfo) -> int:
    """An ISO 8601 moment or day as a Unix second; without an offset it is the city's time."""
    if isinstance(text, bool) or text is None:
        raise UsageError(f"{text!r} is no moment", "write it like 2026-01-31 or 2026-01-31T08:00Z")
    if isinstance(text, int):
        return text
    if isinstance(text, date) and not isinstance(text, datetime):
        text = text.isoformat()
    try:
        at = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no moment", "write it like 2026-01-31 or 2026-01-31T08:00:00Z"
        ) from error
    return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp())
