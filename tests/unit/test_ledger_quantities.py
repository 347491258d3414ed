"""Quantities of a parameter: in the base unit of what is measured, or refused."""

import pytest

from ledger.errors import FractionError, NotANumber, UnknownUnit
from ledger.quantities import BASE_OF_DIMENSION, BASE_OF_PARAMETER, base_of, measured, measured_as
from ledger.units import BASE_UNITS, unit


@pytest.mark.parametrize(
    ("text", "amount", "base"),
    [
        ("0.01 mg/L", 10_000, "ng/L"),
        ("10 ug/L", 10_000, "ng/L"),
        ("1 m3", 1_000, "l"),
        ("7.2 pH", 7_200, "mph"),
        ("0.3 NTU", 300, "mntu"),
        ("-0.5 degC", -500, "mc"),
        ("250 uS/cm", 250_000, "ns_cm"),
        ("-15 mV", -15_000, "uv"),
        ("1.5 m", 1_500, "mm"),
        ("300 kPa", 300_000, "pa"),
        ("25 L/s", 25_000, "ml_s"),
        ("15 degree", 15, "degree"),
        ("1 ratio", 1_000_000, "ppm"),
    ],
)
def test_a_written_quantity_becomes_whole_base_units_of_its_dimension(text, amount, base):
    assert measured(text) == (amount, base)


def test_every_dimension_is_held_in_a_base_unit_of_that_dimension():
    for dimension, base in BASE_OF_DIMENSION.items():
        assert unit(base).dimension == dimension
        assert measured(f"1 {base}") == (1, base)


def test_every_parameter_is_held_in_a_base_unit():
    assert set(BASE_OF_PARAMETER.values()) <= set(BASE_UNITS)


@pytest.mark.parametrize(
    ("parameter", "base"),
    [("volume", "l"), ("ph", "mph"), ("cod", "ng/L"), ("nh3_n", "ng/L"), ("temp", "mc")],
)
def test_a_parameter_that_is_no_other_quantity_is_a_concentration(parameter, base):
    assert base_of(parameter) == base


def test_an_amount_of_a_parameter_is_in_its_base_unit():
    assert measured_as("350 mg/L", "cod") == 350_000_000
    assert measured_as("6.5 pH", "ph") == 6_500


@pytest.mark.parametrize(
    ("text", "parameter", "wanted"),
    [("350 mg", "cod", "mg/L"), ("6.5 mg/L", "ph", "pH"), ("5 m3/h", "volume", "m3")],
)
def test_an_amount_of_something_else_is_refused_with_the_unit_to_write(text, parameter, wanted):
    with pytest.raises(UnknownUnit, match=f"no amount of {parameter}") as refused:
        measured_as(text, parameter)

    assert refused.value.remedy == f"write it in {wanted}"


def test_a_bare_number_is_refused():
    with pytest.raises(UnknownUnit, match="'350' has no unit"):
        measured("350")


@pytest.mark.parametrize("text", ["5 h", "5 yuan"])
def test_what_no_channel_holds_is_refused(text):
    with pytest.raises(UnknownUnit, match="measures nothing a channel holds"):
        measured(text)


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("0.0000001 mg/L", FractionError),
        ("nan mg/L", NotANumber),
        ("inf mg/L", NotANumber),
        ("mg/L", NotANumber),
        ("5 furlongs", UnknownUnit),
    ],
)
def test_what_is_not_exact_is_refused(text, failure):
    with pytest.raises(failure):
        measured(text)
