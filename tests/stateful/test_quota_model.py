"""Plans, carry-over, borrowing and corrections beside a list of readings."""

from functools import partial

import pytest

from tests.stateful.quota_model import Quota
from tests.stateful.walking import walk

ACTS = [*["is_read"] * 8, "is_planned", "is_planned", "is_corrected", "is_ruled", "is_closed"]


@pytest.mark.stateful
def test_plans_agree_with_a_list_of_readings(deployed):
    done = walk(partial(Quota, deployed), ACTS, steps=30, walks=20)

    assert set(done) >= {"read", "planned", "corrected", "ruled", "closed", "final", "open"}
