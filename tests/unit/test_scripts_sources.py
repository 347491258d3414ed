"""Reservoirs and rule tables as people write them."""

import pytest

from ledger.errors import BadRecord, FractionError, UnknownUnit, UsageError
from scripts._sources import curve_of, inputs_of, levels_of, marks_of, row_of

LEVELS = {
    "dead": "90 m",
    "drought": "92 m",
    "flood_limit": "100 m",
    "normal": "103 m",
    "flood_high": "104 m",
    "design": "106 m",
    "check": "108.5 m",
}
MARKS = {
    "warning": "105 m",
    "guaranteed": "107 m",
    "highest": "109 m",
    "lowest_period": "91 m",
    "lowest": "90.5 m",
    "near": "50 cm",
}


def test_levels_are_millimetres_with_their_season():
    written = levels_of(LEVELS | {"season": "06-01..09-30"})

    assert written == (601, 930, 90_000, 92_000, 100_000, 103_000, 104_000, 106_000, 108_500)
    assert levels_of(LEVELS)[:2] == (0, 0)


def test_marks_are_millimetres():
    assert marks_of({"marks": MARKS}) == (105_000, 107_000, 109_000, 91_000, 90_500, 500)


def test_a_level_that_is_missing_or_not_whole_is_refused():
    with pytest.raises(BadRecord, match="design"):
        levels_of({key: value for key, value in LEVELS.items() if key != "design"})
    with pytest.raises(FractionError):
        levels_of(LEVELS | {"dead": "90.0001 m"})
    with pytest.raises(UnknownUnit):
        levels_of(LEVELS | {"dead": "90"})


def test_a_curve_is_pairs_of_level_and_storage():
    assert curve_of({"curve": [["90 m", "0 m3"], ["100 m", "1.5 m3"]]}) == (
        [90_000, 100_000],
        [0, 1_500],
    )


@pytest.mark.parametrize("curve", [[["90 m"]], ["90 m"], 5])
def test_a_curve_of_another_form_is_refused(curve):
    with pytest.raises(BadRecord, match="no list of pairs"):
        curve_of({"curve": curve})


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("depth>=15 cm=yellow", (2, 150, 2)),
        ("rain >= 50 mm = blue", (1, 50_000, 1)),
        ("flow>=2 m3/s=orange", (3, 2_000_000, 3)),
        ("pumping>=90 %=red", (4, 9_000, 4)),
        ("duration>=30 min=yellow", (5, 1_800, 2)),
    ],
)
def test_a_row_of_a_rule_table(text, row):
    assert row_of(text) == row


@pytest.mark.parametrize("text", ["depth", "depth>15 cm=red", "snow>=1 cm=red", "depth>=1 cm=pink"])
def test_what_is_no_row_is_refused_with_the_form(text):
    with pytest.raises(UsageError, match="is no row"):
        row_of(text)


def test_inputs_are_whole_in_their_units():
    written = inputs_of(("50.5 mm", "27 cm", "1 L/s", "50 %", "40 min"))

    assert written == (50_500, 270, 1_000, 5_000, 2_400)
