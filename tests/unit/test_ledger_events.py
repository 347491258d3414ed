"""Events: all of them, in the order of the chain, however little the node hands out at once."""

import pytest
from eth_utils.exceptions import ValidationError
from web3.exceptions import Web3RPCError

from ledger.errors import NotFound
from ledger.events import decode_receipt, logs
from ledger.transactions import send, wait_included
from tests.unit.small_chain import counter_code, start


@pytest.fixture(scope="module")
def chain():
    return start()


@pytest.fixture
def small(chain):
    """The chain of this file, with the node's own answers."""
    chain.node.answers.clear()
    return chain


@pytest.fixture(scope="module")
def ledger(chain):
    """Counted three times, 1, 2 and 3, and paid once after the second."""
    counter = chain.put(counter_code())
    functions = counter.functions
    for call in (functions.count(1), functions.count(2), functions.pay(), functions.count(3)):
        wait_included(chain.chain, send(chain.chain, chain.signer, call), 5)
    return chain.ledger(Counter=counter)


def refusing_more_than(small, most_blocks):
    """Have the node answer as geth does when a range holds too many logs; the ranges asked for."""
    asked = []

    def answer(query):
        first, last = query["from_block"], query["to_block"]
        asked.append((first, last))
        if last - first + 1 > most_blocks:
            raise ValidationError("query returned more than 10000 results")
        return small.node.plain("eth_getLogs", [query])

    small.node.answers["eth_getLogs"] = answer
    return asked


def test_all_events_of_a_contract_come_in_the_order_of_the_chain(ledger):
    found = logs(ledger, "Counter")

    assert [one.name for one in found] == ["Counted", "Counted", "Paid", "Counted"]
    assert [one.block for one in found] == sorted(one.block for one in found)


def test_an_event_knows_its_arguments_block_and_moment(small, ledger):
    found = logs(ledger, "Counter", "Counted")[1]
    block = small.chain.block(found.block)

    assert found.args == {"by": small.signer.address, "step": 2, "total": 3}
    assert found.contract == "Counter"
    assert found.block_hash == block["hash"].to_0x_hex()
    assert found.block_time == block["timestamp"]


def test_only_events_of_a_name_are_told_when_asked_for(ledger):
    assert [one.args["step"] for one in logs(ledger, "Counter", "Counted")] == [1, 2, 3]


def test_filters_keep_the_events_whose_arguments_equal_them(small, ledger):
    wanted = {"by": small.signer.address, "step": 2}

    found = logs(ledger, "Counter", "Counted", filters=wanted)

    assert [one.args["total"] for one in found] == [3]


def test_an_event_without_the_argument_of_a_filter_is_left_out(ledger):
    assert [one.name for one in logs(ledger, "Counter", filters={"total": 6})] == ["Counted"]


def test_blocks_outside_the_range_are_left_out(ledger):
    every = logs(ledger, "Counter")

    found = logs(ledger, "Counter", from_block=every[1].block, to_block=every[2].block)

    assert found == every[1:3]


def test_an_event_that_the_contract_has_not_is_told_with_those_it_has(ledger):
    with pytest.raises(NotFound, match="Counter has no event 'Drawn'") as failure:
        logs(ledger, "Counter", "Drawn")

    assert "Counted, Paid" in failure.value.remedy


@pytest.mark.parametrize("most_blocks", [1, 2, 3])
def test_a_range_that_holds_too_much_is_halved_until_it_fits(small, ledger, most_blocks):
    every = logs(ledger, "Counter")
    asked = refusing_more_than(small, most_blocks)

    found = logs(ledger, "Counter")

    assert found == every
    assert asked[0] == (0, small.chain.head().number)


def test_a_single_block_that_is_refused_is_told_in_the_nodes_words(small, ledger):
    refusing_more_than(small, 0)

    with pytest.raises(Web3RPCError, match="more than 10000 results"):
        logs(ledger, "Counter")


def test_a_receipt_tells_our_events_and_leaves_those_of_others_out(small, ledger):
    ours, stranger = small.put(counter_code()), small.put(counter_code())
    sent = [send(small.chain, small.signer, bound.functions.count(4)) for bound in (ours, stranger)]
    receipts = [wait_included(small.chain, one, 5) for one in sent]

    found = [decode_receipt(small.ledger(Counter=ours), receipt) for receipt in receipts]

    assert [[one.args["total"] for one in events] for events in found] == [[4], []]


def test_a_receipt_may_hold_an_event_that_the_abi_of_ours_does_not_know(small):
    ours = small.put(counter_code())
    sent = send(small.chain, small.signer, ours.functions.count(1))
    receipt = wait_included(small.chain, sent, 5)
    unknown = dict(receipt["logs"][0]) | {"topics": [receipt["transactionHash"]]}

    assert decode_receipt(small.ledger(Counter=ours), {"logs": [unknown]}) == []


def test_a_contract_that_replaced_others_tells_theirs_too_each_under_its_name(small):
    before, now = small.put(counter_code()), small.put(counter_code())
    for call in (before.functions.count(1), now.functions.count(2)):
        wait_included(small.chain, send(small.chain, small.signer, call), 5)
    ledger = small.ledger(Counter=now, **{"Counter.1": before})

    def told(name):
        return [(one.contract, one.args["step"]) for one in logs(ledger, name, "Counted")]

    assert told("Counter") == [("Counter.1", 1), ("Counter", 2)]
    assert told("Counter.1") == [("Counter.1", 1)]
