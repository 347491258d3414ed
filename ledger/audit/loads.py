"""Loads of outlets derived again: days by registers and ruled means, longer periods by their parts.

Loads are in nanograms, volumes in litres, concentrations in nanograms per litre. What cannot have
been ruled on is a ValueError with the reason.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.audit import calendars as cal
from ledger.audit.accounts import BPS, M64, Meter, Turns
from ledger.audit.calendars import DAY, MONTH, YEAR, Boundaries
from ledger.audit.gauges import EXCEEDED, INSUFFICIENT, MET, MISSING, Gauge
from ledger.audit.outlets import Device, Entry, Kept, Ruling

ZERO = 2**31  # the stored word of the value zero
MONTH_MEAN, DAY_LOAD, MONTH_LOAD, YEAR_LOAD = range(2, 6)  # bases of a permit's limit


@dataclass(slots=True)
class Load:
    """The load of a day as a fraction; unknown where a meter is silent or a gauge has no mean."""

    ng: int = 0
    per: int = 1
    volume_l: int = 0
    unknown: bool = False
    doubtful: bool = False


@dataclass(frozen=True)
class Around:
    """What else is derived by now, and what is taken as told of devices and limits."""

    calendars: Boundaries
    turns: Mapping[int, Turns]
    meter: Callable[[int], Meter]
    gauge: Callable[[int], Gauge]
    device: Callable[[int], Device]
    meters_of: Callable[[int], Sequence[int]]
    limit: Callable[[int, bytes, int], int | None]


class Ruler:
    """Rules on a parameter of an outlet as DischargeLoads must have done."""

    def __init__(self, kept: Kept, around: Around, permit_id: int, parameter: bytes) -> None:
        self.kept, self.around = kept, around
        self.permit_id, self.parameter = permit_id, parameter
        self.outlet = kept.outlet(permit_id, parameter)

    def rule(self, calendar: int, period: int, at: int) -> Ruling:
        """A day, month or year by what is known at a moment; it is kept."""
        before = self.outlet.ruled(calendar, period)
        if calendar == DAY:
            if before:
                raise ValueError("the day was ruled on")
            found = self._day(period)
        elif calendar in (MONTH, YEAR):
            found = self._month(period) if calendar == MONTH else self._year(period)
            if before and found["counted_days"] <= before["counted_days"]:
                raise ValueError("no more is known of it than when it was ruled on")
        else:
            raise ValueError(f"loads are not ruled on by calendar {calendar}")
        found["ruled_at"] = at
        self.outlet.rulings.setdefault(calendar, {})[period] = found
        return found

    def _day(self, day: int) -> Ruling:
        version = self.outlet.version_on(day)
        if not version:
            raise ValueError("no pairs hold on this day")
        load = self._load(version, day)
        if load.unknown:
            raise ValueError("a meter is silent or a gauge has no mean")
        found = _ruling(version, 1)
        found |= {"volume_l": load.volume_l, "load_ng": load.ng // load.per}
        found |= {"counted_days": 1, "advisory": load.doubtful}
        if load.volume_l:
            found["mean_ng_l"] = -(-load.ng // (load.per * load.volume_l))
        found["load"] = self._against(DAY_LOAD, load.ng, load.per, found)
        return found

    def _month(self, month: int) -> Ruling:
        """By its days: one that was not ruled on must be one that cannot be."""
        first, last = self._parts(MONTH, month, DAY)
        for day in range(first, last + 1):
            version = self.outlet.version_on(day)
            if not self.outlet.ruled(DAY, day) and version and not self._load(version, day).unknown:
                raise ValueError(f"day {day} was to be ruled on first")
        found = self._sum(DAY, range(first, last + 1))
        found |= {"days": last + 1 - first, "version": self.outlet.version_on(last)}
        found["mean"] = self._against(MONTH_MEAN, found["load_ng"], found["volume_l"], found)
        found["load"] = self._against(MONTH_LOAD, found["load_ng"], 1, found)
        return found

    def _year(self, year: int) -> Ruling:
        """By its months: one that was not ruled on must have ended before there were pairs."""
        first, last = self._parts(YEAR, year, MONTH)
        for month in range(first, last + 1):
            _, day = self._parts(MONTH, month, DAY)
            if not self.outlet.ruled(MONTH, month) and self.outlet.version_on(day):
                raise ValueError(f"month {month} was to be ruled on first")
        found = self._sum(MONTH, range(first, last + 1))
        first_day, last_day = self._parts(YEAR, year, DAY)
        found |= {"days": last_day + 1 - first_day, "version": self.outlet.version_on(last_day)}
        found["load"] = self._against(YEAR_LOAD, found["load_ng"], 1, found)
        return found

    def _parts(self, calendar: int, period: int, finer: int) -> tuple[int, int]:
        """The first and the last period of a finer calendar within one of a coarser."""
        calendars = self.around.calendars
        begins_at, ends_at = (cal.boundary(calendars, calendar, period + n) for n in (0, 1))
        first = cal.period_at(calendars, finer, begins_at + 1)
        return first, cal.period_at(calendars, finer, ends_at)

    def _sum(self, calendar: int, periods: Iterable[int]) -> Ruling:
        parts = [one for period in periods if (one := self.outlet.ruled(calendar, period))]
        found = _ruling(0, 0)
        for name in ("volume_l", "load_ng", "counted_days"):
            found[name] = sum(part[name] for part in parts)
        found["advisory"] = any(part["advisory"] for part in parts)
        if found["volume_l"]:
            found["mean_ng_l"] = -(-found["load_ng"] // found["volume_l"])
        return found

    def _against(self, basis: int, amount: int, per: int, counted: Ruling) -> dict[str, Any]:
        """An amount, as a fraction, against a limit of the permit, both compared exactly."""
        most = self.around.limit(self.permit_id, self.parameter, basis)
        if most is None:
            return _held(0, False, 0, 0)
        whole = counted["counted_days"] == counted["days"]
        ratio_bps = -(-amount * BPS // (most * per)) if per and most else 0
        over = amount > most * per
        if counted["counted_days"] == 0:
            return _held(most, True, ratio_bps, MISSING)
        if over and (whole or basis != MONTH_MEAN):
            return _held(most, True, ratio_bps, EXCEEDED)
        return _held(most, True, ratio_bps, MET if whole else INSUFFICIENT)

    def _load(self, version: int, day: int) -> Load:
        """The sum of volume times mean over the pairs; nothing may pass a meter without a gauge."""
        pairs, load = self.outlet.pairs[version - 1], Load()
        apart = set(self.around.meters_of(self.permit_id)) - set(pairs.meters)
        if any(self._passed(meter, day)[0] for meter in apart):
            raise ValueError("a meter has no gauge beside it")
        for meter, gauge in zip(pairs.meters, pairs.gauges, strict=True):
            self._add(load, self._passed(meter, day), gauge, day)
        return load

    def _add(self, load: Load, passed: tuple[int, int, bool], gauge: int, day: int) -> None:
        volume_l, estimated_l, silent = passed
        if silent:
            load.unknown = True
            return
        if self.around.gauge(gauge).day <= day:
            raise ValueError("the day of a gauge is not closed")
        load.volume_l += volume_l
        load.doubtful = load.doubtful or estimated_l > 0
        if volume_l == 0:
            return
        mean = self.kept.means.get(gauge, {}).get(day)
        if mean is None:
            load.unknown = True
            return
        steps = max(mean.total - ZERO * mean.count, 0)
        ng = volume_l * steps * self.around.device(gauge).resolution
        load.ng = load.ng * mean.count + ng * load.per
        load.per *= mean.count
        load.doubtful = load.doubtful or mean.count < mean.needed

    def _passed(self, channel: int, day: int) -> tuple[int, int, bool]:
        """What passed a meter on a day: litres, those of them estimated, whether it is silent."""
        calendars = self.around.calendars
        from_at, until_at = (cal.boundary(calendars, DAY, day + n) for n in (0, 1))
        begun, ended = self._at_turn(channel, from_at), self._at_turn(channel, until_at)
        if begun is None:
            device = self.around.device(channel)
            if device.opened_at >= until_at:
                return 0, 0, False
            if device.opened_at >= from_at:
                begun = Entry(from_at, device.opening_l, 0, False)
        if (ended is None or ended.closed) and channel in self.kept.replaced:
            now = self.around.meter(channel)
            if now.last_at <= from_at:
                return 0, 0, False
            if now.last_at <= until_at:
                ended = Entry(until_at, now.count_l, now.estimated_l & M64, False)
        if begun is None or ended is None:
            raise ValueError("a register is not known at the turn")
        volume_l = ended.count_l - begun.count_l
        estimated_l = min(volume_l, ended.estimated_l - begun.estimated_l)
        return volume_l, estimated_l, begun.closed or ended.closed

    def _at_turn(self, channel: int, at: int) -> Entry | None:
        """The register as it stood at a turn; None where it is not known."""
        turns, entries = self.around.turns.get(channel), self.kept.entries.get(channel)
        if turns is None or not entries or not 0 < turns.days_from_at <= at:
            return None
        if at >= turns.turn_at and at > turns.closed_until_at:
            return None
        return entries[max(bisect_right(entries, at, key=lambda one: one.turn_at), 1) - 1]


def nothing_ruled() -> Ruling:
    """What DischargeLoads holds of a period that nobody asked it to rule on."""
    return _ruling(0, 0)


def _ruling(version: int, days: int) -> Ruling:
    none = {name: 0 for name in ("volume_l", "load_ng", "mean_ng_l")}
    held = {name: _held(0, False, 0, 0) for name in ("mean", "load")}
    counted = {"days": days, "counted_days": 0, "advisory": False}
    return {"version": version, **none, **counted, **held, "ruled_at": 0}


def _held(limit: int, limited: bool, ratio_bps: int, verdict: int) -> dict[str, Any]:
    return {"limit": limit, "limited": limited, "ratio_bps": ratio_bps, "verdict": verdict}
