"""A London machine in this process: signed transactions one after another, their exact gas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks import LondonVM
from eth_abi import encode
from eth_keys import keys
from eth_keys.datatypes import PrivateKey
from eth_typing import Address
from eth_utils import collapse_if_tuple, to_canonical_address, to_checksum_address

from ledger.hashing import keccak

GAS = 120_000_000
FUNDS_WEI = 10**27
FEE_WEI = 10**10
ACCOUNTS = 8

Code = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a transaction cost and gave back, how many events it logged, the last one's data."""

    gas: int
    events: int
    last_event: bytes
    output: bytes = b""


class Refused(Exception):
    """A transaction of ours that the machine reverted."""


class Machine:
    """py-evm under London rules, its time standing still until told; accounts have funds."""

    def __init__(self, now: int) -> None:
        self.keys = [keys.PrivateKey(bytes([n]) * 32) for n in range(1, ACCOUNTS + 1)]
        chain_class = MiningChain.configure(vm_configuration=((0, LondonVM),), chain_id=61)
        account = {"balance": FUNDS_WEI, "nonce": 0, "code": b"", "storage": {}}
        state = {key.public_key.to_canonical_address(): dict(account) for key in self.keys}
        genesis = {"gas_limit": GAS, "timestamp": now - 15, "difficulty": 1}
        made = chain_class.from_genesis(AtomicDB(), genesis, state)  # type: ignore[arg-type]
        self._chain = cast(MiningChain, made)
        self.chain_id = self._chain.chain_id
        self.header = self._chain.header.copy(timestamp=now, gas_limit=GAS, gas_used=0)
        self.vm = self._chain.get_vm(self.header)

    def advance(self, now: int) -> None:
        """Let a later moment be that of the blocks to come."""
        self.vm.state.persist()
        root = self.vm.state.state_root
        self.header = self.header.copy(timestamp=now, state_root=root)
        self.vm = self._chain.get_vm(self.header)

    def address(self, account: int) -> str:
        """The address of an account."""
        return self.keys[account].public_key.to_checksum_address()

    def deploy(self, code: Code, arguments: Sequence[Any], account: int) -> "Deployed":
        """A contract from its creation code."""
        constructors = [e["inputs"] for e in code["abi"] if e["type"] == "constructor"]
        given: Sequence[Any] = constructors[0] if constructors else ()
        data = bytes.fromhex(code["bytecode"].removeprefix("0x")) + _encoded(given, arguments)
        return Deployed(self, self._created(data, account), code["abi"])

    def _created(self, data: bytes, account: int) -> str:
        computation, _ = self._apply(b"", data, self.keys[account])
        return to_checksum_address(computation.msg.storage_address)

    def send(self, to: str, data: bytes, account: int, most_gas: int = GAS) -> Receipt:
        """The receipt of a transaction that must succeed."""
        about = (to_canonical_address(to), data, self.keys[account], most_gas)
        computation, gas = self._apply(*about)
        events = computation.get_log_entries()
        return Receipt(gas, len(events), events[-1][2] if events else b"", computation.output)

    def _apply(
        self, to: bytes, data: bytes, key: PrivateKey, most_gas: int = GAS
    ) -> tuple[Any, int]:
        nonce = self.vm.state.get_nonce(Address(key.public_key.to_canonical_address()))
        unsigned = self.vm.create_unsigned_transaction(
            nonce=nonce,
            gas_price=FEE_WEI,
            gas=most_gas,
            to=to,  # type: ignore[arg-type]
            value=0,
            data=data,
        )
        signed = unsigned.as_signed_transaction(key, chain_id=self.chain_id)
        # every transaction is the first of a block: the receipt's sum of gas is its own
        receipt, computation = self.vm.apply_transaction(self.header, signed)
        if computation.is_error:
            raise Refused(f"{computation.error!r}")
        return computation, receipt.gas_used


class Deployed:
    """A contract on the machine."""

    def __init__(self, machine: Machine, address: str, abi: Sequence[Mapping[str, Any]]) -> None:
        self.machine, self.address = machine, address
        self.inputs = {
            entry["name"]: entry["inputs"]
            for entry in abi
            if "stateMutability" in entry and "name" in entry
        }
        self.selectors = {
            name: keccak(f"{name}({','.join(_types(inputs))})".encode())[:4]
            for name, inputs in self.inputs.items()
        }

    def encoded(self, function: str, *arguments: Any) -> bytes:
        """The calldata of a call."""
        return self.selectors[function] + _encoded(self.inputs[function], arguments)

    def send(self, function: str, *arguments: Any, account: int) -> Receipt:
        """Call a function in a transaction of its own."""
        return self.machine.send(self.address, self.encoded(function, *arguments), account)


def _types(inputs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [collapse_if_tuple(one) for one in inputs]  # type: ignore[arg-type]


def _encoded(inputs: Sequence[Mapping[str, Any]], arguments: Sequence[Any]) -> bytes:
    return encode(_types(inputs), arguments)
