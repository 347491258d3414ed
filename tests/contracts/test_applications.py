"""Applications: applied, corrected, accepted, reviewed, decided by another officer, issued."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import DAY_S, HASH, NOW, T0

SUBMITTED, CORRECTION, ACCEPTED, UNDER_REVIEW, APPROVED, REJECTED, ISSUED = range(1, 8)
NOT_COMPETENT, SUSPENDED_REVIEW, LAPSED = range(8, 11)
OTHER_HASH = b"\x02" * 32
NOBODY = "0x" + "00" * 20
STATED = {"stated_at": NOW}


def applied(suite, **changed):
    return suite.applications.apply(suite.face(**changed), 0, sender=suite.holder)


def brought_to(suite, state):
    """An application in the state asked for."""
    applications, application = suite.applications, applied(suite, needs_works=state == LAPSED)
    if state == NOT_COMPETENT:
        applications.refer(application, "Basin authority", 0, sender=suite.clerk)
        return application
    if state == CORRECTION:
        applications.request_correction(application, "map missing", 0, sender=suite.clerk)
    if state >= ACCEPTED and state != NOT_COMPETENT:
        applications.accept(application, 0, sender=suite.clerk)
    if state == SUSPENDED_REVIEW:
        applications.suspend_review(application, 3, "neighbours", 0, sender=suite.reviewer)
    elif state >= UNDER_REVIEW:
        applications.review(application, True, HASH, 0, sender=suite.reviewer)
    if state in (APPROVED, ISSUED, LAPSED):
        applications.decide(application, True, 0, 0, sender=suite.decider)
    if state == REJECTED:
        applications.decide(application, False, 2, 0, sender=suite.decider)
    if state == ISSUED:
        applications.take(application, 0, sender=suite.permit_registry.address)
    if state == LAPSED:
        boa.env.evm.patch.timestamp = applications.due(application).at
        applications.lapse(application, sender=suite.holder)
    assert applications.application(application).state == state
    return application


def test_apply_keeps_the_face_and_who_asks(suite):
    face = suite.face(annual_l=2_500_000)

    application = suite.applications.apply(face, 0, sender=suite.holder)

    fields = {"org_id": 2, "kind": 1, "version": 1, "document_hash": HASH, "stated_at": NOW}
    assert events(suite.applications) == [("Applied", {"application_id": application} | fields)]
    assert tuple(suite.applications.face(application)) == face
    assert tuple(suite.applications.application(application)) == (
        *(2, SUBMITTED, 1, 0, NOW, NOW),
        *(NOBODY, 0, NOBODY, False, b"\0" * 32, NOBODY, 0, 0, 0, 0),
    )
    assert suite.applications.application_count() == application


def test_water_may_return_to_the_last_station_that_was_added(suite):
    last = suite.station()

    application = suite.applications.apply(
        suite.face(return_station_id=last), 0, sender=suite.holder
    )

    assert suite.applications.face(application).return_station_id == last


BROKEN = [
    ({"kind": 0}, "applications: unknown kind"),
    ({"kind": 3}, "applications: unknown kind"),
    ({"station_id": 0}, "applications: unknown station"),
    ({"station_id": 99}, "applications: unknown station"),
    ({"annual_l": 0}, "applications: volume out of range"),
    ({"annual_l": 2**48}, "applications: volume out of range"),
    ({"peak_l_h": 0}, "applications: peak out of range"),
    ({"peak_l_h": 2**32}, "applications: peak out of range"),
    ({"return_station_id": 99}, "applications: unknown return station"),
    ({"monthly_l": 1_000_001}, "applications: monthly volume beyond the annual one"),
    ({"daily_l": 1_000_001}, "applications: daily volume beyond the annual one"),
    ({"return_l": 1_000_001}, "applications: more returned than taken"),
    ({"season_from": 401}, "applications: season is no pair of month and day"),
    (
        {"season_from": 401, "season_until": 1332},
        "applications: season is no pair of month and day",
    ),
    (
        {"season_from": 400, "season_until": 1031},
        "applications: season is no pair of month and day",
    ),
    ({"from_at": T0, "until_at": T0}, "applications: validity out of range"),
    ({"until_at": 2**32}, "applications: validity out of range"),
]


@pytest.mark.parametrize(("changed", "why"), BROKEN)
def test_apply_refuses_a_face_that_no_permit_could_carry(suite, changed, why):
    face = suite.face(**changed)

    assert reason(suite.applications.apply, face, 0, sender=suite.holder) == why


@pytest.mark.parametrize(("changed", "why"), [case for case in BROKEN if "kind" not in case[0]])
def test_resubmit_refuses_the_same_faces(suite, changed, why):
    application, face = brought_to(suite, CORRECTION), suite.face(**changed)

    assert reason(suite.applications.resubmit, application, face, 0, sender=suite.holder) == why


def test_accept_puts_it_before_the_reviewer(suite):
    application = applied(suite)

    suite.applications.accept(application, 0, sender=suite.clerk)

    about = {"application_id": application, "by": suite.clerk, "stated_at": NOW}
    assert events(suite.applications) == [("Accepted", about)]
    assert suite.applications.application(application).state == ACCEPTED
    assert suite.applications.application(application).accepted_by == suite.clerk


def test_request_correction_says_what_is_missing(suite):
    application = applied(suite)

    suite.applications.request_correction(application, "map missing", 0, sender=suite.clerk)

    about = {"application_id": application, "by": suite.clerk, "reason": "map missing"} | STATED
    assert events(suite.applications) == [("CorrectionRequested", about)]
    assert suite.applications.application(application).state == CORRECTION


def test_request_correction_needs_words(suite):
    application = applied(suite)

    answer = reason(suite.applications.request_correction, application, "", 0, sender=suite.clerk)

    assert answer == "applications: empty reason"


def test_resubmit_brings_it_back_as_the_next_version(suite):
    application = brought_to(suite, CORRECTION)
    face = suite.face(annual_l=9, document_hash=OTHER_HASH)

    suite.applications.resubmit(application, face, 0, sender=suite.holder)

    fields = {"org_id": 2, "kind": 1, "version": 2, "document_hash": OTHER_HASH, "stated_at": NOW}
    assert events(suite.applications) == [("Applied", {"application_id": application} | fields)]
    assert tuple(suite.applications.face(application)) == face
    assert suite.applications.application(application).state == SUBMITTED
    assert suite.applications.application(application).version == 2


def test_resubmit_keeps_the_kind(suite):
    application, face = brought_to(suite, CORRECTION), suite.face(kind=2)

    answer = reason(suite.applications.resubmit, application, face, 0, sender=suite.holder)

    assert answer == "applications: kind cannot change"


def test_review_puts_the_opinion_on_record(suite):
    application = brought_to(suite, ACCEPTED)

    suite.applications.review(application, True, OTHER_HASH, 0, sender=suite.reviewer)

    about = {"by": suite.reviewer, "favourable": True, "opinion_hash": OTHER_HASH} | STATED
    assert events(suite.applications) == [("Reviewed", {"application_id": application} | about)]
    record = suite.applications.application(application)
    assert (record.state, record.reviewer) == (UNDER_REVIEW, suite.reviewer)
    assert (record.favourable, record.opinion_hash) == (True, OTHER_HASH)


@pytest.mark.parametrize(
    ("approve", "ground", "state"), [(True, 0, APPROVED), (False, 8, REJECTED)]
)
def test_decide_approves_or_refuses_on_a_ground(suite, approve, ground, state):
    application = brought_to(suite, UNDER_REVIEW)

    suite.applications.decide(application, approve, ground, 0, sender=suite.decider)

    about = {"by": suite.decider, "approved": approve, "ground": ground} | STATED
    assert events(suite.applications) == [("Decided", {"application_id": application} | about)]
    record = suite.applications.application(application)
    assert (record.state, record.decider, record.ground) == (state, suite.decider, ground)


def test_decide_needs_a_ground_exactly_when_it_refuses(suite):
    decide, application = suite.applications.decide, brought_to(suite, UNDER_REVIEW)
    by = suite.decider

    needs = "applications: refusal needs a ground"
    assert reason(decide, application, False, 0, 0, sender=by) == needs
    assert reason(decide, application, False, 9, 0, sender=by) == needs
    assert (
        reason(decide, application, True, 1, 0, sender=by) == "applications: approval has no ground"
    )


def test_the_reviewing_officer_cannot_decide(suite):
    both = boa.env.generate_address()
    suite.by_both("open_post", 1, "small office", 64 | 128, both, 0, NOW + DAY_S)
    application = brought_to(suite, ACCEPTED)
    suite.applications.review(application, True, HASH, 0, sender=both)

    answer = reason(suite.applications.decide, application, True, 0, 0, sender=both)

    assert answer == "applications: reviewer cannot decide"


def test_take_marks_it_issued(suite):
    application = brought_to(suite, APPROVED)

    suite.applications.take(application, 0, sender=suite.permit_registry.address)

    assert events(suite.applications) == [("Taken", {"application_id": application} | STATED)]
    assert suite.applications.application(application).state == ISSUED


NAMES = {
    SUBMITTED: "SUBMITTED",
    CORRECTION: "CORRECTION",
    ACCEPTED: "ACCEPTED",
    UNDER_REVIEW: "UNDER_REVIEW",
    APPROVED: "APPROVED",
    REJECTED: "REJECTED",
    ISSUED: "ISSUED",
    NOT_COMPETENT: "NOT_COMPETENT",
    SUSPENDED_REVIEW: "SUSPENDED_REVIEW",
    LAPSED: "LAPSED",
}
STEPS = {
    "accept": ({SUBMITTED}, "clerk", (), "applications: to accept, must be SUBMITTED"),
    "request_correction": (
        {SUBMITTED},
        "clerk",
        ("map missing",),
        "applications: to correct, must be SUBMITTED",
    ),
    "refer": ({SUBMITTED}, "clerk", ("Basin",), "applications: to refer, must be SUBMITTED"),
    "forward": (set(), "clerk", (HASH,), "applications: to forward, must be SUBMITTED"),
    "resubmit": ({CORRECTION}, "holder", None, "applications: to resubmit, must be CORRECTION"),
    "review": ({ACCEPTED}, "reviewer", (True, HASH), "applications: to review, must be ACCEPTED"),
    "suspend_review": (
        {ACCEPTED, UNDER_REVIEW},
        "reviewer",
        (1, "neighbours"),
        "applications: to suspend, must be ACCEPTED or UNDER_REVIEW",
    ),
    "resume_review": (
        {SUSPENDED_REVIEW},
        "reviewer",
        (),
        "applications: to resume, must be SUSPENDED_REVIEW",
    ),
    "decide": (
        {UNDER_REVIEW},
        "decider",
        (True, 0),
        "applications: to decide, must be UNDER_REVIEW",
    ),
    "begin_works": (set(), "holder", (), "applications: for its works, must be APPROVED"),
    "accept_works": (
        set(),
        "reviewer",
        (NOW, HASH),
        "applications: for its works, must be APPROVED",
    ),
    "take": ({APPROVED}, "registry", (), "applications: to issue, must be APPROVED"),
}
# refused in these states too, for another reason
ELSEWHERE = {("forward", SUBMITTED), ("begin_works", APPROVED), ("accept_works", APPROVED)}


@pytest.mark.parametrize("state", range(SUBMITTED, LAPSED + 1))
@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_taken_from_its_states_and_otherwise_names_both(suite, step, state):
    wanted, actor, arguments, why = STEPS[step]
    sender = suite.permit_registry.address if actor == "registry" else getattr(suite, actor)
    arguments = (suite.face(),) if arguments is None else arguments
    application = brought_to(suite, state)
    if state in wanted:
        getattr(suite.applications, step)(application, *arguments, 0, sender=sender)
        assert suite.applications.application(application).state != state
        return

    # what was asked for with works lapses; the face says so, and a resubmission keeps it
    answer = reason(getattr(suite.applications, step), application, *arguments, 0, sender=sender)

    assert answer == f"{why}, is {NAMES[state]}" or (step, state) in ELSEWHERE
