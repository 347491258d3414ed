"""A lane has one writer: what an oracle does when the chain holds something else than it sent."""

import pytest
from eth_utils.exceptions import ValidationError

from oracle.archive import Archive
from oracle.feed import Stopped
from tests.chain.town import Relay
from tests.contracts.suite import T0

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 13)]


@pytest.fixture
def fed(town):
    """A town with one meter and its lane; blocks are sealed by hand from here on."""
    town.input, town.other = town.file("well", town.meter(), ROWS), town.meter()
    town.number = town.lane()
    town.chain.tester.disable_auto_mine_transactions()
    return town


def sent(town, oracle):
    """The oracle has sent its batch, and no block holds it yet."""
    for _ in oracle.read(town.input, growing=False):
        pass
    oracle.pump(flush=True)


def test_a_second_oracle_stands_down_and_overwrites_nothing(fed):
    first, second = fed.oracle("journal"), fed.oracle("another")
    for oracle in (first, second):
        oracle.prepare(fed.input.mapping)
    fed.settle(first, [fed.input])

    with pytest.raises(Stopped, match="not those of this journal"):
        fed.settle(second, [fed.input])

    assert fed.registers() == ROWS
    assert second.relays.stopped


def test_a_lane_that_stopped_stays_stopped_after_a_restart(fed):
    first, second = fed.oracle("journal"), fed.oracle("another")
    for oracle in (first, second):
        oracle.prepare(fed.input.mapping)
    fed.settle(first, [fed.input])
    with pytest.raises(Stopped):
        fed.settle(second, [fed.input])
    fed.kill(second)

    again = fed.oracle("another")
    with pytest.raises(Stopped):
        fed.settle(again, [fed.input])


def test_a_batch_that_a_reorganisation_took_away_is_there_again_once(fed):
    oracle, tester = fed.oracle(), fed.chain.tester
    sent(fed, oracle)
    before = tester.take_snapshot()
    fed.mine()
    oracle.pump(flush=True)
    assert fed.registers() == ROWS
    tester.revert_to_snapshot(before)
    tester.pool.clear()
    fed.mine()
    assert fed.registers() == []

    fed.settle(oracle)

    assert fed.registers() == ROWS
    assert oracle.journal.db.execute("SELECT count(*) FROM attempt").fetchone()[0] == 1


def test_a_lane_that_opens_after_the_head_was_looked_at_is_served(fed):
    oracle = fed.oracle()
    oracle.pump(flush=True)
    assert not oracle.relays.open_lanes

    fed.settle(oracle, [fed.input])

    assert fed.registers() == ROWS


def test_a_spent_nonce_is_answered_with_one_more_attempt(fed):
    oracle = fed.oracle()
    sent(fed, oracle)
    fed.chain.tester.pool.clear()
    key = Relay()
    fees = {"gas": 21_000, "maxFeePerGas": 10**12, "maxPriorityFeePerGas": 10**9}
    other = {"to": key.address, "value": 0, "type": 2, "chainId": fed.ledger.chain.chain_id}
    nonce = fed.ledger.chain.w3.eth.get_transaction_count(key.address)
    fed.ledger.chain.w3.eth.send_raw_transaction(key.sign({**other, **fees, "nonce": nonce}))

    fed.settle(oracle)

    assert fed.registers() == ROWS
    states = oracle.journal.db.execute("SELECT state FROM attempt ORDER BY number").fetchall()
    assert [row["state"] for row in states] == ["dead", "settled"]


def test_bytes_that_the_sealers_lost_are_followed_by_dearer_ones(fed, monkeypatch):
    """As after a restart of all sealers: the node that has the bytes passes them on no more."""
    known, tester = set(), fed.chain.tester

    def once(raw):
        if raw in known:
            raise ValidationError("already known")
        known.add(raw)
        return tester.send_raw_transaction(raw)

    monkeypatch.setitem(fed.node.answers, "eth_sendRawTransaction", once)
    oracle = fed.oracle()
    sent(fed, oracle)
    tester.pool.clear()

    fed.settle(oracle)

    assert fed.registers() == ROWS
    query = "SELECT nonce, state FROM attempt ORDER BY number"
    first, second = oracle.journal.db.execute(query).fetchall()
    assert [first["state"], second["state"]] == ["dead", "settled"]
    assert first["nonce"] == second["nonce"]


def test_what_was_stored_and_not_sent_is_sent_by_the_next_start_at_once(fed):
    oracle = fed.oracle()
    sent(fed, oracle)
    stored = fed.chain.tester.pool.copy()
    fed.chain.tester.pool.clear()
    fed.kill(oracle)

    fed.oracle().pump(flush=True)

    assert fed.chain.tester.pool == stored != []


def test_a_halted_lane_waits_and_goes_on_when_it_is_resumed(fed):
    tracker, supervisor = fed.suite.quota_tracker, fed.suite.supervisor
    fed.chain.tester.enable_auto_mine_transactions()
    tracker.halt_lane(fed.number, sender=supervisor)
    fed.chain.tester.disable_auto_mine_transactions()
    oracle = fed.oracle()
    with pytest.raises(Stopped, match="halted"):
        fed.settle(oracle, [fed.input])
    assert fed.registers() == []
    fed.chain.tester.enable_auto_mine_transactions()
    tracker.resume_lane(fed.number, sender=supervisor)
    fed.chain.tester.disable_auto_mine_transactions()

    fed.settle(oracle)

    assert fed.registers() == ROWS


def test_what_lies_beyond_the_calendar_is_held_with_the_contracts_reason(fed, monkeypatch):
    beyond = [(T0 + 900 * 86_400, 5_000)]
    wrong = fed.file("late", fed.other, beyond)
    monkeypatch.setattr(fed.chain.tester.backend, "clock", lambda: beyond[0][0] + 60)
    oracle = fed.oracle()

    fed.settle(oracle, [fed.input, wrong])

    held = oracle.journal.db.execute("SELECT reason, detail FROM held").fetchall()
    assert [row["reason"] for row in held] == ["refused_by_contract"]
    assert "beyond the calendar" in held[0]["detail"]
    (refused,) = [keys for event, keys in fed.told if event == "groups refused"]
    assert (refused["lane"], refused["batch"]) == ("QuotaTracker lane 1", 1)
    assert set(ROWS) <= set(fed.registers())


@pytest.fixture
def two_lanes(town):
    """A town with a meter in each of two lanes, and an oracle that has taken both files in."""
    town.inputs = [
        town.file("well", town.meter(1), ROWS[:6]),
        town.file("spring", town.meter(2), ROWS[6:]),
    ]
    town.second = town.second_relay()
    town.lane(1)
    keeper = town.suite.device_keeper
    town.suite.quota_tracker.open_lane(town.second.address, 2, sender=keeper)
    town.chain.tester.disable_auto_mine_transactions()
    town.first = of_both(town)
    for one in town.inputs:
        for _ in town.first.read(one, growing=True):
            pass
    return town


def of_both(town):
    """An oracle with the keys of both lanes."""
    oracle = town.oracle()
    oracle.relays._signers[town.second.address] = lambda: town.second
    return oracle


def test_a_damaged_segment_of_the_archive_keeps_back_its_own_lane_alone(two_lanes):
    town = two_lanes
    town.kill(town.first)
    path = town.folder / "journal" / Archive.name_of(1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    oracle = of_both(town)

    town.run(oracle, town.inputs)

    assert town.registers() == ROWS[6:]
    waits = [keys for event, keys in town.told if event == "lane waits"]
    assert [one["lane"] for one in waits] == ["QuotaTracker lane 1"]
    assert "is not what the journal says was written" in waits[0]["reason"]
    assert [one.partition(":")[0] for one in oracle.relays.trouble()] == ["QuotaTracker lane 1"]

    path.write_bytes(whole)
    town.run(oracle, town.inputs)

    assert sorted(town.registers()) == ROWS
    assert oracle.relays.trouble() == []
