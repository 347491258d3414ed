"""What several endpoints must tell alike before a batch counts as final.

A single node may lie, lag behind or sit on a fork of its own. So what one told of a final block is
asked of every endpoint: the block's hash at its height, the lane's next batch and running hash in
it, and how many nonces of the relay's account are spent there.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import HexStr
from eth_utils import to_checksum_address
from web3.exceptions import Web3Exception
from web3.types import TxReceipt

from ledger.deployment import Ledger
from ledger.endpoints import Endpoint
from ledger.errors import ChainUnreachable, UsageError
from ledger.settlement import receipt_of
from oracle.lanes import Lane, Standing, standing

# what reading a node's answers raises when they are of no use
UNUSABLE = (ChainUnreachable, Web3Exception)


@dataclass(frozen=True, slots=True)
class Seen:
    """A block as it stands, and what a lane's relay needs to know of it."""

    block: int
    hash: str
    standing: Standing
    spent: int  # nonces of the relay's account


def look(ledger: Ledger, lane: Lane, number: int, block_hash: str) -> Seen:
    """What a node says of a lane in a block."""
    there = standing(ledger, lane, block_hash, number)
    spent = ledger.chain.w3.eth.get_transaction_count(
        to_checksum_address(lane.owner), HexStr(block_hash)
    )
    return Seen(number, block_hash, there, int(spent))


def majority(endpoints: int) -> int:
    """More than half of so many."""
    return endpoints // 2 + 1


class Quorum:
    """The endpoints, each asked alone; `needed` of them must agree."""

    def __init__(
        self, ledgers: Sequence[Ledger], needed: int | None, tell: Callable[..., None]
    ) -> None:
        self.needed = majority(len(ledgers)) if needed is None else needed
        if not 1 <= self.needed <= max(len(ledgers), 1):
            raise UsageError(
                f"quorum {self.needed} of {len(ledgers)} endpoints",
                "give a number from 1 to the number of endpoints",
            )
        self._ledgers, self._tell = ledgers, tell
        self._contradicting: set[str] = set()
        self.reached = True

    def confirms(self, lane: Lane, told: Seen, *, final: bool = True) -> bool:
        """Whether enough endpoints say the same of a block as was told.

        Of a block that is not final yet they may differ, and none is to blame.
        """
        if len(self._ledgers) < 2:
            return True
        voices = {one.chain.url: _heard(one, lane, told.block) for one in self._ledgers}
        agreed = self._agreed(voices)
        if final:
            self._judge(voices, agreed, told.block)
        return agreed == told

    def receipt(self, transaction: str) -> TxReceipt | None:
        """A receipt that enough endpoints give alike, or None."""
        found: dict[Any, TxReceipt] = {}
        votes: Counter[Any] = Counter()
        for one in self._ledgers:
            try:
                receipt = receipt_of(one.chain, transaction)
            except UNUSABLE:
                continue
            if receipt is not None:
                known = _content(receipt)
                found[known] = receipt
                votes[known] += 1
        for known, count in votes.most_common(1):
            if count >= self.needed:
                return found[known]
        return None

    def _agreed(self, voices: dict[str, Seen | None]) -> Seen | None:
        votes = Counter(one for one in voices.values() if one is not None)
        for seen, count in votes.most_common(1):
            if count >= self.needed:
                return seen
        return None

    def _judge(self, voices: dict[str, Seen | None], agreed: Seen | None, block: int) -> None:
        """Tell who contradicts the others, and whether enough of them agree, once each."""
        if (agreed is not None) != self.reached:
            self.reached = agreed is not None
            answered = sum(one is not None for one in voices.values())
            told = "endpoints agree again" if self.reached else "too few endpoints agree"
            self._tell(told, needed=self.needed, answered=answered, block=block)
        if agreed is None:
            return
        for name, seen in voices.items():
            if seen is not None and seen != agreed and name not in self._contradicting:
                self._contradicting.add(name)
                self._tell("endpoint disagrees", endpoint=name, block=block)
            if seen is not None and seen != agreed:
                self._set_aside(name)
            if seen == agreed and name in self._contradicting:
                self._contradicting.remove(name)
                self._tell("endpoint agrees again", endpoint=name, block=block)

    def _set_aside(self, name: str) -> None:
        for one in self._ledgers:
            provider = one.chain.w3.provider
            if one.chain.url == name and isinstance(provider, Endpoint):
                provider.set_aside("it contradicts the others")


def _heard(ledger: Ledger, lane: Lane, number: int) -> Seen | None:
    """What one endpoint says of the block of a number; None where it has none, or says nothing."""
    try:
        block = ledger.chain.at(number)
        return None if block is None else look(ledger, lane, number, block.hash)
    except UNUSABLE:
        return None


def _content(receipt: TxReceipt) -> Any:
    """What two nodes must tell alike of a transaction."""
    logs = tuple(
        (str(one["address"]), tuple(map(bytes, one["topics"])), bytes(one["data"]))
        for one in receipt["logs"]
    )
    return receipt["blockHash"].to_0x_hex(), int(receipt["status"]), logs
