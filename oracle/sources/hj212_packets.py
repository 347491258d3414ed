"""Packets of HJ 212-2017: the frame around a data segment, its CRC, and a stream cut into frames.

Chapter 6 of the standard is the protocol, annex A the CRC; the numbers of the clauses below them
are not at hand.
"""

import re

from ledger.errors import UsageError

HEAD, TAIL = b"##", b"\r\n"  # chapter 6, the packet
AROUND = 12  # head 2, length 4, CRC 4, tail 2: chapter 6, the packet
LONGEST_SEGMENT = 1024  # bytes: chapter 6, the packet
LONGEST_PIECE = 9999 + AROUND  # what four digits of length can announce: chapter 6, the packet
POLYNOMIAL, START = 0xA001, 0xFFFF  # annex A
_HEADED = re.compile(HEAD + rb"(\d{4})")
_PART_OF_HEAD = 5  # bytes at the end that may begin a head and its length


class Refused(ValueError):
    """A telegram that breaks a rule; the text names the value, the rule and the remedy."""


def _shifted(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ (POLYNOMIAL if register & 1 else 0)
    return register


_TABLE = tuple(_shifted(byte) for byte in range(256))


def crc(segment: bytes) -> int:
    """The CRC of annex A: the register moves right by 8 before the byte is xored in."""
    register = START
    for byte in segment:
        register = _TABLE[(register >> 8) ^ byte]
    return register


def modbus(segment: bytes) -> int:
    """CRC-16/MODBUS, which is often sent in place of annex A's."""
    register = START
    for byte in segment:
        register = (register >> 8) ^ _TABLE[(register ^ byte) & 0xFF]
    return register


def frame(segment: str | bytes) -> bytes:
    """The packet around a data segment."""
    inner = segment.encode() if isinstance(segment, str) else segment
    if len(inner) > LONGEST_SEGMENT:
        message = f"a data segment of {len(inner)} bytes is longer than {LONGEST_SEGMENT}"
        raise UsageError(message, "split it into packets")
    return b"%b%04d%b%04X%b" % (HEAD, len(inner), inner, crc(inner), TAIL)


class Splitter:
    """Cuts a stream of bytes, fed in any pieces, into frames and garbage.

    Every whole frame comes out as one piece. What is none is garbage up to the next head or line
    end, for `decode` to refuse. Between calls it holds at most LONGEST_PIECE bytes.
    """

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces that are complete with these bytes; bare line ends are passed over."""
        held, start, pieces = self._held + data, 0, []
        while end := _end(held, start):
            pieces.append(held[start:end])
            start = end
        self._held = held[start:]
        return [piece for piece in pieces if piece.strip(TAIL)]

    def rest(self) -> list[bytes]:
        """What is left when the stream ends."""
        rest, self._held = self._held, b""
        return [rest] if rest.strip(TAIL) else []


def _end(held: bytes, start: int) -> int:
    """Where the piece that begins at `start` ends; 0 while that is not known."""
    too_long = len(held) - start > LONGEST_PIECE
    head = _HEADED.search(held, start)
    if head is None:
        return len(held) - _PART_OF_HEAD if too_long else 0
    if head.start() > start:
        return head.start()
    size = int(head[1]) + AROUND
    limit = start + LONGEST_PIECE
    tail = held.find(TAIL, start, limit)
    ended, end = tail >= 0, tail + len(TAIL)  # no segment holds a line end: the first closes it
    if not ended and len(held) - start < size:
        return 0
    if end - start == size and _sound(held[start:end]):
        return end
    following = _HEADED.search(held, start + 1, end if ended else limit)
    if following:
        return following.start()
    if ended:
        return end
    return limit - _PART_OF_HEAD if too_long else 0


def _sound(piece: bytes) -> bool:
    try:
        segment_of(piece)
    except Refused:
        return False
    return True


def shown(value: str | bytes) -> str:
    """A value as an error names it, cut to what a line can hold."""
    return repr(value if len(value) <= 40 else value[:40]) + ("..." if len(value) > 40 else "")


def segment_of(frame: bytes) -> str:
    """The data segment of a packet whose head, length, CRC and tail are right."""
    head = _HEADED.match(frame)
    if not head:
        raise Refused(f"{shown(frame)} does not begin with ## and four digits; cut frames at ##")
    said, there = int(head[1]), max(len(frame) - AROUND, 0)
    if said > LONGEST_SEGMENT:
        raise Refused(f"length {said} is over {LONGEST_SEGMENT}, the most; split into packets")
    if not frame.endswith(TAIL):
        raise Refused(f"the frame ends in {frame[-2:]!r}, not in CR LF; send CR LF after the CRC")
    if said != there:
        raise Refused(
            f"length {head[1].decode()} is not that of the data segment, which has {there} bytes; "
            "count the bytes between the length and the CRC"
        )
    inner, sent = frame[6:-6], frame[-6:-2]
    _check_crc(inner, sent)
    if not (inner.isascii() and inner.decode().isprintable()):
        raise Refused(f"{shown(inner)} is not all printable ASCII; send the segment as ASCII")
    return inner.decode()


def _check_crc(inner: bytes, sent: bytes) -> None:
    if not re.fullmatch(rb"[0-9A-Fa-f]{4}", sent):
        raise Refused(f"CRC {sent!r} is not four hexadecimal digits; write it high byte first")
    value, right = int(sent, 16), crc(inner)
    if value == right:
        return
    if value == modbus(inner):
        raise Refused(
            f"CRC {value:04X}: this is CRC-16/MODBUS, annex A gives {right:04X}; "
            "shift the register right by 8 before the byte is xored in"
        )
    raise Refused(f"CRC {value:04X} is not {right:04X}, that of the data segment; send it again")
