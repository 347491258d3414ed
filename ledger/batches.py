"""Batches read back from the chain: the words in their calldata, and what they say.

A reading within its bounds logs nothing, so its only trace is the calldata of its batch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ledger.channels import METER_BOOKS
from ledger.deployment import Ledger
from ledger.errors import BadRecord, NotFound
from ledger.events import Event, logs, sent_in
from ledger.leaves import INSTANT, ROLL_OVER

BYTES = 32
M8, M16, M24, M32, M40, M48 = (2**bits - 1 for bits in (8, 16, 24, 32, 40, 48))

Refusals = Mapping[tuple[int, int, int], int]  # lane, batch, and the group's end_word: the reason


@dataclass(frozen=True, slots=True)
class Batch:
    """What a relay sent in one transaction."""

    contract: str
    lane: int
    batch_id: int
    root: bytes
    words: bytes
    digest: bytes
    transaction: str
    block: int
    block_hash: str
    sent_by: str
    refused: int


@dataclass(frozen=True, slots=True)
class Group:
    """Readings of one channel: moments and values; a meter's value is the volume of its step.

    Its words end before the one of number `end_word`: so a contract names a group that it refuses.
    """

    channel: int
    opening_at: int
    opening_l: int
    kind: int
    grade: int
    mark: int
    void: bool
    readings: tuple[tuple[int, int], ...]
    end_word: int
    detection_limit: int = 0


def batch(ledger: Ledger, contract: str, lane: int, batch_id: int) -> Batch:
    """A batch by its place in its lane."""
    filters = {"lane": lane, "batch_id": batch_id}
    found = logs(ledger, contract, "Recorded", filters=filters)
    if not found:
        raise NotFound(
            f"{contract} holds no batch {batch_id} of lane {lane}", "`waterline lane list`"
        )
    return as_batch(ledger, found[-1])


def as_batch(ledger: Ledger, recorded: Event) -> Batch:
    """The batch of a Recorded event, its words from the transaction that carried them."""
    sent, given = sent_in(ledger, recorded)
    return Batch(
        contract=recorded.contract,
        lane=given["lane"],
        batch_id=given["batch_id"],
        root=bytes(given["root"]),
        words=bytes(given["words"]),
        digest=bytes(recorded.args["digest"]),
        transaction=recorded.transaction,
        block=recorded.block,
        block_hash=recorded.block_hash,
        sent_by=str(sent["from"]),
        refused=int(recorded.args["refused"]),
    )


def groups(contract: str, words: bytes) -> Iterator[Group]:
    """The groups of a batch of a book, taken or not."""
    return meter_groups(words) if contract in METER_BOOKS else gauge_groups(words)


def refusals(events: Iterable[Event]) -> Refusals:
    """The groups that events tell a contract refused, each with its reason."""
    return {
        (one.args["lane"], one.args["batch_id"], one.args["end_word"]): one.args["reason"]
        for one in events
        if one.name == "GroupRefused"
    }


def refused_by(ledger: Ledger, contract: str, from_block: int | None = None) -> Refusals:
    """The groups that a contract has refused so far, or since a block."""
    return refusals(logs(ledger, contract, "GroupRefused", from_block=from_block))


def taken(batch: Batch, refused: Refusals) -> Iterator[Group]:
    """The groups of a batch that its contract took."""
    for group in groups(batch.contract, batch.words):
        if (batch.lane, batch.batch_id, group.end_word) not in refused:
            yield group


def values(group: Group, modulus_l: Callable[[int], int]) -> Iterator[tuple[int, int]]:
    """Each reading's moment and its value as the leaf has it: a meter's register, a gauge's word.

    `modulus_l` answers at which register a channel begins again; only roll-overs ask for it.
    """
    register_l = group.opening_l
    rolled_l = modulus_l(group.channel) if group.kind == ROLL_OVER else 0
    for at, amount in group.readings:
        register_l += amount - rolled_l
        yield at, amount if group.kind == INSTANT else register_l


def gauge_groups(words: bytes) -> Iterator[Group]:
    """The groups of a gauge batch, as docs/wire-format.md lays their bits out."""
    for header, readings, end_word in _framed(words, M32, M32):
        yield Group(
            header & M32,
            (header >> 120) & M32,
            0,
            INSTANT,
            (header >> 72) & M8,
            (header >> 232) & 15,
            bool((header >> 239) & 1),
            readings,
            end_word,
            (header >> 80) & M32,
        )


def meter_groups(words: bytes) -> Iterator[Group]:
    """The groups of a meter batch, as docs/wire-format.md lays their bits out."""
    for header, readings, end_word in _framed(words, M48, M40):
        yield Group(
            header & M32,
            (header >> 120) & M32,
            (header >> 72) & M48,
            (header >> 232) & M8,
            (header >> 240) & M8,
            0,
            False,
            readings,
            end_word,
        )


def _framed(
    words: bytes, first: int, others: int
) -> Iterator[tuple[int, tuple[tuple[int, int], ...], int]]:
    """Each group's header, readings and end; the masks are of a first amount, and of those of 64
    bits with their step."""
    place = 0
    while place < len(words):
        header = _word(words, place)
        further, step = (header >> 32) & M16, (header >> 48) & M24
        at = ((header >> 120) & M32) + ((header >> 200) & M32) + 1
        readings = [(at, (header >> 152) & first)]
        place += BYTES
        for lane, bits in _lanes(words, place, further, step):
            at += step or (lane >> 40) + 1
            readings.append((at, lane & others if bits == 64 else lane))
        place += _length(further, step)
        yield header, tuple(readings), place // BYTES


def _word(words: bytes, place: int) -> int:
    if place + BYTES > len(words):
        raise BadRecord(f"words end within a group, at byte {len(words)}", "fetch the batch again")
    return int.from_bytes(words[place : place + BYTES], "big")


def _length(further: int, step: int) -> int:
    """Bytes of the lanes behind a header."""
    return BYTES * (-(-further // 8) if step else -(-further // 4))


def _lanes(words: bytes, place: int, further: int, step: int) -> Iterator[tuple[int, int]]:
    """The further readings of a group, each with the width of its lane."""
    bits = 32 if step else 64
    a_word = 256 // bits
    for index in range(further):
        word = _word(words, place + BYTES * (index // a_word))
        yield (word >> (bits * (index % a_word))) & ((1 << bits) - 1), bits
