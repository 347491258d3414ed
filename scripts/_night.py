"""Minimum night flow of a district, from the readings that batches brought onto the chain."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ledger.batches import as_batch, refused_by, taken
from ledger.devices import Channel, channel
from ledger.errors import NotFound
from ledger.events import logs
from ledger.standards import DAY
from ledger.structs import read
from scripts._balancing import balance_head
from scripts._days import day_index
from scripts._shared import Session
from scripts._showing import facts, utc
from scripts._supplies import district_of

FROM_S, UNTIL_S = 2 * 3_600, 4 * 3_600  # 02:00 to 04:00, our default
ML_PER_L = 1_000


def night_document(here: Session, number: int, day: str) -> dict[str, Any]:
    """The flow into a district in the small hours of a day, apart from leakage.

    Of each meter those steps count that lie within the two hours; NotFound where it has none.
    """
    raw = district_of(here, number)
    begins_at = read(here.ledger, "Standards", "boundary", DAY, day_index(here, day))
    from_at, until_at = begins_at + FROM_S, begins_at + UNTIL_S
    into, out = (
        sum(_flow_ml_s(here, channel(here.ledger, meter), from_at, until_at) for meter in raw[end])
        for end in ("inlets", "outlets")
    )
    told = {"district": number, "name": raw["name"], "day": day, "from_at": utc(from_at)}
    return {**told, "until_at": utc(until_at), "flow_ml_s": (into - out) // 1}


def night_lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    flow = ("night flow", f"{Decimal(found['flow_ml_s']) / ML_PER_L:.3f} L/s")
    return facts([("district", found["name"]), *balance_head(found), flow])


def _flow_ml_s(here: Session, meter: Channel, from_at: int, until_at: int) -> Fraction:
    volume_l, span_s = 0, 0
    for begun_at, at, step_l in _steps(here, meter, from_at):
        if begun_at >= until_at:
            break
        if begun_at >= from_at and at <= until_at:
            volume_l, span_s = volume_l + step_l, span_s + at - begun_at
    if span_s == 0:
        raise NotFound(
            f"no step of {meter.device} lies between two and four", "a meter must report more often"
        )
    return Fraction(volume_l * ML_PER_L, span_s)


def _steps(here: Session, meter: Channel, from_at: int) -> Iterator[tuple[int, int, int]]:
    """Steps of a meter in their order: from, until, litres; out of batches recorded since then."""
    refused = refused_by(here.ledger, meter.contract)
    for recorded in logs(here.ledger, meter.contract, "Recorded"):
        if recorded.block_time < from_at:
            continue
        for group in taken(as_batch(here.ledger, recorded), refused):
            if group.channel == meter.id:
                begun_at = group.opening_at
                for at, step_l in group.readings:
                    yield begun_at, at, step_l
                    begun_at = at
