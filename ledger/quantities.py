"""What is measured, in which base unit, and quantities written with any fitting unit."""

from ledger.errors import UnknownUnit
from ledger.units import SHOWN, parse_as, split, unit

# the base unit of each dimension of ledger/units.py
BASE_OF_DIMENSION = {
    "volume": "l",
    "flow": "ml_s",
    "concentration": "ng/L",
    "mass": "mg",
    "length": "mm",
    "pressure": "pa",
    "turbidity": "mntu",
    "acidity": "mph",
    "temperature": "mc",
    "conductivity": "ns_cm",
    "potential": "uv",
    "share": "bps",
    "count": "count",
    "colour": "degree",
    "ratio": "ppm",
}

# parameters that are not mass concentrations; every other one is held in ng/L
BASE_OF_PARAMETER = {
    "volume": "l",
    "ph": "mph",
    "turbidity": "mntu",
    "temp": "mc",
    "conductivity": "ns_cm",
    "redox": "uv",
    "level": "mm",
    "pressure": "pa",
    "colour": "degree",
    "thm_sum": "ppm",
}
CONCENTRATION = "ng/L"


def base_of(parameter: str) -> str:
    """The base unit in which a parameter is held."""
    return BASE_OF_PARAMETER.get(parameter, CONCENTRATION)


def measured(text: str) -> tuple[int, str]:
    """A written quantity as a whole number of the base unit of its dimension."""
    base = _base_unit(text)
    return parse_as(text, base), base


def measured_as(text: str, parameter: str) -> int:
    """A written quantity of a parameter in its base unit."""
    wanted = base_of(parameter)
    if _base_unit(text) != wanted:
        raise UnknownUnit(
            f"{text!r} is no amount of {parameter}", f"write it in {SHOWN.get(wanted, wanted)}"
        )
    return parse_as(text, wanted)


def _base_unit(text: str) -> str:
    """The base unit of what a quantity is written in."""
    _, name = split(text)
    if not name:
        raise UnknownUnit(f"{text!r} has no unit", "write the unit, like 0.01 mg/L")
    base = BASE_OF_DIMENSION.get(unit(name).dimension)
    if base is None:
        raise UnknownUnit(f"{name} measures nothing a channel holds", "use another unit")
    return base
