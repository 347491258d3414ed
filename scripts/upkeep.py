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
    """List what is due by time and open to anyone, then do it: each act once.

    For example: waterline upkeep run --only close-day --account steward-1 --wait included
    """
    from scripts._upkeep import Upkeep, alone, kinds_of, lines

    here, kinds = session(), kinds_of(only or [])
    one = Upkeep(here, days)
    if here.dry_run:
        due = [act for kind in kinds for act in one.due(kind)]
    else:
        due = []
        with alone(here):
            one.settle(kinds)
    told = one.document(due)
    here.tell(told, lambda: lines(told))
    if one.failed:
        raise SystemExit(FAILED)
    return told


cli = app.cli()
