"""A deputy's term is refused before two administrators sign it."""

import pytest

from ledger.errors import UsageError
from scripts._posts import term_of

NOW = 1_700_000_000


def test_a_term_begins_now_where_no_start_is_given():
    assert term_of(0, NOW + 60, NOW) == (NOW, NOW + 60)


def test_a_term_may_begin_later():
    assert term_of(NOW + 60, NOW + 120, NOW) == (NOW + 60, NOW + 120)


@pytest.mark.parametrize(
    ("from_at", "until_at"),
    [(0, NOW), (NOW + 60, NOW + 60), (NOW + 60, NOW + 30), (NOW - 120, NOW - 60)],
)
def test_a_term_that_ends_before_it_begins_or_has_ended_is_refused(from_at, until_at):
    with pytest.raises(UsageError, match="has ended, or never begins") as refused:
        term_of(from_at, until_at, NOW)

    assert "--until" in refused.value.remedy
