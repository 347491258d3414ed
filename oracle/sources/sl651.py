"""SL 651 telegrams of hydrological stations, HEX/BCD: bytes into frames, frames into verdicts.

`sl651_elements` says where each number comes from and which are unverified.
"""

from collections.abc import Iterator, Set
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ledger.errors import UsageError
from oracle.sources.items import Item
from oracle.sources.sl651_elements import (
    ACK_END,
    BODY,
    CENTURY,
    CLASS,
    DOWN,
    END,
    EXTRA,
    FIRST_MARK,
    FUNCTIONS,
    HEAD,
    ITEMS,
    KEEP_ALIVE,
    LENGTH_BITS,
    LONG_BODY,
    OBSERVED,
    REPORTS,
    SENT,
    SERIAL,
    START,
    STATION,
    STATION_MARK,
    STATUS,
    TIME_MARK,
    UNVERIFIED_REPORTS,
    UP,
)
from oracle.sources.sl651_frames import (
    Garbage,
    Splitter,
    crc,
    direction_and_length,
    is_sound,
    sealed,
)

__all__ = [
    "REPORTS",
    "UNVERIFIED_REPORTS",
    "Garbage",
    "Item",
    "Splitter",
    "Verdict",
    "acknowledge",
    "crc",
    "decode",
    "decode_capture",
    "decode_text",
    "is_upward",
    "sealed",
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a frame is: read, or refused with an error; `line` counts lines or frames from 1."""

    line: int
    ok: bool
    error: str | None
    station: str
    function: str
    serial: int | None
    items: list[Item]

    def as_json(self) -> dict[str, Any]:
        """The verdict as `--json` shows it."""
        return asdict(self)


def decode(frame: bytes, line: int = 1, reports: Set[int] = REPORTS) -> Verdict:
    """What one frame says; any bytes get a verdict.

    `reports` are the functions whose body is read as that of the timed report. Nothing of a frame
    counts, not even its station, before its CRC holds.
    """
    head = None
    try:
        head = _head(frame)
        serial, items = _read(head, reports)
    except _Wrong as wrong:
        station, function = (head.station, f"{head.function:02X}") if head else ("", "")
        return Verdict(line, False, str(wrong), station, function, None, [])
    return Verdict(line, True, None, head.station, f"{head.function:02X}", serial, items)


def decode_text(text: str, reports: Set[int] = REPORTS) -> Iterator[Verdict]:
    """A verdict for each line of hexadecimal text; what follows a `;` is a comment."""
    for line, written in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        digits = written.partition(";")[0].strip()
        if not digits:
            continue
        try:
            frame = bytes.fromhex(digits)
        except ValueError:
            yield Verdict(line, False, "the line is not hexadecimal", "", "", None, [])
            continue
        yield decode(frame, line, reports)


def decode_capture(data: bytes, reports: Set[int] = REPORTS) -> Iterator[Verdict]:
    """A verdict for each frame of a raw capture, and for each stretch of garbage."""
    splitter = Splitter()
    pieces = [*splitter.feed(data), *splitter.finish()]
    for count, piece in enumerate(pieces, start=1):
        yield decode(piece.data if isinstance(piece, Garbage) else piece, count, reports)


def is_upward(frame: bytes) -> bool:
    """Whether a frame goes from a station to the centre, as its head states."""
    return direction_and_length(frame)[0] == UP


def acknowledge(frame: bytes, at: datetime | None = None, reports: Set[int] = REPORTS) -> bytes:
    """The centre's confirmation of a report: its serial, and `at` or else the report's own time.

    Built like the draft's one sample, which repeats the report's time. UsageError for any frame
    but a report that `decode` reads.
    """
    verdict = decode(frame, reports=reports)
    if not verdict.ok or verdict.serial is None or not is_upward(frame):
        raise UsageError(
            f"no report to confirm: {verdict.error or 'the frame carries none'}",
            "confirm only what decode() reads as a report of a station",
        )
    body = frame[HEAD + 1 :][: SERIAL + SENT]
    if at is not None:
        body = body[:SERIAL] + bytes.fromhex(f"{at:%y%m%d%H%M%S}")
    centre, station, password_and_function = frame[2:3], frame[3:8], frame[8:11]
    stated = (DOWN << LENGTH_BITS | len(body)).to_bytes(2, "big")
    head = START + station + centre + password_and_function + stated
    return sealed(head + bytes([BODY]) + body + bytes([ACK_END]))


class _Wrong(Exception):
    """Why a frame cannot be read."""


@dataclass(frozen=True, slots=True)
class _Head:
    """A frame whose length and CRC hold, taken apart."""

    up: bool
    station: str
    function: int
    first: int
    body: bytes
    last: int


def _head(frame: bytes) -> _Head:
    if not frame.startswith(START):
        raise _Wrong(f"{len(frame)} bytes that do not begin with 7E 7E")
    if len(frame) < EXTRA:
        raise _Wrong(f"{len(frame)} bytes; the shortest frame has {EXTRA}")
    direction, length = direction_and_length(frame)
    if direction not in (UP, DOWN):
        raise _Wrong(f"direction {direction:04b} is neither up nor down")
    if len(frame) != length + EXTRA:
        raise _Wrong(f"{len(frame)} bytes; the length it states makes {length + EXTRA}")
    if not is_sound(frame):
        raise _Wrong(f"wrong CRC: {frame[-2:].hex().upper()}, computed {crc(frame[:-2]):04X}")
    up = direction == UP
    station = _digits(frame[3:8] if up else frame[2:7], "station")
    return _Head(up, station, frame[HEAD - 3], frame[HEAD], frame[HEAD + 1 : -3], frame[-3])


def _read(head: _Head, reports: Set[int]) -> tuple[int | None, list[Item]]:
    """The serial and the items of a frame."""
    if head.first == LONG_BODY:
        raise _Wrong("a packet of a long message (16), whose layout is unverified")
    if head.first != BODY:
        raise _Wrong(f"the body begins with {head.first:02X}, not {BODY:02X}")
    if head.last != END and (head.up or head.last != ACK_END):
        raise _Wrong(f"the body ends with {head.last:02X}, not {END:02X}")
    if head.function in reports:
        return _report(head) if head.up else _confirmation(head)
    if head.function == KEEP_ALIVE:
        return None, []
    name = FUNCTIONS.get(head.function)
    known = f"{name}: the layout of its body is unverified" if name else "not in the table"
    raise _Wrong(f"function {head.function:02X}, {known}")


def _confirmation(head: _Head) -> tuple[int, list[Item]]:
    body = _Bytes(head.body)
    serial = int.from_bytes(body.take(SERIAL, "serial"), "big")
    _moment(body.take(SENT, "send time"), "send time")
    if body.rest:
        raise _Wrong(f"{len(body.rest)} bytes follow the send time of a confirmation")
    return serial, []


def _report(head: _Head) -> tuple[int, list[Item]]:
    body = _Bytes(head.body)
    serial = int.from_bytes(body.take(SERIAL, "serial"), "big")
    _moment(body.take(SENT, "send time"), "send time")
    body.mark(STATION_MARK, "station")
    station = _digits(body.take(STATION, "station"), "station")
    if station != head.station:
        raise _Wrong(f"station {station} in the body, {head.station} in the head")
    body.take(CLASS, "class")
    body.mark(TIME_MARK, "observation time")
    at = _moment(body.take(OBSERVED, "observation time"), "observation time")
    return serial, list(_items(body, at))


def _items(body: "_Bytes", at: str) -> Iterator[Item]:
    while body.rest:
        code = body.take(1, "item")[0]
        if code >= FIRST_MARK:
            raise _Wrong(f"{code:02X} among the items, whose layout is unverified")
        definition = body.take(1, f"item {code:02X}")[0]
        raw = body.take(definition >> 3, f"item {code:02X}")
        written = raw.hex().upper()
        is_number = written.isdecimal() and code != STATUS
        value = _decimal(written, definition & 0b111) if is_number else ""
        yield Item(f"{code:02X}", ITEMS.get(code, ""), value, "" if is_number else written, at)


def _decimal(digits: str, decimals: int) -> str:
    """The exact number with its decimals: digits 00014420 with 3 are 14.420."""
    padded = digits.lstrip("0").rjust(decimals + 1, "0")
    whole = len(padded) - decimals
    return f"{padded[:whole]}.{padded[whole:]}" if decimals else padded


def _digits(raw: bytes, what: str) -> str:
    written = raw.hex().upper()
    if not written.isdecimal():
        raise _Wrong(f"{what} {written} is not BCD")
    return written


def _moment(raw: bytes, what: str) -> str:
    """Local time as written: to the minute, or to the second where it has six bytes."""
    written = _digits(raw, what)
    parts = [int(written[n : n + 2]) for n in range(0, len(written), 2)]
    year, month, day, hour, minute, second = [*parts, 0][:SENT]
    try:
        moment = datetime(CENTURY + year, month, day, hour, minute, second)
    except ValueError as error:
        raise _Wrong(f"{what} {written} is no date and time") from error
    return moment.isoformat(timespec="seconds" if len(raw) == SENT else "minutes")


class _Bytes:
    """The part of a body that is not read yet."""

    def __init__(self, rest: bytes) -> None:
        self.rest = rest

    def take(self, count: int, what: str) -> bytes:
        if len(self.rest) < count:
            raise _Wrong(f"the body ends within {what}")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def mark(self, mark: bytes, what: str) -> None:
        found = self.take(len(mark), f"the mark of {what}")
        if found != mark:
            raise _Wrong(f"{found.hex().upper()} stands for the mark of {what}")
