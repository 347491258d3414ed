"""Applications and permits beside a model of the rules, in sequences nobody thought of."""

from functools import partial

import pytest

from tests.stateful.rights_model import Office
from tests.stateful.walking import walk

# what brings a file forward comes more often than what turns it back
ACTS = [
    *["is_accepted", "is_reviewed", "is_decided", "is_issued"] * 3,
    *["end_is_proposed", "is_suspended", "is_resumed"] * 2,
    *["is_sent_back", "is_resubmitted", "is_resubmitted", "is_ended", "time_passes"],
    *["review_is_stopped", "review_goes_on", "review_goes_on", "is_referred", "is_surrendered"],
]


@pytest.mark.stateful
def test_rights_agree_with_their_model(deployed):
    done = walk(partial(Office, deployed), ACTS, steps=60, walks=9)

    assert set(done) - {"refused"} == {
        *("accept", "request_correction", "resubmit", "review", "decide"),
        *("refer", "suspend_review", "resume_review"),
        *("issue", "suspend", "resume", "propose_end", "decide_end", "surrender"),
    }
