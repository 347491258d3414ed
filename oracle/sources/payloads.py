"""MQTT payloads as cells: one JSON object or CBOR map a message, its numbers as written.

Inner objects are named by dots: `{"cod": {"mg_l": 24.3}}` is the column `cod.mg_l`. JSON is RFC
8259, where a name that is given twice has no meaning; CBOR is RFC 8949.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.cbor import loads

LONGEST = 65_536  # bytes of a payload
DEEPEST = 8  # objects within each other
MOST_CELLS = 1_000


class NoPayload(ValueError):
    """A payload that gives no cells; the text names what is wrong and the remedy."""


def cells(payload: bytes) -> dict[str, str]:
    """Every value by its column; NoPayload for anything but one object of plain values."""
    return columns(told(payload, LONGEST))


def told(payload: bytes, longest: int) -> Mapping[Any, Any]:
    """The one object of a payload, in JSON or CBOR; NoPayload for anything else."""
    if len(payload) > longest:
        raise NoPayload(f"{len(payload)} bytes, {longest} at the most; send fewer values at once")
    try:
        found = parsed(payload) if payload.lstrip()[:1] == b"{" else loads(payload)
    except (ValueError, RecursionError) as error:
        raise NoPayload(f"neither JSON nor CBOR: {error}; send one object") from error
    if not isinstance(found, Mapping):
        raise NoPayload(f"a {type(found).__name__}, not an object; send names with their values")
    return found


def columns(told: Mapping[Any, Any]) -> dict[str, str]:
    """Every value of an object by its column; NoPayload where there are too many, or odd ones."""
    try:
        found = dict(flat(told, "", 1))
    except NoPayload:
        raise
    except ValueError as error:  # an integer too long to be printed
        raise NoPayload(f"{error}; send a number of fewer digits") from error
    if len(found) > MOST_CELLS:
        raise NoPayload(f"{len(found)} values, {MOST_CELLS} at the most; send fewer at once")
    return found


def parsed(payload: bytes) -> Any:
    """JSON with its numbers as texts; a name given twice is an error."""
    return json.loads(
        payload.decode("utf-8"),
        parse_float=str,
        parse_int=str,
        parse_constant=str,
        object_pairs_hook=once,
    )


def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; a name given twice, or half a character, is an error (ValueError)."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is given twice")
        # half a surrogate pair, which \u can spell, is refused here: no file or table holds it
        name.encode()
        if isinstance(value, str):
            value.encode()
        found[name] = value
    return found


def flat(told: Mapping[Any, Any], before: str, depth: int) -> Iterator[tuple[str, str]]:
    """Columns with their texts, those of inner objects named by dots."""
    if depth > DEEPEST:
        raise NoPayload(f"{before} lies deeper than {DEEPEST} objects; send a flatter one")
    for name, value in told.items():
        column = f"{before}{name}"
        if isinstance(value, Mapping):
            yield from flat(value, f"{column}.", depth + 1)
        else:
            yield column, _text(column, value)


def _text(column: str, value: Any) -> str:
    """A value as a cell; a double of CBOR is its shortest decimal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return str(value)
    raise NoPayload(f"{column} is a {type(value).__name__}; send a number or a text")


def numbered(value: Any) -> Any:
    """Lists as objects of their places, so that dots name what is in them."""
    if isinstance(value, list):
        return {str(place): numbered(one) for place, one in enumerate(value)}
    if isinstance(value, Mapping):
        return {name: numbered(one) for name, one in value.items()}
    return value
