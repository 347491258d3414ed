"""Short texts in 32 bytes: the same text back, or a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.labels import LENGTH, label, text_of


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
def test_a_text_that_fits_is_read_back_and_one_that_does_not_is_refused(text):
    if len(text.encode()) > LENGTH:
        with pytest.raises(UsageError, match="32 bytes"):
            label(text)
    else:
        assert len(label(text)) == LENGTH
        assert text_of(label(text)) == text


def test_a_text_stands_at_the_left_as_the_contracts_hold_it():
    assert label("cod") == b"cod" + b"\0" * 29


def test_length_is_counted_in_bytes_not_letters():
    assert label("水" * 10) == ("水" * 10).encode() + b"\0\0"
    with pytest.raises(UsageError) as refused:
        label("水" * 11)
    assert refused.value.exit_code == 2


def test_a_zero_byte_inside_is_refused_because_it_would_be_lost():
    with pytest.raises(UsageError):
        label("cod\0")


def test_bytes_that_are_no_text_are_still_shown():
    assert text_of(b"\xff" * 2 + b"\0" * 30) == "\N{REPLACEMENT CHARACTER}" * 2
