"""Threshold schemes: shares of the plan, each load a version that stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answers import events, outcome, reason
from tests.contracts.suite import CUTS

WORDS = ("blue_bps", "yellow_bps", "red_bps", "approaching_bps", "peak_leave_bps")


def test_load_scheme_keeps_every_version(suite):
    standards, keeper = suite.standards, suite.standards_keeper
    later = (500, 1_500, 2_500, 9_000, 9_000)

    scheme_id = standards.load_scheme("default", *later, sender=keeper)

    shares = dict(zip(WORDS, later, strict=True))
    assert events(standards) == [
        ("SchemeLoaded", {"scheme_id": scheme_id, "name": "default", "version": 2} | shares)
    ]
    assert tuple(standards.scheme(1)) == ("default", 1, *CUTS)
    assert tuple(standards.scheme(scheme_id)) == ("default", 2, *later)
    assert standards.scheme_count() == scheme_id == 2
    assert standards.scheme_versions("default") == 2


@pytest.mark.parametrize(
    ("name", "shares", "why"),
    [
        ("", (0, 1, 2, 0, 1), "standards: empty scheme name"),
        ("s", (1_000, 1_000, 3_000, 8_000, 9_500), "standards: thresholds must rise"),
        ("s", (0, 3_000, 1_000, 8_000, 9_500), "standards: thresholds must rise"),
        ("s", (0, 1_000, 100_001, 8_000, 9_500), "standards: threshold over tenfold"),
        ("s", (0, 1_000, 3_000, 10_001, 9_500), "standards: approaching over the plan"),
        ("s", (0, 1_000, 3_000, 8_000, 0), "standards: peak share out of range"),
        ("s", (0, 1_000, 3_000, 8_000, 10_001), "standards: peak share out of range"),
    ],
)
def test_load_scheme_refuses_shares_that_rule_nothing(suite, name, shares, why):
    keeper = suite.standards_keeper

    assert reason(suite.standards.load_scheme, name, *shares, sender=keeper) == why
    assert suite.standards.scheme_count() == 1


share = st.one_of(st.integers(0, 12_000), st.integers(90_000, 110_000))


@given(shares=st.tuples(share, share, share, share, share))
def test_a_scheme_loads_exactly_when_its_thresholds_rise_within_bounds(deployed, shares):
    blue, yellow, red, approaching, leave = shares
    sound = blue < yellow < red <= 100_000 and approaching <= 10_000 and 0 < leave <= 10_000
    call = deployed.standards.load_scheme.prepare_calldata("trial", *shares)

    answer = outcome(deployed.standards, call, deployed.standards_keeper)

    assert (answer is None) == sound
