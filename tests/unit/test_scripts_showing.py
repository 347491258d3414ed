"""What people read: nothing is shown as zero that is not, and time is the city's."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledger.units import BASE_UNITS
from scripts._showing import (
    GAUGE_ZERO,
    PERMIT_KINDS,
    facts,
    gauge_value,
    m3,
    number_of,
    reading,
    share,
    table,
)

AT = int(datetime(2026, 1, 31, 16, 30, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("litres", "text"),
    [(0, "0 m3"), (1, "0.001 m3"), (9_999, "9.999 m3"), (456_706_000, "456,706 m3")],
)
def test_small_volumes_are_exact_and_large_ones_in_whole_cubic_metres(litres, text):
    assert m3(litres) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 100, "0.0 %"),
        (1, 3, "33.3 %"),
        (999, 1_000, "99.9 %"),
        (3, 2, "150.0 %"),
        (5, 0, "0.0 %"),
    ],
)
def test_a_share_is_cut_off_so_that_only_all_is_a_hundred_percent(part, whole, text):
    assert share(part, whole) == text


@pytest.mark.parametrize(
    ("amount", "base", "text"),
    [
        (350_000_000, "ng/L", "350 mg/L"),
        (50_000, "ng/L", "0.05 mg/L"),
        (30, "ng/L", "0.00003 mg/L"),
        (1, "ng/L", "0.000001 mg/L"),
        (1_234_567, "ng/L", "1.2346 mg/L"),
        (-500, "mc", "-0.5 degC"),
        (0, "ng/L", "0 mg/L"),
        (7_200, "mph", "7.2 pH"),
        (1_250, "bps", "12.5%"),
        (15, "degree", "15 degree"),
        (Decimal("7200.4"), "mph", "7.2 pH"),
    ],
)
def test_a_value_is_shown_in_the_unit_people_use(amount, base, text):
    assert reading(amount, base) == text


@pytest.mark.parametrize("base", BASE_UNITS)
def test_no_amount_that_is_there_is_shown_as_nothing(base):
    assert not reading(1, base).startswith("0 ")
    assert reading(0, base).startswith("0")


def test_a_stored_word_is_a_value_in_steps_around_zero():
    assert gauge_value(GAUGE_ZERO, 10_000) == 0
    assert gauge_value(GAUGE_ZERO + 7, 10_000) == 70_000
    assert gauge_value(GAUGE_ZERO - 7, 1) == -7


@pytest.mark.parametrize("text", ["drainage", "Drainage", " DRAINAGE "])
def test_a_word_is_found_in_any_case(text):
    assert number_of(PERMIT_KINDS, text) == 2


@pytest.mark.parametrize("text", ["device signed", "device-signed", "Device_Signed"])
def test_a_word_of_two_parts_is_found_however_they_are_joined(text):
    assert number_of({1: "device-signed"}, text) == 1


def test_a_word_that_is_none_has_no_number():
    assert number_of(PERMIT_KINDS, "swimming") is None


def test_a_table_is_aligned_and_leaves_no_space_at_the_end():
    lines = table([("INT-1", "river", ""), ("A", "x", "y")], ("code", "kind", "name"))

    assert lines == ["code   kind   name", "INT-1  river", "A      x      y"]


def test_an_empty_table_says_so():
    assert table([], ("code",)) == ["Nothing yet."]


def test_facts_are_aligned_by_the_longest_name():
    assert facts([("used", 5), ("a longer name", None)]) == [
        "used           5",
        "a longer name  None",
    ]
