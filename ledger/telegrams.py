"""Telegrams that a device or gateway signs: EIP-712 typed data in the chain's stored units.

A `value` is what the leaf has: a meter's register in litres, or a gauge's stored word, its value
in steps of the channel's resolution plus 2**31; a `mark` likewise, 0 for a meter. What is signed
is the 32-byte EIP-712 digest, whatever the kind of key. DeviceKeys.vy computes the same digest.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from ledger.cbor import loads
from ledger.errors import BadRecord, NotFound
from ledger.hashing import keccak
from ledger.leaves import WORD

MOST_READINGS = 64  # of one telegram; a contract looks at the hash of each
LONGEST = 65_536  # bytes of a telegram as it comes
READING = "Reading(uint32 channel,uint32 at,uint64 value,uint8 mark)"
TELEGRAM = f"Telegram(uint256 device,uint64 sequence,Reading[] readings){READING}"
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
TYPES = {
    "Telegram": [
        {"name": "device", "type": "uint256"},
        {"name": "sequence", "type": "uint64"},
        {"name": "readings", "type": "Reading[]"},
    ],
    "Reading": [
        {"name": "channel", "type": "uint32"},
        {"name": "at", "type": "uint32"},
        {"name": "value", "type": "uint64"},
        {"name": "mark", "type": "uint8"},
    ],
}

Byte = Annotated[int, Field(ge=0, lt=2**8)]
Short = Annotated[int, Field(ge=0, lt=2**32)]
Moment = Annotated[int, Field(gt=0, lt=2**32)]
Long = Annotated[int, Field(ge=0, lt=2**64)]
Signature = Annotated[str, StringConstraints(pattern=r"^0x([0-9a-f]{128}|[0-9a-f]{130,144})$")]


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one channel: `at` in Unix seconds, `value` and `mark` as the leaf has them."""

    channel: Short
    at: Moment
    value: Long
    mark: Byte = 0

    @property
    def hash(self) -> bytes:
        """Its EIP-712 hash."""
        return struct_hash(READING, self.channel, self.at, self.value, self.mark)


@dataclass(frozen=True, slots=True)
class Telegram:
    """What is signed: the device's number in DeviceRegistry, a sequence that rises, readings."""

    device: Short
    sequence: Long
    readings: Annotated[tuple[Reading, ...], Field(min_length=1, max_length=MOST_READINGS)]

    @property
    def channels(self) -> list[int]:
        """The channels that it is about, each once."""
        return sorted({one.channel for one in self.readings})

    @property
    def moments(self) -> list[int]:
        """When the key must have been valid."""
        return [one.at for one in self.readings]

    @property
    def reading_hashes(self) -> list[bytes]:
        """The EIP-712 hash of each reading, in their order."""
        return [one.hash for one in self.readings]

    @property
    def hash(self) -> bytes:
        """Its EIP-712 hash, without the domain."""
        readings_hash = keccak(b"".join(self.reading_hashes))
        return struct_hash(TELEGRAM, self.device, self.sequence, readings_hash)


@dataclass(frozen=True, slots=True)
class Signed:
    """A telegram, the number in DeviceKeys of the key that signed it, and the signature in hex."""

    telegram: Telegram
    key: Short
    signature: Signature

    def as_json(self) -> dict[str, Any]:
        """The telegram as it is sent."""
        return asdict(self)


class Signable(Protocol):
    """What a key signs: of one device, under a sequence number, with its EIP-712 hash."""

    @property
    def device(self) -> int: ...
    @property
    def sequence(self) -> int: ...
    @property
    def channels(self) -> list[int]: ...
    @property
    def moments(self) -> list[int]: ...
    @property
    def hash(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Domain:
    """The chain and the address of DeviceKeys that telegrams are signed for."""

    chain_id: int
    contract: str

    @property
    def separator(self) -> bytes:
        """The hash of the domain, EIP-712's domainSeparator."""
        names, contract = (keccak(b"Waterline"), keccak(b"1")), bytes.fromhex(self.contract[2:])
        return struct_hash(DOMAIN, *names, self.chain_id, contract)

    def digest(self, telegram: Signable) -> bytes:
        """The 32 bytes that every kind of key signs."""
        return keccak(b"\x19\x01" + self.separator + telegram.hash)


def claims(raw: bytes) -> bool:
    """Whether a message claims to be a signed telegram."""
    return b"signature" in raw and _told(raw) is not None


def _told(raw: bytes) -> Mapping[str, Any] | None:
    return signed_object(raw, LONGEST)


def signed_object(raw: bytes, longest: int) -> Mapping[str, Any] | None:
    """A JSON or CBOR object with a telegram and a signature; None for any other message."""
    if len(raw) > longest:
        return None
    try:
        told = json.loads(raw) if raw.lstrip()[:1] == b"{" else loads(raw)
    except (ValueError, RecursionError):
        return None
    signed = isinstance(told, Mapping) and "telegram" in told and "signature" in told
    return told if signed else None


def parse(raw: bytes) -> Signed | None:
    """A signed telegram in JSON or CBOR, None for another message.

    BadRecord names what is wrong in one that claims to be signed.
    """
    told = _told(raw)
    if told is None:
        return None
    if isinstance(told["signature"], bytes):
        told = {**told, "signature": "0x" + told["signature"].hex()}
    remedy = "docs/sources.md shows a signed telegram"
    try:
        # strict JSON takes a list for a tuple, and nothing else for an integer
        text = json.dumps(told)
        return TypeAdapter(Signed).validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        raise BadRecord(first_fault(error, "the telegram"), remedy) from error
    except (TypeError, ValueError) as error:
        raise BadRecord(f"the telegram: {error}", remedy) from error


def read_unsigned(path: Path) -> Telegram:
    """A telegram in a JSON file that is still to be signed; NotFound, BadRecord."""
    try:
        return TypeAdapter(Telegram).validate_json(path.read_bytes(), strict=True, extra="forbid")
    except FileNotFoundError as error:
        raise NotFound(f"no file at {path}", "check the name") from error
    except (OSError, ValidationError) as error:
        why = first_fault(error) if isinstance(error, ValidationError) else error
        raise BadRecord(
            f"{path} is no telegram: {why}", "docs/sources.md shows one; leave key, signature out"
        ) from error


def first_fault(error: ValidationError, whole: str = "") -> str:
    """The first fault of a document and where it is, or `whole`; what was sent is not told."""
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"]) or whole
    return f"{where}: {fault['msg']}" if where else fault["msg"]


def struct_hash(name: str, *fields: int | bytes) -> bytes:
    """EIP-712's hashStruct of fields that are words already."""
    words = [
        one.rjust(WORD, b"\0") if isinstance(one, bytes) else one.to_bytes(WORD, "big")
        for one in fields
    ]
    return keccak(keccak(name.encode()) + b"".join(words))
