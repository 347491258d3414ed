"""Decisions: what they rest on, and who approved them."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import DAY_S, NOW, word

KIND = word("dispatch model")
INPUTS, MODEL, RESULT = (bytes([n]) * 32 for n in (1, 2, 3))


def recorded(suite):
    return suite.decisions.record(KIND, INPUTS, MODEL, RESULT, sender=suite.analyst)


def test_a_run_is_recorded_by_its_hashes_and_approved_by_another_officer(suite):
    decision = recorded(suite)

    hashes = {"inputs_hash": INPUTS, "model_hash": MODEL, "result_hash": RESULT}
    about = {"decision_id": decision, "kind": KIND, "by": suite.analyst}
    assert events(suite.decisions) == [("DecisionRecorded", about | hashes)]
    suite.decisions.approve(decision, sender=suite.decider)
    about = {"decision_id": decision, "by": suite.decider}
    assert events(suite.decisions) == [("DecisionApproved", about)]
    kept = suite.decisions.decision(decision)
    assert (kept.recorded_at, kept.approved_at) == (NOW, NOW)
    twice = reason(suite.decisions.approve, decision, sender=suite.decider)
    assert twice == "decisions: is approved"


def test_who_recorded_cannot_approve(suite):
    both = boa.env.generate_address()
    suite.by_both("open_post", 1, "small office", 128 | 8192, both, 0, NOW + DAY_S)
    decision = suite.decisions.record(KIND, INPUTS, MODEL, RESULT, sender=both)

    answer = reason(suite.decisions.approve, decision, sender=both)

    assert answer == "decisions: recorder cannot approve"


def test_a_withdrawn_decision_stays_on_record_and_holds_no_more(suite):
    decision, by = recorded(suite), suite.decider
    silent = reason(suite.decisions.withdraw, decision, "", sender=by)
    assert silent == "decisions: withdrawal needs a reason"

    suite.decisions.withdraw(decision, "wrong inputs", sender=by)

    about = {"decision_id": decision, "by": by, "reason": "wrong inputs"}
    assert events(suite.decisions) == [("DecisionWithdrawn", about)]
    assert suite.decisions.decision(decision).inputs_hash == INPUTS
    assert reason(suite.decisions.approve, decision, sender=by) == "decisions: is withdrawn"
    again = reason(suite.decisions.withdraw, decision, "wrong again", sender=by)
    assert again == "decisions: is withdrawn"
    nothing = reason(suite.decisions.withdraw, 99, "not there", sender=by)
    assert nothing == "decisions: unknown decision"


@pytest.mark.parametrize("missing", range(3))
def test_a_decision_rests_on_inputs_model_and_result(suite, missing):
    hashes = [INPUTS, MODEL, RESULT]
    hashes[missing] = b"\0" * 32

    answer = reason(suite.decisions.record, KIND, *hashes, sender=suite.analyst)

    assert answer == "decisions: inputs, model or result is missing"


def test_a_decision_has_a_kind_and_is_one_that_was_recorded(suite):
    unnamed = reason(
        suite.decisions.record, b"\0" * 32, INPUTS, MODEL, RESULT, sender=suite.analyst
    )
    assert unnamed == "decisions: empty kind"
    assert reason(suite.decisions.approve, 9, sender=suite.decider) == "decisions: unknown decision"
