"""Reservoirs and rule tables as people write them."""

from zoneinfo import ZoneInfo

import pytest

from ledger.errors import BadRecord, FractionError, UnknownUnit, UsageError
from scripts._sources import curve_of, inputs_of, levels_of, marks_of, normal_of, rows_of

ZONE = ZoneInfo("Asia/Shanghai")
SINCE = {"from": "2026-01-01"}
SINCE_AT = 1_767_196_800
LEVELS = SINCE | {
    "dead": "90 m",
    "drought": "92 m",
    "flood_limit": "100 m",
    "normal": "103 m",
    "flood_high": "104 m",
    "design": "106 m",
    "check": "108.5 m",
}
MARKS = SINCE | {
    "warning": "105 m",
    "guaranteed": "107 m",
    "highest": "109 m",
    "lowest_period": "91 m",
    "lowest": "90.5 m",
    "near": "50 cm",
}


def test_levels_are_millimetres_with_their_season_and_since_when_they_count():
    written = levels_of(LEVELS | {"season": "06-01..09-30"}, ZONE)

    marks = 90_000, 92_000, 100_000, 103_000, 104_000, 106_000, 108_500
    assert written == (SINCE_AT, 601, 930, *marks)
    assert levels_of(LEVELS, ZONE)[1:3] == (0, 0)


def test_marks_are_millimetres():
    marks = 105_000, 107_000, 109_000, 91_000, 90_500, 500

    assert marks_of(MARKS, ZONE) == (SINCE_AT, *marks)


def test_a_normal_inflow_is_litres_of_thirty_days_by_a_meter():
    written = normal_of(SINCE | {"season": "01-01..01-31", "inflow": "1200 m3"}, ZONE, 7)

    assert written == (SINCE_AT, 101, 131, 7, 1_200_000)


def test_a_version_says_since_when_it_counts():
    with pytest.raises(BadRecord, match="from"):
        marks_of({key: value for key, value in MARKS.items() if key != "from"}, ZONE)


def test_a_level_that_is_missing_or_not_whole_is_refused():
    with pytest.raises(BadRecord, match="design"):
        levels_of({key: value for key, value in LEVELS.items() if key != "design"}, ZONE)
    with pytest.raises(FractionError):
        levels_of(LEVELS | {"dead": "90.0001 m"}, ZONE)
    with pytest.raises(UnknownUnit):
        levels_of(LEVELS | {"dead": "90"}, ZONE)


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
        ("velocity>=1.5 m/s=red", (6, 1_500, 4)),
    ],
)
def test_a_row_of_a_rule_table(text, row):
    assert rows_of([text]) == [(*row, 0)]


def test_rows_that_and_joins_have_a_group_of_their_own():
    rows = rows_of(
        [
            "depth>=501 mm and duration>=1801 s=red",
            "depth>=15 cm=blue",
            "depth>=30 cm and velocity>=2 m/s and rain>=50 mm=orange",
        ]
    )

    assert rows == [
        *((2, 501, 4, 1), (5, 1_801, 4, 1)),
        (2, 150, 1, 0),
        *((2, 300, 3, 2), (6, 2_000, 3, 2), (1, 50_000, 3, 2)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("depth", "depth>15 cm=red", "snow>=1 cm=red", "depth>=1 cm=pink"),
        *("depth>=1 cm and snow>=1 cm=red", "depth>=1 cm=red and duration>=1 s=red"),
    ],
)
def test_what_is_no_row_is_refused_with_the_form(text):
    with pytest.raises(UsageError, match="is no row"):
        rows_of([text])


def test_inputs_are_whole_in_their_units():
    written = inputs_of(("50.5 mm", "27 cm", "1 L/s", "50 %", "40 min", "0.5 m/s"))

    assert written == (50_500, 270, 1_000, 5_000, 2_400, 500)
