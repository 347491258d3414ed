"""Keys of our making: signers, nodes and operating accounts, each in a file only we can read."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from devnet.errors import DevnetError

# The passphrases below are 256 random bits, so stretching them protects nothing: this is geth's
# own "light" cost, about 20 ms.
SCRYPT_N = 4096

OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Key:
    """A private key with what is public about it."""

    secret: bytes
    address: str
    node_id: str  # the public key as enode URLs name it


def new_key() -> Key:
    """A fresh random key."""
    from eth_keys.datatypes import PrivateKey

    secret = secrets.token_bytes(32)
    public = PrivateKey(secret).public_key
    return Key(secret, public.to_checksum_address(), public.to_bytes().hex())


def new_passphrase() -> str:
    """A passphrase of 256 random bits."""
    return secrets.token_hex(32)


def write_private(path: Path, text: str) -> None:
    """Write a file that is never readable by others, not even while it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)


def write_keystore(path: Path, key: Key, passphrase: str) -> None:
    """Write a version 3 keystore, as geth and ape read it."""
    from eth_account import Account

    keystore = Account.encrypt(key.secret, passphrase, kdf="scrypt", iterations=SCRYPT_N)
    # written as a number it lacks its leading zeros, once in 256 times, and geth panics on it
    parameters = keystore["crypto"]["cipherparams"]
    parameters["iv"] = parameters["iv"].zfill(32)
    write_private(path, json.dumps(keystore))


def operating_account(path: Path, passphrase: str) -> str:
    """The address of the keystore at `path`, made now if there is none."""
    if not path.exists():
        key = new_key()
        write_keystore(path, key, passphrase)
        return key.address
    return _address_of(path, passphrase)


def _address_of(path: Path, passphrase: str) -> str:
    from eth_account import Account

    try:
        secret = Account.decrypt(path.read_text(encoding="utf-8"), passphrase)
    except (ValueError, KeyError, TypeError) as error:
        raise DevnetError(
            f"the keystore {path} is there already and does not open with this chain's passphrase",
            "move it away, or name other accounts with --accounts",
            "foreign_keystore",
        ) from error
    return str(Account.from_key(secret).address)
