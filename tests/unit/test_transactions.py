"""Sending, refusals, inclusion and settlement, on a chain in this process."""

import pytest

from ledger.errors import CannotPay, NotIncluded, NotSettled, Reverted
from ledger.transactions import (
    GWEI,
    HEADROOM_DOUBLINGS,
    SettlementPolicy,
    broadcast,
    fees,
    next_nonce,
    send,
    send_all,
    settled,
    sign_call,
    wait_all_included,
    wait_included,
    wait_settled,
)
from tests.unit.small_chain import LocalSigner, SmallChain, counter_code, start


@pytest.fixture
def small() -> SmallChain:
    return start()


@pytest.fixture
def counter(small):
    code = counter_code()
    factory = small.chain.w3.eth.contract(abi=code["abi"], bytecode=code["bytecode"])
    receipt = wait_included(small.chain, send(small.chain, small.signer, factory.constructor()), 5)
    return small.chain.w3.eth.contract(address=receipt["contractAddress"], abi=code["abi"])


def test_a_call_is_sent_included_and_takes_effect(small, counter):
    sent = send(small.chain, small.signer, counter.functions.count(7))
    receipt = wait_included(small.chain, sent, 5)

    assert receipt["transactionHash"].to_0x_hex() == sent.hash
    assert counter.functions.total().call() == 7


def test_fees_are_type_2_with_headroom_and_a_tip_that_geth_accepts(small, counter):
    base_wei = small.chain.block("latest")["baseFeePerGas"]
    sent = send(small.chain, small.signer, counter.functions.count(1))
    taken = small.chain.w3.eth.get_transaction(sent.hash)

    assert taken["type"] == 2
    assert taken["maxPriorityFeePerGas"] == GWEI
    assert taken["maxFeePerGas"] >= base_wei << HEADROOM_DOUBLINGS


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


def test_an_account_that_cannot_pay_is_told_so(small, counter):
    pauper = LocalSigner()

    with pytest.raises(CannotPay, match=pauper.address):
        send(small.chain, pauper, counter.functions.count(1), gas=100_000)


def test_a_small_balance_lowers_the_headroom_instead_of_failing(small, counter):
    modest = LocalSigner()
    base_wei = small.chain.block("latest")["baseFeePerGas"]
    small.fund(modest.address, 100_000 * (3 * base_wei + GWEI))

    sent = send(small.chain, modest, counter.functions.count(1), gas=100_000)

    offered = small.chain.w3.eth.get_transaction(sent.hash)["maxFeePerGas"]
    assert 2 * base_wei + GWEI <= offered < fees(small.chain).max_fee_wei


def test_value_is_sent_with_the_call(small, counter):
    wait_included(
        small.chain, send(small.chain, small.signer, counter.functions.pay(), value=12), 5
    )

    assert counter.functions.payable_total().call() == 12


def test_signed_bytes_are_known_before_they_are_sent(small, counter):
    nonce = next_nonce(small.chain, small.signer.address)
    sent = sign_call(
        small.chain,
        small.signer,
        counter.functions.count(4),
        gas=100_000,
        nonce=nonce,
        fee=fees(small.chain),
    )
    assert counter.functions.total().call() == 0

    broadcast(small.chain, sent)

    assert wait_included(small.chain, sent, 5)["transactionHash"].to_0x_hex() == sent.hash


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
