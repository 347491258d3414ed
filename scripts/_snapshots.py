"""Snapshots of registers, which districts and sewage works are balanced between."""

from typing import Any

from ledger.deployment import Ledger
from ledger.devices import channel
from ledger.structs import read
from scripts._showing import local_of, table, utc


def devices(ledger: Ledger, raw: dict[str, Any], *ends: str) -> dict[str, list[str]]:
    """The devices of the meters at each end."""
    return {end: [channel(ledger, number).device for number in raw[end]] for end in ends}


def snapshots(ledger: Ledger, contract: str, number: int) -> list[dict[str, Any]]:
    """Every snapshot of a district or works, for programs."""
    count = read(ledger, contract, "snapshot_count", number)
    taken = [read(ledger, contract, "snapshot", number, n) for n in range(1, count + 1)]
    return [
        {"snapshot": n, "version": one["version"], "at": utc(one["until_at"])}
        for n, one in enumerate(taken, 1)
    ]


def snapshot_lines(found: list[dict[str, Any]]) -> list[str]:
    """The same for people, below a blank line; nothing where there is none."""
    rows = [(one["snapshot"], local_of(one["at"])) for one in found]
    return ["", *table(rows, ("snapshot", "at"))] if rows else []
