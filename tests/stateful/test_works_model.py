"""Works that begin, are accepted or lapse beside a model, in sequences nobody thought of."""

from functools import partial

import pytest

from tests.stateful.walking import walk
from tests.stateful.works_model import Works

ACTS = [
    *["time_passes", "works_begin", "works_are_accepted"] * 3,
    *["lapse_nears", "approval_lapses", "is_issued"] * 2,
    "is_approved",
]


@pytest.mark.stateful
def test_works_agree_with_their_model(deployed):
    done = walk(partial(Works, deployed), ACTS, steps=40, walks=5)

    assert set(done) - {"refused"} == {"begin_works", "accept_works", "lapse", "issue"}
