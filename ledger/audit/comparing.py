"""The contracts' own state at one block, against what was derived up to it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from ledger.audit import calendars as cal
from ledger.audit.accounts import Account, Meter, MeterBook
from ledger.audit.calendars import DAY, MONTH, YEAR
from ledger.audit.findings import Finding, Findings
from ledger.audit.gauges import HIGH, LOW, PENDING, Gauge, GaugeBook
from ledger.audit.groups import M32
from ledger.audit.history import State
from ledger.audit.lanes import Lane
from ledger.audit.loads import nothing_ruled
from ledger.audit.outlets import Outlet, of_key
from ledger.audit.views import Call, Views

TOGETHER = 500


@dataclass(frozen=True, slots=True)
class Expected:
    """A view, and what it must answer: a number, or some fields of a struct."""

    call: Call
    answer: Any
    lane: int | None = None
    channel: int | None = None


def compare(state: State, views: Views, block: int) -> int:
    """Ask for all that was derived; differences become findings. How many answers it took."""
    every, asked = expected(state), 0
    while some := list(islice(every, TOGETHER)):
        answers = views.ask((one.call for one in some), block)
        for one, answer in zip(some, answers, strict=True):
            _differ(state.findings, one, answer, block)
        asked += len(some)
    return asked


def _differ(findings: Findings, one: Expected, answer: Any, block: int) -> None:
    contract, view, _ = one.call
    derived = one.answer if isinstance(one.answer, dict) else {"": one.answer}
    claimed = answer if isinstance(one.answer, dict) else {"": answer}
    if not isinstance(claimed, dict):
        claimed = dict.fromkeys(derived, claimed)
    for name, value in derived.items():
        if _plain(claimed[name]) != _plain(value):
            what = f"state {view}.{name}".rstrip(".")
            told = (str(_plain(claimed[name])), str(_plain(value)))
            found = Finding(what, contract, *told, block, one.lane, None, one.channel)
            findings.add(found)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple):
        return list(value)
    return value.lower() if isinstance(value, str) else value


def expected(state: State) -> Iterator[Expected]:
    """What every view must answer."""
    for calendar in (DAY, MONTH, YEAR):
        instants = state.city.calendars.get(calendar, [])
        call = ("Standards", "boundary_count", [calendar])
        yield Expected(call, len(instants))
        for number, instant in enumerate(instants):
            yield Expected(("Standards", "boundary", [calendar, number]), instant)
    for name, meters in state.meters.items():
        yield from _lanes(name, meters.lanes)
        yield from _meters(name, meters)
    for name, gauges in state.gauges.items():
        yield from _lanes(name, gauges.lanes)
        yield from _gauges(name, gauges)
    yield from _loads(state)
    for channel, turns in state.city.turns.items():
        kept = asdict(turns)
        del kept["last"]
        yield Expected(("RegisterTurns", "turns", [channel]), kept, channel=channel)


def _loads(state: State) -> Iterator[Expected]:
    """What was ruled of outlets, and what of it regions and violations hold."""
    for text, outlet in state.outlets.outlets.items():
        permit_id, parameter = of_key(text)
        of = [permit_id, int.from_bytes(parameter, "big")]
        yield Expected(("DischargeLoads", "version_count", of), len(outlet.pairs))
        for version, pairs in enumerate(outlet.pairs, 1):
            yield Expected(("DischargeLoads", "pairs", [*of, version]), asdict(pairs))
        ruled = {(calendar, one) for calendar, some in outlet.rulings.items() for one in some}
        for calendar, period in sorted(ruled | _periods(state, outlet)):
            ruling = outlet.ruled(calendar, period) or nothing_ruled()
            yield Expected(("DischargeLoads", "ruling", [*of, calendar, period]), ruling)
    for text, one in state.oversight.regions.items():
        region = [int(part, 16) for part in text.split("/")]
        yield Expected(("RedLines", "permitted_ng", region), one.permitted_ng)
        yield Expected(("RedLines", "load_ceilings", region), len(one.ceilings))
        for version, ceiling in enumerate(one.ceilings, 1):
            yield Expected(("RedLines", "load_ceiling", [*region, version]), asdict(ceiling))
        for year, load_ng in one.load_ng.items():
            yield Expected(("RedLines", "load_ng", [*region, year]), load_ng)
            yield Expected(("RedLines", "load_told", [*region, year]), year in one.told)
    for text, (region_text, counted_ng) in state.oversight.counted.items():
        permit_id, parameter = of_key(text)
        of = [permit_id, int.from_bytes(parameter, "big")]
        yield Expected(("RedLines", "counted_ng", of), counted_ng)
        yield Expected(("RedLines", "load_counted_in", of), bytes.fromhex(region_text))
    if state.oversight.is_there:
        count = len(state.oversight.violations)
        yield Expected(("Violations", "violation_count", []), count)
    for number in state.oversight.load_violations.values():
        _, parameter = of_key(state.oversight.places[number - 1])
        violation = state.oversight.violations[number - 1] | {"parameter": parameter}
        yield Expected(("Violations", "violation", [number]), violation)


def _periods(state: State, outlet: Outlet) -> set[tuple[int, int]]:
    """The periods of the days that have means: a ruling on one of them may have been left out."""
    calendars, means = state.city.calendars, state.outlets.means
    gauges = {gauge for one in outlet.pairs for gauge in one.gauges}
    days = [day for gauge in gauges for day in means.get(gauge, ())]
    found = set()
    for day in days:
        ends_at = cal.boundary(calendars, DAY, day + 1)
        for calendar in (DAY, MONTH, YEAR):
            found.add((calendar, cal.period_at(calendars, calendar, ends_at)))
    return found


def _lanes(contract: str, lanes: dict[int, Lane]) -> Iterator[Expected]:
    yield Expected((contract, "lane_count", []), len(lanes))
    for number, lane in lanes.items():
        names = ("owner", "relay_group", "next_id", "total_l", "halted")
        kept = {name: getattr(lane, name) for name in names}
        yield Expected((contract, "lane", [number]), kept, number)
        yield Expected((contract, "running", [number]), lane.running, number)


def _meters(contract: str, book: MeterBook) -> Iterator[Expected]:
    for channel, meter in book.meters.items():
        yield Expected((contract, "meter", [channel]), _meter(meter), channel=channel)
        count = {
            "register_l": meter.register_l,
            "count_l": meter.count_l,
            "estimated_l": meter.estimated_l,
            "read_at": meter.last_at,
        }
        yield Expected((contract, "count_of", [channel]), count, channel=channel)
        yield Expected((contract, "base", [channel]), _base(meter), channel=channel)
    for permit, account in book.accounts.items():
        yield Expected((contract, "account", [permit]), _account(account))
        standing = ("period", "tier", "approached", "month")
        told = {name: getattr(account, name) for name in standing}
        yield Expected((contract, "standing", [permit]), told)
        yield Expected((contract, "meters_of", [permit]), account.meters)
        open_years = {book.meters[number].period for number in account.meters}
        for year in sorted({*account.closed_l, *open_years}):
            yield Expected((contract, "used_l", [permit, year]), book.used_l(permit, year))


def _meter(meter: Meter) -> dict[str, Any]:
    names = ("register_l", "last_at", "trip_at", "peak_l_h", "tier", "over", "paused")
    held = {name: getattr(meter, name) for name in names}
    return held | {
        "trip_register_l": meter.trip_l,
        "relay_group": meter.relay_group,
        "enrolled": True,
    }


def _base(meter: Meter) -> dict[str, Any]:
    names = ("period", "month", "permit_id", "peak_return_l_h", "bound_at", "bound_count_l")
    return {name: getattr(meter, name) for name in names} | {"register_l": meter.base_l}


def _account(account: Account) -> dict[str, Any]:
    names = ("station_id", "plan_l", "peak_l_h", "scheme_id", "from_at", "until_at", "as_of_at")
    return {name: getattr(account, name) for name in names}


def _gauges(contract: str, book: GaugeBook) -> Iterator[Expected]:
    for channel, gauge in book.gauges.items():
        yield Expected((contract, "gauge", [channel]), _gauge(gauge), channel=channel)
        yield Expected((contract, "limits", [channel]), _limits(gauge), channel=channel)
        yield Expected((contract, "ruling", [channel]), _ruling(gauge), channel=channel)
        yield Expected((contract, "limit_of", [channel]), gauge.limit_id, channel=channel)
        if gauge.ruled:
            call = (contract, "ruled", [channel, gauge.ruled_day])
            yield Expected(call, _ruled_word(gauge.ruled), channel=channel)


def _gauge(gauge: Gauge) -> dict[str, Any]:
    names = ("value", "count", "last_at", "total", "trip_at", "lo", "hi", "ranged", "paused")
    held = {name: getattr(gauge, name) for name in (*names, "relay_group")}
    states = {"low_alert": LOW, "high_alert": HIGH, "pending": PENDING}
    return held | {n: gauge.state == s for n, s in states.items()} | {"enrolled": True}


def _limits(gauge: Gauge) -> dict[str, Any]:
    names = ("enter_lo", "enter_hi", "leave_lo", "leave_hi", "dwell_readings", "dwell_s")
    return {name: getattr(gauge, name) for name in (*names, "since_at", "run", "worst")}


def _ruling(gauge: Gauge) -> dict[str, Any]:
    names = ("needed", "low", "high", "voided", "advisory", "by_permit")
    day = {"period": gauge.day, "mean_lo": gauge.enter_lo, "mean_hi": gauge.enter_hi}
    return {name: getattr(gauge, name) for name in names} | day


def _ruled_word(ruled: dict[str, Any]) -> int:
    """A ruled day as docs/wire-format.md lays it out."""
    word: int = ruled["total"] | ruled["count"] << 64 | ruled["mean_lo"] << 96
    word |= (ruled["mean_hi"] & M32) << 128 | ruled["needed"] << 160
    return word | int(ruled["advisory"]) << 176 | int(ruled["by_permit"]) << 177
