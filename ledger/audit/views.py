"""What the contracts answer, asked in large numbers at one block."""

from collections.abc import Iterable, Sequence
from typing import Any

from eth_utils import collapse_if_tuple

from ledger.audit.words import values
from ledger.deployment import Ledger
from ledger.hashing import keccak

Call = tuple[str, str, Sequence[int]]  # contract, view, whole numbers it is asked with


class Views:
    """Views of whole numbers, with the names that the ABI gives to their answers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[tuple[str, str], tuple[str, bytes, list[Any]]] = {}

    def ask(self, calls: Iterable[Call], block: int | str = "latest") -> list[Any]:
        """What each view answers: a struct by its names, several values as a list; 0x text where it
        answers in another form."""
        asked = list(calls)
        where = block if isinstance(block, str) else hex(block)
        told = self._ledger.chain.rpc_many(
            "eth_call", ((self._request(call), where) for call in asked)
        )
        return [self._read(call, answer) for call, answer in zip(asked, told, strict=True)]

    def one(self, contract: str, view: str, *numbers: int) -> Any:
        """What one view answers now."""
        return self.ask([(contract, view, numbers)])[0]

    def _request(self, call: Call) -> dict[str, str]:
        contract, view, numbers = call
        address, selector, _ = self._about(contract, view)
        data = selector + b"".join(number.to_bytes(32, "big") for number in numbers)
        return {"to": address, "data": "0x" + data.hex()}

    def _read(self, call: Call, answer: Any) -> Any:
        contract, view, _ = call
        outputs = self._about(contract, view)[2]
        if len(outputs) == 1 and outputs[0]["type"] == "uint256" and len(answer) == 66:
            return int(answer, 16)
        try:
            parts = values(outputs, bytes.fromhex(answer[2:]))
        except ValueError:
            return answer  # as it came: it agrees with nothing
        return parts[0] if len(parts) == 1 else parts

    def _about(self, contract: str, view: str) -> tuple[str, bytes, list[Any]]:
        """Address, selector and outputs of a view."""
        key = (contract, view)
        if key not in self._known:
            deployed = self._ledger.deployed(contract)
            entry = next(
                one for one in deployed.abi if (one["type"], one.get("name")) == ("function", view)
            )
            types = ",".join(collapse_if_tuple(dict(one)) for one in entry["inputs"])
            selector = keccak(f"{view}({types})".encode())[:4]
            self._known[key] = (deployed.address, selector, entry["outputs"])
        return self._known[key]
