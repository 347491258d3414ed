"""revm in the place of titanoboa's own machine, py-evm: the same answers at a fortieth of the time.

It traces no opcodes: a refusal tells the contract's reason and not the line. Like titanoboa's, it
knows the opcodes of Cancun; tests/chain holds the contracts to London's rules.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pyrevm
from boa.util.abi import Address
from eth._utils.address import generate_contract_address
from eth.exceptions import Revert, VMError
from eth_utils import keccak

GAS_LIMIT = 10**8  # of a block, as titanoboa has it
CHAIN_ID = 1
BANK = "0x" + "ba" * 20  # what a test gives an account comes from here, so that an anchor ends it
BANK_WEI = 2**128
NO_CODE = keccak(b"")
PADDING = 33  # revm keeps code with so many zeros behind it
TRANSACTION_GAS, ZERO_GAS, BYTE_GAS = 21_000, 4, 16  # before a call begins (EIP-2028)
REVERTED = "Revert { gas_used: "


@dataclass
class Block:
    """The block in which everything happens; titanoboa's `patch`."""

    timestamp: int = 1
    block_number: int = 1
    chain_id: int = CHAIN_ID  # for signing: the contracts' own is that of the machine

    @contextmanager
    def anchor(self) -> Iterator[None]:
        held = dict(vars(self))
        try:
            yield
        finally:
            vars(self).update(held)


@dataclass
class Answer:
    """What came of a call; titanoboa's computation."""

    output: Any
    error: VMError | None
    gas_used: int = 0  # of the call itself, before refunds
    gas_refunded: int = 0
    logs: list[tuple[int, bytes, tuple[int, ...], bytes]] = field(default_factory=list)
    code: Any = field(default_factory=lambda: SimpleNamespace(_trace=()))
    children: tuple[Any, ...] = ()
    beneficiaries: tuple[Any, ...] = ()
    call_trace: str = ""
    _contract_repr_before_revert: str = ""
    _gas_meter_class: Any = None

    @property
    def is_error(self) -> bool:
        return self.error is not None

    @property
    def net_gas_used(self) -> int:
        return self.gas_used - self.gas_refunded

    def get_gas_used(self) -> int:
        return self.gas_used

    def get_raw_log_entries(self) -> list[tuple[int, bytes, tuple[int, ...], bytes]]:
        return self.logs


class Revm:
    """titanoboa's machine."""

    def __init__(self) -> None:
        env = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=CHAIN_ID))
        self.machine = pyrevm.EVM(env=env, spec_id="Cancun")
        self.machine.set_balance(BANK, BANK_WEI)
        self.patch = Block()

    def snapshot(self) -> Any:
        return self.machine.snapshot()

    def revert(self, snapshot: Any) -> None:
        self.machine.revert(snapshot)

    def get_gas_limit(self) -> int:
        return GAS_LIMIT

    def get_gas_meter_class(self) -> None:
        return None

    def get_balance(self, address: str) -> int:
        return int(self.machine.get_balance(address))

    def set_balance(self, address: str, wei: int) -> None:
        self._run(self.machine.message_call, BANK, address, value=wei - self.get_balance(address))

    def get_storage(self, address: str, slot: int) -> int:
        return int(self.machine.storage(address, slot))

    def set_storage(self, address: str, slot: int, value: int) -> None:
        self.machine.insert_account_storage(address, slot, value)

    def get_code(self, address: str) -> bytes:
        return bytes(self.machine.basic(address).code or b"").removesuffix(bytes(PADDING))

    def set_code(self, address: str, code: bytes) -> None:
        """Put code there; without a hash, as revm refuses calls from what has one (EIP-3607)."""
        nonce = self.machine.basic(address).nonce
        about = pyrevm.AccountInfo(nonce=nonce, code=code, code_hash=NO_CODE)
        self.machine.insert_account_info(address, about)

    def generate_create_address(self, sender: str) -> Address:
        nonce = self.machine.basic(sender).nonce
        return Address(generate_contract_address(Address(sender).canonical_address, nonce))

    def deploy_code(
        self, *, sender: str, target_address: str, value: int, bytecode: bytes, **_: Any
    ) -> Answer:
        answer = self._run(self.machine.deploy, sender, bytecode, value=value)
        if not answer.is_error:  # it answered with an address
            answer.output = self.get_code(target_address)
            self.set_code(target_address, answer.output)
        return answer

    def execute_code(
        self,
        *,
        sender: str,
        to: str,
        gas: int,
        value: int,
        bytecode: bytes,
        data: bytes,
        is_static: bool,
        **_: Any,
    ) -> Answer:
        held = self.get_code(to)
        other = bytecode != held
        if other:
            self.set_code(to, bytecode)
        answer = self._run(
            self.machine.message_call,
            sender,
            to,
            calldata=data,
            value=value,
            gas=gas,
            is_static=is_static,
        )
        if other:
            self.set_code(to, held)
        answer.gas_used -= TRANSACTION_GAS + sum(BYTE_GAS if byte else ZERO_GAS for byte in data)
        return answer

    def _run(self, act: Any, *arguments: Any, **named: Any) -> Answer:
        now = {"timestamp": self.patch.timestamp, "number": self.patch.block_number}
        self.machine.set_block_env(pyrevm.BlockEnv(**now, basefee=0, gas_limit=GAS_LIMIT))
        try:
            output = act(*arguments, **named)
        except RuntimeError as refused:
            return _refusal(str(refused))
        result = self.machine.result
        told = [(n, *_log(log)) for n, log in enumerate(result.logs)]
        spent = result.gas_used + result.gas_refunded
        return Answer(output, None, spent, result.gas_refunded, told)


def _refusal(told: str) -> Answer:
    if not told.startswith(REVERTED):
        return Answer(b"", VMError(told))
    output = bytes.fromhex(told.partition("output: 0x")[2].rstrip(" }"))
    return Answer(output, Revert(output))


def _log(log: Any) -> tuple[bytes, tuple[int, ...], bytes]:
    topics, data = log.data
    words = tuple(int.from_bytes(topic, "big") for topic in topics)
    return Address(log.address).canonical_address, words, bytes(data)
