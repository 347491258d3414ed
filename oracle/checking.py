"""A configuration against the chain, without running it: what would be fed, and what is wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ledger.deployment import Ledger
from ledger.errors import WaterlineError
from ledger.structs import read
from oracle import lanes
from oracle.config import Feeds
from oracle.mapping import ByName, Rule, rules
from oracle.mapping import Mapping as MappingFile
from oracle.places import NoJournal, Server
from oracle.sources.hj212_units import differs
from oracle.store import Store

Openers = Mapping[str, Callable[[], object]]


@dataclass(frozen=True)
class Fault:
    """What is wrong, where, and what to do."""

    where: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Fed:
    """A series that would be fed: from where, and into which channels of which contract."""

    origin: str
    series: str
    channels: list[dict[str, str]]


@dataclass(frozen=True)
class Reached:
    """A lane that it would go by; without a `lane` there is none of an account that is here."""

    contract: str
    relay_group: int
    lane: int | None = None
    account: str = ""
    halted: bool = False


@dataclass(frozen=True)
class Outcome:
    """All that was found; `doubts` may be right all the same."""

    fed: list[Fed] = field(default_factory=list)
    lanes: list[Reached] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    doubts: list[Fault] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The outcome as `--json` shows it."""
        return asdict(self)


def check(
    ledger: Ledger,
    wanted: Feeds,
    openers: Openers,
    *,
    opened: bool,
    units: Mapping[str, str] | None = None,
) -> Outcome:
    """Every mapping, channel, lane and key that a configuration needs; all faults, not the first.

    `openers` open the key of an account by its address; with `opened` each is tried. `units` are
    those in which HJ 212 sends columns.
    """
    found = Outcome()
    channels = lanes.channels(ledger)
    reached: dict[tuple[str, int], None] = {}
    for origin, mapping in wanted.named:
        where = f"{origin}, {mapping.title}"
        known = list(_rules(where, mapping, channels, found.faults))
        found.doubts.extend(_doubts(where, known, units or {}))
        found.fed.append(Fed(origin, mapping.title, [_shown(rule) for rule in known]))
        reached |= {(one.channel.contract, one.channel.relay_group): None for one in known}
    for contract, group in reached:
        found.lanes.append(_reached(ledger, contract, group, openers, found.faults))
    _own_accounts(found)
    _look_at_journal(wanted, found.faults)
    if opened:
        _open(found, openers)
    return found


def _rules(
    where: str, mapping: MappingFile, channels: ByName, faults: list[Fault]
) -> Iterator[Rule]:
    """The rules of the columns that are right."""
    before = len(faults)
    for column in mapping.channels:
        try:
            yield from rules(mapping.model_copy(update={"channels": [column]}), channels)
        except WaterlineError as error:
            faults.append(Fault(where, error.message, error.remedy))
    if len(faults) == before:
        try:
            rules(mapping, channels)  # what only shows between columns
        except WaterlineError as error:
            faults.append(Fault(where, error.message, error.remedy))


def _doubts(where: str, known: Sequence[Rule], units: Mapping[str, str]) -> Iterator[Fault]:
    """Columns of HJ 212 that are taken in another unit than the standard has for them."""
    for rule in known:
        if stated := differs(rule.column, rule.unit, units):
            what = f"column {rule.column!r} is taken in {rule.unit}, HJ 212 has {stated} for it"
            yield Fault(where, what, "ask whoever set the station up, and correct `unit` if so")


def _shown(rule: Rule) -> dict[str, str]:
    one = rule.channel
    about = {"column": rule.column, "device": one.device, "parameter": one.parameter}
    return {**about, "of": rule.of, "unit": rule.unit, "contract": one.contract}


def _reached(
    ledger: Ledger, contract: str, group: int, openers: Openers, faults: list[Fault]
) -> Reached:
    try:
        lane = lanes.lane_of(ledger, contract, group, openers)
    except WaterlineError as error:
        faults.append(Fault(f"{contract}, relay group {group}", error.message, error.remedy))
        return Reached(contract, group)
    halted = bool(read(ledger, contract, "lane", lane.number)["halted"])
    if halted:
        remedy = f"`waterline lane resume {contract} {lane.number}`, when it may go on"
        faults.append(Fault(f"{contract} lane {lane.number}", "the lane is halted", remedy))
    return Reached(contract, group, lane.number, lane.owner, halted)


def _look_at_journal(wanted: Feeds, faults: list[Fault]) -> None:
    """Whether the server of a journal lets us in, and holds one or has room for one."""
    if not isinstance(wanted.journal, Server):
        return
    from oracle.postgres import require_room

    try:
        try:
            Store(wanted.journal, writing=False).close()
        except NoJournal:
            require_room(wanted.journal)
    except WaterlineError as error:
        faults.append(Fault(str(wanted.journal), error.message, error.remedy))


def _own_accounts(found: Outcome) -> None:
    seen: dict[str, Reached] = {}
    for one in [lane for lane in found.lanes if lane.account]:
        other = seen.setdefault(one.account.lower(), one)
        if other is not one:
            what = f"{one.account} owns {other.contract} lane {other.lane} as well"
            remedy = "give each lane an account of its own: one key, one sequence of nonces"
            found.faults.append(Fault(f"{one.contract} lane {one.lane}", what, remedy))


def _open(found: Outcome, openers: Openers) -> None:
    """Try each lane's key."""
    for one in [lane for lane in found.lanes if lane.account]:
        for address in [key for key in openers if key.lower() == one.account.lower()]:
            try:
                openers[address]()
            except WaterlineError as error:
                where = f"{one.contract} lane {one.lane}"
                found.faults.append(Fault(where, error.message, error.remedy))


def lines(found: Outcome) -> Sequence[tuple[str, str, str, str]]:
    """What would be fed, a row a channel: from where, the series, the channel, its contract."""
    return [
        (one.origin, one.series, f"{to['device']} {to['parameter']}", to["contract"])
        for one in found.fed
        for to in one.channels
    ]
