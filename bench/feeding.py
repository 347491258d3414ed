"""An oracle that runs in a process of its own while something is done to its chain."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from web3.exceptions import Web3Exception

from bench.crash import FINAL_S, OracleFailed, Town, end_of, ended, forked
from bench.tally import Rows, Verdict, compared, in_journal, in_rows, on_chain
from ledger.channels import Channel
from ledger.deployment import Ledger
from ledger.devices import channels
from ledger.endpoints import Patience, connect_each
from ledger.errors import BadRecord, ChainUnreachable
from oracle.feed import watch
from oracle.journal import Journal
from oracle.oracle import Oracle
from oracle.quorum import Quorum
from oracle.store import Store

POLL_S = 0.2
BREATH_S = 0.05
RESTARTS_EVERY_S = 0.2


@dataclass(frozen=True)
class Hands:
    """What can be done to the chain, and seen of it from outside."""

    rpc_url: str
    signers: Sequence[str]
    rpc_node: str
    kill: Callable[[str], None]  # a node, by its name
    leave: Callable[[str], None]  # the same in order, as when its machine is restarted
    restore: Callable[[], None]  # `waterline devnet up`
    take_back: Callable[[int], int]  # so many blocks; how many it were
    head: Callable[[], int]
    founded: int  # the last block of what the town was made with


@dataclass
class Bench:
    """A town, its growing files, and the means to disturb it."""

    town: Town
    hands: Hands
    rows: Rows
    seed: int
    quick: bool
    say: Callable[[str], None]
    folder: Path
    fed: int = field(default=0)

    def feed(self, count: int) -> None:
        """So many more rows in each file."""
        self.rows.append(count)
        self.fed += count

    def scaled(self, quick: int, full: int) -> int:
        """How much of something."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Way:
    """How an oracle reaches the chain, and how patient it is."""

    urls: Sequence[str]
    patience: Patience = field(default_factory=lambda: Patience(3.0))
    poll_s: float = POLL_S


class Running:
    """An oracle's process, from outside."""

    def __init__(self, bench: Bench, town: Town, way: Way) -> None:
        self._town, self._leave = town, town.journal.with_name(f"{town.journal.name}.leave")
        self._leave.unlink(missing_ok=True)
        self._child = forked(lambda: _run(town, way, self._leave), town.log)
        self._say = bench.say

    def finish(self, within_s: float = FINAL_S) -> None:
        """Let it send everything, and leave."""
        self._leave.touch()
        code = ended(self._child, within_s)
        self._child = 0
        if code != 0:
            raise OracleFailed(f"an oracle ended with {code}", end_of(self._town.log))

    def stop(self) -> None:
        """End it, whatever it does."""
        if self._child:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._child, signal.SIGKILL)
                os.waitpid(self._child, 0)
            self._child = 0

    def lives(self) -> bool:
        """Whether it still runs; OracleFailed when it has ended by itself."""
        done, status = os.waitpid(self._child, os.WNOHANG)
        if done:
            self._child = 0
            code = os.waitstatus_to_exitcode(status)
            raise OracleFailed(f"an oracle ended with {code}", end_of(self._town.log))
        return True


@contextmanager
def running(bench: Bench, way: Way | None = None, town: Town | None = None) -> Iterator[Running]:
    """An oracle that is fed while the block lasts; it must finish, or is ended."""
    one = Running(bench, town or bench.town, way or Way([bench.hands.rpc_url]))
    try:
        yield one
        one.finish()
    finally:
        one.stop()


def _run(town: Town, way: Way, leave: Path) -> None:
    """What the oracle's process does: its real work, until it may leave and everything is final."""
    journal = Journal(town.journal, writing=True)
    while (oracle := _started(town, way, journal)) is None:
        time.sleep(RESTARTS_EVERY_S)

    def wait(seconds: float) -> bool:
        time.sleep(seconds)
        return (
            leave.exists() and (oracle.done or oracle.relays.stopped) and _all_read(town, journal)
        )

    watch(oracle, lambda: town.inputs, wait, way.poll_s, _tell)
    journal.close()


def _started(town: Town, way: Way, journal: Journal) -> Oracle | None:
    """The oracle; None where no node answers its first questions, and it must be started again."""
    deployment = town.deployment
    identity = deployment.chain_id, deployment.genesis_hash
    try:
        chain, alone = connect_each(way.urls, way.patience, identity, _tell)
        return Oracle(
            deployment.open(chain),
            journal,
            town.signers,
            town.policy,
            time.time,
            _tell,
            Quorum([deployment.open(one) for one in alone], None, _tell),
        )
    except (ChainUnreachable, Web3Exception) as error:
        _tell("not started", why=str(error))
        return None


def _all_read(town: Town, journal: Journal) -> bool:
    """Whether every row of the files is in the journal: some may have come since they were read."""
    rows = journal.db.execute("SELECT coalesce(sum(rows), 0) FROM source").fetchone()[0]
    return int(rows) == sum(_lines(one.path) - 1 for one in town.inputs)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _tell(event: str, **about: Any) -> None:
    print(f"{time.time():.2f}", event, about, flush=True)


def until(done: Callable[[], bool], within_s: float, every_s: float = BREATH_S) -> bool:
    """Wait until something is so; whether it came to be in time."""
    end = time.monotonic() + within_s
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(every_s)
    return True


def verdict(town: Town) -> Verdict:
    """What was accepted against what is on the chain."""
    rows, chain = rows_and_chain(town)
    return compared(rows, in_journal(town.journal), chain)


def rows_and_chain(town: Town) -> tuple[Any, Any]:
    """Every reading of the files, and every reading of the chain."""
    ledger = town.ledger()
    return in_rows(town.inputs[0].path.parent, _numbers(ledger), town.opened_at), on_chain(ledger)


def _numbers(ledger: Ledger) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], Channel] = {
        (one.device, one.parameter): one for one in channels(ledger)
    }
    return {key: one.id for key, one in found.items()}


def asked(journal: Path, query: str) -> Any:
    """One value of a journal, read beside whoever writes it; None where there is none yet."""
    try:
        store = Store(journal, writing=False)
    except BadRecord:
        return None  # its process has only just begun
    try:
        return store.db.execute(query).fetchone()[0]
    finally:
        store.close()


def settled(town: Town) -> int:
    """How many batches are final."""
    return int(asked(town.journal, "SELECT count(*) FROM batch WHERE state = 'settled'") or 0)


def accepted_and_final(town: Town) -> tuple[int, int]:
    """Readings received, and those that are final."""
    accepted = asked(town.journal, "SELECT coalesce(sum(accepted), 0) FROM channel") or 0
    query = "SELECT coalesce(sum(readings), 0) FROM batch WHERE state = 'settled'"
    return int(accepted), int(asked(town.journal, query) or 0)


def with_journal(town: Town, folder: Path) -> Town:
    """The same town, its oracle with another journal and a log of its own."""
    return replace(town, journal=folder, log=folder.with_name(f"{folder.name}.log"))
