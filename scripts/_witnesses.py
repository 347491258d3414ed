"""Witnesses of a lane: other organisations' oracles that sign its batches, and their dissents."""

from typing import Annotated, Any

import typer

from scripts._arguments import Contract, Lane
from scripts._lanes import opened, taking
from scripts._shared import Noun, Session, session

app = Noun(__doc__)


@app.write("set")
def set_(
    contract: Contract,
    lane: Lane,
    witness: Annotated[
        list[str] | None,
        typer.Option(help="An account or address of another organisation; several, one each."),
    ] = None,
    needed: Annotated[
        int, typer.Option(help="How many must sign each batch; 0 for none.", min=0, max=15)
    ] = 0,
) -> Any:
    """Say who witnesses a lane, in place of those before, from its next batch on.

    For example: waterline lane witnesses set QuotaTracker 1 --witness city-1 --witness lab-1
    --needed 2 --account officer-1
    """
    from scripts._signing import address_of_account
    from scripts._writing import Act, perform

    here, named = session(), witness or []
    opened(here, contract, lane)
    accounts = [address_of_account(one) for one in named]
    label = contract.encode().ljust(32, b"\0")
    functions = here.contract("Witnesses").functions
    call = functions.set_witnesses(label, lane, accounts, needed)
    who = ", ".join(named) or "nobody"
    says = f"{who} witness {contract} lane {lane}, {needed} must sign each batch"
    done = perform(here, [Act("Witnesses", call, says)])
    return here.tell(done.as_json(), lambda: [])


@app.read("show")
def show(contract: Contract, lane: Lane) -> Any:
    """Show who witnesses a lane and how many must sign.

    For example: waterline lane witnesses show QuotaTracker 1
    """
    from ledger.witnesses import witnesses
    from scripts._showing import facts
    from scripts._signing import name_of_account

    here = session()
    opened(here, contract, lane)
    found = witnesses(here.ledger, contract, lane)
    names = sorted(name_of_account(one) for one in found.accounts)
    document = {"contract": contract, "lane": lane, "needed": found.needed, "witnesses": names}
    told = {**document, "witnesses": ", ".join(names) or "none"}
    return here.tell(document, lambda: facts(told.items()))


def dissents(
    contract: Annotated[str | None, typer.Argument(help="Of one contract alone.")] = None,
    lane: Annotated[int | None, typer.Argument(help="Of one lane alone.")] = None,
) -> Any:
    """List batches that a witness saw otherwise, with the root of its own readings.

    For example: waterline lane dissents QuotaTracker 1
    """
    from scripts._showing import local, table

    here = session()
    if contract is not None:
        taking(contract)
    document = [
        one
        for one in _dissents(here)
        if contract in (None, one["contract"]) and lane in (None, one["lane"])
    ]
    rows = [
        (o["id"], o["contract"], o["lane"], o["batch"], o["by"], local(o["at"])) for o in document
    ]
    head = ("no.", "contract", "lane", "batch", "witness", "at")
    return here.tell(document, lambda: table(rows, head) if rows else ["No dissent."])


def _dissents(here: Session) -> list[dict[str, Any]]:
    from ledger.witnesses import dissents as recorded
    from scripts._signing import name_of_account

    return [
        {
            "id": one["id"],
            "contract": one["contract"],
            "lane": one["lane"],
            "batch": one["batch_id"],
            "by": name_of_account(one["by"]),
            "at": one["at"],
            "root": "0x" + one["root"].hex(),
            "reason_hash": "0x" + one["reason_hash"].hex(),
        }
        for one in recorded(here.ledger)
    ]
