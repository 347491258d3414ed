"""What a book of meters holds: registers with their tripwires, accounts, and what books share."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ledger.audit import calendars as cal
from ledger.audit.calendars import MONTH, YEAR, Boundaries
from ledger.audit.groups import M32, M48
from ledger.audit.lanes import Lane
from ledger.audit.rights import Permit

BPS = 10_000
M64 = 2**64 - 1


@dataclass(slots=True)
class Meter:
    """A register, its tripwires and what it counts against; `turn_at` is 0 where none is kept."""

    relay_group: int
    register_l: int
    last_at: int
    trip_l: int = M48
    rules_at: int = M32
    peak_l_h: int = M32
    tier: int = 0
    over: bool = False
    paused: bool = False
    barred: bool = False
    turn_at: int = 0
    beyond_l: int = 0
    estimated_l: int = 0
    permit_id: int = 0
    base_l: int = 0
    period: int = 0
    month: int = 0
    peak_return_l_h: int = 0
    bound_at: int = 0
    bound_count_l: int = 0

    @property
    def trip_at(self) -> int:
        """The moment after which a group is looked at reading by reading."""
        return min(self.rules_at, self.turn_at) if self.turn_at else self.rules_at

    @property
    def count_l(self) -> int:
        """What was registered over roll-overs, exchanges and resets."""
        return (self.register_l + self.beyond_l) & M64


@dataclass(slots=True)
class Account:
    """A permit's plan, its meters, the use counted in each year, and what was told of it."""

    station_id: int
    plan_l: int
    peak_l_h: int
    scheme_id: int
    from_at: int
    until_at: int
    as_of_at: int = 0
    meters: list[int] = field(default_factory=list)
    closed_l: dict[int, int] = field(default_factory=dict)
    period: int = 0
    tier: int = 0
    approached: bool = False
    month: int = 0


@dataclass(slots=True)
class Scheme:
    """Thresholds of tiers, as shares of a plan."""

    blue_bps: int
    yellow_bps: int
    red_bps: int
    approaching_bps: int
    peak_leave_bps: int

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Scheme":
        """A scheme as Standards tells it."""
        return cls(*(told[one.name] for one in fields(cls)))

    def tier(self, used_l: int, plan_l: int) -> int:
        """The tier of a use against a plan."""
        cuts = (self.blue_bps, self.yellow_bps, self.red_bps)
        return sum(used_l > plan_l * (BPS + cut) // BPS for cut in cuts)

    def left_l(self, used_l: int, plan_l: int) -> int:
        """Litres until the tier rises or the plan is approached."""
        cuts = (self.approaching_bps, *(BPS + c for c in (self.blue_bps, self.yellow_bps)))
        ceilings = [plan_l * cut // BPS for cut in (*cuts, BPS + self.red_bps)]
        return next((ceiling - used_l for ceiling in ceilings if used_l <= ceiling), M48)


@dataclass(slots=True)
class Turns:
    """What RegisterTurns keeps of a channel: from which book and turns on, the next, the last."""

    calendar: int
    turn_at: int
    count: int = 0
    closed_until_at: int = 0
    days_from_at: int = 0
    months_from_at: int = 0
    book: str = ""
    last: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Approval:
    """What a supervisor approved of a meter, until it is used up."""

    kind: int
    closing_l: int
    opening_l: int
    until_at: int


@dataclass(frozen=True, slots=True)
class Released:
    """What a released meter had moved while its readings were held, and for how long."""

    held_s: int = 0
    year_l: int = 0
    before_l: int = 0


@dataclass(slots=True)
class City:
    """What the books share."""

    calendars: Boundaries = field(default_factory=dict)
    schemes: dict[int, Scheme] = field(default_factory=dict)
    permits: dict[int, Permit] = field(default_factory=dict)
    moduli: dict[int, int] = field(default_factory=dict)
    approvals: dict[int, Approval] = field(default_factory=dict)
    turns: dict[int, Turns] = field(default_factory=dict)
    held: dict[int, tuple[int, int]] = field(default_factory=dict)  # channel: moment, register
    replacing: dict[int, int] = field(default_factory=dict)  # the channel that a held one replaces
    released: dict[int, Released] = field(default_factory=dict)


@dataclass(slots=True)
class MeterBook:
    """A contract that counts meters; `book` is the name that its events are told under."""

    book: str
    lanes: dict[int, Lane] = field(default_factory=dict)
    meters: dict[int, Meter] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)

    def used_l(self, permit_id: int, period: int) -> int:
        """Litres counted against a permit in a year."""
        account = self.accounts[permit_id]
        moved = (self.meters[number] for number in account.meters)
        open_l = sum(one.register_l - one.base_l for one in moved if one.period == period)
        return account.closed_l.get(period, 0) + open_l

    def bind(self, channel: int, permit_id: int, city: City) -> None:
        """Count a meter against a permit from its present register on.

        What it moved before, while its readings were held, counts in the years it was released in.
        """
        meter, account = self.meters[channel], self.accounts[permit_id]
        held = city.released.pop(channel, Released())
        meter.permit_id, meter.base_l = permit_id, meter.register_l
        meter.period = cal.period_at(city.calendars, YEAR, meter.last_at + 1)
        meter.month = cal.period_at(city.calendars, MONTH, meter.last_at + 1)
        meter.bound_at = meter.last_at - held.held_s
        meter.bound_count_l = meter.count_l - held.year_l - held.before_l
        for year, held_l in ((meter.period, held.year_l), (meter.period - 1, held.before_l)):
            if held_l:
                account.closed_l[year] = account.closed_l.get(year, 0) + held_l
        meter.peak_l_h = account.peak_l_h
        meter.peak_return_l_h = leave_l_h(account.peak_l_h, city.schemes[account.scheme_id])
        account.meters.append(channel)
        self.right_changed(permit_id)

    def right_changed(self, permit_id: int) -> None:
        """Right and volume are asked for again with the next reading of each meter."""
        for number in self.accounts[permit_id].meters:
            meter = self.meters[number]
            meter.paused, meter.barred, meter.rules_at = True, False, 0


def leave_l_h(peak_l_h: int, scheme: Scheme) -> int:
    """The rate at or below which an excess of a peak ends."""
    return peak_l_h * scheme.peak_leave_bps // BPS


def kept_entry(turn_at: int, meter: Meter, closed: bool) -> dict[str, Any]:
    """An entry of RegisterTurns with a meter's present register."""
    return {
        "known": True,
        "closed": closed,
        "turn_at": turn_at,
        "register_l": meter.register_l,
        "count_l": meter.count_l,
        "estimated_l": meter.estimated_l & M64,
        "read_at": meter.last_at,
    }
