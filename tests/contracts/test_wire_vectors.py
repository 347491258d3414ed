"""The contracts take the words of tests/vectors/wire.json and end where the vectors say."""

import json

import boa
import pytest

from tests.contracts.answers import events, outcome
from tests.contracts.suite import COD, GAUGE, HASH, METER, ROOT
from tests.vectors import reference

VECTORS = json.loads((ROOT / "tests" / "vectors" / "wire.json").read_text(encoding="utf-8"))
BOOKS = {"meters": "QuotaTracker", "gauges": "QualityProvenance"}
ZERO = b"\0" * 32
FULL_L = 2**48 - 1


def raw(text):
    return bytes.fromhex(text.removeprefix("0x"))


def changed(data):
    """The same bytes but for one bit."""
    return bytes([data[0] ^ 1]) + data[1:]


class Book:
    """A contract with the lane and channels of the vectors, before the first batch."""

    def __init__(self, suite, kind):
        self.suite, self.kind, self.vectors = suite, kind, VECTORS[kind]
        self.contract = suite.contracts[BOOKS[kind]]
        for given in self.vectors["given"]["channels"]:
            self._enrol(given)
        for approval in self.vectors["given"]["approvals"]:
            suite.device_registry.approve_exchange(*approval, sender=suite.supervisor)
        for deemed in self.vectors["given"].get("deemed", []):
            suite.device_registry.approve_deemed(*deemed, HASH, sender=suite.supervisor)
        self.lane, self.batches = self.vectors["lane"], self.vectors["batches"]
        assert suite.lane(self.contract, self.vectors["relay_group"]) == self.lane

    def _enrol(self, given):
        if self.kind == "meters":
            self.suite.channel(METER, BOOKS["meters"], **given)
        else:
            self.suite.channel(GAUGE, BOOKS["gauges"], COD, relay_group=given["relay_group"])

    def send(self, batch):
        data, relay = raw(batch["calldata"]), self.suite.relay
        done = boa.env.raw_call(to_address=self.contract.address, sender=relay, data=data)
        self.contract._computation = done  # where the answers' events are looked up

    def proves(self, batch, leaf, proof, **otherwise):
        hashes = {"root": raw(batch["root"]), "words_hash": raw(batch["words_hash"])} | otherwise
        return self.contract.prove(self.lane, batch["batch_id"], *hashes.values(), leaf, proof)

    def standing(self, channel, void):
        """Channel, register or value, and moment; no value behind a void group."""
        if self.kind == "meters":
            meter = self.contract.meter(channel)
            return [channel, meter.register_l, meter.last_at]
        gauge = self.contract.gauge(channel)
        return [channel, None if void else gauge.value, gauge.last_at]


@pytest.fixture(params=BOOKS)
def book(request, suite):
    return Book(suite, request.param)


@pytest.fixture
def sent(book):
    for batch in book.batches:
        book.send(batch)
    return book


def test_each_batch_leaves_the_digest_and_running_hash_of_the_vectors(book):
    contract = book.contract
    for batch in book.batches:
        book.send(batch)

        assert contract.digest(book.lane, batch["batch_id"]) == raw(batch["digest"])
        assert contract.running(book.lane) == raw(batch["running"])
        assert contract.lane(book.lane).next_id == batch["batch_id"] + 1


def test_channels_end_at_the_register_or_value_and_the_moment_of_the_vectors(book):
    for batch in book.batches:
        book.send(batch)

        found = [book.standing(channel, held is None) for channel, held, _ in batch["after"]]
        assert found == batch["after"]


def test_the_groups_that_the_vectors_name_are_refused_and_no_others(book):
    for batch in book.batches:
        book.send(batch)

        told = [(about["channel"], about["reason"]) for _, about in refusals(book.contract)]
        assert told == [tuple(refused) for refused in batch["refused"]]


def refusals(contract):
    return events(contract, "GroupRefused")


def test_litres_of_the_groups_taken_are_counted_in_the_lane_until_it_is_full(sent):
    groups = [one for batch in sent.batches for one in batch["groups"] if "refused" not in one]
    volumes = [volume for one in groups for volume, _ in one["readings"]]

    counted_l = min(sum(volumes), FULL_L) if sent.kind == "meters" else 0

    assert sent.contract.lane(sent.lane).total_l == counted_l


def test_a_leaf_is_proven_by_its_proof_in_its_batch_only(sent):
    one, other = sent.batches

    for batch, elsewhere in ((one, other), (other, one)):
        for leaf, proof in batch["proofs"].items():
            proof = [raw(node) for node in proof]
            assert sent.proves(batch, raw(leaf), proof)
            assert not sent.proves(elsewhere, raw(leaf), proof)


def test_a_changed_leaf_sibling_root_or_word_is_not_proven(sent):
    batch = sent.batches[0]
    leaf, proof = next((raw(k), [raw(n) for n in v]) for k, v in batch["proofs"].items())

    assert not sent.proves(batch, changed(leaf), proof)
    for place in range(len(proof)):
        wrong = [*proof[:place], changed(proof[place]), *proof[place + 1 :]]
        assert not sent.proves(batch, leaf, wrong)
    assert not sent.proves(batch, leaf, proof[:-1])
    assert not sent.proves(batch, leaf, [*proof, ZERO])
    for name in ("root", "words_hash"):
        assert not sent.proves(batch, leaf, proof, **{name: changed(raw(batch[name]))})


def test_calls_that_break_the_frame_are_reverted(sent):
    contract, relay = sent.contract, sent.suite.relay

    answers = {
        call["name"]: outcome(contract, raw(call["calldata"]), relay)
        for call in sent.vectors["reverted"]
    }

    assert answers == {call["name"]: call["reason"] for call in sent.vectors["reverted"]}


def test_hot_words_are_laid_out_as_the_page_says(sent):
    table, read = {"meters": ("Meter hot word", "meter"), "gauges": ("Gauge hot word", "gauge")}[
        sent.kind
    ]
    layout = sent.contract.compiler_data.storage_layout["storage_layout"]
    begins = layout[sent.kind]["_hot"]["slot"]

    for channel in range(1, len(sent.vectors["given"]["channels"]) + 1):
        held = boa.env.get_storage(sent.contract.address, begins + channel)
        shown = getattr(sent.contract, read)(channel)
        fields = {name: int(value) for name, value in zip(shown._fields, shown, strict=True)}
        # what no view shows: a void last group, and the rules' moment where no register is kept
        fields |= {"void": 1} if channel in voided(sent) else {}
        fields |= {"rules_at": shown.trip_at} if sent.kind == "meters" else {}
        assert held == reference.word(table, **fields)


def voided(book):
    """The gauges whose last group was void."""
    groups = [one for batch in book.batches for one in batch["groups"] if "refused" not in one]
    return {
        channel for channel, void in {g["channel"]: g.get("void") for g in groups}.items() if void
    }
