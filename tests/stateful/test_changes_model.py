"""Extension, alteration, amendment, transfer and restriction beside a model of their rules."""

from functools import partial

import pytest

from tests.stateful.changes_model import Changes
from tests.stateful.walking import walk

ACTS = [
    *["extension_is_asked", "extension_is_decided", "is_altered", "is_restricted"] * 2,
    *["transfer_is_offered", "transfer_is_decided"] * 2,
    *["is_amended", "restriction_is_lifted", "time_passes", "time_passes"],
]


@pytest.mark.stateful
def test_changes_of_permits_agree_with_their_model(deployed):
    done = walk(partial(Changes, deployed), ACTS, steps=40, walks=6)

    assert set(done) - {"refused"} == {
        *("request_extension", "decide_extension", "alter", "amend"),
        *("offer_transfer", "decide_transfer", "restrict", "lift_restriction"),
    }
