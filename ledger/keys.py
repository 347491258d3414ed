"""A key that signs telegrams, as DeviceKeys records it, and whether it has signed one.

secp256k1 recovers an account (SEC 1, Ethereum's form); P-256 is ECDSA over the digest (FIPS 186-5,
a DER signature), Ed25519 signs the digest as its message (RFC 8032).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature, ValidationError

from ledger.errors import UsageError
from ledger.grades import DEVICE, GATEWAY
from ledger.telegrams import Domain, Signable, Signed

SECP256K1, P256, ED25519 = 1, 2, 3
KINDS = {SECP256K1: "secp256k1", P256: "P-256", ED25519: "Ed25519"}
SIZES = {SECP256K1: 20, P256: 33, ED25519: 32}  # bytes: an address, a compressed point, RFC 8032


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and the devices it signs for with the first moment of each; it ends at until_at."""

    id: int
    kind: int
    public_key: bytes
    gateway: bool
    from_at: int
    until_at: int
    revoked_at: int
    devices: Mapping[int, int]

    @property
    def grade(self) -> int:
        """The evidence grade of what it signs."""
        return GATEWAY if self.gateway else DEVICE

    def signs(self, device: int, at: int) -> bool:
        """Whether it signs a device's readings of a moment."""
        return device in self.devices and self.devices[device] <= at < self.until_at

    def signed(self, digest: bytes, signature: bytes) -> bool:
        """Whether a signature over a digest is this key's."""
        return _CHECKS[self.kind](self.public_key, digest, signature)


def fault(signed: Signed, held: Mapping[int, Key], of: Domain) -> tuple[str, str] | None:
    """Why a telegram is not signed by a key of its device: a reason and the particulars.

    Reasons are those of the oracle's quarantine: unknown_key, bad_signature, key_not_valid.
    """
    return fault_of(signed.telegram, signed.key, signed.signature, held, of)


def fault_of(
    telegram: Signable, number: int, signature: str, held: Mapping[int, Key], of: Domain
) -> tuple[str, str] | None:
    """The same of whatever a key signs: the key's number, and the signature in hex."""
    key, device = held.get(number), telegram.device
    if key is None:
        return "unknown_key", f"key {number}"
    if not key.signed(of.digest(telegram), bytes.fromhex(signature[2:])):
        return "bad_signature", f"not of key {key.id}, {KINDS[key.kind]}"
    if device not in key.devices:
        return "key_not_valid", f"key {key.id} does not sign for device {device}"
    wrong = next((at for at in telegram.moments if not key.signs(device, at)), None)
    if wrong is not None:
        about = f"key {key.id} signs from {key.devices[device]} to before {key.until_at}"
        return "key_not_valid", f"{about}, not {wrong}"
    return None


def public_key(kind: int, text: str) -> bytes:
    """A public key in hex, as DeviceKeys takes it; UsageError where it is none of its kind."""
    try:
        raw = bytes.fromhex(text.removeprefix("0x"))
        if len(raw) != SIZES[kind]:
            raise ValueError(f"{len(raw)} bytes, {SIZES[kind]} wanted")
        if kind == P256:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
        if kind == ED25519:
            ed25519.Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise UsageError(
            f"{text} is no key of {KINDS[kind]}: {error}",
            "secp256k1 by its address (`waterline account list`), P-256 as a compressed point, "
            "Ed25519 as RFC 8032 has it",
        ) from error
    return raw


def _secp256k1(public_key: bytes, digest: bytes, signature: bytes) -> bool:
    if len(signature) != 65 or signature[64] not in (27, 28):
        return False
    try:
        own_form = signature[:64] + bytes([signature[64] - 27])
        recovered = Signature(own_form).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError):
        return False
    return recovered.to_canonical_address() == public_key


def _p256(public_key: bytes, digest: bytes, signature: bytes) -> bool:
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
        key.verify(signature, digest, ec.ECDSA(Prehashed(SHA256())))
    except (InvalidSignature, ValueError):
        return False
    return True


def _ed25519(public_key: bytes, digest: bytes, signature: bytes) -> bool:
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public_key).verify(signature, digest)
    except (InvalidSignature, ValueError):
        return False
    return True


_CHECKS = {SECP256K1: _secp256k1, P256: _p256, ED25519: _ed25519}
