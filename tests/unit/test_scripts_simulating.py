"""`oracle simulate` reads its rates and tells its summary."""

import pytest

from ledger.errors import UsageError
from scripts._simulating import lines, rates_of


def test_rates_are_written_as_a_name_and_a_number():
    assert rates_of(["gap=20", "late=0"]) == {"gap": 20, "late": 0}


@pytest.mark.parametrize("words", [["gap"], ["gap=x"], ["gap=-1"], ["gap=1.5"], ["gap=1", "gap=2"]])
def test_a_word_that_is_no_rate_is_named(words):
    with pytest.raises(UsageError, match=f"'{words[-1]}' is no new fault"):
        rates_of(words)


def test_a_summary_tells_what_the_oracle_must_have_and_what_nobody_knows():
    expected = {"accepted": 1_200, "repeated": 3, "held": 4, "held_by_reason": {"future": 4}}
    counts = {"sent": 300, "acknowledged": 298, "refused": 2, "sent_again": 6}
    document = {"seed": 7, "elapsed_s": 1.5, "stations": 3, "faults": {"skew": 1}} | counts

    told = lines(document | {"expected": expected})

    assert told == [
        "300 telegrams of 3 stations sent in 1.5 s, 298 acknowledged (6 only when sent again).",
        "Faults: 1 skew (seed 7).",
        "The oracle has because of it: 1,200 readings received, 3 recorded already, 4 held:"
        " 4 future.",
        "2 were never acknowledged; what the oracle has of them is not counted here.",
    ]
