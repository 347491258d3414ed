"""An oracle that runs for months: on one journal, or on a lane that it has while no other does."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scripts import _oracle
from scripts._shared import Session, home

if TYPE_CHECKING:
    from oracle.buses import Leased
    from oracle.config import Feeds
    from oracle.health import HealthServer
    from oracle.lease import Lease
    from oracle.oracle import Oracle
    from oracle.places import Place, Server
    from oracle.report import Report
    from oracle.sources.bus import Bus

HOLDER = "holder"  # the file with this oracle's name, which no other has
LOOKS_EVERY_S = 0.2
BUSY_S = 1.0  # between two looks at a journal that another process writes
AWAY_S, MOST_AWAY_S = 0.5, 30.0  # before a server is asked again, each time longer


@dataclass(frozen=True)
class Work:
    """What `oracle run` was asked to do; `leaving` says that it is time to leave.

    `server` has the pages about it, if a port is named.
    """

    here: Session
    wanted: "Feeds"
    password_file: Path | None
    tell: _oracle.Voice
    leaving: Callable[[], bool]
    server: "HealthServer | None" = None


@dataclass(frozen=True)
class Turn:
    """A stretch of it on one journal: how it begins, and when it is over."""

    journal: "Place"
    begin: "Callable[[Oracle], Bus | None]"
    over: "Callable[[Oracle], bool]"


class Away:
    """How long a server's journal was out of reach: told once, looked for ever more seldom."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell, self._why, self._pause_s, self._begun = tell, "", AWAY_S, time.monotonic()

    def begin(self) -> None:
        """It is opened now."""
        self._begun = time.monotonic()

    def note(self, event: str, why: str) -> None:
        """It is out of reach."""
        if time.monotonic() - self._begun > MOST_AWAY_S:
            self._why, self._pause_s = "", AWAY_S  # it went well for a while
        if why != self._why:
            self._tell(event, why=why)
        self._why = why

    def wait(self, leaving: Callable[[], bool], most_s: float = MOST_AWAY_S) -> None:
        """Wait before it is opened again, longer each time."""
        until = time.monotonic() + min(self._pause_s, most_s)
        while time.monotonic() < until and not leaving():
            time.sleep(LOOKS_EVERY_S)
        self._pause_s = min(2 * self._pause_s, MOST_AWAY_S)


def run(work: Work) -> "Report | None":
    """Feed until it is time to leave; what came of it, None where it was another's all the time.

    Metrics and health are served all the while, also while it stands by.
    """
    with _oracle.served(work.wanted, work.tell) as server:
        return _run(replace(work, server=server))


def _run(work: Work) -> "Report | None":
    from oracle.places import Server

    wanted = work.wanted
    place = wanted.journal or home() / "oracle"
    if wanted.lease is not None and wanted.bus is not None:
        return _leased(work, wanted.lease, wanted.bus, place)
    turn = Turn(place, lambda _: wanted.bus, lambda _: work.leaving())
    if isinstance(place, Server):
        return _shared(work, turn, work.leaving, lambda: None)
    return _fed(work, turn)


def _shared(
    work: Work, turn: Turn, leaving: Callable[[], bool], make_way: Callable[[], None]
) -> "Report | None":
    """Feed on a server's journal, again whenever the server went away or another process wrote.

    `make_way` is called while another process has the journal.
    """
    from oracle.places import JournalAway, JournalBusy

    now, away = None, Away(work.tell)
    while not leaving():
        away.begin()
        try:
            now = _fed(work, turn)
        except JournalBusy as error:
            away.note("waits for its journal", error.message)
            with suppress(JournalAway):
                make_way()
            away.wait(leaving, BUSY_S)
        except JournalAway as error:
            away.note("journal is away", error.message)
            away.wait(leaving)
    return now


def _leased(work: Work, leased: "Leased", bus: "Bus", place: "Place") -> "Report | None":
    """Feed the lane in every term in which it is ours."""
    from oracle.lease import Lease
    from oracle.places import Server
    from oracle.takeover import folder_of

    now = None
    with _named(place) as holder:
        about = (bus.server, leased.lane, holder, leased.ttl_s, bus.replicas, work.tell)
        lease = Lease(*about)
        lease.open()
        try:
            work.tell("waits for its lane", lane=leased.lane)
            while (term := lease.wait(work.leaving)) is not None:
                if isinstance(place, Server):
                    now = _in_term(work, leased, bus, lease, term, place) or now
                else:
                    folder = folder_of(place, term)
                    now = _fed(work, _turn(work, leased, bus, lease, term, folder))
        finally:
            lease.close()
    return now


def _in_term(
    work: Work, leased: "Leased", bus: "Bus", lease: "Lease", term: int, server: "Server"
) -> "Report | None":
    """Feed on the journal that all terms share; who had the lane before makes way.

    BadRecord where the journal is another lane's, which is left in peace.
    """
    from oracle.postgres import evict
    from oracle.takeover import require_own

    def over() -> bool:
        return work.leaving() or lease.term != term

    def make_way() -> None:
        require_own(server, leased.contract, leased.relay_group)
        evict(server)

    turn = _turn(work, leased, bus, lease, term, server)
    return _shared(work, turn, over, make_way)


@contextmanager
def _named(place: "Place") -> Iterator[str]:
    """A name that no other process has meanwhile: of a folder always the same one."""
    from oracle.embedded import locked
    from oracle.places import Server

    if isinstance(place, Server):
        yield secrets.token_hex(8)
        return
    with locked(place):
        yield _holder(place)


def _holder(folder: Path) -> str:
    path = folder / HOLDER
    if not path.exists():
        path.write_text(secrets.token_hex(8), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def _turn(
    work: Work, leased: "Leased", bus: "Bus", lease: "Lease", term: int, journal: "Place"
) -> Turn:
    """A term: it sends while the lease lasts.

    One with a journal of its own ends where the chain has another's batches. A journal that the
    terms share goes on as it is, but a new one begins where the chain stands, as a term's own does.
    """
    from oracle.takeover import require_own

    shared = not isinstance(journal, Path)

    def over(oracle: "Oracle") -> bool:
        if oracle.relays.foreign and not shared:
            lease.begin_anew()
        return work.leaving() or lease.term != term

    def begin(oracle: "Oracle") -> "Bus | None":
        require_own(journal, leased.contract, leased.relay_group)
        oracle.relays.keep_to(leased.contract, leased.relay_group)
        oracle.relays.may_send = lambda: lease.term == term
        oracle.takes_homes = shared
        if shared and not oracle.relays.new:
            return bus
        if not _settled(oracle, leased, lambda: over(oracle)):
            return None
        for mappings in work.wanted.spoken.values():
            for mapping in mappings:
                oracle.prepare(mapping)
        oracle.prepare_signed()
        durable = bus.durable if shared else f"{bus.durable}-{term}"
        return replace(bus, durable=durable, since_at=oracle.recall())

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
    with (
        _oracle.troubled(tell) as troubles,
        _oracle.running(here, wanted, work.password_file, tell, turn.journal) as oracle,
    ):
        tell("oracle runs", journal=str(turn.journal), poll_s=wanted.poll_s)
        bus = turn.begin(oracle)
        if turn.over(oracle):
            return report(oracle.journal)

        def leaves() -> bool:
            oracle.journal.touch()
            return turn.over(oracle)

        with (
            _oracle.warning(oracle, wanted, tell, troubles) as jobs,
            _oracle.watched(oracle, wanted, jobs, tell, work.server) as beat,
            _oracle.waiting(oracle, wanted, leaves, tell, beat, bus) as wait,
        ):
            kept = _oracle.keeping(oracle, wanted, wait, tell)
            feed.watch(oracle, wanted.inputs, kept, wanted.poll_s, tell, wanted.most_waiting)
        return report(oracle.journal)
