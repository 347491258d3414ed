"""Witnesses of a lane: who must sign its batches beside the relay, what they sign, who dissented.

A signature is EIP-712 over Batch(lane, batch_id, root, words_hash), its domain the chain and the
contract that takes the batch. docs/wire-format.md has the layout of the evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data

from ledger.deployment import Ledger
from ledger.errors import BadRecord
from ledger.structs import read, read_all

TYPES = {
    "Batch": [
        {"name": "lane", "type": "uint256"},
        {"name": "batch_id", "type": "uint256"},
        {"name": "root", "type": "bytes32"},
        {"name": "words_hash", "type": "bytes32"},
    ]
}
SIGNATURE_BYTES = 65
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # of secp256k1
PAGE = 64


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The accounts that witness a lane, in small letters, and how many of them must sign."""

    needed: int
    accounts: frozenset[str]


NOBODY = Witnesses(0, frozenset())


def message(
    chain_id: int, book: str, lane: int, batch_id: int, root: bytes, words_hash: bytes
) -> SignableMessage:
    """What a witness signs, and a relay that asks it; `book` is the address of the contract."""
    return encode_typed_data(
        domain_data={
            "name": "Waterline",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": book,
        },
        message_types=TYPES,
        message_data={
            "lane": lane,
            "batch_id": batch_id,
            "root": root,
            "words_hash": words_hash,
        },
    )


def message_for(
    ledger: Ledger, contract: str, lane: int, batch_id: int, root: bytes, words_hash: bytes
) -> SignableMessage:
    """The same for a contract of this chain by its name."""
    book = ledger.deployed(contract).address
    return message(ledger.deployment.chain_id, book, lane, batch_id, root, words_hash)


def signer_of(signed: SignableMessage, signature: bytes) -> str:
    """The account whose signature it is, in small letters; BadRecord where no key made it.

    What the contract would not take is none either, nor the second form that anybody can make of
    a signature (EIP-2: s in the lower half; v 27 or 28).
    """
    low = int.from_bytes(signature[32:64], "big") <= HALF_ORDER
    if len(signature) != SIGNATURE_BYTES or signature[64] not in (27, 28) or not low:
        why = f"0x{signature.hex()[:24]}... is not written as signatures are"
        raise BadRecord(why, "65 bytes: r, s in the lower half, v 27 or 28")
    try:
        return str(Account.recover_message(signed, signature=signature)).lower()
    except Exception as error:  # eth_keys has several, and none in common
        why = f"0x{signature.hex()[:24]}... is no signature"
        raise BadRecord(why, "65 bytes of secp256k1: r, s, v") from error


def evidence(signatures: Mapping[str, bytes]) -> bytes:
    """The bytes that `record_*` takes: signatures in the order of their accounts."""
    ordered = sorted(signatures, key=lambda account: int(account, 16))
    return b"".join(signatures[account] for account in ordered)


def witnesses(ledger: Ledger, contract: str, lane: int) -> Witnesses:
    """Who witnesses a lane; nobody on a chain whose deployment has no Witnesses."""
    if "Witnesses" not in ledger.deployment.contracts:
        return NOBODY
    book = ledger.deployed(contract).address
    asked = [("Witnesses", name, (book, lane)) for name in ("threshold", "witnesses")]
    needed, accounts = read_all(ledger, asked)
    return Witnesses(int(needed), frozenset(account.lower() for account in accounts))


def dissents(ledger: Ledger) -> list[dict[str, Any]]:
    """Every dissent, numbered from 1, with the name of the contract that it is about."""
    names = {one.address.lower(): name for name, one in ledger.deployment.contracts.items()}
    count = int(read(ledger, "Witnesses", "dissent_count"))
    found = []
    for first in range(1, count + 1, PAGE):
        for place, raw in enumerate(read(ledger, "Witnesses", "page", first, PAGE)):
            contract = names.get(raw["book"].lower(), raw["book"])
            found.append({"id": first + place, "contract": contract, **raw})
    return found
