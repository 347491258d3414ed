"""Lanes: who may open, halt and write one, in which order, and what it remembers of a batch."""

import pytest
from eth_utils import keccak

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.storage import put
from tests.contracts.suite import COD, GAUGE, HASH, METER, RELAY_GROUP, T0

BOOKS = ["quota_tracker", "discharge_volumes", "discharge_limits", "quality_provenance"]
ROOT_HASH = b"\x05" * 32
NOBODY = "0x" + "00" * 20
M24 = 2**24 - 1


@pytest.fixture(params=BOOKS)
def book(request, suite):
    return getattr(suite, request.param)


def channel(suite, book):
    """An enrolled channel that the contract writes."""
    name = next(n for n, contract in suite.contracts.items() if contract is book)
    if "meter" in dir(book):
        return suite.channel(METER, name)
    return suite.channel(GAUGE, name, COD)


def words_of(number, book, last_at=T0, register_l=100):
    if "meter" in dir(book):
        return packed(meter_group(number, register_l, last_at, [(7, 60)]))
    return packed(gauge_group(number, last_at, [(OFFSET + 7, 60)]))


def record(book):
    return book.record_meters if "meter" in dir(book) else book.record_gauges


def test_open_lane_gives_it_to_one_account_and_one_relay_group(suite, book):
    lane = book.open_lane(suite.relay, 9, sender=suite.device_keeper)

    assert events(book) == [("LaneOpened", {"lane": lane, "owner": suite.relay, "relay_group": 9})]
    assert tuple(book.lane(lane)) == (suite.relay, 9, 0, 0, False)
    assert book.lane_count() == lane == 1


def test_open_lane_refuses_nobody_and_no_group(suite, book):
    keeper = suite.device_keeper

    assert reason(book.open_lane, NOBODY, 1, sender=keeper) == "lanes: empty owner"
    for group in (0, 2**16):
        refused = reason(book.open_lane, suite.relay, group, sender=keeper)
        assert refused == "lanes: relay group out of range"


def test_halt_stops_a_lane_and_resume_lets_it_go_on(suite, book):
    lane, number = suite.lane(book), channel(suite, book)
    batch = (lane, 0, ROOT_HASH, words_of(number, book), b"")

    book.halt_lane(lane, sender=suite.supervisor)

    assert events(book) == [("LaneHalted", {"lane": lane, "by": suite.supervisor})]
    assert book.lane(lane).halted
    assert reason(record(book), *batch, sender=suite.relay) == "lanes: halted"
    book.resume_lane(lane, sender=suite.supervisor)
    assert events(book) == [("LaneResumed", {"lane": lane, "by": suite.supervisor})]
    assert not book.lane(lane).halted
    record(book)(*batch, sender=suite.relay)


def test_halt_and_resume_name_the_state_they_need(suite, book):
    lane, by = suite.lane(book), suite.supervisor

    assert reason(book.halt_lane, 99, sender=by) == "lanes: must be open"
    assert reason(book.resume_lane, lane, sender=by) == "lanes: must be halted"
    book.halt_lane(lane, sender=by)
    assert reason(book.halt_lane, lane, sender=by) == "lanes: must be open"


def test_a_batch_leaves_its_digest_and_moves_the_running_hash(suite, book):
    lane, number = suite.lane(book), channel(suite, book)
    words = words_of(number, book)

    record(book)(lane, 0, ROOT_HASH, words, b"", sender=suite.relay)

    digest = keccak(ROOT_HASH + keccak(words))
    recorded = {"lane": lane, "batch_id": 0, "digest": digest, "refused": 0}
    assert events(book) == [("Recorded", recorded)]
    assert book.digest(lane, 0) == digest
    assert book.running(lane) == keccak(b"\0" * 32 + digest)
    counted_l = 7 if "meter" in dir(book) else 0
    assert tuple(book.lane(lane)) == (suite.relay, RELAY_GROUP, 1, counted_l, False)


def test_batches_come_in_order_and_once(suite, book):
    lane, number = suite.lane(book), channel(suite, book)
    words = words_of(number, book)
    record(book)(lane, 0, ROOT_HASH, words, b"", sender=suite.relay)

    for batch_id in (0, 2, M24 + 1):
        again = reason(record(book), lane, batch_id, ROOT_HASH, words, b"", sender=suite.relay)
        assert again == "lanes: batch is not the next one"
    assert book.lane(lane).next_id == 1


def test_two_lanes_count_their_batches_apart(suite, book):
    one, other = suite.lane(book), suite.lane(book)
    number = channel(suite, book)
    words = words_of(number, book)
    record(book)(one, 0, ROOT_HASH, words, b"", sender=suite.relay)
    later = words_of(number, book, T0 + 60, 107)

    record(book)(other, 0, ROOT_HASH, later, b"", sender=suite.relay)

    assert [book.lane(lane).next_id for lane in (one, other)] == [1, 1]
    assert book.running(one) != book.running(other)


def test_a_lane_reaches_the_channels_of_its_own_relay_group_only(suite, book):
    number = channel(suite, book)
    foreign = suite.lane(book, RELAY_GROUP + 1)

    record(book)(foreign, 0, ROOT_HASH, words_of(number, book), b"", sender=suite.relay)

    refusal = {"channel": number, "batch_id": 0, "lane": foreign, "reason": 2, "end_word": 1}
    assert events(book, "GroupRefused") == [("GroupRefused", refusal)]


def test_evidence_is_refused_while_the_lane_needs_none(suite, book):
    lane, number = suite.lane(book), channel(suite, book)
    words = words_of(number, book)

    refused = reason(record(book), lane, 0, ROOT_HASH, words, b"\1", sender=suite.relay)

    assert refused == "witnesses: lane needs no evidence"


def test_a_stranger_cannot_write_a_lane_of_the_zero_account(suite, book):
    refused = reason(record(book), 99, 0, HASH, b"\0" * 32, b"", sender=suite.relay)

    assert refused == "lanes: caller is not the owner"


@pytest.mark.parametrize("words", [b"", b"\0" * 31, b"\0" * 33], ids=["none", "31", "33"])
def test_words_are_whole(suite, book, words):
    lane = suite.lane(book)
    kind = "meters" if "meter" in dir(book) else "gauges"

    refused = reason(record(book), lane, 0, HASH, words, b"", sender=suite.relay)

    assert refused == f"{kind}: not whole words"


def test_an_unfinished_proof_or_another_batch_proves_nothing(suite, book):
    lane, number = suite.lane(book), channel(suite, book)
    words = words_of(number, book)
    leaf, other = b"\x0a" * 32, b"\x0b" * 32
    root = keccak(leaf + other)
    record(book)(lane, 0, root, words, b"", sender=suite.relay)
    words_hash = keccak(words)

    assert book.prove(lane, 0, root, words_hash, leaf, [other])
    assert book.prove(lane, 0, root, words_hash, other, [leaf])
    assert not book.prove(lane, 0, root, words_hash, leaf, [])
    assert not book.prove(lane, 0, root, words_hash, other, [other])
    assert not book.prove(lane, 1, root, words_hash, leaf, [other])
    assert not book.prove(lane, 0, root, keccak(b""), leaf, [other])
    assert not book.prove(lane, 0, keccak(b""), words_hash, leaf, [other])


def test_a_lane_ends_before_its_numbers_do(suite):
    book, number = suite.quota_tracker, suite.channel(METER, "QuotaTracker")
    lane = suite.lane(book)
    word = int(suite.relay, 16) | RELAY_GROUP << 160 | M24 << 176
    words = packed(meter_group(number, 100, T0, [(7, 60)]))
    put(book, word, "lanes._word", lane)

    refused = reason(book.record_meters, lane, M24, HASH, words, b"", sender=suite.relay)

    assert refused == "lanes: lane is full"
