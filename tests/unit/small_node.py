"""What geth answers and eth-tester does not: errors in its words, a pool, calls without a fee."""

import threading
from collections.abc import Callable
from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_tester import EthereumTester
from eth_tester.exceptions import TransactionFailed
from eth_tester.exceptions import ValidationError as Unfit
from eth_utils import keccak
from eth_utils.exceptions import ValidationError
from hexbytes import HexBytes
from web3 import EthereumTesterProvider
from web3.types import RPCEndpoint, RPCResponse

from tests.unit.revm_backend import RevmBackend

REVERTED = "execution reverted"
TRIED = ("eth_call", "eth_estimateGas")


class PoolingTester(EthereumTester):
    """eth-tester whose pool holds a run of nonces of one account until a block is mined."""

    def __init__(self, backend: RevmBackend | None = None) -> None:
        super().__init__(backend or RevmBackend())
        self.pool: list[bytes] = []
        self.one = threading.RLock()  # a machine is for one thread at a time

    def send_raw_transaction(self, raw_transaction_hex: str) -> str:
        if self.auto_mine_transactions:
            return str(super().send_raw_transaction(raw_transaction_hex))
        raw = bytes.fromhex(raw_transaction_hex.removeprefix("0x"))
        if raw in self.pool:
            raise ValidationError("already known")
        nonce = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()["nonce"]
        if nonce < self.get_nonce(Account.recover_transaction(raw)):
            raise ValidationError("nonce too low")
        self.pool.append(raw)
        return "0x" + keccak(raw).hex()

    def mine_blocks(self, *arguments: Any, **named: Any) -> Any:
        with self.one:
            for raw in self.pool:
                self.backend.send_raw_transaction(raw)
            self.pool.clear()
            return super().mine_blocks(*arguments, **named)

    def get_nonce(self, account: str, block_number: Any = "latest") -> int:
        nonce = int(super().get_nonce(account, block_number))
        if block_number != "pending":
            return nonce
        return nonce + sum(Account.recover_transaction(raw) == account for raw in self.pool)


class Node(EthereumTesterProvider):
    """A node's answers; `answers` holds further methods, and others in place of eth-tester's."""

    ethereum_tester: PoolingTester

    def __init__(self, tester: PoolingTester) -> None:
        super().__init__(tester)
        self.answers: dict[str, Callable[..., Any]] = {}

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        with self.ethereum_tester.one:
            if method in self.answers:
                return self._told(lambda: self._own(method, params))
            if method in TRIED:
                return self._tried(method, params)
            return self._told(lambda: super(Node, self).make_request(method, params))

    def plain(self, method: str, params: Any) -> Any:
        """What eth-tester itself answers."""
        return super().make_request(RPCEndpoint(method), params)["result"]

    def _own(self, method: str, params: Any) -> RPCResponse:
        return {"jsonrpc": "2.0", "id": 1, "result": self.answers[method](*params)}

    def _told(self, answer: Callable[[], RPCResponse]) -> RPCResponse:
        """An answer, its failure in geth's words."""
        try:
            return answer()
        except TransactionFailed as failed:
            reason = _words(failed)
            text = f"{REVERTED}: {reason}" if reason else REVERTED
            data = "0x08c379a0" + encode(["string"], [reason]).hex() if reason else "0x"
            return _error(3, text, data)
        except (ValidationError, Unfit) as refused:
            return _error(-32000, str(refused))

    def _tried(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """A call offers no fee, so geth lets the poorest account try one; eth-tester does not."""
        tester, sender = self.ethereum_tester, params[0]["from"]
        value = int(params[0].get("value", 0))
        owned = tester.get_balance(sender)
        if owned < value:
            return _error(-32000, f"insufficient funds for transfer: address {sender}")
        return self._told(lambda: super(Node, self).make_request(method, params))


def _words(failed: TransactionFailed) -> str:
    text = str(failed).removeprefix(REVERTED).removeprefix(": ")
    return "" if text.startswith("b'") else text


def _error(code: int, message: str, data: str | None = None) -> RPCResponse:
    error: Any = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return {"jsonrpc": "2.0", "id": 1, "error": error}
