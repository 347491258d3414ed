"""What a transaction offers and costs, and an account that cannot pay."""

import pytest

from ledger.errors import CannotPay
from ledger.transactions import GWEI, HEADROOM_DOUBLINGS, fees, send, wait_included
from tests.unit.small_chain import LocalSigner, SmallChain, counter_code, start


@pytest.fixture
def small() -> SmallChain:
    return start()


@pytest.fixture
def counter(small):
    return small.put(counter_code())


def test_fees_are_type_2_with_headroom_and_a_tip_that_geth_accepts(small, counter):
    base_wei = small.chain.block("latest")["baseFeePerGas"]
    sent = send(small.chain, small.signer, counter.functions.count(1))
    taken = small.chain.w3.eth.get_transaction(sent.hash)

    assert taken["type"] == 2
    assert taken["maxPriorityFeePerGas"] == GWEI
    assert taken["maxFeePerGas"] >= base_wei << HEADROOM_DOUBLINGS


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


def test_a_value_beyond_the_balance_is_told_before_anything_is_sent(small, counter):
    pauper = LocalSigner()

    with pytest.raises(CannotPay) as failure:
        send(small.chain, pauper, counter.functions.pay(), value=1)

    assert failure.value.remedy == "fund the account"
