"""Why a contract refused, in its own words, whichever way the node tells it."""

import pytest
from eth_abi import encode
from eth_tester.exceptions import TransactionFailed
from web3.exceptions import ContractLogicError, Web3RPCError

from ledger.errors import Reverted
from ledger.refusals import SILENT, decode_revert, reason_in_chain, reason_of
from ledger.transactions import send, send_all, simulate
from tests.unit.small_chain import counter_code, start

ERROR = bytes.fromhex("08c379a0")
PANIC = bytes.fromhex("4e487b71")


@pytest.fixture
def small():
    return start()


@pytest.fixture
def counter(small):
    return small.put(counter_code())


@pytest.mark.parametrize("reason", ["quota: zero draw", "", "水", "x" * 500])
def test_words_in_revert_data_are_read(reason):
    assert decode_revert(ERROR + encode(["string"], [reason])) == reason


def test_a_panic_is_told_by_its_number():
    assert decode_revert(PANIC + encode(["uint256"], [0x11])) == "panic 0x11"


@pytest.mark.parametrize("data", [ERROR, ERROR + b"\1" * 40, PANIC, b"\x01\x02\x03\x04"])
def test_data_that_cannot_be_read_is_shown_as_it_is(data):
    assert decode_revert(data) == "0x" + data.hex()


def test_no_data_is_told_as_silence():
    assert decode_revert(b"") == SILENT


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ContractLogicError("execution reverted: a: b", data=None), "a: b"),
        (ContractLogicError("execution reverted", data=None), SILENT),
        (ContractLogicError("execution reverted", data="0x"), SILENT),
        (
            ContractLogicError("other", data="0x" + (ERROR + encode(["string"], ["c: d"])).hex()),
            "c: d",
        ),
        (Web3RPCError("out of gas"), "out of gas"),
        (ValueError("something else"), "something else"),
    ],
)
def test_the_reason_in_an_exception_is_told_without_what_stands_around_it(error, reason):
    assert reason_of(error) == reason


def test_a_simulated_call_tells_the_contracts_words(small, counter):
    with pytest.raises(Reverted) as refused:
        simulate(small.chain, small.signer.address, counter.functions.count(0))

    assert refused.value.reason == "counter: zero step"
    assert refused.value.message == "the contract refused: counter: zero step"


def test_a_refusal_without_words_is_told_as_such(small, counter):
    with pytest.raises(Reverted) as refused:
        send(small.chain, small.signer, counter.functions.refuse_without_words())

    assert refused.value.reason == SILENT


def failed(small, counter) -> str:
    """A transaction that failed in its block, because the one before it succeeded."""
    small.tester.disable_auto_mine_transactions()
    calls = [(counter.functions.only_once(), 100_000)] * 2
    _, second = send_all(small.chain, small.signer, calls)
    small.tester.mine_block()
    return second.hash


def test_a_node_that_traces_is_asked_why_a_transaction_failed(small, counter):
    transaction = failed(small, counter)
    asked = []

    def trace(*params):
        asked.append(params)
        return {"revertReason": "counter: already counted"}

    small.node.answers["debug_traceTransaction"] = trace

    assert reason_in_chain(small.chain, transaction) == "counter: already counted"
    assert asked == [(transaction, {"tracer": "callTracer"})]


@pytest.mark.parametrize(
    ("trace", "reason"), [({"error": "out of gas"}, "out of gas"), ({}, SILENT)]
)
def test_a_trace_without_words_tells_what_it_has(small, counter, trace, reason):
    small.node.answers["debug_traceTransaction"] = lambda *_: trace

    assert reason_in_chain(small.chain, "0x" + "00" * 32) == reason


def test_without_traces_a_call_that_would_succeed_now_is_told_as_such(small, counter):
    assert "it would succeed now" in reason_in_chain(small.chain, failed(small, counter))


def test_without_traces_the_call_is_made_again_at_the_block_before(small, counter):
    transaction = failed(small, counter)

    def refuse(*_):
        raise TransactionFailed("execution reverted: counter: already counted")

    small.node.answers["eth_call"] = refuse

    assert reason_in_chain(small.chain, transaction) == "counter: already counted"
