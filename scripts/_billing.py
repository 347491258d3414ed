"""Tariffs in force and bills as recorded."""

from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.errors import NotFound, UsageError, refused
from ledger.standards import YEAR
from ledger.structs import every, read
from scripts._days import year_begins
from scripts._plans import CALENDARS, period_index, span
from scripts._shared import Session
from scripts._showing import BILL_STATES, facts, local_zone, m3, utc, yuan

LINES = {
    "water_uy": "water",
    "sewage_uy": "sewage fee",
    "tax_uy": "resource tax",
    "over_plan_uy": "over the plan",
    "surcharges_uy": "surcharges",
    "minimum_uy": "up to the minimum",
    "credit_uy": "credit",
    "total_uy": "total",
}


def in_force(here: Session, name: str, at: int) -> tuple[int, dict[str, Any]]:
    """The latest version of a tariff in force at a moment."""
    ledger = here.ledger
    for version in range(read(ledger, "Tariff", "tariff_versions", name), 0, -1):
        tariff_id = read(ledger, "Tariff", "tariff_of_version", name, version)
        terms = read(ledger, "Tariff", "terms", tariff_id)
        if terms["in_force_at"] <= at:
            return int(tariff_id), terms
    raise NotFound(
        f"no tariff {name!r} is in force at {utc(at)}", "load it: `waterline standard load-tariff`"
    )


def tariff_for(here: Session, name: str, period: str) -> tuple[int, int]:
    """A tariff in force as a period written like 2026-05 began, and the period's index.

    UsageError where the tariff bills by another calendar than the period's.
    """
    calendar, index = period_index(here, period)
    tariff_id, terms = in_force(here, name, span(here, calendar, index)[0])
    if terms["calendar"] != calendar:
        word = next(word for word, number in CALENDARS.items() if number == terms["calendar"])
        raise UsageError(
            f"{name!r} bills by the {word}, and {period} is none",
            "name a period of its kind, like 2026, 2026-Q2 or 2026-05, or another tariff",
        )
    return tariff_id, index


def period_text(calendar: int, begins_at: int) -> str:
    """A period as it is written: 2026, 2026-Q2 or 2026-05."""
    first = datetime.fromtimestamp(begins_at, local_zone())
    texts = {
        CALENDARS["quarter"]: f"{first.year}-Q{(first.month + 2) // 3}",
        CALENDARS["month"]: f"{first:%Y-%m}",
    }
    return texts.get(calendar, str(first.year))


def household_bill(here: Session, first: Path, last: Path, tariff: str) -> dict[str, Any]:
    """What a household owes between the days of two proofs, as the contract works it out.

    Reverted with the contract's reason where the two do not make a bill.
    """
    from web3.exceptions import ContractLogicError, Web3RPCError

    from ledger.refusals import reason_of
    from oracle.household_proofs import load

    begins, ends = load(first), load(last)
    tariff_id, terms = in_force(here, tariff, begins.ends_at)
    arguments = tariff_id, begins.as_argument(here.ledger), ends.as_argument(here.ledger)
    try:
        raw = read(here.ledger, "Tariff", "household_quote", *arguments)
    except (ContractLogicError, Web3RPCError) as error:
        raise refused(reason_of(error)) from error
    return {
        "tariff": terms["name"],
        "version": terms["version"],
        "verified": terms["verified"],
        "volume_l": ends.register_l - begins.register_l,
        "plan_l": None,
        **lines_of(raw),
    }


def period_of(here: Session, year: int) -> tuple[int, int]:
    """A local year as an index into the calendar, and when it begins."""
    begins_at = year_begins(year)
    period = read(here.ledger, "Standards", "period_at", YEAR, begins_at + 1)
    return int(period), begins_at


def lines_of(raw: dict[str, Any]) -> dict[str, int]:
    """The lines of a bill in micro-yuan."""
    return {key: raw[key] for key in LINES}


def shown_lines(document: dict[str, Any]) -> list[str]:
    """The lines of a quote for people."""
    told: list[tuple[str, object]] = [
        ("tariff", f"{document['tariff']}, version {document['version']}"),
        ("volume", m3(document["volume_l"])),
    ]
    if not document["verified"]:
        told.append(("", "unverified default"))
    if document["plan_l"]:
        told.append(("plan", m3(document["plan_l"])))
    told += [(word, yuan(document[key])) for key, word in LINES.items() if document[key]]
    return facts(told)


def bills(here: Session) -> list[dict[str, Any]]:
    """Every bill, with what is owed now."""
    ledger, now = here.ledger, here.chain.head().at
    found = []
    for number, raw in every(ledger, "Tariff", "bill", "bill_count"):
        terms = read(ledger, "Tariff", "terms", raw["tariff_id"])
        begins_at = read(ledger, "Standards", "boundary", terms["calendar"], raw["period"])
        found.append(
            {
                "bill": number,
                "permit": read(ledger, "PermitRegistry", "permit", raw["permit_id"])["number"],
                "tariff": terms["name"],
                "version": terms["version"],
                "verified": terms["verified"],
                "period": period_text(terms["calendar"], begins_at),
                "volume_l": raw["volume_l"],
                "plan_l": raw["plan_l"],
                "lines": lines_of(raw["lines"]),
                "held_uy": raw["held_uy"],
                "owed_uy": read(ledger, "Tariff", "owed_uy", number, now),
                "state": BILL_STATES[raw["state"]],
                "reissues": raw["reissues"] or None,
                "settled_at": utc(raw["settled_at"]),
                "paid_at": utc(raw["paid_at"]),
            }
        )
    return found


def shown_bill(bill: dict[str, Any]) -> list[str]:
    """A bill for people."""
    told = [("bill", bill["bill"]), ("permit", bill["permit"]), ("period", bill["period"])]
    more = shown_lines(bill | bill["lines"])
    last = [("held by a dispute", yuan(bill["held_uy"]))] if bill["held_uy"] else []
    owed = [("owed now", yuan(bill["owed_uy"])), ("state", bill["state"])]
    return [*facts(told), *more, *facts([*last, *owed])]
