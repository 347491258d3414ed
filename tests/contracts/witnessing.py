"""A lane with witnesses: organisations with keys of their own, and what they sign of a batch."""

from collections.abc import Sequence
from typing import Any

import boa
from eth_account import Account
from eth_utils import keccak

from ledger.credit import check_character
from ledger.witnesses import evidence, message
from tests.contracts.suite import Suite, request_signature, word

KEYS = [Account.from_key(bytes([0x51 + n]) * 32) for n in range(5)]


def code(number: int) -> str:
    """A credit code that passes its check."""
    start = f"91440300{number:09d}"
    return start + check_character(start)


def organisation(suite: Suite, key: Any, number: int, chain_id: int | None = None) -> None:
    """A verified organisation whose account the key is."""
    name = f"Witness {number}"
    signature = request_signature(suite.authority, name, code(number), key, chain_id)
    suite.by_both("register", name, code(number), key.address, signature)
    suite.by_both("verify", suite.authority.org_count())


def witness(
    suite: Suite, book: str, lane: int, keys: Sequence[Any], needed: int, **made: Any
) -> None:
    """Let organisations of these keys witness a lane."""
    for key in keys:
        if suite.authority.org_of(key.address) == 0:
            organisation(suite, key, suite.next_number("witness"), **made)
    accounts = [key.address for key in keys]
    suite.witnesses.set_witnesses(word(book), lane, accounts, needed, sender=suite.supervisor)


def signatures(
    book: Any, lane: int, batch_id: int, root: bytes, words: bytes, keys: Sequence[Any]
) -> dict[str, bytes]:
    """What keys sign of a batch, by their accounts."""
    chain_id = boa.env.evm.patch.chain_id
    signed = message(chain_id, book.address, lane, batch_id, root, keccak(words))
    return {key.address: bytes(key.sign_message(signed).signature) for key in keys}


def signed_by(
    book: Any, lane: int, batch_id: int, root: bytes, words: bytes, keys: Sequence[Any]
) -> bytes:
    """The evidence that keys make together."""
    return evidence(signatures(book, lane, batch_id, root, words, keys))
