"""The deployment record: read back as written, whole or not at all, and only on its own chain."""

import json
import os

import pytest

from ledger.deployment import FORMAT, Deployed, Deployment
from ledger.errors import BadRecord, NotFound, WrongChain
from tests.unit.small_chain import start

ABI = [{"type": "function", "name": "count", "inputs": [], "outputs": []}]
AUTHORITY = Deployed("0x" + "Aa" * 20, ABI, "0x" + "11" * 32, "0x" + "22" * 32, 7)
RECORD = Deployment(20_230, "0x" + "AB" * 32, 5).with_contract("Authority", AUTHORITY)


def test_a_record_is_read_back_as_it_was_saved(tmp_path):
    path = tmp_path / "deployment.json"

    RECORD.save(path)

    assert Deployment.load(path) == RECORD


def test_a_record_says_its_format(tmp_path):
    RECORD.save(tmp_path / "deployment.json")

    raw = json.loads((tmp_path / "deployment.json").read_text(encoding="utf-8"))

    assert raw["format"] == FORMAT
    assert set(raw) == {
        "format",
        "chain_id",
        "genesis_hash",
        "start_block",
        "contracts",
        "timezone",
    }


def test_saving_makes_the_folder_and_leaves_nothing_else_in_it(tmp_path):
    path = tmp_path / "state" / "deployment.json"

    RECORD.save(path)
    RECORD.save(path)

    assert [one.name for one in path.parent.iterdir()] == ["deployment.json"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a device that is full")
def test_a_save_that_fails_half_way_leaves_the_record_before_it(tmp_path):
    path = tmp_path / "deployment.json"
    RECORD.save(path)
    os.symlink("/dev/full", path.with_name("deployment.json.part"))

    with pytest.raises(OSError, match="No space"):
        Deployment(1, "0x", 0).save(path)

    assert Deployment.load(path) == RECORD


def test_no_record_says_how_to_deploy(tmp_path):
    with pytest.raises(NotFound, match="no deployment record at") as failure:
        Deployment.load(tmp_path / "deployment.json")

    assert failure.value.exit_code == 3
    assert "waterline deploy" in failure.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        '"record"',
        "{}",
        '{"format": 1}',
        '{"format": 1, "chain_id": "x", "genesis_hash": "0x", "start_block": 0, "contracts": {}}',
        '{"format": 1, "chain_id": 1, "genesis_hash": "0x", "start_block": 0, "contracts": []}',
        '{"format": 1, "chain_id": 1, "genesis_hash": "0x", "start_block": 0,'
        ' "contracts": {"A": {"address": "0x"}}}',
    ],
)
def test_a_damaged_record_is_named_and_not_used(tmp_path, text):
    path = tmp_path / "deployment.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadRecord, match=r"deployment\.json") as failure:
        Deployment.load(path)

    assert failure.value.exit_code == 2
    assert failure.value.remedy


def test_a_record_of_another_format_is_refused(tmp_path):
    path = tmp_path / "deployment.json"
    RECORD.save(path)
    raw = json.loads(path.read_text(encoding="utf-8")) | {"format": 2}
    path.write_text(json.dumps(raw), encoding="utf-8")

    with pytest.raises(BadRecord, match="format 2, not 1"):
        Deployment.load(path)


def test_a_folder_in_place_of_a_record_is_told(tmp_path):
    with pytest.raises(BadRecord, match="cannot be read"):
        Deployment.load(tmp_path)


@pytest.mark.parametrize("changed", ["chain_id", "genesis_hash"])
def test_a_record_of_another_chain_is_refused_with_both_chains_and_a_remedy(changed):
    chain = start().chain
    another = {"chain_id": 1, "genesis_hash": "0x" + "00" * 32}
    own = {"chain_id": chain.chain_id, "genesis_hash": chain.genesis_hash}
    other = Deployment(**own | {changed: another[changed]}, start_block=0)

    with pytest.raises(WrongChain, match="in this process is chain") as failure:
        other.open(chain)

    assert (failure.value.code, failure.value.exit_code) == ("wrong_chain", 1)
    assert f"of chain {other.chain_id}" in failure.value.message
    assert "WATERLINE_HOME" in failure.value.remedy


def test_a_record_opens_on_its_chain_whatever_the_case_of_its_genesis_hash():
    chain = start().chain

    Deployment(chain.chain_id, chain.genesis_hash.upper().replace("0X", "0x"), 0).open(chain)


def test_another_address_replaces_the_contract_and_the_record_before_stays():
    moved = Deployed("0x" + "bb" * 20, ABI, "0x", "0x", 9)

    later = RECORD.with_contract("Authority", moved)

    assert later.contracts == {"Authority": moved}
    assert RECORD.contracts == {"Authority": AUTHORITY}


def test_what_a_contract_replaced_is_kept_under_numbered_names_oldest_first():
    record = RECORD.with_contract("QuotaTracker", AUTHORITY)
    assert (record.formers("QuotaTracker"), record.next_former("QuotaTracker")) == (
        [],
        "QuotaTracker.1",
    )

    for n in range(1, 12):
        assert record.next_former("QuotaTracker") == f"QuotaTracker.{n}"
        record = record.with_contract(f"QuotaTracker.{n}", AUTHORITY)

    assert record.formers("QuotaTracker") == [f"QuotaTracker.{n}" for n in range(1, 12)]
    assert record.formers("Authority") == []
