"""How deep a block must lie before a command calls it final."""

import pytest

from ledger.errors import UsageError
from ledger.settlement import SettlementPolicy
from scripts._shared import Session
from tests.unit.stub_node import clique, node


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("WATERLINE_HOME", str(tmp_path))
    for name in ("WATERLINE_NETWORK", "WATERLINE_CONFIRMATIONS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_settlement_waits_as_many_blocks_as_the_signers_ask_for(home):
    with node() as url:
        assert Session(network=url).policy == SettlementPolicy(6)


def test_settlement_of_many_signers_takes_twice_their_number(home):
    def seven(method, params):
        if method == "clique_getSigners":
            return ["0x" + f"{n:02}" * 20 for n in range(7)]
        return clique(method, params)

    with node(seven) as url:
        assert Session(network=url).policy == SettlementPolicy(14)


def test_a_depth_that_is_set_is_taken_without_asking_the_chain(home, monkeypatch):
    monkeypatch.setenv("WATERLINE_CONFIRMATIONS", "3")

    assert Session(network="http://127.0.0.1:9").policy == SettlementPolicy(3)


@pytest.mark.parametrize("text", ["many", "-1", "2.5"])
def test_a_depth_that_is_no_number_is_refused_and_not_passed_over(home, monkeypatch, text):
    monkeypatch.setenv("WATERLINE_CONFIRMATIONS", text)

    with pytest.raises(UsageError, match="WATERLINE_CONFIRMATIONS"):
        _ = Session(network="http://127.0.0.1:9").policy
