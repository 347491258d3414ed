"""Observations of SensorThings 1.1: pages cut into their observations, each byte as it came.

A page is an object with `value`, a list of observations, and `@iot.nextLink` where more follow.
An observation has `phenomenonTime`, a moment or two with a stroke between, `result` and others.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from oracle.sources.payloads import LONGEST, MOST_CELLS, NoPayload, flat, numbered, once, parsed

_NO_FRACTION = re.compile(r"\.0+(?=Z|[+-]|$)")
_BLANK = re.compile(r"[ \t\r\n]*")
_VALUES = ("result", "resultQuality")
_DECODER = json.JSONDecoder(
    parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=once
)


class NoPage(ValueError):
    """An answer that is no page of observations; the text says why."""


@dataclass(frozen=True, slots=True)
class Page:
    """The observations of one answer, and where the next answer is."""

    observations: list[bytes]
    next_link: str


def page(answer: bytes) -> Page:
    """Cut an answer into its observations."""
    try:
        found = dict(_members(answer.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise NoPage(f"no JSON object: {error}") from error
    observations, link = found.get("value"), found.get("@iot.nextLink") or ""
    if not isinstance(observations, list):
        raise NoPage("no list named value")
    if not isinstance(link, str):
        raise NoPage("@iot.nextLink is no text")
    return Page([one.encode() for one in observations], link)


def _members(text: str) -> Iterator[tuple[str, Any]]:
    """Every member of an object; the items of `value` as the texts they were written as."""
    at = _after(text, 0, "{")
    while not _is(text, at, "}"):
        name, at = _DECODER.raw_decode(text, at)
        at = _after(text, at, ":")
        value, at = _items(text, at) if name == "value" else _DECODER.raw_decode(text, at)
        yield name, value
        at = _next(text, at, "}")
    if _skipped(text, _skipped(text, at) + 1) != len(text):
        raise ValueError("something follows the object")


def _items(text: str, at: int) -> tuple[list[str], int]:
    found: list[str] = []
    at = _after(text, at, "[")
    while not _is(text, at, "]"):
        _, end = _DECODER.raw_decode(text, at)
        found.append(text[at:end])
        at = _next(text, end, "]")
    return found, _skipped(text, at) + 1


def _next(text: str, at: int, closing: str) -> int:
    """Behind a comma, or at the closing bracket."""
    return _skipped(text, at) if _is(text, at, closing) else _after(text, at, ",")


def _after(text: str, at: int, sign: str) -> int:
    """Behind a sign that must stand here, and what is blank behind it."""
    if not _is(text, at, sign):
        raise ValueError(f"{sign} expected at character {at}")
    return _skipped(text, _skipped(text, at) + 1)


def _is(text: str, at: int, sign: str) -> bool:
    return text.startswith(sign, _skipped(text, at))


def _skipped(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def cells(observation: bytes) -> dict[str, str]:
    """The moments, result and quality of an observation; NoPayload for what is none."""
    told = _object(observation)
    start, end = _phenomenon(told)
    found = {"phenomenonTime": end}
    if start != end:
        found["phenomenonTime.start"] = start
    found["resultTime"] = _whole(str(told.get("resultTime") or ""))
    found |= flat({name: numbered(told[name]) for name in _VALUES if name in told}, "", 1)
    if "result" not in told:
        raise NoPayload("no result; a reading has one")
    if len(found) > MOST_CELLS:
        raise NoPayload(f"{len(found)} values, {MOST_CELLS} at the most; send fewer at once")
    return found


def began(observation: bytes) -> datetime:
    """The moment that an observation is asked for by: where its time begins."""
    start, _ = _phenomenon(_object(observation))
    try:
        at = datetime.fromisoformat(start)
    except ValueError as error:
        raise NoPayload(f"phenomenonTime {start!r} is no moment: {error}") from error
    if at.tzinfo is None:
        raise NoPayload(f"phenomenonTime {start!r} has no offset; send one, or Z")
    return at.astimezone(UTC)


def _object(observation: bytes) -> dict[str, Any]:
    if len(observation) > LONGEST:
        raise NoPayload(f"{len(observation)} bytes, {LONGEST} at the most; send fewer values")
    try:
        told = parsed(observation)
    except (ValueError, RecursionError) as error:
        raise NoPayload(f"no JSON: {error}; send one object") from error
    if not isinstance(told, dict):
        raise NoPayload("no object; an observation is one")
    return told


def _phenomenon(told: Mapping[str, Any]) -> tuple[str, str]:
    """Where the time of an observation begins and ends; one moment is both."""
    text = told.get("phenomenonTime")
    if not isinstance(text, str) or not text:
        raise NoPayload("no phenomenonTime; an observation has one")
    parts = [_whole(part) for part in text.split("/")]
    if len(parts) > 2 or not all(parts):
        raise NoPayload(f"phenomenonTime {text!r} is neither a moment nor two; send start/end")
    return parts[0], parts[-1]


def _whole(moment: str) -> str:
    """A moment without a fraction of nothing: 10:00:00.000Z is 10:00:00Z."""
    return _NO_FRACTION.sub("", moment)
