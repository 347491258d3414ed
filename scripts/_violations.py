"""Violations: exceeded days, months and loads of outlets, from their detection to their end."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
Number = Annotated[int, typer.Argument(help="Number of the violation.")]
Stated = Annotated[str, typer.Option(help="The date the step states; now if left out.")]
Document = Annotated[Path, typer.Option(help="What the step rests on; its hash only.")]


@app.write("detect")
def detect(
    device: Annotated[str, typer.Argument(help="Device at the outlet.")],
    parameter: Annotated[str, typer.Argument(help="What was exceeded.")],
    day: Annotated[str, typer.Option(help="The local day, like 2026-11-30.")],
) -> Any:
    """Put on record that a closed day of an outlet was ruled as exceeded; anyone may, once a day.

    For example: waterline discharge violation detect OUT-1-ANALYSER cod --day 2026-11-30 --account
    officer-1
    """
    from ledger.devices import channel_of
    from scripts._days import day_index

    here = session()
    one = channel_of(here.ledger, device, parameter)
    says = f"detect the excess of {parameter} at {device} on {day}"
    arguments = one.id, day_index(here, day)
    return act("Violations", "detect", says, *arguments, numbered="violation_id")


@app.write("notify")
def notify(violation: Number, document: Document, stated: Stated = "") -> Any:
    """Record that the permit holder was notified of a violation.

    For example: waterline discharge violation notify 1 --document notice.pdf --account officer-1
    """
    return _step("notify", violation, f"holder notified of violation {violation}", document, stated)


@app.write("answer")
def answer(violation: Number, document: Document, stated: Stated = "") -> Any:
    """Answer a violation with evidence, as the permit's holder.

    For example: waterline discharge violation answer 1 --document cause.pdf --account holder-2
    """
    return _step("answer", violation, f"answer violation {violation}", document, stated)


@app.write("resolve")
def resolve(violation: Number, document: Document, stated: Stated = "") -> Any:
    """Close a violation the answer to which suffices, or that nobody answered in time.

    For example: waterline discharge violation resolve 1 --document check.pdf --account officer-1
    """
    return _step("resolve", violation, f"resolve violation {violation}", document, stated)


@app.write("appeal")
def appeal(violation: Number, document: Document, stated: Stated = "") -> Any:
    """Appeal against a violation one has answered, as the permit's holder.

    For example: waterline discharge violation appeal 1 --document appeal.pdf --account holder-2
    """
    return _step("appeal", violation, f"appeal against violation {violation}", document, stated)


@app.write("decide")
def decide(
    violation: Number,
    document: Document,
    not_genuine: Annotated[
        bool, typer.Option("--not-genuine", help="It is none; the ruling stays on record.")
    ] = False,
    stated: Stated = "",
) -> Any:
    """Decide on an appeal, as another officer than the one who notified: upheld or not genuine.

    For example: waterline discharge violation decide 1 --not-genuine --document calibration.pdf
    --account officer-2
    """
    says = f"violation {violation} is {'not genuine' if not_genuine else 'upheld'}"
    return _step("decide", violation, says, document, stated, not not_genuine)


@app.read("list")
def list_(
    number: Annotated[str, typer.Argument(help="Only of this drainage permit.")] = "",
    standing: Annotated[bool, typer.Option("--open", help="Only those not at their end.")] = False,
) -> Any:
    """List violations with their ratio to the limit and their state.

    For example: waterline discharge violation list --open
    """
    from scripts._permits import permit_by_number
    from scripts._showing import table

    here = session()
    permit_id = permit_by_number(here, number)[0] if number else 0
    found = [
        one
        for one in (violation_document(here, n) for n in range(1, here.view(*COUNT) + 1))
        if permit_id in (0, one["permit_id"]) and not (standing and one["state"] in ENDED)
    ]

    def lines() -> list[str]:
        rows = [
            (
                *(one["violation"], one["day"], one["permit"], one["parameter"]),
                *(one["basis"], _ratio(one)),
                *(str(one["repeats"]), one["state"] + (", advisory" if one["advisory"] else "")),
            )
            for one in found
        ]
        head = ("", "day", "permit", "parameter", "basis", "of the limit", "repeats", "state")
        return table(rows, head) if rows else ["No violation."]

    return here.tell(found, lines)


@app.read("show")
def show(violation: Number) -> Any:
    """Show a violation and the steps taken, each with who, when and on what document.

    For example: waterline discharge violation show 1
    """
    from ledger.errors import NotFound
    from scripts._showing import facts, local_of, table

    here = session()
    if not 0 < violation <= here.view(*COUNT):
        raise NotFound(f"no violation {violation}", "`waterline discharge violation list`")
    one = violation_document(here, violation)

    def lines() -> list[str]:
        about = [
            (key, str(one[key]))
            for key in ("permit", "station", "parameter", "basis", "day", "repeats")
        ]
        about += [("of the limit", _ratio(one)), ("lasted", f"{one['duration_s'] // 3_600} h")]
        if one["answer_due_at"]:
            about.append(("to be answered by", local_of(one["answer_due_at"])))
        state = one["state"] + (", advisory" if one["advisory"] else "")
        steps = [(s["state"], local_of(s["at"]), s["by"], s["document_hash"]) for s in one["steps"]]
        head = ("step", "stated", "by", "document")
        return [*facts([*about, ("state", state)]), "", *table(steps, head)]

    return here.tell(one, lines)


COUNT = ("Violations", "violation_count")
ENDED = ("resolved", "upheld", "not genuine")


def _step(
    function: str, violation: int, says: str, document: Path, stated: str, *decided: bool
) -> Any:
    from scripts._permits import date_of, document_hash

    arguments = violation, *decided, document_hash(document), date_of(stated)
    return act("Violations", function, says, *arguments)


def violation_document(here: Session, number: int) -> dict[str, Any]:
    """A violation and its steps for programs."""
    from ledger.labels import text_of
    from ledger.network import station
    from ledger.structs import read
    from scripts._limits import BASES
    from scripts._showing import VIOLATION_STATES, local_day, utc

    raw = read(here.ledger, "Violations", "violation", number)
    steps = [
        {
            "state": word,
            "by": taken["by"],
            "at": utc(taken["at"]),
            "document_hash": "0x" + bytes(taken["document_hash"]).hex(),
        }
        for state, word in VIOLATION_STATES.items()
        if (taken := read(here.ledger, "Violations", "step", number, state))["at"]
    ]
    return {
        "violation": number,
        "permit_id": raw["permit_id"],
        "permit": read(here.ledger, "PermitRegistry", "permit", raw["permit_id"])["number"],
        "station": station(here.ledger, raw["station_id"]).code,
        "parameter": text_of(raw["parameter"]),
        "basis": BASES[raw["basis"]],
        "day": local_day(raw["ended_at"]),  # the last one of a month or year
        "side": "high" if raw["high"] else "low",
        "ratio_bps": raw["ratio_bps"] or None,
        "duration_s": raw["duration_s"],
        "repeats": here.view("Violations", "repeats_of", number),
        "repeats_when_detected": raw["repeats"],
        "advisory": raw["advisory"],
        "answer_due_at": utc(here.view("Violations", "answer_due_at", number)),
        "state": VIOLATION_STATES[raw["state"]],
        "steps": steps,
    }


def _ratio(one: dict[str, Any]) -> str:
    from ledger.units import show

    return show(one["ratio_bps"], "bps") if one["ratio_bps"] else "-"
