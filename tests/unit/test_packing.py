"""Groups and calldata: packed as an independent packer does it, and read back whole."""

from dataclasses import replace
from itertools import accumulate

import numpy as np
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger import packing
from ledger.batches import gauge_groups, meter_groups
from ledger.leaves import VOID
from ledger.packing import gauge_group, is_regular, meter_group, record_calldata, words_needed
from tests.contracts import intake_words
from tests.vectors import reference

M24, M32, M40, M48 = (2**bits - 1 for bits in (24, 32, 40, 48))
AT = 1_700_000_000
BYTE = st.integers(0, 255)
CHANNEL = MOMENT = st.integers(0, M32)
FIRST_STEP = st.integers(1, 2**32)
MARK = st.integers(0, 15)


def column(numbers):
    return np.array(numbers, dtype=np.int64)


@st.composite
def steps(draw):
    """Steps of a group: even behind the first, or uneven."""
    count = draw(st.sampled_from([0, 1, 3, 4, 5, 7, 8, 9, 16, 17, 40]))
    even = st.integers(1, M24).map(lambda step: [step] * count)
    uneven = st.lists(st.integers(1, 2**24), min_size=count, max_size=count)
    # one and the same step of 2**24 has no regular form, which the other packer does not know
    uneven = uneven.filter(lambda found: set(found) != {2**24})
    return [draw(FIRST_STEP), *draw(st.one_of(even, uneven))]


@st.composite
def meter_columns(draw):
    """Volumes and steps, small ones or up to the widest that a lane holds."""
    durations = draw(steps())
    most = draw(st.sampled_from([99, M32, M40]))
    rest = [draw(st.integers(0, most)) for _ in durations[1:]]
    return [draw(st.integers(0, M48)), *rest], durations


@st.composite
def gauge_columns(draw):
    """Stored values and steps."""
    durations = draw(steps())
    return [draw(st.integers(0, M32)) for _ in durations], durations


@given(
    columns=meter_columns(),
    channel=CHANNEL,
    opening_l=st.integers(0, M48),
    at=MOMENT,
    kind=BYTE,
    grade=BYTE,
)
def test_a_meter_group_is_packed_as_the_other_packer_does_and_read_back(
    columns, channel, opening_l, at, kind, grade
):
    volumes, durations = columns
    readings = list(zip(volumes, durations, strict=True))

    words = meter_group(channel, opening_l, at, column(volumes), column(durations), kind, grade)

    other = intake_words.meter_group(channel, opening_l, at, readings, kind, grade)
    assert words == intake_words.packed(other)
    [group] = meter_groups(words)
    assert (group.channel, group.opening_l, group.opening_at) == (channel, opening_l, at)
    assert (group.kind, group.grade, group.mark, group.void) == (kind, grade, 0, False)
    moments = list(accumulate(durations, initial=at))[1:]
    assert group.readings == tuple(zip(moments, volumes, strict=True))


@given(
    columns=gauge_columns(),
    channel=CHANNEL,
    at=MOMENT,
    mark=MARK,
    void=st.booleans(),
    grade=BYTE,
    limit=st.integers(0, M32),
)
def test_a_gauge_group_is_packed_as_the_other_packer_does_and_read_back(
    columns, channel, at, mark, void, grade, limit
):
    values, durations = columns
    readings = list(zip(values, durations, strict=True))
    marked = mark + VOID * void

    words = gauge_group(channel, at, column(values), column(durations), marked, grade, limit)

    header, *lanes = intake_words.gauge_group(channel, at, readings, mark, void, grade)
    assert words == intake_words.packed([header | limit << 80, *lanes])
    [group] = gauge_groups(words)
    assert (group.channel, group.opening_at, group.grade) == (channel, at, grade)
    assert (group.mark, group.void, group.detection_limit) == (mark, void, limit)
    moments = list(accumulate(durations, initial=at))[1:]
    assert group.readings == tuple(zip(moments, values, strict=True))


@given(columns=st.lists(meter_columns(), min_size=1, max_size=4))
def test_groups_one_behind_another_are_read_back_one_by_one(columns):
    parts = [
        meter_group(n, 0, AT, column(volumes), column(durations), 0, 3)
        for n, (volumes, durations) in enumerate(columns)
    ]

    read = list(meter_groups(b"".join(parts)))

    assert [group.channel for group in read] == list(range(len(columns)))
    ends = accumulate(len(part) // 32 for part in parts)
    apart = [next(meter_groups(part)) for part in parts]
    assert read == [replace(one, end_word=end) for one, end in zip(apart, ends, strict=True)]


@given(columns=gauge_columns())
def test_words_needed_says_how_long_a_group_becomes(columns):
    values, durations = columns

    words = gauge_group(1, AT, column(values), column(durations), 0, 3)

    assert len(words) == 32 * words_needed(len(values), is_regular(column(durations)))


def test_the_same_longest_step_throughout_is_packed_irregularly():
    words = gauge_group(1, AT, column([1, 2, 3]), column([1, 2**24, 2**24]), 0, 3)

    [group] = gauge_groups(words)

    assert words == reference.sent(
        reference.group(
            "Gauge header", [(1, 1), (2, 2**24), (3, 2**24)], 32, channel=1, opening_at=AT, grade=3
        )
    )
    assert group.readings == ((AT + 1, 1), (AT + 1 + 2**24, 2), (AT + 1 + 2**25, 3))


@given(
    lane=st.integers(0, 2**256 - 1),
    batch_id=st.integers(0, 2**24 - 2),
    root=st.binary(min_size=32, max_size=32),
    words=st.integers(1, 20).flatmap(lambda n: st.binary(min_size=32 * n, max_size=32 * n)),
    evidence=st.binary(max_size=100),
)
def test_calldata_is_the_abis_own(lane, batch_id, root, words, evidence):
    types = ["uint256", "uint256", "bytes32", "bytes", "bytes"]

    made = record_calldata(packing.RECORD_METERS, lane, batch_id, root, words, evidence)

    arguments = (lane, batch_id, root, words, evidence)
    assert made == packing.RECORD_METERS + encode(types, arguments)


def test_the_largest_batch_of_the_oracle_is_one_slot_of_the_pool():
    signed_around = 200  # nonce, fees, address, signature and lengths of a transaction

    most = record_calldata(packing.RECORD_METERS, 1, 0, b"\1" * 32, b"\1" * 32 * 1_008)

    assert packing.MAX_WORDS == 1_008
    assert len(most) + signed_around <= 32 * 1_024
