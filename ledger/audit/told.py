"""What must have been logged, and why a group is refused (docs/wire-format.md)."""

from typing import Any

UNKNOWN, OTHER_GROUP, BROKEN, FUTURE, BAD_KIND, NO_APPROVAL, OVERFLOW = range(1, 8)
NO_CALENDAR = 9

Told = tuple[str, str, dict[str, Any]]  # contract, event, what it holds
