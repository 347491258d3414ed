"""The rules of the intake, reading by reading: what the contracts must agree with.

The models know calendars, plans and limits, and nothing of words, tripwires or bands.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

M32 = 2**32 - 1


@dataclass
class Account:
    """One permit: its plan, its thresholds and the use counted in each year."""

    plan_l: int
    peak_l_h: int
    cuts_bps: tuple[int, int, int]
    approaching_bps: int
    peak_leave_bps: int
    used_l: dict[int, int] = field(default_factory=dict)
    year: int = 0
    tier: int = 0
    approached: bool = False
    pace_told: int = -1  # last month told: an earlier one is not told after it


@dataclass
class MeterModel:
    """A register that counts for an account; `told` collects what the contract must log."""

    account: Account
    register_l: int
    at: int
    years: list[int]
    months: list[int]
    from_at: int
    until_at: int
    over: bool = False
    told: list[tuple[object, ...]] = field(default_factory=list)
    unlawful_l: int = 0
    read: list[tuple[int, int]] = field(default_factory=list)  # moment, register

    def __post_init__(self) -> None:
        self.read.append((self.at, self.register_l))

    def at_turn(self, turn: int) -> int | None:
        """The last register read at or before a turn, None while no reading ends beyond it."""
        if self.at <= turn:
            return None
        return self.read[bisect_left(self.read, (turn + 1, -1)) - 1][1]

    def take(self, volume_l: int, duration_s: int, lawful: bool = True) -> None:
        before_at, self.at = self.at, self.at + duration_s
        self.register_l += volume_l
        self.read.append((self.at, self.register_l))
        self._peak(volume_l, duration_s)
        self._months_passed(before_at)
        year = bisect_left(self.years, self.at) - 1
        self.account.used_l[year] = self.account.used_l.get(year, 0) + volume_l
        self._tier(year)
        if not lawful:
            self.unlawful_l += volume_l

    def _peak(self, volume_l: int, duration_s: int) -> None:
        peak = self.account.peak_l_h
        if not self.over and volume_l * 3600 > peak * duration_s:
            self.over = True
            self.told.append(("PeakExceeded", self.at, volume_l))
        elif self.over:
            leave = peak * self.account.peak_leave_bps // 10_000
            if volume_l * 3600 <= leave * duration_s:
                self.over = False
                self.told.append(("PeakReturned", self.at, volume_l))

    def _months_passed(self, before_at: int) -> None:
        month = max(bisect_left(self.months, before_at) - 1, 0)
        end = self.months[month + 1]
        if self.at <= end or month <= self.account.pace_told:
            return
        year = bisect_left(self.years, end) - 1
        begin = max(self.years[year], self.from_at)
        finish = max(min(self.years[year + 1], self.until_at), begin + 1)
        used = self.account.used_l.get(year, 0)
        if end > begin and used * (finish - begin) > self.account.plan_l * (
            min(end, finish) - begin
        ):
            self.account.pace_told = month
            self.told.append(("PaceExceeded", end, used))

    def _tier(self, year: int) -> None:
        account = self.account
        if year < account.year:
            return  # a meter that lags behind: its year is counted, the tier is of the later one
        if year > account.year:
            account.year, account.approached = year, False
        before, used = account.tier, account.used_l[year]
        account.tier = sum(
            (used - account.plan_l) * 10_000 > c * account.plan_l for c in account.cuts_bps
        )
        if used * 10_000 > account.approaching_bps * account.plan_l and not account.approached:
            account.approached = True
            self.told.append(("PlanApproached", self.at, used))
        if account.tier != before:
            self.told.append(("TierChanged", self.at, account.tier, used))


@dataclass
class GaugeModel:
    """Instantaneous values held against one band, alerted on arrival and ruled by the day."""

    at: int
    days: list[int]
    lo: int
    hi: int
    leave_lo: int
    leave_hi: int
    dwell_readings: int
    dwell_s: int
    needed: int
    values: list[int] = field(default_factory=list)
    voided: int = 0
    standing: str = ""
    excess: list[tuple[int, int]] = field(default_factory=list)
    last: int = 0
    closed: bool = False
    late: int = 0
    ruled: dict[int, tuple[int, int]] = field(default_factory=dict)
    told: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def day(self) -> int:
        return self._day

    def __post_init__(self) -> None:
        self._day = bisect_left(self.days, self.at + 1) - 1

    def take(self, value: int, duration_s: int, void: bool = False) -> None:
        self.at += duration_s
        if self.at > self.days[self._day + 1]:
            self._rule()
            day = bisect_left(self.days, self.at) - 1
            if day > self._day + 1:
                self.told.append(("PeriodsMissing", self._day + 1, day - 1))
            self._day, self.closed = day, False
        if self.closed and self.at <= self.days[self._day]:
            self.late += 1
            return
        self.closed = False
        if void:
            self.voided += 1
            return
        self.values.append(value)
        self.last = value
        self._alert(value)

    def close(self) -> None:
        """The day is ruled by hand; what still comes of it is late and changes nothing."""
        self._rule()
        self._day, self.closed = self._day + 1, True

    def judge(self, lo: int, hi: int, leave_lo: int, leave_hi: int) -> None:
        """Other limits: the open day is ruled by them, and alerts begin afresh."""
        self.lo, self.hi, self.leave_lo, self.leave_hi = lo, hi, leave_lo, leave_hi
        self.standing, self.excess = "", []

    def _rule(self) -> None:
        total, count = sum(self.values), len(self.values)
        if count == 0:
            verdict = 4
        elif count < self.needed:
            verdict = 3
        else:
            verdict = 1 if self.lo * count <= total <= self.hi * count else 2
        self.told.append(("PeriodRuled", self._day, total, count, self.voided, verdict))
        if count:
            self.ruled[self._day] = (total, count)
        self.values, self.voided = [], 0

    def _side(self, value: int) -> str:
        return "high" if value > self.hi else "low" if value < self.lo else ""

    def _alert(self, value: int) -> None:
        if self.standing == "high" and value > self.leave_hi:
            self.excess.append((value, self.at))
            return
        if self.standing == "low" and value < self.leave_lo:
            self.excess.append((value, self.at))
            return
        if self.standing:
            self.told.append(("AlertCleared", self.at, self.standing, self._worst()))
            self.standing, self.excess = "", []
        side = self._side(value)
        if not side:
            self.excess = []
            return
        if self.excess and self._side(self.excess[0][0]) != side:
            self.excess = []
        self.excess.append((value, self.at))
        since = self.excess[0][1]
        if len(self.excess) >= self.dwell_readings and self.at - since >= self.dwell_s:
            self.standing = side
            self.told.append(("AlertRaised", self.at, since, side, self._worst()))

    def _worst(self) -> int:
        values = [value for value, _ in self.excess]
        return max(values) if self.standing == "high" or values[0] > self.hi else min(values)
