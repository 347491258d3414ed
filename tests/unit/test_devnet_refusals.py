"""What keeps a chain from starting, each told with its value and its remedy."""

import fcntl
import os
import socket
from pathlib import Path

import pytest

from devnet import Devnet, DevnetError, disk, making, options, ports, record
from devnet.node import Node, command_line, socket_path
from devnet.options import Wanted
from devnet.record import Record
from devnet.rpc import Endpoint, Silent
from devnet.status import collect, is_stalled, needed, way_out


@pytest.fixture
def made(tmp_path: Path) -> Record:
    settings = options.settle(Wanted(signers=1, accounts=[]))
    return making.make(tmp_path / "chain", settings, tmp_path / "accounts", ports.free_ports(1)[0])


def test_a_folder_without_a_chain_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DevnetError, match="there is no chain in") as failure:
        Devnet(tmp_path).status()

    assert failure.value.exit_code == 3
    assert "devnet up" in failure.value.remedy


def test_down_and_reset_of_no_chain_do_nothing(tmp_path: Path) -> None:
    Devnet(tmp_path / "none").down()
    Devnet(tmp_path / "none").reset()

    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["letters.txt", "signer-1/geth/chaindata"])
def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir(parents=True)

    for act in (lambda: making.refuse_foreign(tmp_path), Devnet(tmp_path).reset):
        with pytest.raises(DevnetError, match=r"but no devnet\.json") as failure:
            act()

    assert failure.value.code == "foreign_chain"
    assert (tmp_path / name).exists()


def test_what_an_interrupted_start_leaves_is_no_obstacle(made: Record, tmp_path: Path) -> None:
    (tmp_path / "chain" / "devnet.json").unlink()

    making.refuse_foreign(tmp_path / "chain")


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}', '{"format": 1, "members": []}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "devnet.json").write_text(text, encoding="utf-8")

    with pytest.raises(DevnetError, match=r"devnet\.json cannot be read"):
        record.load(tmp_path)


def test_two_commands_do_not_work_on_one_chain(tmp_path: Path) -> None:
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)

    with pytest.raises(DevnetError, match="another command works on the chain") as failure:
        Devnet(tmp_path).down()

    os.close(lock)
    assert failure.value.code == "busy"


def test_a_busy_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(DevnetError, match=f"port {port} .*in use") as failure:
            ports.rpc_port(port)

    assert failure.value.code == "port_busy"
    assert "--rpc-port" in failure.value.remedy


def test_zero_asks_for_any_free_port() -> None:
    assert ports.is_free(ports.rpc_port(0))


def test_a_number_that_is_no_port_is_refused() -> None:
    with pytest.raises(DevnetError, match="70000 is no port"):
        ports.rpc_port(70_000)


def test_a_nearly_full_disk_is_refused_with_what_is_free(tmp_path: Path) -> None:
    with pytest.raises(DevnetError, match=r"\d+ MB are free, 1000000000 MB are needed") as failure:
        disk.require_free(tmp_path / "later", 10**15)

    assert failure.value.code == "disk_full"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is full")
def test_a_disk_that_fills_while_writing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DevnetError, match="is full"), disk.written(tmp_path):
        Path("/dev/full").write_bytes(b"a block")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DevnetError, match="cannot be written"):
        Devnet(tmp_path / "file" / "chain").up(accounts_dir=tmp_path)


def test_a_process_that_is_not_ours_is_never_taken_for_a_node(made: Record, tmp_path: Path) -> None:
    node = Node(tmp_path / "chain", made, made.members[0])
    (node.folder / "pid").write_text(str(os.getpid()), encoding="utf-8")

    assert command_line(os.getpid())
    assert node.pid() is None
    node.ask_to_stop()  # would end this test run


def test_a_dead_chain_is_shown_as_such(made: Record, tmp_path: Path) -> None:
    nodes = [Node(tmp_path / "chain", made, member) for member in made.members]
    nodes[0].log.write_text("INFO fine\nFatal: out of luck\nINFO bye\n", encoding="utf-8")

    status = collect(made, nodes)

    assert not status.running and not status.stalled
    assert status.signers[0].note == "Fatal: out of luck"
    assert status.rpc.note == "it left no log"


def test_a_long_folder_gets_a_short_socket(tmp_path: Path) -> None:
    long = tmp_path / ("deep" * 30)

    assert socket_path(tmp_path, "rpc") == tmp_path / "rpc" / "geth.ipc"
    assert len(os.fsencode(socket_path(long, "rpc"))) <= 100
    assert socket_path(long, "rpc") != socket_path(long / "other", "rpc")
    for folder in (long, long / "other"):
        socket_path(folder, "rpc").parent.rmdir()


def test_nothing_at_an_address_is_silence(tmp_path: Path) -> None:
    for where in (tmp_path / "no.ipc", f"http://127.0.0.1:{ports.free_ports(1)[0]}"):
        with pytest.raises(Silent):
            Endpoint(where).call("eth_blockNumber")


@pytest.mark.parametrize(("period_s", "limit_s"), [(1, 15), (2, 15), (5, 15), (6, 18), (60, 180)])
def test_a_chain_stands_still_after_the_longer_of_15_s_and_3_periods(
    period_s: int, limit_s: int
) -> None:
    assert not is_stalled(limit_s, period_s)
    assert is_stalled(limit_s + 1, period_s)


@pytest.mark.parametrize(("signers", "may_be_down"), [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)])
def test_the_way_out_of_a_stall_depends_on_who_is_alive(signers: int, may_be_down: int) -> None:
    assert signers - needed(signers) == may_be_down
    assert "devnet unstall" in way_out(signers - may_be_down, signers)
    assert "devnet up" in way_out(signers - may_be_down - 1, signers)
