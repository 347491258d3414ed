"""Posts: opened, given to another holder, withdrawn at once; and who held one when."""

import boa
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.suite import DAY_S, NOW
from tests.tries import tried

CLERK, REVIEWER = 32, 64
END = NOW + 100 * DAY_S
NOBODY = "0x" + "00" * 20


def opened(suite, holder, duties=CLERK, from_at=NOW - DAY_S, until_at=END):
    post_id = suite.authority.post_count() + 1
    suite.by_both("open_post", 1, "desk", duties, holder, from_at, until_at)
    return post_id


def refused(suite, function, *arguments):
    act = getattr(suite.authority, function).prepare_calldata(*arguments)
    proposal = suite.authority.propose(act, sender=suite.first)
    return reason(suite.authority.confirm, proposal, sender=suite.second)


def test_open_post_gives_its_first_holder_the_duties(suite):
    holder = boa.env.generate_address()

    post_id = opened(suite, holder, CLERK | REVIEWER)

    term = {"from_at": NOW - DAY_S, "until_at": END}
    duties = CLERK | REVIEWER
    assert events(suite.authority)[1:] == [
        ("PostOpened", {"post_id": post_id, "org_id": 1, "title": "desk", "duties": duties}),
        ("PostAppointed", {"post_id": post_id, "holder": holder, "duties": duties} | term),
    ]
    assert tuple(suite.authority.post(post_id)) == (1, "desk", duties, holder, NOW - DAY_S, END)
    assert suite.authority.can(holder, CLERK)
    assert suite.authority.can(holder, REVIEWER)
    assert not suite.authority.can(holder, 128)
    assert suite.authority.duties_of(holder) == duties
    assert suite.authority.post_of(holder) == post_id


def test_duties_run_from_the_first_to_before_the_last_second_of_the_term(suite):
    holder = boa.env.generate_address()
    opened(suite, holder, from_at=NOW + 10, until_at=NOW + 20)

    held = []
    for moment in (NOW + 9, NOW + 10, NOW + 19, NOW + 20):
        boa.env.evm.patch.timestamp = moment
        held.append(suite.authority.can(holder, CLERK))

    assert held == [False, True, True, False]


def test_open_post_refuses_unverified_organisations_and_unknown_duties(suite):
    holder = boa.env.generate_address()

    unverified = refused(suite, "open_post", 9, "desk", CLERK, holder, 0, END)
    unknown = refused(suite, "open_post", 1, "desk", 1 << 14, holder, 0, END)

    assert unverified == "authority: organisation is not verified"
    assert unknown == "authority: unknown duty"


def test_appoint_moves_the_duties_to_the_next_holder(suite):
    before, after = boa.env.generate_address(), boa.env.generate_address()
    post_id = opened(suite, before)

    suite.by_both("appoint", post_id, after, NOW, END)

    assert events(suite.authority, "PostAppointed") == [
        (
            "PostAppointed",
            {
                "post_id": post_id,
                "holder": after,
                "duties": CLERK,
                "from_at": NOW,
                "until_at": END,
            },
        )
    ]
    assert not suite.authority.can(before, CLERK)
    assert suite.authority.can(after, CLERK)
    assert suite.authority.post_of(before) == 0
    assert suite.authority.holder(post_id, NOW - 1) == before
    assert suite.authority.holder(post_id, NOW) == after


def test_appoint_prolongs_the_term_of_the_holder(suite):
    holder = boa.env.generate_address()
    post_id = opened(suite, holder)

    suite.by_both("appoint", post_id, holder, NOW, END + DAY_S)

    assert suite.authority.post(post_id).until_at == END + DAY_S
    assert suite.authority.can(holder, CLERK)


def test_appoint_refuses_what_is_no_holder_or_no_term(suite):
    holder = boa.env.generate_address()
    post_id = opened(suite, holder)
    other = boa.env.generate_address()

    assert refused(suite, "appoint", 0, other, NOW, END) == "authority: unknown post"
    assert refused(suite, "appoint", post_id + 1, other, NOW, END) == "authority: unknown post"
    assert refused(suite, "appoint", post_id, NOBODY, NOW, END) == "authority: empty holder"
    assert refused(suite, "appoint", post_id, other, END, END) == "authority: term out of range"
    assert refused(suite, "appoint", post_id, other, 0, 2**32) == "authority: term out of range"
    assert refused(suite, "appoint", 1, holder, NOW, END) == "authority: holder has a post"
    assert suite.authority.can(holder, CLERK)


def test_withdraw_takes_the_post_at_once_and_ends_the_holding(suite):
    holder = boa.env.generate_address()
    post_id = opened(suite, holder)

    suite.authority.withdraw(holder, sender=suite.supervisor)

    assert events(suite.authority) == [
        ("AccountWithdrawn", {"account": holder, "post_id": post_id, "by": suite.supervisor})
    ]
    assert not suite.authority.can(holder, CLERK)
    assert suite.authority.post(post_id).holder == NOBODY
    assert suite.authority.holder(post_id, NOW - 1) == holder
    assert suite.authority.holder(post_id, NOW) == NOBODY


def test_withdraw_refuses_an_account_without_a_post(suite):
    stranger = boa.env.generate_address()

    answer = reason(suite.authority.withdraw, stranger, sender=suite.first)

    assert answer == "authority: account holds no post"


def test_a_withdrawn_post_can_be_filled_again(suite):
    holder, next_holder = boa.env.generate_address(), boa.env.generate_address()
    post_id = opened(suite, holder)
    suite.authority.withdraw(holder, sender=suite.second)

    suite.by_both("appoint", post_id, next_holder, NOW + 5, END)

    assert suite.authority.holder(post_id, NOW + 4) == NOBODY
    assert suite.authority.holder(post_id, NOW + 5) == next_holder


def test_a_term_that_has_run_out_is_not_prolonged_by_the_next_one(suite):
    before, after = boa.env.generate_address(), boa.env.generate_address()
    post_id = opened(suite, before, until_at=NOW + 10)
    boa.env.evm.patch.timestamp = NOW + 50

    suite.by_both("appoint", post_id, after, NOW + 60, END)

    held = [suite.authority.holder(post_id, NOW + s) for s in (9, 10, 49, 59, 60)]
    assert held == [before, NOBODY, NOBODY, NOBODY, after]


changes = st.lists(
    st.tuples(st.integers(1, 30), st.integers(-5, 20), st.integers(1, 40), st.booleans()),
    min_size=1,
    max_size=6,
)


@tried(40)
@given(changes=changes)
def test_whoever_held_a_post_first_at_a_moment_keeps_that_moment(deployed, changes):
    """The rule: a term ends early when the next is given, which begins no earlier than that; one
    that had not begun never was, and the past is never given away."""
    with boa.env.anchor():
        suite = deployed
        first = boa.env.generate_address()
        post_id = opened(suite, first, from_at=NOW, until_at=NOW + 30)
        terms = [[NOW, NOW + 30, first]]
        for wait_s, starts_in, lasts, withdrawn in changes:
            boa.env.evm.patch.timestamp += wait_s
            now = boa.env.evm.patch.timestamp
            if terms[-1][0] > now:
                terms.pop()
            terms[-1][1] = min(terms[-1][1], now)
            if withdrawn:
                held = suite.authority.post(post_id).holder
                if held != NOBODY:
                    suite.authority.withdraw(held, sender=suite.first)
                continue
            holder = boa.env.generate_address()
            suite.by_both("appoint", post_id, holder, now + starts_in, now + starts_in + lasts)
            begins = max(now + starts_in, *terms[-1][:2])
            terms.append([begins, now + starts_in + lasts, holder])

        edges = {edge for start, end, _ in terms for edge in (start, end)}
        for at in {edge + offset for edge in edges for offset in (-1, 0, 1)}:
            expected = next((who for start, end, who in terms if start <= at < end), NOBODY)
            assert suite.authority.holder(post_id, at) == expected
