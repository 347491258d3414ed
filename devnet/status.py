"""How a chain is doing, as its nodes tell it."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from devnet.node import Node
from devnet.record import RPC_NODE, Record
from devnet.rpc import Endpoint, Refused, Silent

# a chain without a block for the longer of these stands still
STALLED_AFTER_S = 15
STALLED_AFTER_PERIODS = 3

# how far back a signer's last block is looked for
_SEALS_LOOKED_AT = 256


@dataclass(frozen=True, slots=True)
class SignerStatus:
    """One signer; what only a running node knows is None."""

    index: int
    name: str
    address: str
    alive: bool
    pid: int | None
    head: int | None
    last_sealed: int | None  # None as well when it sealed none of the last 256 blocks
    peers: int | None
    note: str | None  # why a dead node left


@dataclass(frozen=True, slots=True)
class RpcStatus:
    """The node without keys that serves RPC."""

    alive: bool
    pid: int | None
    head: int | None
    peers: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """A chain and its nodes."""

    client: str
    consensus: str
    chain_id: int
    genesis_hash: str | None
    rpc_url: str
    ipc: dict[str, str]
    period_s: int
    gas_limit: int
    head: int | None
    head_at: int | None
    head_age_s: int | None
    stalled: bool
    way_out: str | None
    signers: tuple[SignerStatus, ...]
    rpc: RpcStatus
    accounts: dict[str, str]

    @property
    def running(self) -> bool:
        """Whether any node runs."""
        return self.rpc.alive or any(signer.alive for signer in self.signers)

    def as_json(self) -> dict[str, Any]:
        """The status as one document."""
        return asdict(self) | {"running": self.running}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one node tells."""

    pid: int | None
    head: int | None = None
    head_at: int | None = None
    peers: int | None = None
    note: str | None = None


def collect(record: Record, nodes: Sequence[Node], now: float | None = None) -> Status:
    """Ask every node."""
    seen = {node.name: _look(node) for node in nodes}
    speaking = [node for node in nodes if seen[node.name].head is not None]
    best = max(speaking, key=lambda node: seen[node.name].head or 0, default=None)
    head = seen[best.name].head if best else None
    head_at = seen[best.name].head_at if best else None
    age_s = None if head_at is None else max(0, int((now or time.time()) - head_at))
    seals = _last_seals(best.rpc(), head) if best and head is not None else {}
    alive = sum(seen[signer.name].pid is not None for signer in record.signers)
    stalled = age_s is not None and is_stalled(age_s, record.period_s)
    return Status(
        client=record.client,
        consensus="clique",
        chain_id=record.chain_id,
        genesis_hash=record.genesis_hash,
        rpc_url=record.rpc_url,
        ipc={node.name: str(node.socket) for node in nodes},
        period_s=record.period_s,
        gas_limit=record.gas_limit,
        head=head,
        head_at=head_at,
        head_age_s=age_s,
        stalled=stalled,
        way_out=way_out(alive, len(record.signers)) if stalled else None,
        signers=tuple(
            _signer(index, node, seen[node.name], seals)
            for index, node in enumerate((n for n in nodes if n.member.address), start=1)
        ),
        rpc=_rpc(seen[RPC_NODE]),
        accounts=dict(record.accounts),
    )


def is_stalled(head_age_s: int, period_s: int) -> bool:
    """Whether a head of this age means that the chain stands still."""
    return head_age_s > max(STALLED_AFTER_S, STALLED_AFTER_PERIODS * period_s)


def needed(signers: int) -> int:
    """How many of so many signers must run: each seals at most one in so many blocks."""
    return signers // 2 + 1


def way_out(alive: int, signers: int) -> str:
    """What to do about a chain that stands still."""
    if alive < needed(signers):
        return (
            f"{alive} of {signers} signers run and {needed(signers)} are needed:"
            " `waterline devnet up` starts the others"
        )
    return (
        "enough signers run, but they do not agree: `waterline devnet unstall` takes every node"
        f" back {needed(signers)} blocks and lets them seal again"
    )


def _look(node: Node) -> _Seen:
    pid = node.pid()
    if pid is None:
        return _Seen(None, note=node.complaint())
    rpc = node.rpc(timeout_s=3)
    try:
        block = rpc.call("eth_getBlockByNumber", "latest", False)
        return _Seen(
            pid,
            int(block["number"], 16),
            int(block["timestamp"], 16),
            rpc.number("net_peerCount"),
        )
    except (Silent, Refused) as error:
        return _Seen(pid, note=f"it runs but does not answer: {error}")


def _last_seals(rpc: Endpoint, head: int) -> dict[str, int]:
    """The last block that each signer sealed, among the latest ones."""
    numbers = range(head, max(0, head - _SEALS_LOOKED_AT), -1)
    last: dict[str, int] = {}
    try:
        sealed_by = rpc.calls("clique_getSigner", [[hex(number)] for number in numbers])
    except (Silent, Refused):
        return last
    for number, signer in zip(numbers, sealed_by, strict=True):
        last.setdefault(str(signer).lower(), number)
    return last


def _signer(index: int, node: Node, seen: _Seen, seals: dict[str, int]) -> SignerStatus:
    address = node.member.address or ""
    return SignerStatus(
        index=index,
        name=node.name,
        address=address,
        alive=seen.pid is not None,
        pid=seen.pid,
        head=seen.head,
        last_sealed=seals.get(address.lower()),
        peers=seen.peers,
        note=seen.note,
    )


def _rpc(seen: _Seen) -> RpcStatus:
    return RpcStatus(seen.pid is not None, seen.pid, seen.head, seen.peers, seen.note)
