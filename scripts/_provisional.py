"""What stands beside a permit's used volume: readings that are held, and what of it was deemed."""

from typing import Any

from ledger.devices import channel
from ledger.replacements import HELD, STATES, Deemed, deemed, held_l, replacements
from ledger.standards import YEAR
from ledger.structs import read
from scripts._accounts import BOOKS
from scripts._shared import Session
from scripts._showing import local_of, m3, utc

DAY_S = 86_400


def replacement_document(here: Session, number: int, one: dict[str, Any]) -> dict[str, Any]:
    """An urgent replacement as `--json` shows it."""
    old, new = (channel(here.ledger, one[key]) for key in ("old", "channel"))
    permit = read(here.ledger, "PermitRegistry", "permit", one["permit_id"])
    state = STATES[one["state"]]
    return {
        "replacement": number,
        "old": old.device,
        "new": new.device,
        "permit": permit["number"],
        "state": state,
        "held_l": held_l(here.ledger, new.contract, one),
        "closing_l": one["closing_l"],
        "opening_l": one["opening_l"],
        "opened_at": utc(one["opened_at"]),
        "asked_by": one["asked_by"],
        "asked_at": utc(one["asked_at"]),
        "due_at": utc(one["due_at"]),
        "overdue": one["state"] == HELD and here.chain.head().at > one["due_at"],
        "told_overdue": one["overdue"],
        "reason_sha256": "0x" + bytes(one["reason_hash"]).hex(),
        "evidence_sha256": _hash(one["evidence_hash"]),
        "decided_by": one["decided_by"] if one["decided_at"] else None,
        "decided_at": utc(one["decided_at"]),
        "refusal_sha256": _hash(one["refusal_hash"]),
    }


def _hash(value: Any) -> str | None:
    return "0x" + bytes(value).hex() if any(bytes(value)) else None


def beside_used(here: Session, permit_id: int, permit: dict[str, Any]) -> dict[str, Any]:
    """What is provisional, and what of the year's use was deemed: litres and time.

    `provisional` has the replacements whose readings are held: they count against nothing yet.
    """
    held = [
        replacement_document(here, number, one)
        for number, one in replacements(here.ledger)
        if one["permit_id"] == permit_id and one["state"] == HELD
    ]
    parts = _deemed_this_year(here, permit_id, permit)
    lasts_s = sum(one.until_at - one.from_at for one in parts)
    return {
        "provisional": held,
        "provisional_l": sum(one["held_l"] for one in held),
        "deemed_l": sum(one.volume_l for one in parts),
        "deemed_s": lasts_s,
        "deemed_days": round(lasts_s / DAY_S, 4),
        "deemed": [_part(here, one) for one in parts],
    }


def _part(here: Session, one: Deemed) -> dict[str, Any]:
    return {
        "device": channel(here.ledger, one.channel).device,
        "from": utc(one.from_at),
        "until": utc(one.until_at),
        "volume_l": one.volume_l,
        "transaction": one.transaction,
    }


def _deemed_this_year(here: Session, permit_id: int, permit: dict[str, Any]) -> list[Deemed]:
    """Deemed use that counts in the year in which the permit's meters stand."""
    ledger, book = here.ledger, BOOKS[permit["kind"]]
    bases = {n: read(ledger, book, "base", n) for n in read(ledger, book, "meters_of", permit_id)}
    if not bases:
        return []
    year = max(base["period"] for base in bases.values())
    begins_at, ends_at = (
        int(read(ledger, "Standards", "boundary", YEAR, index)) for index in (year, year + 1)
    )
    return [
        one
        for one in deemed(ledger, book, bases)
        if begins_at < one.until_at <= ends_at and one.until_at > bases[one.channel]["bound_at"]
    ]


def beside_lines(document: dict[str, Any]) -> list[tuple[str, object]]:
    """The same for people."""
    told: list[tuple[str, object]] = [
        (
            "provisional",
            f"{m3(one['held_l'])} of {one['new']} in place of {one['old']}, not counted; "
            f"decision {'overdue since' if one['overdue'] else 'due'} {local_of(one['due_at'])}",
        )
        for one in document["provisional"]
    ]
    if document["deemed"]:
        days = f"{document['deemed_s'] / DAY_S:,.1f} days without a meter"
        told.append(("deemed use", f"{m3(document['deemed_l'])}, {days}"))
    return told
