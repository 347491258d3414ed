"""Plans, carry-over, borrowing and corrections beside a list of readings."""

from collections import Counter
from random import Random

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stateful.quota_model import Quota

ACTS = [*["is_read"] * 8, "is_planned", "is_planned", "is_corrected", "is_ruled", "is_closed"]
STEPS = 30


@pytest.mark.stateful
def test_plans_agree_with_a_list_of_readings(deployed):
    done: Counter[str] = Counter()

    @settings(max_examples=max(8, settings().max_examples // 10))
    @given(seed=st.integers(0, 2**32 - 1))
    def agrees(seed):
        chance = Random(seed)
        with boa.env.anchor():
            quota = Quota(deployed, chance)
            for _ in range(STEPS):
                getattr(quota, chance.choice(ACTS))()
                quota.agrees()
            done.update(quota.done)

    agrees()

    assert set(done) >= {"read", "planned", "corrected", "ruled", "closed", "final", "open"}
