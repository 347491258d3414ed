"""Urgent replacements of meters as recorded: what is held, and what became of it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ledger.batches import Batch, Refusals, as_batch, refused_by, taken
from ledger.deployment import Ledger
from ledger.devices import channel_of
from ledger.errors import NotFound
from ledger.events import Event, logs
from ledger.leaves import DEEMED
from ledger.structs import every, read

STATES = {1: "held", 2: "released", 3: "refused"}
HELD = 1


def replacements(ledger: Ledger) -> list[tuple[int, dict[str, Any]]]:
    """Every urgent replacement with its number."""
    return list(every(ledger, "DeviceRegistry", "replacement", "replacement_count"))


def replacement_by(ledger: Ledger, code: str) -> tuple[int, dict[str, Any]]:
    """The replacement that a new device came with; NotFound for any other device."""
    found = channel_of(ledger, code, "volume")
    number = read(ledger, "DeviceRegistry", "replacement_of", found.id)
    if not number:
        raise NotFound(
            f"{code} is in no urgent replacement", "`waterline device replacements` lists them"
        )
    return int(number), read(ledger, "DeviceRegistry", "replacement", number)


def held_l(ledger: Ledger, contract: str, one: dict[str, Any]) -> int:
    """What the new meter moved until it was decided on, or until now."""
    if one["state"] != HELD:
        return int(one["held_l"])
    count = read(ledger, contract, "count_of", one["channel"])
    return int(count["count_l"] - one["opening_l"])


@dataclass(frozen=True, slots=True)
class Deemed:
    """A volume that was deemed used: of which channel, from when until when."""

    channel: int
    from_at: int
    until_at: int
    volume_l: int
    transaction: str


def deemed(ledger: Ledger, contract: str, channels: Collection[int]) -> list[Deemed]:
    """The deemed use of meters, each with its time from the batch that carried it."""
    moved = logs(ledger, contract, "RegisterMoved", filters={"kind": DEEMED})
    about = [event for event in moved if event.args["channel"] in channels]
    if not about:
        return []
    refused = refused_by(ledger, contract)
    recorded = {one.transaction: one for one in logs(ledger, contract, "Recorded")}
    return [
        _deemed(event, as_batch(ledger, recorded[event.transaction]), refused) for event in about
    ]


def _deemed(event: Event, carried: Batch, refused: Refusals) -> Deemed:
    channel, until_at = int(event.args["channel"]), int(event.args["at"])
    group = next(
        one
        for one in taken(carried, refused)
        if (one.channel, one.kind, one.readings[-1][0]) == (channel, DEEMED, until_at)
    )
    volume_l = int(event.args["volume_l"])
    return Deemed(channel, group.opening_at, until_at, volume_l, event.transaction)
