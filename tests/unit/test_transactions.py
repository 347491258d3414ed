"""Sending, refusals and inclusion, on a chain in this process."""

import pytest

from ledger.errors import Reverted
from ledger.transactions import (
    next_nonce,
    send,
    send_all,
    wait_all_included,
    wait_included,
)
from tests.unit.small_chain import SmallChain, counter_code, start


@pytest.fixture
def small() -> SmallChain:
    return start()


@pytest.fixture
def counter(small):
    return small.put(counter_code())


def test_a_call_is_sent_included_and_takes_effect(small, counter):
    sent = send(small.chain, small.signer, counter.functions.count(7))
    receipt = wait_included(small.chain, sent, 5)

    assert receipt["transactionHash"].to_0x_hex() == sent.hash
    assert counter.functions.total().call() == 7


@pytest.mark.parametrize("gas", [None, 200_000])
def test_a_refused_call_is_not_sent_and_told_in_the_contracts_words(small, counter, gas):
    before = next_nonce(small.chain, small.signer.address)

    with pytest.raises(Reverted) as refused:
        send(small.chain, small.signer, counter.functions.count(0), gas=gas)

    assert refused.value.reason == "counter: zero step"
    assert refused.value.exit_code == 1
    assert next_nonce(small.chain, small.signer.address) == before


def test_a_call_that_fails_in_its_block_is_told_with_reason_and_transaction(small, counter):
    small.tester.disable_auto_mine_transactions()
    calls = [(counter.functions.only_once(), 100_000), (counter.functions.only_once(), 100_000)]
    first, second = send_all(small.chain, small.signer, calls)
    small.tester.mine_block()

    assert wait_included(small.chain, first, 5)["status"] == 1
    with pytest.raises(Reverted) as refused:
        wait_included(small.chain, second, 5)
    assert second.hash in refused.value.message


def test_many_calls_are_sent_under_one_run_of_nonces_before_any_is_included(small, counter):
    small.tester.disable_auto_mine_transactions()
    seen: list[str] = []
    calls = [(counter.functions.count(step), 100_000) for step in (1, 2, 3)]
    sent = send_all(small.chain, small.signer, calls, progress=seen.append)
    assert counter.functions.total().call() == 0
    small.tester.mine_block()

    receipts = wait_all_included(small.chain, sent, 5)

    assert [one.nonce for one in sent] == list(range(sent[0].nonce, sent[0].nonce + 3))
    assert len({receipt["blockNumber"] for receipt in receipts}) == 1
    assert counter.functions.total().call() == 6
    assert seen == ["sent 1", "sent 2", "sent 3"]


def test_a_contract_is_deployed_as_any_call_is_sent(small):
    code = counter_code()
    factory = small.chain.w3.eth.contract(abi=code["abi"], bytecode=code["bytecode"])

    receipt = wait_included(small.chain, send(small.chain, small.signer, factory.constructor()), 5)

    assert small.chain.w3.eth.get_code(receipt["contractAddress"])
