"""The local calendars that Standards holds: the instants at which days, months and years begin."""

from ledger.deployment import Ledger
from ledger.events import logs


def instants(ledger: Ledger, calendar: int) -> list[int]:
    """Every boundary of a calendar, from the calldata that loaded it."""
    found: list[int] = []
    contract = ledger.contract("Standards")
    for event in logs(ledger, "Standards", "CalendarExtended", filters={"calendar": calendar}):
        sent = ledger.chain.w3.eth.get_transaction(event.transaction)  # type: ignore[arg-type]
        _, given = contract.decode_function_input(sent["input"])
        found += given["instants"]
    return found
