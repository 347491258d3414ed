"""Answers of views with the names their ABI gives them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eth_utils import collapse_if_tuple
from hexbytes import HexBytes

from ledger.deployment import Ledger


def read(ledger: Ledger, contract: str, function: str, *arguments: Any) -> Any:
    """What a view answers: a struct as a mapping of its names, several values as a list."""
    answer = getattr(ledger.contract(contract).functions, function)(*arguments).call()
    outputs = _outputs(ledger, contract, function)
    if len(outputs) == 1:
        return named(answer, outputs[0])
    return [named(part, output) for part, output in zip(answer, outputs, strict=True)]


def named(value: Any, output: Mapping[str, Any]) -> Any:
    """A decoded value with the names of its components."""
    if output["type"] == "tuple":
        parts = zip(value, output["components"], strict=True)
        return {component["name"]: named(part, component) for part, component in parts}
    if output["type"].startswith("tuple["):
        one = {**output, "type": "tuple"}
        return [named(part, one) for part in value]
    return value


def _outputs(ledger: Ledger, contract: str, function: str) -> Sequence[Mapping[str, Any]]:
    abi = ledger.deployed(contract).abi
    return next(
        entry["outputs"]
        for entry in abi
        if entry["type"] == "function" and entry["name"] == function
    )


def read_many(
    ledger: Ledger, contract: str, function: str, arguments: Sequence[Sequence[Any]]
) -> list[Any]:
    """What a view of one output answers to each of many arguments, asked for together."""
    if not ledger.chain.takes_many:
        return [read(ledger, contract, function, *given) for given in arguments]
    address, codec = ledger.contract(contract).address, ledger.chain.w3.codec
    (output,) = _outputs(ledger, contract, function)
    encoded = ledger.contract(contract).encode_abi
    calls = [
        ({"to": address, "data": encoded(function, args=list(given))}, "latest")
        for given in arguments
    ]
    answers = ledger.chain.rpc_many("eth_call", calls)
    types = [collapse_if_tuple(dict(output))]
    return [named(codec.decode(types, bytes(HexBytes(one)))[0], output) for one in answers]


def every(ledger: Ledger, contract: str, one: str, count: str) -> Iterator[tuple[int, Any]]:
    """All entries of a dense list, numbered from 1."""
    numbers = range(1, int(read(ledger, contract, count)) + 1)
    answers = read_many(ledger, contract, one, [(number,) for number in numbers])
    yield from zip(numbers, answers, strict=True)
