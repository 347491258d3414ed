"""Signed bytes: known before they are sent, and taken once however often they are handed over."""

import pytest
from web3.exceptions import Web3RPCError

from ledger.transactions import broadcast, fees, next_nonce, send, sign_call, wait_included
from tests.unit.small_chain import SmallChain, counter_code, start


@pytest.fixture
def small() -> SmallChain:
    return start()


@pytest.fixture
def counter(small):
    return small.put(counter_code())


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


@pytest.mark.parametrize("mined", [False, True])
def test_handing_the_same_bytes_over_again_is_no_error(small, counter, mined):
    small.tester.disable_auto_mine_transactions()
    sent = send(small.chain, small.signer, counter.functions.count(1), gas=100_000)
    if mined:
        small.tester.mine_block()

    broadcast(small.chain, sent)

    small.tester.mine_block()
    assert counter.functions.total().call() == 1


def test_other_bytes_under_a_used_nonce_are_refused(small, counter):
    fee = fees(small.chain)
    first, other = (
        sign_call(
            small.chain, small.signer, counter.functions.count(n), gas=100_000, nonce=0, fee=fee
        )
        for n in (1, 2)
    )
    broadcast(small.chain, first)

    with pytest.raises(Web3RPCError, match="nonce too low"):
        broadcast(small.chain, other)
