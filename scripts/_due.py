"""Acts that are open to anyone and may be due by time: what a run of upkeep tries, kind by kind.

A kind finds what could be due from views, and from events only where no view tells. The contract
has the last word: a candidate is due where a call of it succeeds. Where a contract would put the
same on record again, what is there is asked first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from web3.exceptions import ContractLogicError

from ledger.channels import METER, Channel
from ledger.devices import channels
from ledger.events import logs
from ledger.labels import text_of
from ledger.network import station
from ledger.replacements import HELD, replacements
from ledger.standards import CALENDARS, DAY, MONTH, QUARTER, YEAR
from ledger.structs import every, read, read_many
from scripts._days import day_of
from scripts._shared import Session
from scripts._showing import (
    APPLICATION_STATES,
    INCIDENT_STATES,
    PERMIT_STATES,
    VERDICTS,
    number_of,
)
from scripts.redline import USES

DAY_S = 86_400
OPEN = 1  # state of an urgent act of the council
ABSTRACTION = 1  # use of a lane
GAUGE_BOOKS = ("DischargeLimits", "QualityProvenance")

Found = Iterator[tuple[tuple[Any, ...], str]]  # arguments of a candidate, and why it is due


@dataclass(frozen=True)
class Kind:
    """One function that is open to anyone, of the contracts that have it."""

    contracts: tuple[str, ...]
    function: str
    find: "Callable[[Look, str], Found]"


@dataclass(frozen=True)
class Due:
    """A call that may be due, with its reason in a person's words."""

    kind: str
    contract: str
    function: str
    arguments: tuple[Any, ...]
    says: str


class Look:
    """What a run knows of the chain: its clock, and the periods that ended within some days."""

    def __init__(self, here: Session, days: int) -> None:
        self.here, self.ledger, self._days_s = here, here.ledger, days * DAY_S
        self.now = 0
        self._named: dict[int, str] = {}

    @cached_property
    def grace_s(self) -> int:
        """How long after a day's end its late telegrams may come: the gauges' grace."""
        return max(int(read(self.ledger, book, "grace_s")) for book in GAUGE_BOOKS)

    @cached_property
    def channels(self) -> dict[int, Channel]:
        """Every channel by its number."""
        return {one.id: one for one in channels(self.ledger)}

    def period(self, calendar: int, at: int) -> int:
        """The period of a calendar that a moment lies in."""
        return int(read(self.ledger, "Standards", "period_at", calendar, at))

    def boundary(self, calendar: int, period: int) -> int:
        """When a period begins."""
        return int(read(self.ledger, "Standards", "boundary", calendar, period))

    def ended(self, calendar: int) -> range:
        """The periods that ended within the days looked at, their grace over."""
        until_at = self.now - self.grace_s
        begins_at = self.boundary(calendar, 0) + 1
        if until_at < begins_at:
            return range(0)
        first = self.period(calendar, max(until_at - self._days_s, begins_at))
        return range(first, self.period(calendar, until_at))

    def day(self, index: int) -> str:
        """A local day as people write it."""
        if index not in self._named:
            self._named[index] = day_of(self.here, index)
        return self._named[index]

    def span(self, calendar: int, period: int) -> str:
        """A period as people write it, by its last day."""
        last = self.period(DAY, self.boundary(calendar, period + 1))
        return f"the {CALENDARS[calendar].lower()} that ended with {self.day(last)}"

    def name(self, channel: int) -> str:
        """A channel as people know it."""
        one = self.channels[channel]
        return f"{one.device} {one.parameter}"


def found(look: Look, kind: str) -> Iterator[Due]:
    """What may be due of a kind by now."""
    one, look.now = KINDS[kind], look.here.chain.head().at
    for contract in one.contracts:
        for arguments, says in one.find(look, contract):
            yield Due(kind, contract, one.function, arguments, says)


def _years(look: Look, contract: str) -> Found:
    """Which lanes a region has is told by events alone."""
    lanes = logs(look.ledger, contract, "LaneAssigned")
    for region, use in dict.fromkeys((e.args["region"], e.args["use"]) for e in lanes):
        yield (region, use), f"the year of {text_of(region)} has begun: {USES[use]}"


def _uses(look: Look, contract: str) -> Found:
    lanes = logs(look.ledger, contract, "LaneAssigned", filters={"use": ABSTRACTION})
    for region in dict.fromkeys(event.args["region"] for event in lanes):
        yield (region,), f"{text_of(region)} uses more than its target"


def _expired(look: Look, contract: str) -> Found:
    expired = number_of(PERMIT_STATES, "expired")
    permits = {
        number: raw["number"]
        for number, raw in every(look.ledger, "PermitRegistry", "permit", "permit_count")
        if raw["state"] == expired
    }
    counted = read_many(look.ledger, contract, "counted_l", ((number,) for number in permits))
    for (number, name), counted_l in zip(permits.items(), counted, strict=True):
        if counted_l:
            yield (number,), f"{name} has expired and is still counted in its region"


def _open_days(look: Look, contract: str) -> Found:
    today = look.period(DAY, look.now)
    gauges = [one.id for one in look.channels.values() if one.contract == contract]
    rulings = read_many(look.ledger, contract, "ruling", ((gauge,) for gauge in gauges))
    for gauge, ruling in zip(gauges, rulings, strict=True):
        day = int(ruling["period"])
        if day < today:
            yield (gauge, day), f"{look.name(gauge)} has nothing beyond {look.day(day)}"


def _open_turns(look: Look, contract: str) -> Found:
    """A turn is closed once late telegrams had their time, as a day of a gauge is."""
    turned_at = {
        calendar: look.boundary(calendar, period)
        for calendar in (DAY, MONTH)
        if (period := look.period(calendar, look.now - look.grace_s))
        == look.period(calendar, look.now)
    }
    meters = [one.id for one in look.channels.values() if one.kind == METER]
    kept = read_many(look.ledger, contract, "turns", ((meter,) for meter in meters))
    for meter, turns in zip(meters, kept, strict=True):
        if turns["turn_at"] <= turned_at.get(turns["calendar"], -1):
            yield (meter,), f"{look.name(meter)} was not read beyond its last turn"


def _levels(look: Look, contract: str) -> Found:
    stations = range(1, int(read(look.ledger, "WaterNetwork", "station_count")) + 1)
    gauges = read_many(look.ledger, contract, "channel_of", ((n,) for n in stations))
    for number, gauge in zip(stations, gauges, strict=True):
        if gauge:
            code = station(look.ledger, number).code
            yield (number,), f"the level of {code} was read since it was ruled on"


def _deliveries(look: Look, contract: str) -> Found:
    """The contract rules on a day as often as it is asked; what it ruled is told by events alone.

    Again only where a silent meter was read since: nothing else changes a day's volume.
    """
    districts = range(1, int(read(look.ledger, contract, "district_count")) + 1)
    days = [(district, day) for district in districts for day in look.ended(DAY)]
    planned = read_many(look.ledger, contract, "planned_l", days)
    due = [one for one, planned_l in zip(days, planned, strict=True) if planned_l]
    ruled = {
        (event.args["district_id"], event.args["day"]): event.args["silent"]
        for event in (logs(look.ledger, contract, "DeliveryRuled") if due else ())
    }
    for district, day in due:
        silent = ruled.get((district, day))
        if silent is None or (silent and not _is_silent(look, district, day)):
            yield (district, day), f"district {district} had a scheme for {look.day(day)}"


def _is_silent(look: Look, district: int, day: int) -> bool:
    drawn = read(look.ledger, "SupplyMonitor", "district", district)
    ends = [*drawn["inlets"], *drawn["outlets"]]
    turns = [(meter, DAY, turn) for meter in ends for turn in (day, day + 1)]
    kept = read_many(look.ledger, "RegisterTurns", "register_at_turn", turns)
    return any(turn["closed"] for turn in kept)


def _leakages(look: Look, contract: str) -> Found:
    """The contract rules as often as it is asked: where it would say the same, it is not asked."""
    said = {
        (e.args["district_id"], e.args["balance"]["from_at"], e.args["balance"]["until_at"]): (
            dict(e.args["balance"]),
            dict(e.args["leakage"]),
        )
        for e in logs(look.ledger, contract, "LeakageRuled")
    }
    for district in range(1, int(read(look.ledger, contract, "district_count")) + 1):
        for calendar in (MONTH, YEAR):
            for period in look.ended(calendar):
                asked = district, calendar, period, period
                try:
                    balance = read(look.ledger, contract, "balance_of", *asked)
                    leakage = read(look.ledger, contract, "leakage_of", *asked)
                except ContractLogicError:
                    continue  # a register is not kept or not read
                ends = district, balance["from_at"], balance["until_at"]
                if said.get(ends) != (balance, leakage):
                    yield asked, f"leakage of district {district}, {look.span(calendar, period)}"


def _works_days(look: Look, contract: str) -> Found:
    """Which parameters a works has rules for is told by events alone."""
    rules = logs(look.ledger, contract, "RuleSet")
    for number, parameter in dict.fromkeys(
        (event.args["works_id"], event.args["parameter"]) for event in rules
    ):
        version = read(look.ledger, contract, "works", number)["version"]
        if read(look.ledger, contract, "rule", number, parameter)["version"] != version:
            continue  # the works was redrawn, and nobody has set this rule again
        days = [(number, parameter, version, day) for day in look.ended(DAY)]
        for (*_, day), one in zip(
            days, read_many(look.ledger, contract, "day_ruled", days), strict=True
        ):
            if not one["ruled_at"]:
                says = f"{text_of(parameter)} of works {number} on {look.day(day)}"
                yield (number, day, parameter), says


def _plan_periods(look: Look, contract: str) -> Found:
    """Which subjects have plans is told by events alone."""
    plans = logs(look.ledger, contract, "PlanSet")
    periods = [(c, period) for c in (MONTH, QUARTER, YEAR) for period in look.ended(c)]
    for kind, subject in dict.fromkeys((e.args["kind"], e.args["subject"]) for e in plans):
        for calendar, period in periods:
            says = f"plan of subject {subject}, {look.span(calendar, period)}"
            yield (kind, subject, calendar, period), says


def _caps(look: Look, contract: str) -> Found:
    permits = list(every(look.ledger, "PermitRegistry", "permit", "permit_count"))
    versions = [(n, v + 1) for n, raw in permits for v in range(raw["versions"])]
    names = {number: raw["number"] for number, raw in permits}
    terms = read_many(look.ledger, "PermitRegistry", "terms", versions)
    capped = {
        (number, calendar): None
        for (number, _), one in zip(versions, terms, strict=True)
        for calendar, key in ((DAY, "daily_l"), (MONTH, "monthly_l"))
        if one[key]
    }
    for number, calendar in capped:
        for period in look.ended(calendar):
            says = f"{names[number]} used more than its cap in {look.span(calendar, period)}"
            yield (number, calendar, period), says


def _zone_days(look: Look, contract: str) -> Found:
    """A record that is final has no later version."""
    zones = range(1, int(read(look.ledger, contract, "zone_count")) + 1)
    days = [(zone, day) for zone in zones for day in look.ended(DAY)]
    versions = read_many(look.ledger, contract, "version_count", days)
    last = [(*one, version) for one, version in zip(days, versions, strict=True)]
    records = read_many(look.ledger, contract, "record_of", last)
    for (zone, day), record in zip(days, records, strict=True):
        if not record["final"]:
            yield (zone, day), f"more is known of zone {zone} on {look.day(day)}"


def _excesses(look: Look, contract: str) -> Found:
    """Which days were ruled as exceeded is told by events alone."""
    exceeded = {"verdict": number_of(VERDICTS, "exceeded")}
    ruled = logs(look.ledger, "DischargeLimits", "PeriodRuled", filters=exceeded)
    days = list(dict.fromkeys((event.args["channel"], event.args["period"]) for event in ruled))
    violations = read_many(look.ledger, contract, "violation_of", days)
    for (gauge, day), violation in zip(days, violations, strict=True):
        if not violation:
            yield (gauge, day), f"{look.name(gauge)} was ruled as exceeded on {look.day(day)}"


def _tanks(look: Look, contract: str) -> Found:
    for number, tank in every(look.ledger, contract, "tank", "tank_count"):
        yield (number,), f"cleaning or test of {tank['name']} is overdue"


def _unheard(look: Look, contract: str) -> Found:
    is_open = number_of(INCIDENT_STATES, "open")
    for number, one in every(look.ledger, contract, "incident", "incident_count"):
        if one["state"] == is_open:
            yield (number,), f"not all have acknowledged incident {number} in time"


def _orders(look: Look, contract: str) -> Found:
    for number, one in every(look.ledger, contract, "order", "order_count"):
        if not one["checked"]:
            yield (number,), f"order {number} has ended"


def _approvals(look: Look, contract: str) -> Found:
    approved = number_of(APPLICATION_STATES, "approved")
    for number, one in every(look.ledger, contract, "application", "application_count"):
        if one["state"] == approved:
            yield (number,), f"the approval of application {number} has lapsed"


def _urgent_acts(look: Look, contract: str) -> Found:
    for number, one in every(look.ledger, contract, "urgent", "urgent_count"):
        if one["state"] == OPEN:
            yield (number,), f"urgent act {number} was not ratified in time"


def _replacements(look: Look, contract: str) -> Found:
    for number, one in replacements(look.ledger):
        if one["state"] == HELD and not one["overdue"]:
            yield (number,), f"{look.name(one['channel'])} waits for a decision beyond its time"


# in this order: what closes comes before what is ruled on by it
KINDS = {
    "open-year": Kind(("RedLines",), "open_year", _years),
    "escalate": Kind(("Incidents",), "escalate", _unheard),
    "lift": Kind(("Council",), "lift", _urgent_acts),
    "close-day": Kind(GAUGE_BOOKS, "close", _open_days),
    "close-turn": Kind(("RegisterTurns",), "close_turn", _open_turns),
    "detect": Kind(("Violations",), "detect", _excesses),
    "rule-level": Kind(("SourceMonitor",), "rule_level", _levels),
    "rule-delivery": Kind(("SupplyMonitor",), "rule_delivery", _deliveries),
    "rule-leakage": Kind(("SupplyMonitor",), "rule_leakage", _leakages),
    "rule-works": Kind(("SewageWorks",), "rule_day", _works_days),
    "rule-plan": Kind(("QuotaPlans",), "rule_period", _plan_periods),
    "rule-cap": Kind(("QuotaPlans",), "rule_cap", _caps),
    "publish": Kind(("SupplyCodes",), "publish", _zone_days),
    "note-overdue": Kind(("SupplyCodes",), "note_overdue", _tanks),
    "tell-overdue": Kind(("DeviceRegistry",), "tell_overdue", _replacements),
    "tell-use": Kind(("RedLines",), "tell_use", _uses),
    "release": Kind(("RedLines",), "release", _expired),
    "check-order": Kind(("Incidents",), "check_order", _orders),
    "lapse": Kind(("Applications",), "lapse", _approvals),
}
