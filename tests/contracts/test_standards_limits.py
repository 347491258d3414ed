"""Limit sets: opened as a version, filled, sealed for good, found by the date they are in force."""

import pytest
from eth_account import Account

from tests.contracts.answers import events, reason
from tests.contracts.suite import COD, DAY_S, HASH, NOW, rotation_signature, word

STANDARD, GRADE = "GB/T 31962-2015", "B"
BASIS = word("daily_mean_max")
PH = word("ph")


def opened(suite, in_force_at=NOW, grade=GRADE):
    keeper = suite.standards_keeper
    return suite.standards.open_set(STANDARD, grade, HASH, in_force_at, sender=keeper)


def limit(set_id, parameter=COD, lo=None, hi=500_000_000, basis=BASIS):
    bounds = (lo or 0, hi or 0, lo is not None, hi is not None)
    return (set_id, parameter, basis, word("ng/L"), *bounds, True, False)


def added(suite, set_id, *limits):
    suite.standards.add_limits(set_id, list(limits), sender=suite.standards_keeper)


def sealed(suite, in_force_at, grade=GRADE):
    set_id = opened(suite, in_force_at, grade)
    added(suite, set_id, limit(set_id))
    suite.standards.seal_set(set_id, 1, HASH, sender=suite.second_keeper)
    return set_id


def refusal(suite, set_id, limits=1, source=HASH, by=None):
    sender = by or suite.second_keeper
    return reason(suite.standards.seal_set, set_id, limits, source, sender=sender)


def test_open_set_begins_a_version_of_its_standard_and_grade(suite):
    first = opened(suite)
    other_grade = opened(suite, grade="A")

    second = opened(suite, NOW + DAY_S)

    assert events(suite.standards) == [
        (
            "SetOpened",
            {
                "set_id": second,
                "by": suite.standards_keeper,
                "standard": STANDARD,
                "grade": GRADE,
                "version": 2,
                "source_hash": HASH,
                "in_force_at": NOW + DAY_S,
            },
        )
    ]
    assert [suite.standards.limit_set(i).version for i in (first, other_grade, second)] == [1, 1, 2]
    assert tuple(suite.standards.limit_set(second)) == (
        STANDARD,
        GRADE,
        2,
        HASH,
        NOW + DAY_S,
        0,
        False,
        suite.standards_keeper,
    )
    assert suite.standards.set_count() == second


def test_open_set_refuses_an_empty_standard(suite):
    answer = reason(suite.standards.open_set, "", "", HASH, 0, sender=suite.standards_keeper)

    assert answer == "standards: empty standard"


def test_add_limits_keeps_each_by_parameter_and_basis(suite):
    set_id = opened(suite)
    before = suite.standards.limit_count()
    limits = [limit(set_id), limit(set_id, PH, lo=6_500, hi=9_500)]

    added(suite, set_id, *limits)

    assert events(suite.standards) == [
        ("LimitsAdded", {"set_id": set_id, "first_id": before + 1, "count": 2})
    ]
    assert [tuple(suite.standards.limit(before + i)) for i in (1, 2)] == limits
    assert suite.standards.limit_of(set_id, COD, BASIS) == before + 1
    assert suite.standards.limit_of(set_id, PH, BASIS) == before + 2
    assert suite.standards.limit_count() == before + 2
    assert suite.standards.limit_set(set_id).limits == 2


def test_one_parameter_may_have_limits_on_several_bases(suite):
    set_id = opened(suite)

    added(suite, set_id, limit(set_id), limit(set_id, basis=word("instant_max")))

    assert suite.standards.limit_set(set_id).limits == 2


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (lambda set_id: limit(set_id + 1), "standards: limit is of another set"),
        (lambda set_id: limit(set_id, hi=None), "standards: limit without bound"),
        (lambda set_id: limit(set_id, lo=2, hi=1), "standards: limit is empty"),
    ],
)
def test_add_limits_refuses_a_limit_that_limits_nothing_and_keeps_none(suite, broken, why):
    set_id = opened(suite)
    keeper = suite.standards_keeper

    answer = reason(
        suite.standards.add_limits, set_id, [limit(set_id), broken(set_id)], sender=keeper
    )

    assert answer == why
    assert suite.standards.limit_set(set_id).limits == 0


def test_add_limits_refuses_a_second_limit_on_the_same_basis(suite):
    set_id = opened(suite)
    added(suite, set_id, limit(set_id))

    answer = reason(
        suite.standards.add_limits, set_id, [limit(set_id)], sender=suite.standards_keeper
    )

    assert answer == "standards: limit is there"


def test_seal_set_ends_its_loading(suite):
    set_id = opened(suite)
    added(suite, set_id, limit(set_id))

    suite.standards.seal_set(set_id, 1, HASH, sender=suite.second_keeper)

    about = {"set_id": set_id, "by": suite.second_keeper, "limits": 1, "source_hash": HASH}
    assert events(suite.standards) == [("SetSealed", about)]
    assert suite.standards.limit_set(set_id).sealed
    keeper = suite.standards_keeper
    more = [limit(set_id, PH)]
    assert reason(suite.standards.add_limits, set_id, more, sender=keeper) == (
        "standards: set is sealed"
    )
    assert refusal(suite, set_id) == "standards: must be open"


def test_who_opened_a_set_cannot_seal_it(suite):
    set_id = opened(suite)
    added(suite, set_id, limit(set_id))

    refused = refusal(suite, set_id, by=suite.standards_keeper)

    assert refused == "standards: opener cannot seal the set"
    assert not suite.standards.limit_set(set_id).sealed


def test_only_another_officer_of_the_duty_seals(suite):
    set_id = opened(suite)
    added(suite, set_id, limit(set_id))

    for stranger in (suite.holder, suite.supervisor, suite.first):
        assert refusal(suite, set_id, by=stranger) == "access: caller lacks duty"


@pytest.mark.parametrize(("limits", "source"), [(1, HASH), (3, HASH), (2, b"\2" * 32)])
def test_nobody_seals_another_set_than_they_read(suite, limits, source):
    set_id = opened(suite)
    added(suite, set_id, limit(set_id), limit(set_id, PH))

    assert refusal(suite, set_id, limits, source) == "standards: set is another than was read"
    suite.standards.seal_set(set_id, 2, HASH, sender=suite.second_keeper)


def test_only_who_opened_a_set_fills_it(suite):
    set_id = opened(suite)
    add = suite.standards.add_limits

    refused = reason(add, set_id, [limit(set_id)], sender=suite.second_keeper)

    assert refused == "standards: caller did not open the set"
    assert suite.standards.limit_set(set_id).limits == 0


def test_who_goes_on_under_another_key_fills_the_set_and_cannot_seal_it(suite):
    set_id, key = opened(suite), Account.from_key(b"\x21" * 32)
    consent = rotation_signature(suite.authority, suite.standards_keeper, key)
    suite.authority.rotate(key.address, consent, sender=suite.standards_keeper)

    suite.standards.add_limits(set_id, [limit(set_id)], sender=key.address)

    refused = refusal(suite, set_id, by=key.address)
    assert refused == "standards: opener cannot seal the set"
    suite.standards.seal_set(set_id, 1, HASH, sender=suite.second_keeper)


def test_a_limit_is_given_as_one_to_be_held_against_once_its_set_is_sealed(suite):
    set_id = opened(suite)
    added(suite, set_id, limit(set_id))
    number = suite.standards.limit_count()

    early = reason(suite.standards.sealed_limit, number, sender=suite.holder)
    suite.standards.seal_set(set_id, 1, HASH, sender=suite.second_keeper)

    assert early == "standards: limit is in no sealed set"
    assert tuple(suite.standards.sealed_limit(number)) == limit(set_id)


def test_a_set_that_is_unknown_or_empty_is_neither_filled_nor_sealed(suite):
    keeper = suite.standards_keeper
    empty = opened(suite)

    unknown = reason(suite.standards.add_limits, 99, [limit(99)], sender=keeper)

    assert unknown == "standards: unknown set"
    assert refusal(suite, 99, 0, b"\0" * 32) == "standards: set is empty"
    assert refusal(suite, empty, 0) == "standards: set is empty"


def test_current_set_is_the_latest_sealed_version_in_force(suite):
    first = sealed(suite, NOW)
    second = sealed(suite, NOW + 10)
    opened(suite, NOW + 5)  # never sealed
    moments = (NOW - 1, NOW, NOW + 9, NOW + 10, NOW + 99)

    found = [suite.standards.current_set(STANDARD, GRADE, at) for at in moments]

    assert found == [0, first, first, second, second]
    assert suite.standards.current_set(STANDARD, "A", NOW) == 0
