"""A small city on a real chain, from nothing to a summary."""

from typing import Annotated, Any

import typer

from scripts._shared import Local, Noun

app = Noun(__doc__, default="run")


@app.command("run", cls=Local)
def run(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave chain and journal running.")] = False,
) -> Any:
    """Start a chain of its own, set up a city, feed it, and show what was ruled.

    It runs the commands that a person would run, on free ports, and removes everything at the end.
    """
    from scripts._demo import Demo

    return Demo(as_json=as_json, keep=keep).run()


cli = app.cli()
