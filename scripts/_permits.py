"""Permits and applications as recorded, and as a file or options describe them."""

import hashlib
import re
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
_CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([^<>=]*[^<>=\s])\s*")


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
    document = document_hash(entry.get("document"))
    place = station_by_code(here.ledger, str(take(entry, "station", where)))
    return (kind, *words, place.id, *volumes, *term, document)


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


def permit_limits(entries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The daily-mean conditions of a drainage permit, as IPermitRegistry.PermitLimit.

    The contract holds one entry a parameter, so a minimum and a maximum are joined.
    """
    bounds: dict[str, dict[str, int]] = {}
    for entry in entries:
        parameter = str(take(entry, "parameter", "a limit"))
        known = bounds.setdefault(parameter, {})
        for side in ("min", "max"):
            if side in entry:
                if side in known:
                    raise UsageError(f"two limits of {parameter} are a {side}", "give one of each")
                known[side] = measured_as(str(entry[side]), parameter)
    return [_permit_limit(parameter, known) for parameter, known in bounds.items()]


def _permit_limit(parameter: str, bounds: dict[str, int]) -> tuple[Any, ...]:
    if not bounds:
        raise UsageError(f"the limit of {parameter} has no bound", "give it a min or a max")
    lo, hi = bounds.get("min"), bounds.get("max")
    if lo is not None and hi is not None and lo > hi:
        raise UsageError(f"no {parameter} is above its min and below its max", "swap them")
    return label(parameter), lo or 0, hi or 0, lo is not None, hi is not None


def parse_limit(text: str) -> dict[str, Any]:
    """A condition written like cod<=350mg/L or ph>=6.5pH."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no condition", "write it like 'cod<=350 mg/L'")
    return {"parameter": found[1], {"<=": "max", ">=": "min"}[found[2]]: found[3]}


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
