"""Applications and permits beside a model of the rules, in sequences nobody thought of."""

from collections import Counter
from random import Random

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.suite import DAY_S
from tests.stateful.rights_model import Office

# what brings a file forward comes more often than what turns it back
ACTS = [
    *["is_accepted", "is_reviewed", "is_decided", "is_issued"] * 3,
    *["end_is_proposed", "is_suspended", "is_resumed"] * 2,
    *["is_sent_back", "is_resubmitted", "is_resubmitted", "is_ended", "time_passes"],
    *["review_is_stopped", "review_goes_on", "review_goes_on", "is_referred", "is_surrendered"],
]
# the right decision as often as all wrong and unfavourable ones
DECISIONS = [*[(True, 0)] * 4, (False, 2), (True, 2), (False, 0), (False, 9)]
STEPS = 60


def step(chance: Random) -> tuple[str, dict[str, object]]:
    """An act and everything it may ask for; the third file is never there."""
    return chance.choice(ACTS), {
        "number": chance.choice([0, 0, 0, 1, 1, 1, 2]),
        "by": chance.randrange(2),
        "decision": chance.choice(DECISIONS),
        "printed": chance.choice("AB"),
        "end": chance.choice([3, 3, 3, 6, 1]),
        "by_applicant": chance.random() < 0.8,
        "seconds": chance.randrange(1, DAY_S // 8),
    }


@pytest.mark.stateful
def test_rights_agree_with_their_model(deployed):
    done: Counter[str] = Counter()

    # a walk from a drawn seed: drawing every step would repeat a few short sequences
    @settings(max_examples=max(20, settings().max_examples // 5))
    @given(seed=st.integers(0, 2**32 - 1))
    def agrees(seed):
        chance = Random(seed)
        with boa.env.anchor():
            office = Office(deployed)
            for _ in range(STEPS):
                act, asked = step(chance)
                getattr(office, act)(**asked)
                office.agrees()
            done.update(office.done)

    agrees()

    assert set(done) == {
        *("accept", "request_correction", "resubmit", "review", "decide"),
        *("refer", "suspend_review", "resume_review"),
        *("issue", "suspend", "resume", "propose_end", "decide_end", "surrender"),
    }
