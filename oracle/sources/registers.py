"""Modbus registers as exact decimals: what each of them means, and how they are asked for.

A register is 16 bits, its high byte first; a value of several registers has its high word first
or last, as its maker decided. A telegram says of every value what it was read as, so that it can
be read again from the telegram alone.
"""

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact
from typing import Any, Literal

import numpy as np

MOST_WORDS = 125  # of one request: Modbus application protocol 1.1b3, 6.3 and 6.4
FORMS = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "uint64": ">Q",
    "float32": ">f",
}
Form = Literal["uint16", "int16", "uint32", "int32", "uint64", "float32"]
Table = Literal["holding", "input"]
Order = Literal["big", "little"]

# wide enough for every product of a value and a scale; a rounding would be an error
_EXACT = Context(prec=200, traps=[Inexact])


class NoValue(ValueError):
    """Words that are no number."""


@dataclass(frozen=True, slots=True)
class Register:
    """A value of a device: where it lies, and how its words are read."""

    name: str
    table: Table
    address: int
    form: Form
    word_order: Order = "big"
    scale: str = "1"

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return struct.calcsize(FORMS[self.form]) // 2

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.words

    def value(self, words: Sequence[int]) -> str:
        """Its words as an exact decimal; NoValue for NaN, infinities and words that are missing."""
        if len(words) != self.words:
            raise NoValue(f"{len(words)} words, not {self.words}")
        ordered = words if self.word_order == "big" else words[::-1]
        data = struct.pack(f">{self.words}H", *ordered)
        if self.form == "float32":
            number = _shortest(data)
        else:
            number = Decimal(struct.unpack(FORMS[self.form], data)[0])
        return _plain(_EXACT.multiply(number, Decimal(self.scale)))


def _shortest(data: bytes) -> Decimal:
    """The shortest decimal that is this float and no other."""
    number = np.frombuffer(data, ">f4")[0]
    if not np.isfinite(number):
        raise NoValue(f"{number} is no number")
    return Decimal(np.format_float_positional(number, unique=True, trim="-"))


def _plain(number: Decimal) -> str:
    return format(number if number else abs(number), "f")


@dataclass(frozen=True, slots=True)
class Span:
    """Registers that one request reads."""

    table: Table
    address: int
    registers: tuple[Register, ...]

    @property
    def words(self) -> int:
        """How many registers it asks for."""
        return max(one.end for one in self.registers) - self.address

    def cut(self, words: Sequence[int]) -> dict[str, Sequence[int]]:
        """Each value's own words."""
        return {
            one.name: words[one.address - self.address : one.end - self.address]
            for one in self.registers
        }

    def alone(self) -> list["Span"]:
        """A request for each value: one that a device refuses spoils its neighbours."""
        return [Span(one.table, one.address, (one,)) for one in self.registers]


def spans(registers: Iterable[Register]) -> list[Span]:
    """The fewest requests: what lies side by side is read at once, and nothing between is."""
    found: list[Span] = []
    for one in sorted(registers, key=lambda each: (each.table, each.address)):
        if found and _joins(found[-1], one):
            last = found.pop()
            found.append(Span(last.table, last.address, (*last.registers, one)))
        else:
            found.append(Span(one.table, one.address, (one,)))
    return found


def _joins(span: Span, one: Register) -> bool:
    end = span.address + span.words
    fits = max(end, one.end) - span.address <= MOST_WORDS
    return span.table == one.table and one.address <= end and fits


def telegram(
    at: int, registers: Sequence[Register], words: dict[str, Sequence[int] | None]
) -> bytes:
    """What was read and when, in a form of which there is one; null where there was no answer."""
    read = [{**asdict(one), "words": words.get(one.name)} for one in registers]
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"at": stamp, "registers": read}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def cells(raw: bytes) -> dict[str, str]:
    """The moment and every value; a value that there is none of is empty."""
    told = json.loads(raw)
    return {"at": str(told["at"])} | {one["name"]: _cell(one) for one in told["registers"]}


def faults(raw: bytes) -> dict[str, str]:
    """Why values are empty although they were answered, by name."""
    found = {}
    for one in json.loads(raw)["registers"]:
        try:
            _value(one)
        except NoValue as reason:
            found[one["name"]] = str(reason)
    return found


def _cell(one: dict[str, Any]) -> str:
    try:
        return _value(one)
    except NoValue:
        return ""


def _value(one: dict[str, Any]) -> str:
    about = {name: each for name, each in one.items() if name != "words"}
    return "" if one["words"] is None else Register(**about).value(one["words"])
