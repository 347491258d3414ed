"""Local days and years as people write them: none before any record is asked of the chain."""

from datetime import date

import pytest

from ledger.errors import UsageError
from scripts._days import begins, day_index, year_begins
from scripts._plans import period_index


@pytest.fixture(autouse=True)
def shanghai(monkeypatch):
    monkeypatch.setenv("WATERLINE_TIMEZONE", "Asia/Shanghai")


def test_a_local_day_and_year_begin_at_their_midnight():
    assert begins(date(2026, 1, 1)) == year_begins(2026) == 1_767_196_800


@pytest.mark.parametrize("year", [-1, 0, 1, 1979, 10_000])
def test_a_year_before_any_record_or_beyond_the_calendar_is_named(year):
    with pytest.raises(UsageError, match=f"{year} is no year"):
        year_begins(year)


@pytest.mark.parametrize("text", ["0001-01-01", "1979-12-31", "soon", "2026-02-30"])
def test_a_day_before_any_record_is_no_day(text):
    with pytest.raises(UsageError, match="is no day"):
        day_index(None, text)


@pytest.mark.parametrize("text", ["0001", "1979-Q1", "0001-05", "0001-05-31", "2026-Q5", "x"])
def test_a_period_before_any_record_is_no_period(text):
    with pytest.raises(UsageError, match="is no period"):
        period_index(None, text)
