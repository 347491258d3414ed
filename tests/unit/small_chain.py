"""A chain in this process: py-evm behind the answers of a node, and a contract that counts."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_account import Account
from vyper import compile_code
from web3 import Web3

from ledger.chain import Chain, adopt
from ledger.deployment import Deployed, Deployment, Ledger
from tests.unit.small_node import Node, PoolingTester

COUNTER = """
# pragma version 0.4.3
# pragma evm-version london
event Counted:
    by: indexed(address)
    step: uint256
    total: uint256

event Paid:
    by: indexed(address)

total: public(uint256)
payable_total: public(uint256)

@external
def count(step: uint256):
    assert step > 0, "counter: zero step"
    self.total += step
    log Counted(by=msg.sender, step=step, total=self.total)

@external
def only_once():
    assert self.total == 0, "counter: already counted"
    self.total = 1
    log Counted(by=msg.sender, step=1, total=1)

@external
@payable
def pay():
    self.payable_total += msg.value
    log Paid(by=msg.sender)

@external
def refuse_without_words():
    raise
"""


class LocalSigner:
    """An account whose key was made for this test, or is given."""

    def __init__(self, account: Any = None) -> None:
        self._account = account or Account.create()
        self.address: str = self._account.address

    def sign(self, tx: dict[str, Any]) -> bytes:
        return bytes(self._account.sign_transaction(tx).raw_transaction)

    def sign_message(self, message: Any) -> bytes:
        return bytes(self._account.sign_message(message).signature)


@dataclass
class SmallChain:
    """The chain, what mines it, what answers for it, and an account that can pay."""

    chain: Chain
    tester: PoolingTester
    node: Node
    signer: LocalSigner

    def fund(self, address: str, value_wei: int) -> None:
        w3 = self.chain.w3
        sent = w3.eth.send_transaction(
            {"from": w3.eth.accounts[0], "to": address, "value": value_wei}
        )
        w3.eth.wait_for_transaction_receipt(sent)

    def put(self, code: dict[str, Any], *arguments: Any) -> Any:
        """Deploy compiled code; the contract as web3 binds it."""
        w3 = self.chain.w3
        factory = w3.eth.contract(abi=code["abi"], bytecode=code["bytecode"])
        sent = factory.constructor(*arguments).transact({"from": w3.eth.accounts[0]})
        address = w3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
        return w3.eth.contract(address=address, abi=code["abi"])

    def ledger(self, **contracts: Any) -> Ledger:
        """A ledger that knows these contracts by these names."""
        record = Deployment(self.chain.chain_id, self.chain.genesis_hash, 0)
        for name, bound in contracts.items():
            deployed = Deployed(bound.address, list(bound.abi), "0x", "0x", 1)
            record = record.with_contract(name, deployed)
        return record.open(self.chain)


@cache
def compiled(source: str) -> dict[str, Any]:
    """ABI and bytecode of a source, compiled once."""
    return compile_code(source, output_formats=["abi", "bytecode"])


def counter_code() -> dict[str, Any]:
    """ABI and bytecode of the counter."""
    return compiled(COUNTER)


def start() -> SmallChain:
    """A fresh chain with one funded account."""
    tester = PoolingTester()
    node = Node(tester)
    small = SmallChain(adopt(Web3(node), "in this process"), tester, node, LocalSigner())
    small.fund(small.signer.address, 10**21)
    return small
