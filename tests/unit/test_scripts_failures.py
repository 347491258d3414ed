"""Failures: each with its own exit code, told to people on stderr and to programs as JSON."""

import json

import pytest
from eth_account import Account

from ledger.deployment import Deployment
from tests.unit.commands import NOWHERE, apply, called, typed
from tests.unit.stub_node import CHAIN_ID, GENESIS_HASH, node

CODE = "914403001922038216"


def deployed(home, chain_id: int = CHAIN_ID, genesis_hash: str = GENESIS_HASH) -> None:
    Deployment(chain_id, genesis_hash, 0).save(home / "deployment.json")


@pytest.fixture
def keystore(tmp_path):
    """The account `clerk-1`, its passphrase and a wrong one, each in a file."""
    folder = tmp_path / "ape" / "accounts"
    folder.mkdir(parents=True)
    quick = Account.encrypt(Account.create().key, "correct", kdf="pbkdf2", iterations=2)
    (folder / "clerk-1.json").write_text(json.dumps(quick), encoding="utf-8")
    for name in ("correct", "wrong"):
        (tmp_path / name).write_text(name, encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["org", "register", "none.json"],
        ["station", "add", "-f", "none.yaml"],
        ["device", "enrol", "-f", "none.yaml"],
        ["permit", "apply", "-f", "none.yaml", "--number", "X"],
        [*apply(), "--document", "none.pdf"],
        ["standard", "load", "gb5749", "--folder", "nowhere"],
        ["account", "show", "nobody"],
        ["org", "request", "Huawei", CODE, "--account", "nobody"],
        ["permit", "list"],
    ],
)
def test_what_is_not_there_is_exit_code_3(tmp_path, arguments):
    said = called(*arguments, "--network", NOWHERE, "--json", home=tmp_path)

    assert (said.exit_code, said.error["code"]) == (3, "not_found")
    assert said.error["remedy"]


def test_a_locked_account_is_exit_code_4(keystore):
    deployed(keystore)
    asked = ("org", "request", "Huawei", CODE, "--account", "clerk-1", "--json")

    said = typed(*asked, "--password-file", keystore / "wrong", home=keystore)

    assert (said.exit_code, said.error["code"]) == (4, "account_locked")
    assert "clerk-1 stays locked" in said.error["message"]
    assert "Traceback" not in said.err


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_a_password_that_others_can_read_is_exit_code_4(keystore, mode):
    (keystore / "correct").chmod(mode)
    asked = ("org", "request", "Huawei", CODE, "--account", "clerk-1", "--json")

    said = called(*asked, "--password-file", keystore / "correct", home=keystore)

    assert (said.exit_code, said.error["code"]) == (4, "account_locked")
    assert "chmod 600" in said.error["remedy"]


def test_an_account_that_nobody_can_unlock_here_is_exit_code_4(keystore):
    said = called("org", "request", "Huawei", CODE, "--account", "clerk-1", home=keystore)

    assert said.exit_code == 4
    assert "--password-file" in said.err


@pytest.mark.parametrize(
    "arguments", [["permit", "list"], ["account", "show", "0x" + "11" * 20], apply()]
)
def test_a_chain_that_does_not_answer_is_exit_code_5(tmp_path, arguments):
    deployed(tmp_path)

    said = called(*arguments, "--network", NOWHERE, "--json", home=tmp_path)

    assert (said.exit_code, said.error["code"]) == (5, "chain_unreachable")
    assert "waterline devnet up" in said.error["remedy"]


def test_no_chain_named_and_none_started_is_exit_code_5(tmp_path):
    said = called("account", "show", "0x" + "11" * 20, "--json", home=tmp_path)

    assert (said.exit_code, said.error["code"]) == (5, "chain_unreachable")


@pytest.mark.parametrize(("chain_id", "genesis"), [(1, GENESIS_HASH), (CHAIN_ID, "0x" + "00" * 32)])
def test_a_record_of_another_chain_is_exit_code_1_with_the_way_out(tmp_path, chain_id, genesis):
    deployed(tmp_path, chain_id, genesis)

    with node() as url:
        said = called("permit", "list", "--network", url, "--json", home=tmp_path)

    assert (said.exit_code, said.error["code"]) == (1, "wrong_chain")
    assert "WATERLINE_HOME" in said.error["remedy"]


def test_people_read_what_happened_and_what_to_do_and_stdout_stays_empty(tmp_path):
    deployed(tmp_path)

    said = called("permit", "list", "--network", NOWHERE, home=tmp_path)

    assert said.out == ""
    assert said.err.splitlines()[0] == f"Error: no answer from {NOWHERE}: nothing listens there"
    assert said.err.splitlines()[1].startswith("  start a chain with")
