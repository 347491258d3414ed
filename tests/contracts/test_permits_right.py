"""The right a permit gives: suspended, resumed, revoked by two officers, asked for any moment."""

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.storage import put
from tests.contracts.suite import DRAINAGE, NOW, T0
from tests.tries import tried

VALID, SUSPENDED, REVOKED = 1, 2, 3


def suspended(suite, permit_id):
    suite.permit_registry.suspend(permit_id, "drought", sender=suite.supervisor)


def resumed(suite, permit_id):
    suite.permit_registry.resume(permit_id, sender=suite.supervisor)


def revoked(suite, permit_id):
    suite.permit_changes.propose_end(permit_id, REVOKED, "false data", sender=suite.supervisor)
    suite.permit_changes.decide_end(permit_id, REVOKED, sender=suite.decider)


@pytest.mark.parametrize("kind", [1, DRAINAGE])
def test_suspend_takes_the_right_at_once_and_tells_who_counts(suite, kind):
    permit_id = suite.permit(kind=kind)
    counts = suite.quota_tracker if kind == 1 else suite.discharge_volumes

    suspended(suite, permit_id)

    act = {"permit_id": permit_id, "by": suite.supervisor, "at": NOW, "reason": "drought"}
    assert events(suite.permit_registry) == [("PermitSuspended", act)]
    suite.permit_registry.resume(permit_id, sender=suite.supervisor)
    logged = [e for e in suite.permit_registry.get_logs() if e.address == counts.address]
    assert [(type(e).__name__, e.permit_id, e.at) for e in logged] == [
        ("RightChanged", permit_id, NOW)
    ]


def test_a_suspended_permit_gives_no_right_from_that_second(suite):
    permit_id = suite.permit()
    suspended(suite, permit_id)

    rights = [suite.permit_registry.in_right(permit_id, at) for at in (NOW - 1, NOW, NOW + 9)]

    assert rights == [True, False, False]
    assert suite.permit_registry.permit(permit_id).state == SUSPENDED
    assert tuple(suite.permit_registry.change(permit_id, 0)) == (SUSPENDED, NOW, suite.supervisor)


def test_resume_gives_the_right_back_and_keeps_the_gap(suite):
    permit_id = suite.permit()
    suspended(suite, permit_id)
    boa.env.evm.patch.timestamp = NOW + 100

    resumed(suite, permit_id)

    act = {"permit_id": permit_id, "by": suite.supervisor, "at": NOW + 100}
    assert events(suite.permit_registry) == [("PermitResumed", act)]
    moments = (NOW - 1, NOW, NOW + 99, NOW + 100)
    rights = [suite.permit_registry.in_right(permit_id, at) for at in moments]
    assert rights == [True, False, False, True]
    assert suite.permit_registry.permit(permit_id).state == VALID
    assert suite.permit_registry.change_count(permit_id) == 2


def test_suspending_needs_a_reason(suite):
    answer = reason(suite.permit_registry.suspend, suite.permit(), "", sender=suite.supervisor)

    assert answer == "permits: empty reason"


def test_each_act_names_the_state_it_needs_and_the_one_there_is(suite):
    registry, by = suite.permit_registry, suite.supervisor
    valid, halted, ended = suite.permit(), suite.permit(), suite.permit()
    past, coming = suite.permit(until_at=NOW), suite.permit(from_at=NOW + 1)
    suspended(suite, halted)
    revoked(suite, ended)
    states = {
        valid: "VALID",
        halted: "SUSPENDED",
        ended: "REVOKED",
        past: "EXPIRED",
        coming: "NOT_BEGUN",
        99: "UNKNOWN",
    }

    suspend = "permits: to suspend, must be VALID"
    resume = "permits: to resume, must be SUSPENDED"
    for permit_id, state in states.items():
        if state != "VALID":
            answer = reason(registry.suspend, permit_id, "drought", sender=by)
            assert answer == f"{suspend}, is {state}"
        if state != "SUSPENDED":
            assert reason(registry.resume, permit_id, sender=by) == f"{resume}, is {state}"


def test_a_suspended_permit_can_be_revoked(suite):
    permit_id = suite.permit()
    suspended(suite, permit_id)

    revoked(suite, permit_id)

    assert suite.permit_registry.permit(permit_id).state == REVOKED


def test_a_permit_can_be_revoked_however_often_its_right_has_changed(suite):
    registry, permit_id = suite.permit_registry, suite.permit()
    put(registry, 1, "change", permit_id, 4_999)
    put(registry, 5_000, "change_count", permit_id)

    revoked(suite, permit_id)

    assert registry.change_count(permit_id) == 5_001
    assert not registry.in_right(permit_id, NOW)


def test_right_at_says_until_when_its_answer_holds(suite):
    registry = suite.permit_registry
    permit_id = suite.permit(from_at=NOW - 50, until_at=NOW + 300)
    suspended(suite, permit_id)
    boa.env.evm.patch.timestamp = NOW + 100
    resumed(suite, permit_id)

    moments = (NOW - 51, NOW - 50, NOW - 1, NOW, NOW + 99, NOW + 100, NOW + 299, NOW + 300)
    answers = [registry.right_at(permit_id, at) for at in moments]

    before, suspension, after = (True, NOW), (False, NOW + 100), (True, NOW + 300)
    never_again = (False, 2**256 - 1)
    assert answers == [
        (False, NOW - 50),
        *[before] * 2,
        *[suspension] * 2,
        *[after] * 2,
        never_again,
    ]


@tried(40)
@given(
    starts=st.integers(-60, 60),
    lasts=st.integers(1, 200),
    acts=st.lists(
        st.tuples(st.integers(0, 15), st.sampled_from(["suspend", "resume", "revoke"])), max_size=8
    ),
    asked=st.lists(st.integers(-80, 280), min_size=10, max_size=10),
)
def test_a_permit_gives_its_right_second_by_second(deployed, starts, lasts, acts, asked):
    """The rule: a list with one entry a second, true where the right holds."""
    with boa.env.anchor():
        suite, offset = deployed, 100
        permit_id = suite.permit(from_at=NOW + starts, until_at=NOW + starts + lasts)
        first = offset + starts
        seconds = [first <= i < first + lasts for i in range(500)]
        dated, state = list(seconds), "valid"
        follows = {("valid", "suspend"), ("suspend", "resume")}
        for wait_s, act in acts:
            boa.env.evm.patch.timestamp += wait_s
            now = boa.env.evm.patch.timestamp - NOW + offset
            if now >= first + lasts:
                break
            if act == "revoke" and state != "revoke":
                revoked(suite, permit_id)
            elif (state, act) in follows and now >= first:
                {"suspend": suspended, "resume": resumed}[act](suite, permit_id)
            else:
                continue
            state = "valid" if act == "resume" else act
            seconds[now:] = dated[now:] if state == "valid" else [False] * (500 - now)

        for moment in asked:
            assert (
                suite.permit_registry.in_right(permit_id, NOW + moment) == seconds[moment + offset]
            )
        assert not suite.permit_registry.in_right(permit_id, T0)
