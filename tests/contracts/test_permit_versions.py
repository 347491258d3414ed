"""Terms as versions, restrictions, seasons: what a permit was at a moment."""

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.storage import put
from tests.contracts.suite import DAY_S, DRAINAGE, HASH, NOW, T0, word

VALID, SUSPENDED, REVOKED, SURRENDERED, DEREGISTERED, INVALID, EXPIRED, NOT_BEGUN = range(1, 9)


def number_of(suite, permit_id):
    return suite.permit_registry.permit(permit_id).number


def standing(suite, permit_id, at):
    """State, version, volume and whether restricted."""
    return tuple(suite.permit_registry.as_of(number_of(suite, permit_id), at))[1:]


def restricted(suite, permit_id, annual_l, from_at, until_at, notice_at=NOW, why="drought"):
    suite.permit_registry.restrict(
        permit_id, annual_l, why, notice_at, from_at, until_at, sender=suite.supervisor
    )


def altered(suite, permit_id, in_force_at=0, **changed):
    fields = {
        "station_id": 1,
        "monthly_l": 0,
        "daily_l": 0,
        "peak_l_h": 5_000,
        "season_from": 0,
        "season_until": 0,
        "return_station_id": 0,
        "document_hash": HASH,
    }
    alteration = tuple((fields | changed).values())
    suite.permit_changes.alter(permit_id, alteration, in_force_at, sender=suite.issuer)


@pytest.mark.parametrize(("kind", "months"), [(1, 120), (DRAINAGE, 60)])
def test_issue_refuses_a_term_beyond_the_longest_of_its_kind(suite, kind, months):
    longest = T0 + months * 10 * DAY_S
    application = suite.approved(kind=kind, until_at=longest + 1)

    answer = reason(suite.permit_registry.issue, application, "N-1", 1, [], 0, sender=suite.issuer)

    assert answer == "permits: term is too long"
    assert suite.permit(kind=kind, until_at=longest)


def test_issue_refuses_an_application_that_amends_a_permit(suite):
    application = suite.approved(amends=suite.permit())

    answer = reason(suite.permit_registry.issue, application, "N-1", 1, [], 0, sender=suite.issuer)

    assert answer == "permits: application amends another permit"


def test_a_restriction_lowers_the_volume_from_its_moment_and_ends_by_itself(suite):
    permit_id = suite.permit()

    restricted(suite, permit_id, 400_000, NOW + 10, NOW + 20)

    about = {"permit_id": permit_id, "by": suite.supervisor, "annual_l": 400_000}
    dates = {"notice_at": NOW, "from_at": NOW + 10, "until_at": NOW + 20, "reason": "drought"}
    assert events(suite.permit_registry) == [("PermitRestricted", about | dates)]
    volumes = [standing(suite, permit_id, NOW + at)[2:] for at in (9, 10, 19, 20)]
    assert volumes == [(1_000_000, False), *[(400_000, True)] * 2, (1_000_000, False)]
    turns = [suite.permit_registry.right_at(permit_id, NOW + at) for at in (9, 10)]
    assert turns == [(True, NOW + 10), (True, NOW + 20)]
    assert tuple(suite.permit_registry.restriction(permit_id, 0))[:4] == (
        *(400_000, NOW, NOW + 10, NOW + 20),
    )


def test_a_permit_that_lacks_one_litre_is_restricted(suite):
    permit_id = suite.permit()

    restricted(suite, permit_id, 999_999, NOW + 10, NOW + 20)

    assert standing(suite, permit_id, NOW + 10)[2:] == (999_999, True)


def test_a_right_may_differ_when_the_next_version_takes_force_though_it_is_the_last(suite):
    permit_id = suite.permit()

    altered(suite, permit_id, in_force_at=NOW + 50)

    turns = [suite.permit_registry.right_at(permit_id, NOW + at)[1] for at in (0, 49, 50)]
    until_at = suite.permit_registry.latest(permit_id).until_at
    assert turns == [NOW + 50, NOW + 50, until_at]


def test_a_restriction_begins_now_where_no_moment_is_named_and_is_lifted_before_its_time(suite):
    permit_id = suite.permit()
    restricted(suite, permit_id, 1, 0, NOW + 100)
    boa.env.evm.patch.timestamp = NOW + 30

    suite.permit_registry.lift_restriction(permit_id, sender=suite.supervisor)

    about = {"permit_id": permit_id, "by": suite.supervisor, "at": NOW + 30}
    assert events(suite.permit_registry) == [("RestrictionLifted", about)]
    volumes = [standing(suite, permit_id, at)[2] for at in (NOW - 1, NOW, NOW + 29, NOW + 30)]
    assert volumes == [1_000_000, 1, 1, 1_000_000]


def test_a_restriction_that_has_not_begun_can_be_lifted_and_another_takes_its_place(suite):
    permit_id = suite.permit()
    restricted(suite, permit_id, 1, NOW + 50, NOW + 100)

    suite.permit_registry.lift_restriction(permit_id, sender=suite.supervisor)

    assert standing(suite, permit_id, NOW + 60)[2:] == (1_000_000, False)
    restricted(suite, permit_id, 7, NOW + 10, NOW + 20)
    assert standing(suite, permit_id, NOW + 15)[2:] == (7, True)


def test_a_restriction_holds_whatever_was_lifted_before_it(suite):
    permit_id = suite.permit()
    restricted(suite, permit_id, 400_000, NOW + 5, NOW + 8)
    restricted(suite, permit_id, 1, NOW + 50, NOW + 60)
    suite.permit_registry.lift_restriction(permit_id, sender=suite.supervisor)

    restricted(suite, permit_id, 7, NOW + 20, NOW + 30)

    volumes = [standing(suite, permit_id, NOW + at)[2] for at in (7, 8, 19, 20, 29, 30, 55)]
    assert volumes == [400_000, *[1_000_000] * 2, *[7] * 2, *[1_000_000] * 2]


def test_a_restriction_does_not_overlap_one_that_stands_whatever_was_lifted_since(suite):
    permit_id = suite.permit()
    restricted(suite, permit_id, 1, NOW + 5, NOW + 8)
    restricted(suite, permit_id, 1, NOW + 50, NOW + 60)
    suite.permit_registry.lift_restriction(permit_id, sender=suite.supervisor)

    with boa.reverts("permits: another restriction stands"):
        restricted(suite, permit_id, 400_000, NOW + 7, NOW + 20)


REFUSED = {
    "permits: restriction needs a reason": {"why": ""},
    "permits: restriction would begin in the past": {"from_at": NOW - 1},
    "permits: restriction before written notice": {"notice_at": 0},
    "permits: notice lies in the future": {"notice_at": NOW + 1, "from_at": NOW + 1},
    "permits: restriction must end after it begins": {"until_at": NOW + 5},
    "permits: restriction does not lower the volume": {"annual_l": 1_000_000},
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_restriction_that_the_law_does_not_know_is_refused(suite, why):
    asked = {"annual_l": 5, "why": "x", "notice_at": NOW, "from_at": NOW + 5, "until_at": NOW + 9}
    asked |= REFUSED[why]

    answer = reason(
        suite.permit_registry.restrict,
        *(suite.permit(), asked["annual_l"], asked["why"], asked["notice_at"]),
        *(asked["from_at"], asked["until_at"]),
        sender=suite.supervisor,
    )

    assert answer == why


def test_a_restriction_before_its_notice_is_refused_though_both_lie_ahead(suite):
    answer = reason(
        suite.permit_registry.restrict,
        *(suite.permit(), 5, "x", NOW + 9, NOW + 5, NOW + 20),
        sender=suite.supervisor,
    )

    assert answer == "permits: restriction before written notice"


def test_restrictions_follow_one_another_and_only_one_that_stands_is_lifted(suite):
    permit_id, registry, by = suite.permit(), suite.permit_registry, suite.supervisor
    none = reason(registry.lift_restriction, permit_id, sender=by)
    restricted(suite, permit_id, 5, NOW + 10, NOW + 20)

    overlapping = reason(registry.restrict, permit_id, 4, "x", NOW, NOW + 19, NOW + 30, sender=by)

    assert none == "permits: no restriction stands"
    assert overlapping == "permits: another restriction stands"
    boa.env.evm.patch.timestamp = NOW + 20
    ended = reason(registry.lift_restriction, permit_id, sender=by)
    assert ended == "permits: the restriction has ended"


def test_a_permit_that_has_ended_is_not_restricted(suite):
    permit_id = suite.permit(until_at=NOW)

    answer = reason(
        suite.permit_registry.restrict,
        *(permit_id, 5, "x", NOW, NOW, NOW + 9),
        sender=suite.supervisor,
    )

    rule = "permits: to restrict, must be VALID, SUSPENDED or NOT_BEGUN"
    assert answer == f"{rule}, is EXPIRED"


def test_as_of_needs_a_number_that_was_issued(suite):
    answer = reason(suite.permit_registry.as_of, "NONE", NOW, sender=suite.holder)

    assert answer == "permits: no permit of this number"


def test_as_of_tells_the_state_and_the_version_in_force(suite):
    permit_id = suite.permit(from_at=NOW - 50, until_at=NOW + 50)
    altered(suite, permit_id, NOW + 10)
    suite.permit_registry.suspend(permit_id, "drought", sender=suite.supervisor)
    boa.env.evm.patch.timestamp = NOW + 5
    suite.permit_registry.resume(permit_id, sender=suite.supervisor)

    told = [standing(suite, permit_id, NOW + at)[:2] for at in (-51, -50, -1, 0, 5, 9, 10, 49, 50)]

    assert told == [
        (NOT_BEGUN, 1),
        *[(VALID, 1)] * 2,
        (SUSPENDED, 1),
        *[(VALID, 1)] * 2,
        *[(VALID, 2)] * 2,
        (EXPIRED, 2),
    ]


@pytest.mark.parametrize("later_s", [-1, 0, 1])
def test_the_earliest_end_counts_and_at_the_same_instant_the_act_before_the_expiry(suite, later_s):
    permit_id = suite.permit(until_at=NOW + 100)
    suite.permit_changes.propose_end(permit_id, REVOKED, "fraud", sender=suite.supervisor)
    boa.env.evm.patch.timestamp = NOW + 99
    suite.permit_changes.decide_end(permit_id, REVOKED, sender=suite.decider)
    # an earlier expiry than the act, as a version could bring it
    registry = suite.permit_registry
    put(registry, NOW + 99 - later_s, "terms", permit_id, 1, word_of=12)  # until_at

    state = standing(suite, permit_id, NOW + 200)[0]

    assert state == (EXPIRED if later_s == 1 else REVOKED)


def test_the_permits_that_expire_in_a_span_are_listed_page_by_page(suite):
    ends = [NOW + 10, NOW + 20, NOW + 30, NOW + 20]
    permits = [suite.permit(until_at=at) for at in ends]
    suite.permit_changes.surrender(permits[3], "moved away", sender=suite.holder)
    expiring = suite.permit_registry.expiring

    assert expiring(NOW + 10, NOW + 30, 1, 100) == permits[:2]
    assert expiring(NOW + 11, NOW + 31, 1, 100) == permits[1:3]
    assert expiring(NOW, NOW + 99, permits[1], 1) == [permits[1]]
    assert expiring(NOW, NOW + 99, permits[3] + 1, 100) == []


def test_a_season_gives_the_right_inside_it_only(suite):
    permit_id = suite.permit()
    altered(suite, permit_id, season_from=101, season_until=105)
    # a "year" of the tests' calendar has forty days, its first month ten
    year_at = T0 + (NOW - T0) // (40 * DAY_S) * 40 * DAY_S

    inside, outside = year_at + 45 * DAY_S - 1, year_at + 45 * DAY_S

    registry = suite.permit_registry
    assert registry.right_at(permit_id, inside) == (True, outside)
    assert registry.right_at(permit_id, outside) == (False, year_at + 80 * DAY_S)


def test_a_point_classed_for_another_purpose_is_a_violation_on_the_record(suite):
    suite.water_network.classify(1, word("industry"), sender=suite.network_keeper)

    permit_id = suite.permit(purpose=word("irrigation"))

    about = {"permit_id": permit_id, "station_id": 1, "purpose": word("irrigation")}
    told = events(suite.permit_registry, "PurposeViolated")
    assert told == [("PurposeViolated", about | {"station_purpose": word("industry")})]
    suite.permit(purpose=word("industry"))
    assert events(suite.permit_registry, "PurposeViolated") == []


def test_an_altered_point_is_looked_at_again(suite):
    permit_id, other = suite.permit(purpose=word("irrigation")), suite.station()
    suite.water_network.classify(other, word("industry"), sender=suite.network_keeper)

    altered(suite, permit_id, station_id=other)

    logged = [
        type(event).__name__
        for event in suite.permit_changes.get_logs()
        if event.address == suite.permit_registry.address
    ]
    assert logged == ["VersionOpened", "PurposeViolated"]


def test_a_point_classed_after_the_issue_is_told_by_anyone_once_for_each_class(suite):
    permit_id, registry = suite.permit(purpose=word("irrigation")), suite.permit_registry
    network, keeper, stranger = (
        suite.water_network,
        suite.network_keeper,
        boa.env.generate_address(),
    )
    tell = registry.tell_purpose
    unclassed = reason(tell, permit_id, sender=stranger)
    network.classify(1, word("irrigation"), sender=keeper)
    fits = reason(tell, permit_id, sender=stranger)
    network.classify(1, word("industry"), sender=keeper)

    tell(permit_id, sender=stranger)

    about = {"permit_id": permit_id, "station_id": 1, "purpose": word("irrigation")}
    told = events(registry)
    assert told == [("PurposeViolated", about | {"station_purpose": word("industry")})]
    assert unclassed == fits == "permits: purpose is that of the station"
    assert reason(tell, permit_id, sender=stranger) == "permits: purpose is on record"
    network.classify(1, word("power"), sender=keeper)
    tell(permit_id, sender=stranger)
    network.classify(1, word("industry"), sender=keeper)
    assert reason(tell, permit_id, sender=stranger) == "permits: purpose is on record"


def test_what_was_told_at_the_issue_is_not_told_again_until_another_version(suite):
    suite.water_network.classify(1, word("industry"), sender=suite.network_keeper)
    permit_id = suite.permit(purpose=word("irrigation"))
    tell = suite.permit_registry.tell_purpose

    altered(suite, permit_id)

    again = reason(tell, permit_id, sender=suite.holder)
    assert again == "permits: purpose is on record"
    told = [suite.permit_registry.purpose_told(permit_id, n, word("industry")) for n in (1, 2, 3)]
    assert told == [True, True, False]


@pytest.mark.parametrize("state", ["SURRENDERED", "EXPIRED", "UNKNOWN"])
def test_nothing_is_told_of_the_purpose_of_a_permit_that_has_ended(suite, state):
    permit_id = suite.permit(purpose=word("irrigation"), until_at=NOW + 5)
    suite.water_network.classify(1, word("industry"), sender=suite.network_keeper)
    if state == "SURRENDERED":
        suite.permit_changes.surrender(permit_id, "closed", sender=suite.holder)
    if state == "EXPIRED":
        boa.env.evm.patch.timestamp = NOW + 5
    number = 99 if state == "UNKNOWN" else permit_id

    answer = reason(suite.permit_registry.tell_purpose, number, sender=suite.holder)

    rule = "permits: for its purpose, must be VALID, SUSPENDED or NOT_BEGUN"
    assert answer == f"{rule}, is {state}"


def test_a_station_is_classed_by_the_network_s_keeper(suite):
    network, keeper = suite.water_network, suite.network_keeper

    network.classify(1, word("industry"), sender=keeper)

    about = {"station_id": 1, "purpose": word("industry")}
    assert events(network) == [("StationClassed", about)]
    assert network.station_purpose(1) == word("industry")
    for unknown in (0, 99):
        answer = reason(network.classify, unknown, word("x"), sender=keeper)
        assert answer == "network: no such station"


@settings(max_examples=30)
@given(
    versions=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 1_000)), max_size=6),
    asked=st.lists(st.integers(-20, 400), min_size=6, max_size=6),
)
def test_the_version_in_force_is_the_last_one_begun(deployed, versions, asked):
    """The rule: a list of (moment, daily cap); the last one at or before the moment asked for."""
    with boa.env.anchor():
        suite = deployed
        permit_id, begun, at = suite.permit(kind=DRAINAGE), [(0, 0)], NOW
        for wait_s, cap_l in versions:
            at += wait_s
            altered(suite, permit_id, at, daily_l=cap_l)
            begun.append((at, cap_l))

        for moment in asked:
            in_force = [n for n, (at, _) in enumerate(begun, 1) if at <= NOW + moment][-1]
            _, version, _, _ = standing(suite, permit_id, NOW + moment)
            assert version == in_force
            terms = suite.permit_registry.terms(permit_id, version)
            assert terms.daily_l == begun[in_force - 1][1]
