"""Starting nodes, letting them meet, and only then letting them seal."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from devnet import record as records
from devnet.client import Client
from devnet.errors import DevnetError
from devnet.making import GENESIS_FILE
from devnet.node import Node
from devnet.record import Record
from devnet.rpc import Silent
from devnet.status import STALLED_AFTER_PERIODS, STALLED_AFTER_S, is_stalled, needed, way_out
from devnet.stopping import stop

Progress = Callable[[str], None]

_ANSWERS_WITHIN_S = 60
_MEETS_WITHIN_S = 60
_CATCHES_UP_WITHIN_S = 120
_LOOKS_EVERY_S = 0.05


def start(
    data_dir: Path,
    record: Record,
    nodes: Sequence[Node],
    program: Client,
    progress: Progress,
    at_most: int | None = None,
) -> Record:
    """Start the nodes that do not run; return when the chain seals, with the record as it is.

    With `at_most`, no node keeps a block past that one.
    """
    stopped = [node for node in nodes if node.pid() is None]
    if stopped:
        progress(f"starting {', '.join(node.name for node in stopped)}")
    try:
        with ThreadPoolExecutor(len(nodes)) as threads:
            list(threads.map(lambda node: _start(node, program, data_dir), stopped))
            list(threads.map(_wait_until_it_answers, nodes))
            genesis_hash = _same_genesis(record, nodes)
            known = nodes[-1].rpc().call("web3_clientVersion")
            record = replace(record, genesis_hash=genesis_hash, client=known)
            records.save(data_dir, record)
            if at_most is not None:
                _set_head(nodes, at_most)
            _introduce(nodes, new=stopped)
            if stopped:
                progress("waiting until the nodes agree on the head")
                weight = max(_weight(node) for node in nodes)
                list(threads.map(lambda node: _catch_up(node, weight), nodes))
    except BaseException as error:
        gone = [node for node in nodes if node.pid() is None]
        # nothing half done: what was started here is stopped again
        for node in stopped:
            node.ask_to_stop()
        if isinstance(error, Silent) and gone:
            raise _left(gone[0]) from error
        raise
    for node in in_turn_last(_signers(nodes), max(_head(node) for node in nodes)):
        node.rpc().call("miner_start")
    if stopped or _stands_still(record, nodes):
        _wait_for_block(record, nodes, progress)
    return record


def in_turn_last(signers: Sequence[Node], head: int) -> list[Node]:
    """Signers in the order in which they may begin to seal: whose turn the next block is, last.

    A node takes no block from others before it seals itself. The block in turn is the heavier one
    (EIP-225), so when it comes last every node hears of it, and none is left alone with its own.
    """
    ordered = sorted(signers, key=lambda node: str(node.member.address).lower())
    turn = (head + 1) % len(ordered)
    return [*ordered[:turn], *ordered[turn + 1 :], ordered[turn]]


def _stands_still(record: Record, nodes: Sequence[Node]) -> bool:
    head_at = int(nodes[-1].rpc().call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    return is_stalled(int(time.time() - head_at), record.period_s)


def _wait_for_block(record: Record, nodes: Sequence[Node], progress: Progress) -> None:
    before = max(_head(node) for node in nodes)
    progress("waiting for a block")
    patience_s = max(STALLED_AFTER_S, STALLED_AFTER_PERIODS * record.period_s) + record.period_s
    if not _until(lambda: _head(nodes[-1]) > before, patience_s):
        alive = sum(node.pid() is not None for node in _signers(nodes))
        raise DevnetError(
            f"no block after {before} within {patience_s} s",
            way_out(alive, len(record.signers)),
            "stalled",
        )


def require_running(nodes: Sequence[Node]) -> None:
    """Refuse to go on unless every node answers."""
    silent = [node.name for node in nodes if not node.answers()]
    if silent:
        raise DevnetError(
            f"not running: {', '.join(silent)}",
            "start them with `waterline devnet up`",
            "not_running",
        )


def go_back(
    data_dir: Path,
    record: Record,
    nodes: Sequence[Node],
    program: Client,
    progress: Progress,
    below: int | None = None,
) -> None:
    """Take every node back behind a split, and start them anew, so that none remembers it.

    A node that hears of the abandoned blocks from a peer would go after them, hence the restart;
    taken back before it, as only a running node still holds the states of its last blocks.
    """
    for node in _signers(nodes):
        node.rpc().call("miner_stop")
    behind = min(_head(node) for node in nodes) - needed(len(record.signers))
    target = max(0, behind if below is None else min(behind, below - 1))
    progress(f"taking every node back to block {target}")
    _set_head(nodes, target)
    stop(nodes, progress)
    start(data_dir, record, nodes, program, progress, at_most=target)


def _set_head(nodes: Sequence[Node], number: int) -> None:
    for node in nodes:
        if _head(node) > number:
            node.rpc(timeout_s=60).call("debug_setHead", hex(number))


def _start(node: Node, program: Client, data_dir: Path) -> None:
    node.prepare(program, data_dir / GENESIS_FILE)
    node.start(program)


def _wait_until_it_answers(node: Node) -> None:
    def done() -> bool:
        if node.pid() is None:
            raise _left(node)
        return node.socket.exists() and node.answers()

    if not _until(done, _ANSWERS_WITHIN_S):
        raise DevnetError(
            f"{node.name} does not answer after {_ANSWERS_WITHIN_S} s",
            f"look into `waterline devnet logs --node {node.name}`",
            "node_failed",
        )


def _left(node: Node) -> DevnetError:
    return DevnetError(
        f"{node.name} does not stay up: {node.complaint()}",
        f"its whole log: `waterline devnet logs --node {node.name}`",
        "node_failed",
    )


def _same_genesis(record: Record, nodes: Sequence[Node]) -> str:
    """The hash of the first block, which every node and the record must share."""
    expected = record.genesis_hash
    for node in nodes:
        found = str(node.rpc().call("eth_getBlockByNumber", "0x0", False)["hash"])
        expected = expected or found
        if found != expected:
            raise DevnetError(
                f"{node.folder} holds another chain: its first block is {found}, not {expected}",
                "put its data back, or remove the folder's geth/chaindata, so that the node"
                " fetches the chain from the others",
                "foreign_chain",
            )
    assert expected is not None
    return expected


def _introduce(nodes: Sequence[Node], new: Sequence[Node]) -> None:
    """Let every pair meet: the one started now dials, and of two such the later one.

    Two dials at once can end each other, and a failed dial is repeated after 35 s only.
    """
    until = time.monotonic() + _MEETS_WITHIN_S
    known = [node for node in nodes if node not in new]
    for node in new:
        for other in known:
            node.rpc().call("admin_addPeer", other.member.enode)
        known.append(node)
    while lonely := [node for node in nodes if _peers(node) < len(nodes) - 1]:
        if time.monotonic() > until:
            raise DevnetError(
                f"{lonely[0].name} finds {_peers(lonely[0])} of {len(nodes) - 1} peers",
                f"look into `waterline devnet logs --node {lonely[0].name}`",
                "no_peers",
            )
        time.sleep(_LOOKS_EVERY_S)


def _catch_up(node: Node, weight: int) -> None:
    """Wait until a node's chain is as heavy as the heaviest was.

    A node that was killed has lost the states of its last blocks: sealing before it has fetched
    them again would begin a fork.
    """
    if not _until(lambda: _weight(node) >= weight, _CATCHES_UP_WITHIN_S):
        raise DevnetError(
            f"{node.name} stays behind the others, at block {_head(node)}",
            f"look into `waterline devnet logs --node {node.name}`",
            "node_behind",
        )


def _until(done: Callable[[], bool], within_s: float) -> bool:
    until = time.monotonic() + within_s
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOKS_EVERY_S)
    return True


def _head(node: Node) -> int:
    return node.rpc().number("eth_blockNumber")


def _peers(node: Node) -> int:
    return node.rpc().number("net_peerCount")


def _weight(node: Node) -> int:
    """Total difficulty up to the node's head: the heavier chain is the one that counts."""
    return int(node.rpc().call("eth_getBlockByNumber", "latest", False)["totalDifficulty"], 16)


def _signers(nodes: Sequence[Node]) -> list[Node]:
    return [node for node in nodes if node.member.address]
