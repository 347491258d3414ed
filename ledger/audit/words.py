"""Answers and events decoded by their ABI, whole words without the general decoder's cost."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils import collapse_if_tuple

from ledger.structs import named

WORD = 32
WHOLE = frozenset({"uint256", "bool", "address", "bytes32"})

Output = Mapping[str, Any]


class BadWords(ValueError):
    """Bytes that are not what the ABI says."""


def values(outputs: Sequence[Output], data: bytes) -> list[Any]:
    """The values of some outputs, structs by their names; BadWords where the bytes hold others."""
    if not all(_is_whole(one) for one in outputs):
        try:
            found = decode([collapse_if_tuple(dict(one)) for one in outputs], data)
        except (DecodingError, ValueError) as error:
            raise BadWords(str(error)) from error
        return [named(value, output) for value, output in zip(found, outputs, strict=True)]
    words = iter(range(0, len(data), WORD))
    try:
        told = [_value(one, data, words) for one in outputs]
    except StopIteration as error:
        raise BadWords(f"{len(data)} bytes are too few") from error
    if len(data) % WORD or next(words, None) is not None:
        raise BadWords(f"{len(data)} bytes are too many")
    return told


def _is_whole(output: Output) -> bool:
    if output["type"] == "tuple":
        return all(_is_whole(one) for one in output["components"])
    return output["type"] in WHOLE


def _value(output: Output, data: bytes, words: Iterator[int]) -> Any:
    if output["type"] == "tuple":
        return {one["name"]: _value(one, data, words) for one in output["components"]}
    place = next(words)
    raw = data[place : place + WORD]
    if output["type"] == "bytes32":
        return raw
    number = int.from_bytes(raw, "big")
    if output["type"] == "uint256":
        return number
    if output["type"] == "bool" and number < 2:
        return number == 1
    if output["type"] == "address" and number >> 160 == 0:
        return f"0x{number:040x}"
    raise BadWords(f"0x{raw.hex()} is no {output['type']}")
