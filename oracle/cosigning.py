"""What a relay asks a witness of a batch, and what the witness finds in its own journal.

The relay sends words and, for each reading, the hash of the telegram that it came in; what is
signed the witness computes from them itself. It holds every reading of the words against its own:
channel, moment, value, kind and mark. Grade and telegram are the relay's, as each has its own way
to the station.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ledger import merkle
from ledger.batches import gauge_groups, meter_groups
from ledger.errors import BadRecord
from ledger.hashing import keccak
from ledger.leaves import VOID, WORD, leaf
from ledger.packing import MAX_BATCH_ID, MOST_WORDS
from ledger.witnesses import SIGNATURE_BYTES
from oracle.journal import Journal
from oracle.refused import METER_BOOKS

MOST_BYTES = 2**20  # of a request: 1,008 words of eight readings each, in hex
MOST_TOLD = 20  # differences in an answer
REMEDY = "ask as docs/witnesses.md says"


@dataclass(frozen=True, slots=True)
class Said:
    """A reading as the words have it, in stored units, and the hash of its telegram."""

    channel: int
    at: int
    value: int
    kind: int
    grade: int
    mark: int
    telegram: bytes = b""

    @property
    def leaf(self) -> bytes:
        """Its leaf."""
        numbers = (self.channel, self.at, self.value, self.kind, self.grade, self.mark)
        return leaf(*numbers, self.telegram)


@dataclass(frozen=True, slots=True)
class Request:
    """A batch that is to be signed; `telegrams` are hashes in the order of each channel's readings.

    `signature` is the relay's own, over the same message: it says who asks.
    """

    contract: str
    lane: int
    batch_id: int
    words: bytes
    telegrams: Mapping[int, bytes]
    signature: bytes = b""

    def as_json(self) -> dict[str, Any]:
        """As it goes over the line."""
        return {
            "contract": self.contract,
            "lane": self.lane,
            "batch": self.batch_id,
            "words": "0x" + self.words.hex(),
            "telegrams": {str(n): "0x" + raw.hex() for n, raw in self.telegrams.items()},
            "signature": "0x" + self.signature.hex(),
        }

    @property
    def readings(self) -> list[Said]:
        """The readings of the words, each with its telegram; BadRecord where they do not fit."""
        places = dict.fromkeys(self.telegrams, 0)
        found = []
        for one in readings(self.contract, self.words):
            place = places.get(one.channel, 0)
            telegram = self.telegrams.get(one.channel, b"")[place : place + WORD]
            if len(telegram) != WORD:
                raise BadRecord(f"channel {one.channel} has too few telegrams", REMEDY)
            places[one.channel] = place + WORD
            found.append(replace(one, telegram=telegram))
        if any(places[channel] != len(raw) for channel, raw in self.telegrams.items()):
            raise BadRecord("there are more telegrams than readings", REMEDY)
        return found


def parse(raw: bytes, contracts: Iterable[str]) -> Request:
    """A request as it came; BadRecord where it is none, or about no contract of these."""
    try:
        told = json.loads(raw)
        request = Request(
            contract=str(told["contract"]),
            lane=_number(told["lane"], 2**32),
            batch_id=_number(told["batch"], MAX_BATCH_ID),
            words=_bytes(told["words"]),
            telegrams={_number(int(n), 2**32): _bytes(t) for n, t in told["telegrams"].items()},
            signature=_bytes(told["signature"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadRecord(f"this is no request for a signature: {error!r}", REMEDY) from error
    if request.contract not in contracts:
        raise BadRecord(f"{request.contract!r} takes no measurements", REMEDY)
    words = len(request.words)
    if not words or words % WORD or words > MOST_WORDS * WORD:
        raise BadRecord(f"{words} bytes are no words of a batch", REMEDY)
    if len(request.signature) != SIGNATURE_BYTES:
        raise BadRecord("the request is not signed", REMEDY)
    return request


def _number(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{value!r} is no number up to {most}")
    return value


def _bytes(text: Any) -> bytes:
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError("bytes are hex after 0x")
    return bytes.fromhex(text[2:])


def readings(contract: str, words: bytes) -> list[Said]:
    """The readings of a batch in the order of its words; a meter's value is its register."""
    meters, found = contract in METER_BOOKS, []
    for group in (meter_groups if meters else gauge_groups)(words):
        mark, value = group.mark | (VOID if group.void else 0), group.opening_l
        for at, amount in group.readings:
            value = value + amount if meters else amount
            found.append(Said(group.channel, at, value, group.kind, group.grade, mark))
    return found


def asked(journal: Journal, contract: str, lane: int, batch_id: int, words: bytes) -> Request:
    """What the relay asks of a frozen batch of its journal, not signed yet."""
    telegrams = journal.telegrams_of(contract, lane, batch_id)
    return Request(contract, lane, batch_id, words, telegrams)


@dataclass(frozen=True, slots=True)
class Found:
    """What a witness found: readings that differ from its own, and why it cannot tell yet."""

    differs: tuple[str, ...]
    waits: str
    root: bytes  # of the leaves with the witness's own readings; what it lacks is left out

    @property
    def reason(self) -> str:
        """What differs, as its hash on chain has it."""
        return "\n".join(self.differs)


def compare(journal: Journal, said: Sequence[Said]) -> Found:
    """Hold readings against a witness's own.

    What lies before a channel's first reading here, or behind its last, nobody here can tell.
    """
    differs, own, waits = [], [], ""
    known = {channel: _Own.of(journal, channel, said) for channel in {o.channel for o in said}}
    for one in said:
        here = known[one.channel]
        if not here.first_at <= one.at <= here.last_at:
            waits = waits or f"channel {one.channel} has nothing of {one.at} here"
            continue
        if one.at not in here.readings:
            differs.append(f"channel {one.channel} at {one.at}: {_words(one)}, nothing here")
            continue
        value, kind, mark = here.readings[one.at]
        mine = replace(one, value=value, kind=kind, mark=mark)
        own.append(mine.leaf)
        if mine != one:
            differs.append(f"channel {one.channel} at {one.at}: {_words(one)}, {_words(mine)} here")
    root = merkle.root(own) if own else bytes(WORD)
    return Found(tuple(differs), waits, root)


@dataclass(frozen=True, slots=True)
class _Own:
    """A channel here: from when to when, and value, kind and mark where something was said."""

    first_at: int
    last_at: int
    readings: Mapping[int, tuple[int, int, int]]

    @classmethod
    def of(cls, journal: Journal, channel: int, said: Sequence[Said]) -> "_Own":
        span = journal.span(channel)
        if span is None:
            return cls(0, -1, {})
        moments = [one.at for one in said if one.channel == channel]
        first = journal.until(channel, min(moments) - 1)
        count = journal.until(channel, max(moments)) - first
        return cls(
            *span,
            {
                int(at): (int(value), one.kind, int(mark))
                for one in journal.kept(channel, first, count)
                for at, value, mark in zip(
                    one.block.at, one.block.value, one.block.mark, strict=True
                )
            },
        )


def _words(one: Said) -> str:
    marked = f" mark {one.mark}" if one.mark else ""
    return f"{one.value} kind {one.kind}{marked}"


def root_of(said: Sequence[Said]) -> bytes:
    """The root over the leaves of readings."""
    return merkle.root([one.leaf for one in said])


def words_hash(words: bytes) -> bytes:
    """The hash that is signed beside the root."""
    return keccak(words)
