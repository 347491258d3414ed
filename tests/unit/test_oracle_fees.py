"""What a batch may cost: fewer in flight as the base fee nears its cap, none above it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.transactions import HEADROOM_DOUBLINGS, MIN_TIP_WEI, Fees
from oracle.fees import MOST_PRICES, Governor, allowed, most_fee_wei, offer

CAPS = st.integers(1, 10**13)
SLOTS = 16


def usual(base_fee_wei):
    return Fees((base_fee_wei << HEADROOM_DOUBLINGS) + 2 * MIN_TIP_WEI, MIN_TIP_WEI)


@given(CAPS, st.data())
def test_a_higher_base_fee_never_allows_more(cap, data):
    lower = data.draw(st.integers(0, 2 * cap))
    higher = data.draw(st.integers(lower, 2 * cap))

    assert allowed(higher, cap, SLOTS) <= allowed(lower, cap, SLOTS)


@given(CAPS, st.integers(0, 2 * 10**13))
def test_all_slots_up_to_half_of_the_cap_one_at_it_and_none_above(cap, base):
    found = allowed(base, cap, SLOTS)

    assert 0 <= found <= SLOTS
    assert (found == 0) == (base > cap)
    if base <= cap // 2:
        assert found == SLOTS


def test_at_the_cap_one_batch_is_in_flight():
    assert allowed(1_000, 1_000, SLOTS) == 1
    assert allowed(750, 1_000, SLOTS) == 8


@given(CAPS, st.lists(st.integers(0, 10**13), min_size=1, max_size=MOST_PRICES + 4))
def test_no_attempt_offers_more_than_the_bound_whatever_the_base_fee_did(cap, bases):
    replaced = 0
    for tries, base in enumerate(bases):
        found = offer(usual(base), tries, replaced, cap)
        if found is not None:
            assert found.max_fee_wei <= most_fee_wei(cap)
            replaced = found.max_fee_wei


@given(CAPS | st.none(), st.lists(st.integers(0, 10**12), min_size=2, max_size=MOST_PRICES))
def test_each_price_under_a_nonce_is_a_tenth_above_the_last(cap, bases):
    last = offer(usual(bases[0]), 0, 0, cap)
    for tries, base in enumerate(bases[1:], start=1):
        found = offer(usual(base), tries, last.max_fee_wei, cap)
        assert 10 * found.max_fee_wei >= 11 * last.max_fee_wei
        assert 10 * found.tip_wei >= 11 * last.tip_wei
        assert found.max_fee_wei >= found.tip_wei
        last = found


def test_above_the_bound_no_price_is_offered():
    cap = 10**10

    assert offer(usual(cap), 1, most_fee_wei(cap), cap) is None


@pytest.mark.parametrize("cap", [None, 1_000])
def test_what_is_held_back_and_goes_on_is_told_once_each(cap):
    told = []
    governor = Governor(cap, lambda event, **keys: told.append((event, keys["base_fee_wei"])))

    rooms = [governor.room(base, SLOTS) for base in (7, 1_001, 2_000, 1_000, 7)]

    if cap is None:
        assert (rooms, told) == ([SLOTS] * 5, [])
    else:
        assert rooms == [SLOTS, 0, 0, 1, SLOTS]
        assert told == [("base fee is above the cap", 1_001), ("base fee is below the cap", 1_000)]
