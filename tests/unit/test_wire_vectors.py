"""The Python side packs, reads, hashes and proves what tests/vectors/wire.json says."""

import json
from itertools import accumulate

import numpy as np
import pytest
from web3 import Web3

from ledger import merkle
from ledger.batches import gauge_groups, meter_groups
from ledger.hashing import keccak
from ledger.leaves import INSTANT, VOID, commitment, household_leaf, leaf, leaves
from ledger.packing import RECORD_GAUGES, RECORD_METERS, gauge_group, meter_group, record_calldata
from tests.vectors import make, reference

VECTORS = json.loads(make.KEPT.read_text(encoding="utf-8"))
SELECTORS = {"meters": RECORD_METERS, "gauges": RECORD_GAUGES}
DECODERS = {"meters": meter_groups, "gauges": gauge_groups}
GROUPS = [
    pytest.param(kind, group, id=f"{kind} {group['name']}")
    for kind in DECODERS
    for batch in VECTORS[kind]["batches"]
    for group in batch["groups"]
]
BATCHES = [
    pytest.param(kind, batch, id=f"{kind} {batch['batch_id']}")
    for kind in DECODERS
    for batch in VECTORS[kind]["batches"]
]


def raw(text):
    return bytes.fromhex(text.removeprefix("0x"))


def words_of(batch):
    return b"".join(raw(group["words"]) for group in batch["groups"])


def packed(kind, group):
    amounts, steps = (
        np.array(column, dtype=np.int64) for column in zip(*group["readings"], strict=True)
    )
    if kind == "meters":
        opening = group["opening_l"], group["opening_at"]
        return meter_group(
            group["channel"], *opening, amounts, steps, group["kind"], group["grade"]
        )
    mark = group["mark"] + VOID * group["void"]
    about = mark, group["grade"], group["detection_limit"]
    return gauge_group(group["channel"], group["opening_at"], amounts, steps, *about)


def test_the_vectors_are_those_that_their_generator_writes():
    assert make.KEPT.read_text(encoding="utf-8") == make.text()


@pytest.mark.parametrize("table", reference.tables())
def test_bit_tables_fill_a_word_without_gap_or_overlap(table):
    fields = reference.tables()[table]

    ends = list(accumulate((field.width for field in fields), initial=0))

    assert [field.bit for field in fields] == ends[:-1]
    assert ends[-1] == 256


def test_every_bit_table_of_the_page_is_read():
    assert len(reference.tables()) == reference.PAGE.read_text(encoding="utf-8").count("| bit |")


@pytest.mark.parametrize(("kind", "group"), GROUPS)
def test_a_group_is_packed_into_the_words_of_the_vectors(kind, group):
    assert packed(kind, group) == raw(group["words"])


@pytest.mark.parametrize(("kind", "group"), GROUPS)
def test_the_words_of_a_group_are_read_back(kind, group):
    [read] = DECODERS[kind](raw(group["words"]))

    ends = accumulate((step for _, step in group["readings"]), initial=group["opening_at"])
    assert read.readings == tuple(
        (at, amount) for at, (amount, _) in zip(list(ends)[1:], group["readings"], strict=True)
    )
    about = (read.channel, read.opening_at, read.opening_l, read.kind, read.grade)
    assert about == (
        group["channel"],
        group["opening_at"],
        group.get("opening_l", 0),
        group.get("kind", INSTANT),
        group["grade"],
    )
    assert (read.mark, read.void) == (group.get("mark", 0), bool(group.get("void", 0)))
    assert read.detection_limit == group.get("detection_limit", 0)


@pytest.mark.parametrize(("kind", "batch"), BATCHES)
def test_the_groups_of_a_batch_are_read_in_their_order(kind, batch):
    read = [group.channel for group in DECODERS[kind](words_of(batch))]

    assert read == [group["channel"] for group in batch["groups"]]


@pytest.mark.parametrize(("kind", "batch"), BATCHES)
def test_the_calldata_of_a_batch_is_that_of_the_vectors(kind, batch):
    lane, root = VECTORS[kind]["lane"], raw(batch["root"])

    made = record_calldata(SELECTORS[kind], lane, batch["batch_id"], root, words_of(batch))

    assert made == raw(batch["calldata"])


@pytest.mark.parametrize(("kind", "batch"), BATCHES)
def test_the_calldata_of_a_batch_is_what_web3_encodes(kind, batch):
    function = VECTORS[kind]["function"]
    kinds = {
        "lane": "uint256",
        "batch_id": "uint256",
        "root": "bytes32",
        "words": "bytes",
        "evidence": "bytes",
    }
    inputs = [{"name": name, "type": type_} for name, type_ in kinds.items()]
    entry = {"type": "function", "name": function, "inputs": inputs, "outputs": []}
    contract = Web3().eth.contract(abi=[entry | {"stateMutability": "nonpayable"}])
    arguments = VECTORS[kind]["lane"], batch["batch_id"], raw(batch["root"]), words_of(batch), b""

    assert contract.encode_abi(function, args=arguments) == batch["calldata"]


@pytest.mark.parametrize("kind", DECODERS)
def test_digest_and_running_hash_follow_from_root_and_words(kind):
    running = b"\0" * 32
    for batch in VECTORS[kind]["batches"]:
        words_hash = keccak(words_of(batch))
        digest = keccak(raw(batch["root"]) + words_hash)
        running = keccak(running + digest)

        assert (words_hash, digest, running) == tuple(
            raw(batch[name]) for name in ("words_hash", "digest", "running")
        )


@pytest.mark.parametrize(("kind", "batch"), BATCHES)
def test_each_leaf_is_made_of_its_reading(kind, batch):
    for *row, telegram, expected in batch["leaves"]:
        assert leaf(*row, raw(telegram)) == raw(expected)


@pytest.mark.parametrize(("kind", "batch"), BATCHES)
def test_leaves_of_a_channel_are_made_by_columns(kind, batch):
    for *row, telegram, expected in batch["leaves"]:
        channel, at, value, kind_of_reading, grade, mark = row
        columns = (np.array([number] * 3, dtype=np.int64) for number in (at, value))

        made = leaves(
            channel, *columns, kind_of_reading, grade, np.array([mark] * 3), [raw(telegram)] * 3
        )

        assert made == [raw(expected)] * 3


@pytest.mark.parametrize(("kind", "batch"), BATCHES)
def test_leaves_of_measured_readings_follow_from_the_words(kind, batch):
    rows = iter(batch["leaves"])
    for group in DECODERS[kind](words_of(batch)):
        registers = accumulate((volume for _, volume in group.readings), initial=group.opening_l)
        values = list(registers)[1:] if kind == "meters" else [v for _, v in group.readings]
        for (at, _), value in zip(group.readings, values, strict=True):
            *row, _, _ = next(rows)
            mark = group.mark + VOID * group.void
            expected = [group.channel, at, value, group.kind, group.grade, mark]
            if 0 < group.kind < 5:
                row[2] = value  # the register went elsewhere, as RegisterMoved tells
            assert row == expected
    assert next(rows, None) is None


@pytest.mark.parametrize(("kind", "batch"), BATCHES)
def test_root_and_proofs_are_those_of_the_vectors(kind, batch):
    nodes = merkle.tree([raw(row[-1]) for row in batch["leaves"]])

    assert nodes[0] == raw(batch["root"])
    for node, proof in batch["proofs"].items():
        assert merkle.proof(nodes, raw(node)) == [raw(sibling) for sibling in proof]
        assert merkle.climb(raw(node), [raw(sibling) for sibling in proof]) == nodes[0]


@pytest.mark.parametrize("vector", VECTORS["households"], ids=lambda one: one["channel"])
def test_the_leaf_of_a_household_is_made_of_its_day(vector):
    committed = commitment(raw(vector["household"]), raw(vector["salt"]))
    numbers = (vector[name] for name in ("ends_at", "register_l", "volume_l", "grade"))

    made = household_leaf(vector["channel"], committed, *numbers, raw(vector["telegram"]))

    assert made == raw(vector["leaf"])
