"""py-evm beside revm: every transaction runs on both, and both must log and store the same.

What it costs is not compared here: pyrevm 0.3.7 keeps every word warm from one transaction to the
next. geth compares it, which runs the same blocks afterwards (sealed.py).
"""

from collections.abc import Mapping
from typing import Any

import pyrevm
from eth_tester import EthereumTester
from eth_typing import Address
from eth_utils import to_checksum_address

from tests.chain.london import GAS, London, backend
from tests.chain.sealed import Sealed, SealedVM

WRITTEN: set[tuple[bytes, int]] = set()  # contract, slot: since it was last emptied


class _Watched(Sealed):
    def set_storage(self, address: Address, slot: int, value: int) -> None:
        WRITTEN.add((address, slot))
        super().set_storage(address, slot, value)


class _Watching(SealedVM):
    _state_class = _Watched


class Mirrored(London):
    """A London chain, each transaction of which revm runs too, on a state of its own."""

    def __init__(self) -> None:
        self.transactions, self.last = 0, None
        super().__init__(EthereumTester(backend(_Watching)))
        configured = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=self.w3.eth.chain_id))
        self.machine = pyrevm.EVM(env=configured, gas_limit=GAS, spec_id="London")

    def sent(self, transaction: Mapping[str, Any], sender: str) -> Any:
        """The receipt on py-evm, after revm did the same."""
        WRITTEN.clear()
        receipt = self.last = super().sent(transaction, sender)
        if "data" in transaction:
            self.runs_the_same(transaction, sender, receipt)
        return receipt

    def runs_the_same(self, transaction: Mapping[str, Any], sender: str, receipt: Any) -> None:
        """Equal events and words."""
        block = self.w3.eth.get_block(receipt["blockNumber"])
        about = {"number": block["number"], "timestamp": block["timestamp"]}
        self.machine.set_block_env(pyrevm.BlockEnv(**about, basefee=0, gas_limit=block["gasLimit"]))
        data = self.bytes_of(transaction["data"])
        if "to" in transaction:
            self.machine.message_call(sender, transaction["to"], calldata=data, gas=GAS)
        else:
            made = self.machine.deploy(sender, data, gas=GAS)
            assert to_checksum_address(made) == receipt["contractAddress"]
        assert [_told(log) for log in self.machine.result.logs] == [
            (log["address"], [bytes(topic) for topic in log["topics"]], bytes(log["data"]))
            for log in receipt["logs"]
        ]
        state = self.tester.backend.chain.get_vm().state
        for contract, slot in WRITTEN:
            word = self.machine.storage(to_checksum_address(contract), slot)
            assert word == state.get_storage(contract, slot)
        self.transactions += 1

    @staticmethod
    def bytes_of(data: Any) -> bytes:
        return data if isinstance(data, bytes) else bytes.fromhex(data.removeprefix("0x"))


def _told(log: Any) -> tuple[str, list[bytes], bytes]:
    topics, data = log.data
    return to_checksum_address(log.address), topics, data
