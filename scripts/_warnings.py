"""What an oracle warned of, and that somebody has taken note; no chain is asked."""

from typing import Annotated, Any

import typer

Journal = Annotated[
    str | None,
    typer.Option("--journal", metavar="FOLDER|URL", help="Else oracle in the state folder."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def warnings(
    after: Annotated[int, typer.Option(min=0, help="Only those behind this number.")] = 0,
    journal: Journal = None,
    as_json: Json = False,
) -> Any:
    """List warnings, oldest first: 1,000 at the most, the next ones behind the last number.

    For example: waterline oracle warnings --after 120 --json
    """
    import json

    from oracle.warnings.book import Book
    from scripts import _oracle
    from scripts._showing import local, table

    book = Book.open(_oracle.journal_place(journal))
    found = book.after(after)
    book.close()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return found
    rows = [(one["id"], local(one["at"]), one["text"], _state(one), _told(one)) for one in found]
    for line in table(rows, ("no.", "at", "what", "state", "told")):
        typer.echo(line)
    return found


def _state(one: dict[str, Any]) -> str:
    state = "" if one["state"] == "own" else one["state"]
    return f"{state}, over" if one["ended_at"] and state else state or _over(one)


def _over(one: dict[str, Any]) -> str:
    return "over" if one["ended_at"] else "stands"


def _told(one: dict[str, Any]) -> str:
    if one["acknowledged_at"]:
        return f"noted: {one['note']}"
    if one["unsent"]:
        return f"not sent: {one['unsent']}"
    return "sent" if one["heard_at"] else "on its way"


def acknowledge(
    number: Annotated[int, typer.Argument(min=1, help="As `waterline oracle warnings` lists it.")],
    note: Annotated[str, typer.Option(help="Who has taken note, and what is being done.")],
    journal: Journal = None,
    as_json: Json = False,
) -> Any:
    """Take note of a warning: nobody further is told of it.

    For example: waterline oracle acknowledge 12 --note "valve closed, Li"
    """
    import json
    import time

    from oracle.warnings.book import Book
    from scripts import _oracle

    book = Book.open(_oracle.journal_place(journal))
    try:
        done = book.acknowledge(number, note, int(time.time()))
    finally:
        book.close()
    said = json.dumps(done, ensure_ascii=False) if as_json else f"{number} noted: {done['note']}"
    typer.echo(said)
    return done
