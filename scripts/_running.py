"""An oracle that runs for months: on one journal, or on a lane that it has while no other does."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scripts import _oracle
from scripts._shared import Session, home

if TYPE_CHECKING:
    from oracle.buses import Leased
    from oracle.config import Feeds
    from oracle.lease import Lease
    from oracle.oracle import Oracle
    from oracle.report import Report
    from oracle.sources.bus import Bus

HOLDER = "holder"  # the file with this oracle's name, which no other has
LOOKS_EVERY_S = 0.2


@dataclass(frozen=True)
class Work:
    """What `oracle run` was asked to do; `leaving` says that it is time to leave."""

    here: Session
    wanted: "Feeds"
    password_file: Path | None
    tell: _oracle.Voice
    leaving: Callable[[], bool]


@dataclass(frozen=True)
class Turn:
    """A stretch of it on one journal: how it begins, and when it is over."""

    journal: Path
    begin: "Callable[[Oracle], Bus | None]"
    over: "Callable[[Oracle], bool]"


def run(work: Work) -> "Report | None":
    """Feed until it is time to leave; what came of it, None where the lane was never ours."""
    wanted = work.wanted
    folder = wanted.journal or home() / "oracle"
    if wanted.lease is None or wanted.bus is None:
        return _fed(work, Turn(folder, lambda _: wanted.bus, lambda _: work.leaving()))
    return _leased(work, wanted.lease, wanted.bus, folder)


def _leased(work: Work, leased: "Leased", bus: "Bus", folder: Path) -> "Report | None":
    """Feed the lane in every term in which it is ours."""
    from oracle.lease import Lease
    from oracle.store import locked
    from oracle.takeover import folder_of

    now, lock = None, locked(folder)
    about = (bus.server, leased.lane, _holder(folder), leased.ttl_s, bus.replicas, work.tell)
    lease = Lease(*about)
    lease.open()
    try:
        work.tell("waits for its lane", lane=leased.lane)
        while (term := lease.wait(work.leaving)) is not None:
            now = _fed(work, _turn(work, leased, bus, lease, term, folder_of(folder, term)))
    finally:
        lease.close()
        lock.close()
    return now


def _holder(folder: Path) -> str:
    path = folder / HOLDER
    if not path.exists():
        path.write_text(secrets.token_hex(8), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def _turn(
    work: Work, leased: "Leased", bus: "Bus", lease: "Lease", term: int, journal: Path
) -> Turn:
    """A term: it sends while the lease lasts, and ends where the chain has another's batches."""

    def over(oracle: "Oracle") -> bool:
        if oracle.relays.foreign:
            lease.begin_anew()
        return work.leaving() or lease.term != term

    def begin(oracle: "Oracle") -> "Bus | None":
        oracle.relays.keep_to(leased.contract, leased.relay_group)
        oracle.relays.may_send = lambda: lease.term == term
        oracle.takes_homes = False
        if not _settled(oracle, leased, lambda: over(oracle)):
            return None
        for mappings in work.wanted.spoken.values():
            for mapping in mappings:
                oracle.prepare(mapping)
        oracle.prepare_signed()
        return replace(bus, durable=f"{bus.durable}-{term}", since_at=oracle.recall())

    return Turn(journal, begin, over)


def _settled(oracle: "Oracle", leased: "Leased", over: Callable[[], bool]) -> bool:
    """Wait until a new journal can begin where its lane stands; False where the turn is over."""
    from oracle.lanes import lane_of
    from oracle.takeover import stands_still

    lane = lane_of(oracle.ledger, leased.contract, leased.relay_group, oracle.relays.owners)
    while oracle.relays.new and not stands_still(oracle.ledger, lane, oracle.policy):
        if over():
            return False
        time.sleep(LOOKS_EVERY_S)
    return True


def _fed(work: Work, turn: Turn) -> "Report":
    """Feed on one journal until its turn is over."""
    from oracle import feed
    from oracle.report import report

    here, wanted, tell = work.here, work.wanted, work.tell
    with _oracle.running(here, wanted, work.password_file, tell, turn.journal) as oracle:
        tell("oracle runs", journal=str(turn.journal), poll_s=wanted.poll_s)
        bus = turn.begin(oracle)
        if turn.over(oracle):
            return report(oracle.journal)
        leaves = lambda: turn.over(oracle)  # noqa: E731
        with (
            _oracle.warning(oracle, wanted, tell) as jobs,
            _oracle.watched(oracle, wanted, jobs, tell) as beat,
            _oracle.waiting(oracle, wanted, leaves, tell, beat, bus) as wait,
        ):
            kept = _oracle.keeping(oracle, wanted, wait, tell)
            feed.watch(oracle, wanted.inputs, kept, wanted.poll_s, tell, wanted.most_waiting)
        return report(oracle.journal)
