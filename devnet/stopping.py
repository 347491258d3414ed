"""Stopping nodes, and waiting until each has written its state down."""

import time
from collections.abc import Callable, Sequence

from devnet.errors import DevnetError
from devnet.node import Node

# with a large state a node takes 13 to 24 s to write it down
TAKES_AT_MOST_S = 60
_TOLD_EVERY_S = 5


def stop(
    nodes: Sequence[Node], progress: Callable[[str], None], within_s: float = TAKES_AT_MOST_S
) -> None:
    """Ask every node to leave; return when the processes are gone."""
    for node in nodes:
        node.ask_to_stop()
    began = told = time.monotonic()
    while running := [node.name for node in nodes if node.pid() is not None]:
        now, names = time.monotonic(), ", ".join(running)
        if now - began > within_s:
            raise DevnetError(
                f"still writing their state down after {within_s:.0f} s: {names}",
                "wait, then run `waterline devnet down` again",
                "still_stopping",
            )
        if now - told > _TOLD_EVERY_S:
            progress(f"waiting for {names} to stop")
            told = now
        time.sleep(0.05)
