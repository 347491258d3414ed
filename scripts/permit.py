"""Permits: apply, review, issue, change, restrict, end, look up."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import _applying, _changing, _encrypting, _reviewing, _sealing
from scripts._arguments import PermitNumber, Reason
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
for part in (_applying.app, _reviewing.app, _changing.app, _sealing.app, _encrypting.app):
    app.registered_commands += part.registered_commands
PAGE = 100
File = Annotated[Path | None, typer.Option("--file", "-f", help="File with `permits`.")]


@app.write("issue")
def issue(
    application: Annotated[list[int], typer.Argument(help="Approved applications.")],
    number: Annotated[list[str], typer.Option(help="Permit number; one each.")],
    limit: Annotated[
        list[str] | None,
        typer.Option(
            help="Daily mean of a drainage permit: cod<=350mg/L; or cod<='300 mg/L monthly mean', "
            "cod<='2 kg/day', also a month or year."
        ),
    ] = None,
    scheme: Annotated[str, typer.Option(help="Threshold scheme.")] = "default",
    file: File = None,
    stated: Annotated[str, typer.Option(help="The date the act states; now if left out.")] = "",
) -> Any:
    """Issue the permits of approved applications, which opens their accounts.

    For example: waterline permit issue 3 --number C990100S2026-0002 --account officer-3
    """
    from ledger.errors import UsageError
    from scripts._applying import entry_of
    from scripts._limits import parse_limit, permit_limits
    from scripts._permits import date_of, normalised
    from scripts._writing import Act, perform

    here, acts = session(), []
    if len(number) != len(application):
        raise UsageError(
            f"{len(application)} applications, {len(number)} numbers", "give one --number for each"
        )
    scheme_id = _scheme(here, scheme)
    for one, text in zip(application, number, strict=True):
        given = [parse_limit(condition) for condition in limit or []]
        if file:
            given = list(entry_of(file, text).get("limits") or [])
        call = here.contract("PermitRegistry").functions.issue(
            one, normalised(text), scheme_id, permit_limits(given), date_of(stated)
        )
        acts.append(Act("PermitRegistry", call, f"issue {text} for application {one}"))
    return _written(here, perform(here, acts))


@app.write("suspend")
def suspend(number: PermitNumber, reason: Reason) -> Any:
    """Suspend a permit at once.

    For example: waterline permit suspend C990100S2026-0001 'the meter is broken' --account
    officer-1
    """
    return _change(number, "suspend", f"suspend {number}: {reason}", reason)


@app.write("resume")
def resume(number: PermitNumber) -> Any:
    """Give a suspended permit its right back.

    For example: waterline permit resume C990100S2026-0001 --account officer-1
    """
    return _change(number, "resume", f"resume {number}")


@app.write("tell-purpose")
def tell_purpose(number: PermitNumber) -> Any:
    """Put on record that a permit's station is classed for another purpose; anyone may, once.

    For example: waterline permit tell-purpose C990100S2026-0001 --account officer-1
    """
    return _change(number, "tell_purpose", f"{number} has another purpose than its station")


@app.read("show")
def show(number: PermitNumber) -> Any:
    """Show a permit by its number.

    For example: waterline permit show C990100S2026-0001
    """
    from ledger.units import show as shown
    from scripts._permits import permit_by_number, permit_document
    from scripts._provisional import beside_lines, beside_used
    from scripts._showing import facts, local_of, m3

    here = session()
    found = permit_by_number(here, number)
    document = permit_document(here, *found) | beside_used(here, *found)

    def lines() -> list[str]:
        keys = ("number", "kind", "state", "holder", "credit_code", "purpose", "source", "station")
        told: list[tuple[str, object]] = [(key, document[key]) for key in keys]
        told += [
            ("volume a year", m3(document["annual_l"])),
            ("peak rate", shown(document["peak_l_h"], "l_h")),
            ("valid", f"{local_of(document['from'])} to {local_of(document['until'])}"),
        ]
        for key, name in (("monthly_l", "at most a month"), ("daily_l", "at most a day")):
            if document[key]:
                told.append((name, m3(document[key])))
        if document["season"]:
            told.append(("season", document["season"]))
        if document["restricted"]:
            told.append(("restricted to", m3(document["volume_now_l"])))
        for one in document["limits"]:
            bounds = [
                one["min"] and f"at least {one['min']}",
                one["max"] and f"at most {one['max']}",
            ]
            said = ", ".join(b for b in bounds if b)
            told.append((one["parameter"], f"{said}, {one['judged']}"))
        told += beside_lines(document)
        if here.details:
            more = ("version", "application", "scheme", "issued_at", "document_sha256")
            told += [(key, document[key]) for key in more]
        return facts(told)

    return here.tell(document, lines)


@app.read("list")
def list_(
    holder: Annotated[str, typer.Option(help="Only of this credit code or name.")] = "",
) -> Any:
    """List the permits."""
    from scripts._permits import permit_document, permits
    from scripts._showing import m3, table

    here = session()
    every = [permit_document(here, *one) for one in permits(here)]
    document = [p for p in every if not holder or holder in (p["credit_code"], p["holder"])]
    rows = [(p["number"], p["kind"], p["holder"], m3(p["annual_l"]), p["state"]) for p in document]
    return here.tell(document, lambda: table(rows, ("number", "kind", "holder", "a year", "state")))


@app.read("history")
def history(number: PermitNumber) -> Any:
    """Show every change of the right that a permit gives, and transfers that it gives or takes."""
    from scripts import _history
    from scripts._permits import permit_by_number
    from scripts._showing import local_of, table

    here = session()
    document = _history.history(here, permit_by_number(here, number)[0])
    rows = [
        (local_of(one["at"]), one["event"], one["by"] or "-", one["reason"] or "")
        for one in document
    ]
    return here.tell(document, lambda: table(rows, ("when", "what", "by", "why")))


@app.read("as-of")
def as_of(
    number: PermitNumber,
    moment: Annotated[
        str, typer.Argument(help="Moment with its zone, or a local one: 2026-06-30T12:00.")
    ],
) -> Any:
    """Show what a permit was at a moment: state, version in force, volume.

    For example: waterline permit as-of C990100S2026-0001 2026-06-30
    """
    from ledger.structs import read
    from scripts._permits import date_of, normalised, permit_by_number
    from scripts._showing import PERMIT_STATES, facts, local, m3, utc

    here, at = session(), date_of(moment)
    permit_by_number(here, number)
    raw = read(here.ledger, "PermitRegistry", "as_of", normalised(number), at)
    document = {
        "number": normalised(number),
        "at": utc(at),
        "state": PERMIT_STATES[raw["state"]],
        "version": raw["version"],
        "annual_l": raw["annual_l"],
        "restricted": raw["restricted"],
    }
    shown = [("at", local(at)), ("state", document["state"]), ("version", raw["version"])]
    volume = m3(raw["annual_l"]) + (", restricted" if raw["restricted"] else "")
    return here.tell(document, lambda: facts([*shown, ("volume a year", volume)]))


@app.read("expiring")
def expiring(
    from_at: Annotated[str, typer.Option("--from", help="From when; now if left out.")] = "",
    until_at: Annotated[str, typer.Option("--until", help="Until when.")] = "",
) -> Any:
    """List the permits that expire in a span of time.

    For example: waterline permit expiring --until 2031-12-31
    """
    from scripts._permits import date_of, permit_document, permit_of
    from scripts._showing import local_of, table

    here = session()
    span = date_of(from_at) or here.chain.head().at, date_of(until_at) or 2**32 - 1
    count = here.view("PermitRegistry", "permit_count")
    ids = [
        permit_id
        for first in range(1, count + 1, PAGE)
        for permit_id in here.view("PermitRegistry", "expiring", *span, first, PAGE)
    ]
    document = [permit_document(here, n, permit_of(here, n)) for n in ids]
    rows = [(p["number"], p["holder"], p["state"], local_of(p["until"])) for p in document]
    return here.tell(document, lambda: table(rows, ("number", "holder", "state", "until")))


def _scheme(here: Session, name: str) -> int:
    """The latest version of a threshold scheme."""
    from ledger.errors import NotFound
    from ledger.structs import every

    known = {s["name"]: n for n, s in every(here.ledger, "Standards", "scheme", "scheme_count")}
    if name not in known:
        raise NotFound(f"no scheme {name!r}", "load it: `waterline standard load-scheme`")
    return known[name]


def _change(number: str, function: str, says: str, *arguments: Any) -> Any:
    from scripts._permits import permit_by_number
    from scripts._writing import Act, perform

    here = session()
    permit_id, _ = permit_by_number(here, number)
    call = getattr(here.contract("PermitRegistry").functions, function)(permit_id, *arguments)
    return _written(here, perform(here, [Act("PermitRegistry", call, says)]))


def _written(here: Session, done: Any) -> Any:
    return here.tell(done.as_json(), lambda: [])


cli = app.cli()
