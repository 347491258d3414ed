"""CBOR of strangers: plain values alone, so that few bytes cannot stand for endless ones.

A tag can make a value of a few bytes endless: a reference to what stands elsewhere in the item
(tags 28 and 29, which may be a circle), a text to be repeated (25 and 256), a power (5). Moments,
large integers and decimal fractions alone are read here (RFC 8949, part 3.4).
"""

from collections.abc import Iterator
from typing import Any

import cbor2

TAGGED = 6  # major types
TEXTS = (2, 3)
SIZES = {24: 1, 25: 2, 26: 4, 27: 8}  # bytes of an argument that stands behind its head
INDEFINITE = 31
PLAIN_TAGS = frozenset({0, 1, 2, 3, 4, 55_799})  # moments, integers, decimals, "this is CBOR"


def loads(raw: bytes) -> Any:
    """The item in `raw`; ValueError for anything but CBOR of plain values."""
    for tag in _tags(raw):
        if tag not in PLAIN_TAGS:
            raise ValueError(f"tag {tag} of CBOR is not read")
    try:
        return cbor2.loads(raw)
    except (cbor2.CBORDecodeError, ArithmeticError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _tags(raw: bytes) -> Iterator[int]:
    """Every tag, by the heads alone: items within each other follow one another (part 3)."""
    at = 0
    while at < len(raw):
        major, told = raw[at] >> 5, raw[at] & 31
        size = SIZES.get(told, 0)
        argument = int.from_bytes(raw[at + 1 : at + 1 + size], "big") if size else told
        at += 1 + size
        if major == TAGGED:
            yield argument
        elif major in TEXTS and told != INDEFINITE:
            at += argument
