"""The leaf of a reading: the hash that joins telegram, journal and chain.

leaf = keccak256(keccak256(abi.encode(channel, at, value, kind, grade, mark, telegram))), seven
words of 32 bytes. `value` is a meter's register after the reading, in litres, or a gauge's stored
word. Hashing twice keeps a leaf from passing for an inner node. docs/wire-format.md has the table.

A household's leaf has eight words, so that it never passes for a reading's, nor a reading's for it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger.errors import UsageError
from ledger.hashing import keccak, twice

Ints = NDArray[np.int64]

MEASURED, ROLL_OVER, EXCHANGE, RESET, DEEMED, ESTIMATE = range(6)  # kinds of a meter's group
APPROVED = (EXCHANGE, RESET, DEEMED)  # kinds that an officer approves
ALONE = (ROLL_OVER, *APPROVED)  # kinds of which a group has one reading
INSTANT = 16  # the kind of a gauge's reading
HOUSEHOLD = 32  # the kind of a household's leaf
VOID = 128  # the bit of a mark that takes a value out of means and alerts
WORD = 32


def leaf(
    channel: int, at: int, value: int, kind: int, grade: int, mark: int, telegram: bytes
) -> bytes:
    """The leaf of one reading; `telegram` is the 32-byte hash of the bytes it arrived in."""
    numbers = (channel, at, value, kind, grade, mark)
    _require(min(numbers), [telegram])
    encoded = b"".join(number.to_bytes(WORD, "big") for number in numbers) + telegram
    return twice(encoded)


def leaves(
    channel: int,
    at: Ints,
    value: Ints,
    kind: int,
    grade: int,
    mark: Ints,
    telegrams: list[bytes],
) -> list[bytes]:
    """The leaves of a channel's readings, in their order; all columns have the same length."""
    if not len(at) == len(value) == len(mark) == len(telegrams):
        raise UsageError(
            f"{len(at)} moments, {len(value)} values, {len(mark)} marks and {len(telegrams)} "
            "telegrams do not make leaves",
            "give one of each to every reading",
        )
    if len(at) == 0:
        return []
    _require(min(channel, kind, grade, *(int(c.min()) for c in (at, value, mark))), telegrams)
    encoded = np.zeros((len(at), 7, 4), dtype=">u8")
    numbers: tuple[Any, ...] = (channel, at, value, kind, grade, mark)
    for place, column in enumerate(numbers):
        encoded[:, place, 3] = column
    encoded[:, 6] = np.frombuffer(b"".join(telegrams), dtype=">u8").reshape(-1, 4)
    raw = encoded.tobytes()
    size = 7 * WORD
    return [twice(raw[i : i + size]) for i in range(0, len(raw), size)]


def commitment(household: bytes, salt: bytes) -> bytes:
    """What stands for a household in a leaf: the hash of its number's hash and a salt, 32 bytes
    each."""
    _require(0, [household, salt])
    return keccak(household + salt)


def household_leaf(
    channel: int,
    committed: bytes,
    ends_at: int,
    register_l: int,
    volume_l: int,
    grade: int,
    telegram: bytes,
) -> bytes:
    """The leaf of a household's day: the community's channel, what stands for the household, the
    end of the local day, its register then and its volume of the day, in litres."""
    _require(min(channel, ends_at, register_l, volume_l, grade), [committed, telegram])
    numbers = (ends_at, register_l, volume_l, HOUSEHOLD, grade)
    encoded = b"".join(number.to_bytes(WORD, "big") for number in numbers)
    return twice(channel.to_bytes(WORD, "big") + committed + encoded + telegram)


def _require(least: int, telegrams: Sequence[bytes]) -> None:
    if least < 0:
        raise UsageError(f"{least} cannot stand in a leaf", "leaves hold what the words hold")
    wrong = next((t for t in telegrams if len(t) != WORD), None)
    if wrong is not None:
        raise UsageError(f"0x{wrong.hex()} is no hash of a telegram", f"{WORD} bytes of keccak256")
