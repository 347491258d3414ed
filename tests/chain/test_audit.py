"""An auditor with an address and the contracts' ABI derives everything the chain claims."""

import json
from dataclasses import asdict, replace

import pytest

from ledger.audit import reading, running
from ledger.audit.keeping import Keeper
from ledger.audit.running import Audit
from ledger.deployment import Deployed, Ledger
from ledger.errors import BadRecord, NotSettled, WrongChain
from ledger.settlement import SettlementPolicy
from oracle.report import report
from scripts._auditing import audited, kept, lines
from scripts._shared import Session
from tests.chain.mixed import Mixed, replaced
from tests.chain.spoken import flipped, ledger_over

PIECE = 10  # blocks, so that a town has several


def auditing(town):
    """The whole of a town's chain, as an auditor is given it."""
    whole = replace(town.ledger.deployment, start_block=0)
    return ledger_over(Ledger(town.ledger.chain, whole), town.chain.tester)


def told(result):
    return [one.as_json() for one in result.state.findings.first]


@pytest.fixture
def mixed(town):
    made = Mixed(town)
    before = dict(town.suite.contracts)
    yield made
    town.suite.contracts.update(before)


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(reading, "BLOCKS", PIECE)
    monkeypatch.setattr(reading, "MOST_BLOCKS", PIECE)
    monkeypatch.setattr(running, "SAVE_S", 0.0)


def test_what_an_oracle_fed_is_derived_as_the_contracts_hold_it(town, mixed):
    mixed.fed_by_an_oracle()

    papers = kept(mixed.oracles[0].journal.place)
    result = Audit(auditing(town)[0], 0, None, None, False, papers).run(0)

    fed, counts = [report(one.journal) for one in mixed.oracles], result.state.counts
    assert told(result) == []
    assert counts.readings == sum(one.settled for one in fed) > 400
    assert counts.batches == sum(one.settled_batches for one in fed)
    assert counts.refused == 0
    assert counts.roots == fed[0].settled_batches  # of the journal that was handed over
    assert counts.household_leaves == 4


def test_a_telegram_that_is_not_as_archived_is_found_by_its_root(town, mixed):
    mixed.fed_by_an_oracle()
    honest = kept(mixed.oracles[0].journal.place)

    def changed(contract, lane, batch):
        papers = honest(contract, lane, batch)
        if papers is None:
            return None
        raw = {c: bytes([h[0] ^ 1]) + h[1:] for c, h in papers.telegrams.items()}
        return replace(papers, telegrams=raw)

    result = Audit(auditing(town)[0], 0, None, None, False, changed).run(0)

    assert {one["what"] for one in told(result)} == {"root"}


def test_whatever_a_relay_sends_is_derived_as_the_contracts_hold_it(town, mixed):
    mixed.sent_by_a_relay()
    mixed.gauges()
    ledger = auditing(town)[0]

    results = [Audit(ledger, 0, None, None, proving).run(0) for proving in (False, True)]

    assert [told(one) for one in results] == [[], []]
    assert [one.state.counts.refused for one in results] == [8, 8]
    assert asdict(results[0].state) == asdict(results[1].state)


def recorded(town, books):
    """The chain as an auditor reads it, with books by the names that they are recorded under."""
    record = town.ledger.deployment
    for name, book in books.items():
        deployed = Deployed(book.address, list(book.abi), "0x", "0x", 0)
        record = record.with_contract(name, deployed)
    ledger, _ = ledger_over(
        Ledger(town.ledger.chain, replace(record, start_block=0)), town.chain.tester
    )
    return ledger


def test_a_replaced_book_is_followed_through(town, mixed):
    mixed.sent_by_a_relay()
    books = replaced(mixed)
    first, second, free = mixed.meters
    mixed.record(first, [(9_000, 600), (10, 600)])
    mixed.record(free, [(9, 600)])
    mixed.record(second, [(40, 60), (3_000, 86_400)])
    ledger = recorded(town, books)

    result = Audit(ledger, 0).run(0)

    assert told(result) == []
    old, new = (result.state.meters[name] for name in ("QuotaTracker.1", "QuotaTracker"))
    assert new.lanes[1].next_id == old.lanes[1].next_id + 3


def test_a_replaced_book_of_gauges_is_followed_through(town, mixed):
    mixed.gauges()
    books = replaced(mixed, "QualityProvenance")
    channel = max(
        books["QualityProvenance.1"].lane_count(), town.suite.device_registry.channel_count()
    )
    mixed.values(channel, [(12, 300)] * 3)

    result = Audit(recorded(town, books), 0).run(0)

    assert told(result) == []
    old, new = (result.state.gauges[name] for name in reversed(books))
    assert new.lanes[1].next_id == old.lanes[1].next_id + 1
    assert new.gauges[channel].count == old.gauges[channel].count + 3


def test_what_a_meter_moved_while_it_was_held_counts_where_it_was_released(town, mixed):
    old, new = mixed.released()

    result = Audit(auditing(town)[0], 0).run(0)

    assert told(result) == []
    book = result.state.meters["QuotaTracker"]
    permit = book.meters[new].permit_id
    assert permit == book.meters[old].permit_id != 0
    assert book.used_l(permit, book.meters[new].period) == 50 + 30 + 4


def test_an_audit_that_was_killed_goes_on_to_the_same_result(town, mixed, small_pieces):
    mixed.sent_by_a_relay()
    ledger, _ = auditing(town)
    folder = town.folder / "audit"

    def killed(text):
        if "block" in text and ": 0 batches" not in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Audit(ledger, 0, Keeper(folder, ledger.deployment), killed).run(0)
    again = []
    resumed = Audit(ledger, 0, Keeper(folder, ledger.deployment), again.append).run(0)

    whole = []
    at_once = Audit(ledger, 0, None, whole.append).run(0)
    assert 2 < len(again) < len(whole)
    assert asdict(resumed.state) == asdict(at_once.state)
    assert told(resumed) == []
    assert resumed.block_hash == at_once.block_hash


def test_what_was_kept_belongs_to_these_contracts_and_this_chain(town, mixed):
    mixed.gauges()
    ledger, node = auditing(town)
    folder = town.folder / "audit"
    keeper = Keeper(folder, ledger.deployment)
    result = Audit(ledger, 0, keeper).run(0)
    key = json.dumps(["eth_getBlockByNumber", [hex(result.block), False]])

    node.changed[key] = {**node.kept[key], "hash": flipped(result.block_hash, 3)}
    with pytest.raises(NotSettled, match="no longer on the chain"):
        Audit(ledger, 0, keeper).run(0)
    other = ledger.deployment.with_contract("Tariff", ledger.deployed("Standards"))
    with pytest.raises(WrongChain, match="other contracts"):
        Keeper(folder, other).load()
    keeper.path.write_text('{"format": 1, "about": {}')
    with pytest.raises(BadRecord, match="no audit of ours"):
        keeper.load()


def test_a_finding_says_where_it_is_and_the_document_is_json(town, mixed):
    mixed.sent_by_a_relay()
    ledger, node = auditing(town)
    Audit(ledger, 0).run(0)
    sent = [one for one in node.kept.items() if '"eth_getTransactionByHash"' in one[0]]
    key, first = next(one for one in sent if one[1]["input"].startswith("0x682bdc75"))
    node.changed[key] = {**first, "input": flipped(first["input"], 8 * (4 + 64) + 5)}
    record = town.folder / "deployment.json"
    ledger.deployment.save(record)
    here = Session()
    here.chain, here.policy = ledger.chain, SettlementPolicy(0)

    result = audited(here, record, None, None, False, None)

    document = {**result.as_json(), "verified": False}
    (found, *_) = json.loads(json.dumps(document))["first_findings"]
    assert found["what"] == "digest"
    assert (found["contract"], found["lane"], found["batch"]) == ("QuotaTracker", 1, 0)
    assert len(found["claimed"]) == len(found["derived"]) == 64
    assert set(document) == SHAPE
    assert "digest: QuotaTracker, lane 1, batch 0, block" in "\n".join(lines(document))


SHAPE = {
    *("block", "block_hash", "transactions", "events", "batches", "groups", "refused"),
    *("readings", "refused_readings", "roots", "household_leaves", "lanes", "meters", "gauges"),
    *("accounts", "answers", "elapsed_s", "readings_s", "findings", "first_findings", "verified"),
}
