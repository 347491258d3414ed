"""Bills beside a model: settled, disputed, reversed, issued again, paid late, credited."""

from functools import partial

import pytest

from tests.stateful.tariff_model import Billing
from tests.stateful.walking import walk

ACTS = [
    *["is_settled", "is_disputed", "is_resolved", "is_paid", "is_reversed"] * 3,
    *["is_read", "is_credited", "time_passes"] * 2,
    *["is_loaded", "extra_is_added"],
]


@pytest.mark.stateful
def test_bills_agree_with_their_model(deployed):
    done = walk(partial(Billing, deployed), ACTS, steps=60, walks=60)

    happened = {name for name, times in done.items() if times}
    assert happened - {"refused"} == {
        *("load_tariff", "add_surcharge", "settle", "dispute", "resolve", "reverse", "mark_paid"),
        "grant_credit",
        *("reissued", "over plan", "paid late", "paid back", "held"),
    }
