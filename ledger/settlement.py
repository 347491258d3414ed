"""Inclusion, and settlement by block hash: a receipt alone is not settlement."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from web3.exceptions import TransactionNotFound
from web3.types import TxReceipt

from ledger.chain import Chain
from ledger.errors import NotIncluded, NotSettled, refused
from ledger.refusals import reason_in_chain

POLL_S = 0.1

Progress = Callable[[str], None]


class Hashed(Protocol):
    """Anything sent that knows its transaction hash."""

    @property
    def hash(self) -> str: ...


@dataclass(frozen=True, slots=True)
class SettlementPolicy:
    """How deep a block must lie before its content counts as final."""

    confirmations: int

    @classmethod
    def for_signers(cls, signers: int) -> "SettlementPolicy":
        """For a Clique chain: max(6, 2N), since reorganisations of a block or two are routine."""
        return cls(max(6, 2 * signers))


def receipt_of(chain: Chain, transaction: str) -> TxReceipt | None:
    """The receipt, or None while no canonical block holds the transaction."""
    try:
        return chain.w3.eth.get_transaction_receipt(cast(Any, transaction))
    except TransactionNotFound:
        return None


def wait_included(
    chain: Chain, sent: Hashed | str, timeout_s: float = 120, *, progress: Progress | None = None
) -> TxReceipt:
    """Wait until a block holds the transaction; Reverted with its reason when it failed there."""
    transaction = sent if isinstance(sent, str) else sent.hash
    until = time.monotonic() + timeout_s
    while (receipt := receipt_of(chain, transaction)) is None:
        if time.monotonic() > until:
            raise NotIncluded(
                f"no block has taken up {transaction} in {timeout_s:.0f} s",
                "look at `waterline devnet status`; the same transaction may still be included",
            )
        if progress:
            progress(f"waiting for a block to take up {transaction[:10]}")
        time.sleep(POLL_S)
    if receipt["status"] != 1:
        raise refused(reason_in_chain(chain, transaction), transaction)
    return receipt


def wait_all_included(
    chain: Chain,
    sent: Sequence[Hashed],
    timeout_s: float = 300,
    *,
    progress: Progress | None = None,
) -> list[TxReceipt]:
    """Wait for all of them; the first refusal is raised."""
    until = time.monotonic() + timeout_s
    receipts = []
    for one in sent:
        receipts.append(wait_included(chain, one, max(until - time.monotonic(), 0.0)))
        if progress:
            progress(f"included {len(receipts)} of {len(sent)}")
    return receipts


def settled(chain: Chain, receipt: TxReceipt, policy: SettlementPolicy) -> bool:
    """Whether the very block of the receipt is still canonical, and deep enough."""
    number = int(receipt["blockNumber"])
    if chain.head().number - number < policy.confirmations:
        return False
    block = chain.at(number)
    return block is not None and block.hash == receipt["blockHash"].to_0x_hex()


def wait_settled(
    chain: Chain,
    receipt: TxReceipt,
    policy: SettlementPolicy,
    timeout_s: float = 300,
    *,
    progress: Progress | None = None,
) -> TxReceipt:
    """Wait for settlement, wherever a reorganisation puts the transaction; the final receipt."""
    transaction = receipt["transactionHash"].to_0x_hex()
    until = time.monotonic() + timeout_s
    found: TxReceipt | None = receipt
    while found is None or not settled(chain, found, policy):
        if time.monotonic() > until:
            raise NotSettled(
                f"{transaction} is not settled after {timeout_s:.0f} s",
                "look at `waterline devnet status`; a receipt alone is not settlement",
            )
        if progress:
            progress(f"waiting for {policy.confirmations} blocks upon {transaction[:10]}")
        time.sleep(POLL_S)
        found = receipt_of(chain, transaction)
    return found
