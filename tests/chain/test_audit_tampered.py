"""One answer of a node is changed, again and again, and each time the audit finds it.

`make soak` changes ten thousand, a test run one in twenty-five of them.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.audit import findings, running
from ledger.audit.findings import Findings
from ledger.audit.groups import WORD
from ledger.deployment import Ledger
from tests.chain.mixed import Mixed
from tests.chain.spoken import Kept, changed, flipped, ledger_over
from tests.chain.town import build

WORDS, ROOTS, PLACES, STATE, EVENTS, PROVED = 4_000, 1_500, 500, 2_500, 1_500, 500
LOADS = 500
ONE_IN = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 25
HEAD = 4 + 5 * WORD + WORD  # of a batch's calldata, before its words
LANE, BATCH, ROOT = 4, 4 + WORD, 4 + 2 * WORD
# logged by a batch, so that it follows from the words
FOLLOW = ("QuotaTracker", "DischargeLimits", "QualityProvenance")

FOLLOW_LOADS = {
    "DischargeLoads": ("LoadRuled",),
    "RedLines": ("LoadAdded",),
    "Violations": ("ViolationDetected",),
}


class Found(BaseException):
    """The first finding, at which a run may end."""


class First(Findings):
    """Findings of which the first is enough."""

    def add(self, finding):
        raise Found(finding)


class Watched:
    """A recorded chain and an audit of it that ends at its first finding."""

    def __init__(self, ledger: Ledger, node: Kept) -> None:
        self.ledger, self.node = ledger, node
        self.transactions = self.answers("eth_getTransactionByHash")
        self.batches = [
            (key, one) for key, one in self.transactions if one["input"][2:10] in SELECTORS
        ]

    def answers(self, method: str) -> list[tuple[str, Any]]:
        """What the node answered to a question, in a steady order."""
        return [one for one in self.node.kept.items() if json.loads(one[0])[0] == method]

    def finds(self, answers: dict[str, Any], proving: bool = False) -> bool:
        """Whether an audit in which the node answers so finds anything."""
        self.node.changed = answers
        try:
            running.Audit(self.ledger, 0, None, None, proving).run(0)
        except Found:
            return True
        finally:
            self.node.changed = {}
        return False


SELECTORS = ("682bdc75", "e04bb42f")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Iterator[Watched]:
    """A town in which everything has happened, recorded once and gone over again and again."""
    town = build(tmp_path_factory.mktemp("town"))
    tester = town.chain.tester
    before, numbers = tester.take_snapshot(), dict(town.suite.numbers)
    mixed = Mixed(town)
    mixed.fed_by_an_oracle()
    mixed.sent_by_a_relay()
    mixed.gauges()
    mixed.loads()
    deployment = replace(town.ledger.deployment, start_block=0)
    ledger, node = ledger_over(Ledger(town.ledger.chain, deployment), tester)
    for proving in (False, True):
        result = running.Audit(ledger, 0, None, None, proving).run(0)
        assert result.state.findings.first == []
    yield Watched(ledger, node)
    for journal in town.journals:
        journal.close()
    tester.revert_to_snapshot(before)
    town.suite.numbers.clear()
    town.suite.numbers.update(numbers)


@pytest.fixture
def watched(whole, monkeypatch) -> Watched:
    """The same, ended at the first finding."""
    begun = running.begun

    def empty(deployment):
        state = begun(deployment)
        state.findings = First()
        return state

    monkeypatch.setattr(running, "begun", empty)
    return whole


def unnoticed(watched: Watched, count: int, mutate: Callable[[Random], Any], **how: bool) -> Any:
    """The changes, of so many, that an audit did not find."""
    missed = []
    for seed in range(0, count, ONE_IN):
        answers = mutate(Random(seed))
        if not watched.finds(answers, **how):
            missed.append((seed, list(answers)))
    return missed


def bit_of(chance: Random, sent: Any, first: int, length: int) -> Any:
    """A transaction with one bit of some bytes of its calldata turned over."""
    bit = 8 * first + chance.randrange(8 * length)
    return {**sent, "input": flipped(sent["input"], bit)}


def test_the_chain_as_it_is_has_no_finding(watched):
    assert not watched.finds({})
    assert not watched.finds({}, proving=True)


def test_no_changed_bit_of_the_words_passes(watched):
    def mutate(chance):
        key, sent = chance.choice(watched.batches)
        length = int(sent["input"][2 + 2 * (HEAD - WORD) : 2 + 2 * HEAD], 16)
        return {key: bit_of(chance, sent, HEAD, length)}

    assert unnoticed(watched, WORDS, mutate) == []


def test_no_changed_root_passes(watched):
    def mutate(chance):
        key, sent = chance.choice(watched.batches)
        return {key: bit_of(chance, sent, ROOT, WORD)}

    assert unnoticed(watched, ROOTS, mutate) == []


def test_no_batch_in_another_place_or_of_another_passes(watched):
    def mutate(chance):
        (key, sent), (other, instead) = chance.sample(watched.batches, 2)
        return chance.choice(
            [
                {key: instead, other: sent},
                {key: None},
                {key: bit_of(chance, sent, LANE, WORD)},
                {key: bit_of(chance, sent, BATCH, WORD)},
                {key: {**sent, "from": instead["to"]}},
                {key: {**sent, "to": sent["from"]}},
            ]
        )

    assert unnoticed(watched, PLACES, mutate) == []


def test_no_changed_bit_of_the_contracts_state_passes(watched):
    asked = [one for one in watched.answers("eth_call") if json.loads(one[0])[1][1] != "latest"]

    def mutate(chance):
        key, answer = chance.choice(asked)
        return {key: flipped(answer, chance.randrange(4 * (len(answer) - 2)))}

    assert unnoticed(watched, STATE, mutate) == []


def test_no_changed_missing_or_repeated_event_of_a_batch_passes(watched):
    logs = watched.answers("eth_getLogs")
    hashes = {one["hash"] for _, one in watched.batches}
    places = [
        (key, place)
        for key, every in logs
        for place, one in enumerate(every)
        if one["transactionHash"] in hashes
    ]
    assert unnoticed(watched, EVENTS, changing(dict(logs), places)) == []


def changing(kept: dict[str, Any], places: list[tuple[str, int]]) -> Callable[[Random], Any]:
    """What changes one of some events."""

    def mutate(chance):
        key, place = chance.choice(places)
        every = changed(kept[key])
        _change(chance, every, place)
        return {key: every}

    return mutate


def test_no_changed_missing_or_repeated_ruling_on_a_load_passes(watched):
    logs, topics = watched.answers("eth_getLogs"), set()
    for contract, events in FOLLOW_LOADS.items():
        bound = watched.ledger.contract(contract).events
        topics |= {getattr(bound, name)().topic for name in events}
    places = [
        (key, place)
        for key, every in logs
        for place, one in enumerate(every)
        if one["topics"][0] in topics
    ]

    assert len({dict(logs)[key][place]["topics"][0] for key, place in places}) == 3
    assert unnoticed(watched, LOADS, changing(dict(logs), places)) == []


def test_no_changed_event_of_any_act_passes_where_events_are_proved(watched):
    blocks = [one for one in watched.answers("eth_getBlockReceipts") if one[1]]

    def mutate(chance):
        key, receipts = chance.choice(blocks)
        every = changed(receipts)
        receipt = chance.choice([one for one in every if one["logs"]] or every)
        if receipt["logs"]:
            _change(chance, receipt["logs"], chance.randrange(len(receipt["logs"])))
        else:
            every.remove(receipt)
        return {key: every}

    assert unnoticed(watched, PROVED, mutate, proving=True) == []


def test_no_changed_header_passes_where_events_are_proved(watched):
    headers = watched.answers("eth_getBlockByNumber")
    fields = ("hash", "parentHash", "receiptsRoot", "logsBloom", "stateRoot", "transactionsRoot")

    def mutate(chance):
        key, header = chance.choice(headers)
        name = chance.choice(fields)
        bit = chance.randrange(4 * (len(header[name]) - 2))
        return {key: {**header, name: flipped(header[name], bit)}}

    assert unnoticed(watched, PROVED, mutate, proving=True) == []


def _change(chance: Random, logs: list[Any], place: int) -> None:
    """One event changed in a bit, left out, or told twice."""
    log = logs[place]
    what = chance.choice(["data", "data", "topic", "topic", "address", "left out", "twice"])
    if what == "left out":
        del logs[place]
    elif what == "twice":
        logs.insert(place, dict(log))
    elif what == "topic":
        topics = log["topics"]
        which = chance.randrange(len(topics))
        topics[which] = flipped(topics[which], chance.randrange(256))
    else:
        name = "address" if what == "address" or len(log["data"]) == 2 else "data"
        log[name] = flipped(log[name], chance.randrange(4 * (len(log[name]) - 2)))


def test_as_many_answers_were_changed_as_are_promised():
    assert WORDS + ROOTS + PLACES + STATE + EVENTS >= 10_000


def test_findings_beyond_a_thousand_are_counted_only():
    every, one = Findings(), findings.Finding("digest", "QuotaTracker", "1", "2")
    for _ in range(findings.MOST_KEPT + 5):
        every.add(one)

    assert (every.count, len(every.first)) == (findings.MOST_KEPT + 5, findings.MOST_KEPT)


def test_a_deployment_record_is_needed_and_nothing_else(whole, tmp_path):
    path = Path(tmp_path / "deployment.json")
    whole.ledger.deployment.save(path)

    again = Ledger(whole.ledger.chain, type(whole.ledger.deployment).load(path))

    assert running.Audit(again, 0).run(0).state.findings.count == 0
