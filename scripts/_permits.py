"""Permits and applications as recorded, and as a file or options describe them."""

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Any

from ledger.errors import NotFound, UsageError
from ledger.labels import label, text_of
from ledger.network import station, station_by_code
from ledger.seals import signer_of
from ledger.structs import read
from ledger.units import parse, parse_peak
from scripts._files import count, instant, take, whole
from scripts._limits import limit_document
from scripts._shared import Session
from scripts._showing import (
    APPLICATION_STATES,
    DUE_ACTS,
    GROUNDS,
    PERMIT_KINDS,
    PERMIT_STATES,
    local_zone,
    number_of,
    utc,
)

NO_DOCUMENT = b"\0" * 32
_SEASON = re.compile(r"(\d\d)-(\d\d)\.\.(\d\d)-(\d\d)")


def face(here: Session, entry: dict[str, Any]) -> tuple[Any, ...]:
    """The fields of IApplications.Face in their order."""
    where = f"application for {entry.get('station')!r}"
    kind = number_of(PERMIT_KINDS, str(take(entry, "kind", where)))
    if kind is None:
        raise UsageError(f"unknown kind {entry['kind']!r}", "use abstraction or drainage")
    # what somebody wrote is judged before the chain is asked
    zone = local_zone()
    volumes = parse(str(take(entry, "annual", where))), parse_peak(str(take(entry, "peak", where)))
    term = tuple(instant(take(entry, key, where), zone) for key in ("from", "until"))
    words = tuple(label(str(entry.get(key) or "")) for key in ("purpose", "source"))
    document, caps, season = document_hash(entry.get("document")), _caps(entry), season_of(entry)
    returned_l = parse(str(entry["returned"])) if entry.get("returned") else 0
    level = count(entry, "level", where, 0)
    place = station_by_code(here.ledger, str(take(entry, "station", where)))
    amends = permit_by_number(here, str(entry["amends"]))[0] if entry.get("amends") else 0
    return (
        *(kind, *words, place.id, volumes[0], *caps, volumes[1], *season),
        *(_return_station(here, entry), returned_l, *term, document),
        *(amends, bool(entry.get("works")), level),
    )


def _caps(entry: dict[str, Any]) -> tuple[int, int]:
    """The highest volumes of a month and of a day, 0 for none."""
    monthly, daily = (str(entry.get(key) or "") for key in ("monthly", "daily"))
    return parse(monthly) if monthly else 0, parse(daily) if daily else 0


def _return_station(here: Session, entry: dict[str, Any]) -> int:
    code = str(entry.get("return_station") or "")
    return station_by_code(here.ledger, code).id if code else 0


def season_of(entry: dict[str, Any]) -> tuple[int, int]:
    """The days between which a season runs, as month * 100 + day; (0, 0) for the whole year."""
    text = str(entry.get("season") or "")
    if not text:
        return 0, 0
    found = _SEASON.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no season", "write it like 04-01..10-31")
    first, last = (int(m) * 100 + int(d) for m, d in (found.groups()[:2], found.groups()[2:]))
    for day in (first, last):
        try:
            date(2024, day // 100, day % 100)  # a leap year has every day there is
        except ValueError as error:
            raise UsageError(f"{text!r}: there is no such day", "write 04-01..10-31") from error
    return first, last


def season_text(terms: dict[str, Any]) -> str | None:
    """A season as it is written, None for the whole year."""
    if not terms["season_from"]:
        return None
    days = (terms["season_from"], terms["season_until"])
    return "..".join(f"{day // 100:02}-{day % 100:02}" for day in days)


def date_of(text: str) -> int:
    """A date that an act states, as a Unix second; 0 where none is given, for now."""
    return instant(text, local_zone()) if text else 0


def kept_of(before: dict[str, Any]) -> dict[str, Any]:
    """What an application asked for, in the form in which it is asked for again."""
    same = ("kind", "station", "purpose", "source", "from", "until", "season")
    kept = {key: before[key] for key in (*same, "return_station", "amends", "works", "level")}
    volumes = (
        *(("annual", "annual_l"), ("monthly", "monthly_l")),
        *(("daily", "daily_l"), ("returned", "return_l")),
    )
    kept |= {key: f"{before[name]} L" for key, name in volumes if before[name]}
    return kept | {"peak": f"{before['peak_l_h']} L/h"}


def alteration(here: Session, number: str, given: dict[str, Any]) -> tuple[Any, ...]:
    """The fields of IPermitChanges.Alteration: as they stand, but for those given."""
    permit_id, _ = permit_by_number(here, number)
    terms = read(here.ledger, "PermitRegistry", "latest", permit_id)
    monthly_l, daily_l = _caps(given)
    season = (
        season_of(given) if "season" in given else (terms["season_from"], terms["season_until"])
    )
    return (
        station_by_code(here.ledger, given["station"]).id
        if "station" in given
        else terms["station_id"],
        monthly_l or terms["monthly_l"],
        daily_l or terms["daily_l"],
        parse_peak(given["peak"]) if "peak" in given else terms["peak_l_h"],
        *season,
        _return_station(here, given) or terms["return_station_id"],
        document_hash(given["document"]) if "document" in given else terms["document_hash"],
    )


def document_hash(path: Any) -> bytes:
    """sha256 of the permit file; the file itself stays with the authority."""
    if not path:
        return NO_DOCUMENT
    try:
        return hashlib.sha256(Path(str(path)).read_bytes()).digest()
    except FileNotFoundError as error:
        raise NotFound(f"no document at {path}", "check the name") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}", "name a file") from error


def normalised(number: str) -> str:
    """A permit number in its one spelling."""
    return "".join(number.split()).upper()


def permit_by_number(here: Session, number: str) -> tuple[int, dict[str, Any]]:
    """A permit by its number, with the terms of its last version."""
    permit_id = read(here.ledger, "PermitRegistry", "permit_by_number", normalised(number))
    if not permit_id:
        raise NotFound(f"no permit {number!r}", "list them with `waterline permit list`")
    return int(permit_id), permit_of(here, int(permit_id))


def permit_of(here: Session, permit_id: int) -> dict[str, Any]:
    """A permit with the terms of its last version, as the chain holds them."""
    permit = read(here.ledger, "PermitRegistry", "permit", permit_id)
    return {**permit, **read(here.ledger, "PermitRegistry", "latest", permit_id)}


def permits(here: Session) -> list[tuple[int, dict[str, Any]]]:
    """Every permit."""
    count = read(here.ledger, "PermitRegistry", "permit_count")
    return [(n, permit_of(here, n)) for n in range(1, count + 1)]


def permit_document(here: Session, permit_id: int, raw: dict[str, Any]) -> dict[str, Any]:
    """A permit as `--json` shows it."""
    ledger = here.ledger
    now = read(ledger, "PermitRegistry", "as_of", raw["number"], here.chain.head().at)
    holder = read(ledger, "Authority", "org", raw["holder"])
    limits = read(ledger, "PermitRegistry", "limits", permit_id)
    scheme = read(ledger, "Standards", "scheme", raw["scheme_id"])
    returned_at = raw["return_station_id"]
    return {
        "id": permit_id,
        "number": raw["number"],
        "kind": PERMIT_KINDS[raw["kind"]],
        "state": PERMIT_STATES[raw["state"]],
        "holder": holder["name"],
        "credit_code": holder["credit_code"],
        "purpose": text_of(raw["purpose"]),
        "source": text_of(raw["source"]),
        "station": station(ledger, raw["station_id"]).code,
        "annual_l": raw["annual_l"],
        "monthly_l": raw["monthly_l"] or None,
        "daily_l": raw["daily_l"] or None,
        "peak_l_h": raw["peak_l_h"],
        "season": season_text(raw),
        "return_station": station(ledger, returned_at).code if returned_at else None,
        "return_l": raw["return_l"],
        "volume_now_l": now["annual_l"],
        "restricted": now["restricted"],
        "from": utc(raw["from_at"]),
        "until": utc(raw["until_at"]),
        "ended_at": utc(raw["ended_at"]),
        "document_sha256": "0x" + raw["document_hash"].hex(),
        "version": raw["versions"],
        "application": raw["application_id"],
        "scheme": f"{scheme['name']}, version {scheme['version']}",
        "issued_at": utc(raw["issued_at"]),
        "limits": [limit_document(limit) for limit in limits],
    }


def application_document(here: Session, number: int) -> dict[str, Any]:
    """An application with what it asks for."""
    ledger = here.ledger
    raw = read(ledger, "Applications", "application", number)
    if not raw["state"]:
        raise NotFound(f"no application {number}", "list them with `waterline permit inbox --all`")
    asked = read(ledger, "Applications", "face", number)
    due = read(ledger, "Applications", "due", number)
    returned_at = asked["return_station_id"]
    amended = asked["amends"]
    return {
        "application": number,
        "state": APPLICATION_STATES[raw["state"]],
        "applicant": read(ledger, "Authority", "org", raw["org_id"])["name"],
        "version": raw["version"],
        "kind": PERMIT_KINDS[asked["kind"]],
        "purpose": text_of(asked["purpose"]),
        "source": text_of(asked["source"]),
        "station": station(ledger, asked["station_id"]).code,
        "annual_l": asked["annual_l"],
        "monthly_l": asked["monthly_l"],
        "daily_l": asked["daily_l"],
        "peak_l_h": asked["peak_l_h"],
        "season": season_text(asked),
        "return_station": station(ledger, returned_at).code if returned_at else None,
        "return_l": asked["return_l"],
        "from": utc(asked["from_at"]),
        "until": utc(asked["until_at"]),
        "amends": read(ledger, "PermitRegistry", "permit", amended)["number"] if amended else None,
        "works": asked["needs_works"],
        "level": asked["level"],
        "applied_at": utc(raw["applied_at"]),
        "accepted_at": utc(raw["accepted_at"]),
        "decided_at": utc(raw["decided_at"]),
        "works_begun_at": utc(raw["works_begun_at"]),
        "works_accepted_at": utc(raw["works_accepted_at"]),
        "due": {"act": DUE_ACTS[due["act"]], "at": utc(due["at"])},
        "ground": GROUNDS.get(raw["ground"]),
    }


def checked(here: Session, file: Path) -> dict[str, Any]:
    """Whether an exported permit is the chain's, and what it is worth now."""
    exported = whole(file)
    number = normalised(str(take(exported, "number", str(file))))
    permit_id = read(here.ledger, "PermitRegistry", "permit_by_number", number)
    told = {"number": number, "version": exported.get("version"), "signer": None}
    if not permit_id:
        return told | {"verdict": "unknown", "says": "No permit of this number was ever issued."}
    signer = signer_of(exported)
    sealed = read(here.ledger, "PermitSeals", "seal_of", permit_id, int(exported["version"]))
    told["signer"] = signer
    if signer != sealed["by"] or exported["signature"] != "0x" + bytes(sealed["signature"]).hex():
        says = "Face and seal do not belong together: one of them was changed."
        return told | {"verdict": "altered", "says": says}
    permit = read(here.ledger, "PermitRegistry", "permit", permit_id)
    verdict = PERMIT_STATES[permit["state"]]
    latest = permit["versions"] == exported["version"]
    says = "This is the last version." if latest else f"Version {permit['versions']} replaced it."
    return told | {"verdict": verdict, "says": says}
