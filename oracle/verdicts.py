"""An operator's verdict on what is held: a layer of its own over the fact, under a key.

The row stays as it came; who released or rejected it, when and why, is signed (EIP-712) over the
channel, the moment and the hash of the row, for one chain.
"""

from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data

from ledger.hashing import keccak
from ledger.keystores import Signer
from oracle.journal import Journal
from oracle.store import Store

RELEASED, REJECTED = "released", "rejected"
TYPES = {
    "QuarantineVerdict": [
        {"name": "channel", "type": "uint256"},
        {"name": "at", "type": "uint256"},
        {"name": "telegram", "type": "bytes32"},
        {"name": "verdict", "type": "string"},
        {"name": "note", "type": "string"},
        {"name": "decidedAt", "type": "uint256"},
    ]
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decided of a held entry, and the signature that says so."""

    state: str
    note: str
    at: int
    account: str = ""
    signature: bytes = b""


def signed(
    journal: Journal, entry: dict[str, Any], state: str, note: str, at: int, signer: Signer | None
) -> Verdict:
    """The verdict on an entry of this journal, signed for the chain that it is bound to."""
    if signer is None:
        return Verdict(state, note, at)
    about = statement(journal, entry, state, note, at)
    return Verdict(state, note, at, signer.address, signer.sign_message(about))


def statement(
    journal: Journal, entry: dict[str, Any], state: str, note: str, at: int
) -> SignableMessage:
    """What is signed: 0 stands for a channel or moment that the entry does not have."""
    telegram = b""
    if entry["segment"] is not None:
        telegram = journal.telegram(entry["segment"], entry["row"])
    return encode_typed_data(
        domain_data={
            **{"name": "Waterline", "version": "1"},
            "chainId": int(journal.identity()["chain_id"]),
        },
        message_types=TYPES,
        message_data={
            "channel": entry["channel"] or 0,
            "at": entry["at"] or 0,
            "telegram": keccak(telegram),
            "verdict": state,
            "note": note,
            "decidedAt": at,
        },
    )


def enter(store: Store, number: int, one: Verdict) -> None:
    """Write a verdict down beside its entry; the caller commits."""
    store.db.execute(
        "UPDATE held SET state = ?, decided_at = ?, note = ? WHERE id = ?",
        (one.state, one.at, one.note, number),
    )
    if one.signature:
        about = (number, one.account, one.signature)
        store.db.execute("INSERT INTO verdict VALUES (?, ?, ?)", about)


def of(journal: Journal, entry: dict[str, Any]) -> dict[str, Any]:
    """Who decided on an entry, and whether the signature is theirs; nothing where nobody has."""
    row = journal.db.execute(
        "SELECT account, signature FROM verdict WHERE held = ?", (entry["id"],)
    ).fetchone()
    if row is None:
        return {}
    about = statement(journal, entry, entry["state"], entry["note"], entry["decided_at"])
    signer = Account.recover_message(about, signature=bytes(row["signature"]))
    return {
        "decided_by": row["account"],
        "signature": "0x" + bytes(row["signature"]).hex(),
        "signature_holds": str(signer) == row["account"],
    }
