"""The files of a new chain, and the options it is made from."""

import json
import stat
from pathlib import Path

import pytest
from eth_account import Account

from devnet import DevnetError, making, options, record
from devnet.genesis import extra_data, genesis
from devnet.keys import new_key, write_keystore
from devnet.options import FUNDED_WEI, Wanted
from devnet.record import Record

LOW, HIGH = "0x" + "1A" * 20, "0x" + "Ef" * 20


@pytest.fixture
def made(tmp_path: Path) -> Record:
    wanted = Wanted(signers=2, period_s=5, chain_id=77, accounts=["keeper-1", "holder-1:0"])
    return making.make(tmp_path / "chain", options.settle(wanted), tmp_path / "accounts", 8545)


def test_extra_data_lists_the_signers_in_rising_order() -> None:
    assert extra_data([HIGH, LOW]) == "0x" + "00" * 32 + "1a" * 20 + "ef" * 20 + "00" * 65


def test_genesis_is_london_clique_with_a_base_fee_above_zero_and_no_merge() -> None:
    first = genesis(
        chain_id=7, signers=[LOW], period_s=2, gas_limit=60_000_000, balances_wei={HIGH: 5}, at=9
    )

    assert first["config"]["londonBlock"] == 0
    assert first["config"]["clique"] == {"period": 2, "epoch": 30_000}
    assert "terminalTotalDifficulty" not in first["config"]
    assert (first["gasLimit"], first["baseFeePerGas"]) == ("0x3938700", "0x7")
    assert first["alloc"] == {HIGH: {"balance": "0x5"}}


def test_a_new_chain_has_its_own_keys_which_only_the_owner_reads(
    made: Record, tmp_path: Path
) -> None:
    names = ("password", "signer-1/password", "signer-2/password", "rpc/geth/nodekey")
    words = [(tmp_path / "chain" / name).read_text(encoding="utf-8").strip() for name in names]
    keystores = [*tmp_path.rglob("signer-*.json"), *(tmp_path / "accounts").iterdir()]

    assert len(set(words)) == 4 and all(len(word) == 64 for word in words)
    assert len(keystores) == 4
    for path in (*keystores, *(tmp_path / "chain" / name for name in names)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_only_accounts_that_ask_for_nothing_start_with_nothing(
    made: Record, tmp_path: Path
) -> None:
    first = json.loads((tmp_path / "chain" / "genesis.json").read_text(encoding="utf-8"))

    assert set(made.accounts) == {"keeper-1", "holder-1"}
    assert first["alloc"] == {made.accounts["keeper-1"]: {"balance": hex(FUNDED_WEI)}}


def test_the_record_is_read_back_as_it_was_written(made: Record, tmp_path: Path) -> None:
    told = json.loads((tmp_path / "chain" / "devnet.json").read_text(encoding="utf-8"))

    assert record.load(tmp_path / "chain") == made
    assert told["rpc_url"] == "http://127.0.0.1:8545"
    assert told["ports"]["http"] == 8545 and len(set(told["ports"].values())) == 4


def test_an_account_that_is_there_is_used_again(made: Record, tmp_path: Path) -> None:
    settings = options.settle(Wanted(accounts=["keeper-1"]))

    again = making.make(tmp_path / "chain", settings, tmp_path / "accounts", 8545)

    assert again.accounts["keeper-1"] == made.accounts["keeper-1"]


def test_a_keystore_of_another_passphrase_is_refused(made: Record, tmp_path: Path) -> None:
    settings = options.settle(Wanted(accounts=["keeper-1"]))

    with pytest.raises(DevnetError, match=r"keeper-1\.json is there already") as failure:
        making.make(tmp_path / "other", settings, tmp_path / "accounts", 8545)

    assert failure.value.code == "foreign_keystore"


@pytest.mark.parametrize("told", ["", "keeper-1:", "keeper-1:1.5", "../keeper", "keeper 1", "a:-1"])
def test_what_is_no_account_is_refused(told: str) -> None:
    with pytest.raises(DevnetError, match="is no account"):
        options.settle(Wanted(accounts=[told]))


def test_an_account_named_twice_is_refused() -> None:
    with pytest.raises(DevnetError, match="keeper-1 is named twice"):
        options.settle(Wanted(accounts=["keeper-1", "keeper-1:0"]))


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(signers=0), "--signers 0 is out of range"),
        (Wanted(period_s=0), "--period 0 is out of range"),
        (Wanted(gas_limit=600_000_000), "--gas-limit 600000000 is out of range"),
        (Wanted(chain_id=0), "--chain-id 0 is out of range"),
    ],
)
def test_options_out_of_range_are_refused(wanted: Wanted, told: str) -> None:
    with pytest.raises(DevnetError, match=told) as failure:
        options.settle(wanted)

    assert (failure.value.code, failure.value.exit_code) == ("usage", 2)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(signers=3), "made with --signers 2, not 3"),
        (Wanted(period_s=2), "made with --period 5, not 2"),
        (Wanted(chain_id=78), "made with --chain-id 77, not 78"),
        (Wanted(accounts=["relay-1"]), "made with other accounts than relay-1"),
    ],
)
def test_a_chain_that_is_there_cannot_be_changed(made: Record, wanted: Wanted, told: str) -> None:
    with pytest.raises(DevnetError, match=told):
        options.refuse_change(made, wanted)


def test_options_as_recorded_or_left_out_are_taken(made: Record) -> None:
    options.refuse_change(made, Wanted())
    options.refuse_change(made, Wanted(signers=2, period_s=5, chain_id=77, accounts=["holder-1"]))


def test_chain_ids_differ_from_chain_to_chain() -> None:
    assert len({options.settle(Wanted()).chain_id for _ in range(20)}) == 20


def test_a_keystore_has_all_sixteen_bytes_of_its_iv_whatever_they_begin_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """geth panics on a shorter one, and the library leaves leading zeros out."""
    drawn = "eth_keyfile.keyfile.Random.get_random_bytes"
    monkeypatch.setattr(drawn, lambda count: b"\0\0" + b"\x07" * (count - 2))
    key, path = new_key(), tmp_path / "key.json"

    write_keystore(path, key, "words")

    keystore = json.loads(path.read_text(encoding="utf-8"))
    assert keystore["crypto"]["cipherparams"]["iv"] == "0000" + "07" * 14
    assert bytes(Account.decrypt(keystore, "words")) == key.secret
