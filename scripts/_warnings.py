"""What an oracle warned of, who has taken note, whom it never reached; no chain is asked."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from oracle.warnings.book import Book

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
    import time

    def noted(book: "Book") -> dict[str, Any]:
        return book.acknowledge(number, note, int(time.time()))

    return _changed(journal, noted, lambda done: f"{number} noted: {done['note']}", as_json)


def undelivered(
    number: Annotated[int, typer.Argument(min=1, help="As `waterline oracle warnings` lists it.")],
    to: Annotated[str, typer.Option(help="The recipient's mail, url, or command with its words.")],
    why: Annotated[str, typer.Option(help="What its gateway or server said later.")],
    journal: Journal = None,
    as_json: Json = False,
) -> Any:
    """Say that a message which was accepted reached nobody after all: the next rung is told.

    For example: waterline oracle undelivered 12 --to "./send-sms 10086" --why "phone is off"
    """

    def marked(book: "Book") -> dict[str, Any]:
        return book.undelivered(number, to, why)

    return _changed(journal, marked, lambda _: f"{number} did not reach {to}: {why}", as_json)


def _changed(
    journal: str | None,
    change: Callable[["Book"], dict[str, Any]],
    said: Callable[[dict[str, Any]], str],
    as_json: bool,
) -> dict[str, Any]:
    import json

    from oracle.warnings.book import Book
    from scripts import _oracle

    book = Book.open(_oracle.journal_place(journal))
    try:
        done = change(book)
    finally:
        book.close()
    typer.echo(json.dumps(done, ensure_ascii=False) if as_json else said(done))
    return done
