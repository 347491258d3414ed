"""Inclusion and settlement: a receipt counts only while its very block is canonical and deep."""

import pytest

from ledger.errors import NotIncluded, NotSettled, Reverted
from ledger.transactions import (
    SettlementPolicy,
    receipt_of,
    send,
    settled,
    wait_all_included,
    wait_included,
    wait_settled,
)
from tests.unit.small_chain import SmallChain, counter_code, start


@pytest.fixture
def small() -> SmallChain:
    return start()


@pytest.fixture
def counter(small):
    return small.put(counter_code())


def test_waiting_for_a_transaction_that_nobody_includes_ends(small, counter):
    small.tester.disable_auto_mine_transactions()
    sent = send(small.chain, small.signer, counter.functions.count(1), gas=100_000)
    seen: list[str] = []

    with pytest.raises(NotIncluded, match=sent.hash):
        wait_included(small.chain, sent, 0.3, progress=seen.append)
    assert seen


def test_settled_only_when_deep_enough(small, counter):
    policy = SettlementPolicy(3)
    sent = send(small.chain, small.signer, counter.functions.count(1))
    receipt = wait_included(small.chain, sent, 5)

    small.tester.mine_blocks(2)
    assert not settled(small.chain, receipt, policy)
    with pytest.raises(NotSettled):
        wait_settled(small.chain, receipt, policy, 0.2)
    small.tester.mine_block()
    assert settled(small.chain, receipt, policy)
    assert wait_settled(small.chain, receipt, policy, 5) == receipt


def test_a_receipt_of_an_abandoned_block_never_settles(small, counter):
    before = small.tester.take_snapshot()
    receipt = wait_included(
        small.chain, send(small.chain, small.signer, counter.functions.count(1)), 5
    )
    small.tester.revert_to_snapshot(before)
    small.tester.mine_blocks(8)

    assert not settled(small.chain, receipt, SettlementPolicy(1))


def test_the_policy_for_signers_waits_for_six_blocks_or_twice_their_number():
    assert [SettlementPolicy.for_signers(n).confirmations for n in (1, 3, 5)] == [6, 6, 10]


def test_waiting_follows_a_transaction_into_the_block_that_a_reorganisation_gives_it(
    small, counter
):
    small.tester.disable_auto_mine_transactions()
    sent = send(small.chain, small.signer, counter.functions.count(1), gas=100_000)
    before = small.tester.take_snapshot()
    small.tester.mine_block()
    first = wait_included(small.chain, sent, 5)
    small.tester.revert_to_snapshot(before)
    small.tester.mine_block()  # the other branch, without it

    def goes_on(_):
        if receipt_of(small.chain, sent.hash) is None:
            small.tester.send_raw_transaction("0x" + sent.raw.hex())
        small.tester.mine_block()

    final = wait_settled(small.chain, first, SettlementPolicy(2), 5, progress=goes_on)

    assert final["transactionHash"] == first["transactionHash"]
    assert final["blockHash"] != first["blockHash"]
    assert final["blockNumber"] > first["blockNumber"]


def test_the_first_refusal_of_many_is_raised(small, counter):
    small.tester.disable_auto_mine_transactions()
    functions = counter.functions
    calls = [functions.count(1), functions.only_once(), functions.count(1)]
    sent = [send(small.chain, small.signer, call, gas=100_000) for call in calls]
    small.tester.mine_block()

    with pytest.raises(Reverted, match=sent[1].hash):
        wait_all_included(small.chain, sent, 5)


def test_progress_says_how_many_are_included(small, counter):
    sent = [send(small.chain, small.signer, counter.functions.count(n)) for n in (1, 2)]
    seen: list[str] = []

    wait_all_included(small.chain, sent, 5, progress=seen.append)

    assert seen == ["included 1 of 2", "included 2 of 2"]


def test_a_hash_alone_can_be_waited_for(small, counter):
    sent = send(small.chain, small.signer, counter.functions.count(1))

    assert wait_included(small.chain, sent.hash, 5)["status"] == 1
