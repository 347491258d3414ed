"""Return flow: what was abstracted in a permit's year, what came back, and what its conditions ask.

Place and volume of the return stand in an abstraction permit (Decree 460 art. 24). That whoever
takes less than the permitted volume returns the same share of it is a setting of ours, not law.
"""

from typing import Any

from ledger.channels import METER, Channel
from ledger.devices import channels
from ledger.network import station
from ledger.standards import YEAR
from ledger.structs import read
from scripts._plans import span
from scripts._shared import Session
from scripts._showing import local_day, m3, utc

PERMIT, COMMUNITY = 1, 3  # kinds of subjects of QuotaPlans
BOOK = "DischargeVolumes"


def terms_in(here: Session, permit_id: int, year: int) -> tuple[dict[str, Any], int]:
    """A permit's conditions in force when a year began, and their version; else its first ones."""
    begins_at, _ = span(here, YEAR, year)
    versions = int(read(here.ledger, "PermitRegistry", "permit", permit_id)["versions"])
    for version in range(versions, 0, -1):
        terms: dict[str, Any] = read(here.ledger, "PermitRegistry", "terms", permit_id, version)
        if terms["in_force_at"] <= begins_at or version == 1:
            break
    return terms, version


def meters_at(here: Session, station_id: int) -> list[Channel]:
    """Every discharge meter of a station, in rising order."""
    return [
        one
        for one in channels(here.ledger)
        if (one.kind, one.contract, one.station_id) == (METER, BOOK, station_id)
    ]


def return_document(here: Session, permit_id: int, year: int) -> dict[str, Any] | None:
    """A year's return flow as `--json` shows it; None where the conditions ask for no return.

    `known` and `ended` say whether the registers of the whole year are kept, and read to its end;
    only then is a return `short` or not.
    """
    terms, version = terms_in(here, permit_id, year)
    if not terms["return_l"]:
        return None
    meters = meters_at(here, terms["return_station_id"])
    abstracted_l, known, ended = _use(here, PERMIT, permit_id, year)
    parts = [(one, *_use(here, COMMUNITY, one.id, year)) for one in meters]
    known, ended = (
        known and all(part[2] for part in parts),
        ended and all(part[3] for part in parts),
    )
    returned_l = sum(part[1] for part in parts)
    required_l = terms["return_l"] * min(abstracted_l, terms["annual_l"]) // terms["annual_l"]
    told = read(here.ledger, "QuotaPlans", "shortage", permit_id, year)
    begins_at, ends_at = span(here, YEAR, year)
    return {
        "station": station(here.ledger, terms["return_station_id"]).code,
        "from": local_day(begins_at + 1),
        "until": local_day(ends_at),
        "version": version,
        "return_l": terms["return_l"],
        "annual_l": terms["annual_l"],
        "abstracted_l": abstracted_l,
        "returned_l": returned_l,
        "required_l": required_l,
        "missing_l": max(required_l - returned_l, 0),
        "known": known,
        "ended": ended,
        "short": returned_l < required_l if known and ended else None,
        "meters": [{"device": one.device, "returned_l": net_l} for one, net_l, _, _ in parts],
        "on_record_at": utc(told["at"]) if told["at"] else None,
    }


def _use(here: Session, kind: int, subject: int, year: int) -> tuple[int, bool, bool]:
    """The net use of a year by what registers say; whether all of it is known, and it was ended."""
    if kind == COMMUNITY and not read(here.ledger, "RegisterTurns", "turns", subject)["calendar"]:
        return 0, False, False
    use = read(here.ledger, "QuotaPlans", "use_of", kind, subject, YEAR, year)
    return max(use["counted_l"] + use["corrected_l"], 0), use["known"], use["ended"]


def return_lines(document: dict[str, Any] | None) -> list[tuple[str, object]]:
    """The same for people, as one line."""
    if document is None:
        return []
    figures = (
        f"{m3(document['returned_l'])} at {document['station']} of {m3(document['required_l'])} "
        f"for {m3(document['abstracted_l'])} abstracted"
    )
    return [("return flow", f"{figures}: {verdict(document)}")]


def verdict(document: dict[str, Any]) -> str:
    """Whether enough came back, and whether that is on record, in words."""
    word = {True: "short", False: "enough", None: "not read through yet"}[document["short"]]
    return word + (", on record" if document["on_record_at"] else "")
