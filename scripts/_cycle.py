"""What the demo's summary shows of reservoir, district, works, loads, plan, bill and laboratory."""

from collections.abc import Callable
from typing import Any

from scripts._city import City

Run = Callable[..., Any]


def gathered(city: City, run: Run) -> dict[str, Any]:
    """The same, asked for with the commands that anybody has."""
    raw, day = city.raw, city.read_day
    districts, works = (range(1, len(raw[key]) + 1) for key in ("districts", "sewage_works"))
    return {
        "reservoirs": [
            {"station": one["station"], **run("source", "show", one["station"], "--json")}
            for one in raw["reservoirs"]
        ],
        "districts": [
            {
                **run("supply", "balance", str(n), "--period", day, "--json"),
                **run("supply", "night-flow", str(n), "--day", day, "--json"),
            }
            for n in districts
        ],
        "works": [run("works", "show", str(n), "--json") for n in works],
        "loads": [
            {**load, "permit": one["permit"]}
            for one in raw["loads"]
            for load in run("discharge", "load", "show", one["permit"], "--json")
        ],
        "violations": run("discharge", "violation", "list", "--json"),
        "plans": [
            run("plan", "show", one["permit"], "--year", str(one["year"]), "--json")
            for one in raw["plans"]
        ],
        "bills": run("bill", "list", "--json"),
        "reports": run("lab", "list", "--json"),
    }


def document(found: dict[str, Any]) -> dict[str, Any]:
    """What of it the one document of `--json` holds."""
    return {
        "reservoirs": {
            one["station"]: [ruling["band"] for ruling in one["rulings"]]
            for one in found["reservoirs"]
        },
        "leakage_ppm": {one["name"]: one["leakage_ppm"] for one in found["districts"]},
        "night_flow_ml_s": {one["name"]: one["flow_ml_s"] for one in found["districts"]},
        "sewage_works_days": {
            one["name"]: {day["parameter"]: not day["exceeded"] for day in one["days"]}
            for one in found["works"]
        },
        "loads": {one["period"]: one["load_limit"]["verdict"] for one in found["loads"]},
        "violations": {one["basis"]: one["state"] for one in found["violations"]},
        "months_over_plan": {
            one["subject"]: sum(part["over_l"] > 0 for part in _months(one))
            for one in found["plans"]
        },
        "billed_uy": {one["permit"]: one["lines"]["total_uy"] for one in found["bills"]},
        "laboratory": {one["sample"]: one["state"] for one in found["reports"]},
    }


def _months(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in plan["periods"] if one["calendar"] == "month"]


def lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    return [
        *("", "Reservoir, district and sewage works (constructed series, fictional limits)"),
        *_reservoirs(found),
        *("", *_districts(found)),
        *("", *_works(found)),
        *("", "Loads of the outfall against its permit (a benchmark series, a fictional limit)"),
        *_loads(found),
        *("", "Plan by month, and the bill of a year (a constructed series, fictional prices)"),
        *_plans(found),
        *("", *_bills(found)),
        *("", "Laboratory (a constructed report: no sample was taken)"),
        *_reports(found),
    ]


def _reservoirs(found: dict[str, Any]) -> list[str]:
    from ledger.units import show
    from scripts._showing import local_of, m3, table

    rows = [
        (
            *(one["station"], local_of(ruling["at"]), show(ruling["level_mm"], "mm")),
            *(m3(ruling["storage_l"]), ruling["band"], ruling["low_water"]),
        )
        for one in found["reservoirs"]
        for ruling in one["rulings"]
    ]
    return table(rows, ("station", "when", "level", "storage", "reached", "low water"))


def _districts(found: dict[str, Any]) -> list[str]:
    from scripts._showing import m3, share, table

    rows = [
        (
            *(one["name"], one["day"], m3(one["supplied_l"]), m3(one["registered_l"])),
            share(one["supplied_l"] - one["registered_l"], one["supplied_l"]),
            f"{one['flow_ml_s']:,} mL/s",
        )
        for one in found["districts"]
    ]
    return table(rows, ("district", "day", "supplied", "registered", "loss", "night flow"))


def _works(found: dict[str, Any]) -> list[str]:
    from ledger.units import show
    from scripts._showing import table

    rows = [
        (
            *(one["name"], day["day"], day["parameter"], show(day["removal_bps"], "bps")),
            *(show(day["limit_ng_l"], "ng/L"), "exceeded" if day["exceeded"] else "met"),
        )
        for one in found["works"]
        for day in one["days"]
    ]
    return table(rows, ("works", "day", "of", "removed", "limit", "at the outlet"))


def _loads(found: dict[str, Any]) -> list[str]:
    from scripts._loads import held
    from scripts._showing import m3, table

    rows = [
        (
            *(one["permit"], one["period"], one["parameter"], m3(one["volume_l"])),
            *(one["mean"], one["load"], held(one, "load_limit")),
        )
        for one in found["loads"]
    ]
    on_record = [
        f"On record as violation {one['violation']}: {one['basis']}, {one['day']}, {one['state']}."
        for one in found["violations"]
    ]
    return [*table(rows, ("permit", "day", "of", "volume", "mean", "load", "limit")), *on_record]


def _plans(found: dict[str, Any]) -> list[str]:
    from scripts._showing import m3, table

    rows = [
        (
            *(one["subject"], part["from"], m3(part["plan_l"]), m3(part["carried_l"])),
            *(m3(part["counted_l"]), m3(part["left_l"]), part["tier"]),
        )
        for one in found["plans"]
        for part in _months(one)
        if part["known"]
    ]
    return table(rows, ("permit", "month from", "plan", "carried", "used", "left", "tier"))


def _bills(found: dict[str, Any]) -> list[str]:
    from scripts._showing import m3, table, yuan

    rows = [
        (
            *(one["permit"], one["period"], m3(one["volume_l"]), m3(one["plan_l"])),
            *(yuan(one["lines"]["over_plan_uy"]), yuan(one["lines"]["total_uy"]), one["state"]),
        )
        for one in found["bills"]
    ]
    return table(rows, ("permit", "year", "volume", "plan", "over the plan", "total", "state"))


def _reports(found: dict[str, Any]) -> list[str]:
    from scripts import _laboratory as laboratory
    from scripts._showing import table

    rows = [
        (one["station"], one["sample"], one["state"], laboratory.outcome(one), one["worst"] or "-")
        for one in found["reports"]
    ]
    return table(rows, ("station", "sample", "state", "ruling", "worst"))
