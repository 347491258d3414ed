"""Lanes: each is one relay's own sequence of batches into one contract."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.channels import BOOKS
from scripts import _witnesses
from scripts._arguments import Contract, Lane
from scripts._lanes import opened, taking
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
app.add_typer(_witnesses.app, name="witnesses")


@app.write("open")
def open_(
    contract: Annotated[str | None, typer.Argument(help=", ".join(BOOKS))] = None,
    relay: Annotated[str, typer.Option(help="The account that will send its batches.")] = "",
    group: Annotated[int, typer.Option(help="Relay group: which channels it reaches.")] = 1,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="File with many, as city.yaml.")
    ] = None,
) -> Any:
    """Open a lane for a relay account, or every lane of a file (list `lanes`).

    For example: waterline lane open QuotaTracker --relay relay-1 --group 1 --account keeper-1
    """
    from scripts._files import count, section, take
    from scripts._signing import address_of_account
    from scripts._writing import Act, perform

    here, acts = session(), []
    one = {"contract": contract, "relay": relay, "group": group}
    for entry in section(file, "lanes") if file else [one]:
        name = taking(str(take(entry, "contract", "a lane")))
        owner = str(take(entry, "relay", f"lane of {name}"))
        number = count(entry, "group", f"lane of {name}")
        call = here.contract(name).functions.open_lane(address_of_account(owner), number)
        acts.append(Act(name, call, f"open a lane for {owner}, relay group {number}"))
    return _written(here, perform(here, acts))


@app.write("halt")
def halt(contract: Contract, lane: Lane) -> Any:
    """Stop a lane at once; its batches are refused until it is resumed.

    For example: waterline lane halt QuotaTracker 1 --account officer-1
    """
    return _switch("halt_lane", "halt", contract, lane)


@app.write("resume")
def resume(contract: Contract, lane: Lane) -> Any:
    """Let a halted lane go on where it stopped.

    For example: waterline lane resume QuotaTracker 1 --account officer-1
    """
    return _switch("resume_lane", "resume", contract, lane)


@app.read("list")
def list_() -> Any:
    """List every lane of every contract."""
    from scripts._showing import table

    here = session()
    document = [
        _document(here, name, number)
        for name in BOOKS
        for number in range(1, here.view(name, "lane_count") + 1)
    ]
    rows = [
        (o["contract"], o["lane"], o["relay"], o["relay_group"], o["next_batch"], o["state"])
        for o in document
    ]
    head = ("contract", "lane", "relay", "group", "next batch", "state")
    return here.tell(document, lambda: table(rows, head))


@app.read("show")
def show(contract: Contract, lane: Lane) -> Any:
    """Show one lane."""
    from scripts._showing import facts

    here = session()
    document = _document(here, taking(contract), lane)
    return here.tell(document, lambda: facts(document.items()))


def _document(here: Session, contract: str, number: int) -> dict[str, Any]:
    from ledger.structs import read
    from scripts._signing import name_of_account

    opened(here, contract, number)
    raw = read(here.ledger, contract, "lane", number)
    return {
        "contract": contract,
        "lane": number,
        "relay": name_of_account(raw["owner"]),
        "relay_group": raw["relay_group"],
        "next_batch": raw["next_id"],
        "counted_l": raw["total_l"],
        "state": "halted" if raw["halted"] else "open",
        "running_hash": "0x" + here.view(contract, "running", number).hex(),
    }


def _switch(function: str, verb: str, contract: str, number: int) -> Any:
    from scripts._writing import Act, perform

    here, name = session(), taking(contract)
    call = getattr(here.contract(name).functions, function)(number)
    return _written(here, perform(here, [Act(name, call, f"{verb} lane {number}")]))


def _written(here: Session, done: Any) -> Any:
    return here.tell(done.as_json(), lambda: [])


app.read("dissents")(_witnesses.dissents)

cli = app.cli()
