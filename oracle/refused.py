"""What the contract refused of a batch, read from the receipt of its transaction."""

from collections import Counter
from typing import Any

from ledger.batches import groups, refusals
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
    reasons = refusals(decode_receipt(ledger, receipt))
    of_batch = {end: reason for (_, number, end), reason in reasons.items() if number == batch.id}
    counts: Counter[int] = Counter()
    first: dict[int, int] = {}
    for group in groups(contract, batch.words) if of_batch else ():
        if group.end_word in of_batch:
            counts[group.channel] += len(group.readings)
            first.setdefault(group.channel, of_batch[group.end_word])
    return [(channel, counts[channel], _reason(reason)) for channel, reason in first.items()]


def _reason(number: int) -> str:
    return REASONS.get(number, f"reason {number}")
