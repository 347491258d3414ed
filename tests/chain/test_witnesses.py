"""A relay and its witnesses: batches settle when enough of them hold the same readings."""

import json
import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from ledger.errors import BadRecord
from ledger.settlement import SettlementPolicy
from ledger.witnesses import dissents, message_for
from oracle import cosigning
from oracle.cosigners import Cosigners
from oracle.feed import Stopped
from oracle.journal import Journal
from oracle.witnesses_config import Address
from oracle.witnessing import Observer, Witness, WitnessServer
from tests.chain.town import CONFIRMATIONS
from tests.contracts.suite import T0
from tests.contracts.witnessing import KEYS, witness
from tests.unit.small_chain import LocalSigner

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 7)]
OTHER = [*ROWS[:2], (ROWS[2][0], ROWS[2][1] + 1), *ROWS[3:]]


class Side:
    """A witness with a journal of its own, and the port where it is asked."""

    def __init__(self, town, name, key, rows):
        self.town, self.signer = town, LocalSigner(key)
        self.journal = Journal(town.folder / name, writing=True)
        self.observer = Observer(
            *(town.ledger, self.journal, {}, SettlementPolicy(CONFIRMATIONS)),
            *(lambda: 2_000_000_000, self.tell),
        )
        self.read(rows)
        about = (town.ledger, self.journal.place, self.signer)
        self.witness = Witness(*about, dissents=True, tell=self.tell)
        self.server = WitnessServer(self.witness, "127.0.0.1", 0)
        self.port = self.server.open()
        self.url = f"http://127.0.0.1:{self.port}"

    def tell(self, event, **keys):
        self.town.told.append((event, keys))

    def read(self, rows):
        name = self.journal.place.name
        for _ in self.observer.read(self.town.file(name, self.town.code, rows), growing=False):
            pass

    def close(self):
        self.server.close()
        self.journal.close()


class Witnessed:
    """A town whose one lane has three witnesses and needs two."""

    def __init__(self, town, needed=2):
        self.town = town
        town.code = town.meter()
        self.lane = town.lane()
        self.input = town.file("well", town.code, ROWS)
        chain_id = town.ledger.deployment.chain_id
        witness(town.suite, "QuotaTracker", self.lane, KEYS[:3], needed, chain_id=chain_id)
        for key in KEYS[:3]:
            town.chain.sent({"to": key.address, "value": 10**18}, town.chain.w3.eth.accounts[0])
        self.sides = []
        self.ticks = 0.0

    def stands(self, *rows):
        for place, one in enumerate(rows):
            self.sides.append(Side(self.town, f"w{place}", KEYS[place], one))
        return self

    def clock(self):
        self.ticks += 10
        return self.ticks

    def oracle(self, urls=None):
        named = urls if urls is not None else [side.url for side in self.sides]
        cosigners = Cosigners([Address(url) for url in named], self.clock)
        return self.town.oracle(cosigners=cosigners)

    def waits(self):
        return [keys["reason"] for event, keys in self.town.told if event == "lane waits"]

    def asks(self, request, url=None):
        asked = urllib.request.Request(
            url or self.sides[0].url, data=json.dumps(request).encode(), method="POST"
        )
        try:
            with urllib.request.urlopen(asked) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture
def witnessed(town):
    made = Witnessed(town)
    yield made
    for side in made.sides:
        side.close()


def test_two_of_three_let_a_batch_settle(witnessed):
    witnessed.stands(ROWS, ROWS)

    witnessed.town.settle(witnessed.oracle(), [witnessed.input])

    assert witnessed.town.registers() == ROWS


def test_a_lane_waits_while_two_are_down_and_goes_on_by_itself(witnessed):
    witnessed.stands(ROWS)
    urls = [witnessed.sides[0].url, "http://127.0.0.1:9"]
    oracle = witnessed.oracle(urls)

    with pytest.raises(Stopped, match="waits for witnesses"):
        witnessed.town.settle(oracle, [witnessed.input])
    assert witnessed.town.registers() == []
    assert len(oracle.relays.of("QuotaTracker", witnessed.lane).outbox.cosigned(0)) == 1
    witnessed.sides.append(Side(witnessed.town, "late", KEYS[2], ROWS))
    witnessed.town.kill(oracle)

    witnessed.town.settle(witnessed.oracle(), [witnessed.input])

    assert witnessed.town.registers() == ROWS


def test_what_was_signed_is_kept_so_a_killed_relay_asks_nobody_again(witnessed):
    witnessed.stands(ROWS, ROWS)
    oracle = witnessed.oracle()
    for _ in oracle.read(witnessed.input, growing=False):
        pass
    oracle.pump(flush=True)
    raw = oracle.journal.db.execute("SELECT raw FROM attempt").fetchone()[0]
    witnessed.town.kill(oracle)

    again = witnessed.oracle(urls=[])
    witnessed.town.settle(again, [witnessed.input])

    assert witnessed.town.registers() == ROWS
    kept = again.journal.db.execute("SELECT raw FROM attempt").fetchall()
    assert [bytes(row[0]) for row in kept] == [bytes(raw)]


def test_a_witness_with_another_value_does_not_sign_and_dissents_once(witnessed):
    witnessed.stands(ROWS, OTHER)
    oracle = witnessed.oracle()

    with pytest.raises(Stopped, match="differs: channel"):
        witnessed.town.settle(oracle, [witnessed.input])
    other = witnessed.sides[1]
    for now in (0.0, 1.0, 2.0):
        other.witness.dissent(other.journal, now)
        witnessed.town.mine()

    (found,) = dissents(witnessed.town.ledger)
    assert (found["contract"], found["lane"], found["batch_id"]) == (
        *("QuotaTracker", witnessed.lane),
        0,
    )
    assert found["by"] == KEYS[1].address
    told = [event for event, _ in witnessed.town.told]
    assert told.count("dissent is on record") == told.count("batch differs") == 1


def test_one_dissent_does_not_keep_two_others_from_signing(witnessed):
    witnessed.stands(ROWS, OTHER, ROWS)

    witnessed.town.settle(witnessed.oracle(), [witnessed.input])

    assert witnessed.town.registers() == ROWS
    assert witnessed.sides[1].journal.db.execute("SELECT count(*) FROM dissent").fetchone()[0] == 1


def test_a_witness_that_is_behind_signs_later_and_does_not_dissent(witnessed):
    witnessed.stands(ROWS, ROWS[:3])
    oracle = witnessed.oracle()
    with pytest.raises(Stopped, match="has nothing of"):
        witnessed.town.settle(oracle, [witnessed.input])
    behind = witnessed.sides[1]
    assert behind.journal.db.execute("SELECT count(*) FROM dissent").fetchone()[0] == 0

    behind.read(ROWS)
    witnessed.town.settle(oracle, [witnessed.input])

    assert witnessed.town.registers() == ROWS


def request(witnessed):
    """The relay's own signed request for its first batch."""
    oracle = witnessed.oracle(urls=[])
    for _ in oracle.read(witnessed.input, growing=False):
        pass
    oracle.pump(flush=True)
    relay = oracle.relays.of("QuotaTracker", witnessed.lane)
    batch = relay.outbox.batch(0)
    asked = cosigning.asked(oracle.journal, "QuotaTracker", witnessed.lane, 0, batch.words)
    about = ("QuotaTracker", witnessed.lane, 0, batch.root, cosigning.words_hash(batch.words))
    signed = message_for(witnessed.town.ledger, *about)
    return asked, relay.signer.sign_message(signed), signed


def test_only_the_owner_of_the_lane_is_answered(witnessed):
    witnessed.stands(ROWS)
    asked, own, signed = request(witnessed)
    stranger = bytes(KEYS[4].sign_message(signed).signature)

    code, answer = witnessed.asks(replace(asked, signature=stranger).as_json())
    assert (code, list(answer)) == (403, ["error"])
    code, answer = witnessed.asks(replace(asked, batch_id=1, signature=own).as_json())
    assert (code, list(answer)) == (403, ["error"])
    code, answer = witnessed.asks(replace(asked, signature=own).as_json())
    assert (code, list(answer)) == (200, ["signature"])


def test_a_request_that_is_too_long_or_none_is_refused(witnessed):
    witnessed.stands(ROWS)
    asked, own, _ = request(witnessed)
    good = replace(asked, signature=own).as_json()

    for broken in (
        [],
        {**good, "lane": "1"},
        {**good, "contract": "Authority"},
        {**good, "words": "0x"},
        {**good, "words": good["words"][:-2]},
        {**good, "signature": "0x00"},
        {**good, "telegrams": {}},
        {**good, "telegrams": {**good["telegrams"], "99": "0x" + "00" * 32}},
    ):
        code, answer = witnessed.asks(broken)
        assert (code, list(answer)) == (400, ["error"]), broken
    code, answer = witnessed.asks({**good, "words": "0x" + "00" * cosigning.MOST_BYTES})
    assert (code, list(answer)) == (413, ["error"])


def test_so_many_requests_a_second_and_no_more(witnessed):
    side = witnessed.stands(ROWS).sides[0]

    codes = [side.witness.answer(b"{}", 1.0)[0] for _ in range(21)]

    assert codes == [400] * 20 + [429]
    assert side.witness.answer(b"{}", 2.0)[0] == 400


def test_a_request_names_its_fault():
    with pytest.raises(BadRecord, match="no request for a signature"):
        cosigning.parse(b"\xff", ["QuotaTracker"])
