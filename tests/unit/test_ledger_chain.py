"""Connecting: whatever is not a node is told as unreachable, with its address and what to do."""

import socket

import pytest
from web3 import Web3
from web3.exceptions import ExtraDataLengthError, Web3RPCError

from devnet import ports
from ledger.chain import Head, adopt, connect, speak_poa
from ledger.errors import ChainUnreachable, UsageError
from tests.unit.small_chain import start
from tests.unit.stub_node import CHAIN_ID, GENESIS_HASH, block, clique, listening, node


def test_a_chain_is_known_by_its_id_and_its_first_block():
    with node() as url:
        chain = connect(url)

    assert (chain.url, chain.chain_id, chain.genesis_hash) == (url, CHAIN_ID, GENESIS_HASH)


def test_nothing_that_listens_is_told_with_the_address_and_a_remedy():
    url = f"http://127.0.0.1:{ports.free_ports(1)[0]}"

    with pytest.raises(ChainUnreachable, match=f"{url}: nothing listens there") as failure:
        connect(url)

    assert failure.value.exit_code == 5
    assert "waterline devnet up" in failure.value.remedy


def test_a_socket_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ChainUnreachable, match=r"no\.ipc: it is no socket"):
        connect(str(tmp_path / "no.ipc"))


def test_a_folder_in_place_of_a_socket_is_told(tmp_path):
    with pytest.raises(ChainUnreachable, match=f"{tmp_path}: it is no socket"):
        connect(str(tmp_path))


def test_a_socket_file_that_nobody_answers_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket is at most 108 bytes long

    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind("node.ipc")
        silent.listen()

        with pytest.raises(ChainUnreachable, match=r"node\.ipc: timed out"):
            connect("node.ipc", timeout_s=1)


def test_a_node_that_is_silent_is_not_waited_for_for_ever():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(ChainUnreachable, match="timed out"):
            connect(url, timeout_s=0.2)


@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b"", b"{}", b"[]", b'"hello"', b"null", b'{"result": 5}']
)
def test_something_that_listens_but_is_no_node_is_told(body):
    with listening(lambda _: body) as url, pytest.raises(ChainUnreachable, match=url):
        connect(url)


def test_a_server_that_refuses_every_request_is_told_with_its_status():
    with listening(lambda _: b"", 403) as url, pytest.raises(ChainUnreachable, match="403"):
        connect(url)


def test_a_json_rpc_server_of_another_kind_is_told():
    def answer(method, _):
        raise LookupError(f"method {method} not found")

    with node(answer) as url, pytest.raises(ChainUnreachable, match="is no Ethereum node"):
        connect(url)


@pytest.mark.parametrize("address", ["", "localhost", "localhost:8545", "ws://127.0.0.1:8545"])
def test_what_is_no_address_is_a_mistake_of_the_caller(address):
    with pytest.raises(UsageError, match="is no address of a node") as failure:
        connect(address)

    assert failure.value.exit_code == 2
    assert "http://host:port" in failure.value.remedy


def test_a_port_that_is_none_is_told():
    with pytest.raises(ChainUnreachable, match="notaport"):
        connect("http://127.0.0.1:notaport")


def test_blocks_with_the_seals_of_their_signers_can_be_read_only_with_the_middleware():
    with node() as url:
        w3 = Web3(Web3.HTTPProvider(url))
        with pytest.raises(ExtraDataLengthError):
            w3.eth.get_block(0)

        speak_poa(w3)
        speak_poa(w3)

        assert w3.eth.get_block(0)["hash"].to_0x_hex() == GENESIS_HASH


def test_a_connection_that_somebody_else_made_learns_to_read_seals():
    with node() as url:
        chain = adopt(Web3(Web3.HTTPProvider(url)), "ape's")

        assert chain.head() == Head(0, GENESIS_HASH, 1_700_000_000)


def test_signers_and_sealer_are_told_by_a_clique_node():
    with node() as url:
        chain = connect(url)

        assert chain.sealer(GENESIS_HASH) == "0x" + "11" * 20
        assert chain.signers() == ["0x" + "11" * 20, "0x" + "22" * 20]


def test_another_consensus_has_neither_signers_nor_sealer():
    chain = start().chain

    assert chain.signers() == []
    assert chain.sealer(chain.genesis_hash) is None


def test_a_block_beyond_the_head_is_none():
    def answer(method, params):
        if method == "eth_getBlockByNumber" and params[0] not in ("0x0", "latest"):
            return None
        return clique(method, params)

    with node(answer) as url:
        chain = connect(url)

        assert chain.at(99) is None
        assert chain.at(0) == Head(0, block()["hash"], 1_700_000_000)


def test_an_error_of_the_node_is_raised_in_its_words():
    with node() as url, pytest.raises(Web3RPCError, match="debug_nothing does not exist"):
        connect(url).rpc("debug_nothing", 1)
