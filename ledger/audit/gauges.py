"""A book of gauges derived again: last values, open days and their rulings, alerts.

Values are in the stored form. Limits come from GaugeJudged, days from the calendar of Standards.
"""

from dataclasses import dataclass, field
from typing import Any

from ledger.audit import calendars as cal
from ledger.audit.calendars import DAY, Boundaries
from ledger.audit.groups import M8, M16, M24, M32, Group
from ledger.audit.lanes import Lane
from ledger.audit.told import (
    BAD_KIND,
    BROKEN,
    FUTURE,
    NO_CALENDAR,
    OTHER_GROUP,
    UNKNOWN,
    Replay,
)

MET, EXCEEDED, INSUFFICIENT, MISSING = range(1, 5)
NO_BATCH = 2**256 - 1  # of a day that was closed by hand
HEADER_ZERO = M8 << 112 | M16 << 184 | 7 << 236 | M16 << 240
QUIET, LOW, HIGH, PENDING = "", "low", "high", "pending"


@dataclass(slots=True)
class Gauge:
    """A gauge: its open day, the band in which nothing changes, its limits, its alert."""

    relay_group: int
    last_at: int
    trip_at: int
    day: int
    value: int = 0
    count: int = 0
    total: int = 0
    lo: int = 0
    hi: int = M32
    state: str = QUIET
    ranged: bool = False
    paused: bool = False
    low: int = M32
    high: int = 0
    voided: int = 0
    limit_id: int = 0
    enter_lo: int = 0
    enter_hi: int = M32
    leave_lo: int = 0
    leave_hi: int = M32
    dwell_readings: int = 0
    dwell_s: int = 0
    since_at: int = 0
    run: int = 0
    worst: int = 0
    needed: int = 0
    advisory: bool = False
    by_permit: bool = False
    ruled: dict[str, Any] = field(default_factory=dict)
    ruled_day: int = -1

    @property
    def is_ruled(self) -> bool:
        """Whether a limit or a permit rules its days."""
        return self.by_permit or self.limit_id != 0

    def judge(self, told: dict[str, Any]) -> None:
        """Other limits; alerts begin afresh."""
        self.limit_id = told["limit_id"]
        self.lo = self.enter_lo = told["mean_lo"]
        self.hi = self.enter_hi = told["mean_hi"]
        self.leave_lo, self.leave_hi = told["leave_lo"], told["leave_hi"]
        self.dwell_readings, self.dwell_s = told["dwell_readings"], told["dwell_s"]
        self.since_at = self.run = self.worst = 0
        self.state, self.needed = QUIET, told["needed"]
        self.advisory, self.by_permit = told["advisory"], told["by_permit"]


@dataclass(slots=True)
class GaugeBook:
    """A contract that takes gauges; `book` is the name that its events are told under."""

    book: str
    lanes: dict[int, Lane] = field(default_factory=dict)
    gauges: dict[int, Gauge] = field(default_factory=dict)

    def enrol(self, channel: int, relay_group: int, opened_at: int, calendars: Boundaries) -> None:
        """A gauge that nothing rules yet."""
        day = cal.period_at(calendars, DAY, opened_at + 1)
        trip_at = cal.boundary(calendars, DAY, day + 1)
        self.gauges[channel] = Gauge(relay_group, opened_at, trip_at, day)


class GaugeReplay(Replay):
    """One batch of a book of gauges, or a day closed by hand."""

    def __init__(
        self,
        book: GaugeBook,
        calendars: Boundaries,
        lane: int = 0,
        batch: int = NO_BATCH,
        block_at: int = 0,
    ) -> None:
        super().__init__(book.book, lane, batch, block_at)
        self.book, self.calendars = book, calendars

    def close(self, channel: int) -> None:
        """Rule on a gauge's open day by hand."""
        gauge = self.book.gauges[channel]
        self._turned(gauge, channel, gauge.trip_at + 1)
        gauge.paused = True

    def _taken(self, group: Group) -> int:
        """Take a group; 0, or why it is refused."""
        gauge = self.book.gauges.get(group.channel)
        if gauge is None:
            return UNKNOWN
        at = gauge.last_at + sum(group.steps)
        reason = self._refusal(gauge, group, at)
        if reason:
            return reason
        if self._is_quiet(gauge, group, at):
            self._added(gauge, group, at)
            return 0
        late = sum(
            self._step(gauge, group.channel, value, gauge.last_at + step, group.void)
            for value, step in zip(group.amounts, group.steps, strict=True)
        )
        if late:
            self._tell("LateReadings", group.channel, count=late, until_at=gauge.last_at)
        return 0

    def _refusal(self, gauge: Gauge, group: Group, at: int) -> int:
        """The reasons of docs/wire-format.md, in their order."""
        if gauge.relay_group != self.book.lanes[self.lane_id].relay_group:
            return OTHER_GROUP
        if group.opening_at != gauge.last_at:
            return BROKEN
        if at > self.block_at:
            return FUTURE
        if group.header & HEADER_ZERO:
            return BAD_KIND
        if at > gauge.trip_at and at > cal.end(self.calendars, DAY):
            return NO_CALENDAR
        return 0

    def _is_quiet(self, gauge: Gauge, group: Group, at: int) -> bool:
        """Whether no rule can have changed within the group."""
        return (
            not (gauge.paused or group.void)
            and gauge.state != PENDING
            and at <= gauge.trip_at
            and gauge.count + len(group.amounts) <= M16
            and gauge.lo <= min(group.amounts)
            and max(group.amounts) <= gauge.hi
        )

    def _added(self, gauge: Gauge, group: Group, at: int) -> None:
        gauge.count += len(group.amounts)
        gauge.total += sum(group.amounts)
        gauge.value, gauge.last_at = group.amounts[-1], at
        if gauge.ranged:
            gauge.low = min(gauge.low, *group.amounts)
            gauge.high = max(gauge.high, *group.amounts)

    def _step(self, gauge: Gauge, channel: int, value: int, at: int, void: bool) -> int:
        """One value; 1 if it belongs to a day already closed, which it does not change."""
        if at > gauge.trip_at:
            self._turned(gauge, channel, at)
            gauge.paused = False
        gauge.last_at = at
        if gauge.paused:
            if at <= cal.boundary(self.calendars, DAY, gauge.day):
                return 1
            gauge.paused = False
        if void:
            gauge.voided = min(gauge.voided + 1, M24)
            return 0
        if gauge.count == M16:
            self._ruled(gauge, channel)  # a full count rules a part of the day
        gauge.value, gauge.count, gauge.total = value, gauge.count + 1, gauge.total + value
        if gauge.ranged:
            gauge.low, gauge.high = min(gauge.low, value), max(gauge.high, value)
        if not gauge.lo <= value <= gauge.hi or gauge.state == PENDING:
            self._alerted(gauge, channel, value, at)
        return 0

    def _alerted(self, gauge: Gauge, channel: int, value: int, at: int) -> None:
        """A value outside the band: an alert grows worse or ends, an excess begins or goes on."""
        if gauge.state == HIGH and value > gauge.leave_hi:
            gauge.worst = gauge.hi = max(gauge.worst, value)
            return
        if gauge.state == LOW and value < gauge.leave_lo:
            gauge.worst = gauge.lo = min(gauge.worst, value)
            return
        if gauge.state in (HIGH, LOW):
            self._tell("AlertCleared", channel, **_alert(gauge, at, gauge.state == HIGH))
            gauge.state = QUIET
        high = value > gauge.enter_hi
        if not high and value >= gauge.enter_lo:
            gauge.state, gauge.run = QUIET, 0
            gauge.lo, gauge.hi = gauge.enter_lo, gauge.enter_hi
            return
        self._excess(gauge, channel, value, at, high)

    def _excess(self, gauge: Gauge, channel: int, value: int, at: int, high: bool) -> None:
        """An excess begins or goes on; it is told once it has lasted."""
        if gauge.state == PENDING and high == (gauge.worst > gauge.enter_hi):
            gauge.run += 1
            gauge.worst = max(gauge.worst, value) if high else min(gauge.worst, value)
        else:
            gauge.run, gauge.since_at, gauge.worst = 1, at, value
        lasts = at - gauge.since_at >= gauge.dwell_s
        if gauge.run < gauge.dwell_readings or not lasts:
            gauge.state, gauge.lo, gauge.hi = PENDING, M32, 0
        else:
            gauge.state = HIGH if high else LOW
            gauge.lo = gauge.leave_hi + 1 if high else gauge.worst
            gauge.hi = gauge.worst if high else gauge.leave_lo - 1
            limit = gauge.enter_hi if high else gauge.enter_lo
            self._tell("AlertRaised", channel, **_alert(gauge, at, high), limit=limit)
        gauge.run = min(gauge.run, M16)

    def _turned(self, gauge: Gauge, channel: int, at: int) -> None:
        """Rule the open day and open the one of a moment; days without a reading are told."""
        self._ruled(gauge, channel)
        day = cal.period_at(self.calendars, DAY, at)
        if day > gauge.day + 1 and gauge.is_ruled:
            days = {"first": gauge.day + 1, "last": day - 1}
            self._tell("PeriodsMissing", channel, limit_id=gauge.limit_id, **days)
        gauge.day = day
        gauge.trip_at = cal.boundary(self.calendars, DAY, day + 1)

    def _ruled(self, gauge: Gauge, channel: int) -> None:
        """Rule what the open day holds, and empty it."""
        if gauge.is_ruled:
            if gauge.count:
                _keep(gauge)
            held = ("total", "count", "low", "high", "voided", "advisory", "by_permit")
            self._tell(
                "PeriodRuled",
                channel,
                limit_id=gauge.limit_id,
                period=gauge.day,
                ended_at=gauge.trip_at,
                mean_lo=gauge.enter_lo,
                mean_hi=gauge.enter_hi,
                verdict=_verdict(gauge),
                **{name: getattr(gauge, name) for name in held},
            )
        gauge.low, gauge.high, gauge.voided = M32, 0, 0
        gauge.count = gauge.total = 0


def _alert(gauge: Gauge, at: int, high: bool) -> dict[str, Any]:
    return {"at": at, "since_at": gauge.since_at, "high": high, "worst": gauge.worst}


def _verdict(gauge: Gauge) -> int:
    """The day's mean against its limits, exactly: the sum against the limit times the count."""
    count, total = gauge.count, gauge.total
    if count == 0:
        return MISSING
    if count < gauge.needed:
        return INSUFFICIENT
    inside = gauge.enter_lo * count <= total <= gauge.enter_hi * count
    return MET if inside else EXCEEDED


def _keep(gauge: Gauge) -> None:
    """The last ruled day, as the contract keeps it; parts of a day add up."""
    same = gauge.ruled_day == gauge.day
    before = gauge.ruled if same else {"total": 0, "count": 0}
    gauge.ruled_day = gauge.day
    gauge.ruled = {
        "total": before["total"] + gauge.total,
        "count": before["count"] + gauge.count,
        "mean_lo": gauge.enter_lo,
        "mean_hi": gauge.enter_hi,
        "needed": gauge.needed,
        "advisory": gauge.advisory,
        "by_permit": gauge.by_permit,
    }
