"""A chain of one's own: several signers and a node for RPC, each a process on this machine."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devnet import client, disk, making, options, ports, record, starting
from devnet.errors import DevnetError
from devnet.node import MIN_FREE_MB, Node
from devnet.options import Wanted
from devnet.record import Record
from devnet.status import Status, collect
from devnet.stopping import stop

Progress = Callable[[str], None]


def quiet(_: str) -> None:
    """Tell nobody."""


class Devnet:
    """The chain whose files are in `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.expanduser().resolve()

    def up(
        self,
        *,
        accounts_dir: Path,
        signers: int | None = None,
        period_s: int | None = None,
        gas_limit: int | None = None,
        chain_id: int | None = None,
        accounts: Sequence[str] | None = None,
        rpc_port: int | None = None,
        progress: Progress = quiet,
    ) -> Status:
        """Start whatever does not run, making the chain if there is none; return when it seals.

        None means as recorded, or the default of a new chain. `rpc_port` 0 is any free one.
        """
        wanted = Wanted(signers, period_s, gas_limit, chain_id, accounts, rpc_port)
        with self._alone():
            program = client.find_or_build(progress)
            disk.require_free(self.data_dir, 2 * MIN_FREE_MB * 1_000_000)
            found = record.load(self.data_dir)
            if found is None:
                progress("making keys and the first block")
                found = self._make(wanted, accounts_dir)
            else:
                options.refuse_change(found, wanted)
                found = self._reach(found, wanted.rpc_port)
            found = starting.start(self.data_dir, found, self._nodes(found), program, progress)
            return collect(found, self._nodes(found))

    def down(self, progress: Progress = quiet) -> None:
        """Stop every node and wait until each has written its state down."""
        if self.data_dir.exists():
            with self._alone():
                found = record.load(self.data_dir)
                if found is not None:
                    stop(self._nodes(found), progress)

    def status(self) -> Status:
        """How the chain is doing."""
        found = self.record()
        return collect(found, self._nodes(found))

    def reset(self, progress: Progress = quiet) -> None:
        """Stop the chain and remove it; the operating accounts and their passphrase stay."""
        if not self.data_dir.exists():
            return
        with self._alone():
            found = record.load(self.data_dir)
            if found is None:
                making.refuse_foreign(self.data_dir)
                return
            nodes = self._nodes(found)
            stop(nodes, progress)
            for node in nodes:
                node.socket.unlink(missing_ok=True)
                shutil.rmtree(node.folder)
            (self.data_dir / making.GENESIS_FILE).unlink(missing_ok=True)
            (self.data_dir / record.FILE).unlink()

    def unstall(self, progress: Progress = quiet, below: int | None = None) -> Status:
        """Take every node back behind a split, or below a block, let them meet again and seal."""
        with self._alone():
            found = self.record()
            nodes = self._nodes(found)
            program = client.find_or_build(progress)
            starting.require_running(nodes)
            starting.go_back(self.data_dir, found, nodes, program, progress, below)
            return collect(found, nodes)

    def record(self) -> Record:
        """What is written down about the chain; DevnetError when there is none."""
        found = record.load(self.data_dir)
        if found is None:
            raise DevnetError(
                f"there is no chain in {self.data_dir}",
                "make one with `waterline devnet up`",
                "no_chain",
            )
        return found

    def nodes(self) -> list[Node]:
        """Every node of the chain: the signers, then the one that serves RPC."""
        return self._nodes(self.record())

    def node(self, name: str) -> Node:
        """A node by its name, or a signer by its number."""
        nodes = self.nodes()
        for node in nodes:
            if name in (node.name, node.name.removeprefix("signer-")):
                return node
        raise DevnetError(
            f"there is no node {name}", f"name one of {', '.join(n.name for n in nodes)}", "usage"
        )

    def _nodes(self, found: Record) -> list[Node]:
        return [Node(self.data_dir, found, member) for member in found.members]

    def _make(self, wanted: Wanted, accounts_dir: Path) -> Record:
        making.refuse_foreign(self.data_dir)
        settings = options.settle(wanted)
        rpc_port = ports.rpc_port(wanted.rpc_port)
        with disk.written(self.data_dir):
            folder = accounts_dir.expanduser().resolve()
            return making.make(self.data_dir, settings, folder, rpc_port)

    def _reach(self, found: Record, rpc_port: int | None) -> Record:
        """The same chain through ports that are still free; running nodes keep theirs."""
        stopped = [node for node in self._nodes(found) if node.pid() is None]
        taken = [node.name for node in stopped if not ports.is_free(node.member.port)]
        moved = dict(zip(taken, ports.free_ports(len(taken)), strict=True))
        if any(node.name == record.RPC_NODE for node in stopped):
            if rpc_port in (None, found.rpc_port):
                ports.require_free(found.rpc_port, "RPC")
                return found.with_ports(moved, found.rpc_port)
            return found.with_ports(moved, ports.rpc_port(rpc_port))
        if rpc_port not in (None, 0, found.rpc_port):
            raise DevnetError(
                f"the chain serves RPC on port {found.rpc_port} already, not {rpc_port}",
                "run `waterline devnet down` first",
                "usage",
            )
        return found.with_ports(moved, found.rpc_port)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One command at a time works on a chain."""
        with disk.written(self.data_dir):
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._lock(lock)
            yield
        finally:
            os.close(lock)

    def _lock(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DevnetError(
                f"another command works on the chain in {self.data_dir}",
                "wait until it has ended",
                "busy",
            ) from error
