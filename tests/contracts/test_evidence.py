"""Files of evidence: items proved or by hash, custody that is accepted, a list frozen once."""

import boa
import pytest
from eth_abi.abi import encode
from eth_utils import keccak

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import OFFSET, gauge_group, packed
from tests.contracts.outlets import Outlet
from tests.contracts.samples import Bench, limit, result
from tests.contracts.suite import COD, GAUGE, HASH, NOW, T0, word

INCIDENT, VIOLATION = 1, 2
READING, DOCUMENT, REPORT = 1, 2, 3
NONE = b"\0" * 32
LABEL = b"\5" * 32
KIND = word("spill")
QUALITY = word("QualityProvenance")
ITEM = "(uint256,bytes32,bytes32,bytes32,uint256,uint256,address,uint256,bool)"


@pytest.fixture
def file(suite):
    """The file of an incident, in the dispatcher's custody."""
    plan = (KIND, 0, [1], [], 60, [])
    suite.incidents.set_plan(plan, sender=suite.supervisor)
    suite.incidents.open(KIND, 1, 1, False, HASH, sender=suite.dispatcher)
    return suite.evidence.open_file(INCIDENT, 1, sender=suite.dispatcher)


def add(suite, file, content=HASH, label=LABEL):
    suite.evidence.add_document(file, content, label, sender=suite.dispatcher)


def batch(suite):
    """A batch of two leaves: lane, number, root, words' hash, leaf, proof."""
    book = suite.quality_provenance
    channel, lane = suite.channel(GAUGE, "QualityProvenance", COD), suite.lane(book)
    words = packed(gauge_group(channel, T0, [(OFFSET + 1, 60)]))
    leaf, other = b"\x0a" * 32, b"\x0b" * 32
    root = keccak(leaf + other)
    book.record_gauges(lane, 0, root, words, b"", sender=suite.relay)
    return lane, 0, root, keccak(words), leaf, [other]


def test_whoever_opens_a_file_has_it_in_custody(suite, file):
    [(name, told)] = events(suite.evidence)
    by = suite.dispatcher
    assert (name, told) == (
        "FileOpened",
        {"file_id": file, "subject": INCIDENT, "subject_id": 1, "custodian": by},
    )
    held = suite.evidence.file(file)
    assert (held.subject, held.subject_id, held.custodian) == (INCIDENT, 1, by)
    assert (suite.evidence.file_of(INCIDENT, 1), suite.evidence.file_count()) == (file, 1)


def test_a_violation_has_a_file_of_its_own(suite, file):
    outlet = Outlet(suite)
    outlet.day(0, [outlet.limit + 1])
    suite.violations.detect(outlet.channel, 0, sender=suite.holder)

    other = suite.evidence.open_file(VIOLATION, 1, sender=suite.dispatcher)

    assert suite.evidence.file_of(VIOLATION, 1) == other != file


@pytest.mark.parametrize(
    ("subject", "number", "words"),
    [
        (0, 1, "evidence: neither incident nor violation"),
        (3, 1, "evidence: neither incident nor violation"),
        (INCIDENT, 0, "evidence: unknown incident or violation"),
        (INCIDENT, 2, "evidence: unknown incident or violation"),
        (VIOLATION, 1, "evidence: unknown incident or violation"),
        (INCIDENT, 1, "evidence: subject has a file"),
    ],
)
def test_a_file_is_opened_once_for_what_there_is(suite, file, subject, number, words):
    refused = reason(suite.evidence.open_file, subject, number, sender=suite.dispatcher)

    assert refused == words


def test_a_reading_is_added_by_the_proof_that_its_batch_holds_it(suite, file):
    proof = batch(suite)
    add_reading = suite.evidence.add_reading

    add_reading(file, QUALITY, *proof, LABEL, sender=suite.dispatcher)

    [(name, told)] = events(suite.evidence)
    assert (name, told["file_id"], told["number"]) == ("ItemAdded", file, 1)
    assert told["item"] == suite.evidence.item(file, 1)
    lane, number, _, _, leaf, _ = proof
    assert tuple(told["item"]) == (
        *(READING, leaf, LABEL, QUALITY, lane, number, suite.dispatcher, NOW, False),
    )


def test_a_proof_has_up_to_32_steps(suite, file):
    book, channel = suite.quality_provenance, suite.channel(GAUGE, "QualityProvenance", COD)
    lane, words = suite.lane(book), packed(gauge_group(channel, T0, [(OFFSET + 1, 60)]))
    proof = [NONE] * 32  # below every other hash
    root = HASH
    for other in proof:
        root = keccak(other + root)
    book.record_gauges(lane, 0, root, words, b"", sender=suite.relay)
    add_reading, about = suite.evidence.add_reading, (lane, 0, root, keccak(words), HASH)

    longer = reason(
        add_reading, file, QUALITY, *about, [*proof, NONE], LABEL, sender=suite.dispatcher
    )
    add_reading(file, QUALITY, *about, proof, LABEL, sender=suite.dispatcher)

    assert longer == ""
    assert suite.evidence.item(file, 1).content == HASH


def test_a_leaf_that_is_not_of_its_batch_is_no_evidence(suite, file):
    lane, number, root, words_hash, leaf, proof = batch(suite)
    wrong = [
        (lane, number, root, words_hash, b"\x0c" * 32, proof),
        (lane, number, root, words_hash, leaf, []),
        (lane, number + 1, root, words_hash, leaf, proof),
        (lane + 1, number, root, words_hash, leaf, proof),
        (lane, number, keccak(b""), words_hash, leaf, proof),
    ]

    for one in wrong:
        refused = reason(
            suite.evidence.add_reading, file, QUALITY, *one, NONE, sender=suite.dispatcher
        )
        assert refused == "evidence: leaf is not of this batch"


@pytest.mark.parametrize("name", ["Standards", "Laboratory", "nobody"])
def test_only_contracts_that_take_readings_are_asked(suite, file, name):
    refused = reason(
        suite.evidence.add_reading, file, word(name), *batch(suite), NONE, sender=suite.dispatcher
    )

    assert refused == "evidence: contract takes no readings"


@pytest.mark.parametrize("name", ["QuotaTracker", "DischargeVolumes", "DischargeLimits"])
def test_each_contract_that_takes_readings_is_asked(suite, file, name):
    refused = reason(
        suite.evidence.add_reading, file, word(name), *batch(suite), NONE, sender=suite.dispatcher
    )

    assert refused == "evidence: leaf is not of this batch"


@pytest.mark.parametrize(("content", "label"), [(NONE, LABEL), (HASH, NONE)])
def test_a_document_needs_its_hash_and_what_it_is_called(suite, file, content, label):
    refused = reason(suite.evidence.add_document, file, content, label, sender=suite.dispatcher)

    assert refused == "evidence: document needs hash and label"


def test_a_document_stands_in_the_file_with_its_label_and_who_added_it_when(suite, file):
    add(suite, file)

    [(name, told)] = events(suite.evidence)
    item = suite.evidence.item(file, 1)
    digest = suite.evidence.file(file).digest
    about = {"file_id": file, "item": item, "number": 1, "digest": digest}
    assert (name, told) == ("ItemAdded", about)
    assert tuple(item) == (DOCUMENT, HASH, LABEL, NONE, 0, 0, suite.dispatcher, NOW, False)


def test_only_a_confirmed_laboratory_report_is_evidence(suite, file):
    bench = Bench(suite, {"": [limit("cod", 1)]})
    report = bench.enter(result("cod", 2))
    add_report, by = suite.evidence.add_report, suite.dispatcher

    for number in (report, 99):
        refused = reason(add_report, file, number, NONE, sender=by)
        assert refused == "evidence: report must be CONFIRMED"
    bench.confirm(report)
    add_report(file, report, NONE, sender=by)

    item = suite.evidence.item(file, 1)
    assert (item.kind, int.from_bytes(item.content), item.contract_name) == (
        *(REPORT, report, word("Laboratory")),
    )


def test_an_item_stands_in_a_file_once(suite, file):
    add(suite, file)

    again = reason(suite.evidence.add_document, file, HASH, LABEL, sender=suite.dispatcher)

    assert again == "evidence: item is there"


def test_every_item_is_chained_into_the_digest(suite, file):
    digest = NONE
    for n in range(3):
        add(suite, file, bytes([n + 1]) * 32)
        item = tuple(suite.evidence.item(file, n + 1))
        digest = keccak(encode(["bytes32", ITEM], [digest, item]))
        assert suite.evidence.file(file).digest == digest
    assert suite.evidence.file(file).items == 3


def test_a_frozen_list_keeps_its_digest_and_later_items_are_a_supplement(suite, file):
    add(suite, file)
    before = suite.evidence.file(file).digest

    suite.evidence.freeze(file, sender=suite.supervisor)

    [(name, told)] = events(suite.evidence)
    told_of = {"file_id": file, "by": suite.supervisor, "items": 1, "digest": before}
    assert (name, told) == ("FileFrozen", told_of)
    add(suite, file, b"\7" * 32)
    held = suite.evidence.file(file)
    assert (held.frozen_at, held.frozen_items, held.frozen_digest) == (NOW, 1, before)
    assert (held.items, held.digest != before) == (2, True)
    assert [suite.evidence.item(file, n).supplement for n in (1, 2)] == [False, True]


def test_a_list_is_frozen_once_and_not_while_empty(suite, file):
    freeze, by = suite.evidence.freeze, suite.supervisor

    assert reason(freeze, file, sender=by) == "evidence: nothing to freeze"
    add(suite, file)
    freeze(file, sender=by)
    assert reason(freeze, file, sender=by) == "evidence: file is frozen"


def test_a_file_that_is_not_there_takes_nothing(suite, file):
    by = suite.dispatcher
    for number in (0, file + 1):
        answers = [
            reason(suite.evidence.add_document, number, HASH, LABEL, sender=by),
            reason(suite.evidence.add_report, number, 1, LABEL, sender=by),
            reason(suite.evidence.add_reading, number, QUALITY, *batch(suite), NONE, sender=by),
            reason(suite.evidence.freeze, number, sender=suite.supervisor),
        ]
        assert answers == ["evidence: no such file"] * 4


def test_custody_passes_once_the_receiver_has_accepted_it(suite, file):
    evidence, giver, receiver = suite.evidence, suite.dispatcher, suite.clerk
    posts = [suite.authority.post_of(one) for one in (giver, receiver)]

    evidence.offer_custody(file, receiver, sender=giver)

    told = {"file_id": file, "giver": giver, "receiver": receiver, "by": giver}
    assert events(evidence) == [("CustodyOffered", told)]
    assert (evidence.file(file).custodian, evidence.file(file).handovers) == (giver, 0)
    boa.env.evm.patch.timestamp = NOW + 60
    evidence.accept_custody(file, sender=receiver)
    [(name, told)] = events(evidence)
    one = evidence.handover(file, 1)
    assert (name, told["number"], told["handover"]) == ("CustodyAccepted", 1, one)
    assert tuple(one) == (giver, posts[0], receiver, posts[1], giver, NOW, NOW + 60)
    assert (evidence.file(file).custodian, evidence.file(file).handovers) == (receiver, 1)
    evidence.offer_custody(file, giver, sender=receiver)
    evidence.accept_custody(file, sender=giver)
    assert evidence.handover(file, 2).giver == receiver
    assert evidence.handover(file, 1) == one


def test_only_the_custodian_offers_and_only_whom_it_was_offered_accepts(suite, file):
    evidence = suite.evidence
    evidence.offer_custody(file, suite.clerk, sender=suite.dispatcher)

    for other in (suite.clerk, suite.supervisor, suite.holder):
        refused = reason(evidence.offer_custody, file, suite.reviewer, sender=other)
        assert refused == "evidence: caller is not the custodian"
    for other in (suite.dispatcher, suite.reviewer):
        refused = reason(evidence.accept_custody, file, sender=other)
        assert refused == "evidence: caller was offered no custody"
    evidence.accept_custody(file, sender=suite.clerk)
    refused = reason(evidence.accept_custody, file, sender=suite.clerk)
    assert refused == "evidence: caller was offered no custody"
    refused = reason(evidence.offer_custody, file, suite.clerk, sender=suite.dispatcher)
    assert refused == "evidence: caller is not the custodian"


def test_a_later_offer_takes_the_place_of_one_not_accepted(suite, file):
    evidence, giver = suite.evidence, suite.dispatcher
    evidence.offer_custody(file, suite.clerk, sender=giver)
    evidence.offer_custody(file, suite.reviewer, sender=giver)

    refused = reason(evidence.accept_custody, file, sender=suite.clerk)
    evidence.accept_custody(file, sender=suite.reviewer)

    assert refused == "evidence: caller was offered no custody"
    assert evidence.handover(file, 1).receiver == suite.reviewer


def test_custody_goes_to_somebody_else_who_serves(suite, file):
    offer, by = suite.evidence.offer_custody, suite.dispatcher

    assert reason(offer, file, by, sender=by) == "evidence: receiver has custody already"
    stranger = boa.env.generate_address("stranger")
    for other in (stranger, "0x" + "00" * 20, suite.holder):
        assert reason(offer, file, other, sender=by) == "evidence: receiver serves in no post"


def test_a_receiver_that_no_longer_serves_cannot_accept(suite, file):
    suite.evidence.offer_custody(file, suite.clerk, sender=suite.dispatcher)
    suite.authority.withdraw(suite.clerk, sender=suite.first)

    refused = reason(suite.evidence.accept_custody, file, sender=suite.clerk)

    assert refused == "evidence: caller was offered no custody"


def test_an_officer_hands_over_for_a_custodian_who_no_longer_serves(suite, file):
    evidence = suite.evidence
    suite.authority.withdraw(suite.dispatcher, sender=suite.first)

    refused = reason(evidence.offer_custody, file, suite.clerk, sender=suite.reviewer)
    unopened = [
        reason(evidence.offer_custody, number, suite.clerk, sender=suite.supervisor)
        for number in (0, file + 1)
    ]
    evidence.offer_custody(file, suite.clerk, sender=suite.supervisor)
    evidence.accept_custody(file, sender=suite.clerk)

    assert [refused, *unopened] == ["evidence: caller is not the custodian"] * 3
    one = evidence.handover(file, 1)
    assert (one.giver, one.by) == (suite.dispatcher, suite.supervisor)
