"""Stated dates, due dates in working days, stopped clocks, levels, works and lapse."""

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.suite import DAY_S, HASH, NOW, SETTINGS, T0
from tests.tries import tried

HEARING, CONSULTATION, DISPUTE = 1, 2, 3
TO_ACCEPT, TO_DECIDE, TO_BEGIN_WORKS, TO_FORWARD = 1, 2, 3, 4
MONTH_S = 10 * DAY_S  # of the tests' calendar
WORKS_S = SETTINGS["works_months"][0] * MONTH_S
TRIAL_S = SETTINGS["trial_days"][0] * DAY_S


def applied(suite, stated_at=0, **changed):
    return suite.applications.apply(suite.face(**changed), stated_at, sender=suite.holder)


def accepted(suite, stated_at=0, **changed):
    application = applied(suite, stated_at, **changed)
    suite.applications.accept(application, stated_at, sender=suite.clerk)
    return application


def working_days_after(at, days, stops=()):
    """The rule: walk day by day; a working day counts unless it ends within a stop."""
    day = (at - T0) // DAY_S + 1
    while True:
        ended_at = T0 + (day + 1) * DAY_S
        stopped = any(from_at < ended_at <= until_at for from_at, until_at in stops)
        if day % 7 < 5 and not stopped:
            days -= 1
            if days == 0:
                return ended_at
        day += 1


def test_an_act_states_its_date_beside_the_block_it_is_recorded_in(suite):
    application = applied(suite, NOW - 3 * DAY_S)

    suite.applications.accept(application, NOW - DAY_S, sender=suite.clerk)

    (_, about) = events(suite.applications)[0]
    assert about["stated_at"] == NOW - DAY_S
    record = suite.applications.application(application)
    assert (record.applied_at, record.accepted_at) == (NOW - 3 * DAY_S, NOW - DAY_S)


def test_a_stated_date_lies_neither_in_the_future_nor_before_the_act_it_follows(suite):
    accept, application = suite.applications.accept, applied(suite, NOW - DAY_S)

    later = reason(accept, application, NOW + 1, sender=suite.clerk)
    before = reason(accept, application, NOW - DAY_S - 1, sender=suite.clerk)

    assert later == "dates: stated date lies in the future"
    assert before == "dates: stated date before the act that it follows"


@tried(40)
@given(hours=st.integers(0, 24 * 60), stops=st.lists(st.tuples(*[st.integers(1, 400)] * 2)))
def test_a_decision_is_due_in_working_days_without_those_of_a_stopped_clock(deployed, hours, stops):
    stops = stops[:4]
    with boa.env.anchor():
        suite, at = deployed, T0 + hours * 3600
        application = accepted(suite, at)
        applications, clock, stood = suite.applications, at, []
        for pause, length in stops:
            from_at, until_at = clock + pause * 3600, clock + (pause + length) * 3600
            applications.suspend_review(
                application, HEARING, "neighbours", from_at, sender=suite.reviewer
            )
            applications.resume_review(application, until_at, sender=suite.reviewer)
            stood.append((from_at, until_at))
            clock = until_at

        due = applications.due(application)

        assert tuple(due) == (TO_DECIDE, working_days_after(at, 45, stood))


def test_acceptance_is_due_in_working_days_after_the_last_submission(suite):
    application = applied(suite, NOW - 9 * DAY_S)
    suite.applications.request_correction(application, "map", NOW - 8 * DAY_S, sender=suite.clerk)
    assert tuple(suite.applications.due(application)) == (0, 0)

    suite.applications.resubmit(application, suite.face(), NOW - 2 * DAY_S, sender=suite.holder)

    due = tuple(suite.applications.due(application))
    assert due == (TO_ACCEPT, working_days_after(NOW - 2 * DAY_S, 5))


@pytest.mark.parametrize("cause", [HEARING, CONSULTATION, DISPUTE])
@pytest.mark.parametrize("reviewed", [False, True])
def test_a_review_stops_for_a_cause_and_goes_on_where_it_stopped(suite, cause, reviewed):
    applications, application, by = suite.applications, accepted(suite), suite.reviewer
    if reviewed:
        applications.review(application, True, HASH, 0, sender=by)
    state = applications.application(application).state

    applications.suspend_review(application, cause, "neighbours", 0, sender=by)

    about = {"application_id": application, "by": by, "stated_at": NOW}
    stopped = about | {"cause": cause, "reason": "neighbours"}
    assert events(applications) == [("ReviewSuspended", stopped)]
    assert tuple(applications.due(application)) == (TO_DECIDE, 0)
    assert [tuple(stop) for stop in applications.stops(application)] == [(NOW, 0)]
    applications.resume_review(application, 0, sender=by)
    assert events(applications) == [("ReviewResumed", about | {"state": state})]
    assert applications.application(application).state == state
    assert [tuple(stop) for stop in applications.stops(application)] == [(NOW, NOW)]


def test_a_stop_names_a_known_cause_and_a_reason(suite):
    suspend, application, by = suite.applications.suspend_review, accepted(suite), suite.reviewer

    assert reason(suspend, application, 0, "x", 0, sender=by) == "applications: unknown cause"
    assert reason(suspend, application, 4, "x", 0, sender=by) == "applications: unknown cause"
    assert (
        reason(suspend, application, 1, "", 0, sender=by) == "applications: a stop needs a reason"
    )


def test_a_review_stops_at_most_32_times(suite):
    applications, application, by = suite.applications, accepted(suite), suite.reviewer
    for _ in range(32):
        applications.suspend_review(application, HEARING, "again", 0, sender=by)
        applications.resume_review(application, 0, sender=by)

    answer = reason(applications.suspend_review, application, HEARING, "again", 0, sender=by)

    assert answer == "applications: review stopped 32 times"


def test_an_authority_that_is_not_competent_says_which_one_is(suite):
    application = applied(suite)

    suite.applications.refer(application, "Basin authority", 0, sender=suite.clerk)

    about = {"application_id": application, "by": suite.clerk, "stated_at": NOW}
    assert events(suite.applications) == [
        ("NotCompetent", about | {"competent": "Basin authority"})
    ]
    unnamed = reason(suite.applications.refer, applied(suite), "", 0, sender=suite.clerk)
    assert unnamed == "applications: competent authority is not named"


def test_an_application_for_the_level_above_is_forwarded_with_an_opinion_before_it_is_accepted(
    suite,
):
    applications, by = suite.applications, suite.clerk
    application = applied(suite, NOW - 9 * DAY_S, level=1)
    assert tuple(applications.due(application)) == (
        TO_FORWARD,
        working_days_after(NOW - 9 * DAY_S, 20),
    )
    early = reason(applications.accept, application, 0, sender=by)
    assert early == "applications: must be forwarded first"
    silent = reason(applications.forward, application, b"\0" * 32, 0, sender=by)
    assert silent == "applications: forwarding needs an opinion"

    applications.forward(application, HASH, NOW, sender=by)

    about = {"application_id": application, "by": by, "stated_at": NOW}
    assert events(applications) == [("Forwarded", about | {"level": 1, "opinion_hash": HASH})]
    assert tuple(applications.due(application)) == (TO_ACCEPT, working_days_after(NOW, 5))
    again = reason(applications.forward, application, HASH, 0, sender=by)
    assert again == "applications: is at its level"
    applications.accept(application, 0, sender=by)


def approved_works(suite, stated_at=NOW):
    application = accepted(suite, stated_at, needs_works=True)
    suite.applications.review(application, True, HASH, stated_at, sender=suite.reviewer)
    suite.applications.decide(application, True, 0, stated_at, sender=suite.decider)
    return application


def test_a_permit_for_new_works_is_issued_after_their_acceptance_only(suite):
    applications, application = suite.applications, approved_works(suite)
    issue = (application, "W-1", 1, [], 0)
    assert tuple(applications.due(application)) == (TO_BEGIN_WORKS, NOW + WORKS_S)

    early = reason(suite.permit_registry.issue, *issue, sender=suite.issuer)
    applications.begin_works(application, 0, sender=suite.holder)

    assert early == "applications: works are not accepted"
    about = {"application_id": application, "by": suite.holder, "stated_at": NOW}
    assert events(applications) == [("WorksBegun", about)]
    assert tuple(applications.due(application)) == (0, 0)
    boa.env.evm.patch.timestamp = NOW + TRIAL_S
    applications.accept_works(application, NOW, HASH, 0, sender=suite.reviewer)
    about = {"trial_from_at": NOW, "report_hash": HASH, "stated_at": NOW + TRIAL_S}
    by = {"application_id": application, "by": suite.reviewer}
    assert events(applications) == [("WorksAccepted", by | about)]
    assert suite.permit_registry.issue(*issue, sender=suite.issuer) == 1


def test_works_are_accepted_after_a_whole_trial_and_with_its_report(suite):
    applications, application, by = suite.applications, approved_works(suite), suite.reviewer
    accept = applications.accept_works
    not_begun = reason(accept, application, NOW, HASH, 0, sender=by)
    applications.begin_works(application, 0, sender=suite.holder)
    boa.env.evm.patch.timestamp = NOW + TRIAL_S - 1

    assert not_begun == "applications: works have not begun"
    short = reason(accept, application, NOW, HASH, 0, sender=by)
    assert short == "applications: trial is too short"
    early = reason(accept, application, NOW - 1, HASH, 0, sender=by)
    assert early == "applications: trial before the works"
    silent = reason(accept, application, NOW, b"\0" * 32, 0, sender=by)
    assert silent == "applications: acceptance needs the trial's report"
    boa.env.evm.patch.timestamp += 1
    accept(application, NOW, HASH, 0, sender=by)
    twice = reason(accept, application, NOW, HASH, 0, sender=by)
    assert twice == "applications: works are accepted"


def test_an_approval_lapses_when_the_works_do_not_begin_in_time(suite):
    applications, application = suite.applications, approved_works(suite)
    boa.env.evm.patch.timestamp = NOW + WORKS_S - 1
    early = reason(applications.lapse, application, sender=suite.clerk)
    assert early == "applications: approval has not lapsed yet"
    boa.env.evm.patch.timestamp += 1
    for stated_at in (0, NOW + WORKS_S - 1):
        late = reason(applications.begin_works, application, stated_at, sender=suite.holder)
        assert late == "applications: approval has lapsed"

    applications.lapse(application, sender=suite.clerk)

    about = {"application_id": application, "by": suite.clerk, "lapsed_at": NOW + WORKS_S}
    assert events(applications) == [("Lapsed", about)]
    assert applications.application(application).state == 10


def test_an_approval_whose_works_began_does_not_lapse(suite):
    applications, application = suite.applications, approved_works(suite)
    applications.begin_works(application, 0, sender=suite.holder)
    boa.env.evm.patch.timestamp = NOW + WORKS_S

    answer = reason(applications.lapse, application, sender=suite.clerk)

    assert answer == "applications: works have begun in time"
    twice = reason(applications.begin_works, application, 0, sender=suite.holder)
    assert twice == "applications: works have begun"


def test_an_application_without_works_has_none_to_begin_accept_or_lapse(suite):
    applications, application = suite.applications, suite.approved()

    answers = {
        reason(applications.begin_works, application, 0, sender=suite.holder),
        reason(applications.accept_works, application, NOW, HASH, 0, sender=suite.reviewer),
        reason(applications.lapse, application, sender=suite.clerk),
    }

    assert answers == {"applications: no works are needed"}
    assert tuple(applications.due(application)) == (0, 0)


def test_resubmit_keeps_the_permit_that_is_amended(suite):
    application = applied(suite)
    suite.applications.request_correction(application, "map", 0, sender=suite.clerk)

    answer = reason(
        suite.applications.resubmit, application, suite.face(amends=3), 0, sender=suite.holder
    )

    assert answer == "applications: amended permit cannot change"
