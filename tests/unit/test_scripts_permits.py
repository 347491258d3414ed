"""Permits as people write them: numbers in one spelling, conditions, faces of applications."""

import pytest

from ledger.errors import (
    BadRecord,
    FractionError,
    NotANumber,
    UnknownUnit,
    UsageError,
)
from ledger.labels import label
from scripts._limits import limit_document, parse_limit, permit_limits
from scripts._permits import normalised

COD = label("cod")


@pytest.mark.parametrize(
    "text",
    ["C440114S2020-0001", "c440114s2020-0001", " C440114 S2020 -0001\n", "C440114\tS2020-0001"],
)
def test_a_permit_number_has_one_spelling(text):
    assert normalised(text) == "C440114S2020-0001"


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("cod<=350mg/L", {"parameter": "cod", "max": "350mg/L"}),
        ("cod <= 350 mg/L", {"parameter": "cod", "max": "350 mg/L"}),
        (" ph>=6.5pH ", {"parameter": "ph", "min": "6.5pH"}),
        ("nh3_n<=8 mg/L", {"parameter": "nh3_n", "max": "8 mg/L"}),
    ],
)
def test_a_condition_is_a_parameter_a_side_and_an_amount(text, condition):
    assert parse_limit(text) == condition


@pytest.mark.parametrize(
    "text",
    [
        "cod",
        "cod<350mg/L",
        "cod=350mg/L",
        "<=350mg/L",
        "cod<=",
        "6.5pH<=ph<=9.5pH",
        "cod<=>5mg/L",
        "",
    ],
)
def test_what_is_no_condition_is_refused_with_the_form(text):
    with pytest.raises(UsageError, match="is no condition") as refused:
        parse_limit(text)

    assert "cod<=350 mg/L" in refused.value.remedy


def test_a_limit_is_in_base_units_with_the_sides_it_has():
    assert permit_limits([{"parameter": "cod", "max": "350 mg/L"}]) == [
        (COD, 1, 0, 350_000_000, False, True)
    ]


def test_a_minimum_of_zero_is_a_minimum():
    assert permit_limits([{"parameter": "temp", "min": "0 degC"}]) == [
        (label("temp"), 1, 0, 0, True, False)
    ]


@pytest.mark.parametrize(
    "entries",
    [
        [{"parameter": "ph", "min": "6.5 pH", "max": "9.5 pH"}],
        [{"parameter": "ph", "min": "6.5 pH"}, {"parameter": "ph", "max": "9.5 pH"}],
        [parse_limit("ph<=9.5pH"), parse_limit("ph>=6.5pH")],
    ],
)
def test_both_sides_of_a_parameter_are_one_limit_because_the_chain_reads_only_one(entries):
    assert permit_limits(entries) == [(label("ph"), 1, 6_500, 9_500, True, True)]


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([{"parameter": "cod"}], "has no bound"),
        ([{"parameter": "cod", "max": "1 mg/L"}] * 2, "two limits of cod are a max"),
        ([{"parameter": "ph", "min": "9 pH", "max": "6 pH"}], "above its min and below its max"),
        ([{"parameter": "cod", "max": "1 kg/day"}] * 2, "two limits of cod are a max"),
        ([{"parameter": "cod", "min": "1 kg/year"}], "a load of a year has no min"),
        ([{"parameter": "cod", "min": "1 mg/L monthly mean"}], "a monthly mean has no min"),
        ([{"parameter": "ph", "max": "9 pH monthly mean"}], "no mass in a volume"),
        ([{"parameter": "temp", "max": "9 kg/month"}], "no mass in a volume"),
    ],
)
def test_limits_that_say_nothing_or_two_things_are_refused(entries, reason):
    with pytest.raises(UsageError, match=reason):
        permit_limits(entries)


@pytest.mark.parametrize(
    ("amount", "basis", "hi", "shown", "judged"),
    [
        ("300 mg/L monthly mean", 2, 300_000_000, "300 mg/L", "monthly mean"),
        ("2 kg/day", 3, 2 * 10**12, "2 kg", "load of a day"),
        ("1.5 kg / month", 4, 15 * 10**11, "1.5 kg", "load of a month"),
        ("9 t/year", 5, 9 * 10**15, "9000 kg", "load of a year"),
    ],
)
def test_a_limit_of_a_month_or_a_load_is_told_by_how_its_amount_is_written(
    amount, basis, hi, shown, judged
):
    [limit] = permit_limits([parse_limit(f"cod<={amount}")])

    assert limit == (COD, basis, 0, hi, False, True)
    raw = dict(zip(("parameter", "basis", "lo", "hi", "has_lo", "has_hi"), limit, strict=True))
    told = {"parameter": "cod", "min": None, "max": shown, "judged": judged}
    assert limit_document(raw) == told


def test_limits_of_one_parameter_stand_beside_each_other_by_basis():
    entries = [parse_limit("cod<=350 mg/L"), parse_limit("cod<=2 kg/day")]

    assert [limit[:2] for limit in permit_limits(entries)] == [(COD, 1), (COD, 3)]


@pytest.mark.parametrize(
    ("entry", "failure"),
    [
        ({"max": "350 mg/L"}, BadRecord),
        ({"parameter": "cod", "max": "350"}, UnknownUnit),
        ({"parameter": "cod", "max": "350 pH"}, UnknownUnit),
        ({"parameter": "cod", "max": "nan mg/L"}, NotANumber),
        ({"parameter": "cod", "max": "0.0000001 mg/L"}, FractionError),
        ({"parameter": "cod", "max": "0.0000001 kg/day"}, FractionError),
        ({"parameter": "cod", "max": "1 m3/day"}, UnknownUnit),
        ({"parameter": "c" * 33, "max": "1 mg/L"}, UsageError),
    ],
)
def test_a_limit_that_is_not_exact_is_refused(entry, failure):
    with pytest.raises(failure):
        permit_limits([entry])
