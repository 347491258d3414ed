"""What a volume costs: monotone, continuous, the integral of the marginal price; cities' rows."""

from fractions import Fraction

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.answers import reason
from tests.contracts.suite import NOW
from tests.contracts.tariffs import (
    ADDED,
    CITIES,
    FULL_PRICE,
    TOTAL,
    UY_M3,
    WATER_PRICE,
    loaded,
    of_city,
    resident,
    terms,
)

PLAN_L = 1_000_000


def quoted(suite, tariff, volume_l, plan_l=0, at=NOW):
    return suite.tariff.quote(tariff, volume_l, plan_l, at)


def rounded(exact):
    """The nearest whole number, a half up."""
    return int(exact + Fraction(1, 2))


def test_blocks_are_marginal_25_units_in_three_slabs_cost_45(suite):
    """The fault seen elsewhere: slabs subtracted and then compared again gave 40."""
    slabs = resident(cuts_l=[10_000, 20_000], prices_uy_m3=[1 * UY_M3, 2 * UY_M3, 3 * UY_M3])

    lines = quoted(suite, loaded(suite, slabs), 25_000)

    assert lines.total_uy == 45_000_000


@pytest.mark.parametrize(
    ("volume_l", "yuan"), [(0, 0), (15_000, 30), (15_001, 30.003), (25_000, 60), (26_000, 66)]
)
def test_the_three_blocks_of_residents(suite, volume_l, yuan):
    assert quoted(suite, loaded(suite, resident()), volume_l).water_uy == round(yuan * 1e6)


BLOCKS = st.integers(3, 5).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 10**6), min_size=n - 1, max_size=n - 1, unique=True).map(sorted),
        st.lists(st.integers(0, 10**8), min_size=n, max_size=n).map(sorted),
    )
)


@settings(max_examples=40)
@given(blocks=BLOCKS, volumes=st.lists(st.integers(0, 2 * 10**6), min_size=2, max_size=4))
def test_the_price_of_blocks_is_the_integral_of_the_marginal_price(deployed, blocks, volumes):
    """The rule: add up each litre at the price of its block; it never falls as volume rises."""
    cuts_l, prices = blocks
    with boa.env.anchor():
        tariff = loaded(deployed, resident(cuts_l=cuts_l, prices_uy_m3=prices))

        def integral(volume_l):
            edges = [0, *[min(cut, volume_l) for cut in cuts_l], volume_l]
            parts = zip(edges, edges[1:], prices, strict=False)
            return rounded(sum(Fraction((b - a) * price, 1_000) for a, b, price in parts))

        asked = sorted({*volumes, *cuts_l, *[cut + 1 for cut in cuts_l]})
        costs = [quoted(deployed, tariff, volume_l).water_uy for volume_l in asked]

        assert costs == [integral(volume_l) for volume_l in asked]
        assert costs == sorted(costs)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (of_city("Zhengzhou"), Fraction(27, 10)),
        (terms(convention=ADDED, base=WATER_PRICE, cuts_bps=[2_000, 5_000],
               multiples_bps=[20_000, 30_000, 40_000]), Fraction(33, 10)),
        (terms(convention=TOTAL, base=WATER_PRICE, multiples_bps=[40_000]), Fraction(34, 10)),
    ],
)  # fmt: skip
def test_the_arithmetic_of_the_trap_at_one_point_six_times_the_plan(suite, given, expected):
    lines = quoted(suite, loaded(suite, given), PLAN_L * 16 // 10, PLAN_L)

    assert lines.total_uy == expected * PLAN_L // 1_000 * 4 * UY_M3


def added_of(name):
    """A city's multiples beside the ordinary price: s = m - 1."""
    convention, _, _, multiples = CITIES[name]
    return [m - 10_000 if convention == TOTAL else m for m in multiples]


@pytest.mark.parametrize("name", CITIES)
@pytest.mark.parametrize("share", [50, 100, 104, 105, 110, 120, 125, 130, 150, 151, 160, 300])
def test_the_rows_of_cities_band_by_band(suite, name, share):
    _, free_bps, cuts_bps, _ = CITIES[name]
    used_l = PLAN_L * share // 100
    over_bps, expected, below = (share - 100) * 100, Fraction(0), free_bps
    for cut, added in zip([*cuts_bps, 10**9], added_of(name), strict=True):
        inside = max(0, min(over_bps, cut) - below)
        expected += Fraction(inside * added, 10**8) * PLAN_L / 1_000 * 4 * UY_M3
        below = cut

    lines = quoted(suite, loaded(suite, of_city(name)), used_l, PLAN_L)

    assert lines.over_plan_uy == expected
    assert lines.water_uy == used_l * 4_000


def test_zhengzhou_and_weihai_print_other_numbers_and_mean_the_same_multiples():
    assert added_of("Zhengzhou") == added_of("Weihai")


OVER_PLAN = st.integers(1, 5).flatmap(
    lambda n: st.tuples(
        st.integers(0, 900),
        st.lists(st.integers(1_000, 30_000), min_size=n - 1, max_size=n - 1, unique=True).map(
            sorted
        ),
        st.lists(st.integers(0, 100_000), min_size=n, max_size=n),
    )
)


@settings(max_examples=40)
@given(
    bands=OVER_PLAN,
    plan_l=st.integers(1, 10**9),
    price=st.integers(0, 10**8),
    used=st.lists(st.integers(0, 5 * 10**9), min_size=2, max_size=3),
)
def test_the_surcharge_is_the_integral_over_the_bands_of_the_plan(
    deployed, bands, plan_l, price, used
):
    free_bps, cuts_bps, added_bps = bands
    over = {"convention": ADDED, "base": WATER_PRICE, "free_bps": free_bps}
    given_terms = terms(**over, cuts_bps=cuts_bps, multiples_bps=added_bps, prices_uy_m3=[price])
    edges = [Fraction(plan_l * (10_000 + bps), 10_000) for bps in (free_bps, *cuts_bps)]

    def integral(used_l):
        total = Fraction(0)
        for low, high, added in zip(edges, [*edges[1:], used_l], added_bps, strict=True):
            inside = max(Fraction(0), min(Fraction(used_l), high) - low)
            total += inside * added * price / 10_000 / 1_000
        return rounded(total)

    with boa.env.anchor():
        tariff = loaded(deployed, given_terms)
        asked = sorted({*used, *[int(edge) for edge in edges], *[int(edge) + 1 for edge in edges]})
        costs = [quoted(deployed, tariff, used_l, plan_l).over_plan_uy for used_l in asked]

    assert costs == [integral(used_l) for used_l in asked]
    assert costs == sorted(costs)


def test_the_surcharge_is_on_the_water_price_or_on_the_full_delivered_price(suite):
    fees = {"sewage_uy_m3": UY_M3, "tax_uy_m3": UY_M3}
    over = {"convention": ADDED, "multiples_bps": [10_000], **fees}
    on_water = loaded(suite, terms(base=WATER_PRICE, **over))
    on_full = loaded(suite, terms(base=FULL_PRICE, **over))

    surcharges = [quoted(suite, t, 2_000, 1_000).over_plan_uy for t in (on_water, on_full)]

    assert surcharges == [4 * UY_M3, 6 * UY_M3]
    lines = quoted(suite, on_full, 2_000, 1_000)
    assert (lines.water_uy, lines.sewage_uy, lines.tax_uy) == (8 * UY_M3, 2 * UY_M3, 2 * UY_M3)
    assert lines.total_uy == 18 * UY_M3


def test_a_minimum_fills_up_what_is_missing(suite):
    tariff = loaded(suite, terms(minimum_uy=10 * UY_M3))

    small, large = quoted(suite, tariff, 1_000), quoted(suite, tariff, 3_000)

    assert (small.minimum_uy, small.total_uy) == (6 * UY_M3, 10 * UY_M3)
    assert (large.minimum_uy, large.total_uy) == (0, 12 * UY_M3)


def test_each_line_is_rounded_once_a_half_up(suite):
    tariff = loaded(suite, terms(prices_uy_m3=[500], sewage_uy_m3=499, tax_uy_m3=1_500))

    lines = quoted(suite, tariff, 1)

    assert (lines.water_uy, lines.sewage_uy, lines.tax_uy, lines.total_uy) == (1, 0, 2, 3)


def test_a_quote_needs_a_tariff_that_there_is(suite):
    for tariff in (0, 1):
        answer = reason(suite.tariff.quote, tariff, 1, 0, NOW, sender=suite.holder)
        assert answer == "tariff: unknown tariff"


def test_a_minimum_that_is_missed_by_the_least_amount_is_filled_up(suite):
    tariff = loaded(suite, terms(minimum_uy=4_001))

    assert quoted(suite, tariff, 1).minimum_uy == 1


def test_the_surcharge_begins_with_the_smallest_plan_and_without_one_there_is_none(suite):
    tariff = loaded(suite, of_city("Weihai"))

    assert quoted(suite, tariff, 2, 0).over_plan_uy == 0
    assert quoted(suite, tariff, 2, 1).over_plan_uy > 0
