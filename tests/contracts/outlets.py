"""An outlet with a judged gauge, whose days are filled and closed as a test asks."""

from collections.abc import Sequence
from typing import Any

from tests.contracts.intake_words import OFFSET, gauge_group, packed
from tests.contracts.suite import COD, DAY_S, GAUGE, HASH, T0, Suite


class Outlet:
    """A gauge at the outlet of a drainage permit, held against a limit from above and below."""

    def __init__(self, suite: Suite, limit: int = 1_000, lo: int = 10, **changed: Any) -> None:
        self.suite, self.limit, self.book = suite, limit, suite.discharge_limits
        self.permit = changed.pop("permit", 0) or suite.permit(kind=2)
        changed = {"parameter": COD} | changed
        self.needed = changed.pop("needed", 1)
        self.channel = suite.channel(GAUGE, "DischargeLimits", permit=self.permit, **changed)
        limit_id = suite.limit(changed["parameter"], lo, limit)
        keeper = suite.standards_keeper
        self.book.judge(self.channel, limit_id, 1, 0, 0, self.needed, sender=keeper)
        self.lane, self.at = suite.lane(self.book), T0

    def day(self, day: int, values: Sequence[int], close: bool = True) -> None:
        """Fill a day with readings one hour apart, and close it."""
        step, readings, at = T0 + day * DAY_S + 3_600, [], self.at
        for value in values:
            readings.append((OFFSET + value, step - at))
            at, step = step, step + 3_600
        words = packed(gauge_group(self.channel, self.at, readings))
        batch_id = self.book.lane(self.lane)[2]
        self.book.record_gauges(self.lane, batch_id, HASH, words, b"", sender=self.suite.relay)
        self.at = at
        if close:
            self.book.close(self.channel, day, sender=self.suite.holder)
