"""The review sheet of an application: everything that bears on it, as one block shows it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts._shared import Noun, Session, session

if TYPE_CHECKING:
    from ledger.chain import Head

app = Noun(__doc__)

ABSTRACTION = 1
AT_CEILING = 2  # ground of refusal, Decree 460 art. 20(2)
PAGE = 100
# what Decree 460 asks for in each state; terms are settings, so the due date says until when
LAW = {
    "submitted": "art. 13: accept it, ask for a correction, or refer it to who is competent",
    "correction requested": "art. 13: the applicant hands in what was asked for",
    "accepted": "art. 17-18: review it; hear the public or those it concerns; wait for disputes",
    "suspended review": "art. 17-18: the clock stands still until the review goes on",
    "under review": "art. 19-20: another officer approves, or refuses on a ground of the list",
    "approved": "art. 22-23: works begin in time, their trial run is accepted, the permit issued",
}
FORWARD = "art. 10: give an opinion and pass it on to the level that decides"


@app.read("review-sheet")
def review_sheet(
    application: Annotated[int, typer.Argument(help="Number of the application.")],
) -> Any:
    """Show one sheet for the review of an application, read at a single block.

    What it asks for, the region's ceiling and red lines, the applicant's record, the devices at the
    point, the due date with the stops of its clock, and what the law asks for now.

    For example: waterline permit review-sheet 3
    """
    here = session()
    document = sheet(here, application)
    return here.tell(document, lambda: sheet_lines(document))


@contextmanager
def one_block(here: Session) -> "Iterator[Head]":
    """Every view answers as of the last block; NotSettled if that is no longer the chain's."""
    from ledger.errors import NotSettled

    eth, head = here.chain.w3.eth, here.chain.head()
    before, eth.default_block = eth.default_block, head.number
    try:
        yield head
    finally:
        eth.default_block = before
    if here.chain.at(head.number) != head:
        raise NotSettled(
            f"block {head.number} was replaced while it was read", "run the command again"
        )


def sheet(here: Session, number: int) -> dict[str, Any]:
    """The review sheet for programs; volumes in litres, shares in thousandths rounded up."""
    from ledger.structs import read
    from scripts._permits import application_document
    from scripts._showing import utc

    with one_block(here) as head:
        asked = application_document(here, number)
        face = read(here.ledger, "Applications", "face", number)
        org_id = read(here.ledger, "Applications", "application", number)["org_id"]
        waits = asked["due"]["act"] == "to be forwarded"
        return {
            "block": head.number,
            "block_hash": head.hash,
            "at": utc(head.at),
            "application": asked,
            "law": FORWARD if waits else LAW.get(asked["state"]),
            "stops": [
                {"from": utc(stop["from_at"]), "until": utc(stop["until_at"])}
                for stop in read(here.ledger, "Applications", "stops", number)
            ],
            "region": _region(here, face, head.at),
            "record": _record(here, org_id),
            "devices": _devices(here, face["station_id"]),
        }


def _region(here: Session, face: dict[str, Any], at: int) -> dict[str, Any] | None:
    """The region's headroom and red lines; None where the station lies in none."""
    from ledger.labels import text_of
    from ledger.standards import YEAR
    from ledger.structs import read
    from scripts._showing import GROUNDS
    from scripts.redline import ceiling_of, load_document, target_document

    ledger = here.ledger
    name = read(ledger, "WaterNetwork", "region", face["station_id"])
    if not any(name):
        return None
    ceiling_l = ceiling_of(here, name)
    permitted_l = read(ledger, "RedLines", "permitted_l", name)
    before_l = _counted(here, face["amends"], name)
    counts = face["kind"] == ABSTRACTION
    after_l = permitted_l - before_l + face["annual_l"] if counts else permitted_l
    fits = ceiling_l is None or after_l <= max(ceiling_l, permitted_l)
    year = read(ledger, "Standards", "period_at", YEAR, at + 1)
    verdicts = read(ledger, "RedLines", "assess", name, year)
    loads = read(ledger, "RedLines", "assess_loads", name, year)
    return {
        "region": text_of(name),
        "ceiling_l": ceiling_l,
        "permitted_l": permitted_l,
        "adds_l": after_l - permitted_l,
        "after_l": after_l,
        "permille_of_ceiling": -(-after_l * 1000 // ceiling_l) if ceiling_l else None,
        "fits": fits,
        "ground": None if fits else f"{AT_CEILING}: {GROUNDS[AT_CEILING]}",
        "red_lines": [target_document(verdict) for verdict in verdicts],
        "loads": [load_document(one) for one in loads],
    }


def _counted(here: Session, amended: int, region: bytes) -> int:
    """What an amended permit is counted with in the region already."""
    from ledger.structs import read

    if not amended or read(here.ledger, "RedLines", "counted_in", amended) != region:
        return 0
    return int(read(here.ledger, "RedLines", "counted_l", amended))


def _record(here: Session, org_id: int) -> dict[str, Any]:
    """What the applicant holds, and what stands against it."""
    from ledger.structs import every, read
    from scripts._accounts import account_document
    from scripts._billing import bills
    from scripts._incidents import order_document
    from scripts._permits import permit_of
    from scripts._violations import violation_document

    ledger = here.ledger
    count = read(ledger, "PermitRegistry", "holder_count", org_id)
    held = {
        permit_id: permit_of(here, permit_id)
        for first in range(0, count, PAGE)
        for permit_id in read(ledger, "PermitRegistry", "permits_of", org_id, first, PAGE)
    }
    numbers = {permit["number"] for permit in held.values()}
    orders = every(ledger, "Incidents", "order", "order_count")
    violations = every(ledger, "Violations", "violation", "violation_count")
    accounts = [account_document(here, *one) for one in held.items()]
    keys = ("permit", "kind", "state", "station", "plan_l", "used_l", "tier")
    return {
        "permits": [{key: one[key] for key in keys} for one in accounts],
        "violations": [
            violation_document(here, n) for n, raw in violations if raw["permit_id"] in held
        ],
        "open_orders": [
            order_document(here, n, raw)
            for n, raw in orders
            if raw["permit_id"] in held and not raw["checked"]
        ],
        "open_bills": [
            one for one in bills(here) if one["permit"] in numbers and one["state"] == "open"
        ],
    }


def _devices(here: Session, station_id: int) -> list[dict[str, Any]]:
    """What is measured at a station."""
    from ledger.devices import channels
    from ledger.structs import read

    return [
        {
            "device": one.device,
            "parameter": one.parameter,
            "permit": read(here.ledger, "PermitRegistry", "permit", one.permit_id)["number"]
            if one.permit_id
            else None,
        }
        for one in channels(here.ledger)
        if one.station_id == station_id
    ]


def sheet_lines(document: dict[str, Any]) -> list[str]:
    """The review sheet for people."""
    from scripts._showing import facts, local_of, m3, table

    asked, due = document["application"], document["application"]["due"]
    told: list[tuple[str, object]] = [
        ("application", f"{asked['application']}, {asked['state']}"),
        ("applicant", asked["applicant"]),
        ("asks for", f"{asked['kind']}, {m3(asked['annual_l'])} a year at {asked['station']}"),
        ("amends", asked["amends"] or "nothing"),
        ("for", f"{asked['purpose']}, from {asked['source']}"),
        ("law", f"Decree 460 {document['law']}" if document["law"] else "nothing more is asked"),
    ]
    if due["act"]:
        when = local_of(due["at"]) if due["at"] else "the clock stands still"
        told.append(("due", f"{due['act']}: {when}"))
    told += [
        ("clock stood", f"{local_of(s['from'])} to {local_of(s['until'])}")
        for s in document["stops"]
    ]
    told += [*_region_facts(document["region"]), *_record_facts(document["record"])]
    devices = [(d["device"], d["parameter"], d["permit"] or "-") for d in document["devices"]]
    permits = [
        (p["permit"], p["kind"], p["state"], m3(p["used_l"]), m3(p["plan_l"]), p["tier"])
        for p in document["record"]["permits"]
    ]
    return [
        *facts([*told, ("as of", f"block {document['block']}, {local_of(document['at'])}")]),
        *("", "Held by the applicant"),
        *table(permits, ("permit", "kind", "state", "used", "plan", "tier")),
        *("", "Measured at the point"),
        *table(devices, ("device", "measures", "counts against")),
    ]


def _region_facts(region: dict[str, Any] | None) -> list[tuple[str, object]]:
    from scripts._showing import m3
    from scripts.redline import load_standing, standing

    if region is None:
        return [("region", "none: no ceiling applies")]
    ceiling = "no ceiling"
    if region["ceiling_l"] is not None:
        part = f"{region['permille_of_ceiling']} per mille of the" if region["ceiling_l"] else "a"
        ceiling = f"{part} ceiling of {m3(region['ceiling_l'])}"
    told: list[tuple[str, object]] = [
        ("region", region["region"]),
        ("permitted there", m3(region["permitted_l"])),
        ("with this", f"{m3(region['after_l'])}, {ceiling}"),
    ]
    if region["ground"]:
        told.append(("to be refused", f"art. 20, ground {region['ground']}"))
    told += [(one["indicator"], standing(one)) for one in region["red_lines"]]
    return told + [(f"{one['parameter']} a year", load_standing(one)) for one in region["loads"]]


def _record_facts(record: dict[str, Any]) -> list[tuple[str, object]]:
    violations = [f"{v['violation']} ({v['state']})" for v in record["violations"]]
    orders = [f"{o['order']} ({o['kind']})" for o in record["open_orders"]]
    bills = [f"{b['bill']} ({b['period']})" for b in record["open_bills"]]
    return [
        ("violations", ", ".join(violations) or "none"),
        ("open orders", ", ".join(orders) or "none"),
        ("open bills", ", ".join(bills) or "none"),
    ]
