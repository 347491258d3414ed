"""What does not agree: a claim of the chain, and what its own data give."""

from dataclasses import asdict, dataclass, field
from typing import Any

MOST_KEPT = 1_000  # findings that are told one by one; the others are counted


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference; lane, batch and channel are None where it is of none."""

    what: str
    contract: str
    claimed: str
    derived: str
    block: int | None = None
    lane: int | None = None
    batch: int | None = None
    channel: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding as `--json` shows it."""
        return asdict(self)


@dataclass(slots=True)
class Findings:
    """The first findings, and how many there are."""

    count: int = 0
    first: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Count one more, and keep it while there is room."""
        self.count += 1
        if len(self.first) < MOST_KEPT:
            self.first.append(finding)
