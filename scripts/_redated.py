"""What was re-dated says so wherever it is shown, as far as the journal is on this machine."""

from collections.abc import Iterable
from typing import Any

from scripts._environment import home


def redated_days() -> dict[int, int]:
    """Channels whose readings were re-dated, and by how many days, from the journal here."""
    from ledger.errors import BadRecord
    from oracle.report import redated
    from oracle.store import Store

    try:
        store = Store(home() / "oracle", writing=False)
    except BadRecord:
        return {}
    try:
        return redated(store)
    finally:
        store.close()


def notes(entries: Iterable[dict[str, Any]]) -> list[str]:
    """A line for each device of what is shown whose readings were re-dated."""
    found = {
        (one["device"], one["redated_days"]): None for one in entries if one.get("redated_days")
    }
    return [f"Re-dated: {device} by {days:+,} days, a historic series." for device, days in found]
