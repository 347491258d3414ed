"""What the contract refused of a batch, read from the receipt of its transaction."""

from typing import Any

from ledger.batches import groups
from ledger.deployment import Ledger
from ledger.events import decode_receipt
from oracle.outbox import Batch

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
    reasons = {
        (event.args["batch_id"], event.args["end_word"]): event.args["reason"]
        for event in decode_receipt(ledger, receipt)
        if event.name == "GroupRefused"
    }
    counts: dict[int, int] = {}
    first: dict[int, int] = {}
    for group in groups(contract, batch.words) if reasons else ():
        reason = reasons.get((batch.id, group.end_word))
        if reason is not None:
            counts[group.channel] = counts.get(group.channel, 0) + len(group.readings)
            first.setdefault(group.channel, reason)
    return [(channel, counts[channel], _reason(reason)) for channel, reason in first.items()]


def _reason(number: int) -> str:
    return REASONS.get(number, f"reason {number}")
