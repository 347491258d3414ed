"""What is final is what enough endpoints tell alike; one that contradicts them is told of."""

import json
from contextlib import ExitStack

import pytest
from eth_abi import encode

from ledger.chain import connect
from ledger.deployment import Deployed, Deployment
from ledger.errors import UsageError
from ledger.hashing import keccak
from oracle.lanes import Lane, Standing
from oracle.quorum import Quorum, Seen, majority
from tests.unit.stub_node import CHAIN_ID, GENESIS_HASH, block, clique, listening

OWNER, BOOK = "0x" + "11" * 20, "0x" + "22" * 20
LANE = Lane("QuotaTracker", 1, OWNER, 1)
HASH, OTHER, SENT = "0x" + "cd" * 32, "0x" + "ef" * 32, "0x" + "aa" * 32
RUNNING = b"\x07" * 32
WORDS = ("address", "uint256", "uint256", "uint256", "bool")
NAMES = ("owner", "relay_group", "next_id", "total_l", "halted")
FIELDS = [{"name": name, "type": kind} for name, kind in zip(NAMES, WORDS, strict=True)]
ABI = [
    {
        "type": "function",
        "name": name,
        "stateMutability": "view",
        "inputs": [{"name": "number", "type": "uint256"}],
        "outputs": [output],
    }
    for name, output in (
        ("lane", {"name": "", "type": "tuple", "components": FIELDS}),
        ("running", {"name": "", "type": "bytes32"}),
    )
]
LANE_SELECTOR = "0x" + keccak(b"lane(uint256)")[:4].hex()
TOLD = Seen(5, HASH, Standing(3, RUNNING, False), 4)


class Witness:
    """A real server on loopback that tells of one block, one lane and one receipt, as it is set."""

    def __init__(self):
        self.hash, self.next_id, self.running, self.spent = HASH, 3, RUNNING, 4
        self.status, self.head, self.garbage = "0x1", 5, None

    def body(self, raw):
        asked = json.loads(raw)
        many = isinstance(asked, list)
        told = [self.answer(one) for one in (asked if many else [asked])]
        return json.dumps(told if many else told[0]).encode()

    def answer(self, asked):
        method, params = asked["method"], asked["params"]
        if self.garbage is not None and method in self.garbage:
            result = self.garbage[method]
        else:
            result = self.result(method, params)
        return {"jsonrpc": "2.0", "id": asked["id"], "result": result}

    def result(self, method, params):
        if method == "eth_getBlockByNumber" and params[0] == "0x5":
            return {**block(5), "hash": self.hash} if self.head >= 5 else None
        if method == "eth_getBlockByHash":
            return {**block(5), "hash": params[0]}
        if method == "eth_call":
            lane = encode(WORDS, [OWNER, 1, self.next_id, 0, False])
            is_lane = params[0]["data"].startswith(LANE_SELECTOR)
            return "0x" + (lane if is_lane else encode(["bytes32"], [self.running])).hex()
        if method == "eth_getTransactionCount":
            return hex(self.spent)
        if method == "eth_getTransactionReceipt":
            return {
                **{"transactionHash": SENT, "blockHash": self.hash, "blockNumber": "0x5"},
                **{"status": self.status, "logs": []},
            }
        return clique(method, params)


class Court:
    """Three witnesses, the quorum of them, and what was told."""

    def __init__(self, stack):
        self.witnesses, self.told = [Witness() for _ in range(3)], []
        urls = [stack.enter_context(listening(one.body)) for one in self.witnesses]
        book = Deployed(BOOK, ABI, "0x", "0x", 0)
        record = Deployment(CHAIN_ID, GENESIS_HASH, 0, {"QuotaTracker": book})
        self.ledgers = [record.open(connect(url, 0.5)) for url in urls]
        self.quorum = Quorum(self.ledgers, None, self.tell)

    def tell(self, event, **keys):
        self.told.append((event, keys.get("endpoint")))


@pytest.fixture
def court():
    with ExitStack() as stack:
        yield Court(stack)


def test_what_all_tell_alike_is_confirmed(court):
    assert court.quorum.confirms(LANE, TOLD)
    assert court.told == []


@pytest.mark.parametrize(
    "what, value",
    [("hash", OTHER), ("next_id", 4), ("running", b"\x08" * 32), ("spent", 5)],
)
def test_one_that_contradicts_two_is_told_once_and_changes_nothing(court, what, value):
    setattr(court.witnesses[1], what, value)

    assert court.quorum.confirms(LANE, TOLD)
    assert court.quorum.confirms(LANE, TOLD)

    assert court.told == [("endpoint disagrees", court.ledgers[1].chain.url)]


@pytest.mark.parametrize(
    "what, value",
    [("hash", OTHER), ("next_id", 4), ("running", b"\x08" * 32), ("spent", 5)],
)
def test_what_two_contradict_is_not_confirmed(court, what, value):
    for one in court.witnesses[1:]:
        setattr(one, what, value)

    assert not court.quorum.confirms(LANE, TOLD)
    assert court.told == [("endpoint disagrees", court.ledgers[0].chain.url)]


def test_one_that_agrees_again_is_told(court):
    court.witnesses[2].running = b"\x08" * 32
    court.quorum.confirms(LANE, TOLD)
    court.witnesses[2].running = RUNNING

    court.quorum.confirms(LANE, TOLD)

    assert [event for event, _ in court.told] == ["endpoint disagrees", "endpoint agrees again"]


def test_with_three_different_answers_nothing_is_confirmed_and_that_is_told_once(court):
    court.witnesses[1].hash, court.witnesses[2].hash = OTHER, SENT

    assert not court.quorum.confirms(LANE, TOLD)
    assert not court.quorum.confirms(LANE, TOLD)

    assert [event for event, _ in court.told] == ["too few endpoints agree"]
    for one in court.witnesses:
        one.hash = HASH
    assert court.quorum.confirms(LANE, TOLD)
    assert court.told[-1][0] == "endpoints agree again"


def test_one_that_lags_behind_has_no_voice_and_is_not_blamed(court):
    court.witnesses[2].head = 4

    assert court.quorum.confirms(LANE, TOLD)
    assert court.told == []


@pytest.mark.parametrize("result", [None, 5, "0x", "0xzz", {}, "0x" + "00" * 31, "0x" + "ff" * 160])
def test_garbage_of_one_changes_nothing_and_of_two_confirms_nothing(court, result):
    court.witnesses[1].garbage = {"eth_call": result}
    assert court.quorum.confirms(LANE, TOLD)

    court.witnesses[2].garbage = {"eth_call": result}

    assert not court.quorum.confirms(LANE, TOLD)


def test_heads_may_differ_without_blame(court):
    court.witnesses[1].hash, court.witnesses[2].hash = OTHER, SENT

    assert not court.quorum.confirms(LANE, TOLD, final=False)
    assert court.told == []


def test_a_receipt_is_what_two_of_three_tell(court):
    court.witnesses[0].status = "0x0"

    assert court.quorum.receipt(SENT)["status"] == 1
    court.witnesses[1].hash = OTHER

    assert court.quorum.receipt(SENT) is None


@pytest.mark.parametrize("endpoints, needed", [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_a_majority_is_more_than_half(endpoints, needed):
    assert majority(endpoints) == needed


@pytest.mark.parametrize("needed", [0, 4])
def test_a_quorum_that_cannot_be_is_refused(court, needed):
    with pytest.raises(UsageError, match="of 3 endpoints"):
        Quorum(court.ledgers, needed, court.tell)
