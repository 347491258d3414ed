"""Who signs: accounts in keystore files, opened with a passphrase only their owner can read."""

import stat
from pathlib import Path
from typing import Any, Protocol, cast

from eth_account import Account
from eth_account.signers.local import LocalAccount

from ledger.errors import AccountLocked, NotFound


class Signer(Protocol):
    """Whoever signs for an account; the key stays behind it."""

    address: str

    def sign(self, tx: dict[str, Any]) -> bytes:
        """The raw signed transaction."""
        ...

    def sign_message(self, message: Any) -> bytes:
        """A signature over an EIP-191 or EIP-712 message, 65 bytes."""
        ...


class KeystoreSigner:
    """An account in a keystore file, opened with a passphrase that only its owner can read."""

    def __init__(self, path: Path, password_file: Path) -> None:
        self._account = _unlock(path, passphrase(password_file))
        self.address: str = self._account.address

    def sign(self, tx: dict[str, Any]) -> bytes:
        """The raw signed transaction."""
        return bytes(self._account.sign_transaction(tx).raw_transaction)

    def sign_message(self, message: Any) -> bytes:
        """A signature over an EIP-191 or EIP-712 message, 65 bytes."""
        return bytes(self._account.sign_message(message).signature)


def passphrase(path: Path) -> str:
    """What a password file holds, without the line end; refused where others could read it."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise AccountLocked(f"{path} can be read by others", f"chmod 600 {path}")
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except FileNotFoundError as error:
        raise NotFound(
            f"no password file at {path}", "name an existing one with --password-file"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _unlock(path: Path, words: str) -> LocalAccount:
    try:
        keystore = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(
            f"no keystore at {path}", "list the accounts with `waterline account list`"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    try:
        key = Account.decrypt(keystore, words)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AccountLocked(f"{path.name} stays locked: {error}", "check the passphrase") from error
    return cast(LocalAccount, Account.from_key(key))


def _unreadable(path: Path, error: Exception) -> AccountLocked:
    return AccountLocked(f"{path} cannot be read: {error}", "check the file")
