"""The record derived again, transaction by transaction: acts are taken as told, batches replayed.

What an officer did (enrolling, binding, judging, suspending) is an input and checked against the
contracts' state at the end. What follows from readings is derived, and must be what was logged.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_abi import decode
from eth_abi.exceptions import DecodingError

from ledger.audit import adopting, roots
from ledger.audit import calendars as cal
from ledger.audit.accounts import (
    Account,
    Approval,
    City,
    Meter,
    MeterBook,
    Released,
    Scheme,
    Turns,
    kept_entry,
)
from ledger.audit.findings import Finding, Findings
from ledger.audit.gauges import Gauge, GaugeBook, GaugeReplay
from ledger.audit.groups import Group, groups
from ledger.audit.lanes import Lane, digest_of
from ledger.audit.load_acts import LOADS, VOLUMES, LoadActs
from ledger.audit.meters import MeterReplay
from ledger.audit.outlets import Kept
from ledger.audit.oversight import Oversight
from ledger.audit.reading import Event, Transaction
from ledger.audit.rights import VALID, Permit, Restriction, Terms
from ledger.audit.told import Replay, Told
from ledger.audit.views import Views
from ledger.channels import GAUGE_BOOKS, METER_BOOKS
from ledger.deployment import Deployment
from ledger.leaves import ROLL_OVER
from ledger.packing import RECORD_GAUGES, RECORD_METERS

OTHERS = ("Standards", "PermitRegistry", "DeviceRegistry", "RegisterTurns", "Adoption", *LOADS)
SUSPENDED = 2
DEEMED = 4
_ON = "_on_"  # begins the names of what takes acts, by their events
CALLDATA = ("uint256", "uint256", "bytes32", "bytes", "bytes")
BROKEN = (LookupError, ValueError, TypeError, DecodingError)


@dataclass(slots=True)
class Counts:
    """How much was read."""

    transactions: int = 0
    events: int = 0
    batches: int = 0
    groups: int = 0
    refused: int = 0
    readings: int = 0
    refused_readings: int = 0
    roots: int = 0
    household_leaves: int = 0


@dataclass(slots=True)
class State:
    """All that was derived up to a block; books by the names of the deployment record."""

    meters: dict[str, MeterBook] = field(default_factory=dict)
    gauges: dict[str, GaugeBook] = field(default_factory=dict)
    city: City = field(default_factory=City)
    adoptions: dict[str, adopting.Adoption] = field(default_factory=dict)
    outlets: Kept = field(default_factory=Kept)
    oversight: Oversight = field(default_factory=Oversight)
    counts: Counts = field(default_factory=Counts)
    findings: Findings = field(default_factory=Findings)


def books(deployment: Deployment, kinds: tuple[str, ...]) -> list[str]:
    """The books of a sort and those that they replaced, as far as they are recorded."""
    present = [name for name in kinds if name in deployment.contracts]
    return [one for name in present for one in (*deployment.formers(name), name)]


def begun(deployment: Deployment) -> State:
    """The state before the first block."""
    return State(
        {name: MeterBook(name) for name in books(deployment, METER_BOOKS)},
        {name: GaugeBook(name) for name in books(deployment, GAUGE_BOOKS)},
        oversight=Oversight(is_there="Violations" in deployment.contracts),
    )


class History(LoadActs):
    """Takes the chain's transactions in their order."""

    def __init__(
        self, deployment: Deployment, state: State, views: Views, kept: roots.Kept | None = None
    ) -> None:
        self.state, self.views, self.kept = state, views, kept
        self.city, self.outlets, self.oversight = state.city, state.outlets, state.oversight
        self.digests: list[tuple[str, int, int, bytes]] = []  # of batches not yet asked for
        self.addresses = {name: one.address.lower() for name, one in deployment.contracts.items()}
        self.names = {address: name for name, address in self.addresses.items()}

    def take(self, transaction: Transaction) -> None:
        """One transaction; whatever cannot be true is a finding, and the next one is taken."""
        state = self.state
        state.counts.transactions += 1
        state.counts.events += len(transaction.events)
        for fault in transaction.faults:
            self._find("transaction", "", transaction.hash, fault, transaction)
        recorded = [one for one in transaction.events if one.name == "Recorded"]
        try:
            if recorded:
                self._batch(transaction, recorded)
            else:
                for event in transaction.events:
                    self._act(event, transaction)
        except BROKEN as error:
            about = transaction.events[0]
            reason = f"{type(error).__name__}: {error}"
            self._find("replay", about.contract, about.name, reason, transaction)

    def _find(
        self, what: str, contract: str, claimed: object, derived: object, at: Transaction, **of: int
    ) -> None:
        finding = Finding(what, contract, str(claimed), str(derived), at.block, **of)
        self.state.findings.add(finding)

    # what was sent

    def _batch(self, transaction: Transaction, recorded: list[Event]) -> None:
        """A batch: its words replayed, and all that was logged held against what follows."""
        book, told = recorded[0].contract, recorded[0].args or {}
        gauging = book in self.state.gauges
        selector = transaction.calldata[:4]
        if len(recorded) > 1 or selector != (RECORD_GAUGES if gauging else RECORD_METERS):
            self._find("calldata", book, "Recorded", "no batch was sent", transaction)
            return
        lane_id, batch, root, words, _ = decode(CALLDATA, transaction.calldata[4:])
        place = {"lane": lane_id, "batch": batch}
        every = list(groups(words, gauging))
        lane = self._lane(book, lane_id, batch, transaction)
        digest = digest_of(root, words)
        if told.get("digest") != digest:
            claimed = (told.get("digest") or b"").hex()
            self._find("digest", book, claimed, digest.hex(), transaction, **place)
        if self.kept:
            self._root(self.kept(book, lane_id, batch), every, root, transaction, place, book)
        replay = self._replay(book, lane_id, batch, transaction.block_at, every)
        self._keep_days(book, replay.told, self.state.gauges)
        lane.settle(digest, replay.counted_l)
        self.digests.append((book, lane_id, batch, digest))
        kept = {"lane": lane_id, "batch_id": batch, "digest": digest, "refused": replay.refused}
        self._count(every, replay)
        self._held(transaction, [*replay.told, (book, "Recorded", kept)], place)

    def _root(
        self,
        papers: roots.Papers | None,
        every: list[Group],
        claimed: bytes,
        at: Transaction,
        place: dict[str, int],
        book: str,
    ) -> None:
        """The root of a batch, where what was kept of it is at hand."""
        if papers is None:
            return
        try:
            derived = "0x" + roots.root(every, book in self.state.gauges, papers).hex()
        except LookupError as error:
            derived = str(error)
        if derived != "0x" + claimed.hex():
            self._find("root", book, "0x" + claimed.hex(), derived, at, **place)
        self.state.counts.roots += 1
        self.state.counts.household_leaves += len(papers.households)

    def _lane(self, book: str, lane_id: int, batch: int, at: Transaction) -> Lane:
        """The lane of a batch, which must be its next one and sent by its owner."""
        lane = self._book(book).lanes[lane_id]
        place = {"lane": lane_id, "batch": batch}
        if batch != lane.next_id:
            self._find("sequence", book, f"batch {batch}", f"next is {lane.next_id}", at, **place)
            lane.next_id = batch
        if (at.sender.lower(), at.to.lower()) != (lane.owner.lower(), self.addresses[book]):
            claimed = f"from {at.sender} to {at.to}"
            self._find("sender", book, claimed, f"owner {lane.owner}", at, **place)
        if lane.halted:
            self._find("halted", book, "a batch", "the lane was halted", at, **place)
        return lane

    def _replay(self, book: str, lane: int, batch: int, at: int, every: list[Group]) -> Replay:
        replay: Replay
        if book in self.state.gauges:
            calendars = self.state.city.calendars
            replay = GaugeReplay(self.state.gauges[book], calendars, lane, batch, at)
        else:
            self._know_moduli(every)
            replay = MeterReplay(self.state.meters[book], self.state.city, lane, batch, at)
        replay.take(every)
        return replay

    def _know_moduli(self, every: list[Group]) -> None:
        moduli = self.state.city.moduli
        for group in every:
            if group.kind == ROLL_OVER and group.channel not in moduli:
                found = self.views.one("DeviceRegistry", "channel", group.channel)
                moduli[group.channel] = found["modulus_l"]

    def _count(self, every: list[Group], replay: Replay) -> None:
        counts = self.state.counts
        refusals = [keys for _, event, keys in replay.told if event == "GroupRefused"]
        counts.batches, counts.groups = counts.batches + 1, counts.groups + len(every)
        counts.readings += sum(len(group.amounts) for group in every)
        counts.refused += len(refusals)
        counts.refused_readings += replay.refused_readings

    def _held(self, at: Transaction, derived: list[Told], place: dict[str, int]) -> None:
        """What was logged, against what follows from the words: each the same, in one order."""
        logged = [(one.contract, one.name, one.args) for one in at.events]
        if logged == derived:
            return
        unmatched, missing = list(logged), []
        for one in derived:
            if one in unmatched:
                unmatched.remove(one)
            else:
                missing.append(one)
        for contract, name, keys in missing:
            claimed = next((o for o in unmatched if o[:2] == (contract, name)), None)
            if claimed:
                unmatched.remove(claimed)
            self._differ(at, contract, name, claimed and claimed[2], keys, place)
        for contract, name, args in unmatched:
            self._differ(at, contract, name, args or "not its own form", None, place)
        if not missing and not unmatched:
            self._find("order", derived[-1][0], "events", "in another order", at, **place)

    def _differ(
        self, at: Transaction, contract: str, name: str, claimed: Any, derived: Any, place: Any
    ) -> None:
        channel = (derived or {}).get("channel")
        known = place if channel is None else place | {"channel": channel}
        told = (claimed or "was not logged", derived or "does not follow")
        self._find(f"event {name}", contract, *told, at, **known)

    # what was done

    def _book(self, name: str) -> MeterBook | GaugeBook:
        return self.state.meters.get(name) or self.state.gauges[name]

    def _act(self, event: Event, at: Transaction) -> None:
        """One event that no batch logged."""
        if event.args is None:
            self._find("event", event.contract, event.name, "not its own form", at)
            return
        act: Callable[[Event, dict[str, Any], Transaction], None] | None
        act = getattr(self, _ON + _snake(event.name), None)
        if act is not None:
            act(event, event.args, at)
        elif event.name in READINGS_ONLY:
            self._find(f"event {event.name}", event.contract, event.args, "no batch", at)

    def _on_lane_opened(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        lanes = self._book(event.contract).lanes
        if args["lane"] != len(lanes) + 1:
            derived = f"next is {len(lanes) + 1}"
            self._find("lane", event.contract, args["lane"], derived, at, lane=args["lane"])
        lanes[args["lane"]] = Lane(args["owner"], args["relay_group"])

    def _on_lane_halted(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self._book(event.contract).lanes[args["lane"]].halted = True

    def _on_lane_resumed(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self._book(event.contract).lanes[args["lane"]].halted = False

    def _on_meter_enrolled(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        meter = Meter(args["relay_group"], args["register_l"], args["opened_at"])
        self.state.meters[event.contract].meters[args["channel"]] = meter

    def _on_meter_bound(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        book = self.state.meters[event.contract]
        book.bind(args["channel"], args["permit_id"], self.state.city)

    def _on_replacement_asked(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        """A meter whose readings are held: it is enrolled and bound to nothing."""
        told = args["replacement"]
        self.state.city.held[args["channel"]] = (told["opened_at"], told["opening_l"])
        self.state.city.replacing[args["channel"]] = told["old"]

    def _on_replacement_released(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        """What was held counts; how it falls on two years is taken as told."""
        channel, city = args["channel"], self.state.city
        meter, (opened_at, opening_l) = self._meter(channel), city.held.pop(channel)
        claimed = (args["read_at"], args["year_l"] + args["before_l"])
        derived = (meter.last_at, meter.count_l - opening_l)
        if claimed != derived:
            self._find(f"event {event.name}", event.contract, claimed, derived, at)
        held_s = args["read_at"] - opened_at
        city.released[channel] = Released(held_s, args["year_l"], args["before_l"])
        self.outlets.replaced.append(city.replacing.pop(channel))

    def _on_account_opened(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        opened = {name: args[name] for name in args if name != "permit_id"}
        account = Account(**opened)
        self.state.meters[event.contract].accounts[args["permit_id"]] = account
        schemes = self.state.city.schemes
        if account.scheme_id not in schemes:
            told = self.views.one("Standards", "scheme", account.scheme_id)
            schemes[account.scheme_id] = Scheme.of(told)

    def _on_right_changed(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self._now(event, args, at)
        self.state.meters[event.contract].right_changed(args["permit_id"])

    def _now(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        """An act that is told as of its block."""
        if args["at"] != at.block_at:
            claimed, name = args["at"], f"event {event.name}"
            self._find(name, event.contract, claimed, at.block_at, at)

    def _on_gauge_enrolled(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        given = (args["channel"], args["relay_group"], args["opened_at"])
        self.state.gauges[event.contract].enrol(*given, self.state.city.calendars)

    def _on_gauge_judged(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self.state.gauges[event.contract].gauges[args["channel"]].judge(args)

    def _on_range_tracked(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self.state.gauges[event.contract].gauges[args["channel"]].ranged = args["tracked"]

    def _on_period_ruled(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        """A day that was closed by hand."""
        replay = GaugeReplay(self.state.gauges[event.contract], self.state.city.calendars)
        replay.close(args["channel"])
        self._keep_days(event.contract, replay.told, self.state.gauges)
        self._held(at, replay.told, {})

    # what the rules rest on

    def _on_calendar_extended(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        loaded = self.state.city.calendars.setdefault(args["calendar"], [])
        (calendar, instants) = decode(("uint256", "uint256[]"), at.calldata[4:])
        loaded += instants
        derived = {"calendar": calendar, "boundaries": len(loaded), "until_at": loaded[-1]}
        if derived != args:
            self._find("event CalendarExtended", event.contract, args, derived, at)

    def _on_version_opened(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        permit = self.state.city.permits.setdefault(args["permit_id"], Permit())
        told = self.views.one("PermitRegistry", "terms", args["permit_id"], args["version"])
        same = ("annual_l", "from_at", "until_at", "in_force_at", "document_hash", "cause")
        wrong = [name for name in same if told[name] != args[name]]
        if wrong or args["version"] != len(permit.versions) + 1:
            self._find("event VersionOpened", event.contract, args, told, at)
        names = ("annual_l", "peak_l_h", "season_from", "season_until")
        dates = ("from_at", "until_at", "in_force_at")
        permit.versions.append(Terms(*(told[name] for name in (*names, *dates, "station_id"))))

    def _on_permit_suspended(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self._changed(event, args, at, SUSPENDED)

    def _on_permit_resumed(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self._changed(event, args, at, VALID)

    def _on_permit_ended(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self._changed(event, args, at, args["end"])

    def _changed(self, event: Event, args: dict[str, Any], at: Transaction, state: int) -> None:
        self._now(event, args, at)
        self.state.city.permits[args["permit_id"]].change(at.block_at, state)

    def _on_permit_restricted(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        one = Restriction(args["annual_l"], args["from_at"], args["until_at"])
        self.state.city.permits[args["permit_id"]].restrictions.append(one)

    def _on_restriction_lifted(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        self._now(event, args, at)
        self.state.city.permits[args["permit_id"]].restrictions[-1].until_at = at.block_at

    def _on_exchange_approved(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        one = Approval(args["kind"], args["closing_l"], args["opening_l"], 0)
        self.state.city.approvals[args["channel"]] = one

    def _on_deemed_approved(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        closing_l = args["register_l"] + args["volume_l"]
        one = Approval(DEEMED, closing_l, args["register_l"], args["until_at"])
        self.state.city.approvals[args["channel"]] = one

    def _on_turns_set(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        channel, from_at = args["channel"], args["from_at"]
        turns = self.state.city.turns.setdefault(channel, Turns(0, 0))
        turns.months_from_at = turns.months_from_at or from_at
        turns.calendar, turns.turn_at = args["calendar"], from_at
        if turns.calendar == cal.DAY:
            turns.days_from_at = from_at
        meters = self.state.meters
        turns.book = self.addresses[[name for name in meters if channel in meters[name].meters][-1]]
        self._meter(channel).turn_at = from_at

    def _on_book_followed(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        """Registers come from the book that took the channel over."""
        turns = self.state.city.turns[args["channel"]]
        if args["before"].lower() != turns.book:
            self._find("event BookFollowed", event.contract, args["before"], turns.book, at)
        turns.book = args["book"].lower()

    def _on_register_kept(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        """A silent meter's turn that somebody closed."""
        channel, calendars = args["channel"], self.state.city.calendars
        turns = self.state.city.turns[channel]
        period = cal.period_at(calendars, turns.calendar, at.block_at)
        entry = kept_entry(turns.turn_at, self._meter(channel), closed=True)
        if turns.last != entry:
            turns.count += 1
            told = {"channel": channel, "turn": entry}
            book = self.names[turns.book]
            self._keep_days(book, [("RegisterTurns", "RegisterKept", told)], {})
        turns.closed_until_at = cal.boundary(calendars, turns.calendar, period)
        turns.last = entry
        kept = {"channel": channel, "number": turns.count, "turn": entry}
        derived = kept | {"closed_until_at": turns.closed_until_at}
        self._held(at, [("RegisterTurns", "RegisterKept", derived)], {})

    def _meter(self, channel: int) -> Meter:
        """A channel as the last book that took it over holds it."""
        holding = [b.meters[channel] for b in self.state.meters.values() if channel in b.meters]
        return holding[-1]

    def _gauge(self, channel: int) -> Gauge:
        """The same of a gauge."""
        holding = [b.gauges[channel] for b in self.state.gauges.values() if channel in b.gauges]
        return holding[-1]

    def _meters_of(self, permit_id: int) -> list[int]:
        """The meters that count a permit's discharge."""
        accounts = self.state.meters[VOLUMES].accounts
        return accounts[permit_id].meters if permit_id in accounts else []

    # books that replace others

    def _on_adoption_begun(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        name = args["name"].hex()
        pair = (self.names[args["book"].lower()], self.names[args["old"].lower()])
        self.state.adoptions[name] = adopting.Adoption(*pair)

    def _on_page_taken(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        one = self.state.adoptions[args["name"].hex()]
        if one.book in self.state.gauges:
            derived = adopting.take_gauges(self.state.gauges, one, args)
        else:
            derived = adopting.take_page(self.state.meters, one, args)
        self._same(event, args, derived, at)

    def _on_adoption_finished(self, event: Event, args: dict[str, Any], at: Transaction) -> None:
        one = self.state.adoptions[args["name"].hex()]
        derived = adopting.finish(self._book(one.book), self._book(one.old), one)
        self._same(event, args, derived, at)

    def _same(
        self, event: Event, args: dict[str, Any], derived: dict[str, int], at: Transaction
    ) -> None:
        claimed = {name: args[name] for name in derived}
        if claimed != derived:
            self._find(f"event {event.name}", event.contract, claimed, derived, at)


READINGS_ONLY = frozenset(
    {
        *("GroupRefused", "PlanChanged", "TierChanged", "PlanApproached", "PaceExceeded"),
        *("PeriodClosed", "PeakExceeded", "PeakReturned", "UseWithoutRight", "RegisterMoved"),
        *("AlertRaised", "AlertCleared", "PeriodsMissing", "LateReadings", "ApprovalTaken"),
    }
)


def relevant() -> frozenset[str]:
    """The events that an audit reads; readings rest on no others."""
    acts = (name[len(_ON) :] for name in dir(History) if name.startswith(_ON))
    titled = ("".join(part.title() for part in act.split("_")) for act in acts)
    return frozenset({*titled, *READINGS_ONLY, "Recorded"})


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
