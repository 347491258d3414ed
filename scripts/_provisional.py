"""What stands beside a permit's used volume: what is held, deemed, estimated and corrected."""

from typing import Any

from ledger.audit.accounts import Scheme
from ledger.devices import channel
from ledger.estimates import standing_estimate
from ledger.replacements import HELD, STATES, Deemed, deemed, held_l, replacements
from ledger.standards import YEAR
from ledger.structs import read
from scripts._accounts import BOOKS
from scripts._plans import span
from scripts._returns import return_document, return_lines
from scripts._shared import Session
from scripts._showing import TIERS, local_of, m3, utc

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
    """What is provisional, and what of the year's use was deemed, estimated and corrected.

    `provisional` has the replacements whose readings are held: they count against nothing yet.
    `estimated` has the meters that stand on estimates which no measured register has superseded.
    """
    held = [
        replacement_document(here, number, one)
        for number, one in replacements(here.ledger)
        if one["permit_id"] == permit_id and one["state"] == HELD
    ]
    book = BOOKS[permit["kind"]]
    bases = {
        n: read(here.ledger, book, "base", n)
        for n in read(here.ledger, book, "meters_of", permit_id)
    }
    year = max((base["period"] for base in bases.values()), default=0)
    parts = _deemed_in(here, book, bases, year) if bases else []
    estimates = [_estimate(here, n) for n in bases]
    lasts_s = sum(one.until_at - one.from_at for one in parts)
    return {
        "provisional": held,
        "provisional_l": sum(one["held_l"] for one in held),
        "deemed_l": sum(one.volume_l for one in parts),
        "deemed_s": lasts_s,
        "deemed_days": round(lasts_s / DAY_S, 4),
        "deemed": [_part(here, one) for one in parts],
        "estimated": [one for one in estimates if one],
        "estimated_l": sum(one["volume_l"] for one in estimates if one),
        **_net(here, permit_id, book, list(bases), year),
        "return_flow": return_document(here, permit_id, year),
    }


def _estimate(here: Session, number: int) -> dict[str, Any] | None:
    """A meter that stands on estimates: what was measured before, and what was estimated since."""
    meter = channel(here.ledger, number)
    found = standing_estimate(here.ledger, meter)
    if found is None:
        return None
    return {
        "device": meter.device,
        "measured_l": found.measured_l,
        "register_l": found.register_l,
        "volume_l": found.volume_l,
        "from": utc(found.steps[0][0]),
        "until": utc(found.steps[-1][0]),
    }


def _net(
    here: Session, permit_id: int, book: str, channels: list[int], year: int
) -> dict[str, Any]:
    """The year's use with its corrections, and the tier of that; registers alone say `used_l`."""
    ledger = here.ledger
    corrected = ledger.contract("QuotaPlans").functions.corrected_l
    corrected_l = sum(int(corrected(number, YEAR, year).call()) for number in channels)
    net_l = max(int(read(ledger, book, "used_l", permit_id, year)) + corrected_l, 0)
    account = read(ledger, book, "account", permit_id)
    scheme = Scheme.of(read(ledger, "Standards", "scheme", account["scheme_id"]))
    tier = scheme.tier(net_l, account["plan_l"])
    return {"corrected_l": corrected_l, "net_l": net_l, "net_tier": TIERS[tier]}


def _part(here: Session, one: Deemed) -> dict[str, Any]:
    return {
        "device": channel(here.ledger, one.channel).device,
        "from": utc(one.from_at),
        "until": utc(one.until_at),
        "volume_l": one.volume_l,
        "transaction": one.transaction,
    }


def _deemed_in(here: Session, book: str, bases: dict[int, Any], year: int) -> list[Deemed]:
    """Deemed use that counts in a year in which the permit's meters stand."""
    begins_at, ends_at = span(here, YEAR, year)
    return [
        one
        for one in deemed(here.ledger, book, bases)
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
    told += [
        (
            "estimated",
            f"{m3(one['volume_l'])} of {one['device']}, until a measured register supersedes it",
        )
        for one in document["estimated"]
    ]
    if document["corrected_l"]:
        net = f"{m3(document['net_l'])} net, tier {document['net_tier']}"
        told.append(("corrected", f"by {m3(document['corrected_l'])}: {net}"))
    if document["deemed"]:
        days = f"{document['deemed_s'] / DAY_S:,.1f} days without a meter"
        told.append(("deemed use", f"{m3(document['deemed_l'])}, {days}"))
    return told + return_lines(document["return_flow"])
