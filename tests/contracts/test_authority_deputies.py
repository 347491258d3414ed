"""Deputies: who may act for a post's holder, in which term, under an account of their own."""

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.suite import DAY_S, HASH, NOW
from tests.contracts.test_authority_posts import CLERK, END, NOBODY, REVIEWER, opened, refused

UNTIL = NOW + 10 * DAY_S


@pytest.fixture
def holder():
    return boa.env.generate_address("holder")


@pytest.fixture
def deputy():
    return boa.env.generate_address("deputy")


@pytest.fixture
def post(suite, holder):
    return opened(suite, holder)


def test_a_deputy_has_the_duties_of_the_post_in_its_term_and_the_holder_keeps_them(
    suite, post, holder, deputy
):
    authority = suite.authority

    suite.by_both("deputise", post, deputy, NOW + 10, NOW + 20)

    about = {"post_id": post, "deputy": deputy, "duties": CLERK}
    about |= {"from_at": NOW + 10, "until_at": NOW + 20}
    assert events(authority, "DeputyNamed") == [("DeputyNamed", about)]
    assert tuple(authority.deputyship(deputy)) == (post, CLERK, NOW + 10, NOW + 20)
    seen = []
    for at in (NOW + 9, NOW + 10, NOW + 19, NOW + 20):
        boa.env.evm.patch.timestamp = at
        seen.append((authority.can(deputy, CLERK), authority.acts_for(deputy, post)))
        assert authority.can(holder, CLERK)
        assert authority.acts_for(holder, post)
    assert seen == [(False, False), (True, True), (True, True), (False, False)]
    assert not authority.can(deputy, REVIEWER)


def test_an_account_with_a_post_of_its_own_deputises_beside_it(suite, post, deputy):
    own = opened(suite, deputy, REVIEWER)

    suite.by_both("deputise", post, deputy, NOW, UNTIL)

    authority = suite.authority
    assert authority.can(deputy, REVIEWER)
    assert authority.can(deputy, CLERK)
    assert (authority.post_of(deputy), authority.duties_of(deputy)) == (own, REVIEWER)
    assert authority.acts_for(deputy, own)
    assert authority.acts_for(deputy, post)
    assert not authority.acts_for(deputy, 0)


def test_what_a_deputy_does_is_recorded_as_the_deputys_own(suite, deputy):
    clerks = suite.authority.post_of(suite.clerk)
    suite.by_both("deputise", clerks, deputy, NOW, UNTIL)
    number = suite.applications.apply(suite.face(), 0, sender=suite.holder)

    suite.applications.accept(number, 0, sender=deputy)

    assert suite.applications.application(number).accepted_by == deputy


def test_a_deputy_of_the_decider_does_not_decide_what_it_reviewed(suite):
    applications, reviewer = suite.applications, suite.reviewer
    deciders = suite.authority.post_of(suite.decider)
    suite.by_both("deputise", deciders, reviewer, NOW, UNTIL)
    number = applications.apply(suite.face(), 0, sender=suite.holder)
    applications.accept(number, 0, sender=suite.clerk)
    applications.review(number, True, HASH, 0, sender=reviewer)

    answer = reason(applications.decide, number, True, 0, 0, sender=reviewer)

    assert answer == "applications: reviewer cannot decide"


def test_a_deputy_stays_when_the_holder_is_withdrawn(suite, post, holder, deputy):
    suite.by_both("deputise", post, deputy, NOW, UNTIL)

    suite.authority.withdraw(holder, sender=suite.supervisor)

    assert suite.authority.can(deputy, CLERK)
    assert not suite.authority.can(holder, CLERK)


def test_withdrawing_an_account_takes_its_deputys_term_too(suite, post, deputy):
    suite.by_both("deputise", post, deputy, NOW, UNTIL)
    boa.env.evm.patch.timestamp = NOW + 5

    suite.authority.withdraw(deputy, sender=suite.supervisor)

    assert events(suite.authority) == [
        ("DeputyRelieved", {"post_id": post, "deputy": deputy, "ended_at": NOW + 5}),
        ("AccountWithdrawn", {"account": deputy, "post_id": 0, "by": suite.supervisor}),
    ]
    assert not suite.authority.can(deputy, CLERK)
    held = [suite.authority.deputy(post, NOW + s) for s in (-1, 0, 4, 5)]
    assert held == [NOBODY, deputy, deputy, NOBODY]


def test_an_account_whose_deputys_term_is_over_and_who_holds_nothing_is_not_withdrawn(
    suite, post, deputy
):
    suite.by_both("deputise", post, deputy, NOW, UNTIL)
    boa.env.evm.patch.timestamp = UNTIL

    answer = reason(suite.authority.withdraw, deputy, sender=suite.supervisor)

    assert answer == "authority: account holds no post"


def test_relieve_ends_a_term_that_runs_and_takes_back_one_that_has_not_begun(suite, post, deputy):
    other = boa.env.generate_address()
    suite.by_both("deputise", post, deputy, NOW, UNTIL)
    boa.env.evm.patch.timestamp = NOW + 5
    suite.by_both("relieve", post)
    suite.by_both("deputise", post, other, NOW + 50, UNTIL)
    suite.by_both("relieve", post)
    assert refused(suite, "relieve", post) == "authority: deputy's term is over"

    held = [suite.authority.deputy(post, NOW + s) for s in (0, 4, 5, 49, 50, 60)]

    assert held == [deputy, deputy, NOBODY, NOBODY, NOBODY, NOBODY]
    assert tuple(suite.authority.deputyship(other)) == (0, 0, 0, 0)
    boa.env.evm.patch.timestamp = NOW + 55
    assert not suite.authority.can(other, CLERK)


def test_a_term_begins_no_earlier_than_now(suite, post, deputy):
    suite.by_both("deputise", post, deputy, NOW - DAY_S, UNTIL)

    assert suite.authority.deputyship(deputy).from_at == NOW


def test_a_deputy_takes_a_second_term_when_the_first_is_over(suite, post, deputy):
    suite.by_both("deputise", post, deputy, NOW, NOW + 10)
    boa.env.evm.patch.timestamp = NOW + 10

    suite.by_both("deputise", post, deputy, NOW + 10, NOW + 20)

    assert suite.authority.can(deputy, CLERK)


def test_deputise_refuses_what_is_no_deputy_or_no_term(suite, post, holder, deputy):
    other, second = boa.env.generate_address(), opened(suite, boa.env.generate_address())
    out = "authority: deputy's term out of range"

    assert refused(suite, "deputise", 0, deputy, NOW, UNTIL) == "authority: no such post"
    assert refused(suite, "deputise", second + 1, deputy, NOW, END) == "authority: no such post"
    assert refused(suite, "deputise", post, NOBODY, NOW, UNTIL) == "authority: empty deputy"
    own = refused(suite, "deputise", post, holder, NOW, UNTIL)
    assert own == "authority: holder cannot be the deputy"
    assert refused(suite, "deputise", post, deputy, NOW - 9, NOW) == out
    assert refused(suite, "deputise", post, deputy, UNTIL, UNTIL) == out
    assert refused(suite, "deputise", post, deputy, NOW, 2**32) == out
    suite.by_both("deputise", post, deputy, NOW, UNTIL)
    busy = refused(suite, "deputise", second, deputy, UNTIL, END)
    assert busy == "authority: account is a deputy"
    overlap = refused(suite, "deputise", post, other, UNTIL - 1, END)
    assert overlap == "authority: another deputy's term is not over"


def test_withdrawing_a_deputy_ends_its_own_term_and_nobody_elses(suite, post, deputy):
    """A term behind one that still runs would be the one that is cut short: none is named."""
    authority, other = suite.authority, boa.env.generate_address()
    suite.by_both("deputise", post, deputy, NOW, NOW + 20)

    early = refused(suite, "deputise", post, other, NOW + 20, NOW + 40)
    boa.env.evm.patch.timestamp = NOW + 10
    authority.withdraw(deputy, sender=suite.supervisor)

    assert early == "authority: another deputy's term is not over"
    assert [authority.deputy(post, NOW + n) for n in (9, 10, 25)] == [deputy, NOBODY, NOBODY]
    suite.by_both("deputise", post, other, NOW + 20, NOW + 40)
    assert authority.deputy(post, NOW + 25) == other


def test_relieve_refuses_where_no_term_is_left(suite, post, deputy):
    assert refused(suite, "relieve", post) == "authority: post has no deputy"
    suite.by_both("deputise", post, deputy, NOW, UNTIL)
    boa.env.evm.patch.timestamp = UNTIL

    assert refused(suite, "relieve", post) == "authority: deputy's term is over"


def test_a_deputy_acknowledges_an_incident_for_the_post_and_then_for_its_own(suite, post, deputy):
    own = opened(suite, deputy, 0)
    suite.by_both("deputise", post, deputy, NOW, UNTIL)
    incidents = suite.incidents
    incidents.set_plan((HASH, 0, [post, own], [], 60, []), sender=suite.supervisor)
    number = incidents.open(HASH, 1, 1, False, HASH, sender=suite.dispatcher)

    for expected in (post, own):
        incidents.acknowledge(number, sender=deputy)
        ((_, about),) = events(incidents, "IncidentAcknowledged")
        assert (about["post_id"], about["by"]) == (expected, deputy)

    answer = reason(incidents.acknowledge, number, sender=deputy)
    assert answer == "incidents: post has acknowledged"


steps = st.lists(
    st.tuples(st.integers(0, 15), st.integers(-5, 20), st.integers(1, 25), st.booleans()),
    min_size=1,
    max_size=6,
)


@given(steps=steps)
def test_terms_of_deputies_never_overlap_and_the_past_stays(deployed, steps):
    """A model of intervals: a term is taken where none runs or waits, else refused."""
    with boa.env.anchor():
        suite, authority = deployed, deployed.authority
        post = opened(suite, boa.env.generate_address())
        terms: list[list] = []
        for wait_s, starts_in, lasts, relieved in steps:
            boa.env.evm.patch.timestamp += wait_s
            now = boa.env.evm.patch.timestamp
            if relieved:
                if terms and terms[-1][1] > now:
                    suite.by_both("relieve", post)
                    if terms[-1][0] > now:
                        terms.pop()
                    else:
                        terms[-1][1] = now
                continue
            who = boa.env.generate_address()
            begins, ends = max(now, now + starts_in), now + starts_in + lasts
            if begins < ends and (not terms or now >= terms[-1][1]):
                suite.by_both("deputise", post, who, now + starts_in, ends)
                terms.append([begins, ends, who])
            else:
                assert refused(suite, "deputise", post, who, now + starts_in, ends)

        for at in {edge + n for start, end, _ in terms for edge in (start, end) for n in (-1, 0)}:
            inside = [who for start, end, who in terms if start <= at < end]
            assert len(inside) <= 1
            assert authority.deputy(post, at) == (inside or [NOBODY])[0]
            if at >= boa.env.evm.patch.timestamp:
                with boa.env.anchor():
                    boa.env.evm.patch.timestamp = at
                    can = [who for _, _, who in terms if authority.can(who, CLERK)]
                assert can == inside
