"""Households' days that a gateway signs: one signature under the root of a tree of them.

Signed is the EIP-712 digest of `Households`; its root is that of a Merkle tree (ledger.merkle) over
the EIP-712 hashes of its households. So what one household shows as evidence, its `Opened` part,
tells of no other: each has a salt of the gateway's, without which its hash could be guessed.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError

from ledger import merkle
from ledger.errors import BadRecord
from ledger.hashing import keccak
from ledger.leaves import WORD
from ledger.telegrams import (
    Long,
    Moment,
    Short,
    Signature,
    first_fault,
    signed_object,
    struct_hash,
)

HOURS = 24
MOST_HOMES = 2_000  # of one telegram; our own choice
LONGEST = 1_048_576  # bytes of a telegram as it comes: what NATS takes unless told otherwise
MOST_NUMBER = 64  # characters of a household's number
REMEDY = "docs/sources.md shows a signed telegram of households"
HOUSEHOLD = "Household(string household,uint64 opening,uint64[] registers,bytes32 salt)"
HOUSEHOLDS = (
    "Households(uint256 device,uint64 sequence,uint32 channel,uint32 begins,uint32 ends,"
    "bytes32 root)"
)
TYPES = {
    "Households": [
        {"name": "device", "type": "uint256"},
        {"name": "sequence", "type": "uint64"},
        {"name": "channel", "type": "uint32"},
        {"name": "begins", "type": "uint32"},
        {"name": "ends", "type": "uint32"},
        {"name": "root", "type": "bytes32"},
    ]
}


def _one_or_all(registers: tuple[int, ...]) -> tuple[int, ...]:
    if len(registers) not in (1, HOURS):
        raise ValueError(f"one closing register, or one for each of {HOURS} hours")
    return registers


Number = Annotated[str, StringConstraints(min_length=1, max_length=MOST_NUMBER)]
Registers = Annotated[tuple[Long, ...], AfterValidator(_one_or_all)]
Hash = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Home:
    """A household's day in litres: the register when it began, and after its end or each hour."""

    household: Number
    opening: Long
    registers: Registers
    salt: Hash

    @property
    def hash(self) -> bytes:
        """Its EIP-712 hash, a leaf of the telegram's tree."""
        registers = b"".join(one.to_bytes(WORD, "big") for one in self.registers)
        number, salt = keccak(self.household.encode()), bytes.fromhex(self.salt[2:])
        return struct_hash(HOUSEHOLD, number, self.opening, keccak(registers), salt)


@dataclass(frozen=True, slots=True)
class About:
    """What is signed: the community's device and channel, when the day began and ended, a root."""

    device: Short
    sequence: Long
    channel: Short
    begins: Moment
    ends: Moment
    root: Hash

    @property
    def hash(self) -> bytes:
        """Its EIP-712 hash, without the domain."""
        numbers = (self.device, self.sequence, self.channel, self.begins, self.ends)
        return struct_hash(HOUSEHOLDS, *numbers, bytes.fromhex(self.root[2:]))

    @property
    def channels(self) -> list[int]:
        """The one channel that it is about."""
        return [self.channel]

    @property
    def moments(self) -> list[int]:
        """When the key must have been valid."""
        return [self.ends]


@dataclass(frozen=True, slots=True)
class Households:
    """A community's households of a day, as a gateway sends them."""

    device: Short
    sequence: Long
    channel: Short
    begins: Moment
    ends: Moment
    households: Annotated[tuple[Home, ...], Field(min_length=1, max_length=MOST_HOMES)]

    def about(self) -> About:
        """What is signed of it."""
        return self.under(merkle.root([one.hash for one in self.households]))

    def under(self, root: bytes) -> About:
        """What is signed of it, its households' root being worked out already."""
        numbers = (self.device, self.sequence, self.channel, self.begins, self.ends)
        return About(*numbers, "0x" + root.hex())


@dataclass(frozen=True, slots=True)
class Sent:
    """A telegram as it is sent, with the number in DeviceKeys of the key that signed it."""

    telegram: Households
    key: Short
    signature: Signature

    def as_json(self) -> dict[str, Any]:
        """The telegram as it is sent."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Opened:
    """One household's part: its own day, and the way up to what was signed."""

    telegram: About
    household: Home
    siblings: tuple[Hash, ...]
    key: Short
    signature: Signature

    @property
    def is_under_root(self) -> bool:
        """Whether the household was in the tree whose root was signed."""
        siblings = [bytes.fromhex(one[2:]) for one in self.siblings]
        return merkle.climb(self.household.hash, siblings).hex() == self.telegram.root[2:]

    def as_bytes(self) -> bytes:
        """The part as the archive keeps it, and as its hash stands in the household's leaf."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()


def claims(raw: bytes) -> bool:
    """Whether a message claims to be such a telegram."""
    return b"signature" in raw and b"households" in raw and _told(raw) is not None


def _told(raw: bytes) -> Mapping[str, Any] | None:
    told = signed_object(raw, LONGEST)
    inner = told["telegram"] if told else None
    return told if isinstance(inner, Mapping) and "households" in inner else None


def parse(raw: bytes) -> Sent | None:
    """A telegram in JSON or CBOR, None for another message; BadRecord names what is wrong in it."""
    told = _told(raw)
    if told is None:
        return None
    try:
        text = json.dumps(told, default=_hex)
        return TypeAdapter(Sent).validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        raise BadRecord(first_fault(error, "the telegram"), REMEDY) from error
    except (TypeError, ValueError) as error:
        raise BadRecord("the telegram is neither JSON nor CBOR of plain values", REMEDY) from error


def _hex(value: object) -> str:
    """Bytes of CBOR as JSON has them."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    raise TypeError(f"a {type(value).__name__}")


def opened(sent: Sent) -> list[Opened]:
    """Each household's part, in the order of the telegram."""
    hashes = [one.hash for one in sent.telegram.households]
    nodes = merkle.tree(hashes)
    about, ways = sent.telegram.under(nodes[0]), [merkle.proof(nodes, one) for one in hashes]
    return [
        Opened(about, one, tuple("0x" + node.hex() for node in way), sent.key, sent.signature)
        for one, way in zip(sent.telegram.households, ways, strict=True)
    ]


def part(raw: bytes) -> Opened | None:
    """One household's part as the archive keeps it, None for any other message."""
    try:
        return TypeAdapter(Opened).validate_json(raw, strict=True, extra="forbid")
    except ValidationError:
        return None


def read_unsigned(path: Path) -> Households | None:
    """A telegram of households that is still to be signed, None for a file of something else."""
    try:
        return TypeAdapter(Households).validate_json(path.read_bytes(), strict=True, extra="forbid")
    except (OSError, ValidationError):
        return None
