"""Acts that are open to anyone and may be due by time: what a run of upkeep tries, kind by kind.

A kind finds what could be due from views, and from events only where no view tells. The contract
has the last word: a candidate is due where a call of it succeeds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from ledger.channels import GAUGE_BOOKS, METER
from ledger.events import logs
from ledger.labels import text_of
from ledger.network import station
from ledger.replacements import HELD, replacements
from ledger.standards import DAY, MONTH, YEAR
from ledger.structs import every, read, read_many
from scripts import _due_periods as periods
from scripts._accounts import BOOKS
from scripts._limits import BASES, LOAD_OF, MONTH_MEAN
from scripts._looking import Found, Look
from scripts._showing import (
    APPLICATION_STATES,
    INCIDENT_STATES,
    PERMIT_STATES,
    VERDICTS,
    number_of,
)
from scripts.redline import USES

OPEN = 1  # state of an urgent act of the council
ABSTRACTION = 1  # use of a lane


@dataclass(frozen=True)
class Kind:
    """One function that is open to anyone, of the contracts that have it."""

    contracts: tuple[str, ...]
    function: str
    find: Callable[[Look, str], Found]


@dataclass(frozen=True)
class Due:
    """A call that may be due, with its reason in a person's words."""

    kind: str
    contract: str
    function: str
    arguments: tuple[Any, ...]
    says: str


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


def _loads(look: Look, contract: str) -> Found:
    """Which parameters a region has ceilings of is told by events alone."""
    ceilings = logs(look.ledger, contract, "LoadCeilingSet")
    year = look.period(YEAR, look.now)
    years = [one for one in (year - 1, year) if one >= 0] if ceilings else []
    told = dict.fromkeys((e.args["region"], e.args["parameter"]) for e in ceilings)
    for (region, parameter), one in product(told, years):
        says = f"more {text_of(parameter)} came in {text_of(region)} than its ceiling"
        yield (region, parameter, one), says


def _expired_loads(look: Look, contract: str) -> Found:
    """Which loads are counted is told by events alone."""
    counted = logs(look.ledger, contract, "LoadCounted")
    for permit_id, parameter in dict.fromkeys(
        (e.args["permit_id"], e.args["parameter"]) for e in counted
    ):
        says = f"permit {permit_id} has expired and its {text_of(parameter)} is still counted"
        yield (permit_id, parameter), says


def _load_excesses(look: Look, contract: str) -> Found:
    """Which loads and monthly means were ruled as exceeded is told by events alone."""
    exceeded = number_of(VERDICTS, "exceeded")
    ruled = [e.args for e in logs(look.ledger, "DischargeLoads", "LoadRuled")]
    excesses = dict.fromkeys(
        (args["permit_id"], args["parameter"], basis, args["period"])
        for args in ruled
        for held, basis in (("load", LOAD_OF[args["calendar"]]), ("mean", MONTH_MEAN))
        if args["ruling"][held]["verdict"] == exceeded
    )
    violations = read_many(look.ledger, contract, "load_violation_of", list(excesses))
    for one, violation in zip(excesses, violations, strict=True):
        if not violation:
            yield one, f"{BASES[one[2]]} of {text_of(one[1])} of permit {one[0]} was exceeded"


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


def _low_waters(look: Look, contract: str) -> Found:
    """Only where an inflow is held against what is normal."""
    stations = range(1, int(read(look.ledger, "WaterNetwork", "station_count")) + 1)
    normals = read_many(look.ledger, contract, "normals_count", ((n,) for n in stations))
    for number, count in zip(stations, normals, strict=True):
        if count:
            code = station(look.ledger, number).code
            yield (number,), f"low water at {code} was not ruled on since a day has ended"


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


def _entries(of: str, field: str, value: object, says: str) -> Callable[[Look, str], Found]:
    """What finds the entries of a contract's list in which a field has a value."""

    def find(look: Look, contract: str) -> Found:
        for number, one in every(look.ledger, contract, of, f"{of}_count"):
            if one[field] == value:
                yield (number,), says.format(number)

    return find


def _running(look: Look, contract: str) -> Found:
    """Orders while they run whose permit's meters moved since they were last taken down."""
    for number, one in every(look.ledger, contract, "order", "order_count"):
        if not one["checked"] and one["read_l"] != _counted_l(look, one["permit_id"]):
            yield (number,), f"what is held against order {number} moved since it was taken down"


def _counted_l(look: Look, permit_id: int) -> int:
    """All that was ever counted against a permit, as Incidents adds it up."""
    book = BOOKS[read(look.ledger, "PermitRegistry", "permit", permit_id)["kind"]]
    year = look.period(YEAR, look.now)
    years = range(max(year - 63, 0), year + 1)
    return sum(read_many(look.ledger, book, "used_l", ((permit_id, year) for year in years)))


def _purposes(look: Look, contract: str) -> Found:
    for number in range(1, int(read(look.ledger, contract, "permit_count")) + 1):
        yield (number,), f"the station of permit {number} is classed for another purpose"


def _replacements(look: Look, contract: str) -> Found:
    for number, one in replacements(look.ledger):
        if one["state"] == HELD and not one["overdue"]:
            yield (number,), f"{look.name(one['channel'])} waits for a decision beyond its time"


_unheard = _entries(
    *("incident", "state", number_of(INCIDENT_STATES, "open")),
    "not all have acknowledged incident {} in time",
)
_orders = _entries("order", "checked", False, "order {} has ended")
_approvals = _entries(
    *("application", "state", number_of(APPLICATION_STATES, "approved")),
    "the approval of application {} has lapsed",
)
_urgent_acts = _entries("urgent", "state", OPEN, "urgent act {} was not ratified in time")

# in this order: what closes comes before what is ruled on by it
KINDS = {
    "open-year": Kind(("RedLines",), "open_year", _years),
    "escalate": Kind(("Incidents",), "escalate", _unheard),
    "lift": Kind(("Council",), "lift", _urgent_acts),
    "close-day": Kind(GAUGE_BOOKS, "close", _open_days),
    "close-turn": Kind(("RegisterTurns",), "close_turn", _open_turns),
    "detect": Kind(("Violations",), "detect", _excesses),
    "rule-level": Kind(("SourceMonitor",), "rule_level", _levels),
    "rule-low-water": Kind(("SourceMonitor",), "rule_low_water", _low_waters),
    "rule-delivery": Kind(("SupplyMonitor",), "rule_delivery", periods.deliveries),
    "rule-leakage": Kind(("SupplyMonitor",), "rule_leakage", periods.leakages),
    "rule-works": Kind(("SewageWorks",), "rule_day", periods.works_days),
    "rule-load": Kind(("DischargeLoads",), "rule_load", periods.outlet_loads),
    "detect-load": Kind(("Violations",), "detect_load", _load_excesses),
    "rule-plan": Kind(("QuotaPlans",), "rule_period", periods.plan_periods),
    "rule-cap": Kind(("QuotaPlans",), "rule_cap", periods.caps),
    "publish": Kind(("SupplyCodes",), "publish", periods.zone_days),
    "note-overdue": Kind(("SupplyCodes",), "note_overdue", _tanks),
    "tell-overdue": Kind(("DeviceRegistry",), "tell_overdue", _replacements),
    "tell-use": Kind(("RedLines",), "tell_use", _uses),
    "release": Kind(("RedLines",), "release", _expired),
    "tell-load": Kind(("RedLines",), "tell_load", _loads),
    "release-load": Kind(("RedLines",), "release_load", _expired_loads),
    "measure-order": Kind(("Incidents",), "measure_order", _running),
    "check-order": Kind(("Incidents",), "check_order", _orders),
    "tell-purpose": Kind(("PermitRegistry",), "tell_purpose", _purposes),
    "lapse": Kind(("Applications",), "lapse", _approvals),
}
