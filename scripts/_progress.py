"""Progress on a terminal, silence elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ledger.settlement import Progress
from scripts._shared import Session

quiet = False  # set by commands that draw a display of their own


@contextmanager
def waiting(session: Session) -> Iterator[Progress | None]:
    """A line on stderr that says what is being waited for, while there is somebody to read it."""
    if quiet or session.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("waiting") as status:
        yield status.update
