"""Limit sets: opened as a version, filled, sealed for good, found by the date they are in force."""

import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import COD, DAY_S, HASH, NOW, word

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
    suite.standards.seal_set(set_id, sender=suite.standards_keeper)
    return set_id


def test_open_set_begins_a_version_of_its_standard_and_grade(suite):
    first = opened(suite)
    other_grade = opened(suite, grade="A")

    second = opened(suite, NOW + DAY_S)

    assert events(suite.standards) == [
        (
            "SetOpened",
            {
                "set_id": second,
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

    suite.standards.seal_set(set_id, sender=suite.standards_keeper)

    assert events(suite.standards) == [("SetSealed", {"set_id": set_id, "limits": 1})]
    assert suite.standards.limit_set(set_id).sealed
    keeper = suite.standards_keeper
    more = [limit(set_id, PH)]
    assert reason(suite.standards.add_limits, set_id, more, sender=keeper) == (
        "standards: set is sealed"
    )
    assert reason(suite.standards.seal_set, set_id, sender=keeper) == "standards: must be open"


def test_a_set_that_is_unknown_or_empty_is_neither_filled_nor_sealed(suite):
    keeper = suite.standards_keeper
    empty = opened(suite)

    unknown = reason(suite.standards.add_limits, 99, [limit(99)], sender=keeper)

    assert unknown == "standards: unknown set"
    assert reason(suite.standards.seal_set, 99, sender=keeper) == "standards: set is empty"
    assert reason(suite.standards.seal_set, empty, sender=keeper) == "standards: set is empty"


def test_current_set_is_the_latest_sealed_version_in_force(suite):
    first = sealed(suite, NOW)
    second = sealed(suite, NOW + 10)
    opened(suite, NOW + 5)  # never sealed
    moments = (NOW - 1, NOW, NOW + 9, NOW + 10, NOW + 99)

    found = [suite.standards.current_set(STANDARD, GRADE, at) for at in moments]

    assert found == [0, first, first, second, second]
    assert suite.standards.current_set(STANDARD, "A", NOW) == 0
