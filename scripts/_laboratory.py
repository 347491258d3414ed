"""Laboratory reports as commands tell them: results beside their limits, sums, classes."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ledger.channels import Channel
from ledger.errors import NotFound
from ledger.grades import GRADES
from ledger.labels import label, text_of
from ledger.laboratory import BELOW, MEASURED, QUALITATIVE, STATES
from ledger.network import station
from ledger.standards import shown
from ledger.structs import read
from scripts._shared import Session
from scripts._showing import facts, local_of, table, utc

CONTRACT = "Laboratory"
REPORT_STATES = {1: "entered", 2: "confirmed", 3: "refused", 4: "superseded"}
CONFIRMED = 2
PAGE = 64


def limit_text(limit: dict[str, Any]) -> str:
    """A limit as people read it."""
    base = text_of(limit["unit"])
    if limit["has_hi"] and not limit["hi"] and not limit["has_lo"]:
        return "none" if base == QUALITATIVE else "not detected"
    low = f"at least {shown(limit['lo'], base)}" if limit["has_lo"] else ""
    top = f"at most {shown(limit['hi'], base)}" if limit["has_hi"] else ""
    return ", ".join(part for part in (low, top) if part)


def numbers(here: Session, station_id: int) -> Iterator[int]:
    """Numbers of a station's reports, in the order in which they were entered."""
    count = here.view(CONTRACT, "station_count", station_id)
    for first in range(1, count + 1, PAGE):
        yield from here.view(CONTRACT, "page", station_id, first, PAGE)


def latest_report(here: Session, station_id: int) -> dict[str, Any] | None:
    """The confirmed report of a station whose sample was taken last, in short."""
    if CONTRACT not in here.ledger.deployment.contracts:
        return None
    held = ((n, read(here.ledger, CONTRACT, "report", n)) for n in numbers(here, station_id))
    counting = [(n, raw) for n, raw in held if raw["state"] == CONFIRMED]
    if not counting:
        return None
    return summary(here, *max(counting, key=lambda one: one[1]["sample"]["taken_at"]))


def latest_of(here: Session, one: Channel) -> dict[str, Any] | None:
    """The latest confirmed result of a channel's parameter at its station, None for none."""
    if CONTRACT not in here.ledger.deployment.contracts:
        return None
    number, place = here.view(CONTRACT, "latest", one.station_id, label(one.parameter))
    if not number:
        return None
    raw = read(here.ledger, CONTRACT, "report", number)
    profile = read(here.ledger, CONTRACT, "profile", raw["profile_id"])
    told = _told_result(here, number, place, profile["classes"])
    return {"report": number, "taken_at": utc(raw["sample"]["taken_at"]), **told}


def summary(here: Session, number: int, raw: dict[str, Any]) -> dict[str, Any]:
    """A report in short: its sample, how far it has come, what it was ruled as."""
    sample = raw["sample"]
    ruling = read(here.ledger, CONTRACT, "ruling", number)
    profile = read(here.ledger, CONTRACT, "profile", raw["profile_id"])
    return {
        "report": number,
        "station": station(here.ledger, sample["station_id"]).code,
        "sample": sample["code"],
        "taken_at": utc(sample["taken_at"]),
        "grade": GRADES[sample["grade"]],
        "state": REPORT_STATES[raw["state"]],
        "standard": profile["standard"],
        "profile": f"{profile['name']}, version {profile['version']}",
        "class": class_name(ruling["class_no"], profile["classes"]),
        "worst": text_of(ruling["worst_parameter"]) or None,
        "ratio_pm": ruling["ratio_pm"] or None,
        "exceedances": ruling["exceedances"],
        "advisory": ruling["advisory"],
        "not_ruled_on": ruling["unruled"],
    }


def class_name(number: int, classes: list[str]) -> str | None:
    """A class by its number; beyond the last it is worse than that."""
    if not number or not classes:
        return None
    return classes[number - 1] if number <= len(classes) else f"worse than {classes[-1]}"


def document(here: Session, number: int) -> dict[str, Any]:
    """A report with its results and sums."""
    if not 0 < number <= here.view(CONTRACT, "report_count"):
        raise NotFound(f"no report {number}", "list them with `waterline lab list`")
    raw = read(here.ledger, CONTRACT, "report", number)
    sample = raw["sample"]
    profile = read(here.ledger, CONTRACT, "profile", raw["profile_id"])
    places = range(1, raw["results"] + 1)
    sums = [
        read(here.ledger, CONTRACT, "sum_of", number, place)
        for place in range(1, len(profile["groups"]) + 1)
    ]
    hashes = ("accreditation_hash", "method_hash", "document_hash")
    return {
        **summary(here, number, raw),
        "analysed_at": utc(sample["analysed_at"]),
        "laboratory": read(here.ledger, "Authority", "org", sample["laboratory"])["name"],
        **{name: "0x" + sample[name].hex() for name in hashes},
        "composite": sample["composite"],
        "entered_by": raw["entered_by"],
        "entered_at": utc(raw["entered_at"]),
        "decided_by": raw["decided_by"] if raw["decided_at"] else None,
        "decided_at": utc(raw["decided_at"]),
        "note_hash": "0x" + raw["note_hash"].hex() if raw["decided_at"] else None,
        "supersedes": raw["supersedes"] or None,
        "reason_hash": "0x" + raw["reason_hash"].hex() if raw["supersedes"] else None,
        "superseded_by": raw["superseded_by"] or None,
        "results": [_told_result(here, number, place, profile["classes"]) for place in places],
        "sums": [_told_sum(one) for one in sums if one["found"]],
    }


def _told_result(here: Session, number: int, place: int, classes: list[str]) -> dict[str, Any]:
    raw = read(here.ledger, CONTRACT, "result", number, place)
    ruled = read(here.ledger, CONTRACT, "ruled", number, place)
    base = text_of(raw["unit"])
    limit = read(here.ledger, "Standards", "limit", ruled["limit_id"])
    return {
        "parameter": text_of(raw["parameter"]),
        "state": STATES[raw["state"]],
        "value": raw["value"] if raw["state"] == MEASURED else None,
        "detection": raw["detection"] or None,
        "unit": base,
        "shown": _value(raw, base),
        "limit": limit_text(limit) if ruled["limit_id"] else None,
        "basis": text_of(limit["basis"]) or None,
        "class": class_name(ruled["class_no"], classes),
        "ratio_pm": ruled["ratio_pm"] or None,
        "exceeded": ruled["exceeded"] if ruled["limit_id"] else None,
        "advisory": ruled["advisory"],
    }


def _value(raw: dict[str, Any], base: str) -> str:
    if raw["state"] == MEASURED:
        return shown(raw["value"], base)
    if raw["state"] == BELOW:
        return f"< {shown(raw['detection'], base)}"
    return STATES[raw["state"]]


def _told_sum(raw: dict[str, Any]) -> dict[str, Any]:
    told = {key: raw[key] for key in ("ratio_pm", "found", "complete", "exceeded", "advisory")}
    return {"parameter": text_of(raw["parameter"]), **told}


def ratio(per_mille: int | None) -> str:
    """A ratio to the limit, for people."""
    return f"{Decimal(per_mille) / 1000:f}" if per_mille else "-"


def verdict(one: dict[str, Any]) -> str:
    """What a result or a sum was ruled as, in words."""
    if one["exceeded"] is None:
        return "no limit"
    told = "exceeded" if one["exceeded"] else "met"
    if not one.get("complete", True) and not one["exceeded"]:
        told = "incomplete"
    return told + (", advisory" if one["advisory"] else "")


def outcome(one: dict[str, Any]) -> str:
    """What a report was ruled as, in words."""
    if one["state"] not in ("confirmed", "superseded"):
        return "-"
    told = f"{one['exceedances']} exceeded" if one["exceedances"] else "met"
    if one["class"]:
        told = f"class {one['class']}, {told}"
    return told + (f", {one['advisory']} advisory" if one["advisory"] else "")


def lines(one: dict[str, Any]) -> list[str]:
    """A report for people."""
    counted = one["decided_at"] is not None and one["state"] != "refused"
    about = [
        *((key, one[key]) for key in ("report", "station", "sample", "state", "profile")),
        *((key, local_of(one[f"{key}_at"])) for key in ("taken", "analysed", "entered")),
        *(("laboratory", one["laboratory"]), ("grade", one["grade"]), ("ruling", outcome(one))),
        ("worst", f"{one['worst'] or '-'}, {ratio(one['ratio_pm'])} of the limit"),
        *((key, one[key]) for key in ("supersedes", "superseded_by") if one[key]),
    ]
    rows = [
        (
            *(r["parameter"], r["shown"], r["limit"] or "-", ratio(r["ratio_pm"])),
            *(r["class"] or "-", verdict(r) if counted else "-"),
        )
        for r in one["results"]
    ]
    rows += [
        (s["parameter"], f"sum of {s['found']}", "at most 1", ratio(s["ratio_pm"]), "-", verdict(s))
        for s in one["sums"]
    ]
    head = ("parameter", "value", "limit", "of the limit", "class", "ruling")
    return [*facts(about), "", *table(rows, head)]
