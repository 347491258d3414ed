"""What a run of upkeep knows of the chain: its clock, its channels, the periods that ended."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ledger.channels import GAUGE_BOOKS, Channel
from ledger.deployment import Ledger
from ledger.devices import channels
from ledger.standards import CALENDARS, DAY
from ledger.structs import read
from scripts._days import day_of
from scripts._shared import Session

DAY_S = 86_400

Found = Iterator[tuple[tuple[Any, ...], str]]  # arguments of a candidate, and why it is due


class Look:
    """What a run knows of the chain: its clock, and the periods that ended within some days."""

    def __init__(self, here: Session, days: int) -> None:
        self.here, self._days_s = here, days * DAY_S
        self.now = 0
        self._named: dict[int, str] = {}

    @property
    def ledger(self) -> Ledger:
        """The contracts."""
        return self.here.ledger

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

    def spans(self, *calendars: int) -> list[tuple[int, int, str]]:
        """The periods of calendars that ended within those days, as people write them too."""
        ended = [(calendar, period) for calendar in calendars for period in self.ended(calendar)]
        return [(*one, self._span(*one)) for one in ended]

    def _span(self, calendar: int, period: int) -> str:
        last = self.period(DAY, self.boundary(calendar, period + 1))
        return f"the {CALENDARS[calendar].lower()} that ended with {self.day(last)}"

    def name(self, channel: int) -> str:
        """A channel as people know it."""
        one = self.channels[channel]
        return f"{one.device} {one.parameter}"
