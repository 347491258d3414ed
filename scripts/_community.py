"""The demo's community: what its households told day by day, its bill, and a resident's own one.

The households are constructed: each day they use together what the community's meter counted. Their
days are those of the constructed series, so the file is written when the demo begins.
"""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from ledger.units import show
from scripts._city import City
from scripts._shared import Session

Run = Callable[..., Any]
DAYS = 3  # of the constructed series
SPREAD_L = 20  # between a household's use and the next one's, five in a row
MAPPING = {
    "title": "households",
    "files": ["homes.csv"],
    "note": "Constructed for the demo; no such households exist.",
    "community": "community",
    "day": "day",
    "household": "household",
    "opening": "opening_l",
    "registers": ["closing_l"],
    "unit": "L",
}


def days(city: City) -> list[str]:
    """The whole local days of the constructed series."""
    last = date.fromisoformat(city.read_day)
    return [str(last - timedelta(days=back)) for back in range(DAYS - 1, -1, -1)]


def uses_l(community: dict[str, Any]) -> list[int]:
    """What each household uses a day; five in a row use five times the mean."""
    mean_l = int(community["use_l"])
    return [mean_l + SPREAD_L * (n % 5 - 2) for n in range(int(community["households"]))]


def homes(city: City, folder: Path) -> tuple[str, ...]:
    """Write what the households told, and name it to the command that feeds; before the meters."""
    rows = [
        (one["device"], day, f"account {number}", use_l * before, use_l * (before + 1))
        for one in city.raw["communities"]
        for before, day in enumerate(days(city))
        for number, use_l in enumerate(uses_l(one), 1)
    ]
    told, mapping = folder / "homes.csv", folder / "homes.yaml"
    with told.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("community", "day", "household", "opening_l", "closing_l"), *rows]
        )
    mapping.write_text(yaml.safe_dump({**MAPPING, "timezone": city.timezone}), encoding="utf-8")
    return (str(told), "--households", str(mapping))


def billed(here: Session, city: City, folder: Path, run: Run) -> list[dict[str, Any]]:
    """The bill of each community for the last day, by its households' totals, and a resident's.

    Two days that follow each other are within one month, as the resident's tariff asks.
    """
    return [_billed(here, city, folder, one, run) for one in city.raw["communities"]]


def _billed(
    here: Session, city: City, folder: Path, community: dict[str, Any], run: Run
) -> dict[str, Any]:
    device, (*_, before, day) = community["device"], days(city)
    number = folder / "household.txt"
    number.touch(mode=0o600)
    number.write_text("account 1", encoding="utf-8")
    proofs = [folder / f"{device}-{one}.json" for one in (before, day)]
    for one, proof in zip((before, day), proofs, strict=True):
        run(
            *("oracle", "household-proof", device, "--day", one),
            *("--household-file", str(number), "-o", str(proof), "--json"),
        )
    tariff = ("--tariff", community["tariff"], "--json")
    own = run("bill", "household", *(str(proof) for proof in proofs), *tariff)
    uses = Counter(uses_l(community))
    quotes = {use_l: run("bill", "quote", f"{use_l} L", *tariff) for use_l in uses}
    return {
        "community": device,
        "day": day,
        "households": sum(uses.values()),
        "households_l": sum(use_l * count for use_l, count in uses.items()),
        "meter_l": _metered_l(here, device, day),
        "total_uy": sum(quotes[use_l]["total_uy"] * count for use_l, count in uses.items()),
        "resident_l": own["volume_l"],
        "resident_uy": own["total_uy"],
    }


def _metered_l(here: Session, device: str, day: str) -> int:
    """What the community's meter counted on a day, by the registers kept at its turns."""
    from ledger.devices import channel_of
    from ledger.standards import DAY
    from ledger.structs import read
    from scripts._days import day_index

    channel, index = channel_of(here.ledger, device, "volume").id, day_index(here, day)
    return int(read(here.ledger, "RegisterTurns", "passed", channel, DAY, index, index)["volume_l"])


def lines(found: list[dict[str, Any]]) -> list[str]:
    """The same for people."""
    from scripts._showing import m3, table, yuan

    rows = [
        (
            *(one["community"], one["day"], one["households"], m3(one["households_l"])),
            *(m3(one["meter_l"]), yuan(one["total_uy"])),
        )
        for one in found
    ]
    own = [
        f"One resident of {one['community']}, proved from two leaves of its own:"
        f" {show(one['resident_l'], 'l')}, {yuan(one['resident_uy'])}."
        for one in found
    ]
    head = ("community", "day", "households", "their sum", "its meter", "owed together")
    return [
        *("", "A community's bill of a day by its households (constructed, fictional prices)"),
        *(*table(rows, head), *own),
    ]
