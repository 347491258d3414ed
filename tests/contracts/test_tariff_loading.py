"""Tariffs as data: what is loaded, what no tariff can be, surcharges for a time."""

import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import DAY_S, HASH, NOW, T0, word
from tests.contracts.tariffs import (
    ADDED,
    MONTH,
    NON_RESIDENT,
    QUARTER,
    TOTAL,
    UY_M3,
    WATER_PRICE,
    YEAR,
    loaded,
    of_city,
    resident,
    terms,
)

YEAR_S, QUARTER_S, MONTH_S = 40 * DAY_S, 20 * DAY_S, 10 * DAY_S  # of the tests' calendar
OVER = {"convention": ADDED, "base": WATER_PRICE, "multiples_bps": [1]}


def test_a_tariff_is_loaded_as_the_next_version_of_its_name(suite):
    first = loaded(suite, terms())

    second = loaded(suite, of_city("Weihai"))

    about = {"name": "non-resident", "kind": NON_RESIDENT, "source_hash": HASH}
    version = {"tariff_id": second, "version": 2, "verified": False, "in_force_at": T0}
    assert events(suite.tariff) == [("TariffLoaded", about | version)]
    assert suite.tariff.tariff_of_version("non-resident", 1) == first
    assert suite.tariff.tariff_versions("non-resident") == suite.tariff.tariff_count() == 2
    kept = suite.tariff.terms(second)
    assert (kept.version, kept.multiples_bps) == (2, [10_000, 20_000, 30_000])


WRONG = [
    (terms(name=""), "tariff: empty name"),
    (terms(kind=0), "tariff: unknown kind"),
    (terms(kind=3), "tariff: unknown kind"),
    (terms(calendar=1), "tariff: period is no month, quarter or year"),
    (terms(calendar=5), "tariff: period is no month, quarter or year"),
    (terms(prices_uy_m3=[]), "tariff: needs one price more than cuts"),
    (terms(cuts_l=[5]), "tariff: needs one price more than cuts"),
    (terms(cuts_l=[5], prices_uy_m3=[1, 2]), "tariff: a non-resident has one price"),
    (resident(cuts_l=[5], prices_uy_m3=[1, 2]), "tariff: a resident has three to five blocks"),
    (resident(**OVER), "tariff: a resident has no plan"),
    (resident(cuts_l=[5, 5]), "tariff: cuts must rise"),
    (resident(cuts_l=[0, 5]), "tariff: cuts must rise"),
    (resident(prices_uy_m3=[1, 3, 2]), "tariff: prices must not fall"),
    (terms(prices_uy_m3=[2**48]), "tariff: price out of range"),
    (terms(sewage_uy_m3=2**48), "tariff: price out of range"),
    (terms(tax_uy_m3=2**48), "tariff: price out of range"),
    (terms(credit_uy_m3=2**48), "tariff: price out of range"),
    (terms(late_bps_day=10_001), "tariff: late charge over the whole a day"),
    (terms(minimum_uy=2**48), "tariff: minimum out of range"),
    (terms(multiples_bps=[1]), "tariff: multiples need a convention"),
    (terms(**(OVER | {"convention": 3})), "tariff: convention is neither total nor added"),
    (terms(**(OVER | {"base": 0})), "tariff: base is neither water price nor full price"),
    (terms(**(OVER | {"base": 3})), "tariff: base is neither water price nor full price"),
    (terms(**OVER, cuts_bps=[5]), "tariff: needs one multiple more than cuts"),
    (terms(**(OVER | {"multiples_bps": [1, 2]}), cuts_bps=[0]), "tariff: bands must rise"),
    (
        terms(**(OVER | {"multiples_bps": [1, 2]}), free_bps=5, cuts_bps=[5]),
        "tariff: bands must rise",
    ),
    (terms(**(OVER | {"multiples_bps": [1_000_001]})), "tariff: multiple over a hundred"),
    (
        terms(**(OVER | {"convention": TOTAL, "multiples_bps": [9_999]})),
        "tariff: a total multiple is at least one",
    ),
]


@pytest.mark.parametrize(("given", "why"), WRONG)
def test_what_no_tariff_can_be_is_refused(suite, given, why):
    assert reason(suite.tariff.load_tariff, given, sender=suite.standards_keeper) == why


def surcharge(name="drought", of_water_bps=2_000, uy_m3=0, from_at=NOW, until_at=NOW + YEAR_S):
    return (word(name), of_water_bps, uy_m3, from_at, until_at)


def test_a_surcharge_holds_from_its_moment_to_its_end(suite):
    tariff, keeper = loaded(suite, terms()), suite.standards_keeper
    dates = {"from_at": NOW + YEAR_S, "until_at": NOW + 3 * YEAR_S}

    suite.tariff.add_surcharge(tariff, surcharge(**dates), sender=keeper)

    about = {"tariff_id": tariff, "name": word("drought"), "of_water_bps": 2_000, "uy_m3": 0}
    assert events(suite.tariff) == [("SurchargeAdded", about | dates)]
    edges = [moment + turn for moment in dates.values() for turn in (-1, 0)]
    charged = [suite.tariff.quote(tariff, 1_000, 0, at).surcharges_uy for at in edges]
    assert charged == [0, 800_000, 800_000, 0]


@pytest.mark.parametrize(
    ("calendar", "from_at", "until_at", "nearest_at"),
    [
        (YEAR, NOW + 1, NOW + YEAR_S, NOW),
        (YEAR, NOW + QUARTER_S, NOW + YEAR_S, NOW + YEAR_S),  # as near to one as to the other
        (YEAR, NOW, NOW + YEAR_S - 1, NOW + YEAR_S),
        (YEAR, NOW, NOW + YEAR_S + QUARTER_S - 1, NOW + YEAR_S),
        (QUARTER, NOW + MONTH_S - 1, NOW + YEAR_S, NOW),
        (MONTH, NOW, NOW + MONTH_S + 1, NOW + MONTH_S),
    ],
)
def test_a_surcharge_for_a_part_of_a_period_is_refused(
    suite, calendar, from_at, until_at, nearest_at
):
    """A bill is of a whole period: it would be charged for all of it or for nothing."""
    tariff = loaded(suite, terms(calendar=calendar))
    given = surcharge(from_at=from_at, until_at=until_at)

    answer = reason(suite.tariff.add_surcharge, tariff, given, sender=suite.standards_keeper)

    rule = "tariff: surcharge begins and ends with a period, the nearest at "
    assert answer == f"{rule}{nearest_at}"


@pytest.mark.parametrize(("calendar", "long_s"), [(QUARTER, QUARTER_S), (MONTH, MONTH_S)])
def test_a_surcharge_may_be_of_one_quarter_or_month_under_a_tariff_by_it(suite, calendar, long_s):
    tariff = loaded(suite, terms(calendar=calendar))
    given = surcharge(from_at=NOW + long_s, until_at=NOW + 2 * long_s)

    suite.tariff.add_surcharge(tariff, given, sender=suite.standards_keeper)

    assert len(suite.tariff.surcharges(tariff)) == 1


def test_surcharges_are_an_open_list_and_add_up(suite):
    tariff, keeper = loaded(suite, terms()), suite.standards_keeper
    suite.tariff.add_surcharge(tariff, surcharge(), sender=keeper)
    suite.tariff.add_surcharge(
        tariff, surcharge("basin", of_water_bps=0, uy_m3=UY_M3), sender=keeper
    )

    lines = suite.tariff.quote(tariff, 1_000, 0, NOW)

    assert lines.surcharges_uy == 1_800_000
    assert lines.total_uy == 5_800_000
    assert len(suite.tariff.surcharges(tariff)) == 2


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (surcharge(name=""), "tariff: surcharge without a name"),
        (surcharge(from_at=NOW - 1), "tariff: surcharge would begin in the past"),
        (surcharge(until_at=NOW), "tariff: surcharge must end after it begins"),
        (surcharge(of_water_bps=0), "tariff: surcharge out of range"),
        (surcharge(of_water_bps=1_000_001), "tariff: surcharge out of range"),
        (surcharge(uy_m3=2**48), "tariff: surcharge out of range"),
    ],
)
def test_a_surcharge_that_cannot_be_is_refused(suite, given, why):
    tariff = loaded(suite, terms())

    answer = reason(suite.tariff.add_surcharge, tariff, given, sender=suite.standards_keeper)

    assert answer == why


def test_a_tariff_has_at_most_eight_surcharges(suite):
    tariff, keeper = loaded(suite, terms()), suite.standards_keeper
    for _ in range(8):
        suite.tariff.add_surcharge(tariff, surcharge(), sender=keeper)

    answer = reason(suite.tariff.add_surcharge, tariff, surcharge(), sender=keeper)

    assert answer == "tariff: eight surcharges stand"


DEAREST = 2**48 - 1


@pytest.mark.parametrize(
    "given",
    [
        terms(name="n"),
        resident(cuts_l=[1, 2], prices_uy_m3=[1, 1, 1]),
        terms(prices_uy_m3=[DEAREST], sewage_uy_m3=DEAREST, tax_uy_m3=DEAREST),
        terms(credit_uy_m3=DEAREST, minimum_uy=DEAREST, late_bps_day=10_000),
        terms(**(OVER | {"multiples_bps": [1_000_000, 0]}), free_bps=5, cuts_bps=[6]),
        terms(**(OVER | {"convention": TOTAL, "multiples_bps": [10_000]})),
    ],
)
def test_what_just_fits_is_loaded(suite, given):
    tariff = loaded(suite, given)

    assert suite.tariff.terms(tariff).name == given[0]


@pytest.mark.parametrize(
    "given",
    [
        surcharge(name="n", of_water_bps=1),
        surcharge(of_water_bps=0, uy_m3=1),
        surcharge(of_water_bps=1_000_000, uy_m3=DEAREST),
    ],
)
def test_a_surcharge_that_just_fits_is_added(suite, given):
    tariff = loaded(suite, terms())

    suite.tariff.add_surcharge(tariff, given, sender=suite.standards_keeper)

    assert len(suite.tariff.surcharges(tariff)) == 1
