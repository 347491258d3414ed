"""Zones with the codes of their days, and tanks, as recorded."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ledger.codes import RULING, evidence
from ledger.devices import channel, channel_of
from ledger.errors import NotFound, UsageError
from ledger.events import logs
from ledger.network import station, station_by_code
from ledger.structs import every, read
from scripts._days import day_index, day_of
from scripts._files import entries, take
from scripts._shared import Session
from scripts._showing import VERDICTS, facts, local_of, m3, table, utc

CONTRACT = "SupplyCodes"
UNKNOWN = "by its evidence"


def drawn(here: Session, given: Mapping[str, Any]) -> tuple[Any, ...]:
    """A zone as the contract takes it, from a file that names stations and devices."""
    works, sources = [], []
    for n, one in enumerate(entries(given.get("works"), "the zone has no list 'works'")):
        where = f"works {n + 1}"
        works.append((_station(here, one, where), _meters(here, one, "outlets", where)))
        for source in entries(one.get("sources"), f"{where}: no list 'sources'"):
            place = _station(here, source, f"a source of {where}")
            sources.append((place, n, _meters(here, source, "intakes", f"a source of {where}")))
    gauges = [
        channel_of(here.ledger, take(one, "device", "quality"), take(one, "parameter", "quality"))
        for one in entries(given.get("quality", []), "'quality' is no list")
    ]
    name = str(take(dict(given), "name", "the zone"))
    end = _station(here, given, "the zone")
    return name, 0, end, works, sources, [gauge.id for gauge in gauges]


def meters_of(zone: tuple[Any, ...]) -> list[int]:
    """The meters of a zone as the contract takes it."""
    _, _, _, works, sources, _ = zone
    return [meter for *_, meters in (*works, *sources) for meter in meters]


def _station(here: Session, entry: Mapping[str, Any], where: str) -> int:
    return station_by_code(here.ledger, str(take(dict(entry), "station", where))).id


def _meters(here: Session, entry: Mapping[str, Any], key: str, where: str) -> list[int]:
    devices = take(dict(entry), key, where)
    if not isinstance(devices, list):
        raise UsageError(f"{where}: {key!r} is no list of devices", "write [DEVICE, DEVICE]")
    return [channel_of(here.ledger, str(device), "volume").id for device in devices]


def zone_of(here: Session, number: int) -> dict[str, Any]:
    """The last version of a zone; NotFound when there is none."""
    raw: dict[str, Any] = read(here.ledger, CONTRACT, "zone", number, 0)
    if not raw["version"]:
        raise NotFound(f"no zone {number}", "`waterline supply zone set`")
    return raw


def zone_document(here: Session, number: int) -> dict[str, Any]:
    """A zone for programs."""
    ledger, raw = here.ledger, zone_of(here, number)
    published = logs(ledger, CONTRACT, "DayPublished", filters={"zone_id": number})
    return {
        "zone": number,
        "name": raw["name"],
        "version": raw["version"],
        "station": station(ledger, raw["station_id"]).code,
        "works": [
            {
                "station": station(ledger, works["station_id"]).code,
                "outlets": [channel(ledger, meter).device for meter in works["outlets"]],
                "sources": [
                    {
                        "station": station(ledger, source["station_id"]).code,
                        "intakes": [channel(ledger, meter).device for meter in source["intakes"]],
                    }
                    for source in raw["sources"]
                    if source["works"] == n
                ],
            }
            for n, works in enumerate(raw["works"])
        ],
        "quality": [_gauge(here, gauge) for gauge in raw["quality"]],
        "days": [
            {
                "day": day_of(here, event.args["day"]),
                "version": event.args["version"],
                "code": event.args["code"],
                "final": event.args["record"]["final"],
            }
            for event in published
        ],
    }


def zone_lines(found: dict[str, Any]) -> list[str]:
    """A zone for people."""
    rows = [
        (
            *(works["station"], ", ".join(works["outlets"]), source["station"]),
            ", ".join(source["intakes"]),
        )
        for works in found["works"]
        for source in works["sources"]
    ]
    days = [
        (one["day"], one["version"], one["code"], _standing(one["final"])) for one in found["days"]
    ]
    about = [("zone", found["name"]), ("network end", found["station"])]
    about.append(("gauges", ", ".join(map(" ".join, found["quality"])) or "-"))
    return [
        *facts(about),
        *("", *table(rows, ("works", "outlets", "source", "intakes"))),
        *(["", *table(days, ("day", "version", "code", ""))] if days else []),
    ]


def day_document(here: Session, number: int, day: str, version: int = 0) -> dict[str, Any]:
    """What was published of a zone's day, for programs."""
    ledger, index = here.ledger, day_index(here, day)
    zone_of(here, number)
    last = read(ledger, CONTRACT, "version_count", number, index)
    chosen = version or last
    if not 0 < chosen <= last:
        raise NotFound(
            f"{day} of zone {number} has {last} versions", "`waterline supply publish` makes one"
        )
    record = read(ledger, CONTRACT, "record_of", number, index, chosen)
    hashed = here.view(CONTRACT, "digest", tuple(record.values()))
    return {
        "zone": number,
        "day": day,
        "version": chosen,
        "last": last,
        "code": here.view(CONTRACT, "code_for", hashed),
        "digest": "0x" + bytes(hashed).hex(),
        "final": record["final"],
        "station": station(ledger, record["station_id"]).code,
        "works": [
            {"station": station(ledger, works).code, "delivered_l": volume_l}
            for works, volume_l in zip(record["works"], record["delivered_l"], strict=True)
        ],
        "sources": [
            {"station": station(ledger, source).code, "given_l": volume_l, "share_bps": share}
            for source, volume_l, share in zip(
                record["sources"], record["given_l"], record["shares_bps"], strict=True
            )
        ],
        "verdicts": [
            {"gauge": " ".join(_gauge(here, gauge)), "verdict": VERDICTS.get(verdict, UNKNOWN)}
            for gauge, verdict in zip(record["quality"], record["verdicts"], strict=True)
        ],
        "evidence_hash": "0x" + bytes(record["evidence_hash"]).hex(),
    }


def day_lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    about = [
        ("code", f"{found['code']}, {_standing(found['final'])}"),
        ("version", f"{found['version']} of {found['last']}"),
    ]
    sources = [
        (one["station"], m3(one["given_l"]), f"{Decimal(one['share_bps']) / 100:.2f} %")
        for one in found["sources"]
    ]
    works = [(one["station"], m3(one["delivered_l"])) for one in found["works"]]
    verdicts = [(one["gauge"], one["verdict"]) for one in found["verdicts"]]
    return [
        *facts(about),
        *("", *table(sources, ("source", "taken in", "share"))),
        *("", *table(works, ("works", "delivered"))),
        *(["", *table(verdicts, ("gauge", "the day"))] if verdicts else []),
    ]


def evidence_of(here: Session, number: int, day: int) -> bytes:
    """The hash of a day's rulings at a zone's gauges, from the log."""
    found = []
    for gauge in zone_of(here, number)["quality"]:
        filters = {"channel": gauge, "period": day}
        ruled = logs(here.ledger, "QualityProvenance", "PeriodRuled", filters=filters)
        found += [{name: event.args[name] for name in RULING} for event in ruled]
    if not found:
        raise NotFound("no ruling of that day is in the log", "`waterline quality rulings`")
    return evidence(found)


def tanks(here: Session) -> list[dict[str, Any]]:
    """Every tank with its clocks, for programs."""
    found = []
    for number, raw in every(here.ledger, CONTRACT, "tank", "tank_count"):
        clocks = read(here.ledger, CONTRACT, "clocks", number)
        org = read(here.ledger, "Authority", "org", raw["org_id"])
        found.append(
            {
                "tank": number,
                "name": raw["name"],
                "station": station(here.ledger, raw["station_id"]).code,
                "org": org["name"],
                "cleaned_at": utc(raw["cleaned_at"]),
                "awaits_test": raw["awaits_test"],
                "abnormal_at": utc(raw["abnormal_at"]),
                "clean_due_at": utc(clocks["clean_due_at"]),
                "test_due_at": utc(clocks["test_due_at"]),
                "overdue": [
                    *(["cleaning"] if clocks["clean_overdue"] else []),
                    *(["test"] if clocks["test_overdue"] else []),
                ],
            }
        )
    return found


def tank_lines(found: list[dict[str, Any]]) -> list[str]:
    """The same for people."""
    rows = [
        (
            *(one["tank"], one["name"], one["org"], local_of(one["clean_due_at"])),
            *(local_of(one["test_due_at"]), ", ".join(one["overdue"]) or "-"),
        )
        for one in found
    ]
    return table(rows, ("tank", "name", "answers", "clean by", "test by", "overdue"))


def _gauge(here: Session, number: int) -> tuple[str, str]:
    about = channel(here.ledger, number)
    return about.device, about.parameter


def _standing(final: bool) -> str:
    return "final" if final else "provisional"
