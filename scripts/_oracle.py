"""What the oracle's commands share: the journal, the keys, the mappings, how progress is told."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scripts._shared import Session, addresses_of, home, record_path

if TYPE_CHECKING:
    from ledger.keystores import Signer
    from oracle.config import Feeds
    from oracle.health import HealthServer
    from oracle.household_rows import Households
    from oracle.inputs import Input
    from oracle.mapping import Mapping
    from oracle.oracle import Oracle
    from oracle.places import Place
    from oracle.report import Report
    from oracle.sources.bus import Bus
    from oracle.warnings.desk import Jobs
    from oracle.warnings.troubles import Troubles

NOW = "now"
LOOKS_EVERY_S = 0.2  # while waiting, whether it is time to leave


def journal_place(named: "str | Place | None") -> "Place":
    """Where the journal lies; of a leased lane with folders that of its last term."""
    from oracle.places import Server, place_of
    from oracle.takeover import newest

    place = place_of(named) if isinstance(named, str) else named or home() / "oracle"
    return place if isinstance(place, Server) else newest(place)


def signers(password_file: Path | None) -> "dict[str, Callable[[], Signer]]":
    """How the key of each account here is opened, by its address; none is opened yet."""
    from scripts._signing import aliases, open_account

    return {
        address: partial(open_account, alias, password_file) for alias, address in aliases().items()
    }


class Voice:
    """Tells an event to the log, and to whoever else listens by then."""

    def __init__(self, here: Session) -> None:
        self.listeners = [log(here)]

    def __call__(self, event: str, **keys: object) -> None:
        for listener in self.listeners:
            listener(event, **keys)


@contextmanager
def opened(here: Session, place: "Place", password_file: Path | None) -> "Iterator[Oracle]":
    """The oracle of a journal, which no other process writes meanwhile."""
    from oracle.journal import Journal
    from oracle.oracle import Oracle

    journal = Journal(place, writing=True)
    try:
        yield Oracle(
            here.ledger, journal, signers(password_file), here.policy, time.time, log(here)
        )
    finally:
        journal.close()


@contextmanager
def troubled(tell: Voice) -> "Iterator[Troubles]":
    """The troubles that are told meanwhile."""
    from oracle.warnings.troubles import Troubles

    troubles = Troubles(time.time)
    tell.listeners.append(troubles.hear)
    try:
        yield troubles
    finally:
        tell.listeners.remove(troubles.hear)


@contextmanager
def warning(
    oracle: "Oracle", wanted: "Feeds", tell: Callable[..., None], troubles: "Troubles"
) -> "Iterator[Jobs]":
    """Warn of what is taken in, and of troubles; the jobs that come round.

    Nobody is warned where a configuration says no one.
    """
    from oracle.warnings.desk import Jobs
    from oracle.warnings.running import Running

    jobs = Jobs(time.time, wanted.poll_s)
    if wanted.warnings is None:
        yield jobs
        return
    about = (oracle.ledger, oracle.journal, oracle.channels, wanted.checks, wanted.warnings)
    running = Running(*about, wanted.folder, jobs, time.time, tell, troubles)
    oracle.watching = running
    running.open()
    try:
        yield jobs
    finally:
        running.close()


@contextmanager
def running(
    here: Session, wanted: "Feeds", password_file: Path | None, tell: Voice, place: "Place"
) -> "Iterator[Oracle]":
    """The same on the journal at `place`, as a configuration says: endpoints, quorum, bounds."""
    from ledger.deployment import Deployment
    from ledger.endpoints import Patience, connect_each
    from oracle.cosigners import Cosigners
    from oracle.journal import Journal
    from oracle.oracle import Oracle
    from oracle.quorum import Quorum

    journal = Journal(place, writing=True)
    try:
        deployment = Deployment.load(record_path())
        identity = deployment.chain_id, deployment.genesis_hash
        urls = wanted.endpoints or addresses_of(here.network)
        chain, alone = connect_each(urls, Patience(wanted.rpc_timeout_s), identity, tell)
        here.chain = chain  # whatever else this command asks goes the same way
        ledgers = [deployment.open(one) for one in alone]
        yield Oracle(
            deployment.open(chain),
            journal,
            signers(password_file),
            here.policy,
            time.time,
            tell,
            Quorum(ledgers, wanted.quorum, tell),
            wanted.most_base_fee_wei,
            wanted.stall_after_s,
            Cosigners(wanted.witnesses),
        )
    finally:
        journal.close()


@contextmanager
def served(wanted: "Feeds", tell: Voice) -> "Iterator[HealthServer | None]":
    """Serve metrics and health where a port is named: those of an oracle that stands by."""
    from oracle.health import HealthServer, StandingBy

    if wanted.metrics_port is None:
        yield None
        return
    standing_by = StandingBy()
    server = HealthServer(standing_by, wanted.metrics_host, wanted.metrics_port)
    tell("metrics", host=wanted.metrics_host, port=server.open())
    tell.listeners.append(standing_by.hear)
    try:
        yield server
    finally:
        tell.listeners.remove(standing_by.hear)
        server.close()


@contextmanager
def watched(
    oracle: "Oracle", wanted: "Feeds", jobs: "Jobs", tell: Voice, server: "HealthServer | None"
) -> Iterator[Callable[[], None]]:
    """Show metrics and health of an oracle that feeds; how to tell that its loop came round."""
    from oracle.health import Health

    if server is None:
        yield lambda: None
        return
    health = Health(oracle.journal.place, time.time, jobs if wanted.warnings else None)
    before, server.shown = server.shown, health
    tell.listeners.append(health.hear)
    try:
        yield health.beat
    finally:
        tell.listeners.remove(health.hear)
        server.shown = before


def keeping(
    oracle: "Oracle", wanted: "Feeds", wait: Callable[[float], bool], tell: Voice
) -> Callable[[float], bool]:
    """A wait that archives meanwhile what is old enough."""
    from oracle.retention import Keeper

    keeper = Keeper(oracle.journal, wanted.archive, time.time, time.monotonic, tell)

    def kept(seconds: float) -> bool:
        keeper.work()
        return wait(seconds)

    return kept


@contextmanager
def waiting(
    oracle: "Oracle",
    wanted: "Feeds",
    leaving: Callable[[], bool],
    tell: Callable[..., None],
    beat: Callable[[], None],
    bus: "Bus | None",
) -> Iterator[Callable[[float], bool]]:
    """How the oracle waits: with stations to listen to, it takes telegrams in meanwhile."""
    from oracle import feed
    from oracle.sources.sockets import Ears

    def leave() -> bool:
        beat()
        return leaving()

    if not (wanted.ports or wanted.brokers or wanted.bus or wanted.asked):
        yield lambda seconds: _slept(seconds, leave)
        return
    asking = feed.going_on(oracle, wanted.asked, wanted.spoken, time.time)
    ears = Ears(wanted.ports, wanted.brokers, tell, asking, bus)
    wait = feed.listening(oracle, ears, wanted.spoken, leave, time.monotonic, wanted.homes)
    for port, number in zip(wanted.ports, ears.open(), strict=True):
        tell("listening", protocol=port.protocol, host=port.host, port=number)
    try:
        yield wait
    finally:
        ears.close()


def _slept(seconds: float, leave: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not leave() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, LOOKS_EVERY_S))
    return leave()


def log(here: Session) -> Callable[..., None]:
    """Log lines on stderr: an event, then keys with units."""
    import structlog

    logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "event"]),
        ],
    )
    return lambda event, **keys: logger.msg(event, **keys)


def load_mappings(paths: list[Path]) -> "list[Mapping]":
    """Mapping files, or those of data/mappings when none is named."""
    from oracle.mapping import load
    from scripts._shared import PROJECT

    named = paths or sorted((PROJECT / "data" / "mappings").glob("*.yaml"))
    return [load(path) for path in named]


def of_households(files: list[Path], mapping: Path | None) -> "tuple[list[Households], list[Path]]":
    """The files of households' telegrams, with their mapping, and the others."""
    from oracle.documents import read_yaml
    from oracle.household_rows import HouseholdMapping, Households

    if mapping is None:
        return [], files
    read = read_yaml(HouseholdMapping, mapping, "mapping file of households")
    homes = [Households(path, read) for path in files if read.fits(path.name)]
    return homes, [path for path in files if not read.fits(path.name)]


def inputs(files: list[Path], mappings: "list[Mapping]", shift_to: str | None) -> "list[Input]":
    """Files with their mappings, each re-dated to end at `shift_to` if that is said."""
    from ledger.errors import NotFound
    from oracle.dating import shift_to as days
    from oracle.dating import span
    from oracle.inputs import Input
    from oracle.mapping import chosen
    from scripts._files import instant
    from scripts._showing import local_zone

    found = []
    for path in files:
        if not path.is_file():
            raise NotFound(f"no file at {path}", "check the name")
        mapping, shift_s = chosen(mappings, path), 0
        if shift_to:
            ends = int(time.time()) if shift_to == NOW else instant(shift_to, local_zone())
            shift_s = days(span(path, mapping).last_at, ends, local_zone())
        found.append(Input(path, mapping, shift_s))
    return found


def lines(report: "Report") -> list[str]:
    """A report as people read it."""
    from scripts._showing import table

    told = [
        f"{report.accepted:,} readings received, {report.settled:,} of them final"
        f" ({report.settled_batches} of {report.batches} batches).",
    ]
    if report.flagged:
        told.append(f"{report.flagged:,} carry a flag: a gap before them, a jump, or stuck.")
    if report.repeated:
        told.append(f"{report.repeated:,} were recorded already.")
    if report.quarantined:
        told.append(f"{report.quarantined:,} held: `waterline oracle quarantine list`.")
    rows = [
        (s["series"], s["name"].partition("/")[2], f"{s['rows']:,}", _redated(s["redated_days"]))
        for s in report.sources
    ]
    told += ["", *table(rows, ("series", "file", "rows", "dates"))]
    stopped = [
        f"{one['contract']} lane {one['lane']} STOPPED: {one['stopped']}"
        for one in report.lanes
        if one["stopped"]
    ]
    return [*told, *_approved(report), *stopped]


def _approved(report: "Report") -> list[str]:
    """What officers approved of registers, and what became of it."""
    from scripts._showing import local, m3, table

    words = {"taken": "on its way", "recorded": "on record"}
    rows = [
        (
            one["channel"],
            one["kind"],
            m3(one["closing_l"]),
            local(one["until_at"]) if one["until_at"] else "-",
            one["reason"] or words[one["state"]],
        )
        for one in report.approved
    ]
    head = ("channel", "approved", "closing register", "until", "")
    return ["", *table(rows, head)] if rows else []


def _redated(days: int) -> str:
    return f"re-dated by {days:+,} days" if days else "as written"


@contextmanager
def shown(here: Session, oracle: "Oracle", files: int) -> Iterator[Callable[[], None]]:
    """Progress on a terminal: rows read, readings received and final."""
    from oracle.report import report
    from scripts._progress import line

    with line("reading", silent=here.as_json) as say:

        def update() -> None:
            if say is None:
                return
            now = report(oracle.journal)
            trouble = "; ".join(oracle.relays.trouble())
            say(
                f"{now.source_rows:,} rows, {now.accepted:,} readings received,"
                f" {now.settled:,} final{'; ' + trouble if trouble else ''}"
            )

        yield update
