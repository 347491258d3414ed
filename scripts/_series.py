"""Readings as the chain holds them, unpacked from the calldata of its batches."""

from collections.abc import Sequence
from typing import Any

from ledger.batches import as_batch, refused_by, taken
from ledger.devices import Channel
from ledger.events import logs
from ledger.grades import GRADES
from ledger.marks import name_of
from ledger.network import station
from scripts._gauging import shown_word
from scripts._shared import Session
from scripts._showing import utc

Held = tuple[int, int, int, bool, int]  # at, stored word, mark, void, grade


def last_readings(
    here: Session, contract: str, wanted: Sequence[Channel], count: int
) -> list[dict[str, Any]]:
    """The last readings of each channel, newest last; batches are read from the newest back."""
    found: dict[int, list[Held]] = {one.id: [] for one in wanted}
    refused = refused_by(here.ledger, contract)
    for recorded in reversed(logs(here.ledger, contract, "Recorded")):
        missing = [number for number, readings in found.items() if len(readings) < count]
        if not missing:
            break
        batch = as_batch(here.ledger, recorded)
        fresh: dict[int, list[Held]] = {number: [] for number in missing}
        for group in taken(batch, refused):
            if group.channel in fresh:
                about = group.mark, group.void, group.grade
                fresh[group.channel] += [(*r, *about) for r in group.readings]
        for number, readings in fresh.items():
            found[number] = readings + found[number]
    return [_document(here, one, found[one.id][-count:]) for one in wanted]


def say_evidence(here: Session, contract: str, documents: Sequence[dict[str, Any]]) -> None:
    """Add to documents of channels the evidence grade of the last reading of each.

    A grade stands in the batches alone; they are read from the newest back until each has one.
    """
    wanted = {one["channel"] for one in documents if one["last_at"]}
    found: dict[int, str | None] = {}
    refused = refused_by(here.ledger, contract) if wanted else {}
    for recorded in reversed(logs(here.ledger, contract, "Recorded") if wanted else []):
        if wanted <= found.keys():
            break
        batch = as_batch(here.ledger, recorded)
        fresh = {group.channel: GRADES.get(group.grade) for group in taken(batch, refused)}
        found = fresh | found
    for one in documents:
        one["evidence"] = found.get(one["channel"])


def vouched(documents: Sequence[dict[str, Any]]) -> str:
    """The evidence grade of the last reading of each device, for people."""
    return ", ".join(f"{one['device']} {one['evidence'] or '-'}" for one in documents) or "-"


def _document(here: Session, one: Channel, readings: Sequence[Held]) -> dict[str, Any]:
    return {
        "station": station(here.ledger, one.station_id).code,
        "device": one.device,
        "channel": one.id,
        "parameter": one.parameter,
        "redated_days": here.redated_days.get(one.id, 0),
        "readings": [
            {
                "at": utc(at),
                "value": shown_word(one, word),
                "stored": word,
                "mark": name_of(mark),
                "void": void,
                "evidence": GRADES.get(grade),
            }
            for at, word, mark, void, grade in readings
        ],
    }
