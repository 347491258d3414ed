"""What a meter that is missing or broken counts: the capacity of its days."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.devices import deemed_l
from ledger.errors import UsageError

DAY_S = 86_400


def test_whole_days_count_the_capacity_of_each():
    assert deemed_l(1_200_000, 3 * DAY_S) == 3_600_000


@given(capacity_l=st.integers(0, 10**12), lasts_s=st.integers(1, 10**8))
def test_a_part_of_a_day_is_rounded_down_by_less_than_a_litre(capacity_l, lasts_s):
    left = capacity_l * lasts_s - deemed_l(capacity_l, lasts_s) * DAY_S

    assert 0 <= left < DAY_S


@pytest.mark.parametrize("lasts_s", [0, -1])
def test_deemed_use_ends_after_the_last_reading(lasts_s):
    with pytest.raises(UsageError, match="has readings up to that moment"):
        deemed_l(1, lasts_s)
