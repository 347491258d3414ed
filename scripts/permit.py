"""Permits: apply, review, decide, issue, suspend, revoke, look up."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._shared import Noun, Session, session

app = Noun(__doc__)
Numbers = Annotated[list[int], typer.Argument(help="Numbers of applications.")]
File = Annotated[Path | None, typer.Option("--file", "-f", help="File with `permits`.")]


@app.write("apply")
def apply(
    kind: Annotated[str, typer.Option(help="abstraction or drainage")] = "",
    station: Annotated[str, typer.Option(help="Code of the station.")] = "",
    annual: Annotated[str, typer.Option(help="Volume a year: 300000 m3.")] = "",
    peak: Annotated[str, typer.Option(help="Highest rate: 380 m3/h.")] = "",
    from_at: Annotated[str, typer.Option("--from", help="Start of validity.")] = "",
    until_at: Annotated[str, typer.Option("--until", help="End of validity.")] = "",
    purpose: Annotated[str, typer.Option(help="What for.")] = "",
    source: Annotated[str, typer.Option(help="Where from, or where to.")] = "",
    document: Annotated[Path | None, typer.Option(help="The permit file; its hash only.")] = None,
    file: File = None,
    number: Annotated[str, typer.Option(help="Which permit of the file.")] = "",
) -> Any:
    """Apply for a permit, as the account of a verified organisation.

    For example: waterline permit apply --kind abstraction --station INT-1 --annual '12000 m3'
    --peak '10 m3/h' --purpose 'public supply' --source reservoir --from 2026-01-01 --until
    2031-01-01 --account holder-1
    """
    from scripts._permits import face
    from scripts._writing import Act, perform

    here = session()
    entry = _entry(file, number) if file else _options(locals())
    asked = face(here, entry)
    call = here.contract("Applications").functions.apply(asked)
    says = f"apply for {entry['kind']} of {entry['annual']} a year at {entry['station']}"
    done = perform(here, [Act("Applications", call, says)])
    event = done.first("Applied")
    if event:
        here.say(f"application {event.args['application_id']}")
    return _written(here, done)


@app.write("resubmit")
def resubmit(
    application: int,
    kind: Annotated[str, typer.Option(help="abstraction or drainage")] = "",
    station: Annotated[str, typer.Option(help="Code of the station.")] = "",
    annual: Annotated[str, typer.Option(help="Volume a year.")] = "",
    peak: Annotated[str, typer.Option(help="Highest rate.")] = "",
    from_at: Annotated[str, typer.Option("--from", help="Start of validity.")] = "",
    until_at: Annotated[str, typer.Option("--until", help="End of validity.")] = "",
    purpose: Annotated[str, typer.Option(help="What for.")] = "",
    source: Annotated[str, typer.Option(help="Where from, or where to.")] = "",
    document: Annotated[Path | None, typer.Option(help="The permit file.")] = None,
    file: File = None,
    number: Annotated[str, typer.Option(help="Which permit of the file.")] = "",
) -> Any:
    """Hand in the corrected application; what is not named stays as it was.

    For example: waterline permit resubmit 3 --annual '10000 m3' --account holder-1
    """
    from scripts._permits import application_document, face
    from scripts._writing import Act, perform

    here = session()
    before = application_document(here, application)
    kept = {key: before[key] for key in ("kind", "station", "purpose", "source", "from", "until")}
    kept |= {"annual": f"{before['annual_l']} L", "peak": f"{before['peak_l_h']} L/h"}
    given = _entry(file, number) if file else _options(locals())
    entry = kept | {key: value for key, value in given.items() if value}
    call = here.contract("Applications").functions.resubmit(application, face(here, entry))
    says = f"resubmit application {application}"
    return _written(here, perform(here, [Act("Applications", call, says)]))


@app.read("inbox")
def inbox(
    all_: Annotated[bool, typer.Option("--all", help="Finished ones too.")] = False,
) -> Any:
    """List the applications that wait for somebody."""
    from scripts._permits import application_document
    from scripts._showing import m3, table

    here = session()
    count = here.view("Applications", "application_count")
    every = [application_document(here, number) for number in range(1, count + 1)]
    document = [one for one in every if all_ or one["state"] not in ("issued", "rejected")]
    rows = [
        (a["application"], a["applicant"], a["kind"], a["station"], m3(a["annual_l"]), a["state"])
        for a in document
    ]
    head = ("no.", "applicant", "kind", "station", "a year", "state")
    return here.tell(document, lambda: table(rows, head))


@app.write("accept")
def accept(applications: Numbers) -> Any:
    """Accept complete applications for review.

    For example: waterline permit accept 3 --account officer-1
    """
    return _each(applications, "accept", "accept application {}")


@app.write("request-correction")
def request_correction(application: int, reason: str) -> Any:
    """Send an application back to be corrected.

    For example: waterline permit request-correction 3 'the peak rate is missing' --account
    officer-1
    """
    return _each([application], "request_correction", "ask to correct application {}", reason)


@app.write("review")
def review(
    applications: Numbers,
    unfavourable: Annotated[bool, typer.Option(help="The opinion is against it.")] = False,
    opinion: Annotated[Path | None, typer.Option(help="The opinion; its hash only.")] = None,
) -> Any:
    """Review accepted applications; another officer decides.

    For example: waterline permit review 3 --account officer-2
    """
    from scripts._permits import document_hash

    word = "unfavourable" if unfavourable else "favourable"
    says = f"{word} opinion on application {{}}"
    return _each(applications, "review", says, not unfavourable, document_hash(opinion))


@app.write("decide")
def decide(
    applications: Numbers,
    refuse_on: Annotated[
        int, typer.Option(min=0, max=8, help="Refuse on this ground, 1 to 8 of Decree 460 art. 20.")
    ] = 0,
) -> Any:
    """Approve reviewed applications, or refuse them on a ground.

    For example: waterline permit decide 3 --account officer-3
    """
    from scripts._showing import GROUNDS

    says = (
        f"refuse application {{}}: {GROUNDS[refuse_on]}" if refuse_on else "approve application {}"
    )
    return _each(applications, "decide", says, refuse_on == 0, refuse_on)


@app.write("issue")
def issue(
    application: Annotated[list[int], typer.Argument(help="Approved applications.")],
    number: Annotated[list[str], typer.Option(help="Permit number; one each.")],
    limit: Annotated[
        list[str] | None, typer.Option(help="Daily mean of a drainage permit: cod<=350mg/L.")
    ] = None,
    scheme: Annotated[str, typer.Option(help="Threshold scheme.")] = "default",
    file: File = None,
) -> Any:
    """Issue the permits of approved applications, which opens their accounts.

    For example: waterline permit issue 3 --number C990100S2026-0002 --account officer-3
    """
    from ledger.errors import UsageError
    from scripts._permits import normalised, parse_limit, permit_limits
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
            given = list(_entry(file, text).get("limits") or [])
        call = here.contract("PermitRegistry").functions.issue(
            one, normalised(text), scheme_id, permit_limits(given)
        )
        acts.append(Act("PermitRegistry", call, f"issue {text} for application {one}"))
    return _written(here, perform(here, acts))


@app.write("suspend")
def suspend(number: str, reason: str) -> Any:
    """Suspend a permit at once.

    For example: waterline permit suspend C990100S2026-0001 'the meter is broken' --account
    officer-1
    """
    return _change(number, "suspend", f"suspend {number}: {reason}", reason)


@app.write("resume")
def resume(number: str) -> Any:
    """Give a suspended permit its right back.

    For example: waterline permit resume C990100S2026-0001 --account officer-1
    """
    return _change(number, "resume", f"resume {number}")


@app.write("propose-revocation")
def propose_revocation(number: str, ground: str) -> Any:
    """Propose that a permit be revoked; another officer decides.

    For example: waterline permit propose-revocation C990100S2026-0001 'false documents' --account
    officer-1
    """
    return _change(number, "propose_revocation", f"propose to revoke {number}: {ground}", ground)


@app.write("revoke")
def revoke(number: str) -> Any:
    """Decide on a proposed revocation; the permit ends now.

    For example: waterline permit revoke C990100S2026-0001 --account officer-3
    """
    return _change(number, "revoke", f"revoke {number}")


@app.read("show")
def show(number: str) -> Any:
    """Show a permit by its number.

    For example: waterline permit show C990100S2026-0001
    """
    from ledger.units import show as shown
    from scripts._permits import permit_by_number, permit_document
    from scripts._showing import facts, local_of, m3

    here = session()
    document = permit_document(here, *permit_by_number(here, number))

    def lines() -> list[str]:
        keys = ("number", "kind", "state", "holder", "credit_code", "purpose", "source", "station")
        told: list[tuple[str, object]] = [(key, document[key]) for key in keys]
        told += [
            ("volume a year", m3(document["annual_l"])),
            ("peak rate", shown(document["peak_l_h"], "l_h")),
            ("valid", f"{local_of(document['from'])} to {local_of(document['until'])}"),
        ]
        for one in document["limits"]:
            bounds = [
                one["min"] and f"at least {one['min']}",
                one["max"] and f"at most {one['max']}",
            ]
            told.append((one["parameter"], ", ".join(b for b in bounds if b) + ", daily mean"))
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
def history(number: str) -> Any:
    """Show every change of the right that a permit gives."""
    from ledger.events import logs
    from scripts._permits import permit_by_number
    from scripts._showing import local, table, utc
    from scripts._signing import name_of_account

    here = session()
    permit_id, _ = permit_by_number(here, number)
    found = [
        event
        for event in logs(here.ledger, "PermitRegistry", filters=None)
        if event.args.get("permit_id") == permit_id
    ]
    document = [
        {
            "event": event.name,
            "at": utc(event.block_time),
            "by": name_of_account(event.args["by"]) if "by" in event.args else None,
            "reason": event.args.get("reason") or event.args.get("ground"),
            "transaction": event.transaction,
        }
        for event in found
    ]
    rows = [
        (local(event.block_time), entry["event"], entry["by"] or "-", entry["reason"] or "")
        for event, entry in zip(found, document, strict=True)
    ]
    return here.tell(document, lambda: table(rows, ("when", "what", "by", "why")))


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """The application that the options describe."""
    keys = ("kind", "station", "annual", "peak", "purpose", "source", "document")
    return {
        **{key: given[key] for key in keys},
        "from": given["from_at"],
        "until": given["until_at"],
    }


def _entry(file: Path, number: str) -> dict[str, Any]:
    """The permit of that number in a file."""
    from ledger.errors import NotFound
    from scripts._files import section

    entries = section(file, "permits")
    for entry in entries:
        if entry.get("number") == number:
            return entry
    known = ", ".join(str(entry.get("number")) for entry in entries)
    raise NotFound(f"{file} has no permit {number!r}", f"it has: {known}")


def _scheme(here: Session, name: str) -> int:
    """The latest version of a threshold scheme."""
    from ledger.errors import NotFound
    from ledger.structs import every

    known = {s["name"]: n for n, s in every(here.ledger, "Standards", "scheme", "scheme_count")}
    if name not in known:
        raise NotFound(f"no scheme {name!r}", "load it: `waterline standard load-scheme`")
    return known[name]


def _each(numbers: list[int], function: str, says: str, *arguments: Any) -> Any:
    from scripts._writing import Act, perform

    here = session()
    contract = here.contract("Applications")
    acts = [
        Act("Applications", getattr(contract.functions, function)(n, *arguments), says.format(n))
        for n in numbers
    ]
    return _written(here, perform(here, acts))


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
