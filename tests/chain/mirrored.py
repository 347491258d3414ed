"""py-evm beside revm: every transaction runs on both, and both must log, store and cost the same.

revm runs each transaction on a state of its own making: what it stored itself in those before.
"""

from collections.abc import Mapping
from typing import Any

import pyrevm
from eth.vm.forks import LondonVM
from eth.vm.forks.london.state import LondonState
from eth_tester import EthereumTester
from eth_typing import Address
from eth_utils import to_checksum_address

from tests.chain.london import FUNDS_WEI, GAS, London, backend

WRITTEN: set[tuple[bytes, int]] = set()  # contract, slot: since it was last emptied


class _Watched(LondonState):
    def set_storage(self, address: Address, slot: int, value: int) -> None:
        WRITTEN.add((address, slot))
        super().set_storage(address, slot, value)


class _Watching(LondonVM):
    _state_class = _Watched


class Mirrored(London):
    """A London chain, each transaction of which revm runs too."""

    def __init__(self) -> None:
        self.words: dict[tuple[bytes, int], int] = {}
        self.codes: dict[str, bytes] = {}
        self.nonces: dict[str, int] = {}
        self.transactions, self.last = 0, None
        super().__init__(EthereumTester(backend(_Watching)))

    def sent(self, transaction: Mapping[str, Any], sender: str) -> Any:
        """The receipt on py-evm, after revm gave the same."""
        WRITTEN.clear()
        receipt = self.last = super().sent(transaction, sender)
        if "data" in transaction:
            self.runs_the_same(transaction, sender, receipt)
        return receipt

    def runs_the_same(self, transaction: Mapping[str, Any], sender: str, receipt: Any) -> None:
        """Equal gas, events and words."""
        machine = self.machine(receipt["blockNumber"])
        data, nonce = self.bytes_of(transaction["data"]), self.w3.eth.get_transaction_count(sender)
        machine.insert_account_info(sender, pyrevm.AccountInfo(FUNDS_WEI, nonce - 1))
        if "to" in transaction:
            machine.message_call(sender, transaction["to"], calldata=data, gas=GAS)
        else:
            made = to_checksum_address(machine.deploy(sender, data, gas=GAS))
            assert made == receipt["contractAddress"]
            self.codes[made] = self.bytes_of(self.w3.eth.get_code(made).hex())
            assert machine.get_code(made).rstrip(b"\0") == self.codes[made].rstrip(b"\0")
        ran = machine.result
        assert ran.gas_used == receipt["gasUsed"]
        assert [_told(log) for log in ran.logs] == [
            (log["address"], [bytes(topic) for topic in log["topics"]], bytes(log["data"]))
            for log in receipt["logs"]
        ]
        self.words_agree(machine)
        self.transactions += 1

    def machine(self, block_number: int) -> Any:
        """revm at a block, with what it stored before."""
        block = self.w3.eth.get_block(block_number)
        env = pyrevm.Env(
            cfg=pyrevm.CfgEnv(chain_id=self.w3.eth.chain_id),
            block=pyrevm.BlockEnv(
                number=block_number,
                coinbase=block["miner"],
                timestamp=block["timestamp"],
                basefee=0,
                gas_limit=block["gasLimit"],
            ),
        )
        machine = pyrevm.EVM(env=env, gas_limit=GAS, spec_id="London")
        for address, code in self.codes.items():
            machine.insert_account_info(address, pyrevm.AccountInfo(0, 1, code=code))
        for (contract, slot), value in self.words.items():
            machine.insert_account_storage(to_checksum_address(contract), slot, value)
        return machine

    def words_agree(self, machine: Any) -> None:
        """Every word that the transaction wrote; revm's is kept."""
        state = self.tester.backend.chain.get_vm().state
        for contract, slot in WRITTEN:
            word = machine.storage(to_checksum_address(contract), slot)
            assert word == state.get_storage(contract, slot)
            self.words[contract, slot] = word

    @staticmethod
    def bytes_of(data: Any) -> bytes:
        return data if isinstance(data, bytes) else bytes.fromhex(data.removeprefix("0x"))


def _told(log: Any) -> tuple[str, list[bytes], bytes]:
    topics, data = log.data
    return to_checksum_address(log.address), topics, data
