"""Acts that two administrators decide together."""

from typing import Any

from scripts._arguments import Proposal
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
STATES = {1: "open", 2: "confirmed", 3: "cancelled"}


@app.read("list")
def list_() -> Any:
    """List the proposals and what each would do."""
    from scripts._showing import table

    here = session()
    document = _proposals(here)
    rows = [(p["id"], p["state"], p["proposed_by"], p["act"]) for p in document]
    return here.tell(document, lambda: table(rows, ("no.", "state", "proposed by", "act")))


@app.read("show")
def show(number: Proposal) -> Any:
    """Show one proposal."""
    from ledger.errors import NotFound
    from scripts._showing import facts

    here = session()
    found = [one for one in _proposals(here) if one["id"] == number]
    if not found:
        raise NotFound(f"no proposal {number}", "list them with `waterline proposal list`")
    return here.tell(found[0], lambda: facts(found[0].items()))


@app.write("confirm")
def confirm(number: Proposal) -> Any:
    """Confirm the other administrator's proposal; the act happens at once.

    For example: waterline proposal confirm 4 --account admin-2
    """
    return _decide("confirm", number)


@app.write("cancel")
def cancel(number: Proposal) -> Any:
    """Take a proposal back.

    For example: waterline proposal cancel 4 --account admin-1
    """
    return _decide("cancel", number)


def _decide(verb: str, number: int) -> Any:
    from scripts._writing import Act, perform

    here = session()
    known = {one["id"]: one["act"] for one in _proposals(here)}
    call = getattr(here.contract("Authority").functions, verb)(number)
    says = f"{verb} proposal {number}: {known.get(number, 'unknown')}"
    done = perform(here, [Act("Authority", call, says)])
    return here.tell(done.as_json(), lambda: [])


def _proposals(here: Session) -> list[dict[str, Any]]:
    from ledger.events import logs, sent_in
    from ledger.structs import read
    from scripts._proposing import described
    from scripts._signing import name_of_account

    authority, found = here.contract("Authority"), []
    for event in logs(here.ledger, "Authority", "Proposed"):
        number = int(event.args["proposal_id"])
        _, arguments = sent_in(here.ledger, event)
        state = read(here.ledger, "Authority", "proposal", number)["state"]
        found.append(
            {
                "id": number,
                "state": STATES[state],
                "proposed_by": name_of_account(event.args["by"]),
                "act": described(arguments["act"], authority.abi),
            }
        )
    return found


cli = app.cli()
