"""A journal that goes on where another one's oracle ended, with what is replayed to it."""

import pytest

from ledger.errors import NotFound
from oracle import comparison, lanes
from oracle.quarantine import held
from oracle.sources.sockets import Heard
from oracle.sources.telegrams import MQTT, whole
from oracle.takeover import BEFORE_S, stands_still
from tests.chain.subscriber import TOPIC, Subscriber, expected, message
from tests.contracts.suite import T0


@pytest.fixture
def first(town):
    """An oracle that has recorded two hours."""
    made = Subscriber(town, "")
    replayed(made.oracle, made.mapping, message(1), message(2))
    town.settle(made.oracle)
    town.kill(made.oracle)
    return made


def replayed(oracle, mapping, *payloads):
    heard = [Heard(MQTT, whole(MQTT, TOPIC, one), lambda: None) for one in payloads]
    oracle.hear(heard, {MQTT: [mapping]})


def second(town, mapping):
    oracle = town.oracle("another")
    oracle.prepare(mapping)
    return oracle


def test_what_the_chain_holds_comes_again_and_only_what_is_new_is_sent(town, first):
    oracle = second(town, first.mapping)
    oracle.recall()

    replayed(oracle, first.mapping, *(message(hour) for hour in (1, 2, 3)))
    town.settle(oracle)

    assert town.registers() == expected([1, 2, 3])
    assert held(oracle.journal) == []


def test_what_the_chain_holds_with_another_value_is_held(town, first):
    oracle = second(town, first.mapping)
    oracle.recall()

    replayed(oracle, first.mapping, message(1).replace(b"1.25", b"1.75"))

    assert [one["reason"] for one in held(oracle.journal)] == ["other_content"]


def test_what_comes_late_and_is_not_on_the_chain_is_held(town, first):
    oracle = second(town, first.mapping)
    oracle.recall()

    replayed(oracle, first.mapping, message(1).replace(str(T0 + 3_600).encode(), b"%d" % (T0 + 60)))

    assert [one["reason"] for one in held(oracle.journal)] == ["backward_time"]


def test_it_is_replayed_from_a_day_before_what_the_chain_has(town, first):
    assert second(town, first.mapping).recall() == T0 + 2 * 3_600 - 86_400


def test_what_is_replayed_is_known_a_day_behind_it_and_nothing_older_is_read(town, first):
    """A bus replays what it has had since a day before the last reading; a telegram may have been
    under way for a day before that."""
    hours = range(3, 25 * 4)
    oracle = town.oracle()
    replayed(oracle, first.mapping, *map(message, hours))
    town.settle(oracle)
    town.kill(oracle)
    oracle = second(town, first.mapping)

    since_at = oracle.recall()

    oldest = (since_at - BEFORE_S - T0) // 3_600
    replayed(oracle, first.mapping, *(message(hour) for hour in range(oldest, 25 * 4 + 1)))
    assert held(oracle.journal) == []
    town.settle(oracle)
    assert town.registers() == expected(range(1, 25 * 4 + 1))
    (channel,) = oracle._entered
    known = [hour for hour in range(1, 25 * 4) if oracle._on_chain(channel, T0 + 3_600 * hour)]
    assert known == list(range(oldest, 25 * 4))


def test_batches_in_blocks_before_that_are_not_looked_at(town, first, monkeypatch):
    tester = town.chain.tester
    tester.time_travel(town.ledger.chain.head().at + 10 * BEFORE_S)
    town.mine()
    late_at = town.ledger.chain.head().at
    looked = []
    monkeypatch.setattr(comparison, "as_batch", lambda *about: looked.append(about))

    assert comparison.settled(town.ledger, first.oracle._entered, late_at) == {}

    assert looked == []


def test_a_lane_stands_still_when_its_last_batch_is_final(town, first):
    town.chain.tester.disable_auto_mine_transactions()
    oracle = town.oracle()
    lane = lanes.lane_of(town.ledger, "QuotaTracker", 1, oracle.relays.owners)
    replayed(oracle, first.mapping, message(3))
    oracle.pump(flush=True)
    town.mine()

    assert not stands_still(town.ledger, lane, oracle.policy)
    town.mine(oracle.policy.confirmations)
    assert stands_still(town.ledger, lane, oracle.policy)


def test_without_its_lease_an_oracle_sends_nothing(town, first):
    oracle = town.oracle()
    oracle.relays.may_send = lambda: False
    replayed(oracle, first.mapping, message(3))

    for _ in range(5):
        oracle.pump(flush=True)
        town.mine()

    assert town.registers() == expected([1, 2])


def test_an_oracle_that_keeps_to_a_lane_opens_no_other(town, first):
    oracle = town.oracle()
    oracle.relays.keep_to("QuotaTracker", 2)

    with pytest.raises(NotFound, match="the lease is not that of QuotaTracker, relay group 1"):
        oracle.prepare(first.mapping)
