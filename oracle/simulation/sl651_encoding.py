"""Reports of SL 651 as a station writes them, HEX/BCD: the inverse of `oracle.sources.sl651`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import UsageError
from oracle.sources.items import Item
from oracle.sources.sl651 import sealed
from oracle.sources.sl651_elements import (
    BODY,
    CENTURY,
    END,
    LENGTH_BITS,
    START,
    STATION_MARK,
    TIME_MARK,
    UP,
)

CENTRE, PASSWORD, RIVER = 0x02, b"\x04\xd2", 0x48  # those of the draft's sample frame
MOST_BYTES, MOST_DECIMALS = 31, 7  # of a value: 5 bits and 3 bits of its definition
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Report:
    """What a station reports: ten digits of its address, a serial of two bytes, local times.

    `sent` is ISO 8601 to the second, `observed` to the minute, `function` two hexadecimal digits.
    """

    station: str
    function: str
    serial: int
    sent: str
    observed: str
    items: Sequence[Item]


def encode(report: Report) -> bytes:
    """The frame that `decode` reads as this report.

    UsageError for a value that the format cannot hold: a negative one, more than 7 decimals.
    """
    station = bytes.fromhex(report.station)
    body = report.serial.to_bytes(2, "big") + _bcd(report.sent)
    body += STATION_MARK + station + bytes([RIVER]) + TIME_MARK + _bcd(report.observed)
    body += b"".join(map(_item, report.items))
    if len(body) >= 1 << LENGTH_BITS:
        raise UsageError(f"a body of {len(body)} bytes is too long", "report fewer items")
    head = START + bytes([CENTRE]) + station + PASSWORD + bytes.fromhex(report.function)
    stated = (UP << LENGTH_BITS | len(body)).to_bytes(2, "big")
    return sealed(head + stated + bytes([BODY]) + body + bytes([END]))


def _item(item: Item) -> bytes:
    if item.mark:
        raw, decimals = bytes.fromhex(item.mark), 0
    else:
        raw, decimals = _number(item)
    if len(raw) > MOST_BYTES or decimals > MOST_DECIMALS:
        raise UsageError(f"{item.code}={item.value} is too long for SL 651", "send fewer digits")
    return bytes([int(item.code, 16), len(raw) << 3 | decimals]) + raw


def _number(item: Item) -> tuple[bytes, int]:
    found = _NUMBER.fullmatch(item.value)
    if item.value and not found:
        raise UsageError(
            f"{item.code}={item.value} is no plain decimal; SL 651 writes digits and a point",
            "send it over another protocol",
        )
    whole, decimals = (found[1], found[2] or "") if found else ("", "")
    digits = whole + decimals
    return bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0")), len(decimals)


def _bcd(moment: str) -> bytes:
    """Local time as BCD: two digits of the year, and as many parts as are written."""
    year, rest = int(moment[:4]), "".join(letter for letter in moment[4:] if letter.isdigit())
    if not 0 <= year - CENTURY < 100:
        raise UsageError(f"{moment} is outside {CENTURY} to {CENTURY + 99}", "mend the clock")
    return bytes.fromhex(f"{year - CENTURY:02d}{rest}")
