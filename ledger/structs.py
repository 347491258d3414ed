"""Answers of views with the names their ABI gives them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from eth_utils import collapse_if_tuple
from hexbytes import HexBytes

from ledger.deployment import Ledger
from ledger.hashing import keccak


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
    outputs: Sequence[Mapping[str, Any]] = _entry(ledger, contract, function)["outputs"]
    return outputs


def _entry(ledger: Ledger, contract: str, function: str) -> Mapping[str, Any]:
    abi = ledger.deployed(contract).abi
    return next(e for e in abi if e["type"] == "function" and e["name"] == function)


def read_many(
    ledger: Ledger, contract: str, function: str, arguments: Iterable[Sequence[Any]]
) -> Iterator[Any]:
    """What a view of one output answers to each of many arguments, a few hundred asked together."""
    if not ledger.chain.takes_many:
        for given in arguments:
            yield read(ledger, contract, function, *given)
        return
    address, codec = ledger.contract(contract).address, ledger.chain.w3.codec
    (output,) = _outputs(ledger, contract, function)
    types, encoded = [collapse_if_tuple(dict(output))], encoder(ledger, contract, function)
    calls = (
        ({"to": address, "data": "0x" + encoded(given).hex()}, "latest") for given in arguments
    )
    for answer in ledger.chain.rpc_many("eth_call", calls):
        yield named(codec.decode(types, bytes(HexBytes(answer)))[0], output)


def encoder(ledger: Ledger, contract: str, function: str) -> Callable[[Sequence[Any]], bytes]:
    """The calldata of one function for any arguments; looked up once, as that takes long."""
    codec, inputs = ledger.chain.w3.codec, _entry(ledger, contract, function)["inputs"]
    types = [collapse_if_tuple(dict(one)) for one in inputs]
    selector = keccak(f"{function}({','.join(types)})".encode())[:4]
    return lambda given: selector + codec.encode(types, given)


def every(ledger: Ledger, contract: str, one: str, count: str) -> Iterator[tuple[int, Any]]:
    """All entries of a dense list, numbered from 1."""
    numbers = range(1, int(read(ledger, contract, count)) + 1)
    yield from enumerate(read_many(ledger, contract, one, ((n,) for n in numbers)), 1)
