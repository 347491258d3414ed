"""What a person writes of an urgent replacement, and how periods of plans are called."""

import pytest

from ledger.errors import UsageError
from scripts._plans import period_name
from scripts._provisional import beside_lines
from scripts._urgent import _evidence

NOTHING = {
    **{"provisional": [], "deemed": [], "deemed_l": 0, "deemed_s": 0},
    **{"estimated": [], "estimated_l": 0, "corrected_l": 0, "return_flow": None},
}


def test_evidence_is_a_sha256_with_or_without_its_prefix():
    assert _evidence("0x" + "ab" * 32) == _evidence("ab" * 32) == b"\xab" * 32
    assert _evidence("") == bytes(32)


@pytest.mark.parametrize("text", ["ab", "0x", "zz" * 32, "ab" * 33])
def test_evidence_that_is_no_sha256_is_refused(text):
    with pytest.raises(UsageError, match="is no sha256"):
        _evidence(text)


@pytest.mark.parametrize(
    ("calendar", "begins", "name"),
    [
        ("year", "2026-01-01", "2026"),
        ("quarter", "2026-01-01", "2026-Q1"),
        ("quarter", "2026-10-01", "2026-Q4"),
        ("month", "2026-05-01", "2026-05"),
    ],
)
def test_a_period_is_called_as_it_is_asked_for(calendar, begins, name):
    assert period_name({"calendar": calendar, "from": begins}) == name


def test_what_is_neither_provisional_nor_deemed_needs_no_word():
    assert beside_lines(NOTHING) == []


def test_deemed_use_is_told_with_its_days():
    parts = {"deemed": [{}], "deemed_l": 1_800_000, "deemed_s": 129_600}

    assert beside_lines(NOTHING | parts) == [
        ("deemed use", "1,800 m3, 1.5 days without a meter"),
    ]


def test_an_estimate_that_stands_and_a_correction_are_told_beside_the_use():
    estimate = {"device": "M-1", "volume_l": 5_000}
    parts = {"estimated": [estimate], "estimated_l": 5_000}
    parts |= {"corrected_l": -3_000, "net_l": 97_000, "net_tier": "blue"}

    told = dict(beside_lines(NOTHING | parts))

    assert told["estimated"] == "5 m3 of M-1, until a measured register supersedes it"
    assert told["corrected"] == "by -3 m3: 97 m3 net, tier blue"
