"""Permit files that only named organisations can read: encrypted once, its key for each of them.

A file is one line of magic, one line of JSON (permit, recipients, each with the content key under
HPKE), a nonce, and the content under ChaCha20-Poly1305, whose additional data are both lines, so
that nothing of it can be altered or put under another permit. HPKE is RFC 9180 in base mode:
DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. Base mode does not say who encrypted:
that the chain does, where an officer anchors the file's hash.
"""

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hpke, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ledger.errors import AccountLocked, BadRecord, NotFound, UsageError

MAGIC = b"waterline permit file 1\n"
INFO = b"waterline permit file 1\0"  # parts these keys from any other use of HPKE
NONCE_BYTES = 12
KEY_BYTES = 32
MAX_RECIPIENTS = 16  # as PermitSeals.anchor takes them
MOST_HEADER = 65_536
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class PermitFile:
    """An encrypted permit file, taken apart; not yet known to be whole."""

    permit: str
    sealed_keys: dict[bytes, bytes]  # a recipient's public key: the content key for it
    bound: bytes
    nonce: bytes
    ciphertext: bytes


def encrypt(content: bytes, permit: str, recipients: Sequence[bytes]) -> bytes:
    """The file, readable with the private key of any recipient (raw X25519 public keys, 1 to 16).

    UsageError for no, too many, repeated or weak recipients.
    """
    if not 0 < len(set(recipients)) == len(recipients) <= MAX_RECIPIENTS:
        raise UsageError(
            f"{len(recipients)} recipients, each must be named once",
            f"name 1 to {MAX_RECIPIENTS} organisations with different keys",
        )
    key = ChaCha20Poly1305.generate_key()
    sealed = {one.hex(): _sealed(key, permit, one).hex() for one in recipients}
    header = json.dumps({"permit": permit, "recipients": sealed}, ensure_ascii=True)
    bound = MAGIC + header.encode() + b"\n"
    nonce = os.urandom(NONCE_BYTES)
    return bound + nonce + ChaCha20Poly1305(key).encrypt(nonce, content, bound)


def _sealed(key: bytes, permit: str, recipient: bytes) -> bytes:
    try:
        public = X25519PublicKey.from_public_bytes(recipient)
        return bytes(SUITE.encrypt(key, public, INFO + permit.encode()))
    except ValueError as error:
        raise UsageError(
            f"{recipient.hex()} is no key to encrypt to", "its organisation sets another one"
        ) from error


def parse(raw: bytes) -> PermitFile:
    """A file taken apart; BadRecord where it is none of ours."""
    try:
        if not raw.startswith(MAGIC):
            raise ValueError("it begins otherwise")
        ends = raw.index(b"\n", len(MAGIC), len(MAGIC) + MOST_HEADER) + 1
        header = json.loads(raw[len(MAGIC) : ends])
        sealed = {bytes.fromhex(k): bytes.fromhex(v) for k, v in header["recipients"].items()}
        body = raw[ends:]
        return PermitFile(
            str(header["permit"]), sealed, raw[:ends], body[:NONCE_BYTES], body[NONCE_BYTES:]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRecord(
            f"this is no encrypted permit file: {error}", "make one with `waterline permit encrypt`"
        ) from error


def decrypt(raw: bytes, private: X25519PrivateKey) -> tuple[str, bytes]:
    """The permit's number and the content.

    AccountLocked for the key of somebody else, BadRecord for a file that was altered.
    """
    file, public = parse(raw), public_bytes(private)
    if public not in file.sealed_keys:
        raise AccountLocked(
            f"the file is not encrypted to the key {public.hex()}",
            "use the private key of a recipient",
        )
    try:
        key = SUITE.decrypt(file.sealed_keys[public], private, INFO + file.permit.encode())
        return file.permit, ChaCha20Poly1305(key).decrypt(file.nonce, file.ciphertext, file.bound)
    except (InvalidTag, ValueError) as error:
        raise BadRecord(
            "the file was altered: nothing of it is shown", "get it again from who encrypted it"
        ) from error


def public_bytes(private: X25519PrivateKey) -> bytes:
    """The public half of a key, 32 bytes as the chain holds it."""
    return private.public_key().public_bytes_raw()


def make_key(path: Path, words: str) -> X25519PrivateKey:
    """A new private key in a file that only its owner can read, locked with a passphrase.

    UsageError where the file exists or cannot be written: a key is never overwritten.
    """
    if not words:
        raise UsageError("the passphrase is empty", "choose one of several words")
    private = X25519PrivateKey.generate()
    locked = serialization.BestAvailableEncryption(words.encode())
    text = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked
    )
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise UsageError(f"{path} exists", "name another file; a key is not overwritten") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}", "name another file") from error
    return private


def open_key(path: Path, words: str) -> X25519PrivateKey:
    """The private key in a file; refused where others could read it."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise AccountLocked(f"{path} can be read by others", f"chmod 600 {path}")
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(
            f"no key at {path}", "`waterline account encryption-key` makes one"
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}", "check the file") from error
    try:
        key: Any = serialization.load_pem_private_key(text, words.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AccountLocked(f"{path} stays locked: {error}", "check the passphrase") from error
    if not isinstance(key, X25519PrivateKey):
        raise BadRecord(f"{path} holds no X25519 key", "`waterline account encryption-key`")
    return key
