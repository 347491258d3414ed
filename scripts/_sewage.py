"""Sewage works as recorded: meters, balances, days ruled on."""

from decimal import Decimal
from typing import Any

from ledger.errors import NotFound
from ledger.events import logs
from ledger.labels import label, text_of
from ledger.structs import read
from ledger.units import show
from scripts._balancing import balance_doubts, balance_ends, balance_head, devices
from scripts._days import day_index, day_of
from scripts._shared import Session
from scripts._showing import facts, m3, table, utc

NG_PER_KG = 10**12
ARITHMETIC = (
    "Loads are the arithmetic mean of a day's readings times its volume; "
    "means over outlets or days are weighted by flow."
)


def document(here: Session, number: int) -> dict[str, Any]:
    """A works for programs."""
    ledger = here.ledger
    raw = _works(here, number)
    ruled = logs(ledger, "SewageWorks", "DayRuled", filters={"works_id": number})
    return {
        "works": number,
        "name": raw["name"],
        "version": raw["version"],
        "grade": raw["grade"],
        "tolerance_bps": raw["tolerance_bps"],
        **devices(ledger, raw, "inlets", "outlets"),
        "days": [_day(here, event.args) for event in ruled],
    }


def _works(here: Session, number: int) -> dict[str, Any]:
    raw: dict[str, Any] = read(here.ledger, "SewageWorks", "works", number)
    if not raw["version"]:
        raise NotFound(f"no works {number}", "`waterline works set`")
    return raw


def _day(here: Session, args: Any) -> dict[str, Any]:
    ruled = dict(args["ruled"])
    limited, asked = ruled.pop("limited"), ruled["required_bps"] > 0
    return {
        "day": day_of(here, args["day"]),
        "parameter": text_of(args["parameter"]),
        "version": args["version"],
        **ruled,
        "limit_ng_l": ruled["limit_ng_l"] if limited else None,
        "required_bps": ruled["required_bps"] if asked else None,
        "ruled_at": utc(ruled["ruled_at"]),
    }


def lines(found: dict[str, Any]) -> list[str]:
    """A works for people."""
    told = [(key, ", ".join(found[key])) for key in ("inlets", "outlets")]
    told += [("tolerance", show(found["tolerance_bps"], "bps")), ("grade", found["grade"] or "-")]
    head = ("day", "parameter", "load in", "load out", "removed", "asked", "limit", "")
    rows = [
        (
            *(one["day"], one["parameter"], _kg(one["inlet_ng"]), _kg(one["outlet_ng"])),
            show(one["removal_bps"], "bps"),
            f"above {show(one['required_bps'], 'bps')}" if one["required_bps"] else "-",
            "-" if one["limit_ng_l"] is None else show(one["limit_ng_l"], "ng/L"),
            _verdict(one),
        )
        for one in found["days"]
    ]
    return [
        *facts([("works", found["name"]), *told]),
        *(["", *table(rows, head), "", ARITHMETIC] if rows else []),
    ]


def _verdict(one: dict[str, Any]) -> str:
    said = ["exceeded"] if one["exceeded"] else []
    said += [] if one["removed"] else ["too little removed"]
    said = said or ["met"]
    said += ["cold water"] if one["cold"] else []
    return ", ".join([*said, *(["advisory"] if one["advisory"] else [])])


def balance_document(here: Session, number: int, span: tuple[int, int, int]) -> dict[str, Any]:
    """A balance for programs."""
    _works(here, number)
    raw = read(here.ledger, "SewageWorks", "balance_of", number, *span)
    return {"works": number, **balance_ends(raw)}


def balance_lines(found: dict[str, Any]) -> list[str]:
    """A balance for people."""
    volumes = [(f"{end} volume", m3(found[f"{end}_l"])) for end in ("inlet", "outlet")]
    verdict = "within" if found["within"] else "beyond"
    tolerance = show(found["tolerance_bps"], "bps")
    said = f"{m3(found['difference_l'])}, {verdict} the tolerance of {tolerance}"
    return facts([*balance_head(found), *volumes, *balance_doubts(found), ("difference", said)])


def mean_document(
    here: Session, number: int, parameter: str, first: str, last: str
) -> dict[str, Any]:
    """A flow-weighted mean for programs."""
    _works(here, number)
    days = [day_index(here, day) for day in (first, last)]
    raw = read(here.ledger, "SewageWorks", "mean_of", number, label(parameter), *days)
    return {"works": number, "parameter": parameter, "from": first, "until": last, **raw}


def mean_lines(found: dict[str, Any]) -> list[str]:
    """A flow-weighted mean for people."""
    return facts(
        [
            (found["parameter"], f"{found['from']} to {found['until']}"),
            ("volume out", m3(found["outlet_l"])),
            ("load out", _kg(found["outlet_ng"])),
            ("mean, weighted by flow", show(found["mean_ng_l"], "ng/L")),
        ]
    )


def _kg(load_ng: int) -> str:
    return f"{Decimal(load_ng) / NG_PER_KG:.3f} kg"
