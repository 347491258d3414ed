"""Whose turn a lane is, by what its key says and how long it has said so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.lease import Claim, taken_by

TTL_S = 10.0
names = st.sampled_from(["here", "there", "elsewhere"])
claims = st.builds(Claim, names, st.integers(1, 9), st.booleans())
ages = st.floats(0, 100)


def test_a_lane_that_nobody_ever_had_is_taken_in_its_first_term():
    assert taken_by("here", None, 0, TTL_S) == Claim("here", 1)


def test_its_holder_goes_on_in_its_term_however_long_it_was_away():
    assert taken_by("here", Claim("here", 4), 0, TTL_S) == Claim("here", 4)


def test_one_that_was_given_back_is_taken_at_once_in_a_new_term():
    assert taken_by("here", Claim("there", 4, free=True), 0, TTL_S) == Claim("here", 5)


@pytest.mark.parametrize(("stands_s", "taken"), [(9.9, None), (10.0, Claim("here", 5))])
def test_another_s_is_taken_when_it_has_stood_still_for_a_lease(stands_s, taken):
    assert taken_by("here", Claim("there", 4), stands_s, TTL_S) == taken


@given(claims, names, ages)
def test_whoever_takes_over_from_another_begins_a_term_and_no_term_ever_falls(there, who, age):
    taken = taken_by(who, there, age, TTL_S)

    if taken is not None:
        assert taken.holder == who and not taken.free
        assert taken.term == there.term + (there.holder != who)


@given(claims)
def test_a_claim_is_read_as_it_was_written(claim):
    assert Claim.read(claim.written()) == claim
