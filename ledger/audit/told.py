"""What must have been logged, and why a group is refused (docs/wire-format.md)."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from ledger.audit.groups import Group

UNKNOWN, OTHER_GROUP, BROKEN, FUTURE, BAD_KIND, NO_APPROVAL, OVERFLOW = range(1, 8)
NO_CALENDAR = 9

Told = tuple[str, str, dict[str, Any]]  # contract, event, what it holds


class Replay(ABC):
    """One batch of a book, group by group; `told` is what must have been logged."""

    def __init__(self, book: str, lane: int, batch: int, block_at: int) -> None:
        """`book` is the name that its events are told under."""
        self.named, self.lane_id, self.batch, self.block_at = book, lane, batch, block_at
        self.told: list[Told] = []
        self.counted_l = self.refused = self.refused_readings = 0

    def take(self, every: Iterable[Group]) -> None:
        """Rule on every group of the batch."""
        for group in every:
            reason = self._taken(group)
            if reason:
                self.refused += 1
                self.refused_readings += len(group.amounts)
                self._tell(
                    "GroupRefused",
                    group.channel,
                    lane=self.lane_id,
                    reason=reason,
                    end_word=group.end_word,
                )

    def _tell(self, event: str, channel: int, **keys: Any) -> None:
        known = {"channel": channel, "batch_id": self.batch}
        self.told.append((self.named, event, known | keys))

    @abstractmethod
    def _taken(self, group: Group) -> int:
        """Take a group; 0, or why it is refused."""
