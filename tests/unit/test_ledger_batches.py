"""Batches read back: from the calldata that carried them, bit by bit as the contracts read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.batches import Group, batch, gauge_groups, meter_groups
from ledger.errors import BadRecord, NotFound
from ledger.transactions import send, wait_included
from tests.contracts.intake_words import gauge_group, meter_group, packed
from tests.unit.small_chain import compiled, start

AT = 1_700_000_000
ROOT = b"\x0a" * 32
TAKER = """
# pragma version 0.4.3
# pragma evm-version london
event Recorded:
    lane: indexed(uint256)
    batch_id: indexed(uint256)
    digest: bytes32
    refused: uint256

@external
def record_meters(
    lane: uint256, batch_id: uint256, root: bytes32, words: Bytes[4096], evidence: Bytes[64]
):
    log Recorded(lane=lane, batch_id=batch_id, digest=keccak256(words), refused=1)
"""
steps = st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 2**24)), min_size=1)
regular = st.tuples(st.lists(st.integers(0, 2**32 - 1), min_size=1), st.integers(1, 2**24 - 1))


def moments(readings: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Readings as (moment, amount), counted on from the opening."""
    at, found = AT, []
    for amount, duration_s in readings:
        at += duration_s
        found.append((at, amount))
    return tuple(found)


@given(steps, st.integers(1, 2**32 - 1), st.integers(0, 2**48 - 1), st.integers(0, 5))
def test_an_irregular_meter_group_is_read_as_it_was_packed(readings, channel, register_l, kind):
    words = packed(meter_group(channel, register_l, AT, readings, kind))

    assert list(meter_groups(words)) == [
        Group(channel, AT, register_l, kind, 3, 0, False, moments(readings), len(words) // 32)
    ]


@given(regular, st.integers(0, 15), st.booleans())
def test_a_regular_gauge_group_is_read_as_it_was_packed(series, mark, void):
    values, step_s = series
    readings = [(value, step_s) for value in values]
    words = packed(gauge_group(9, AT, readings, mark, void, grade=2))

    (found,) = gauge_groups(words)

    assert (found.channel, found.grade, found.mark, found.void) == (9, 2, mark, void)
    assert (found.opening_at, found.readings) == (AT, moments(readings))


@pytest.mark.parametrize("count", [1, 2, 4, 5, 6, 8, 9, 10, 17])
def test_groups_of_every_length_follow_each_other(count):
    regular, uneven = [(7, 60)] * count, [(7, 60 + i) for i in range(count)]
    words = packed([word for r in (regular, uneven) for word in meter_group(1, 0, AT, r)])

    found = list(meter_groups(words))

    assert [one.readings for one in found] == [moments(regular), moments(uneven)]


@given(st.lists(steps, max_size=4))
def test_all_groups_of_a_gauge_batch_are_read(series):
    words = packed([word for n, one in enumerate(series) for word in gauge_group(n, AT, one)])

    found = list(gauge_groups(words))

    assert [(one.channel, one.readings) for one in found] == [
        (n, moments(one)) for n, one in enumerate(series)
    ]


def test_no_words_are_no_groups():
    assert list(meter_groups(b"")) == list(gauge_groups(b"")) == []


@pytest.mark.parametrize("cut", [1, 31, 32, 33])
def test_words_that_end_within_a_group_are_refused(cut):
    words = packed(meter_group(1, 0, AT, [(7, 60)] * 20))

    with pytest.raises(BadRecord, match="end within a group"):
        list(meter_groups(words[:-cut]))


@pytest.fixture
def small():
    return start()


@pytest.fixture
def recorded(small):
    """Batches 0 and 1 of lane 3, batch 0 of lane 4; the ledger that knows their contract."""
    taker = small.put(compiled(TAKER))
    for lane, batch_id in ((3, 0), (3, 1), (4, 0)):
        words = packed(meter_group(lane, 100, AT, [(batch_id, 60)]))
        call = taker.functions.record_meters(lane, batch_id, ROOT, words, b"")
        wait_included(small.chain, send(small.chain, small.signer, call), 5)
    return small.ledger(QuotaTracker=taker)


def test_a_batch_is_found_by_its_place_in_its_lane(small, recorded):
    found = batch(recorded, "QuotaTracker", 3, 1)

    assert (found.lane, found.batch_id, found.root, found.refused) == (3, 1, ROOT, 1)
    assert found.sent_by == small.signer.address
    assert found.block_hash == small.chain.at(found.block).hash
    assert small.chain.w3.keccak(found.words) == found.digest


def test_the_words_of_a_batch_are_those_its_transaction_carried(recorded):
    (group,) = meter_groups(batch(recorded, "QuotaTracker", 4, 0).words)

    assert group == Group(4, AT, 100, 0, 3, 0, False, ((AT + 60, 0),), 1)


@pytest.mark.parametrize(("lane", "batch_id"), [(3, 2), (4, 1), (5, 0)])
def test_a_batch_that_is_not_there_is_told(recorded, lane, batch_id):
    with pytest.raises(NotFound, match=f"no batch {batch_id} of lane {lane}") as failure:
        batch(recorded, "QuotaTracker", lane, batch_id)

    assert "waterline lane list" in failure.value.remedy
