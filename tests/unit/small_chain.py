"""A chain in this process: py-evm, a funded account, and a contract that counts and refuses."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_account import Account
from eth_tester import EthereumTester, PyEVMBackend
from vyper import compile_code
from web3 import EthereumTesterProvider, Web3

from ledger.chain import Chain, adopt

COUNTER = """
# pragma version 0.4.3
event Counted:
    by: indexed(address)
    step: uint256
    total: uint256

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
"""


class LocalSigner:
    """An account whose key was made for this test."""

    def __init__(self) -> None:
        self._account = Account.create()
        self.address: str = self._account.address

    def sign(self, tx: dict[str, Any]) -> bytes:
        return bytes(self._account.sign_transaction(tx).raw_transaction)


@dataclass
class SmallChain:
    """The chain, what mines it, and an account that can pay."""

    chain: Chain
    tester: EthereumTester
    signer: LocalSigner

    def fund(self, address: str, value_wei: int) -> None:
        w3 = self.chain.w3
        sent = w3.eth.send_transaction(
            {"from": w3.eth.accounts[0], "to": address, "value": value_wei}
        )
        w3.eth.wait_for_transaction_receipt(sent)


@cache
def counter_code() -> dict[str, Any]:
    """ABI and bytecode of the counter, compiled once."""
    return compile_code(COUNTER, output_formats=["abi", "bytecode"])


def start() -> SmallChain:
    """A fresh chain with one funded account."""
    tester = EthereumTester(PyEVMBackend())
    chain = adopt(Web3(EthereumTesterProvider(tester)), "in this process")
    small = SmallChain(chain, tester, LocalSigner())
    small.fund(small.signer.address, 10**21)
    return small
