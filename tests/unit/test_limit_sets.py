"""What a set of the chain has otherwise than a table, in words."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.standards import Limit, LimitSet
from scripts._limit_sets import Kept, differences

COD = Limit("cod", "max", "ng/L", None, 500_000_000, False, True)
PH = Limit("ph", "range", "mph", 6_500, 9_500, False, False)
TABLE = LimitSet("GB 1-2020", "B", date(2020, 1, 1), b"\1" * 32, (COD, PH), ())
AT = 1_577_836_800
ABOUT = {"standard": "GB 1-2020", "grade": "B", "source_hash": b"\1" * 32, "in_force_at": AT}


def kept(*limits, **about):
    return Kept(7, ABOUT | about, limits)


def test_a_set_that_holds_what_the_table_holds_differs_in_nothing():
    assert differences(kept(PH, COD), TABLE, AT) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            COD._replace(hi=400_000_000),
            "cod max: at most 400 mg/L, where the table has at most 500",
        ),
        (COD._replace(lo=0), "cod max: at least 0 mg/L, at most 500 mg/L, where the table has"),
        (
            COD._replace(verified=False),
            "cod max: at most 500 mg/L, unverified, where the table has",
        ),
        (COD._replace(daily_mean=True), "cod max: at most 500 mg/L, a daily mean, where the table"),
    ],
)
def test_a_limit_that_differs_is_told_with_both_figures(changed, told):
    (found,) = differences(kept(changed, PH), TABLE, AT)

    assert found.startswith(told)


def test_a_limit_that_only_one_of_them_has_is_told():
    more, less = kept(COD, PH, COD._replace(basis="min")), kept(COD)

    assert differences(more, TABLE, AT) == [
        "cod min: at most 500 mg/L, where the table has nothing"
    ]
    assert differences(less, TABLE, AT) == [
        "ph range: nothing, where the table has at least 6.5 pH, at most 9.5 pH, unverified"
    ]


def test_another_source_or_another_day_is_told():
    (source,) = differences(kept(COD, PH), replace(TABLE, source_sha256=b"\2" * 32), AT)
    (day,) = differences(kept(COD, PH), TABLE, AT + 86_400)

    assert source == "it names another file as its source"
    assert day.startswith("it is in force from 2020-01-01")
