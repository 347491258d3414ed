"""What rows become: readings, one by one or as columns, and refusals with their reasons."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# why a cell or row is held, each with what a person may do about it
REASONS = {
    "malformed_row": "the row cannot be cut into cells; mend the file",
    "broken_telegram": "the telegram breaks a rule of its protocol; have the station mended",
    "unknown_key": "DeviceKeys has no such key; `waterline device key list`",
    "bad_signature": "the telegram is not what the key signed; ask the device's keeper, keep it",
    "key_not_valid": "the key does not sign for this device or moment; register one that does",
    "other_device": "a telegram holds readings of its own device only; mend the device",
    "no_lane": "this oracle has no lane for the channel; send it to the one that has",
    "sequence_again": "a sequence number stands for one content; two were signed under this one",
    "sequence_falls": "a sequence never falls; a device that lost its count needs a new key",
    "unknown_community": "no meter of that name and parameter is enrolled; correct the file",
    "no_household": "the row names no household; mend what sends it",
    "instrument": "a station tells the number of an instrument, as when one was replaced; "
    "record the exchange: `waterline device approve-exchange`",
    "unmapped": "no mapping is for this station; add one, and have the station send it again",
    "no_moment": "the row has no readable moment; correct the file or the mapping",
    "not_a_number": "the cell is no decimal number; leave it empty, or mark it as a fault",
    "fraction": "the value is no whole number of the channel's resolution; state `decimals`",
    "unknown_mark": "the mapping does not list this mark",
    "future": "the moment lies in the future; set the clock of the source",
    "before_opening": "the moment lies before the channel was opened",
    "backward_time": "a later reading of the channel is recorded already",
    "other_content": "another value is recorded for this moment; find out which is right",
    "impossible": "the value lies outside the bounds enrolled for the channel",
    "falling_register": "a register never falls; one that begins again at zero is enrolled with "
    "its modulus, an exchange or reset is approved by an officer",
    "below_estimate": "it comes in by itself once an officer lets it supersede the estimates: "
    "`waterline device supersede-estimate`",
    "register_moves": "the register is being set anew; it comes in by itself when that is final",
    "deemed_use": "an officer deemed the use of that time; the next register counts from there",
    "refused_by_contract": "the contract refused the group; the code says why",
}

# flags never hold a reading back: the chain rules on it all the same
GAP, JUMP, STUCK = 1, 2, 4
FLAGS = {GAP: "gap before it", JUMP: "implausible change", STUCK: "stuck"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one channel: a register in litres after its step, or a gauge's stored word."""

    channel: int
    at: int
    value: int
    mark: int
    row: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A cell, or a whole row (`channel` None), that became no reading, and why."""

    channel: int | None
    row: int
    at: int | None
    text: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """A cell whose reading is recorded already, with the same content: nothing to do."""

    channel: int
    row: int


@dataclass(frozen=True, slots=True)
class State:
    """Where a channel stands between chunks.

    `carry` is the part of a litre that a rate's running sum holds beyond the register; `run` is
    how many equal values have followed each other. `measured_l` is the register last measured
    where the channel stands on estimates; it is `moving` while its register is set anew.
    """

    last_at: int
    last_value: int
    carry: Fraction = Fraction(0)
    run: int = 0
    measured_l: int | None = None
    moving: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Readings of one channel as columns of one length, in the order of time."""

    channel: int
    at: Ints
    value: Ints
    mark: Ints
    row: Ints

    def __len__(self) -> int:
        return len(self.at)

    def readings(self) -> Iterator[Reading]:
        """The same readings one by one."""
        columns = (self.at.tolist(), self.value.tolist(), self.mark.tolist(), self.row.tolist())
        for at, value, mark, row in zip(*columns, strict=True):
            yield Reading(self.channel, at, value, mark, row)

    def equals(self, other: "Block") -> bool:
        """Whether both hold the same readings."""
        pairs = ((self.at, other.at), (self.value, other.value), (self.mark, other.mark))
        same = all(np.array_equal(a, b) for a, b in (*pairs, (self.row, other.row)))
        return self.channel == other.channel and same


def block_of(channel: int, readings: list[Reading]) -> Block:
    """Readings of one channel as columns."""
    columns = np.array([(r.at, r.value, r.mark, r.row) for r in readings], dtype=np.int64)
    at, value, mark, row = columns.reshape(-1, 4).T.copy()
    return Block(channel, at, value, mark, row)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a chunk gave for one channel; `way` says which of the two ways took it."""

    block: Block
    state: State
    way: Literal["columns", "one by one"]
    refusals: list[Refusal] = field(default_factory=list)
    repeated: int = 0


def differences(column: Ints, before: int) -> Ints:
    """Of each number from the one before it, of the first from `before`."""
    found = np.empty_like(column)
    if len(column):
        found[0] = column[0] - before
        np.subtract(column[1:], column[:-1], out=found[1:])
    return found
