"""Upkeep: what is due by time and open to anyone, done by whoever runs this."""

from typing import Annotated, Any

import typer

from scripts._shared import Noun, session

app = Noun(__doc__, default="run")
FAILED = 1


@app.write("run")
def run(
    only: Annotated[list[str] | None, typer.Option(help="Only acts of this kind.")] = None,
    days: Annotated[
        int, typer.Option(min=1, help="How many days ago a period may have ended.")
    ] = 35,
) -> Any:
    """Find what is due by time and open to anyone, and do it: each act once.

    A block is waited for after each kind, as the next looks at what has changed; with --dry-run
    what is due now is listed, with or without an account.

    For example: waterline upkeep run --only close-day --account steward-1 --wait included
    """
    from scripts import _upkeep

    here = session()
    told = _upkeep.run(here, only or [], days)
    here.tell(told, lambda: _upkeep.lines(told))
    if told["failed"]:
        raise SystemExit(FAILED)
    return told


cli = app.cli()
