"""Several nodes of one chain: the next takes over, one that failed rests, a false one is out."""

import json
import time
from contextlib import ExitStack

import pytest

from ledger.answers import answers
from ledger.chain import connect
from ledger.endpoints import ASIDE_S, Patience, connect_each
from ledger.errors import ChainUnreachable, UsageError
from ledger.providers import shown
from tests.unit.stub_node import CHAIN_ID, GENESIS_HASH, block, clique, listening, node

PATIENCE = Patience(timeout_s=0.3, cool_down_s=10, most_cool_down_s=40)
IDENTITY = (CHAIN_ID, GENESIS_HASH)


class Moody:
    """A real server on loopback that answers as a node does, or as `mood` says."""

    def __init__(self):
        self.mood, self.asked, self.head = None, 0, 7

    def body(self, raw):
        self.asked += 1
        asked = json.loads(raw)
        told = {"jsonrpc": "2.0", "id": asked["id"], "result": self.result(asked)}
        return json.dumps(told).encode() if self.mood is None else self.mood(told)

    def result(self, asked):
        if asked["method"] == "eth_getBlockByNumber" and asked["params"][0] == "latest":
            return block(self.head)
        return clique(asked["method"], asked["params"])


class Weather:
    """Moody nodes, the chain through them, a clock of its own and what was told."""

    def __init__(self, stack, count, **more):
        self.nodes, self.now, self.told = [Moody() for _ in range(count)], 0.0, []
        self.urls = [stack.enter_context(listening(one.body)) for one in self.nodes]
        self.chain, self.alone = connect_each(
            self.urls, PATIENCE, IDENTITY, self.tell, lambda: self.now, **more
        )

    def tell(self, event, **keys):
        self.told.append((event, keys["endpoint"]))


@pytest.fixture
def pair():
    with ExitStack() as stack:
        yield Weather(stack, 2)


def garbage(_):
    return b"<html>hello</html>"


def cut_short(told):
    return json.dumps(told).encode()[:-9]


def of_another_question(told):
    return json.dumps({**told, "id": 10**9}).encode()


def of_another_type(told):
    return json.dumps({**told, "result": 5}).encode()


def of_another_length(told):
    return json.dumps({**told, "result": {**block(7), "hash": "0xab"}}).encode()


def of_a_number_too_large(told):
    return json.dumps({**told, "result": block(2**70)}).encode()


def nested(_):
    return b"[" * 100_000


def silent(told):
    time.sleep(0.6)
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "mood",
    [
        *(garbage, cut_short, of_another_question, of_another_type, of_another_length),
        *(of_a_number_too_large, nested, silent),
    ],
)
def test_the_next_node_takes_over_from_one_that_gives_no_answer(pair, mood):
    pair.nodes[1].head = 9
    pair.nodes[0].mood = mood

    assert pair.chain.head().number == 9
    assert pair.told == [("endpoint is away", pair.urls[0])]


def test_a_node_that_failed_is_not_asked_again_until_its_rest_is_over(pair):
    pair.nodes[0].mood = garbage
    pair.chain.head()
    asked = pair.nodes[0].asked

    pair.chain.head()
    pair.now = PATIENCE.cool_down_s - 1
    pair.chain.head()

    assert pair.nodes[0].asked == asked


def test_a_rest_is_twice_as_long_after_each_failure_up_to_a_limit(pair):
    pair.nodes[0].mood = garbage
    rests = []
    for _ in range(4):
        pair.chain.head()
        begun, asked = pair.now, pair.nodes[0].asked
        while pair.nodes[0].asked == asked:
            pair.now += 1
            pair.chain.head()
        rests.append(pair.now - begun)

    assert rests == [10, 20, 40, 40]


def test_a_node_that_is_back_serves_again_and_is_told_once(pair):
    pair.nodes[0].mood = garbage
    pair.chain.head()
    pair.nodes[0].mood = None
    pair.now = PATIENCE.cool_down_s

    pair.chain.head()
    pair.chain.head()

    assert [event for event, _ in pair.told] == ["endpoint is away", "endpoint is back"]
    assert pair.nodes[1].asked == 3  # which chain it is, its first block, and the one question


def test_with_every_node_away_a_call_fails_at_once_and_names_each(pair):
    for one in pair.nodes:
        one.mood = garbage
    with pytest.raises(ChainUnreachable):
        pair.chain.head()
    asked = sum(one.asked for one in pair.nodes)

    with pytest.raises(ChainUnreachable) as failure:
        pair.chain.head()

    assert all(url in failure.value.message for url in pair.urls)
    assert sum(one.asked for one in pair.nodes) == asked


def test_a_single_node_that_hangs_is_waited_for_once():
    with ExitStack() as stack:
        one = Weather(stack, 1)
        one.nodes[0].mood = silent
        with pytest.raises(ChainUnreachable, match="timed out"):
            one.chain.head()
        asked = one.nodes[0].asked

        for _ in range(20):
            with pytest.raises(ChainUnreachable, match="timed out"):
                one.chain.head()

        assert one.nodes[0].asked == asked


@pytest.mark.parametrize("method, wrong", [("eth_chainId", "0x1"), ("first", "0x" + "cd" * 32)])
def test_a_node_of_another_chain_never_serves(method, wrong):
    def answer(asked, params):
        if asked == method:
            return wrong
        if asked == "eth_getBlockByNumber" and params[0] == "0x0" and method == "first":
            return {**block(0), "hash": wrong}
        return clique(asked, params)

    told = []
    with node(answer) as other, node() as right:
        chain, _ = connect_each([other, right], PATIENCE, IDENTITY, lambda e, **k: told.append(k))

        assert chain.block(0)["hash"].to_0x_hex() == GENESIS_HASH

    assert "not chain" in told[0]["why"]


def test_without_a_record_the_chain_is_that_of_the_first_node_and_the_others_must_be_of_it():
    def answer(asked, params):
        return "0x1" if asked == "eth_chainId" else clique(asked, params)

    with node() as first, node(answer) as other:
        chain, (_, alone) = connect_each([first, other], PATIENCE)

        assert (chain.chain_id, chain.genesis_hash) == IDENTITY
        with pytest.raises(ChainUnreachable, match="not chain"):
            alone.head()


def test_a_node_that_contradicts_the_others_is_left_aside_though_it_answers(pair):
    pair.nodes[1].head = 9
    pair.alone[0].w3.provider.set_aside("it contradicts the others")

    assert pair.chain.head().number == 9
    pair.now = ASIDE_S
    assert pair.chain.head().number == 7


def test_a_standing_chain_is_looked_at_through_another_node_if_there_is_one(pair):
    pair.nodes[1].head = 9
    provider = pair.chain.w3.provider

    provider.pass_on("its chain stands still")
    assert pair.chain.head().number == 9
    provider.pass_on("its chain stands still")

    assert pair.chain.head().number == 9


@pytest.mark.parametrize("urls", [[], ["http://127.0.0.1:1", "http://127.0.0.1:1"]])
def test_each_endpoint_is_named_once(urls):
    with pytest.raises(UsageError, match="not all different"):
        connect_each(urls, PATIENCE)


def test_an_address_is_shown_without_who_asks_and_without_its_key():
    where, who = "node.example:8545", ":".join(("name", "word"))

    assert shown(f"https://{who}@{where}/key?token=1") == f"https://{where}"
    assert shown("/run/geth.ipc") == "/run/geth.ipc"


def test_a_redirection_is_not_followed():
    """Only a status, its place is not even looked at."""
    with listening(lambda _: b"", 307) as url, pytest.raises(ChainUnreachable, match="JSON-RPC"):
        connect(url)


def test_an_answer_names_what_was_asked_for():
    found, other = block(5), "0x" + "cd" * 32

    def told(result):
        return {"jsonrpc": "2.0", "id": 1, "result": result}

    assert answers("eth_getBlockByNumber", ["0x5", False], told(found))
    assert not answers("eth_getBlockByNumber", ["0x6", False], told(found))
    assert answers("eth_getBlockByHash", [GENESIS_HASH, False], told(found))
    assert not answers("eth_getBlockByHash", [other, False], told(found))
    assert not answers("eth_sendRawTransaction", ["0x00"], told(other))
    assert not answers("eth_getTransactionReceipt", [other], told({"status": "0x1"}))


@pytest.mark.parametrize("error", [None, 5, [], {}, {"message": 5}])
def test_an_error_without_words_is_no_answer(error):
    assert not answers("eth_call", [], {"jsonrpc": "2.0", "id": 1, "error": error})
