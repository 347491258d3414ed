"""Units: exact in both directions, or an error that names the value."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import units
from ledger.errors import FractionError, NotANumber, UnknownUnit

WRITTEN = [
    ("1250 m3", "l", 1_250_000),
    ("1.25 m3", "l", 1_250),
    ("300 L", "l", 300),
    ("300L", "l", 300),
    ("0.05 mg/L", "ng/L", 50_000),
    ("0.00003 mg/L", "ng/L", 30),
    ("10 ug/L", "ng/L", 10_000),
    ("10 µg/L", "ng/L", 10_000),
    ("7.2 pH", "mph", 7_200),
    ("0.31 NTU", "mntu", 310),
    ("-0.5 degC", "mc", -500),
    ("12.5 °C", "mc", 12_500),
    ("543 uS/cm", "ns_cm", 543_000),
    ("735 mV", "uv", 735_000),
    ("310.5 kPa", "pa", 310_500),
    ("12.5 %", "bps", 1_250),
    ("12.5%", "bps", 1_250),
    ("90 m3/h", "l_h", 90_000),
    ("25 L/s", "l_h", 90_000),
    ("25 L/s", "ml_s", 25_000),
    ("24 m3/d", "l_h", 1_000),
    ("1 kg", "mg", 1_000_000),
    ("174.123 m", "mm", 174_123),
    ("3.45 yuan", "uy", 3_450_000),
    ("2 h", "s", 7_200),
    ("12 count", "count", 12),
]

INEXACT = [("1.2345 m3", "l"), ("0.0000001 mg/L", "ng/L"), ("1 m3/d", "l_h"), ("7.20001 pH", "mph")]

NO_NUMBERS = [
    "nan m3",
    "inf m3",
    "1,250 m3",
    "1_250 m3",
    "",
    "m3",
    "12 34 m3",
    "0x10 m3",
    "1e9999 L",
]


@pytest.mark.parametrize(("text", "base", "amount"), WRITTEN)
def test_a_written_quantity_becomes_whole_base_units(text, base, amount):
    assert units.parse_as(text, base) == amount


@pytest.mark.parametrize(("text", "base"), INEXACT)
def test_a_fraction_of_a_base_unit_is_refused_and_named(text, base):
    with pytest.raises(FractionError) as refused:
        units.parse_as(text, base)

    assert text.split()[0] in refused.value.message
    assert refused.value.remedy
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(NotANumber):
        units.parse(text)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")])
def test_a_decimal_that_is_not_finite_is_refused(value):
    with pytest.raises(NotANumber):
        units.to_base(value, "mg/L", "ng/L")


@pytest.mark.parametrize("text", ["5 furlongs", "5 M3", "5 mg", "5 MG/L"])
def test_an_unknown_or_unfit_unit_is_refused_with_those_that_fit(text):
    with pytest.raises(UnknownUnit) as refused:
        units.parse(text)

    assert "m3" in refused.value.remedy


def test_a_bare_number_needs_a_unit():
    with pytest.raises(UnknownUnit):
        units.parse("5")

    assert units.parse_duration("300") == 300


@given(st.integers(-(2**300), 2**300), st.sampled_from(units.BASE_UNITS))
def test_showing_an_amount_loses_nothing(amount, base):
    assert units.parse_as(units.show(amount, base), base) == amount


@given(st.integers(-(10**30), 10**30), st.sampled_from(sorted(units.UNITS)))
def test_both_directions_agree_wherever_the_decimal_is_finite(amount, name):
    base = next(
        b for b in units.BASE_UNITS if units.unit(b).dimension == units.unit(name).dimension
    )
    try:
        value = units.from_base(amount, base, name)
    except FractionError:
        return

    assert units.to_base(value, name, base) == amount


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=0, max_value=10**9))
def test_exact_or_refused_never_rounded(value):
    try:
        amount = units.to_base(value, "m3", "l")
    except FractionError:
        assert (Fraction(value) * 1_000).denominator != 1
    else:
        assert Fraction(amount, 1_000) == Fraction(value)


def test_amounts_are_shown_as_people_write_them():
    assert units.show(1_250_000, "l") == "1250 m3"
    assert units.show(50_000, "ng/L") == "0.05 mg/L"
    assert units.show(1_250, "bps") == "12.5%"
    assert units.show(0, "mc") == "0 degC"


def test_every_base_unit_and_spelling_is_in_the_table():
    for base, shown in units.SHOWN.items():
        assert units.unit(base).dimension == units.unit(shown).dimension
    for spelling, symbol in units.SPELLINGS.items():
        assert units.unit(spelling).symbol == symbol
