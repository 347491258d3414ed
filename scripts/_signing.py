"""Who signs: accounts of ape's account manager, opened with a passphrase nobody else can read."""

import os
import sys
from pathlib import Path
from typing import Any

import click
from eth_utils import to_checksum_address

from ledger.errors import AccountLocked, NotFound, UsageError
from ledger.keystores import passphrase
from scripts._shared import home, quiet_ape

_unlocked: dict[Path, "ApeSigner"] = {}


class ApeSigner:
    """An unlocked account of ape; the key stays inside it."""

    def __init__(self, account: Any, ecosystem: Any) -> None:
        self._account, self._ecosystem = account, ecosystem
        self.alias: str = account.alias
        self.address: str = to_checksum_address(account.address)

    def sign(self, tx: dict[str, Any]) -> bytes:
        """The raw signed transaction."""
        fields = {key: item for key, item in tx.items() if item not in ("", b"")}
        signed = self._account.sign_transaction(self._ecosystem.create_transaction(**fields))
        return bytes(signed.serialize_transaction())

    def sign_message(self, message: Any) -> bytes:
        """A signature over an EIP-712 message, 65 bytes."""
        return bytes(self._account.sign_message(message).encode_rsv())


def aliases() -> dict[str, str]:
    """The accounts in ape's folder, by alias, without opening any."""
    import json

    found: dict[str, str] = {}
    for path in sorted((home() / "ape" / "accounts").glob("*.json")):
        try:
            raw = str(json.loads(path.read_text(encoding="utf-8"))["address"])
        except (ValueError, KeyError):
            continue
        found[path.stem] = to_checksum_address(raw if raw.startswith("0x") else "0x" + raw)
    return found


def address_of_account(text: str) -> str:
    """The address of an alias, or an address as given."""
    if text.startswith("0x") and len(text) == 42:
        return to_checksum_address(text)
    known = aliases()
    if text not in known:
        raise NotFound(
            f"no account {text!r} in {home() / 'ape' / 'accounts'}",
            f"known: {', '.join(known) or 'none'}; `ape accounts generate ALIAS` makes one",
        )
    return known[text]


def name_of_account(address: str) -> str:
    """The alias of an address, if it is one of ours."""
    for alias, known in aliases().items():
        if known.lower() == address.lower():
            return alias
    return address


def open_account(alias: str | None, password_file: Path | None) -> ApeSigner:
    """Unlock an account, asking for its passphrase when no file holds it."""
    if not alias:
        raise UsageError("no account is named", "say who signs: --account ALIAS")
    path = home() / "ape" / "accounts" / f"{alias}.json"
    if path in _unlocked:
        return _unlocked[path]
    address_of_account(alias)
    words = passphrase_of(alias, password_file)
    ape = quiet_ape()
    try:
        account = ape.accounts.load(alias)
        account.set_autosign(True, passphrase=words)
    except Exception as error:
        raise AccountLocked(f"{alias} stays locked: {error}", "check the passphrase") from error
    _unlocked[path] = ApeSigner(account, ape.networks.ethereum)
    return _unlocked[path]


def passphrase_of(alias: str | None, path: Path | None) -> str:
    """The passphrase from a file, or typed by whoever sits there."""
    if not alias:
        raise UsageError("no account is named", "say whose passphrase it is: --account ALIAS")
    path = path or _configured()
    if path is None:
        if not sys.stdin.isatty():
            raise AccountLocked(
                f"{alias} is locked and nobody can be asked", "name a --password-file (0600)"
            )
        return str(click.prompt(f"Passphrase of {alias}", hide_input=True, err=True))
    return passphrase(path)


def _configured() -> Path | None:
    """The password file of WATERLINE_PASSWORD_FILE: a path, never the passphrase."""
    named = os.environ.get("WATERLINE_PASSWORD_FILE")
    return Path(named) if named else None
