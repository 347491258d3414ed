"""Districts as recorded: meters, balances, rulings."""

from decimal import Decimal
from typing import Any

from ledger.errors import NotFound
from ledger.events import logs
from ledger.standards import YEAR
from ledger.structs import read
from scripts._balancing import balance_doubts, balance_ends, balance_head, devices
from scripts._billing import period_text
from scripts._plans import span
from scripts._shared import Session
from scripts._showing import facts, local_of, m3, table

GRADES = {0: None, 1: "grade 1", 2: "grade 2", 3: "worse than grade 2"}


def document(here: Session, number: int) -> dict[str, Any]:
    """A district for programs."""
    ledger = here.ledger
    raw = district_of(here, number)
    ruled = logs(ledger, "SupplyMonitor", "LeakageRuled", filters={"district_id": number})
    return {
        "district": number,
        "name": raw["name"],
        "version": raw["version"],
        **devices(ledger, raw, "inlets", "outlets", "users"),
        "leakage": [
            _leakage(here, event.args["balance"], event.args["leakage"]) for event in ruled
        ],
    }


def district_of(here: Session, number: int) -> dict[str, Any]:
    """A district as it is drawn; NotFound when there is none."""
    raw: dict[str, Any] = read(here.ledger, "SupplyMonitor", "district", number)
    if not raw["version"]:
        raise NotFound(f"no district {number}", "`waterline supply set-district`")
    return raw


def _leakage(here: Session, balance: Any, leakage: Any) -> dict[str, Any]:
    """A balance with its leakage, and which version of which year's record corrected it."""
    told = {**balance_ends(balance), **leakage, "grade": GRADES[leakage["grade"]]}
    year, version = told.pop("corrections_year"), told.pop("corrections_version")
    begins_at, _ = span(here, YEAR, year)
    corrections = {"year": int(period_text(YEAR, begins_at)), "version": version}
    return {**told, "corrections": corrections if version else None}


def balance_document(here: Session, number: int, span: tuple[int, int, int]) -> dict[str, Any]:
    """Balance and leakage of a district over periods, for programs."""
    raw = district_of(here, number)
    balance, leakage = (
        read(here.ledger, "SupplyMonitor", view, number, *span)
        for view in ("balance_of", "leakage_of")
    )
    return {"district": number, "name": raw["name"], **_leakage(here, balance, leakage)}


def balance_lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    return facts(
        [
            *(("district", found["name"]), *balance_head(found)),
            *((end, m3(found[f"{end}_l"])) for end in ("supplied", "registered")),
            *balance_doubts(found),
            ("loss, uncorrected", _percent(found["loss_ppm"])),
            ("leakage, corrected", _percent(found["leakage_ppm"])),
            ("corrections", _corrections(found["corrections"])),
            ("grade", found["grade"] or "- (given for a year)"),
        ]
    )


def region_document(
    here: Session, districts: list[int], span: tuple[int, int, int]
) -> dict[str, Any]:
    """Leakage of a region over periods, for programs; each district counts once."""
    numbers = sorted(set(districts))
    names = [district_of(here, number)["name"] for number in numbers]
    raw = read(here.ledger, "SupplyMonitor", "region_leakage_of", numbers, *span)
    told = {**balance_ends(raw), "grade": GRADES[raw["grade"]]}
    if not raw["yearly"]:
        told |= {"on_target_a": None, "on_target_b": None}
    return {"districts": dict(zip(numbers, names, strict=True)), **told}


def region_lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    targets = (("a", "at most 9 % (A)"), ("b", "below 9 % (B)"))
    met = {None: "- (given for a year)", True: "met", False: "NOT MET"}
    return facts(
        [
            *(("districts", ", ".join(found["districts"].values())), *balance_head(found)),
            *((end, m3(found[f"{end}_l"])) for end in ("supplied", "registered")),
            *balance_doubts(found),
            ("loss, uncorrected", _percent(found["loss_ppm"])),
            ("leakage, corrected", _percent(found["leakage_ppm"])),
            ("grade", found["grade"] or "- (given for a year)"),
            *((f"target, {says}", met[found[f"on_target_{key}"]]) for key, says in targets),
        ]
    )


def lines(found: dict[str, Any]) -> list[str]:
    """A district for people; which rate is corrected is said."""
    told = [(key, ", ".join(found[key]) or "-") for key in ("inlets", "outlets", "users")]
    rates = [
        (
            *(local_of(one["from_at"]), local_of(one["until_at"]), m3(one["supplied_l"])),
            *(_percent(one["loss_ppm"]), _percent(one["leakage_ppm"]), one["grade"] or "-"),
        )
        for one in found["leakage"]
    ]
    head = ("from", "until", "supplied", "loss, uncorrected", "leakage, corrected", "")
    return [
        *facts([("district", found["name"]), *told]),
        *(["", *table(rates, head)] if rates else []),
    ]


def _corrections(record: dict[str, int] | None) -> str:
    if not record:
        return "none on record (`waterline supply set-corrections`)"
    return f"of {record['year']}, version {record['version']}"


def _percent(ppm: int) -> str:
    return f"{Decimal(ppm) / 10_000:.2f} %"
