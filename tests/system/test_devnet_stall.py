"""A split of equal weight, the one stall that happens with every signer alive: told, and left."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from devnet import Devnet, DevnetError, client
from devnet.node import Node
from devnet.stopping import stop

pytestmark = pytest.mark.chain


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Devnet]:
    net = Devnet(tmp_path / "chain")
    net.up(accounts_dir=tmp_path / "accounts", accounts=[], signers=4, period_s=1, rpc_port=0)
    yield net
    net.reset()


def test_a_split_of_equal_weight_is_told_and_unstall_leaves_it(net: Devnet, tmp_path: Path) -> None:
    split(net)

    with pytest.raises(DevnetError) as failure:
        net.up(accounts_dir=tmp_path / "accounts")
    code, told = shown(net)

    assert failure.value.code == "stalled"
    assert "devnet unstall" in failure.value.remedy
    assert code == 6
    assert told["stalled"] and "devnet unstall" in told["way_out"]
    assert [signer["alive"] for signer in told["signers"]] == [True] * 4

    left = net.unstall()

    assert not left.stalled
    waited_for(lambda: head(net.node("rpc")) > told["head"] + 4)
    common = hex(told["head"])
    assert len({block(node, common)["hash"] for node in net.nodes()}) == 1


def split(net: Devnet) -> None:
    """Let two pairs of four signers end, apart from each other, at the same total difficulty.

    When the last two blocks were sealed by c and d in turn, only a and b, whose turns come next,
    may seal. {a, d}: a in its turn weighs 2, and d has sealed too recently. {b, c}: b and then c,
    out of turn, weigh 1 each. Together again, neither side is heavier, and all four must wait.
    """
    nodes = {str(node.member.address).lower(): node for node in net.nodes()[:-1]}
    a, b, c, d = in_turn_next(net.node("rpc"), list(nodes.values()), sorted(nodes))
    number = head(a)
    stop([b, c], print)
    seal(a, number + 1)
    waited_for(lambda: head(d) == number + 1)
    stop([a, d, net.node("rpc")], print)

    program = client.find()
    assert program is not None
    for node in (b, c):
        node.start(program)
        waited_for(node.answers)
    c.rpc().call("admin_addPeer", b.member.enode)
    waited_for(lambda: b.rpc().number("net_peerCount") == 1)
    for node in (c, b):  # c first, which has sealed too recently for the first of the two
        node.rpc().call("miner_start")
    waited_for(lambda: head(b) == head(c) == number + 2)


def in_turn_next(rpc: Node, signers: Sequence[Node], addresses: Sequence[str]) -> list[Node]:
    """The signers in the order of their turns, sealing no more, the last two blocks in turn."""
    for _ in range(20):
        for node in signers:
            node.rpc().call("miner_start")
        before = head(rpc)
        waited_for(lambda before=before: head(rpc) > before + 1)  # type: ignore[misc]
        for node in signers:
            node.rpc().call("miner_stop")
        time.sleep(0.5)
        number = head(rpc)
        turns = [addresses[(number + turn) % 4] for turn in (1, 2, 3, 4)]
        sealed = [rpc.rpc().call("clique_getSigner", hex(number - back)) for back in (1, 0)]
        if sealed == turns[2:] and {head(node) for node in signers} == {number}:
            known = {str(node.member.address).lower(): node for node in signers}
            return [known[address] for address in turns]
    raise AssertionError("never two blocks in turn")


def seal(node: Node, until: int) -> None:
    node.rpc().call("miner_start")
    waited_for(lambda: head(node) == until)
    node.rpc().call("miner_stop")


def shown(net: Devnet) -> tuple[int, dict[str, Any]]:
    """Exit code and document of `waterline devnet status --json`."""
    program = str(Path(sys.executable).parent / "waterline")
    done = subprocess.run(
        [program, "devnet", "status", "--json", "--data-dir", str(net.data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def block(node: Node, which: str) -> dict[str, Any]:
    found: dict[str, Any] = node.rpc().call("eth_getBlockByNumber", which, False)
    return found


def head(node: Node) -> int:
    return int(block(node, "latest")["number"], 16)


def waited_for(done: Callable[[], bool], within_s: float = 30) -> None:
    until = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.05)
