"""What a relay asks a witness of a batch, and what the witness finds in its own journal.

The relay sends words and, for each reading, the hash of the telegram that it came in; the root
must be that of their leaves. The witness holds every reading of the words against its own:
channel, moment, value, kind and mark. Grade and telegram are the relay's, as each has its own way
to the station. A request is a line of JSON, and behind it the households (oracle.cosigned_homes).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ledger import merkle
from ledger.batches import groups, values
from ledger.errors import BadRecord
from ledger.hashing import keccak
from ledger.leaves import APPROVED, VOID, WORD, leaf
from ledger.packing import MAX_BATCH_ID, MOST_WORDS
from ledger.witnesses import SIGNATURE_BYTES
from oracle import cosigned_homes
from oracle.cosigned_homes import HOME_BYTES, Homes, Kept
from oracle.households import MOST_LEAVES
from oracle.journal import Journal

MOST_LINE = 2**20  # bytes: 1,008 words of eight readings each, in hex
MOST_BYTES = MOST_LINE + 1 + MOST_LEAVES * HOME_BYTES
MOST_TOLD = 20  # differences in an answer
REMEDY = "ask as docs/witnesses.md says"
NO_HOMES = Kept([], [], "")


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
    root: bytes
    telegrams: Mapping[int, bytes] = field(default_factory=dict)
    homes: Sequence[Homes] = ()
    signature: bytes = b""

    @property
    def about(self) -> tuple[str, int, int]:
        """Contract, lane and batch."""
        return self.contract, self.lane, self.batch_id

    def packed(self) -> bytes:
        """As it goes over the line."""
        line = json.dumps(self.as_json()).encode()
        return b"\n".join([line, b"".join(one.packed for one in self.homes)])

    def as_json(self) -> dict[str, Any]:
        """Its line; of households' days how many each has."""
        return {
            "contract": self.contract,
            "lane": self.lane,
            "batch": self.batch_id,
            "words": "0x" + self.words.hex(),
            "root": "0x" + self.root.hex(),
            "telegrams": {str(n): "0x" + raw.hex() for n, raw in self.telegrams.items()},
            "homes": [[one.channel, one.ends_at, one.grade, one.count] for one in self.homes],
            "signature": "0x" + self.signature.hex(),
        }

    def readings(self, modulus_l: Callable[[int], int]) -> list[Said]:
        """The readings of the words, each with its telegram; BadRecord where they do not fit.

        `modulus_l` answers at which register a channel begins again.
        """
        places = dict.fromkeys(self.telegrams, 0)
        found = []
        for one in readings(self.contract, self.words, modulus_l):
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
    line, _, packed = raw.partition(b"\n")
    try:
        if len(line) > MOST_LINE:
            raise ValueError(f"a line of {len(line)} bytes, not {MOST_LINE}")
        told = json.loads(line)
        request = Request(
            contract=str(told["contract"]),
            lane=_number(told["lane"], 2**32),
            batch_id=_number(told["batch"], MAX_BATCH_ID),
            words=_bytes(told["words"]),
            root=_bytes(told["root"]),
            telegrams={_number(int(n), 2**32): _bytes(t) for n, t in told["telegrams"].items()},
            homes=_homes(told["homes"], packed),
            signature=_bytes(told["signature"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadRecord(f"this is no request for a signature: {error!r}", REMEDY) from error
    if request.contract not in contracts:
        raise BadRecord(f"{request.contract!r} takes no measurements", REMEDY)
    words = len(request.words)
    if not words or words % WORD or words > MOST_WORDS * WORD:
        raise BadRecord(f"{words} bytes are no words of a batch", REMEDY)
    if len(request.signature) != SIGNATURE_BYTES or len(request.root) != WORD:
        raise BadRecord("the request has no root of 32 bytes that is signed", REMEDY)
    return request


def _homes(told: Any, packed: bytes) -> list[Homes]:
    """The days of households, each with its part of the bytes behind the line."""
    found, place = [], 0
    for channel, ends_at, grade, count in told:
        size = _number(count, MOST_LEAVES) * HOME_BYTES
        about = (_number(channel, 2**32), _number(ends_at, 2**32), _number(grade, 255))
        found.append(Homes(*about, packed[place : place + size]))
        place += size
    if place != len(packed):
        raise ValueError(f"{len(packed)} bytes of households, not {place}")
    return found


def _number(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{value!r} is no number up to {most}")
    return value


def _bytes(text: Any) -> bytes:
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError("bytes are hex after 0x")
    return bytes.fromhex(text[2:])


def readings(contract: str, words: bytes, modulus_l: Callable[[int], int]) -> list[Said]:
    """The readings of a batch in the order of its words; a meter's value is its register."""
    found = []
    for group in groups(contract, words):
        mark = group.mark | (VOID if group.void else 0)
        for at, value in values(group, modulus_l):
            found.append(Said(group.channel, at, value, group.kind, group.grade, mark))
    return found


def asked(journal: Journal, request: Request) -> bytes:
    """A request about a frozen batch of a relay's journal, made whole, as it goes over the line."""
    telegrams = journal.telegrams_of(*request.about)
    homes = cosigned_homes.asked(journal, request.about, request.root)
    return replace(request, telegrams=telegrams, homes=homes).packed()


def rooted(request: Request, said: Sequence[Said]) -> None:
    """BadRecord where the root is not that of the readings and households of a request."""
    found = [one.leaf for one in said]
    found += [leaf for day in request.homes for leaf in day.leaves]
    if merkle.root(found) != request.root:
        raise BadRecord("the root is not that of the readings", REMEDY)


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


def compare(journal: Journal, said: Sequence[Said], homes: Kept = NO_HOMES) -> Found:
    """Hold readings against a witness's own, beside what was found of households.

    What lies before a channel's first reading here, or behind its last, nobody here can tell. What
    an officer approved is not read here: the contract takes such a group by the approval alone.
    """
    differs, own, waits = list(homes.differs), list(homes.leaves), homes.waits
    known = {channel: _Own.of(journal, channel, said) for channel in {o.channel for o in said}}
    for one in said:
        if one.kind in APPROVED:
            own.append(one.leaf)
            continue
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


def words_hash(words: bytes) -> bytes:
    """The hash that is signed beside the root."""
    return keccak(words)
