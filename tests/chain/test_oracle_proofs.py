"""A reading's proof holds on the chain, and no part of it can be changed."""

import json
from dataclasses import replace

import pytest

from ledger.errors import BadRecord, NotFound, NotSettled, WaterlineError
from ledger.events import logs
from ledger.hashing import keccak
from ledger.leaves import leaf
from ledger.settlement import SettlementPolicy
from ledger.structs import read
from oracle.proofs import check, check_offline, load, prove, to_hex
from oracle.retention import Retention, archive
from tests.chain.town import CONFIRMATIONS
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import T0

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 8)]
POLICY = SettlementPolicy(CONFIRMATIONS)
BOUND_OFFLINE = ("channel", "at", "value", "kind", "grade", "mark", "telegram", "leaf", "root")
BOUND_ON_CHAIN = (
    *("lane", "batch", "siblings", "words_hash", "digest", "transaction", "block_hash"),
    *("device", "parameter", "contract"),
)
CHANGED = {"device": "DEV-0", "parameter": "cod", "contract": "DischargeVolumes"}


@pytest.fixture
def fed(town):
    """A town with one meter whose readings are final."""
    town.input = town.file("well", town.meter(), ROWS)
    town.lane()
    town.chain.tester.disable_auto_mine_transactions()
    town.fed = town.oracle()
    town.settle(town.fed, [town.input])
    (town.channel,) = town.fed.channels.values()
    return town


def proof_of(town, at):
    return prove(town.ledger, town.fed.journal, town.channel, at)


def other(value):
    """Another value of the same form."""
    if isinstance(value, list):
        return value[1:] or ["0x" + "11" * 32]
    if isinstance(value, int):
        return value + 1
    return value[:-1] + ("0" if value[-1] != "0" else "1")


def test_every_reading_is_proved(fed):
    checks = [check(fed.ledger, proof_of(fed, at), POLICY) for at, _ in ROWS]

    assert all(all(found.values()) for found in checks)


def test_a_changed_part_is_noticed_without_a_chain(fed):
    proof = proof_of(fed, ROWS[2][0])

    changed = {one: replace(proof, **{one: other(getattr(proof, one))}) for one in BOUND_OFFLINE}

    assert [one for one, it in changed.items() if all(check_offline(it).values())] == []


def test_every_other_changed_part_is_noticed_on_the_chain(fed):
    proof = proof_of(fed, ROWS[2][0])
    values = {one: CHANGED.get(one) or other(getattr(proof, one)) for one in BOUND_ON_CHAIN}

    changed = {one: replace(proof, **{one: value}) for one, value in values.items()}

    checks = {one: check(fed.ledger, it, POLICY) for one, it in changed.items()}
    assert [one for one, found in checks.items() if all(found.values())] == []


def test_a_channel_that_does_not_exist_is_named(fed):
    with pytest.raises(NotFound, match="no channel 99"):
        check(fed.ledger, replace(proof_of(fed, ROWS[0][0]), channel=99), POLICY)


def test_a_proof_of_another_chain_is_refused(fed):
    with pytest.raises(WaterlineError, match="the proof is of chain"):
        check(fed.ledger, replace(proof_of(fed, ROWS[0][0]), genesis_hash="0x" + "00" * 32), POLICY)


def test_a_reading_that_waits_is_not_proved_yet(town):
    town.lane()
    one = town.file("well", town.meter(), ROWS)
    oracle = town.oracle()
    for _ in oracle.read(one, growing=False):
        pass
    (channel,) = oracle.channels.values()

    with pytest.raises(NotSettled, match="waits for a batch"):
        prove(town.ledger, oracle.journal, channel, ROWS[0][0])


def test_an_exported_proof_is_read_back_as_it_was(fed):
    proof, path = proof_of(fed, ROWS[1][0]), fed.folder / "proof.json"
    path.write_text(json.dumps(proof.as_json()), encoding="utf-8")

    assert load(path) == proof


def test_a_file_with_a_part_of_another_form_is_refused_by_name(fed):
    path, proof = fed.folder / "proof.json", proof_of(fed, ROWS[1][0])
    for field, value in (
        *(("at", "1"), ("leaf", "0xzz"), ("siblings", "0x00")),
        *(("value", -1), ("siblings", [1]), ("more", "of it")),
    ):
        path.write_text(json.dumps({**proof.as_json(), field: value}), encoding="utf-8")

        with pytest.raises(BadRecord, match=field):
            load(path)


def test_a_file_that_is_no_proof_is_refused(tmp_path):
    for text in ("", "[]", "{}", '{"format": 2}', '{"format": 1}', "\x00"):
        path = tmp_path / "proof.json"
        path.write_text(text, encoding="utf-8")

        with pytest.raises(BadRecord):
            load(path)


def test_an_archived_reading_is_proved_as_before_and_its_lane_goes_on(fed):
    more = [(T0 + 300 * n, 100 + 40 * n) for n in range(8, 12)]
    fed.settle(fed.fed, [fed.file("more", fed.channel.device, more)])
    proved = {at: proof_of(fed, at) for at, _ in ROWS}

    moved = [one for one in archive(fed.fed.journal, Retention(keep_days=1), T0 + 10**8) if one]
    fed.kill(fed.fed)
    fed.fed = fed.oracle()

    assert [one.readings for one in moved] == [len(ROWS)]
    assert fed.fed.journal.reading(fed.channel.id, ROWS[0][0]) is None
    assert {at: proof_of(fed, at) for at, _ in ROWS} == proved
    assert all(check(fed.ledger, proof_of(fed, ROWS[2][0]), POLICY).values())
    last = [(T0 + 300 * 12, 100 + 40 * 12)]
    fed.settle(fed.fed, [fed.file("last", fed.channel.device, last)])
    assert fed.registers() == [*ROWS, *more, *last]


def forged(fed, proof):
    """A batch of the relay's whose only group does not continue, and the proof made of it."""
    at, value, telegram = proof.at + 1, 10**6, "of nobody"
    words = packed(meter_group(proof.channel, value - 1, at - 60, [(1, 60)]))
    about = (proof.channel, at, value, proof.kind, proof.grade, proof.mark)
    root, words_hash = leaf(*about, keccak(telegram.encode())), keccak(words)
    tracker, suite = fed.suite.quota_tracker, fed.suite
    batch = read(fed.ledger, "QuotaTracker", "lane", proof.lane)["next_id"]
    fed.chain.tester.enable_auto_mine_transactions()
    tracker.record_meters(proof.lane, batch, root, words, b"", sender=suite.relay)
    fed.mine(CONFIRMATIONS + 1)
    recorded = logs(fed.ledger, "QuotaTracker", "Recorded")[-1]
    return replace(
        proof,
        **{"at": at, "value": value, "telegram": telegram, "batch": batch, "siblings": []},
        **{"leaf": to_hex(root), "root": to_hex(root), "words_hash": to_hex(words_hash)},
        digest=to_hex(keccak(root + words_hash)),
        transaction=recorded.transaction,
        block=recorded.block,
        block_hash=recorded.block_hash,
    )


def test_a_reading_that_the_contract_refused_is_not_proved_by_the_batch_that_carried_it(fed):
    found = check(fed.ledger, forged(fed, proof_of(fed, ROWS[-1][0])), POLICY)

    assert [one for one, held in found.items() if not held] == ["the contract took its group"]
