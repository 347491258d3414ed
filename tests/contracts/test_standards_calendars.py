"""Calendars: boundaries only rise, and a step belongs to the period in which it ends."""

from bisect import bisect_left

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.suite import DAY_S, T0

DAY, MONTH, QUARTER, YEAR = 1, 2, 3, 4


def fresh(suite):
    """Standards of the same authority with nothing loaded."""
    return suite.standards.deployer.deploy(suite.authority.address)


def extended(suite, standards, calendar, instants):
    standards.extend_calendar(calendar, instants, sender=suite.standards_keeper)


def test_extend_calendar_appends_boundaries(suite):
    standards = fresh(suite)
    extended(suite, standards, MONTH, [10, 20])

    extended(suite, standards, MONTH, [30, 45])

    assert events(standards) == [
        ("CalendarExtended", {"calendar": MONTH, "boundaries": 4, "until_at": 45})
    ]
    assert [standards.boundary(MONTH, k) for k in range(4)] == [10, 20, 30, 45]
    assert standards.boundary_count(MONTH) == 4
    assert standards.calendar_end(MONTH) == 45
    assert standards.boundary_count(DAY) == 0
    assert standards.calendar_end(DAY) == 0


@pytest.mark.parametrize(
    ("calendar", "instants", "why"),
    [
        (0, [50], "standards: unknown calendar"),
        (6, [50], "standards: unknown calendar"),
        (MONTH, [20], "standards: boundaries must rise"),
        (MONTH, [30, 30], "standards: boundaries must rise"),
        (MONTH, [40, 30], "standards: boundaries must rise"),
        (MONTH, [2**32], "standards: boundaries must rise"),
        (YEAR, [0], "standards: boundaries must rise"),
    ],
)
def test_extend_calendar_refuses_what_does_not_rise(suite, calendar, instants, why):
    standards = fresh(suite)
    extended(suite, standards, MONTH, [10, 20])

    refused = reason(standards.extend_calendar, calendar, instants, sender=suite.standards_keeper)

    assert refused == why
    assert standards.boundary_count(MONTH) == 2


def test_a_step_that_ends_on_a_boundary_belongs_to_the_period_before(suite):
    ends = (T0 + 1, T0 + DAY_S, T0 + DAY_S + 1, T0 + 799 * DAY_S)

    periods = [suite.standards.period_at(DAY, at) for at in ends]

    assert periods == [0, 0, 1, 798]


def test_period_at_refuses_moments_outside_the_loaded_calendar(suite):
    ask = suite.standards.period_at
    stranger = suite.holder

    before = reason(ask, DAY, T0, sender=stranger)
    after = reason(ask, DAY, T0 + 799 * DAY_S + 1, sender=stranger)
    empty = reason(fresh(suite).period_at, DAY, T0, sender=stranger)

    assert before == after == "standards: outside calendar"
    assert empty == "standards: calendar is empty"


@given(
    instants=st.lists(st.integers(1, 5_000), min_size=2, max_size=60, unique=True),
    asked=st.lists(st.integers(0, 5_100), min_size=8, max_size=8),
)
def test_the_period_of_a_moment_is_the_one_between_its_boundaries(deployed, instants, asked):
    with boa.env.anchor():
        standards, boundaries = fresh(deployed), sorted(instants)
        extended(deployed, standards, QUARTER, boundaries)

        for at in [*asked, *boundaries[1:3]]:
            if boundaries[0] < at <= boundaries[-1]:
                assert standards.period_at(QUARTER, at) == bisect_left(boundaries, at) - 1
            else:
                refused = reason(standards.period_at, QUARTER, at, sender=deployed.holder)
                assert refused == "standards: outside calendar"
