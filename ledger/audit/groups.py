"""The groups in a batch's words, cut by the tables of docs/wire-format.md and by nothing else.

Apart from ledger.packing, which wrote the words, and stricter than ledger.batches, which only shows
them: words that a contract would not have taken are refused here too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD = 32
M8, M16, M24, M32, M40, M48 = (2**bits - 1 for bits in (8, 16, 24, 32, 40, 48))


class BadFraming(ValueError):
    """Words that no contract takes: a group that runs past the end, or bits that must be zero."""


@dataclass(frozen=True, slots=True)
class Group:
    """A header and its readings: amounts as they stand in the words, steps in seconds; and the
    number of the word behind them."""

    header: int
    amounts: list[int]
    steps: list[int]
    end_word: int

    @property
    def channel(self) -> int:
        """The number of the channel."""
        return self.header & M32

    @property
    def opening_l(self) -> int:
        """A meter's register before the first reading."""
        return (self.header >> 72) & M48

    @property
    def opening_at(self) -> int:
        """The moment before the first reading."""
        return (self.header >> 120) & M32

    @property
    def kind(self) -> int:
        """The kind of a meter's group."""
        return (self.header >> 232) & M8

    @property
    def void(self) -> bool:
        """Whether the values of a gauge's group move time only."""
        return (self.header >> 239) & 1 == 1


def groups(words: bytes, gauges: bool) -> Iterator[Group]:
    """The groups of a batch; BadFraming where they are none."""
    if not words or len(words) % WORD:
        raise BadFraming(f"{len(words)} bytes are no whole words")
    place = 0
    while place < len(words):
        header = int.from_bytes(words[place : place + WORD], "big")
        further, step = (header >> 32) & M16, (header >> 48) & M24
        place += WORD
        length = WORD * (-(-further // 8) if step else -(-further // 4))
        lanes = words[place : place + length]
        if len(lanes) < length:
            raise BadFraming(f"a group of channel {header & M32} runs past the last word")
        place += length
        amounts, steps = [(header >> 152) & (M32 if gauges else M48)], [((header >> 200) & M32) + 1]
        if step:
            amounts += _lanes(lanes, ">u4", 8, further).tolist()
            steps += [step] * further
        elif further:
            both = _lanes(lanes, ">u8", 4, further)
            if gauges and ((both >> np.uint64(32)) & np.uint64(M8)).any():
                raise BadFraming(f"lane bits of channel {header & M32} are not zero")
            amounts += (both & np.uint64(M32 if gauges else M40)).tolist()
            steps += ((both >> np.uint64(40)) + np.uint64(1)).tolist()
        yield Group(header, amounts, steps, place // WORD)


def _lanes(raw: bytes, form: str, a_word: int, further: int) -> NDArray[np.uint64]:
    """The lanes of a group, the lowest bits of each word first; what follows them is zero."""
    every = np.frombuffer(raw, dtype=form).reshape(-1, a_word)[:, ::-1].ravel()
    if every[further:].any():
        raise BadFraming("padding is not zero")
    return every[:further].astype(np.uint64)
