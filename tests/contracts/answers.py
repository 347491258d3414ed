"""What a contract answers to a call: the events it logged, or why it refused."""

from typing import Any

import boa
from eth_abi.abi import decode

ERROR = bytes.fromhex("08c379a0")  # selector of Error(string)


def events(contract: Any, name: str | None = None) -> list[tuple[str, dict[str, Any]]]:
    """The events of a contract in its last call, and of no other, each with all its fields."""
    logged = [
        (type(event).__name__, event._asdict())
        for event in contract.get_logs()
        if event.address == contract.address
    ]
    return [
        (kind, {field: value for field, value in fields.items() if field != "address"})
        for kind, fields in logged
        if name in (None, kind)
    ]


def reason(function: Any, *arguments: Any, sender: str, value: int = 0) -> str:
    """The words with which a call is refused, as they reach the sender of a transaction."""
    calldata = function.prepare_calldata(*arguments)
    refusal = outcome(function.contract, calldata, sender, value)
    assert refusal is not None, "the call was not refused"
    return refusal


def outcome(contract: Any, calldata: bytes, sender: str, value: int = 0) -> str | None:
    """None when the call succeeds, otherwise the reason; empty when it gives none."""
    with boa.env.anchor():
        computation = boa.env.execute_code(
            to_address=contract.address, sender=sender, data=calldata, value=value
        )
    if not computation.is_error:
        return None
    if not computation.output.startswith(ERROR):
        return ""
    (words,) = decode(["string"], computation.output[len(ERROR) :])
    return str(words)
