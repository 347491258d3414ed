"""Calls of our contracts, as people write them and as the council keeps them."""

import json

from ledger.errors import NotFound, UsageError
from scripts._shared import Session


def call_of(here: Session, function: str, arguments: str) -> tuple[str, bytes]:
    """The contract and the calldata of a call like Authority.withdraw '["@relay-1"]'."""
    from scripts._signing import address_of_account

    contract, _, name = function.partition(".")
    bound = here.contract(contract)
    if name not in {entry.get("name") for entry in bound.abi if entry["type"] == "function"}:
        raise NotFound(f"{contract} has no function {name!r}", "docs/duties.md lists them")
    try:
        given = json.loads(arguments)
    except ValueError as error:
        raise UsageError(
            f"{arguments} is no JSON: {error}", "write a list: '[1, \"x\"]'"
        ) from error
    if not isinstance(given, list):
        raise UsageError(f"{arguments} is no list", "write a list: '[1, \"x\"]'")
    meant = [
        address_of_account(one[1:]) if isinstance(one, str) and one.startswith("@") else one
        for one in given
    ]
    try:
        return contract, bytes.fromhex(bound.encode_abi(name, args=meant)[2:])
    except Exception as error:
        raise UsageError(f"{function} cannot take {arguments}: {error}", "see its ABI") from error


def described(here: Session, target: str, data: bytes) -> str:
    """A call in words: contract, function and arguments; its hash where it is not one of ours."""
    for name in here.ledger.deployment.contracts:
        bound = here.contract(name)
        if bound.address == target:
            try:
                function, arguments = bound.decode_function_input(data)
            except ValueError:
                break
            told = ", ".join(str(value) for value in arguments.values())
            return f"{name}.{function.fn_name}({told})"
    return f"0x{bytes(data).hex()} at {target}"
