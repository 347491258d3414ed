"""What every command shares: the node it talks to, failures, output, how long it waits."""

import json

import click
import pytest
from web3.exceptions import Web3RPCError

from ledger.errors import BadRecord, ChainUnreachable, NotFound, UsageError
from scripts._shared import Failure, Session, address_of, plain, record_path, told


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("WATERLINE_HOME", str(tmp_path))
    for name in ("WATERLINE_NETWORK", "WATERLINE_CONFIRMATIONS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def started(home, text: str) -> None:
    """A devnet's record in the state folder."""
    (home / "devnet").mkdir()
    (home / "devnet" / "devnet.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("address", ["http://localhost:8545", "https://a.b/c", "node.ipc", "./x"])
def test_an_address_is_taken_as_it_is(home, address):
    assert address_of(address) == address


def test_an_address_that_is_set_stands_in_for_one_that_is_given(home, monkeypatch):
    monkeypatch.setenv("WATERLINE_NETWORK", "http://localhost:1")

    assert address_of(None) == "http://localhost:1"
    assert address_of("http://localhost:2") == "http://localhost:2"


def test_without_either_it_is_our_own_devnet(home):
    started(home, '{"rpc_url": "http://127.0.0.1:8545"}')

    assert address_of(None) == "http://127.0.0.1:8545"


def test_without_a_devnet_the_way_to_start_one_is_told(home):
    with pytest.raises(ChainUnreachable, match="no chain is named") as failure:
        address_of(None)

    assert "waterline devnet up" in failure.value.remedy


@pytest.mark.parametrize("text", ["", "{}", "[]", "null"])
def test_a_damaged_record_of_the_devnet_is_told(home, text):
    started(home, text)

    with pytest.raises(BadRecord, match=r"devnet\.json cannot be read"):
        address_of(None)


def test_a_word_that_is_neither_address_nor_choice_is_refused(home):
    with pytest.raises(UsageError, match="'mainnet' is neither a URL nor a network choice"):
        address_of("mainnet")


def test_the_deployment_record_lies_in_the_state_folder(home):
    assert record_path() == home / "deployment.json"


@pytest.mark.parametrize("error", [NotFound("no permit", "list them"), Web3RPCError("busy")])
def test_a_failure_that_a_person_can_mend_is_told_without_its_trace(error):
    with pytest.raises(Failure) as failure, told(as_json=False):
        raise error

    assert failure.value.exit_code == getattr(error, "exit_code", 1)


def test_a_mistake_in_our_own_code_keeps_its_trace():
    with pytest.raises(ZeroDivisionError), told(as_json=True):
        raise ZeroDivisionError


def test_a_mistake_in_the_arguments_is_left_to_click():
    with pytest.raises(click.UsageError), told(as_json=True):
        raise click.UsageError("no")


def test_a_failure_is_one_json_document_on_stdout_and_words_on_stderr(capsys):
    Failure(NotFound("no permit 'X'", "list them"), as_json=True).show()

    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "error": {"code": "not_found", "message": "no permit 'X'", "remedy": "list them"}
    }
    assert err == "Error: no permit 'X'\n  list them\n"


def test_a_document_is_told_to_programs_and_lines_to_people(capsys):
    Session(as_json=True).tell({"used_l": 5, "hash": b"\1"}, lambda: ["five"])
    Session().tell({"used_l": 5}, lambda: ["five"])

    assert capsys.readouterr().out == '{"used_l": 5, "hash": "0x01"}\nfive\n'


def test_talk_goes_to_stderr(capsys):
    Session().say("signing")

    assert capsys.readouterr() == ("", "signing\n")


@pytest.mark.parametrize(("value", "shown"), [(b"\xab", "0xab"), ({"a": 1}, {"a": 1}), (1j, "1j")])
def test_values_of_the_chain_are_plain_in_json(value, shown):
    assert plain(value) == shown


def test_a_session_that_waits_otherwise_shares_everything_else(home):
    session = Session(network="http://x", account="clerk-1", wait="settled", dry_run=True)

    other = session.waiting_for("sent")

    assert (session.wait, other.wait) == ("settled", "sent")
    assert (other.network, other.account, other.dry_run) == ("http://x", "clerk-1", True)
