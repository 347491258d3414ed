"""In which unit HJ 212 sends a value unless a point says otherwise: standards/pollutants.csv."""

import csv
from collections.abc import Mapping
from pathlib import Path

from ledger.errors import NotFound
from ledger.units import UNITS, unit
from oracle.sources.hj212 import MEASURED

TOTAL = "Cou"  # the total of a period, in a unit of its own


def default_units(path: Path) -> dict[str, str]:
    """The unit of each column that a telegram may have, as `w20111-Avg`.

    Columns for which none is stated, or none that a mapping can name, are left out. NotFound
    without the table.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except OSError as error:
        raise NotFound(
            f"no table of codes at {path}", "restore standards/ from the clone"
        ) from error
    units = {
        f"{row['code']}-{name}": row["total_unit" if name == TOTAL else "unit"]
        for row in rows
        for name in MEASURED
    }
    return {column: stated for column, stated in units.items() if stated in UNITS}


def differs(column: str, named: str, units: Mapping[str, str]) -> str:
    """The unit that HJ 212 has for a column, where a mapping names another one; else ""."""
    stated = units.get(column, named)
    ours, theirs = unit(named), unit(stated)
    same = (ours.dimension, ours.factor) == (theirs.dimension, theirs.factor)
    return "" if same else stated
