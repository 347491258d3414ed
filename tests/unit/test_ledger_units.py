"""Units as properties: what holds for every unit, every spelling and every amount."""

import ast
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger import credit, duties, quantities, standards, units
from ledger.errors import FractionError, NotANumber, UnknownUnit

SYMBOLS = sorted(units.UNITS)
NAMES = sorted({**units.UNITS, **units.SPELLINGS})
SECONDS_OF_A_LONG_TIME = 86_400_000  # a multiple of every time in the table
amounts = st.integers(-(10**40), 10**40)
decimals = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=12
)


def base_of(name: str) -> str:
    """The base unit in which the chain holds what `name` measures."""
    dimension = units.unit(name).dimension
    return next(base for base in units.BASE_UNITS if units.unit(base).dimension == dimension)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("space", ["", " ", "  "])
def test_every_spelling_is_read_with_or_without_a_space(name, space):
    base, many = base_of(name), SECONDS_OF_A_LONG_TIME

    assert units.parse_as(f"{many}{space}{name}", base) == many * units.factor(name, base)


@given(amounts, st.sampled_from(SYMBOLS))
def test_a_whole_amount_comes_back_as_the_same_integer(amount, name):
    base = base_of(name)
    exact = amount * units.factor(name, base)
    assume(exact.denominator == 1)

    held = units.to_base(amount, name, base)

    assert type(held) is int
    assert units.from_base(held, base, name) == amount


@given(decimals, st.sampled_from(SYMBOLS))
def test_a_decimal_is_exact_or_refused_in_every_unit(value, name):
    base = base_of(name)
    exact = Fraction(value) * units.factor(name, base)

    if exact.denominator == 1:
        assert units.to_base(value, name, base) == exact
    else:
        with pytest.raises(FractionError) as refused:
            units.to_base(value, name, base)
        assert f"{value:f} {name}" in refused.value.message


@given(amounts, st.sampled_from(SYMBOLS))
def test_an_amount_is_shown_exactly_or_refused_never_rounded(amount, name):
    base = base_of(name)
    exact = amount / units.factor(name, base)

    try:
        shown = units.from_base(amount, base, name)
    except FractionError:
        assert exact.denominator != 1
        assert any(exact.denominator % prime == 0 for prime in (3, 7))
    else:
        assert type(shown) is Decimal
        assert Fraction(shown) == exact


@given(st.integers(-(10**9), 10**9), st.integers(1, 999))
def test_a_fraction_of_a_litre_is_refused(litres, thousandths):
    with pytest.raises(FractionError, match="not a whole number of l"):
        units.parse(f"{litres}.{thousandths:03} L")


@given(st.text(max_size=12))
def test_any_text_is_a_litre_amount_or_refused_in_our_words(text):
    try:
        amount = units.parse(text)
    except (NotANumber, UnknownUnit, FractionError) as refused:
        assert refused.remedy
    else:
        assert type(amount) is int


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "sNaN", "inf", "-Infinity", "1e", "", "."])
def test_nan_infinity_and_scraps_are_no_numbers(text):
    for read in (lambda: units.number(text), lambda: units.to_base(text, "m3", "l")):
        with pytest.raises(NotANumber):
            read()


@pytest.mark.parametrize("value", [1.0, 0.5, float("nan"), np.float64(2.0), np.float32(2.0)])
def test_a_float_is_refused_even_where_it_happens_to_be_whole(value):
    with pytest.raises(NotANumber, match="not exact"):
        units.to_base(value, "m3", "l")


def test_an_integer_of_numpy_does_not_overflow():
    assert units.to_base(np.int64(2**62), "m3", "l") == 2**62 * 1_000


@pytest.mark.parametrize("module", [units, quantities, standards, credit, duties])
def test_no_float_stands_in_the_code_that_converts(module):
    with open(str(module.__file__), encoding="utf-8") as file:
        tree = ast.parse(file.read())

    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.Name) and node.id == "float")


@pytest.mark.parametrize("name", SYMBOLS)
def test_a_unit_of_another_dimension_is_refused_with_those_that_fit(name):
    wanted = "l" if units.unit(name).dimension != "volume" else "ng/L"

    with pytest.raises(UnknownUnit, match=f"is a unit of {units.unit(name).dimension}") as refused:
        units.to_base(1, name, wanted)

    assert ("m3" if wanted == "l" else "mg/L") in refused.value.remedy
