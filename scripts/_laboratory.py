"""Laboratory reports: what a form becomes, which limits apply, and how a report is told."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ledger.errors import NotFound, UsageError
from ledger.labels import label, text_of
from ledger.laboratory import (
    BELOW,
    MEASURED,
    QUALITATIVE,
    STATES,
    Form,
    Line,
    Result,
    read_result,
    unit_of,
)
from ledger.network import station, station_by_code
from ledger.quantities import base_of, measured
from ledger.standards import shown
from ledger.structs import read
from scripts._files import instant
from scripts._permits import NO_DOCUMENT, document_hash
from scripts._requests import org_by_code
from scripts._shared import Session
from scripts._showing import GRADES, facts, local_of, local_zone, number_of, table, utc

CONTRACT = "Laboratory"
REPORT_STATES = {1: "entered", 2: "confirmed", 3: "refused", 4: "superseded"}
CONFIRMED = 2
PAGE = 64


def profile_of(here: Session, code: str) -> tuple[int, dict[str, Any]]:
    """A station's number and the profile it is bound to."""
    place = station_by_code(here.ledger, code)
    number = here.view(CONTRACT, "profile_of", place.id)
    if not number:
        raise NotFound(f"{code} is bound to no profile", "a keeper binds it: `waterline lab bind`")
    return place.id, read(here.ledger, CONTRACT, "profile", number)


def limits_of(here: Session, profile: dict[str, Any], at: int) -> dict[str, dict[str, Any]]:
    """The limit of each parameter under a profile at a moment, chosen as the contract chooses."""
    sets = [
        here.view("Standards", "current_set", profile["standard"], grade, at)
        for grade in profile["grades"]
    ]
    chosen: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {}
    for number in range(1, here.view("Standards", "limit_count") + 1):
        limit = read(here.ledger, "Standards", "limit", number)
        if limit["set_id"] in sets and limit["basis"] in profile["bases"]:
            rank = sets.index(limit["set_id"]), profile["bases"].index(limit["basis"])
            name = text_of(limit["parameter"])
            if name not in chosen or rank < chosen[name][0]:
                chosen[name] = rank, limit
    return {name: limit for name, (_, limit) in chosen.items()}


def submission(here: Session, form: Form) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
    """The fields of ILaboratory.Sample and of each ILaboratory.Result of a form."""
    with form.at(form.sample["station"]):
        station_id, profile = profile_of(here, form.sample["station"].text)
    sample = _sample(here, form, station_id)
    limits = limits_of(here, profile, sample[2])
    results = [_result(form, line, limits).as_struct() for line in form.results]
    return sample, results


def _result(form: Form, line: Line, limits: dict[str, dict[str, Any]]) -> Result:
    with form.at(line):
        if line.name in limits:
            return read_result(line, text_of(limits[line.name]["unit"]))
        # nothing is held against it: any unit a channel may have
        number = line.text.lstrip("<＜")
        base = measured(number)[1] if number[:1].isdigit() else base_of(line.name)
        return read_result(line, base)


def _sample(here: Session, form: Form, station_id: int) -> tuple[Any, ...]:
    given, zone = form.sample, local_zone()

    def moment(key: str) -> int:
        with form.at(given[key]):
            return instant(given[key].text, zone)

    def document(key: str) -> bytes:
        line = given.get(key)
        if line is None or not line.text:
            return NO_DOCUMENT
        with form.at(line):
            return document_hash(form.path.parent / line.text)

    with form.at(given["laboratory"]):
        laboratory, _ = org_by_code(here, given["laboratory"].text)
    grade = number_of(GRADES, given["grade"].text)
    if grade not in (4, 5):
        raise form.bad(given["grade"], f"unknown grade {given['grade'].text!r}", _GRADES)
    taken_at, analysed_at = moment("taken"), moment("analysed")
    if analysed_at < taken_at:
        raise form.bad(given["analysed"], "lies before the sample was taken", "mend one of them")
    hashes = document("accreditation"), document("method"), document("document")
    return (
        *(station_id, given["code"].text, taken_at, analysed_at, laboratory, *hashes, grade),
        _yes(form, given.get("composite")),
    )


_GRADES = "use laboratory or manual"


def _yes(form: Form, line: Line | None) -> bool:
    words = {"yes": True, "true": True, "no": False, "false": False, "": False}
    text = line.text.lower() if line else ""
    if line and text not in words:
        raise form.bad(line, f"{line.text!r} is neither yes nor no", "write yes or no")
    return words[text]


def empty_form(code: str, limits: dict[str, dict[str, Any]]) -> list[str]:
    """A form for the parameters that a station's standard limits, to be filled in."""
    return [
        "# Times are local unless they say otherwise; documents are files beside this one.",
        "# A value needs its unit; below detection: < 0.005 mg/L; not detected: ND.",
        "# Leave out what was not analysed.",
        "sample:",
        f"  station: {code}",
        "  code:",
        "  taken:                # 2026-11-25T08:30",
        "  analysed:",
        "  laboratory:           # name or credit code of the organisation",
        "  accreditation:        # file; needed of a laboratory",
        "  method:               # file",
        "  document:             # file: the report itself",
        "  grade: laboratory     # or manual",
        "  composite: no         # yes for a 24-hour composite",
        "results:",
        *(f"  {name}:  # {_asked(limit)}" for name, limit in sorted(limits.items())),
    ]


def _asked(limit: dict[str, Any]) -> str:
    base = text_of(limit["unit"])
    if base == QUALITATIVE:
        return "none or present"
    doubt = "" if limit["verified"] else ", unverified default"
    return f"in {unit_of(base)}; {limit_text(limit)}{doubt}"


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


def latest_result(here: Session, station_id: int, parameter: str) -> dict[str, Any] | None:
    """The latest confirmed result of a parameter at a station, None for none."""
    if CONTRACT not in here.ledger.deployment.contracts:
        return None
    number, place = here.view(CONTRACT, "latest", station_id, label(parameter))
    if not number:
        return None
    raw = read(here.ledger, CONTRACT, "report", number)
    profile = read(here.ledger, CONTRACT, "profile", raw["profile_id"])
    one = _told_result(here, number, place, profile["classes"])
    return {"report": number, "taken_at": utc(raw["sample"]["taken_at"]), **one}


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


def required(form: Form) -> None:
    """A laboratory states its accreditation; refused before anything is asked of the chain."""
    stated = form.sample.get("accreditation")
    if number_of(GRADES, form.sample["grade"].text) == 4 and not (stated and stated.text):
        raise UsageError(
            f"{form.path}: a laboratory without its accreditation",
            "name its file, or the grade manual",
        )
