"""The council: m of n over the hash of a call, a delay, an expiry; urgent acts ratified later."""

import boa
import pytest
from eth_utils import keccak

from tests.contracts.answers import events, reason
from tests.contracts.storage import put
from tests.contracts.suite import DAY_S, NOW, T0, word

DELAY_S, EXPIRY_S = DAY_S, 10 * DAY_S
RATIFY_S = 7 * DAY_S
OPEN, DONE, RATIFIED, LIFTED = range(1, 5)


@pytest.fixture
def members(suite):
    """Three members of whom two decide; the administrators have handed over."""
    seats = [boa.env.generate_address(f"member {n}") for n in range(3)]
    suite.by_both("open_post", 1, "council", 512, suite.council.address, 0, 2**32 - 1)
    suite.by_both("hand_over", seats, 2, DELAY_S, EXPIRY_S)
    return seats


def hash_of(target, act):
    return keccak(bytes.fromhex(target.address[2:]).rjust(32, b"\0") + keccak(act))


def opening(suite):
    """An act of Authority that only the council may make: a post with a duty."""
    holder = boa.env.generate_address()
    arguments = (1, "desk", 32, holder, T0, 2**32 - 1)
    return suite.authority.open_post.prepare_calldata(*arguments), holder


def proposed(suite, members, act=None, target=None):
    act = act or opening(suite)[0]
    target = target or suite.authority
    number = suite.council.propose(target.address, act, sender=members[0])
    return number, hash_of(target, act)


def approved(suite, members):
    number, act_hash = proposed(suite, members)
    suite.council.approve(number, act_hash, sender=members[1])
    return number


def test_two_administrators_hand_over_to_the_council_for_good(suite):
    seats = [boa.env.generate_address() for _ in range(3)]

    suite.by_both("hand_over", seats, 2, DELAY_S, EXPIRY_S)

    logged = {type(e).__name__ for e in suite.authority.get_logs()}
    assert {"CouncilSeated", "Seated"} <= logged
    assert suite.authority.council_sits()
    assert suite.council.members() == seats
    assert (suite.council.threshold(), suite.council.seating()) == (2, 1)
    assert (suite.council.delay_s(), suite.council.expiry_s()) == (DELAY_S, EXPIRY_S)
    refused = reason(suite.authority.propose, b"", sender=suite.first)
    assert refused == "authority: the council decides"


def test_what_the_administrators_left_open_can_no_longer_be_confirmed(suite):
    act, _ = opening(suite)
    left = suite.authority.propose(act, sender=suite.first)
    suite.by_both("hand_over", [suite.first, suite.second], 2, 0, 1)

    answer = reason(suite.authority.confirm, left, sender=suite.second)

    assert answer == "authority: the council decides by now"


def test_a_second_council_is_not_handed_over_to(suite, members):
    act = suite.authority.hand_over.prepare_calldata(members, 2, 0, 1)
    number, act_hash = proposed(suite, members, act)
    suite.council.approve(number, act_hash, sender=members[1])
    boa.env.evm.patch.timestamp = NOW + DELAY_S

    answer = reason(suite.council.execute, number, sender=members[0])

    assert answer == "authority: the council sits"


def test_there_must_be_a_council_to_hand_over_to(suite):
    put(suite.authority, 0, "contract_at", word("Council"))
    act = suite.authority.hand_over.prepare_calldata([suite.first, suite.second], 2, 0, 1)
    number = suite.authority.propose(act, sender=suite.first)

    answer = reason(suite.authority.confirm, number, sender=suite.second)

    assert answer == "authority: no council is listed"


def test_a_call_is_proposed_approved_waits_and_is_carried_out(suite, members):
    council = suite.council
    act, holder = opening(suite)
    number = council.propose(suite.authority.address, act, sender=members[0])
    act_hash = hash_of(suite.authority, act)
    about = {"proposal_id": number, "by": members[0], "target": suite.authority.address}
    about |= {"act_hash": act_hash, "expires_at": NOW + EXPIRY_S}
    assert events(council) == [("ActProposed", about)]
    assert council.act(number) == act

    council.approve(number, act_hash, sender=members[1])

    about = {"proposal_id": number, "by": members[1], "approvals": 2, "ready_at": NOW + DELAY_S}
    assert events(council) == [("ActApproved", about)]
    assert council.approvals(number) == 2
    boa.env.evm.patch.timestamp = NOW + DELAY_S
    council.execute(number, sender=members[2])
    about = {"proposal_id": number, "by": members[2], "act_hash": act_hash}
    assert events(council) == [("ActExecuted", about)]
    assert council.proposal(number).state == DONE
    assert suite.authority.can(holder, 32)


def test_the_council_withdraws_an_account_without_a_post_of_its_own(suite):
    seats = [boa.env.generate_address() for _ in range(2)]
    suite.by_both("hand_over", seats, 2, 0, EXPIRY_S)
    act = suite.authority.withdraw.prepare_calldata(suite.relay)
    number, act_hash = proposed(suite, seats, act)
    suite.council.approve(number, act_hash, sender=seats[1])

    suite.council.execute(number, sender=seats[0])

    assert not suite.authority.can(suite.relay, 1024)


def test_a_call_is_carried_out_neither_early_nor_late_nor_twice(suite, members):
    execute, number = suite.council.execute, approved(suite, members)
    alone, _ = proposed(suite, members)

    assert reason(execute, alone, sender=members[0]) == "council: approvals are missing"
    boa.env.evm.patch.timestamp = NOW + DELAY_S - 1
    assert reason(execute, number, sender=members[0]) == "council: delay is not over"
    boa.env.evm.patch.timestamp = NOW + EXPIRY_S + 1
    assert reason(execute, number, sender=members[0]) == "council: proposal has expired"
    boa.env.evm.patch.timestamp = NOW + EXPIRY_S
    execute(number, sender=members[0])
    again = reason(execute, number, sender=members[0])
    assert again == "council: proposal must be OPEN" + ", is DONE"


def test_a_member_approves_once_and_only_what_the_hash_says(suite, members):
    approve = suite.council.approve
    number, act_hash = proposed(suite, members)

    other = reason(approve, number, b"\1" * 32, sender=members[1])
    assert other == "council: hash is not that of the act"
    twice = reason(approve, number, act_hash, sender=members[0])
    assert twice == "council: member has approved"


def test_an_approval_taken_back_ends_the_delay(suite, members):
    council, number = suite.council, approved(suite, members)

    council.withdraw_approval(number, sender=members[1])

    about = {"proposal_id": number, "by": members[1], "approvals": 1}
    assert events(council) == [("ApprovalWithdrawn", about)]
    boa.env.evm.patch.timestamp = NOW + DELAY_S
    answer = reason(council.execute, number, sender=members[0])
    assert answer == "council: approvals are missing"
    none = reason(council.withdraw_approval, number, sender=members[1])
    assert none == "council: member has not approved"


def test_more_approvals_than_needed_do_not_begin_the_delay_again(suite, members):
    number = approved(suite, members)
    boa.env.evm.patch.timestamp = NOW + 50

    act_hash = suite.council.proposal(number).act_hash
    suite.council.approve(number, act_hash, sender=members[2])

    assert suite.council.proposal(number).ready_at == NOW + DELAY_S


def test_a_proposal_is_a_call_of_a_contract(suite, members):
    propose, by = suite.council.propose, members[0]

    nobody = reason(propose, members[1], b"\1" * 4, sender=by)
    assert nobody == "council: no code at the target"
    short = reason(propose, suite.authority.address, b"\1" * 3, sender=by)
    assert short == "council: act is no call"


def test_the_council_changes_its_own_seats_which_ends_what_is_open(suite, members):
    left, left_hash = proposed(suite, members)
    fresh = [boa.env.generate_address() for _ in range(2)]
    act = suite.council.seat.prepare_calldata(fresh, 2, 0, DAY_S)
    number, act_hash = proposed(suite, members, act, suite.council)
    suite.council.approve(number, act_hash, sender=members[1])
    boa.env.evm.patch.timestamp = NOW + DELAY_S

    suite.council.execute(number, sender=members[0])

    (name, about) = events(suite.council)[-1]
    assert (name, about["seating"], about["members"]) == ("Seated", 2, fresh)
    old = reason(suite.council.approve, left, left_hash, sender=fresh[0])
    assert old == "council: proposal of another council"
    gone = reason(suite.council.propose, suite.authority.address, b"\1" * 4, sender=members[0])
    assert gone == "council: caller has no seat"


ONE, TWO = "0x" + "11" * 20, "0x" + "22" * 20


@pytest.mark.parametrize(
    ("seats", "why"),
    [
        (([ONE, TWO], 1, 0, 9), "council: threshold below two"),
        (([ONE, TWO], 3, 0, 9), "council: threshold above the number of members"),
        (([ONE, TWO], 2, 9, 9), "council: delay or expiry out of range"),
        (([ONE, TWO], 2, 0, 90 * DAY_S + 1), "council: delay or expiry out of range"),
        (([ONE, "0x" + "00" * 20], 2, 0, 9), "council: empty member"),
        (([ONE, TWO, ONE], 2, 0, 9), "council: member is seated twice"),
    ],
)
def test_a_council_that_could_not_decide_safely_is_not_seated(suite, seats, why):
    answer = reason(suite.council.seat, *seats, sender=suite.authority.address)

    assert answer == why


def test_authority_seats_the_council_once(suite, members):
    again = reason(suite.council.seat, members, 2, 0, 9, sender=suite.authority.address)

    assert again == "council: caller may not seat the council"


def halting(suite):
    lane = suite.lane(suite.quota_tracker)
    return lane, suite.quota_tracker.halt_lane.prepare_calldata(lane)


def test_an_urgent_act_is_done_at_once_and_stands_when_it_is_ratified(suite, members):
    council, tracker = suite.council, suite.quota_tracker
    lane, act = halting(suite)

    number = council.act_urgently(tracker.address, act, sender=members[0])

    about = {"urgent_id": number, "by": members[0], "target": tracker.address}
    about |= {"act_hash": hash_of(tracker, act), "ratify_by_at": NOW + RATIFY_S}
    assert events(council) == [("UrgentActDone", about)]
    assert tracker.lane(lane).halted
    council.ratify(number, sender=members[1])
    about = {"urgent_id": number, "by": members[1], "approvals": 2, "ratified": True}
    assert events(council) == [("UrgentActApproved", about)]
    assert council.urgent(number).state == RATIFIED
    boa.env.evm.patch.timestamp = NOW + RATIFY_S + 1
    refused = reason(council.lift, number, sender=members[0])
    assert refused == "council: to lift, must be OPEN" + ", is RATIFIED"


@pytest.mark.parametrize("what", ["lane", "permit"])
def test_an_urgent_act_that_nobody_ratifies_is_undone_by_anyone(suite, members, what):
    council, stranger = suite.council, boa.env.generate_address()
    lane, act = halting(suite)
    permit, target = suite.permit(), suite.quota_tracker
    if what == "permit":
        target = suite.permit_registry
        act = target.suspend.prepare_calldata(permit, "poison")
    number = council.act_urgently(target.address, act, sender=members[0])
    boa.env.evm.patch.timestamp = NOW + RATIFY_S
    early = reason(council.lift, number, sender=stranger)
    assert early == "council: it can still be ratified"
    boa.env.evm.patch.timestamp += 1
    late = reason(council.ratify, number, sender=members[1])
    assert late == "council: time to ratify is over"

    council.lift(number, sender=stranger)

    assert events(council) == [
        ("UrgentActLifted", {"urgent_id": number, "by": stranger, "undone": True})
    ]
    assert not suite.quota_tracker.lane(lane).halted
    assert suite.permit_registry.permit(permit).state == 1


def test_a_withdrawn_key_stays_withdrawn(suite, members):
    act = suite.authority.withdraw.prepare_calldata(suite.relay)
    number = suite.council.act_urgently(suite.authority.address, act, sender=members[0])
    boa.env.evm.patch.timestamp = NOW + RATIFY_S + 1

    suite.council.lift(number, sender=members[0])

    assert events(suite.council)[0][1]["undone"] is False
    assert not suite.authority.can(suite.relay, 1024)


def test_only_what_halts_suspends_or_withdraws_is_urgent(suite, members):
    urgent, by = suite.council.act_urgently, members[0]
    act, _ = opening(suite)

    assert reason(urgent, suite.authority.address, act, sender=by) == "council: act is not urgent"
    short = reason(urgent, suite.authority.address, act[:35], sender=by)
    assert short == "council: urgent act is no call"
    nobody = reason(urgent, members[1], act, sender=by)
    assert nobody == "council: urgent act has no contract at its target"


def test_a_member_ratifies_once_and_only_what_this_council_did(suite, members):
    council = suite.council
    _, act = halting(suite)
    number = council.act_urgently(suite.quota_tracker.address, act, sender=members[0])

    twice = reason(council.ratify, number, sender=members[0])
    assert twice == "council: member has ratified"
    unknown = reason(council.ratify, 99, sender=members[0])
    assert unknown == "council: to ratify, must be OPEN" + ", is UNKNOWN"
    put(council, 7, "seating")
    other = reason(council.ratify, number, sender=members[1])
    assert other == "council: another council acted"


def test_the_longest_wait_is_ninety_days_and_the_longest_delay_a_second_less(suite):
    longest_s = 90 * DAY_S

    suite.council.seat([ONE, TWO], 2, longest_s - 1, longest_s, sender=suite.authority.address)

    assert (suite.council.delay_s(), suite.council.expiry_s()) == (longest_s - 1, longest_s)


def test_a_call_without_arguments_can_be_proposed(suite, members):
    number, act_hash = proposed(suite, members, b"\1\2\3\4")

    assert suite.council.proposal(number).act_hash == act_hash


def test_an_approval_beyond_those_needed_is_taken_back_and_the_delay_goes_on(suite, members):
    council, number = suite.council, approved(suite, members)
    council.approve(number, council.proposal(number).act_hash, sender=members[2])

    council.withdraw_approval(number, sender=members[1])

    assert council.proposal(number).ready_at == NOW + DELAY_S
    boa.env.evm.patch.timestamp = NOW + DELAY_S
    council.execute(number, sender=members[0])
    assert council.proposal(number).state == DONE


def test_an_approval_of_what_was_carried_out_is_not_taken_back(suite, members):
    council, number = suite.council, approved(suite, members)
    boa.env.evm.patch.timestamp = NOW + DELAY_S
    council.execute(number, sender=members[0])

    answer = reason(council.withdraw_approval, number, sender=members[1])

    assert answer == "council: proposal must be OPEN" + ", is DONE"


def test_what_was_lifted_is_not_lifted_again(suite, members):
    council, (_, act) = suite.council, halting(suite)
    number = council.act_urgently(suite.quota_tracker.address, act, sender=members[0])
    boa.env.evm.patch.timestamp = NOW + RATIFY_S + 1

    council.lift(number, sender=members[0])

    assert council.urgent(number).state == LIFTED
    refused = reason(council.lift, number, sender=members[0])
    assert refused == "council: to lift, must be OPEN" + ", is LIFTED"
