"""Tariffs as the tests load them, and the rows of cities' rules."""

from typing import Any

from tests.contracts.suite import HASH, T0, Suite, word

RESIDENT, NON_RESIDENT = 1, 2
TOTAL, ADDED = 1, 2
WATER_PRICE, FULL_PRICE = 1, 2
MONTH, QUARTER, YEAR = 2, 3, 4
UY_M3 = 1_000_000  # one yuan a cubic metre

# (convention, free, cuts, multiples) in basis points, as the rules print them
CITIES: dict[str, tuple[int, int, list[int], list[int]]] = {
    "Zhengzhou": (TOTAL, 0, [2_000, 5_000], [20_000, 30_000, 40_000]),
    "Luoyang": (TOTAL, 500, [2_000, 5_000], [20_000, 30_000, 40_000]),
    "Weihai": (ADDED, 0, [1_000, 3_000], [10_000, 20_000, 30_000]),
    "one city": (ADDED, 0, [3_000, 5_000], [2_000, 5_000, 10_000]),
    "one city, restricted industry": (ADDED, 0, [3_000, 5_000], [5_000, 10_000, 15_000]),
    "one province, older": (
        *(ADDED, 0, [1_000, 2_000, 2_500, 3_000]),
        [10_000, 20_000, 30_000, 40_000, 50_000],
    ),
    "one province, abstraction fee": (
        *(ADDED, 500, [1_000, 2_000, 3_000]),
        [10_000, 20_000, 30_000, 50_000],
    ),
}


def terms(**changed: Any) -> tuple[Any, ...]:
    """A non-resident's tariff by the year without surcharge over the plan."""
    fields = {
        "name": "non-resident",
        "version": 0,
        "kind": NON_RESIDENT,
        "calendar": YEAR,
        "charge": word("water price"),
        "cuts_l": [],
        "prices_uy_m3": [4 * UY_M3],
        "sewage_uy_m3": 0,
        "tax_uy_m3": 0,
        "minimum_uy": 0,
        "convention": 0,
        "base": 0,
        "free_bps": 0,
        "cuts_bps": [],
        "multiples_bps": [],
        "credit_uy_m3": 0,
        "late_bps_day": 0,
        "due_days": 0,
        "source_hash": HASH,
        "verified": False,
        "in_force_at": T0,
    }
    assert changed.keys() <= fields.keys()
    return tuple((fields | changed).values())


def of_city(name: str, /, **changed: Any) -> tuple[Any, ...]:
    """The tariff of a city's rule."""
    convention, free_bps, cuts_bps, multiples_bps = CITIES[name]
    over = {"convention": convention, "base": WATER_PRICE, "free_bps": free_bps}
    return terms(**(over | {"cuts_bps": cuts_bps, "multiples_bps": multiples_bps} | changed))


def resident(**changed: Any) -> tuple[Any, ...]:
    """Three blocks, 1 : 1.5 : 3, by the month."""
    blocks = {"cuts_l": [15_000, 25_000], "prices_uy_m3": [2 * UY_M3, 3 * UY_M3, 6 * UY_M3]}
    named = {"name": "resident", "kind": RESIDENT, "calendar": MONTH}
    return terms(**(named | blocks | changed))


def loaded(suite: Suite, given: tuple[Any, ...]) -> int:
    """The number of a tariff that is loaded."""
    return suite.tariff.load_tariff(given, sender=suite.standards_keeper)
