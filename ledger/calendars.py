"""The local calendars that Standards holds: the instants at which days, months and years begin."""

from ledger.deployment import Ledger
from ledger.events import logs, sent_in


def instants(ledger: Ledger, calendar: int) -> list[int]:
    """Every boundary of a calendar, from the calldata that loaded it."""
    found: list[int] = []
    for event in logs(ledger, "Standards", "CalendarExtended", filters={"calendar": calendar}):
        _, given = sent_in(ledger, event)
        found += given["instants"]
    return found
