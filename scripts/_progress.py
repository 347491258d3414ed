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


@contextmanager
def steady(first: str) -> Iterator[Progress | None]:
    """The same without a thread that keeps it moving, for a process that makes children."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    with Live(first, console=console, transient=True, auto_refresh=False) as live:
        yield lambda text: live.update(text, refresh=True)
