"""The readings that wait are cut into batches: few channels, bounded, always the same."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import merkle
from ledger.batches import gauge_groups, meter_groups
from ledger.channels import GAUGE, METER
from ledger.hashing import keccak
from ledger.leaves import INSTANT, MEASURED
from ledger.packing import MAX_WORDS, WORD
from oracle.batch import GROUP_GAS, LONG_RUN, READING_GAS, Waiting, cut, fill, lay
from tests.unit.oracle_rows import T0

DAY_S = 86_400
MOST_GAS = 54_000_000
LEAF = keccak(b"leaf")
NOON_S = DAY_S // 2
TURNS = np.arange(T0 - NOON_S, T0 + 400 * DAY_S, DAY_S)  # a day ends half a day after T0

steps = st.one_of(st.sampled_from([60, 60, 60, 900]), st.integers(1, 5 * DAY_S))
marks = st.sampled_from([0, 0, 0, 0, 7, 129])
gauges = st.lists(st.tuples(steps, st.integers(0, 2**32 - 1), marks), min_size=1, max_size=60)
meters = st.lists(st.tuples(steps, st.integers(0, 2**33)), min_size=1, max_size=60)


def gauge(number, rows):
    at = T0 + np.cumsum([step for step, *_ in rows])
    value, mark = (np.array([row[i] for row in rows], dtype=np.int64) for i in (1, 2))
    return Waiting(number, GAUGE, INSTANT, 3, T0, 0, at, value, mark, TURNS)


def meter(number, rows):
    at = T0 + np.cumsum([step for step, _ in rows])
    value = 100 + np.cumsum([volume for _, volume in rows])
    mark = np.zeros(len(rows), dtype=np.int64)
    return Waiting(number, METER, MEASURED, 3, T0, 100, at, value, mark, TURNS)


def even(number, count, step_s=60):
    return gauge(number, [(step_s, n % 90, 0) for n in range(count)])


def batch(waiting, counts):
    laid = [lay(one, count) for one, count in zip(waiting, counts, strict=True) if count]
    return cut(laid, [LEAF] * sum(counts))


@given(st.lists(gauges, min_size=1, max_size=4))
def test_the_words_of_gauges_hold_exactly_the_readings_taken(many):
    waiting = [gauge(n, rows) for n, rows in enumerate(many, 1)]
    counts = [len(one.at) for one in waiting]

    found = [
        (group.channel, *reading, group.mark | (128 if group.void else 0))
        for group in gauge_groups(batch(waiting, counts).words)
        for reading in group.readings
    ]

    assert found == [
        (one.channel, *row)
        for one in waiting
        for row in zip(one.at.tolist(), one.value.tolist(), one.mark.tolist(), strict=True)
    ]


@given(st.lists(meters, min_size=1, max_size=4))
def test_the_words_of_meters_open_each_group_where_the_last_one_closed(many):
    waiting = [meter(n, rows) for n, rows in enumerate(many, 1)]
    counts = [len(one.at) for one in waiting]
    found, standing = [], {one.channel: (T0, 100) for one in waiting}

    for group in meter_groups(batch(waiting, counts).words):
        assert (group.opening_at, group.opening_l) == standing[group.channel]
        register = group.opening_l
        for at, volume in group.readings:
            register += volume
            found.append((group.channel, at, register))
        standing[group.channel] = (at, register)

    assert found == [
        (one.channel, *row)
        for one in waiting
        for row in zip(one.at.tolist(), one.value.tolist(), strict=True)
    ]


@settings(max_examples=30)
@given(st.lists(gauges, min_size=1, max_size=4), st.integers(0, 5 * DAY_S))
def test_all_that_fits_is_taken_and_nothing_after_the_moment(many, later):
    waiting = [gauge(n, rows) for n, rows in enumerate(many, 1)]
    until_at = T0 + later

    found = fill(waiting, until_at, MOST_GAS)

    counts = dict(zip([one.channel for one in found.waiting], found.counts, strict=True))
    due = {one.channel: int(np.count_nonzero(one.at <= until_at)) for one in waiting}
    assert counts == {channel: count for channel, count in due.items() if count}
    assert not found.full


def test_a_batch_keeps_within_the_words_of_one_slot_of_a_pool():
    found = fill([even(n, 3_000) for n in range(1, 5)], 2**32, 10**12)

    assert found.full
    assert 0.99 * MAX_WORDS < len(batch(found.waiting, found.counts).words) / WORD <= MAX_WORDS


def test_a_batch_holds_few_channels_and_all_of_each_but_the_last():
    found = fill([even(n, 3_000) for n in range(1, 9)], 2**32, 10**12)

    assert [one.channel for one in found.waiting] == [1, 2, 3]
    assert found.counts[:2] == [3_000, 3_000]
    assert 0 < found.counts[2] < 3_000


def test_no_channel_is_asked_for_beyond_the_one_that_fills_a_batch():
    asked = []

    def channels():
        for number in range(1, 9):
            asked.append(number)
            yield even(number, 3_000)

    fill(channels(), 2**32, 10**12)

    assert asked == [1, 2, 3]


def test_a_batch_keeps_within_the_gas_it_may_ask_for():
    found = fill([even(n, 3_000) for n in range(1, 5)], 2**32, MOST_GAS)

    worst = READING_GAS * sum(found.counts) + GROUP_GAS * len(found.counts)
    assert 0.9 * MOST_GAS < worst <= MOST_GAS
    assert batch(found.waiting, found.counts).gas < worst


def test_the_same_readings_give_the_same_batch():
    waiting = [even(n, 700) for n in (1, 2)]

    found = [fill(waiting, 2**32, MOST_GAS) for _ in range(2)]
    first, second = (batch(one.waiting, one.counts) for one in found)

    assert first == second
    assert first.digest == keccak(merkle.root([LEAF] * first.readings) + keccak(first.words))


def places(one):
    return [(group.start, group.stop) for group in lay(one, len(one.at)).groups]


def test_a_change_of_mark_begins_a_group():
    assert places(gauge(1, [(60, 1, 0), (60, 1, 0), (60, 1, 129), (60, 1, 0)])) == [
        (0, 2),
        (2, 3),
        (3, 4),
    ]


def test_the_first_reading_of_a_new_day_stands_alone():
    rows = [(NOON_S - 60, 1, 0), (60, 2, 0), (60, 3, 0), (60, 4, 0)]

    # the turn itself is the old day's: a reading belongs to the day in which its step ends
    assert places(gauge(1, rows)) == [(0, 2), (2, 3), (3, 4)]


def test_long_runs_of_one_step_are_parted_from_what_is_uneven():
    rows = [(7, 1, 0), (60, 1, 0), (11, 1, 0), *[(60, 1, 0)] * (LONG_RUN + 4)]

    assert places(gauge(1, rows)) == [(0, 2), (2, len(rows))]


def test_a_volume_that_a_regular_lane_cannot_hold_opens_a_group_of_its_own():
    assert places(meter(1, [(60, 1), (60, 1), (60, 2**32), (60, 1)])) == [(0, 2), (2, 4)]
