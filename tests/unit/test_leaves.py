"""The leaf of a reading, one by one and by columns."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.leaves import leaf, leaves
from tests.vectors import reference

AT = 1_700_000_000
M32, M48 = 2**32 - 1, 2**48 - 1
BYTE = st.integers(0, 255)


def column(numbers):
    return np.array(numbers, dtype=np.int64)


ROW = (7, AT, 12_345, 0, 3, 129, b"\5" * 32)


def test_a_leaf_hashes_seven_words_twice():
    assert leaf(*ROW) == reference.leaf(*ROW)


@given(
    rows=st.lists(st.tuples(st.integers(0, M32), st.integers(0, M48), BYTE), max_size=20),
    channel=st.integers(0, M32),
)
@example(rows=[(M32, M48, 255)], channel=M32)
def test_leaves_by_columns_are_the_leaves_one_by_one(rows, channel):
    at, value, mark = (column([row[i] for row in rows]) for i in range(3))
    telegrams = [bytes([i]) * 32 for i in range(len(rows))]

    made = leaves(channel, at, value, 16, 3, mark, telegrams)

    assert made == [
        reference.leaf(channel, *row[:2], 16, 3, row[2], telegram)
        for row, telegram in zip(rows, telegrams, strict=True)
    ]


@pytest.mark.parametrize("place", range(len(ROW)))
def test_each_word_of_a_leaf_changes_it(place):
    one = ROW[place] + 1 if place < 6 else b"\6" * 32

    assert leaf(*ROW[:place], one, *ROW[place + 1 :]) != leaf(*ROW)


@pytest.mark.parametrize("row", [(-1, *ROW[1:]), (*ROW[:2], -1, *ROW[3:]), (*ROW[:6], b"\5" * 31)])
def test_what_cannot_stand_in_a_leaf_is_refused(row):
    with pytest.raises(UsageError):
        leaf(*row)


@pytest.mark.parametrize(
    ("at", "value", "mark", "telegrams"),
    [
        ([AT, AT], [1], [0, 0], 2),
        ([AT], [1, 2], [0], 1),
        ([AT, AT], [1, 2], [0], 2),
        ([AT, AT], [1, 2], [0, 0], 1),
        ([AT], [-1], [0], 1),
        ([AT], [1], [-1], 1),
    ],
)
def test_columns_that_do_not_make_leaves_are_refused(at, value, mark, telegrams):
    with pytest.raises(UsageError):
        leaves(1, column(at), column(value), 0, 3, column(mark), [b"\1" * 32] * telegrams)


def test_telegram_hashes_of_other_lengths_are_refused_even_if_they_add_up():
    with pytest.raises(UsageError):
        leaves(1, column([1, 2]), column([1, 2]), 0, 3, column([0, 0]), [b"\1" * 31, b"\1" * 33])
