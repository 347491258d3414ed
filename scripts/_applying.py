"""Applications for permits: apply, correct, review, decide, build the works."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._arguments import Application, Reason
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
Numbers = Annotated[list[int], typer.Argument(help="Numbers of applications.")]
File = Annotated[Path | None, typer.Option("--file", "-f", help="File with `permits`.")]
Stated = Annotated[str, typer.Option(help="The date the act states; now if left out.")]


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
    monthly: Annotated[str, typer.Option(help="Highest volume of a month.")] = "",
    daily: Annotated[str, typer.Option(help="Highest volume of a day.")] = "",
    season: Annotated[str, typer.Option(help="Days of the year: 04-01..10-31.")] = "",
    return_station: Annotated[str, typer.Option(help="Where water is returned.")] = "",
    returned: Annotated[str, typer.Option(help="Volume returned a year.")] = "",
    amends: Annotated[str, typer.Option(help="The permit that gets another version.")] = "",
    works: Annotated[bool, typer.Option(help="Works must be built first.")] = False,
    level: Annotated[int, typer.Option(min=0, help="Levels above that decide.")] = 0,
    document: Annotated[Path | None, typer.Option(help="The permit file; its hash only.")] = None,
    file: File = None,
    number: Annotated[str, typer.Option(help="Which permit of the file.")] = "",
    stated: Stated = "",
) -> Any:
    """Apply for a permit, as the account of a verified organisation.

    For example: waterline permit apply --kind abstraction --station INT-1 --annual '12000 m3'
    --peak '10 m3/h' --purpose 'public supply' --source reservoir --from 2026-01-01 --until
    2031-01-01 --account holder-1
    """
    from scripts._permits import date_of, face
    from scripts._writing import Act, perform

    here = session()
    entry = entry_of(file, number) if file else _options(locals())
    asked = face(here, entry)
    call = here.contract("Applications").functions.apply(asked, date_of(stated))
    says = f"apply for {entry['kind']} of {entry['annual']} a year at {entry['station']}"
    done = perform(here, [Act("Applications", call, says)])
    event = done.first("Applied")
    if event:
        here.say(f"application {event.args['application_id']}")
    return _written(here, done)


@app.write("resubmit")
def resubmit(
    application: Application,
    kind: Annotated[str, typer.Option(help="abstraction or drainage")] = "",
    station: Annotated[str, typer.Option(help="Code of the station.")] = "",
    annual: Annotated[str, typer.Option(help="Volume a year.")] = "",
    peak: Annotated[str, typer.Option(help="Highest rate.")] = "",
    from_at: Annotated[str, typer.Option("--from", help="Start of validity.")] = "",
    until_at: Annotated[str, typer.Option("--until", help="End of validity.")] = "",
    purpose: Annotated[str, typer.Option(help="What for.")] = "",
    source: Annotated[str, typer.Option(help="Where from, or where to.")] = "",
    monthly: Annotated[str, typer.Option(help="Highest volume of a month.")] = "",
    daily: Annotated[str, typer.Option(help="Highest volume of a day.")] = "",
    season: Annotated[str, typer.Option(help="Days of the year: 04-01..10-31.")] = "",
    return_station: Annotated[str, typer.Option(help="Where water is returned.")] = "",
    returned: Annotated[str, typer.Option(help="Volume returned a year.")] = "",
    amends: Annotated[str, typer.Option(help="The permit that gets another version.")] = "",
    works: Annotated[bool, typer.Option(help="Works must be built first.")] = False,
    level: Annotated[int, typer.Option(min=0, help="Levels above that decide.")] = 0,
    document: Annotated[Path | None, typer.Option(help="The permit file.")] = None,
    file: File = None,
    number: Annotated[str, typer.Option(help="Which permit of the file.")] = "",
    stated: Stated = "",
) -> Any:
    """Hand in the corrected application; what is not named stays as it was.

    For example: waterline permit resubmit 3 --annual '10000 m3' --account holder-1
    """
    from scripts._permits import application_document, date_of, face, kept_of
    from scripts._writing import Act, perform

    here = session()
    before = application_document(here, application)
    kept = kept_of(before)
    given = entry_of(file, number) if file else _options(locals())
    entry = kept | {key: value for key, value in given.items() if value}
    call = here.contract("Applications").functions.resubmit(
        application, face(here, entry), date_of(stated)
    )
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
def accept(applications: Numbers, stated: Stated = "") -> Any:
    """Accept complete applications for review.

    For example: waterline permit accept 3 --account officer-1
    """
    return _each(applications, "accept", "accept application {}", stated)


@app.write("request-correction")
def request_correction(application: Application, reason: Reason, stated: Stated = "") -> Any:
    """Send an application back to be corrected.

    For example: waterline permit request-correction 3 'the peak rate is missing' --account
    officer-1
    """
    says = "ask to correct application {}"
    return _each([application], "request_correction", says, stated, reason)


@app.write("refer")
def refer(
    application: Application,
    competent: Annotated[str, typer.Argument(help="Who is competent instead, in words.")],
    stated: Stated = "",
) -> Any:
    """End an application this authority is not competent for, and name the one that is.

    For example: waterline permit refer 3 'Basin authority' --account officer-1
    """
    says = f"application {{}} belongs to {competent}"
    return _each([application], "refer", says, stated, competent)


@app.write("forward")
def forward(
    application: Application,
    opinion: Annotated[Path, typer.Option(help="The opinion; its hash only.")],
    stated: Stated = "",
) -> Any:
    """Pass an application on to the level that decides, with an opinion.

    For example: waterline permit forward 3 --opinion opinion.pdf --account officer-1
    """
    from scripts._permits import document_hash

    return _each([application], "forward", "forward application {}", stated, document_hash(opinion))


@app.write("suspend-review")
def suspend_review(
    application: Application,
    cause: Annotated[str, typer.Argument(help="hearing, consultation or dispute")],
    reason: Reason,
    stated: Stated = "",
) -> Any:
    """Stop the clock of a review for a hearing, a consultation or while a dispute lasts.

    For example: waterline permit suspend-review 3 hearing 'neighbours asked' --account officer-2
    """
    from ledger.errors import UsageError
    from scripts._showing import STOP_CAUSES, number_of

    number = number_of(STOP_CAUSES, cause)
    if number is None:
        raise UsageError(f"unknown cause {cause!r}", f"use {', '.join(STOP_CAUSES.values())}")
    says = f"stop the review of application {{}}: {cause}"
    return _each([application], "suspend_review", says, stated, number, reason)


@app.write("resume-review")
def resume_review(application: Application, stated: Stated = "") -> Any:
    """Let a stopped review go on; the time it stood is not counted.

    For example: waterline permit resume-review 3 --account officer-2
    """
    return _each([application], "resume_review", "go on with application {}", stated)


@app.write("review")
def review(
    applications: Numbers,
    unfavourable: Annotated[bool, typer.Option(help="The opinion is against it.")] = False,
    opinion: Annotated[Path | None, typer.Option(help="The opinion; its hash only.")] = None,
    stated: Stated = "",
) -> Any:
    """Review accepted applications; another officer decides.

    For example: waterline permit review 3 --account officer-2
    """
    from scripts._permits import document_hash

    word = "unfavourable" if unfavourable else "favourable"
    says = f"{word} opinion on application {{}}"
    return _each(applications, "review", says, stated, not unfavourable, document_hash(opinion))


@app.write("decide")
def decide(
    applications: Numbers,
    refuse_on: Annotated[
        int, typer.Option(min=0, max=8, help="Refuse on this ground, 1 to 8 of Decree 460 art. 20.")
    ] = 0,
    stated: Stated = "",
) -> Any:
    """Approve reviewed applications, or refuse them on a ground.

    For example: waterline permit decide 3 --account officer-3
    """
    from scripts._showing import GROUNDS

    says = (
        f"refuse application {{}}: {GROUNDS[refuse_on]}" if refuse_on else "approve application {}"
    )
    return _each(applications, "decide", says, stated, refuse_on == 0, refuse_on)


@app.write("begin-works")
def begin_works(application: Application, stated: Stated = "") -> Any:
    """Report that the works of an approved application have begun.

    For example: waterline permit begin-works 3 --stated 2026-03-01 --account holder-1
    """
    return _each([application], "begin_works", "works of application {} have begun", stated)


@app.write("accept-works")
def accept_works(
    application: Application,
    trial_from: Annotated[str, typer.Option(help="When the trial run began.")],
    report: Annotated[Path, typer.Option(help="The trial's report; its hash only.")],
    stated: Stated = "",
) -> Any:
    """Accept the works after their trial run; then the permit can be issued.

    For example: waterline permit accept-works 3 --trial-from 2026-08-01 --report trial.pdf
    --account officer-2
    """
    from scripts._permits import date_of, document_hash

    says, trial = "accept the works of application {}", date_of(trial_from)
    return _each([application], "accept_works", says, stated, trial, document_hash(report))


@app.write("lapse")
def lapse(application: Application) -> Any:
    """Put on record that an approval lapsed because its works did not begin; anyone may.

    For example: waterline permit lapse 3 --account officer-1
    """
    from scripts._writing import Act, perform

    here = session()
    call = here.contract("Applications").functions.lapse(application)
    act = Act("Applications", call, f"the approval of application {application} has lapsed")
    return _written(here, perform(here, [act]))


@app.read("application")
def application(number: Application) -> Any:
    """Show an application: what it asks for, how far it is, what is due when.

    For example: waterline permit application 3
    """
    from scripts._permits import application_document
    from scripts._showing import facts, local_of, m3

    here = session()
    document = application_document(here, number)

    def lines() -> list[str]:
        told = [(key, value) for key, value in document.items() if value and key != "due"]
        volumes = {"annual_l", "monthly_l", "daily_l", "return_l"}
        moments = {key for key in document if key.endswith("_at")} | {"from", "until"}
        due = document["due"]
        when = local_of(due["at"]) if due["at"] else "the clock stands still"
        return facts(
            [
                *(
                    (k, m3(v) if k in volumes else local_of(v) if k in moments else v)
                    for k, v in told
                ),
                *([("due", f"{due['act']}: {when}")] if due["act"] else []),
            ]
        )

    return here.tell(document, lines)


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """The application that the options describe."""
    keys = (
        *("kind", "station", "annual", "peak", "purpose", "source", "document", "monthly"),
        *("daily", "season", "return_station", "returned", "amends", "works", "level"),
    )
    return {
        **{key: given[key] for key in keys},
        "from": given["from_at"],
        "until": given["until_at"],
    }


def entry_of(file: Path, number: str) -> dict[str, Any]:
    """The permit of that number in a file."""
    from ledger.errors import NotFound
    from scripts._files import section

    entries = section(file, "permits")
    for entry in entries:
        if entry.get("number") == number:
            return entry
    known = ", ".join(str(entry.get("number")) for entry in entries)
    raise NotFound(f"{file} has no permit {number!r}", f"it has: {known}")


def _each(numbers: list[int], function: str, says: str, stated: str, *arguments: Any) -> Any:
    from scripts._permits import date_of
    from scripts._writing import Act, perform

    here, at = session(), date_of(stated)
    contract = here.contract("Applications")
    acts = [
        Act(
            "Applications", getattr(contract.functions, function)(n, *arguments, at), says.format(n)
        )
        for n in numbers
    ]
    return _written(here, perform(here, acts))


def _written(here: Session, done: Any) -> Any:
    return here.tell(done.as_json(), lambda: [])
