"""Answers of views with the names their ABI gives them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from eth_abi.exceptions import DecodingError
from eth_utils import collapse_if_tuple
from hexbytes import HexBytes
from web3.exceptions import BadFunctionCallOutput

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
    address, output = ledger.contract(contract).address, _output(ledger, contract, function)
    encoded, kind = encoder(ledger, contract, function), _kind(output)
    calls = ((_call(address, encoded(given)), "latest") for given in arguments)
    for answer in ledger.chain.rpc_many("eth_call", calls):
        yield named(_decoded(ledger, kind, answer), output)


def read_all(
    ledger: Ledger, asked: Sequence[tuple[str, str, Sequence[Any]]], block_hash: str | None = None
) -> list[Any]:
    """What views of one output answer in the block of a hash, else in the last; asked together.

    `asked` names contract, function and arguments of each. Web3Exception where the node does not
    know the block.
    """
    outputs = [_output(ledger, contract, function) for contract, function, _ in asked]
    if not ledger.chain.takes_many:
        where: Any = block_hash or "latest"
        found = [
            getattr(ledger.contract(contract).functions, function)(*given).call(
                block_identifier=where
            )
            for contract, function, given in asked
        ]
    else:
        at = {"blockHash": block_hash} if block_hash else "latest"  # EIP-1898
        calls = [
            (_call(ledger.contract(c).address, encoder(ledger, c, f)(given)), at)
            for c, f, given in asked
        ]
        told = ledger.chain.rpc_many("eth_call", calls)
        found = [
            _decoded(ledger, _kind(output), answer)
            for output, answer in zip(outputs, told, strict=True)
        ]
    return [named(*one) for one in zip(found, outputs, strict=True)]


def _call(address: str, data: bytes) -> dict[str, str]:
    return {"to": address, "data": "0x" + data.hex()}


def _kind(output: Mapping[str, Any]) -> str:
    """The type of an answer as the ABI writes it; to work it out takes as long as to decode one."""
    return collapse_if_tuple(dict(output))


def _decoded(ledger: Ledger, kind: str, answer: str) -> Any:
    try:
        return ledger.chain.w3.codec.decode([kind], bytes(HexBytes(answer)))[0]
    except DecodingError as error:
        raise BadFunctionCallOutput(f"{answer[:20]} is no {kind}") from error


def _output(ledger: Ledger, contract: str, function: str) -> Mapping[str, Any]:
    (output,) = _outputs(ledger, contract, function)
    return output


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
