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
    with line("waiting", silent=session.as_json) as update:
        yield update


@contextmanager
def line(first: str, *, silent: bool = False) -> Iterator[Progress | None]:
    """A line on stderr that can be said anew; None where nobody reads it."""
    if quiet or silent or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status(first) as status:
        yield status.update
