"""An outlet with meters and a gauge beside each, whose days are filled as a test asks."""

from collections.abc import Sequence
from typing import Any

from tests.contracts.intake_words import OFFSET, gauge_group, meter_group, packed
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, METER, T0, VOLUME, Suite, word

DAY, MONTH, QUARTER, YEAR = 1, 2, 3, 4  # calendars; of these tests: months of ten days, years of 40
DAY_MEAN, MONTH_MEAN, DAY_LOAD, MONTH_LOAD, YEAR_LOAD = range(1, 6)
MET, EXCEEDED, INSUFFICIENT, MISSING = range(1, 5)
FIRST = 40  # the day on which a new outfall begins: the first of month 4 and of year 1
NOTHING = (0, False, 0, 0)  # what is held against no limit


def at_most(basis: int, hi: int, parameter: bytes = COD) -> tuple[Any, ...]:
    """A limit of a drainage permit."""
    return (parameter, basis, 0, hi, False, True)


class Outfall:
    """Meters and gauges of one drainage permit, paired in their order."""

    def __init__(
        self,
        suite: Suite,
        *limits: tuple[Any, ...],
        pairs: int = 1,
        needed: int = 1,
        station: int = 1,
        first: int = FIRST,
    ) -> None:
        self.suite, self.first, self.needed = suite, first, needed
        self.loads, self.volumes = suite.discharge_loads, suite.discharge_volumes
        self.permit = suite.permit(limits, kind=2, station_id=station)
        self.flow, self.lane = suite.lane(self.volumes), suite.lane(suite.discharge_limits)
        self.meters: list[int] = []
        self.gauges: list[int] = []
        self.registers: dict[int, int] = {}
        self.heard: dict[int, int] = {}  # channel: its last reading
        for _ in range(pairs):
            self.meters.append(self.meter(T0 + first * DAY_S))
            self.gauges.append(self.gauge(T0 + first * DAY_S))
        self.pair()

    def meter(self, opened_at: int) -> int:
        """Another meter, its registers kept by day."""
        suite = self.suite
        channel = suite.channel(METER, "DischargeVolumes", VOLUME, self.permit, opened_at=opened_at)
        suite.register_turns.set_turns([channel], DAY, sender=suite.device_keeper)
        self.registers[channel], self.heard[channel] = 100, opened_at
        return channel

    def gauge(self, opened_at: int, parameter: bytes = COD, resolution: int = 1) -> int:
        """Another gauge, judged so that its days have a mean."""
        suite = self.suite
        channel = suite.channel(
            *(GAUGE, "DischargeLimits", parameter, self.permit),
            opened_at=opened_at,
            resolution=resolution,
        )
        limit = suite.limit(parameter, None, 10**9)
        rules = (channel, limit, 1, 0, 0, self.needed)
        suite.discharge_limits.judge(*rules, sender=suite.standards_keeper)
        self.heard[channel] = opened_at
        return channel

    def pairs(self, **changed: Any) -> tuple[Any, ...]:
        """The outlet's own pairs, but for what is changed."""
        given = {"from_day": self.first, "meters": self.meters, "gauges": self.gauges}
        assert changed.keys() <= given.keys()
        return tuple((given | changed).values())

    def pair(self, **changed: Any) -> None:
        """Set pairs."""
        keeper = self.suite.standards_keeper
        self.loads.set_pairs(self.permit, COD, self.pairs(**changed), sender=keeper)

    def passes(self, meter: int, volume_l: int, until_at: int, kind: int = 0) -> None:
        """One reading of a meter."""
        step = [(volume_l, until_at - self.heard[meter])]
        words = meter_group(meter, self.registers[meter], self.heard[meter], step, kind=kind)
        batch_id = self.volumes.lane(self.flow)[2]
        self.volumes.record_meters(
            self.flow, batch_id, HASH, packed(words), b"", sender=self.suite.relay
        )
        self.registers[meter] += volume_l
        self.heard[meter] = until_at

    def flows(self, meter: int, volume_l: int, day: int, kind: int = 0) -> None:
        """The volume of a day, read beyond its end."""
        ends_at = T0 + (day + 1) * DAY_S
        self.passes(meter, volume_l, ends_at - 60, kind)
        self.passes(meter, 0, ends_at + 60)

    def reads(self, gauge: int, values: Sequence[int], day: int) -> None:
        """Readings of a day ten minutes apart, which is closed then."""
        book, step = self.suite.discharge_limits, T0 + day * DAY_S + 600
        readings, at = [], self.heard[gauge]
        for value in values:
            readings.append((OFFSET + value, step - at))
            at, step = step, step + 600
        if readings:
            words = packed(gauge_group(gauge, self.heard[gauge], readings))
            batch_id = book.lane(self.lane)[2]
            book.record_gauges(self.lane, batch_id, HASH, words, b"", sender=self.suite.relay)
            self.heard[gauge] = at
        while (open_day := tuple(book.ruling(gauge))[2]) <= day:
            book.close(gauge, open_day, sender=self.suite.holder)

    def day(self, day: int, volume_l: int, values: Sequence[int]) -> None:
        """A day of the first pair."""
        self.flows(self.meters[0], volume_l, day)
        self.reads(self.gauges[0], values, day)

    def rules(self, period: int, calendar: int = DAY) -> None:
        """Anybody asks for a ruling of a day, month or year."""
        self.loads.rule_load(self.permit, COD, calendar, period, sender=self.suite.holder)

    def on(self, period: int, calendar: int = DAY) -> Any:
        """What is ruled of a day, month or year when anybody asks for it."""
        self.rules(period, calendar)
        return self.ruled(period, calendar)

    def ruled(self, period: int, calendar: int = DAY) -> Any:
        """What was ruled of a day, month or year."""
        return self.loads.ruling(self.permit, COD, calendar, period)

    def month(self, days: Sequence[tuple[int, Sequence[int]]], month: int = FIRST // 10) -> Any:
        """A month of days, each with its volume and readings, ruled on day by day."""
        self.days(days, month)
        return self.on(month, MONTH)

    def days(self, days: Sequence[tuple[int, Sequence[int]]], month: int = FIRST // 10) -> None:
        """The days of a month, ruled on day by day."""
        for day, (volume_l, values) in enumerate(days, month * 10):
            self.day(day, volume_l, values)
            if values or not volume_l:
                self.rules(day)


QINGLAN = word("Qinglan")
