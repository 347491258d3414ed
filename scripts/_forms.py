"""Forms of laboratory reports: what one becomes on chain, and an empty one to fill in."""

from typing import Any

from ledger.errors import NotFound, UsageError
from ledger.grades import GRADES
from ledger.labels import text_of
from ledger.laboratory import QUALITATIVE, Form, Line, Result, read_result, unit_of
from ledger.network import station_by_code
from ledger.quantities import base_of, measured
from ledger.structs import read
from scripts._files import instant
from scripts._laboratory import CONTRACT, limit_text
from scripts._permits import NO_DOCUMENT, document_hash
from scripts._requests import org_by_code
from scripts._shared import Session
from scripts._showing import local_zone, number_of

LABORATORY, MANUAL = 4, 5  # evidence grades


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


def required(form: Form) -> None:
    """A laboratory states its accreditation; refused before anything is asked of the chain."""
    stated = form.sample.get("accreditation")
    if number_of(GRADES, form.sample["grade"].text) == LABORATORY and not (stated and stated.text):
        raise UsageError(
            f"{form.path}: a laboratory without its accreditation",
            "name its file, or the grade manual",
        )


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
    if grade not in (LABORATORY, MANUAL):
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
