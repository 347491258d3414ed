"""Extension, alteration, amendment, transfer, surrender, and an end by two officers."""

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events, outcome, reason
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.storage import put
from tests.contracts.suite import DAY_S, DRAINAGE, HASH, METER, NOW, SETTINGS, T0, word
from tests.contracts.test_permit_versions import altered, standing

VALID, SUSPENDED, REVOKED, SURRENDERED, DEREGISTERED, INVALID, EXPIRED, NOT_BEGUN = range(1, 9)
EXTENSION, ALTERATION, AMENDMENT, TRANSFER = range(2, 6)
AHEAD_S = SETTINGS["extension_days"][0] * DAY_S
UNTIL = NOW + AHEAD_S
ALIVE = "changes: must be VALID, SUSPENDED or NOT_BEGUN"


def terms(suite, permit_id):
    return suite.permit_registry.latest(permit_id)


BY_THEN = "changes: permit ends by then, extend it first"


def requested(suite, permit_id, until_at=UNTIL + 9):
    suite.permit_changes.request_extension(permit_id, until_at, HASH, 0, sender=suite.holder)


def test_an_extension_is_asked_for_by_the_holder_and_decided_before_the_permit_expires(suite):
    changes, permit_id = suite.permit_changes, suite.permit(until_at=UNTIL)

    requested(suite, permit_id)

    about = {"permit_id": permit_id, "until_at": UNTIL + 9, "stated_at": NOW}
    asked = about | {"by": suite.holder, "document_hash": HASH}
    assert events(changes) == [("ExtensionRequested", asked)]
    assert tuple(changes.extension(permit_id)) == (UNTIL + 9, HASH, NOW)
    changes.decide_extension(permit_id, True, 0, sender=suite.decider)
    decided = about | {"by": suite.decider, "approved": True}
    assert events(changes) == [("ExtensionDecided", decided)]
    latest = terms(suite, permit_id)
    assert (latest.until_at, latest.cause, latest.in_force_at) == (UNTIL + 9, EXTENSION, NOW)
    assert suite.permit_registry.permit(permit_id).versions == 2
    # what was known before is still told of the time before
    assert suite.permit_registry.in_right(permit_id, UNTIL + 8)


def test_a_refused_extension_leaves_the_permit_as_it_is(suite):
    changes, permit_id = suite.permit_changes, suite.permit(until_at=UNTIL)
    requested(suite, permit_id)

    changes.decide_extension(permit_id, False, 0, sender=suite.decider)

    assert suite.permit_registry.permit(permit_id).versions == 1
    again = reason(changes.decide_extension, permit_id, True, 0, sender=suite.decider)
    assert again == "changes: no extension is asked for"


def test_an_extension_is_asked_for_in_time_and_for_a_term_that_may_be(suite):
    ask, by = suite.permit_changes.request_extension, suite.holder
    late, early = suite.permit(until_at=UNTIL - 1), suite.permit(until_at=UNTIL)
    longest = UNTIL + 120 * 10 * DAY_S

    assert reason(ask, late, UNTIL, HASH, 0, sender=by) == "changes: extension asked for too late"
    assert reason(ask, early, UNTIL, HASH, 0, sender=by) == "changes: extension must end later"
    assert reason(ask, early, 2**32, HASH, 0, sender=by) == "changes: extension must end later"
    assert reason(ask, early, longest + 1, HASH, 0, sender=by) == "changes: term is too long"
    requested(suite, early, longest)


@pytest.mark.parametrize(
    ("kind", "days", "months"),
    [
        (1, "extension_days", "permit_max_months"),
        (DRAINAGE, "drainage_extension_days", "drainage_max_months"),
    ],
)
def test_each_kind_of_permit_has_its_own_time_of_renewal_and_longest_term(
    suite, kind, days, months
):
    ask, by = suite.permit_changes.request_extension, suite.holder
    ends_at = NOW + SETTINGS[days][0] * DAY_S
    late, early = (suite.permit(kind=kind, until_at=at) for at in (ends_at - 1, ends_at))
    longest = ends_at + SETTINGS[months][0] * 10 * DAY_S

    assert reason(ask, late, longest, HASH, 0, sender=by) == "changes: extension asked for too late"
    assert reason(ask, early, longest + 1, HASH, 0, sender=by) == "changes: term is too long"
    requested(suite, early, longest)


def test_what_a_clerk_records_from_paper_counts_from_the_day_it_came_in(suite):
    permit_id, ask = suite.permit(until_at=UNTIL), suite.permit_changes.request_extension
    boa.env.evm.patch.timestamp = NOW + 9

    ask(permit_id, UNTIL + 9, HASH, NOW, sender=suite.clerk)

    [(name, about)] = events(suite.permit_changes)
    assert (name, about["by"], about["stated_at"]) == ("ExtensionRequested", suite.clerk, NOW)
    assert suite.permit_changes.extension(permit_id).asked_at == NOW
    assert reason(ask, suite.permit(until_at=UNTIL), UNTIL + 9, HASH, 0, sender=suite.clerk) == (
        "changes: extension asked for too late"
    )


def test_a_holder_s_own_request_counts_when_it_is_recorded(suite):
    permit_id, ask = suite.permit(until_at=UNTIL), suite.permit_changes.request_extension
    boa.env.evm.patch.timestamp = UNTIL - 1

    stated = reason(ask, permit_id, UNTIL + 9, HASH, NOW - DAY_S, sender=suite.holder)
    late = reason(ask, permit_id, UNTIL + 9, HASH, 0, sender=suite.holder)

    assert stated == "changes: only a clerk states when paper came in"
    assert late == "changes: extension asked for too late"


def test_a_permit_that_expired_before_the_decision_is_not_extended(suite):
    permit_id = suite.permit(until_at=UNTIL)
    requested(suite, permit_id)
    boa.env.evm.patch.timestamp = UNTIL

    decide = suite.permit_changes.decide_extension
    assert reason(decide, permit_id, True, 0, sender=suite.decider) == f"{ALIVE}, is EXPIRED"


def test_an_extension_never_ends_a_permit_earlier_than_an_amendment_since_then(suite):
    permit_id = suite.permit(until_at=UNTIL)
    requested(suite, permit_id)
    application = suite.approved(amends=permit_id, until_at=UNTIL + 9)
    suite.permit_changes.amend(application, 0, 0, sender=suite.issuer)

    decide = suite.permit_changes.decide_extension
    answer = reason(decide, permit_id, True, 0, sender=suite.decider)

    assert answer == "changes: permit ends later than the extension"
    decide(permit_id, False, 0, sender=suite.decider)
    assert terms(suite, permit_id).until_at == UNTIL + 9


def test_an_alteration_opens_a_version_with_the_items_that_need_no_application(suite):
    permit_id, other = suite.permit(), suite.station()

    altered(
        suite,
        permit_id,
        NOW + 5,
        station_id=other,
        monthly_l=9_000,
        daily_l=800,
        peak_l_h=70,
        season_from=401,
        season_until=1031,
        return_station_id=1,
    )

    latest = terms(suite, permit_id)
    assert (latest.station_id, latest.monthly_l, latest.daily_l) == (other, 9_000, 800)
    assert (latest.peak_l_h, latest.season_from, latest.season_until) == (70, 401, 1031)
    assert (latest.return_station_id, latest.cause, latest.in_force_at) == (1, ALTERATION, NOW + 5)
    assert (latest.annual_l, latest.purpose) == (1_000_000, word("public supply"))


ALTERED_WRONGLY = [
    ({"station_id": 0}, "changes: unknown station"),
    ({"station_id": 99}, "changes: unknown station"),
    ({"return_station_id": 99}, "changes: unknown station"),
    ({"peak_l_h": 0}, "changes: peak out of range"),
    ({"peak_l_h": 2**32}, "changes: peak out of range"),
    ({"monthly_l": 1_000_001}, "changes: cap beyond the annual volume"),
    ({"daily_l": 1_000_001}, "changes: cap beyond the annual volume"),
    ({"season_from": 401}, "changes: season is no pair of month and day"),
    ({"in_force_at": NOW - 1}, "changes: terms cannot change in the past"),
    ({"in_force_at": 2**32}, "changes: terms cannot change in the past"),
]


@pytest.mark.parametrize(("changed", "why"), ALTERED_WRONGLY)
def test_an_alteration_that_no_permit_could_carry_is_refused(suite, changed, why):
    permit_id = suite.permit()

    with boa.reverts(why):
        altered(suite, permit_id, **changed)
    with boa.reverts(f"{ALIVE}, is UNKNOWN"):
        altered(suite, 99)


def test_terms_do_not_take_force_before_others_that_were_set(suite):
    permit_id = suite.permit()
    altered(suite, permit_id, NOW + 100)

    with boa.reverts("changes: other terms take force later"):
        altered(suite, permit_id, NOW + 99)


def test_terms_take_force_before_the_permit_ends(suite):
    """Otherwise it would expire, and be valid again later, with a gap between."""
    permit_id = suite.permit(until_at=UNTIL)
    amend, by = suite.permit_changes.amend, suite.issuer
    application = suite.approved(amends=permit_id, until_at=UNTIL + DAY_S)

    with boa.reverts(BY_THEN):
        altered(suite, permit_id, UNTIL)
    assert reason(amend, application, UNTIL, 0, sender=by) == BY_THEN
    altered(suite, permit_id, UNTIL - 2)
    amend(application, UNTIL - 1, 0, sender=by)

    assert suite.permit_registry.in_right(permit_id, UNTIL + DAY_S - 1)
    with boa.reverts(BY_THEN):
        altered(suite, permit_id, UNTIL + DAY_S)
    altered(suite, permit_id, UNTIL + DAY_S - 1)


def test_an_extended_permit_has_no_gap(suite):
    permit_id = suite.permit(until_at=UNTIL)
    altered(suite, permit_id, UNTIL - 1)
    requested(suite, permit_id)

    suite.permit_changes.decide_extension(permit_id, True, 0, sender=suite.decider)

    at = (NOW, UNTIL - 2, UNTIL - 1, UNTIL, UNTIL + 8, UNTIL + 9)
    held = [suite.permit_registry.in_right(permit_id, moment) for moment in at]
    assert held == [True] * 5 + [False]


def test_another_volume_needs_a_new_application_that_amends_the_permit(suite):
    permit_id = suite.permit(from_at=T0 + 5)
    application = suite.approved(
        amends=permit_id, annual_l=2_000_000, source=word("ground"), until_at=NOW + 900
    )

    suite.permit_changes.amend(application, 0, 0, sender=suite.issuer)

    latest = terms(suite, permit_id)
    assert (latest.annual_l, latest.source, latest.until_at) == (
        *(2_000_000, word("ground"), NOW + 900),
    )
    assert (latest.from_at, latest.application_id) == (T0 + 5, application)
    assert (latest.cause, latest.in_force_at) == (AMENDMENT, NOW)
    assert suite.applications.application(application).state == 7


def test_an_amendment_is_the_holder_s_own_and_of_the_same_kind(suite):
    changes, permit_id = suite.permit_changes, suite.permit()
    plain, other = suite.approved(), suite.approved(amends=permit_id, kind=DRAINAGE)
    long = suite.approved(amends=permit_id, until_at=T0 + 120 * 10 * DAY_S + 1)
    theirs = suite.approved(amends=permit_id)
    put(suite.applications, 1, "application", theirs)  # org_id

    answers = [
        reason(changes.amend, application, 0, 0, sender=suite.issuer)
        for application in (plain, other, long, theirs)
    ]

    assert answers == [
        "changes: application amends no permit",
        "changes: amendment of another kind",
        "changes: term is too long",
        "changes: applicant does not hold the permit",
    ]


def offered(suite, giver, taker, volume_l, in_force_at=0):
    return suite.permit_changes.offer_transfer(
        giver, taker, volume_l, 5_000_000, in_force_at, HASH, sender=suite.holder
    )


def test_a_transfer_moves_a_part_of_the_volume_when_it_is_approved(suite):
    changes, giver, taker = suite.permit_changes, suite.permit(return_l=900_000), suite.permit()

    transfer = offered(suite, giver, taker, 300_000)

    about = {"transfer_id": transfer, "giver": giver, "taker": taker, "volume_l": 300_000}
    terms_of = {"price_uy": 5_000_000, "in_force_at": 0, "document_hash": HASH}
    assert events(changes) == [("TransferOffered", about | terms_of)]
    changes.decide_transfer(transfer, True, sender=suite.decider)
    decided = {"transfer_id": transfer, "by": suite.decider, "approved": True}
    assert events(changes) == [("TransferDecided", decided)]
    assert [terms(suite, p).annual_l for p in (giver, taker)] == [700_000, 1_300_000]
    assert terms(suite, giver).return_l == 700_000
    assert {terms(suite, p).cause for p in (giver, taker)} == {TRANSFER}
    assert changes.transfer(transfer).state == 2
    assert standing(suite, giver, NOW - 1)[1:3] == (1, 1_000_000)


def test_a_refused_transfer_moves_nothing_and_is_decided_once(suite):
    changes, giver, taker = suite.permit_changes, suite.permit(), suite.permit()
    transfer = offered(suite, giver, taker, 1)

    changes.decide_transfer(transfer, False, sender=suite.decider)

    assert suite.permit_registry.permit(giver).versions == 1
    for number in (transfer, 99):
        again = reason(changes.decide_transfer, number, True, sender=suite.decider)
        assert again == "changes: transfer must be offered"


def test_what_can_be_offered_is_abstraction_between_two_living_permits(suite):
    offer, by = suite.permit_changes.offer_transfer, suite.holder
    one, two, drainage = suite.permit(), suite.permit(), suite.permit(kind=DRAINAGE)
    past, terms_of = suite.permit(until_at=NOW), (0, 0, HASH)

    kind = "changes: only abstraction is transferred"
    assert reason(offer, one, drainage, 1, *terms_of, sender=by) == kind
    assert reason(offer, one, one, 1, *terms_of, sender=by) == "changes: transfer to itself"
    assert reason(offer, one, two, 0, *terms_of, sender=by) == "changes: transfer of nothing"
    assert reason(offer, one, past, 1, *terms_of, sender=by) == f"{ALIVE}, is EXPIRED"
    assert reason(offer, one, 99, 1, *terms_of, sender=by) == f"{ALIVE}, is UNKNOWN"


def used(suite, permit_id, volume_l):
    """A meter's first reading under a permit."""
    tracker = suite.quota_tracker
    channel, lane = suite.channel(METER, "QuotaTracker", permit=permit_id), suite.lane(tracker)
    group = packed([*meter_group(channel, 100, T0, [(volume_l, NOW - T0)])])
    tracker.record_meters(lane, 0, HASH, group, b"", sender=suite.relay)


def test_only_what_is_neither_used_nor_capped_is_transferred(suite):
    decide, by = suite.permit_changes.decide_transfer, suite.decider
    taker, giver = suite.permit(), suite.permit()
    used(suite, giver, 300_000)
    monthly, daily = suite.permit(monthly_l=900_000), suite.permit(daily_l=900_000)

    whole = "changes: volume is used or not there"
    assert reason(decide, offered(suite, giver, taker, 700_000), True, sender=by) == whole
    decide(offered(suite, giver, taker, 699_999), True, sender=by)
    of_month = reason(decide, offered(suite, monthly, taker, 200_000), True, sender=by)
    assert of_month == "changes: giver's monthly cap would exceed its volume"
    of_day = reason(decide, offered(suite, daily, taker, 200_000), True, sender=by)
    assert of_day == "changes: giver's daily cap would exceed its volume"


def test_a_transfer_takes_force_before_either_permit_ends(suite):
    giver, taker = suite.permit(until_at=NOW + 10), suite.permit()
    decide = suite.permit_changes.decide_transfer

    late = reason(decide, offered(suite, giver, taker, 1, NOW + 10), True, sender=suite.decider)

    assert late == BY_THEN
    decide(offered(suite, giver, taker, 1, NOW + 9), True, sender=suite.decider)
    assert standing(suite, taker, NOW + 8)[2] == 1_000_000
    assert standing(suite, taker, NOW + 9)[2] == 1_000_001


@settings(max_examples=20)
@given(
    moves=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 900_000)), max_size=8
    )
)
def test_transfers_preserve_the_sum_of_what_permits_give(deployed, moves):
    with boa.env.anchor():
        suite = deployed
        permits = [suite.permit(annual_l=annual_l) for annual_l in (400_000, 900_000, 50_000)]
        for giver, taker, volume_l in moves:
            call = suite.permit_changes.offer_transfer.prepare_calldata(
                permits[giver], permits[taker], volume_l, 0, 0, HASH
            )
            if outcome(suite.permit_changes, call, suite.holder) is None:
                transfer = offered(suite, permits[giver], permits[taker], volume_l)
                decide = suite.permit_changes.decide_transfer
                if (
                    outcome(
                        suite.permit_changes, decide.prepare_calldata(transfer, True), suite.decider
                    )
                    is None
                ):
                    decide(transfer, True, sender=suite.decider)

        volumes = [terms(suite, permit_id).annual_l for permit_id in permits]
        assert sum(volumes) == 1_350_000
        assert min(volumes) > 0


def test_a_holder_surrenders_a_permit(suite):
    permit_id = suite.permit()

    suite.permit_changes.surrender(permit_id, "moved away", sender=suite.holder)

    about = {"permit_id": permit_id, "by": suite.holder, "end": SURRENDERED, "at": NOW}
    told = [e for e in suite.permit_changes.get_logs() if type(e).__name__ == "PermitEnded"]
    assert [(e.permit_id, e.by, e.end, e.at, e.ground) for e in told] == [
        (*about.values(), "moved away")
    ]
    assert suite.permit_registry.permit(permit_id).state == SURRENDERED
    assert suite.permit_registry.permit(permit_id).ended_at == NOW
    assert not suite.permit_registry.in_right(permit_id, NOW)


def test_surrendering_needs_a_reason(suite):
    answer = reason(suite.permit_changes.surrender, suite.permit(), "", sender=suite.holder)

    assert answer == "changes: surrender needs a reason"


@pytest.mark.parametrize("end", [REVOKED, INVALID])
def test_an_end_is_proposed_by_one_officer_and_decided_by_another(suite, end):
    changes, permit_id = suite.permit_changes, suite.permit()
    about = {"permit_id": permit_id, "end": end, "ground": "false data"}

    changes.propose_end(permit_id, end, "false data", sender=suite.supervisor)

    assert events(changes) == [("EndProposed", about | {"by": suite.supervisor})]
    assert tuple(changes.end_proposal(permit_id)) == (suite.supervisor, end, "false data")
    assert suite.permit_registry.in_right(permit_id, NOW)
    changes.decide_end(permit_id, end, sender=suite.decider)
    assert suite.permit_registry.permit(permit_id).state == end
    assert not suite.permit_registry.in_right(permit_id, NOW)
    assert suite.permit_registry.in_right(permit_id, NOW - 1)


def test_the_proposing_officer_cannot_decide(suite):
    changes, permit_id, both = suite.permit_changes, suite.permit(), boa.env.generate_address()
    suite.by_both("open_post", 1, "small office", 512 | 128, both, 0, NOW + DAY_S)
    changes.propose_end(permit_id, REVOKED, "false data", sender=both)

    answer = reason(changes.decide_end, permit_id, REVOKED, sender=both)

    assert answer == "changes: proposer cannot decide"


def test_an_end_is_one_of_three_has_a_ground_and_is_the_one_proposed(suite):
    changes, permit_id, by = suite.permit_changes, suite.permit(), suite.supervisor
    for end in (0, VALID, SURRENDERED, EXPIRED):
        unknown = reason(changes.propose_end, permit_id, end, "g", sender=by)
        assert unknown == "changes: unknown end"
    silent = reason(changes.propose_end, permit_id, REVOKED, "", sender=by)
    assert silent == "changes: empty ground"
    changes.propose_end(permit_id, REVOKED, "g", sender=by)

    for end in (0, INVALID):
        other = reason(changes.decide_end, permit_id, end, sender=suite.decider)
        assert other == "changes: this end is not proposed"


def test_a_permit_ends_once(suite):
    changes, permit_id = suite.permit_changes, suite.permit()
    changes.propose_end(permit_id, REVOKED, "g", sender=suite.supervisor)
    changes.decide_end(permit_id, REVOKED, sender=suite.decider)

    rule = f"{ALIVE}, is REVOKED"
    assert reason(changes.decide_end, permit_id, REVOKED, sender=suite.decider) == rule
    assert reason(changes.propose_end, permit_id, INVALID, "g", sender=suite.supervisor) == rule
    assert reason(changes.surrender, permit_id, "g", sender=suite.holder) == rule


def unused(suite, **changed):
    """A permit held for more than the years of non-use; a "year" has forty days here."""
    permit_id = suite.permit(**changed)
    put(suite.permit_registry, T0, "_permit", permit_id, word_of=5)  # issued_at
    return permit_id


@pytest.mark.parametrize("kind", [1, DRAINAGE])
def test_a_permit_unused_for_years_is_deregistered_which_is_no_penalty(suite, kind):
    changes, permit_id = suite.permit_changes, unused(suite, kind=kind)

    changes.propose_end(permit_id, DEREGISTERED, "no use", sender=suite.supervisor)
    changes.decide_end(permit_id, DEREGISTERED, sender=suite.decider)

    assert suite.permit_registry.permit(permit_id).state == DEREGISTERED


def test_a_permit_in_use_or_young_is_not_deregistered(suite):
    propose, by = suite.permit_changes.propose_end, suite.supervisor
    young, busy = suite.permit(), unused(suite)
    used(suite, busy, 1)

    assert reason(propose, young, DEREGISTERED, "g", sender=by) == (
        "changes: held for less than the years of non-use"
    )
    assert reason(propose, busy, DEREGISTERED, "g", sender=by) == (
        "changes: was used in the years of non-use"
    )


def test_use_between_proposal_and_decision_keeps_a_permit(suite):
    permit_id = unused(suite)
    suite.permit_changes.propose_end(permit_id, DEREGISTERED, "g", sender=suite.supervisor)
    used(suite, permit_id, 1)

    answer = reason(suite.permit_changes.decide_end, permit_id, DEREGISTERED, sender=suite.decider)

    assert answer == "changes: was used in the years of non-use"


def test_non_use_is_not_found_where_the_calendar_does_not_reach(suite):
    permit_id = unused(suite)
    boa.env.evm.patch.timestamp = T0 + 79 * DAY_S

    answer = reason(
        suite.permit_changes.propose_end, permit_id, DEREGISTERED, "g", sender=suite.supervisor
    )

    assert answer == "changes: calendar does not reach back so far"
