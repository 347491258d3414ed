"""Plans as a file describes them, periods as people write them, and the forecast's arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadRecord, UsageError
from scripts import _plans as plans


@pytest.mark.parametrize("text", ["", "2026-Q5", "2026-13", "2026-05-32", "May", "2026-Q"])
def test_what_is_no_period_is_told(text):
    with pytest.raises(UsageError, match="is no period"):
        plans.period_index(None, text)


@pytest.mark.parametrize(
    ("text", "calendar", "first"),
    [
        ("2026", plans.YEAR, "2026-01-01"),
        ("2026-Q2", plans.QUARTER, "2026-04-01"),
        ("2026-05", plans.MONTH, "2026-05-01"),
        ("2026-05-31", plans.DAY, "2026-05-31"),
    ],
)
def test_a_period_is_read_by_its_form(text, calendar, first):
    found, day = plans._first_day(text)

    assert (found, day.isoformat()) == (calendar, first)


@pytest.mark.parametrize("entry", [{}, {"permit": "A", "community": "B"}])
def test_a_plan_of_no_or_of_two_subjects_is_refused(entry):
    with pytest.raises(BadRecord, match="a plan is of one subject"):
        plans.plan_of(None, entry)


def test_a_plan_without_its_year_s_volume_is_refused():
    with pytest.raises(BadRecord, match="'annual' is missing"):
        plans.plan_of(None, {"permit": "A"})


def test_parts_are_a_list():
    with pytest.raises(BadRecord, match="months is '10 m3', no list"):
        plans.plan_of(None, {"permit": "A", "annual": "1 m3", "months": "10 m3"})


def test_a_share_is_whole_per_mille():
    assert plans._permille("12.5 %", "rule") == 125
    with pytest.raises(BadRecord, match="no whole number of per mille"):
        plans._permille("0.05 %", "rule")


def test_a_subject_of_another_kind_has_no_plan():
    with pytest.raises(UsageError, match="'river' has no plan"):
        plans.subject_of(None, "A", "river")


@given(
    net_l=st.integers(0, 10**9),
    rest_s=st.integers(0, 10**8),
    used_l=st.integers(0, 10**9),
    span_s=st.integers(1, 10**8),
)
def test_a_forecast_is_the_least_whole_number_not_below_the_pace(net_l, rest_s, used_l, span_s):
    more_l = plans.expected_l(net_l, rest_s, used_l, span_s) - net_l

    assert more_l * span_s >= used_l * rest_s > (more_l - 1) * span_s
