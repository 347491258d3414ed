"""Reading the nodes' logs: their ends, and what is added to them."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from devnet.node import Node

_LOOKS_EVERY_S = 0.3
_END_BYTES = 1_000_000


def last_lines(node: Node, count: int) -> list[str]:
    """The last lines of a node's log, at most those in its last megabyte."""
    text, _ = _read(node.log, max(0, _size(node.log) - _END_BYTES))
    return text.splitlines()[-count:] if count else []


def follow(nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    """Node and line of everything that is written from now on, for ever."""
    places = {node.name: _size(node.log) for node in nodes}
    begun = {node.name: "" for node in nodes}
    while True:
        for node in nodes:
            if _size(node.log) < places[node.name]:
                places[node.name] = 0  # a new log was begun
            text, places[node.name] = _read(node.log, places[node.name])
            *whole, begun[node.name] = (begun[node.name] + text).split("\n")
            for line in whole:
                yield node.name, line
        time.sleep(_LOOKS_EVERY_S)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _read(path: Path, place: int) -> tuple[str, int]:
    if not path.exists():
        return "", 0
    with path.open("rb") as file:
        file.seek(place)
        content = file.read()
    return content.decode("utf-8", errors="replace"), place + len(content)
