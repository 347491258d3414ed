"""Permits and applications as recorded, and as a file or options describe them."""

import hashlib
from pathlib import Path
from typing import Any

from ledger.errors import NotFound, UsageError
from ledger.labels import label, text_of
from ledger.network import station, station_by_code
from ledger.quantities import base_of, measured_as
from ledger.structs import every, read
from ledger.units import parse, parse_peak, show
from scripts._files import instant, take
from scripts._shared import Session
from scripts._showing import (
    APPLICATION_STATES,
    GROUNDS,
    PERMIT_KINDS,
    PERMIT_STATES,
    local_zone,
    number_of,
    utc,
)

NO_DOCUMENT = b"\0" * 32


def face(here: Session, entry: dict[str, Any]) -> tuple[Any, ...]:
    """The fields of IApplications.Face in their order."""
    where = f"application for {entry.get('station')!r}"
    kind = number_of(PERMIT_KINDS, str(take(entry, "kind", where)))
    if kind is None:
        raise UsageError(f"unknown kind {entry['kind']!r}", "use abstraction or drainage")
    zone = local_zone()
    return (
        kind,
        label(str(entry.get("purpose") or "")),
        label(str(entry.get("source") or "")),
        station_by_code(here.ledger, str(take(entry, "station", where))).id,
        parse(str(take(entry, "annual", where))),
        parse_peak(str(take(entry, "peak", where))),
        instant(take(entry, "from", where), zone),
        instant(take(entry, "until", where), zone),
        document_hash(entry.get("document")),
    )


def document_hash(path: Any) -> bytes:
    """sha256 of the permit file; the file itself stays with the authority."""
    if not path:
        return NO_DOCUMENT
    try:
        return hashlib.sha256(Path(str(path)).read_bytes()).digest()
    except FileNotFoundError as error:
        raise NotFound(f"no document at {path}", "check the name") from error


def permit_limits(entries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The daily-mean conditions of a drainage permit, as IPermitRegistry.PermitLimit."""
    found = []
    for entry in entries:
        parameter = str(take(entry, "parameter", "a limit"))
        lo, hi = (
            measured_as(str(entry[key]), parameter) if key in entry else None
            for key in ("min", "max")
        )
        found.append((label(parameter), lo or 0, hi or 0, lo is not None, hi is not None))
    return found


def parse_limit(text: str) -> dict[str, Any]:
    """A condition written like cod<=350mg/L or ph>=6.5pH."""
    for sign, key in (("<=", "max"), (">=", "min")):
        parameter, found, amount = text.partition(sign)
        if found:
            return {"parameter": parameter.strip(), key: amount.strip()}
    raise UsageError(f"{text!r} is no condition", "write it like 'cod<=350 mg/L'")


def normalised(number: str) -> str:
    """A permit number in its one spelling."""
    return "".join(number.split()).upper()


def permit_by_number(here: Session, number: str) -> tuple[int, dict[str, Any]]:
    """A permit by its number."""
    permit_id = read(here.ledger, "PermitRegistry", "permit_by_number", normalised(number))
    if not permit_id:
        raise NotFound(f"no permit {number!r}", "list them with `waterline permit list`")
    return int(permit_id), read(here.ledger, "PermitRegistry", "permit", permit_id)


def permits(here: Session) -> list[tuple[int, dict[str, Any]]]:
    """Every permit."""
    return list(every(here.ledger, "PermitRegistry", "permit", "permit_count"))


def permit_document(here: Session, permit_id: int, raw: dict[str, Any]) -> dict[str, Any]:
    """A permit as `--json` shows it."""
    ledger = here.ledger
    holder = read(ledger, "Authority", "org", raw["holder"])
    limits = read(ledger, "PermitRegistry", "limits", permit_id)
    scheme = read(ledger, "Standards", "scheme", raw["scheme_id"])
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
        "peak_l_h": raw["peak_l_h"],
        "from": utc(raw["from_at"]),
        "until": utc(raw["until_at"]),
        "document_sha256": "0x" + raw["document_hash"].hex(),
        "version": raw["version"],
        "application": raw["application_id"],
        "scheme": f"{scheme['name']}, version {scheme['version']}",
        "issued_at": utc(raw["issued_at"]),
        "limits": [_limit(limit) for limit in limits],
    }


def _limit(raw: dict[str, Any]) -> dict[str, Any]:
    parameter = text_of(raw["parameter"])
    base = base_of(parameter)
    return {
        "parameter": parameter,
        "min": show(raw["lo"], base) if raw["has_lo"] else None,
        "max": show(raw["hi"], base) if raw["has_hi"] else None,
        "judged": "daily mean",
    }


def application_document(here: Session, number: int) -> dict[str, Any]:
    """An application with what it asks for."""
    ledger = here.ledger
    raw = read(ledger, "Applications", "application", number)
    if not raw["state"]:
        raise NotFound(f"no application {number}", "list them with `waterline permit inbox --all`")
    asked = read(ledger, "Applications", "face", number)
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
        "peak_l_h": asked["peak_l_h"],
        "from": utc(asked["from_at"]),
        "until": utc(asked["until_at"]),
        "applied_at": utc(raw["applied_at"]),
        "ground": GROUNDS.get(raw["ground"]),
    }
