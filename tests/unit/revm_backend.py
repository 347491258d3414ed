"""revm behind eth-tester: the answers of a London chain at a fraction of py-evm's time.

What a transaction costs is close, not exact: pyrevm 0.3.7 keeps every word warm from one
transaction to the next. The tests of gas run on py-evm (tests/chain/london.py), as do those that
hold the contracts to London's opcodes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time
from typing import Any

import pyrevm
from eth.db.trie import make_trie_root_and_nodes
from eth.rlp.logs import Log
from eth.rlp.receipts import Receipt
from eth.vm.forks import LondonVM
from eth.vm.forks.london.blocks import LondonBlock, LondonBlockHeader
from eth.vm.forks.london.headers import calculate_expected_base_fee_per_gas
from eth.vm.forks.london.receipts import LondonReceiptBuilder
from eth_abi import decode
from eth_tester import PyEVMBackend
from eth_tester.backends.pyevm.serializers import (
    serialize_block,
    serialize_transaction,
    serialize_transaction_receipt,
)
from eth_tester.exceptions import BlockNotFound, TransactionFailed, TransactionNotFound
from eth_typing import Address, BlockNumber
from eth_utils import big_endian_to_int, to_checksum_address
from eth_utils.exceptions import ValidationError

REVERTED, HALTED = "Revert { gas_used: ", "Halt { reason: "
ERROR = b"\x08\xc3y\xa0"  # Error(string)
SUCCEEDED, FAILED = b"\x01", b""  # EIP-658, as py-evm writes it
EVERY = 16  # blocks from one checkpoint to the next: revm allows 1,024, calls included
MOST_GAS = 2**53
ROOM = 64  # a call is lent all gas but a 64th (EIP-150)


class Refused(Exception):
    """A transaction ran and was taken back."""

    def __init__(self, output: bytes, gas_used: int | None, why: str) -> None:
        super().__init__(why)
        self.output, self.gas_used = output, gas_used


@dataclass
class Mined:
    """A block, or the one that is being filled, and what came of its transactions."""

    header: Any
    transactions: list[Any] = field(default_factory=list)
    receipts: list[Any] = field(default_factory=list)

    @property
    def block(self) -> LondonBlock:
        return LondonBlock(self.header, self.transactions, [])


class RevmBackend(PyEVMBackend):
    """Blocks are kept here, and what is in them is run by revm.

    The machine stands after one block; to look at another one it goes back to a checkpoint and
    runs what came after that again.
    """

    def __init__(self, at: int | None = None) -> None:
        self.clock = (lambda: at) if at else (lambda: int(time()))
        params = self.generate_genesis_params({"timestamp": self.clock()})
        super().__init__(params, vm_configuration=((0, LondonVM),))
        configured = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=self.chain.chain_id))
        self.machine: Any = pyrevm.EVM(env=configured, spec_id="London")
        state = self.chain.get_vm().state
        for account in self.get_accounts():
            self.machine.set_balance(to_checksum_address(account), state.get_balance(account))
        self.builder = LondonVM.get_transaction_builder()
        self.output = b""  # what the last transaction answered
        self.blocks = [Mined(self.chain.get_canonical_block_header_by_number(0))]
        self.pending = self._next()
        self.places: dict[bytes, tuple[int, int]] = {}  # block and index of what is on the chain
        self.nonces: dict[bytes, list[int]] = {}  # the blocks of an account's transactions
        self.stands = 0  # the block after which the machine stands, without what is pending
        self.checkpoints: list[tuple[int, Any]] = [(0, self.machine.snapshot())]
        self.ran = 0  # of what is pending
        self.filling: Any = None  # the machine before what is pending

    # blocks

    def _next(self) -> Mined:
        parent = self.blocks[-1].header
        return Mined(
            LondonBlockHeader(
                difficulty=0,
                block_number=BlockNumber(parent.block_number + 1),
                gas_limit=parent.gas_limit,
                timestamp=max(self.clock(), parent.timestamp + 1),
                parent_hash=parent.hash,
                base_fee_per_gas=calculate_expected_base_fee_per_gas(parent),
            )
        )

    def time_travel(self, to_timestamp: int) -> None:
        self.pending.header = self.pending.header.copy(timestamp=to_timestamp)
        self.mine_blocks()

    def mine_blocks(self, num_blocks: int = 1, coinbase: bytes = bytes(20)) -> list[bytes]:
        return [self._mine() for _ in range(num_blocks)]

    def _mine(self) -> bytes:
        self._at(len(self.blocks))
        mined, number = self.pending, len(self.blocks)
        bloom = 0
        for receipt in mined.receipts:
            bloom |= receipt.bloom
        mined.header = mined.header.copy(
            gas_used=mined.receipts[-1].gas_used if mined.receipts else 0,
            bloom=bloom,
            transaction_root=make_trie_root_and_nodes(mined.transactions)[0],
            receipt_root=make_trie_root_and_nodes(mined.receipts)[0],
        )
        for index, sent in enumerate(mined.transactions):
            self.places[sent.hash] = number, index
            self.nonces.setdefault(sent.sender, []).append(number)
        self.blocks.append(mined)
        self.machine.commit()  # of the checkpoint before it; those before that one stay
        self.stands, self.filling, self.ran = number, None, 0
        self._mark()
        self.pending = self._next()
        return bytes(mined.header.hash)

    def header(self, number: int) -> Any:
        """That of a block on the chain."""
        return self.blocks[number].header

    def take_snapshot(self) -> bytes:
        return bytes(self.blocks[-1].header.hash)

    def revert_to_snapshot(self, snapshot: bytes) -> None:
        number = self._number_of(snapshot)
        self._at(number)
        for left in self.blocks[number + 1 :]:
            for sent in left.transactions:
                del self.places[sent.hash]
                self.nonces[sent.sender].pop()
        del self.blocks[number + 1 :]
        self.pending = self._next()

    def _number_of(self, name: bytes) -> int:
        for number in range(len(self.blocks) - 1, -1, -1):
            if self.blocks[number].header.hash == name:
                return number
        raise BlockNotFound(f"No block of hash 0x{name.hex()}")

    def _number(self, block: Any) -> int:
        """The place of a block by number or name; one after the last is what is pending."""
        named = {"latest": len(self.blocks) - 1, "safe": len(self.blocks) - 1, "earliest": 0}
        named |= {"finalized": len(self.blocks) - 1, "pending": len(self.blocks)}
        number = named.get(block, block)
        if not 0 <= number <= len(self.blocks):
            raise BlockNotFound(f"No block {number}")
        return number

    def _mined(self, number: int) -> Mined:
        return self.blocks[number] if number < len(self.blocks) else self.pending

    def get_block_by_number(self, block_number: Any, full_transaction: bool = True) -> Any:
        number = self._number(block_number)
        if number == len(self.blocks) and block_number != "pending":
            raise BlockNotFound(f"No block {number}")
        is_pending = number == len(self.blocks)
        return serialize_block(self._mined(number).block, full_transaction, is_pending)

    def get_block_by_hash(self, block_hash: bytes, full_transaction: bool = True) -> Any:
        mined = self.blocks[self._number_of(block_hash)]
        return serialize_block(mined.block, full_transaction, False)

    def get_transaction_by_hash(self, transaction_hash: bytes) -> Any:
        mined, index, is_pending = self._standing(transaction_hash)
        return serialize_transaction(mined.block, mined.transactions[index], index, is_pending)

    def get_transaction_receipt(self, transaction_hash: bytes) -> Any:
        mined, index, is_pending = self._standing(transaction_hash)
        sent = mined.transactions[index]
        about = (mined.block, mined.receipts, sent, index, is_pending)
        return serialize_transaction_receipt(*about, None)

    def _standing(self, name: bytes) -> tuple[Mined, int, bool]:
        """The block of a transaction, its index there, and whether it is still pending."""
        if name in self.places:
            number, index = self.places[name]
            return self.blocks[number], index, False
        for index, sent in enumerate(self.pending.transactions):
            if sent.hash == name:
                return self.pending, index, True
        raise TransactionNotFound(f"No transaction found for transaction hash: 0x{name.hex()}")

    # state

    def get_nonce(self, account: bytes, block_number: Any = "latest") -> int:
        number = self._number(block_number)
        nonce = sum(at <= number for at in self.nonces.get(account, []))
        if number == len(self.blocks):
            nonce += sum(sent.sender == account for sent in self.pending.transactions)
        return nonce

    def get_balance(self, account: bytes, block_number: Any = "latest") -> int:
        self._at(self._number(block_number))
        return int(self.machine.get_balance(to_checksum_address(account)))

    def get_code(self, account: bytes, block_number: Any = "latest") -> bytes:
        self._at(self._number(block_number))
        code = self.machine.get_code(to_checksum_address(account))
        return bytes(code or b"")

    def get_storage(self, account: bytes, slot: int, block_number: Any = "latest") -> int:
        self._at(self._number(block_number))
        return int(self.machine.storage(to_checksum_address(account), slot))

    def get_base_fee(self, block_number: Any = "latest") -> int:
        return int(self._mined(self._number(block_number)).header.base_fee_per_gas)

    def _at(self, number: int) -> None:
        """Stand after a block, or after what is pending."""
        mined = min(number, len(self.blocks) - 1)
        if self.filling is not None and number < len(self.blocks):
            self.machine.revert(self.filling)
            self.filling, self.ran = None, 0
        if mined < self.stands:
            while self.checkpoints[-1][0] > mined:
                self.machine.revert(self.checkpoints.pop()[1])
            self.stands, kept = self.checkpoints.pop()
            self.machine.revert(kept)
            self.checkpoints.append((self.stands, self.machine.snapshot()))
        while self.stands < mined:
            self.stands += 1
            for sent in self.blocks[self.stands].transactions:
                self._apply(sent, self.blocks[self.stands].header)
            self._mark()
        if number == len(self.blocks):
            if self.filling is None:
                self.filling = self.machine.snapshot()
            for sent in self.pending.transactions[self.ran :]:
                self._apply(sent, self.pending.header)
            self.ran = len(self.pending.transactions)

    def _mark(self) -> None:
        if self.stands >= self.checkpoints[-1][0] + EVERY:
            self.checkpoints.append((self.stands, self.machine.snapshot()))

    @contextmanager
    def _trial(self, block: Any) -> Iterator[Any]:
        """Whatever runs here is taken back."""
        number = self._number(block)
        self._at(number)
        before = self.machine.snapshot()
        try:
            yield self._mined(number).header
        finally:
            self.machine.revert(before)

    # transactions

    def send_raw_transaction(self, raw_transaction: bytes) -> bytes:
        return self._take(self.builder.decode(raw_transaction))

    def send_transaction(self, transaction: Any) -> bytes:
        return self._take(self._get_normalized_and_signed_evm_transaction(transaction))

    def send_signed_transaction(self, transaction: Any, block_number: Any = "latest") -> bytes:
        normalized = self._normalize_transaction(transaction, block_number)
        return self._take(self._create_type_aware_signed_transaction(normalized))

    def _take(self, sent: Any) -> bytes:
        """Run a transaction in the block that is being filled; refused as geth's pool would."""
        self._at(len(self.blocks))
        header, receipts = self.pending.header, self.pending.receipts
        nonce = self.get_nonce(sent.sender, "pending")
        if sent.nonce != nonce:
            raise ValidationError(f"nonce too {'low' if sent.nonce < nonce else 'high'}")
        fee = getattr(sent, "max_fee_per_gas", None) or sent.gas_price
        most = sent.gas * fee + sent.value
        if most > self.machine.get_balance(to_checksum_address(sent.sender)):
            raise ValidationError("insufficient funds for gas * price + value")
        if fee < header.base_fee_per_gas:
            raise ValidationError("max fee per gas less than block base fee")
        used = receipts[-1].gas_used if receipts else 0
        if used + sent.gas > header.gas_limit:
            raise ValidationError("exceeds block gas limit")
        receipt, self.output = self._apply(sent, header)
        status, gas_used, logs = receipt
        made = Receipt(status, used + gas_used, logs)
        self.pending.transactions.append(sent)
        receipts.append(_typed(sent, made))
        self.ran += 1
        return bytes(sent.hash)

    def _apply(self, sent: Any, header: Any) -> Any:
        """Status, gas and logs of a transaction, and its answer; its sender pays for it."""
        sender = to_checksum_address(sent.sender)
        try:
            output = self._run(sender, sent.to, sent.data, sent.value, sent.gas, header, sent.nonce)
            result = self.machine.result
            receipt = SUCCEEDED, result.gas_used, [_log(log) for log in result.logs]
        except Refused as refused:
            used = sent.gas if refused.gas_used is None else refused.gas_used
            output, receipt = refused.output, (FAILED, used, [])
        tip = getattr(sent, "max_priority_fee_per_gas", None)
        price = (
            sent.gas_price
            if tip is None
            else min(sent.max_fee_per_gas, header.base_fee_per_gas + tip)
        )
        fee = receipt[1] * price
        self.machine.message_call(sender, to_checksum_address(header.coinbase), value=fee)
        return receipt, output

    def _run(
        self,
        sender: str,
        to: bytes,
        data: bytes,
        value: int,
        gas: int,
        header: Any,
        nonce: int,
    ) -> bytes:
        number, timestamp = header.block_number, header.timestamp
        self.machine.set_block_env(
            pyrevm.BlockEnv(number=number, timestamp=timestamp, basefee=0, gas_limit=MOST_GAS)
        )
        try:
            if to:
                into = to_checksum_address(to)
                return bytes(
                    self.machine.message_call(sender, into, calldata=data, value=value, gas=gas)
                )
            owned = self.machine.get_balance(sender)
            self.machine.insert_account_info(sender, pyrevm.AccountInfo(nonce=nonce, balance=owned))
            self.machine.deploy(sender, data, value=value, gas=gas)
            return b""
        except RuntimeError as refused:
            raise _refusal(str(refused)) from refused

    def call(self, transaction: Mapping[str, Any], block_number: Any = "latest") -> bytes:
        try:
            return self._tried(transaction, transaction.get("gas", MOST_GAS), block_number)[0]
        except Refused as refused:
            raise TransactionFailed(str(refused)) from refused

    def estimate_gas(self, transaction: Mapping[str, Any], block_number: Any = "latest") -> int:
        try:
            _, low, high = self._tried(transaction, transaction.get("gas", MOST_GAS), block_number)
            low, high = low - 1, max(high, low)
            while not self._suffices(transaction, high, block_number):
                low, high = high, high + high // ROOM + 1
            while high - low > 1:
                middle = (low + high) // 2
                if self._suffices(transaction, middle, block_number):
                    high = middle
                else:
                    low = middle
            return high
        except Refused as refused:
            raise TransactionFailed(str(refused)) from refused

    def _suffices(self, transaction: Mapping[str, Any], gas: int, block_number: Any) -> bool:
        try:
            self._tried(transaction, gas, block_number)
        except Refused:
            return False
        return True

    def _tried(
        self, transaction: Mapping[str, Any], gas: int, block_number: Any
    ) -> tuple[bytes, int, int]:
        """What it answers, the gas it takes, and that before refunds; nothing of it stays."""
        sender = transaction["from"]
        data, value = transaction.get("data", b""), transaction.get("value", 0)
        with self._trial(block_number) as header:
            nonce = self.get_nonce(sender, block_number)
            to = transaction.get("to", b"")
            output = self._run(to_checksum_address(sender), to, data, value, gas, header, nonce)
            result = self.machine.result
            return output, result.gas_used, result.gas_used + result.gas_refunded


def _refusal(told: str) -> Refused:
    if told.startswith(REVERTED):
        gas, _, rest = told.removeprefix(REVERTED).partition(", output: 0x")
        output = bytes.fromhex(rest.rstrip(" }"))
        why = decode(["string"], output[4:])[0] if output[:4] == ERROR else str(output)
        return Refused(output, int(gas), why)
    if told.startswith(HALTED):
        return Refused(b"", None, told)
    if "LackOfFund" in told:
        raise ValidationError("insufficient funds for transfer")
    return Refused(b"", None, told)


def _log(log: Any) -> Log:
    topics, data = log.data
    address = Address(bytes.fromhex(log.address.removeprefix("0x")))
    return Log(address, tuple(big_endian_to_int(topic) for topic in topics), bytes(data))


def _typed(sent: Any, receipt: Receipt) -> Any:
    kind = getattr(sent, "type_id", None)
    return receipt if kind is None else LondonReceiptBuilder.typed_receipt_class(kind, receipt)
