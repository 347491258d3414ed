"""What a chain of three signers lives through, and what it refuses to live with."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devnet import Devnet, DevnetError, Status, client
from devnet.node import Node
from ledger.chain import connect

pytestmark = pytest.mark.chain


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


def test_a_killed_signer_leaves_the_chain_running_and_up_brings_it_back(
    net: Devnet, running: Status
) -> None:
    victim = running.signers[1]
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    head = grown(net, by=3)

    status = net.status()
    assert [signer.alive for signer in status.signers] == [True, False, True]
    assert status.signers[1].note is not None
    assert not status.stalled

    again = up(net)

    assert again.signers[1].alive
    assert again.signers[1].head is not None and again.signers[1].head >= head
    assert [one.pid for one in again.signers if one.index != 2] == [
        one.pid for one in running.signers if one.index != 2
    ]


def test_down_ends_every_process_and_up_continues_the_same_chain(
    net: Devnet, running: Status
) -> None:
    remembered = connect(running.rpc_url).block(1)["hash"]

    net.down()

    stopped = net.status()
    assert not stopped.running
    gone_by = time.monotonic() + 5  # the kernel takes a moment to clear away what has ended
    while any(Path(f"/proc/{pid}").exists() for pid in pids(running)):
        assert time.monotonic() < gone_by
        net.status()
    again = up(net)
    assert again.genesis_hash == running.genesis_hash
    assert again.head is not None and running.head is not None and again.head > running.head
    assert connect(again.rpc_url).block(1)["hash"] == remembered


def test_a_chain_that_lost_power_goes_on_where_it_was(net: Devnet, running: Status) -> None:
    for pid in pids(running):
        os.kill(pid, signal.SIGKILL)

    again = up(net)

    assert again.genesis_hash == running.genesis_hash
    assert again.head is not None and running.head is not None and again.head > running.head


def test_a_busy_rpc_port_is_named_and_nothing_is_left_running(net: Devnet, running: Status) -> None:
    net.down()
    port = int(running.rpc_url.rpartition(":")[2])

    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(DevnetError, match=f"port {port} .* is in use") as failure:
            up(net)
        assert not net.status().running

    assert failure.value.code == "port_busy"
    assert up(net).rpc_url == running.rpc_url


def test_another_chain_in_a_nodes_folder_is_refused_and_nothing_is_left_running(
    net: Devnet, running: Status, tmp_path: Path
) -> None:
    net.down()
    program = client.find()
    assert program is not None
    genesis = json.loads((net.data_dir / "genesis.json").read_text(encoding="utf-8"))
    (tmp_path / "genesis.json").write_text(json.dumps(genesis | {"timestamp": "0x1"}))
    stranger = Node(tmp_path, net.record(), net.record().members[1])
    stranger.prepare(program, tmp_path / "genesis.json")
    own = net.node("2").folder / "geth" / "chaindata"
    own.rename(tmp_path / "own")
    (stranger.folder / "geth" / "chaindata").rename(own)

    with pytest.raises(DevnetError, match="signer-2 holds another chain") as failure:
        up(net)

    assert failure.value.code == "foreign_chain"
    net.down()
    shutil.rmtree(own)
    (tmp_path / "own").rename(own)
    assert up(net).genesis_hash == running.genesis_hash


def test_status_of_a_stopped_chain_leaves_with_the_code_for_unreachable(
    net: Devnet, running: Status
) -> None:
    net.down()

    done = waterline("devnet", "status", "--json", "--data-dir", str(net.data_dir))

    assert done.returncode == 5
    assert json.loads(done.stdout)["running"] is False


def waterline(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "waterline"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


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
