"""What districts, sewage works and zones share: meters kept at turns of days, periods, a head."""

from collections.abc import Iterable
from typing import Any

from ledger.deployment import Ledger
from ledger.devices import channel
from ledger.errors import UsageError
from ledger.standards import DAY
from ledger.structs import read
from scripts._plans import period_index
from scripts._shared import Session
from scripts._showing import local_of, m3, utc
from scripts._writing import Act

MOST_CHANNELS = 64  # in one act, as MAX_CHANNELS of RegisterTurns


def devices(ledger: Ledger, raw: dict[str, Any], *ends: str) -> dict[str, list[str]]:
    """The devices of the meters at each end."""
    return {end: [channel(ledger, number).device for number in raw[end]] for end in ends}


def keeping(here: Session, channels: Iterable[int]) -> list[Act]:
    """Acts that have registers kept at each turn of a day, of those meters whose are not yet."""
    missing = [
        number
        for number in dict.fromkeys(channels)
        if read(here.ledger, "RegisterTurns", "turns", number)["calendar"] != DAY
    ]
    keep = here.contract("RegisterTurns").functions.set_turns
    pages = [missing[n : n + MOST_CHANNELS] for n in range(0, len(missing), MOST_CHANNELS)]
    says = "keep the registers of {} meters at each turn of a day"
    return [Act("RegisterTurns", keep(page, DAY), says.format(len(page))) for page in pages]


def span_of(here: Session, period: str, until: str) -> tuple[int, int, int]:
    """Calendar, first and last period of a balance; UsageError where they are of two sorts."""
    calendar, first = period_index(here, period)
    other, last = period_index(here, until or period)
    if other != calendar:
        raise UsageError(f"{period} and {until} are of two sorts", "give two days, or two months")
    return calendar, first, last


def balance_ends(raw: dict[str, Any]) -> dict[str, Any]:
    """A balance for programs."""
    return {**raw, "from_at": utc(raw["from_at"]), "until_at": utc(raw["until_at"])}


def balance_head(found: dict[str, Any]) -> list[tuple[str, str]]:
    """When a balance begins and ends, for people."""
    return [(key, local_of(found[f"{key}_at"])) for key in ("from", "until")]


def balance_doubts(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What may still change in a balance, for people."""
    told = [("of it estimated", m3(found["estimated_l"]))] if found["estimated_l"] else []
    said = "a meter is silent; its last register stands in"
    return [*told, *([("provisional", said)] if found["silent"] else [])]
