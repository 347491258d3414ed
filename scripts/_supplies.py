"""Districts as recorded: meters, snapshots, rulings."""

from decimal import Decimal
from typing import Any

from ledger.errors import NotFound
from ledger.events import logs
from ledger.structs import read
from scripts._shared import Session
from scripts._showing import facts, local_of, m3, table, utc
from scripts._snapshots import devices, snapshot_lines, snapshots

GRADES = {0: None, 1: "grade 1", 2: "grade 2", 3: "worse than grade 2"}


def document(here: Session, number: int) -> dict[str, Any]:
    """A district for programs."""
    ledger = here.ledger
    raw = read(ledger, "SupplyMonitor", "district", number)
    if not raw["version"]:
        raise NotFound(f"no district {number}", "`waterline supply set-district`")
    ruled = logs(ledger, "SupplyMonitor", "LeakageRuled", filters={"district_id": number})
    return {
        "district": number,
        "name": raw["name"],
        "version": raw["version"],
        **devices(ledger, raw, "inlets", "outlets", "users"),
        "snapshots": snapshots(ledger, "SupplyMonitor", number),
        "leakage": [_leakage(event.args) for event in ruled],
    }


def _leakage(args: Any) -> dict[str, Any]:
    balance, leakage = dict(args["balance"]), dict(args["leakage"])
    return {
        "from": utc(balance["from_at"]),
        "until": utc(balance["until_at"]),
        "supplied_l": balance["supplied_l"],
        "registered_l": balance["registered_l"],
        "loss_ppm": leakage["loss_ppm"],
        "correction_ppm": leakage["correction_ppm"],
        "leakage_ppm": leakage["leakage_ppm"],
        "grade": GRADES[leakage["grade"]],
    }


def lines(found: dict[str, Any]) -> list[str]:
    """A district for people; which rate is corrected is said."""
    told = [(key, ", ".join(found[key]) or "-") for key in ("inlets", "outlets", "users")]
    rates = [
        (
            *(local_of(one["from"]), local_of(one["until"]), m3(one["supplied_l"])),
            *(_percent(one["loss_ppm"]), _percent(one["leakage_ppm"]), one["grade"] or "-"),
        )
        for one in found["leakage"]
    ]
    head = ("from", "until", "supplied", "loss, uncorrected", "leakage, corrected", "")
    return [
        *facts([("district", found["name"]), *told]),
        *snapshot_lines(found["snapshots"]),
        *(["", *table(rates, head)] if rates else []),
    ]


def _percent(ppm: int) -> str:
    return f"{Decimal(ppm) / 10_000:.2f} %"
