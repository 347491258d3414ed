"""Events proved by the headers of their blocks, and headers by one another up to the last hash.

A node that leaves an event out, changes one or adds one cannot do so under the same hash of the
last block: a header's hash covers the root over its block's receipts and the hash of the block
before (Ethereum yellow paper, 4.3; EIP-2718 and EIP-1559 for receipts and fields since London). A
block whose bloom excludes an address holds no event of it, so its receipts need not be read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import rlp
from trie import HexaryTrie

from ledger.audit.findings import Finding
from ledger.chain import Chain
from ledger.hashing import keccak

NUMBERS = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas")
FIELDS = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot"),
    *("logsBloom", "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData"),
    *("mixHash", "nonce", "baseFeePerGas"),
)
BLOOM_BITS = 2_048


class Prover:
    """Reads events out of receipts, block after block; `faults` is what did not prove."""

    def __init__(self, chain: Chain, addresses: Iterable[str], topics: Iterable[str]) -> None:
        self._chain = chain
        self._addresses = [bytes.fromhex(one[2:]) for one in addresses]
        self._topics = frozenset(topics)
        self._last: Mapping[str, Any] | None = None
        self.faults: list[Finding] = []

    def follow(self, header: Mapping[str, Any]) -> None:
        """The block that the next ones must follow."""
        self._last = header

    def logs(self, first: int, last: int) -> list[dict[str, Any]]:
        """The events of our contracts in some blocks, as a node answers eth_getLogs."""
        numbers = range(first, last + 1)
        asked = ((hex(number), False) for number in numbers)
        found: list[dict[str, Any]] = []
        headers = [*self._chain.rpc_many("eth_getBlockByNumber", asked)]
        for number, header in zip(numbers, headers, strict=True):
            self._linked(number, header)
        bearing = [one for one in headers if one and self._may_hold(one)]
        told = self._chain.rpc_many("eth_getBlockReceipts", ([one["number"]] for one in bearing))
        for header, receipts in zip(bearing, told, strict=True):
            found += self._proved(header, receipts or [])
        return found

    def _linked(self, number: int, header: Mapping[str, Any] | None) -> None:
        """A header must have the hash that it is told under, and follow the one before."""
        before, self._last = self._last, header
        if header is None:
            self._fault(number, "no header", "one for each block")
            return
        own = "0x" + keccak(encoded_header(header)).hex()
        if header["hash"] != own or int(header["number"], 16) != number:
            self._fault(number, f"{header['number']} {header['hash']}", f"{number} {own}")
        if before is not None and header["parentHash"] != before["hash"]:
            self._fault(number, f"follows {header['parentHash']}", f"before it is {before['hash']}")

    def _may_hold(self, header: Mapping[str, Any]) -> bool:
        bloom = int(header["logsBloom"], 16)
        return any(bloom & bits == bits for bits in map(bloom_of, self._addresses))

    def _proved(self, header: Mapping[str, Any], receipts: Sequence[Any]) -> list[dict[str, Any]]:
        """The events of our contracts in a block's receipts, which must have the header's root."""
        number = int(header["number"], 16)
        root = "0x" + root_of([encoded_receipt(one) for one in receipts]).hex()
        if root != header["receiptsRoot"]:
            self._fault(number, f"receipts of root {root}", f"header: {header['receiptsRoot']}")
        about = {"blockNumber": header["number"], "blockHash": header["hash"]}
        every = [(one["transactionHash"], log) for one in receipts for log in one["logs"]]
        return [
            {**log, **about, "transactionHash": name, "logIndex": hex(index)}
            for index, (name, log) in enumerate(every)
            if bytes.fromhex(log["address"][2:]) in self._addresses
            and log["topics"]
            and log["topics"][0] in self._topics
        ]

    def _fault(self, block: int, claimed: str, derived: str) -> None:
        self.faults.append(Finding("header", "", claimed, derived, block))


def encoded_header(header: Mapping[str, Any]) -> bytes:
    """A header as its hash covers it."""
    named = [name for name in FIELDS if header.get(name) is not None]
    return bytes(
        rlp.encode([_number(header[n]) if n in NUMBERS else _data(header[n]) for n in named])
    )


def encoded_receipt(receipt: Mapping[str, Any]) -> bytes:
    """A receipt as the root over its block's receipts covers it."""
    logs = [
        [_data(log["address"]), [_data(topic) for topic in log["topics"]], _data(log["data"])]
        for log in receipt["logs"]
    ]
    spent, bloom = _number(receipt["cumulativeGasUsed"]), _data(receipt["logsBloom"])
    body = bytes(rlp.encode([_number(receipt["status"]), spent, bloom, logs]))
    kind = _number(receipt.get("type") or "0x0")
    return bytes([kind]) + body if kind else body


def root_of(receipts: Sequence[bytes]) -> bytes:
    """The root of the trie over receipts by their places."""
    trie = HexaryTrie({})
    for place, one in enumerate(receipts):
        trie[rlp.encode(place)] = one
    return bytes(trie.root_hash)


def bloom_of(data: bytes) -> int:
    """The bits that an address or topic sets in a block's bloom."""
    hashed, bits = keccak(data), 0
    for place in (0, 2, 4):
        bits |= 1 << int.from_bytes(hashed[place : place + 2], "big") % BLOOM_BITS
    return bits


def _number(text: str) -> int:
    return int(text, 16)


def _data(text: str) -> bytes:
    return bytes.fromhex(text[2:])
