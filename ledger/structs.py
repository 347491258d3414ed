"""Answers of views with the names their ABI gives them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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


def every(ledger: Ledger, contract: str, one: str, count: str) -> Iterator[tuple[int, Any]]:
    """All entries of a dense list, numbered from 1."""
    for number in range(1, int(read(ledger, contract, count)) + 1):
        yield number, read(ledger, contract, one, number)
