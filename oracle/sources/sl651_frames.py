"""The frames of SL 651: found in a stream, measured, and checked.

`sl651_elements` says where each number comes from and which are unverified.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from oracle.sources.sl651_elements import (
    CRC_POLYNOMIAL,
    CRC_START,
    DOWN,
    EXTRA,
    HEAD,
    LENGTH_BITS,
    LONGEST,
    START,
    UP,
)


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that are no whole frame: noise, or a frame that is cut or damaged."""

    data: bytes


class Splitter:
    """Cuts a stream into frames and garbage, the same however the bytes are fed.

    Every `7E 7E` may begin a frame. The first to end with the right CRC is one, so a false start
    with a large length neither hides nor delays the frames behind it; no byte is left out. What
    is held never exceeds the length of two longest frames.
    """

    def __init__(self) -> None:
        self._noise = bytearray()  # begins no frame; given back with what follows it
        self._held = bytearray()  # from the first possible start on
        self._ends: dict[int, int | None] = {}  # by possible start, in their order

    def feed(self, data: bytes) -> list[bytes | Garbage]:
        """What these bytes complete."""
        return [piece for byte in data for piece in self._take(byte)]

    def finish(self) -> list[bytes | Garbage]:
        """What is left when the stream ends."""
        return list(self._give_back(len(self._held)))

    def _take(self, byte: int) -> Iterator[bytes | Garbage]:
        self._held.append(byte)
        now = len(self._held)
        if self._held.endswith(START):
            self._ends[now - len(START)] = None
        self._measure(now - HEAD)
        due = [start for start, end in self._ends.items() if end == now]
        for start in due:
            if is_sound(bytes(self._held[start:])):
                yield from self._give_back(start)
                yield bytes(self._held)
                self._drop(len(self._held))
                return
            del self._ends[start]
        if due:
            yield from self._give_back(self._hopeless())
            return
        self._noise += self._drop(self._hopeless())
        if len(self._noise) >= LONGEST:
            yield from self._give_back(0)

    def _measure(self, start: int) -> None:
        """Note where a frame ends whose head is there, or that it is none."""
        if start not in self._ends:
            return
        direction, length = direction_and_length(bytes(self._held[start:]))
        if direction in (UP, DOWN):
            self._ends[start] = start + length + EXTRA
        else:
            del self._ends[start]

    def _hopeless(self) -> int:
        """How many bytes stand before the first possible start; a last 7E may be half of one."""
        half_start = self._held.endswith(START[:1])
        return next(iter(self._ends), len(self._held) - half_start)

    def _give_back(self, count: int) -> Iterator[Garbage]:
        given_back = bytes(self._noise), self._drop(count)
        self._noise.clear()
        yield from (Garbage(data) for data in given_back if data)

    def _drop(self, count: int) -> bytes:
        dropped = bytes(self._held[:count])
        if count:
            del self._held[:count]
            moved = {start - count: end and end - count for start, end in self._ends.items()}
            self._ends = {start: end for start, end in moved.items() if start >= 0}
        return dropped


def direction_and_length(frame: bytes) -> tuple[int, int]:
    """Which way a frame goes, and how many bytes its body has, as its head states them."""
    stated = int.from_bytes(frame[HEAD - 2 : HEAD], "big")
    return stated >> LENGTH_BITS, stated & (1 << LENGTH_BITS) - 1


def is_sound(frame: bytes) -> bool:
    """Whether the CRC that ends a frame is right."""
    return crc(frame[:-2]) == int.from_bytes(frame[-2:], "big")


def sealed(frame: bytes) -> bytes:
    """A frame with its CRC behind it."""
    return frame + crc(frame).to_bytes(2, "big")


def crc(data: bytes) -> int:
    """CRC-16/MODBUS, which a frame sends high byte first; HJ 212's check is another one."""
    register = CRC_START
    for byte in data:
        register = register >> 8 ^ _CRC_OF_BYTE[(register ^ byte) & 0xFF]
    return register


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (CRC_POLYNOMIAL if byte & 1 else 0)
    return byte


_CRC_OF_BYTE = tuple(_crc_of(byte) for byte in range(256))
