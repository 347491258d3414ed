"""Periods of bills as people write them."""

import pytest

from ledger.standards import MONTH, QUARTER, YEAR
from scripts._billing import period_text
from scripts._files import instant
from scripts._showing import local_zone


@pytest.mark.parametrize(
    ("calendar", "day", "text"),
    [
        (YEAR, "2026-01-01", "2026"),
        (QUARTER, "2026-01-01", "2026-Q1"),
        (QUARTER, "2026-10-01", "2026-Q4"),
        (MONTH, "2026-01-01", "2026-01"),
        (MONTH, "2026-12-01", "2026-12"),
    ],
)
def test_a_billed_period_is_shown_as_it_is_asked_for(calendar, day, text):
    assert period_text(calendar, instant(day, local_zone())) == text
