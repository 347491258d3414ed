"""What loads of outlets rest on, as it was told and derived: registers, means, pairs, rulings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Ruling = dict[str, Any]  # the fields of IDischargeLoads.Ruling


@dataclass(slots=True)
class Entry:
    """A register that RegisterTurns keeps."""

    turn_at: int
    count_l: int
    estimated_l: int
    closed: bool


@dataclass(slots=True)
class Mean:
    """What a day of a gauge was ruled by: the sum and the number of its stored values."""

    total: int
    count: int
    needed: int


@dataclass(slots=True)
class Device:
    """A channel as it was enrolled."""

    opened_at: int
    opening_l: int
    resolution: int


@dataclass(slots=True)
class Pairs:
    """Meters of an outlet with the gauge beside each, from a day on."""

    from_day: int
    meters: list[int]
    gauges: list[int]


@dataclass(slots=True)
class Outlet:
    """A parameter of a permit: its pairs by version, what was ruled by calendar and period."""

    pairs: list[Pairs] = field(default_factory=list)
    rulings: dict[int, dict[int, Ruling]] = field(default_factory=dict)

    def version_on(self, day: int) -> int:
        """The last version of the pairs that holds on a day, 0 for none."""
        return max((n for n, one in enumerate(self.pairs, 1) if one.from_day <= day), default=0)

    def ruled(self, calendar: int, period: int) -> Ruling | None:
        """What was ruled of a period."""
        return self.rulings.get(calendar, {}).get(period)


@dataclass(slots=True)
class Kept:
    """What loads rest on: registers at turns, means of days, outlets."""

    entries: dict[int, list[Entry]] = field(default_factory=dict)
    means: dict[int, dict[int, Mean]] = field(default_factory=dict)  # channel, day
    replaced: list[int] = field(default_factory=list)
    outlets: dict[str, Outlet] = field(default_factory=dict)
    devices: dict[int, Device] = field(default_factory=dict)
    limits: dict[str, int | None] = field(default_factory=dict)  # by permit, parameter and basis

    def keep(self, channel: int, entry: Mapping[str, Any]) -> None:
        """An entry of RegisterTurns."""
        names = ("turn_at", "count_l", "estimated_l", "closed")
        self.entries.setdefault(channel, []).append(Entry(*(entry[name] for name in names)))

    def rule(self, channel: int, day: int, total: int, count: int, needed: int) -> None:
        """A day of a gauge that was ruled, or a part of it."""
        days = self.means.setdefault(channel, {})
        before = days.get(day, Mean(0, 0, needed))
        days[day] = Mean(before.total + total, before.count + count, needed)

    def outlet(self, permit_id: int, parameter: bytes) -> Outlet:
        """The outlet of a permit and parameter."""
        return self.outlets.setdefault(key(permit_id, parameter), Outlet())


def key(permit_id: int, parameter: bytes) -> str:
    """A permit and a parameter, as JSON can hold it."""
    return f"{permit_id}/{parameter.hex()}"


def of_key(text: str) -> tuple[int, bytes]:
    """The permit and the parameter of a key."""
    permit_id, _, parameter = text.partition("/")
    return int(permit_id), bytes.fromhex(parameter)
