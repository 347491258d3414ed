"""What the contract refused of a batch, read from the receipt of its transaction."""

from typing import Any

from ledger.batches import gauge_groups, meter_groups
from ledger.deployment import Ledger
from ledger.events import decode_receipt
from oracle.outbox import Batch

METER_BOOKS = ("QuotaTracker", "DischargeVolumes")
REASONS = {
    1: "unknown channel",
    2: "other relay group",
    3: "broken continuity",
    4: "in the future",
    5: "bad kind or header",
    6: "no approval",
    7: "register overflow",
    9: "beyond the calendar",
}


def refused(
    ledger: Ledger, contract: str, batch: Batch, receipt: Any
) -> list[tuple[int, int, str]]:
    """Channels whose last groups the contract refused, how many readings, and why."""
    told: dict[int, list[int]] = {}
    for event in decode_receipt(ledger, receipt):
        if event.name == "GroupRefused" and event.args["batch_id"] == batch.id:
            told.setdefault(event.args["channel"], []).append(event.args["reason"])
    if not told:
        return []
    unpack = meter_groups if contract in METER_BOOKS else gauge_groups
    groups: dict[int, list[int]] = {}
    for group in unpack(batch.words):
        groups.setdefault(group.channel, []).append(len(group.readings))
    return [
        (channel, sum(groups[channel][-len(reasons) :]), _reason(reasons[0]))
        for channel, reasons in told.items()
    ]


def _reason(number: int) -> str:
    return REASONS.get(number, f"reason {number}")
