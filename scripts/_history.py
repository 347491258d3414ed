"""What became of a permit's right, event by event; a transfer's are those of both its permits."""

from collections.abc import Iterator
from typing import Any

from ledger.events import Event, logs
from scripts._permits import permit_of
from scripts._shared import Session
from scripts._showing import CAUSES, PERMIT_STATES, m3, utc
from scripts._signing import name_of_account

ANSWERS = {"accepted": ("declined", "accepted"), "approved": ("refused", "approved")}


def history(here: Session, permit_id: int) -> list[dict[str, Any]]:
    """Every change of the right that a permit gives, in the order of the chain, for programs."""
    return [
        {
            "event": event.name,
            "at": utc(event.block_time),
            "by": name_of_account(event.args["by"]) if "by" in event.args else None,
            "reason": reason_of(here, event.args),
            "transfer": event.args.get("transfer_id"),
            "transaction": event.transaction,
        }
        for event in _changes_of(here, permit_id)
    ]


def _changes_of(here: Session, permit_id: int) -> Iterator[Event]:
    """Only an offer names its permits; what is answered and decided names the transfer."""
    found = (
        event
        for contract in ("PermitRegistry", "PermitChanges")
        for event in logs(here.ledger, contract)
    )
    transfers = set()
    for event in sorted(found, key=lambda event: (event.block, event.log_index)):
        args = event.args
        if permit_id in (args.get("giver"), args.get("taker")):
            transfers.add(args["transfer_id"])
        if args.get("permit_id") == permit_id or args.get("transfer_id") in transfers:
            yield event


def reason_of(here: Session, args: Any) -> str | None:
    """Why a permit changed, in the words of the event or of the cause it names."""
    if "cause" in args:
        return f"version {args['version']}: {CAUSES[args['cause']]}"
    if "end" in args:
        return f"{PERMIT_STATES[args['end']]}: {args['ground']}"
    if "transfer_id" in args:
        return f"transfer {args['transfer_id']}{_said_of_transfer(here, args)}"
    reason: str | None = args.get("reason")
    return reason


def _said_of_transfer(here: Session, args: Any) -> str:
    if "giver" in args:
        giver, taker = (permit_of(here, args[one])["number"] for one in ("giver", "taker"))
        return f": {m3(args['volume_l'])} a year from {giver} to {taker}"
    return "".join(f" {words[args[key]]}" for key, words in ANSWERS.items() if key in args)
