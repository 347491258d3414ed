"""py-evm behind eth-tester, for what counts gas, without what makes it slow on many blocks."""

from typing import Any

from eth.constants import GENESIS_PARENT_HASH
from eth_tester import PyEVMBackend
from eth_tester.backends.pyevm import main as pyevm
from eth_tester.backends.pyevm.serializers import (
    serialize_transaction,
    serialize_transaction_receipt,
)
from eth_tester.exceptions import TransactionNotFound


class QuickBackend(PyEVMBackend):
    """Answers as eth-tester's own, which runs a block again to go back to it.

    And looks for a transaction through every block from the last.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.places: dict[bytes, tuple[int, int]] = {}  # block and index of what was mined
        self.output = b""  # what the last transaction answered
        super().__init__(*arguments, **named)

    def mine_blocks(self, *arguments: Any, **named: Any) -> Any:
        mined = super().mine_blocks(*arguments, **named)
        for name in mined:
            block = self.chain.get_block_by_hash(name)
            for index, sent in enumerate(block.transactions):
                self.places[sent.hash] = block.number, index
        return mined

    def send_transaction(self, transaction: Any) -> bytes:
        signed = self._get_normalized_and_signed_evm_transaction(transaction)
        self.output = self.chain.apply_transaction(signed)[2].output
        return bytes(signed.hash)

    def revert_to_snapshot(self, snapshot: Any) -> None:
        block, chaindb = self.chain.get_block_by_hash(snapshot), self.chain.chaindb
        if block.number == 0:
            super().revert_to_snapshot(snapshot)
            return
        chaindb._set_as_canonical_chain_head(chaindb.db, block.header, GENESIS_PARENT_HASH)
        self.chain.header = self.chain.ensure_header()

    def get_transaction_by_hash(self, transaction_hash: bytes) -> Any:
        block, sent, index, pending = self._standing(transaction_hash)
        return serialize_transaction(block, sent, index, pending)

    def get_transaction_receipt(self, transaction_hash: bytes) -> Any:
        block, sent, index, pending = self._standing(transaction_hash)
        receipts = block.get_receipts(self.chain.chaindb)
        vm = self.chain.get_vm()
        return serialize_transaction_receipt(block, receipts, sent, index, pending, vm)

    def _standing(self, name: bytes) -> tuple[Any, Any, int, bool]:
        """The block of a transaction, itself, its index there, and whether it is still pending."""
        head = self.chain.get_block()
        for index, sent in enumerate(head.transactions):
            if sent.hash == name:
                return head, sent, index, True
        if name not in self.places:
            raise TransactionNotFound(f"No transaction found for transaction hash: 0x{name.hex()}")
        number, index = self.places[name]
        if number < head.number:
            block = self.chain.get_canonical_block_by_number(number)
            if index < len(block.transactions) and block.transactions[index].hash == name:
                return block, block.transactions[index], index, False
        # it was mined on a branch that was left: eth-tester's long way says whether it still stands
        return *pyevm._get_transaction_by_hash(self.chain, name), False
