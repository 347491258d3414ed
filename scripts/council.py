"""The council: dangerous acts by several hands, urgent ones ratified later."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._arguments import Proposal, Urgent
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
STATES = {1: "open", 2: "done", 3: "ratified", 4: "lifted"}
Seats = Annotated[list[str], typer.Argument(help="The members: accounts or addresses.")]
Threshold = Annotated[int, typer.Option(min=2, help="How many must approve.")]
Delay = Annotated[str, typer.Option(help="How long an approved act waits.")]
Expiry = Annotated[str, typer.Option(help="How long after its proposal an act can be done.")]


@app.write("hand-over")
def hand_over(
    members: Seats,
    second: Annotated[str, typer.Option(help="The other administrator: signs the confirmation.")],
    threshold: Threshold = 2,
    delay: Delay = "24 h",
    expiry: Expiry = "14 d",
    second_password_file: Annotated[Path | None, typer.Option(help="Its passphrase.")] = None,
) -> Any:
    """Seat the council and hand the two administrators' power over to it, for good.

    For example: waterline council hand-over officer-1 officer-2 officer-3 --threshold 2 --account
    admin-1 --second admin-2
    """
    from scripts._proposing import Joint, jointly

    here = session()
    seats = _seats(members, threshold, delay, expiry)
    call = here.contract("Authority").functions.hand_over(*seats)
    says = f"hand over to a council of {len(members)}, {threshold} of whom decide"
    done = jointly(here, [Joint(call, says)], second, second_password_file)
    return here.tell(done.as_json() if done else {}, lambda: [])


@app.write("propose")
def propose(
    function: Annotated[str, typer.Argument(help="Contract and function: Authority.open_post.")],
    arguments: Annotated[str, typer.Argument(help="Its arguments as a JSON list.")] = "[]",
) -> Any:
    """Propose a call for the council to make; who proposes approves.

    Aliases of accounts may stand for addresses, in JSON: "@officer-1".

    For example: waterline council propose Authority.withdraw '["@relay-1"]' --account officer-1
    """
    from scripts._calls import call_of

    here = session()
    contract, call = call_of(here, function, arguments)
    says = f"propose {function}{arguments}"
    target = here.contract(contract).address
    return act("Council", "propose", says, target, call, numbered="proposal_id")


@app.write("approve")
def approve(proposal: Proposal) -> Any:
    """Approve a proposed call, after reading what it would do.

    For example: waterline council approve 1 --account officer-2
    """
    from ledger.structs import read

    here = session()
    one = _proposal(here, proposal)
    raw = read(here.ledger, "Council", "proposal", proposal)
    says = f"approve proposal {proposal}: {one['act']}"
    return act("Council", "approve", says, proposal, raw["act_hash"])


@app.write("withdraw-approval")
def withdraw_approval(proposal: Proposal) -> Any:
    """Take one's approval back while the call waits.

    For example: waterline council withdraw-approval 1 --account officer-2
    """
    says = f"take back the approval of proposal {proposal}"
    return act("Council", "withdraw_approval", says, proposal)


@app.write("execute")
def execute(proposal: Proposal) -> Any:
    """Carry out a call that is approved and has waited.

    For example: waterline council execute 1 --account officer-1
    """
    one = _proposal(session(), proposal)
    return act("Council", "execute", f"carry out proposal {proposal}: {one['act']}", proposal)


@app.write("urgent")
def urgent(
    function: Annotated[
        str,
        typer.Argument(help="QuotaTracker.halt_lane, PermitRegistry.suspend, Authority.withdraw"),
    ],
    arguments: Annotated[str, typer.Argument(help="Its arguments as a JSON list.")],
) -> Any:
    """Halt a lane, suspend a permit or withdraw an account at once; it is ratified later.

    To halt and suspend, the council needs a post with the supervisor's duty: let it be opened for
    the address of the contract Council before the hand-over, or by the council itself.

    For example: waterline council urgent QuotaTracker.halt_lane '[1]' --account officer-1
    """
    from scripts._calls import call_of

    here = session()
    contract, call = call_of(here, function, arguments)
    target = here.contract(contract).address
    says = f"at once: {function}{arguments}"
    return act("Council", "act_urgently", says, target, call, numbered="urgent_id")


@app.write("ratify")
def ratify(urgent: Urgent) -> Any:
    """Ratify an urgent act.

    For example: waterline council ratify 1 --account officer-2
    """
    return act("Council", "ratify", f"ratify urgent act {urgent}", urgent)


@app.write("lift")
def lift(urgent: Urgent) -> Any:
    """Undo an urgent act that was not ratified in time; anyone may.

    For example: waterline council lift 1 --account officer-1
    """
    return act("Council", "lift", f"lift urgent act {urgent}", urgent)


@app.read("show")
def show() -> Any:
    """Show the seats, the proposals and the urgent acts.

    For example: waterline council show
    """
    from ledger.structs import every, read
    from scripts._showing import facts, local_of, table, utc
    from scripts._signing import name_of_account

    here = session()
    ledger = here.ledger
    sits = read(ledger, "Authority", "council_sits")
    threshold = read(ledger, "Council", "threshold")
    document = {
        "sits": sits,
        "members": [name_of_account(a) for a in read(ledger, "Council", "members")],
        "threshold": threshold,
        "delay_s": read(ledger, "Council", "delay_s"),
        "expiry_s": read(ledger, "Council", "expiry_s"),
        "proposals": [
            _proposal(here, n) for n in range(1, read(ledger, "Council", "proposal_count") + 1)
        ],
        "urgent": [
            {
                "urgent": n,
                "by": name_of_account(raw["by"]),
                "state": STATES[raw["state"]],
                "ratify_by": utc(raw["ratify_by_at"]),
                "approvals": bin(raw["approvals"]).count("1"),
            }
            for n, raw in every(ledger, "Council", "urgent", "urgent_count")
        ],
    }

    def lines() -> list[str]:
        if not sits:
            return ["No council sits: two administrators decide. `waterline council hand-over`"]
        told = [("members", ", ".join(document["members"])), ("to decide", f"{threshold} of them")]
        rows = [
            (
                p["proposal"],
                p["act"],
                f"{p['approvals']} of {threshold}",
                p["state"],
                local_of(p["ready_at"]),
            )
            for p in document["proposals"]
        ]
        acts = [
            (
                u["urgent"],
                u["by"],
                f"{u['approvals']} of {threshold}",
                u["state"],
                local_of(u["ratify_by"]),
            )
            for u in document["urgent"]
        ]
        return [
            *facts(told),
            *(["", *table(rows, ("no.", "act", "approved by", "state", "from"))] if rows else []),
            *(
                ["", *table(acts, ("urgent", "by", "ratified by", "state", "until"))]
                if acts
                else []
            ),
        ]

    return here.tell(document, lines)


def _proposal(here: Session, number: int) -> dict[str, Any]:
    """A proposal with the call in words."""
    from ledger.errors import NotFound
    from ledger.structs import read
    from scripts._calls import described
    from scripts._showing import utc
    from scripts._signing import name_of_account

    raw = read(here.ledger, "Council", "proposal", number)
    if not raw["state"]:
        raise NotFound(f"no proposal {number}", "`waterline council show`")
    data = read(here.ledger, "Council", "act", number)
    return {
        "proposal": number,
        "act": described(here, raw["target"], data),
        "proposed_by": name_of_account(raw["proposed_by"]),
        "approvals": read(here.ledger, "Council", "approvals", number),
        "state": STATES[raw["state"]],
        "ready_at": utc(raw["ready_at"]),
        "expires_at": utc(raw["expires_at"]),
        "act_hash": "0x" + raw["act_hash"].hex(),
    }


def _seats(members: list[str], threshold: int, delay: str, expiry: str) -> tuple[Any, ...]:
    from ledger.units import parse_duration
    from scripts._signing import address_of_account

    addresses = [address_of_account(one) for one in members]
    return addresses, threshold, parse_duration(delay), parse_duration(expiry)


cli = app.cli()
