"""Contracts on py-evm's London machine, called as the contract tests call them."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from eth._utils import headers
from eth.vm.forks import LondonVM
from eth_account import Account
from eth_tester import EthereumTester
from eth_tester.exceptions import TransactionFailed
from web3 import EthereumTesterProvider, Web3
from web3.exceptions import ContractLogicError

from scripts._compiled import Code, compiled
from tests.chain.quick_backend import QuickBackend
from tests.contracts.suite import DUTIES, FOLDERS, HOLDER, NOW, Suite, found

GAS = 25_000_000
FEE_WEI = 10**12
FUNDS_WEI = 10**21
KEYS = {name: Account.from_key(i.to_bytes(32, "big")) for i, name in enumerate(DUTIES, 100)}
FIRST, SECOND, SECOND_KEEPER = (Account.from_key(bytes([n] * 32)) for n in (8, 9, 12))


def backend(machine: type[LondonVM] = LondonVM) -> QuickBackend:
    """A machine that knows no opcode later than London, and on which it is the tests' day."""
    headers.eth_now = lambda: NOW  # else the tests' calendars would end one day
    params = QuickBackend.generate_genesis_params({"timestamp": NOW})
    return QuickBackend(params, vm_configuration=((0, machine),))


@cache
def _code() -> dict[str, Code]:
    return compiled()


class London:
    """A chain that knows no opcode later than London."""

    def __init__(self, tester: EthereumTester | None = None, node: Any = None) -> None:
        self.tester = tester or EthereumTester(backend())
        self.w3 = Web3(node or EthereumTesterProvider(self.tester))
        # else each call asks for every account, to be from the first
        self.w3.eth.default_account = self.w3.eth.accounts[0]
        self.written: set[tuple[str, str]] = set()
        for key in (FIRST, SECOND, SECOND_KEEPER, HOLDER, *KEYS.values()):
            self.tester.add_account(key.key.hex())
            self.sent({"to": key.address, "value": FUNDS_WEI}, self.w3.eth.accounts[0])

    def sent(self, transaction: Mapping[str, Any], sender: str) -> Any:
        """The receipt of a transaction that must succeed."""
        fees = {"gas": GAS, "maxFeePerGas": FEE_WEI, "maxPriorityFeePerGas": 10**9}
        transaction = {"from": sender, **fees, **transaction}
        receipt = self.w3.eth.wait_for_transaction_receipt(
            self.w3.eth.send_transaction(transaction)
        )
        assert receipt["status"] == 1
        return receipt

    def now(self) -> int:
        """The time of the latest block."""
        return int(self.w3.eth.get_block("latest")["timestamp"])

    def status_of_creation(self, code: str) -> int:
        """1 when init code runs to its end, 0 when it does not."""
        transaction = {"from": FIRST.address, "data": code, "gas": 100_000, "gasPrice": FEE_WEI}
        sent = self.w3.eth.send_transaction(transaction)
        return int(self.w3.eth.wait_for_transaction_receipt(sent)["status"])

    def deploy(self, name: str, *arguments: Any) -> "Contract":
        """Deploy what `waterline deploy` would, as compiled from source."""
        code = _code()[name]
        return Contract(self, name, code["abi"], code["bytecode"], arguments)


class Contract:
    """A deployed contract; `contract.function(*arguments, sender=...)` as on titanoboa."""

    def __init__(self, chain: London, name: str, abi: Any, code: str, args: Any) -> None:
        self.chain, self.name, self.abi = chain, name, abi
        factory = chain.w3.eth.contract(abi=abi, bytecode=code)
        data = factory.constructor(*args).data_in_transaction
        receipt = chain.sent({"data": data}, FIRST.address)
        self.address = receipt["contractAddress"]
        self.web3 = chain.w3.eth.contract(address=self.address, abi=abi)
        self.gas_used = receipt["gasUsed"]

    def __getattr__(self, function: str) -> Any:
        method = partial(self._call, function)
        method.prepare_calldata = partial(self._encoded, function)  # type: ignore[attr-defined]
        return method

    def _encoded(self, function: str, *arguments: Any) -> bytes:
        data: str = self.web3.encode_abi(function, args=arguments)
        return bytes.fromhex(data.removeprefix("0x"))

    def _call(self, function: str, *arguments: Any, sender: str | None = None) -> Any:
        call = getattr(self.web3.functions, function)(*arguments)
        asked = {"from": sender or FIRST.address, "gas": GAS}
        if sender is None:
            return call.call(asked)
        try:
            data = self._encoded(function, *arguments)
            self.chain.sent({"to": self.address, "data": data}, sender)
        except AssertionError:
            call.call(asked)  # which tells the reason
            raise
        self.chain.written.add((self.name, function))
        return self._answered(call.abi)

    def _answered(self, abi: Any) -> Any:
        """What the last transaction answered: whole numbers, truths or nothing."""
        kinds = [one["type"] for one in abi["outputs"]]
        found = self.chain.w3.codec.decode(kinds, self.chain.tester.backend.output)
        return found[0] if len(found) == 1 else found

    def refusal(self, function: str, *arguments: Any) -> str | None:
        """None when a view answers, otherwise its reason."""
        try:
            self._call(function, *arguments)
        except (TransactionFailed, ContractLogicError) as refused:
            said = getattr(refused, "message", None) or str(refused)
            return str(said).removeprefix("execution reverted: ")
        return None


def city(chain: London | None = None) -> tuple[London, Suite]:
    """Everything deployed and furnished on the London machine."""
    chain = chain or London()
    authority = chain.deploy("Authority", FIRST.address, SECOND.address)
    contracts: dict[str, Any] = {"Authority": authority}
    for name in list(FOLDERS)[1:]:
        contracts[name] = chain.deploy(name, authority.address)
    accounts = {duty: key.address for duty, key in KEYS.items()}
    accounts["second_keeper"] = SECOND_KEEPER.address
    suite = Suite(contracts, FIRST.address, SECOND.address, accounts, HOLDER.address)
    found(suite, chain.w3.eth.chain_id)
    return chain, suite
