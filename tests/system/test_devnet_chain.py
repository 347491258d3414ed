"""A chain of three signers: what it is made of, and who can reach what."""

import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devnet import Devnet, Status
from devnet.rpc import Endpoint, Refused
from ledger.chain import connect
from ledger.keystores import KeystoreSigner

pytestmark = pytest.mark.chain

LISTENING = "0A"  # as /proc/net/tcp writes it


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    folder = tmp_path_factory.mktemp("net")
    net = Devnet(folder / "chain")
    net.up(accounts_dir=folder / "accounts", accounts=["keeper-1", "holder-1:0"], rpc_port=0)
    yield net
    net.reset()


@pytest.fixture
def running(net: Devnet) -> Status:
    return up(net)


def up(net: Devnet) -> Status:
    return net.up(accounts_dir=net.data_dir.parent / "accounts")


def test_every_signer_runs_meets_the_others_and_seals(net: Devnet, running: Status) -> None:
    grown(net, by=3)

    status = net.status()

    assert [signer.peers for signer in status.signers] == [3, 3, 3]
    assert all(signer.last_sealed for signer in status.signers)
    assert not status.stalled
    assert json.loads(json.dumps(status.as_json()))["consensus"] == "clique"


def test_the_chain_is_read_like_any_other(running: Status) -> None:
    chain = connect(running.rpc_url)

    assert (chain.chain_id, chain.genesis_hash) == (running.chain_id, running.genesis_hash)
    assert sorted(chain.signers()) == sorted(signer.address.lower() for signer in running.signers)
    block = chain.block("latest")
    assert block["gasLimit"] == running.gas_limit
    assert block["baseFeePerGas"] == 7


def test_operating_accounts_are_funded_as_asked_and_open_with_the_passphrase(
    net: Devnet, running: Status
) -> None:
    w3 = connect(running.rpc_url).w3
    keystores = net.data_dir.parent / "accounts"

    keeper = KeystoreSigner(keystores / "keeper-1.json", net.data_dir / "password")

    assert keeper.address == running.accounts["keeper-1"]
    assert w3.eth.get_balance(w3.to_checksum_address(keeper.address)) == 10**27
    assert w3.eth.get_balance(w3.to_checksum_address(running.accounts["holder-1"])) == 0


def test_no_node_keeps_a_journal_of_transactions_which_it_would_read_before_it_answers(
    net: Devnet, running: Status
) -> None:
    assert (net.data_dir / "rpc" / "geth" / "chaindata").is_dir()

    assert list(net.data_dir.rglob("transactions.rlp")) == []


def test_the_rpc_node_holds_no_key_and_offers_no_control(running: Status) -> None:
    rpc = Endpoint(running.rpc_url)

    assert rpc.call("eth_accounts") == []
    for method in ("admin_peers", "personal_listAccounts", "miner_stop"):
        with pytest.raises(Refused):
            rpc.call(method)


def test_secrets_are_readable_by_their_owner_only_and_on_no_command_line(
    net: Devnet, running: Status
) -> None:
    secrets = [*net.data_dir.rglob("password"), *net.data_dir.rglob("nodekey")]
    keystores = [*net.data_dir.rglob("keystore/*.json"), *(net.data_dir.parent).glob("accounts/*")]

    assert len(secrets) == 4 + 4 and len(keystores) == 3 + 2
    for path in (*secrets, *keystores):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    words = [path.read_text(encoding="utf-8").strip() for path in secrets]
    for pid in pids(running):
        told = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert not [word for word in words if word.encode() in told]


def test_every_node_listens_on_loopback_only(running: Status) -> None:
    places = [place for pid in pids(running) for place in listening(pid)]

    assert len(places) >= 5  # four for peers, one for RPC
    assert set(places) == {"127.0.0.1"}


def pids(status: Status) -> list[int]:
    return [one.pid for one in (*status.signers, status.rpc) if one.pid is not None]


def grown(net: Devnet, by: int) -> int:
    """The head, once so many blocks have been added."""
    before = net.status().head or 0
    until = time.monotonic() + 60
    while time.monotonic() < until:
        now = net.status().head or 0
        if now >= before + by:
            return now
        time.sleep(0.2)
    raise AssertionError(f"never {by} blocks past {before}")


def listening(pid: int) -> Iterator[str]:
    """The addresses on which a process listens, as Linux tells them."""
    sockets = {os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir()}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            part = line.split()
            if f"socket:[{part[9]}]" in sockets and (part[3] == LISTENING or "udp" in table):
                number = part[1].partition(":")[0]
                known = len(number) == 8
                yield socket.inet_ntoa(bytes.fromhex(number)[::-1]) if known else number
