"""Reservoirs as recorded: rulings on level and low water, storages between levels."""

from typing import Any

from ledger.events import Event, logs
from ledger.network import station_by_code
from ledger.structs import read
from ledger.units import show
from scripts._shared import Session
from scripts._showing import facts, local_of, m3, table, utc

COLOURS = {0: "none", 1: "blue", 2: "yellow", 3: "orange", 4: "red"}
BANDS = {
    0: "below dead",
    1: "dead",
    2: "drought limit",
    3: "flood limit",
    4: "normal pool",
    5: "flood-control high",
    6: "design flood",
    7: "check flood",
}


def document(here: Session, station: str) -> dict[str, Any]:
    """A reservoir for programs."""
    place = station_by_code(here.ledger, station)
    of_it = {"station_id": place.id}
    levels = logs(here.ledger, "SourceMonitor", "LevelRuled", filters=of_it)
    low_water = logs(here.ledger, "SourceMonitor", "LowWaterRuled", filters=of_it)
    storages = read(here.ledger, "SourceMonitor", "storages", place.id, here.chain.head().at)
    return {
        "station": station,
        "storages": storages,
        "rulings": [_level(event) for event in levels],
        "low_water": [_low_water(event) for event in low_water],
    }


def _level(event: Event) -> dict[str, Any]:
    args = event.args
    return {
        "at": utc(args["at"]),
        "level_mm": args["level_mm"],
        "storage_l": args["storage_l"],
        "band": BANDS[args["band"]],
        "low_water": COLOURS[args["low_water"]],
        "flood": COLOURS[args["flood"]],
        "levels_version": args["levels_version"],
        "marks_version": args["marks_version"],
        "curve_version": args["curve_version"],
        "transaction": event.transaction,
    }


def _low_water(event: Event) -> dict[str, Any]:
    args, inflow = event.args, dict(event.args["inflow"])
    return {
        "at": utc(args["at"]),
        "level_mm": args["level_mm"],
        **inflow,
        **{end: utc(inflow[end]) for end in ("from_at", "until_at")},
        **{key: COLOURS[args[key]] for key in ("by_level", "by_inflow", "low_water")},
        "levels_version": args["levels_version"],
        "marks_version": args["marks_version"],
        "transaction": event.transaction,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    levels = [
        (
            *(local_of(one["at"]), show(one["level_mm"], "mm"), m3(one["storage_l"])),
            *(one["band"], one["low_water"], one["flood"]),
        )
        for one in found["rulings"]
    ]
    names = [
        (key.removesuffix("_l").replace("_", " "), m3(v)) for key, v in found["storages"].items()
    ]
    head = ("when", "level", "storage", "reached", "low water", "flood")
    return [*facts(names), "", *table(levels, head), *_low_water_lines(found["low_water"])]


def _low_water_lines(ruled: list[dict[str, Any]]) -> list[str]:
    """Low water by level or by the inflow of thirty days; what is provisional says so."""
    if not ruled:
        return []
    rows = [
        (
            *(local_of(one["until_at"]), m3(one["inflow_l"]), m3(one["normal_l"])),
            *(one["by_inflow"], one["by_level"], one["low_water"]),
            "provisional: the meter is silent" if one["silent"] else "",
        )
        for one in ruled
    ]
    head = ("30 days until", "inflow", "normal", "by inflow", "by level", "low water", "")
    return ["", *table(rows, head)]
