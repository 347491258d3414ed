"""Volume accounts of permits: use, plan, tier, pace, and what was told about them."""

from typing import Any

from ledger.deployment import Ledger
from ledger.devices import channel
from ledger.events import Event, logs
from ledger.network import station
from ledger.structs import read
from scripts._permits import permits
from scripts._shared import Session
from scripts._showing import PERMIT_KINDS, PERMIT_STATES, TIERS, utc

BOOKS = {1: "QuotaTracker", 2: "DischargeVolumes"}  # which contract counts for which kind
TOLD = ("TierChanged", "PlanApproached", "PaceExceeded", "PeakExceeded", "UseWithoutRight")
NO_TIER = 0


def account_document(here: Session, permit_id: int, permit: dict[str, Any]) -> dict[str, Any]:
    """What a permit's volume account says now."""
    ledger, book = here.ledger, BOOKS[permit["kind"]]
    numbers = read(ledger, book, "meters_of", permit_id)
    meters = [(channel(ledger, n), read(ledger, book, "meter", n)) for n in numbers]
    last_at = max((raw["last_at"] for _, raw in meters), default=0)
    at = max(min(last_at or here.chain.head().at, permit["until_at"]), permit["from_at"] + 1)
    pace = read(ledger, book, "pace", permit_id, at)
    standing = read(ledger, book, "standing", permit_id)
    tier = standing["tier"] if standing["period"] == pace["period"] else NO_TIER
    return {
        "permit": permit["number"],
        "kind": PERMIT_KINDS[permit["kind"]],
        "state": PERMIT_STATES[permit["state"]],
        "station": station(ledger, permit["station_id"]).code,
        "plan_l": pace["plan_l"],
        "used_l": pace["used_l"],
        "expected_l": pace["expected_l"],
        "ahead_of_pace": pace["ahead"],
        "tier": TIERS[tier],
        "until": utc(last_at),
        "meters": [
            {
                "device": one.device,
                "channel": one.id,
                "register_l": raw["register_l"],
                "last_at": utc(raw["last_at"]),
                "over_peak": raw["over"],
                "redated_days": here.redated_days.get(one.id, 0),
            }
            for one, raw in meters
        ],
    }


def accounts(here: Session, kind: int) -> list[dict[str, Any]]:
    """The accounts of every permit of a kind."""
    return [
        account_document(here, permit_id, permit)
        for permit_id, permit in permits(here)
        if permit["kind"] == kind
    ]


def told_events(ledger: Ledger, book: str, permit_id: int) -> list[Event]:
    """What the contract told about an account, in the order of the chain."""
    numbers = set(read(ledger, book, "meters_of", permit_id))
    return [
        event
        for event in logs(ledger, book)
        if event.name in TOLD
        and (event.args.get("permit_id") == permit_id or event.args.get("channel") in numbers)
    ]


def told_document(event: Event) -> dict[str, Any]:
    """One thing told about an account."""
    args = event.args
    at = int(args.get("at") or args.get("month_end_at") or args.get("until_at") or 0)
    return {
        "event": event.name,
        "at": utc(at),
        "tier": TIERS[args["tier"]] if "tier" in args else None,
        "used_l": args.get("used_l"),
        "plan_l": args.get("plan_l"),
        "volume_l": args.get("volume_l"),
        "transaction": event.transaction,
        "block": event.block,
    }
