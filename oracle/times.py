"""Moments of rows: whole Unix seconds at which each row's step ends."""

import re
from collections.abc import Sequence
from datetime import datetime

from oracle.mapping import Time
from oracle.sources.chunks import Chunk

LATEST = 2**32 - 1
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?")
_SECONDS = re.compile(r"\d{1,10}")


class NoMoment(ValueError):
    """A row whose moment cannot be read; the text says why."""


def moments(time: Time, chunk: Chunk, shift_s: int) -> Sequence[int | NoMoment]:
    """The moment of each row, moved by `shift_s`; a row without one carries its reason."""
    if time.form == "rows":
        first = _iso(time, time.begins) + shift_s + (chunk.first_row + 1) * time.step_s
        return range(first, first + len(chunk) * time.step_s, time.step_s)
    moved_s = shift_s + (time.step_s if time.stamp == "start" else 0)
    found: list[int | NoMoment] = []
    for text in chunk.cells[time.column]:
        try:
            found.append(moment(time, text) + moved_s)
        except NoMoment as reason:
            found.append(reason)
    return found


def moment(time: Time, text: str) -> int:
    """A stamp as written, as Unix seconds; NoMoment when it is none."""
    if time.form == "unix_s":
        if not _SECONDS.fullmatch(text):
            raise NoMoment(f"{text!r} is no whole Unix second")
        return _within(int(text), text)
    return _iso(time, text)


def _iso(time: Time, text: str) -> int:
    if not _ISO.fullmatch(text):
        raise NoMoment(f"{text!r} is no ISO 8601 moment of whole seconds")
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise NoMoment(f"{text!r} is no moment: {error}") from error
    if at.tzinfo is None:
        if time.zone is None:
            raise NoMoment(f"{text!r} has no offset, and the mapping names no timezone")
        at = at.replace(tzinfo=time.zone)
    return _within(int(at.timestamp()), text)


def _within(at: int, text: str) -> int:
    if not 0 < at <= LATEST:
        raise NoMoment(f"{text!r} lies outside 1970 to 2106")
    return at
