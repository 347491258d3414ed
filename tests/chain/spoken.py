"""JSON-RPC over the London machine, as a node speaks it, kept so that an answer can be changed."""

import copy
import json
from typing import Any

from eth_bloom import BloomFilter
from eth_utils import to_checksum_address
from web3 import Web3
from web3.providers import JSONBaseProvider

from ledger.chain import Chain
from ledger.deployment import Ledger
from tests.chain.london import FIRST, GAS


def spoken(value: Any) -> Any:
    """A value of web3 as JSON-RPC spells it."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, dict) or hasattr(value, "items"):
        return {name: spoken(one) for name, one in value.items()}
    return [spoken(one) for one in value]


class Kept(JSONBaseProvider):
    """A node that answers what it answered before, but for what `changed` says otherwise."""

    def __init__(self, w3: Web3, tester: Any) -> None:
        super().__init__()
        self.live, self.tester = w3, tester
        self.kept: dict[str, Any] = {}
        self.changed: dict[str, Any] = {}
        self.asked = 0

    def make_request(self, method: Any, params: Any) -> Any:
        self.asked += 1
        key = json.dumps([method, params])
        if key in self.changed:
            return {"jsonrpc": "2.0", "id": 1, "result": self.changed[key]}
        if key not in self.kept:
            self.kept[key] = spoken(getattr(self, f"_{method}")(*params))
        return {"jsonrpc": "2.0", "id": 1, "result": self.kept[key]}

    def make_batch_request(self, requests: Any) -> Any:
        return [self.make_request(method, params) for method, params in requests]

    def _eth_blockNumber(self) -> Any:
        return self.live.eth.block_number

    def _eth_getLogs(self, query: Any) -> Any:
        addresses = [to_checksum_address(one) for one in query["address"]]
        first, last = (int(query[name], 16) for name in ("fromBlock", "toBlock"))
        found = self.live.eth.get_logs({"address": addresses, "fromBlock": first, "toBlock": last})
        (wanted,) = query["topics"]
        return [one for one in _once(found) if one["topics"][0].to_0x_hex() in wanted]

    def _eth_getBlockReceipts(self, number: str) -> Any:
        """As geth answers: with each receipt's bloom, which eth-tester leaves out."""
        block = self.live.eth.get_block(int(number, 16))
        receipts = [self.live.eth.get_transaction_receipt(one) for one in block["transactions"]]
        return [{**one, "logsBloom": _bloom(one["logs"])} for one in receipts]

    def _eth_getBlockByNumber(self, number: str, whole: bool) -> Any:
        block = dict(self.live.eth.get_block(int(number, 16)))
        bloom = int.from_bytes(bytes(block["logsBloom"]), "big")
        # eth-tester leaves zeros out of the one and puts them into the other
        own = self.tester.backend.header(int(number, 16))
        return block | {"logsBloom": f"0x{bloom:0512x}", "extraData": own.extra_data}

    def _eth_getTransactionByHash(self, name: str) -> Any:
        return self.live.eth.get_transaction(name)  # type: ignore[arg-type]

    def _eth_call(self, call: Any, block: str) -> Any:
        asked = {"from": FIRST.address, "to": to_checksum_address(call["to"]), "gas": GAS}
        number = block if block == "latest" else int(block, 16)
        return self.tester.call(asked | {"data": call["data"]}, number)


def _once(logs: Any) -> list[Any]:
    """Each log once, numbered within its block: eth-tester repeats them for each address."""
    own = {(one["blockNumber"], one["transactionIndex"], one["logIndex"]): one for one in logs}
    found = [own[place] for place in sorted(own)]
    blocks = [one["blockNumber"] for one in found]
    return [
        {**one, "logIndex": place - blocks.index(one["blockNumber"])}
        for place, one in enumerate(found)
    ]


def _bloom(logs: Any) -> str:
    bloom = BloomFilter()
    for log in logs:
        for one in (bytes.fromhex(log["address"][2:]), *map(bytes, log["topics"])):
            bloom.add(one)
    return f"0x{int(bloom):0512x}"


def ledger_over(ledger: Ledger, tester: Any) -> tuple[Ledger, Kept]:
    """The same contracts through such a node."""
    node = Kept(ledger.chain.w3, tester)
    chain = Chain(Web3(node), "spoken", ledger.chain.chain_id, ledger.chain.genesis_hash)
    return Ledger(chain, ledger.deployment), node


def flipped(text: str, bit: int) -> str:
    """0x text with one bit turned over, counted from the highest."""
    digits = len(text) - 2
    number = int(text, 16) ^ 1 << (digits * 4 - 1 - bit)
    return f"0x{number:0{digits}x}"


def changed(answer: Any) -> Any:
    """A copy of an answer, to be changed."""
    return copy.deepcopy(answer)
