"""Laboratory and manual results: entered by one, confirmed by another, ruled on by the standard."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._shared import PROJECT, Noun, session

app = Noun(__doc__)
Number = Annotated[int, typer.Argument(help="Number of the report.")]
FormFile = Annotated[Path, typer.Argument(help="A form, .yaml or .csv.")]
Note = Annotated[Path, typer.Option(help="What the decision rests on; its hash only.")]
CONTRACT = "Laboratory"


@app.write("submit")
def submit(form: FormFile) -> Any:
    """Enter a report; it counts once another account has confirmed it.

    For example: waterline lab submit data/lab_form.yaml --account keeper-1
    """
    return _enter(form, 0, None)


@app.write("supersede")
def supersede(
    report: Number,
    form: FormFile,
    reason: Annotated[Path, typer.Option(help="Why it is replaced; its hash only.")],
) -> Any:
    """Enter a report that replaces a confirmed one, which stays on record.

    For example: waterline lab supersede 1 data/lab_form.yaml --reason mistake.txt --account
    keeper-1
    """
    return _enter(form, report, reason)


@app.write("confirm")
def confirm(report: Number, note: Note) -> Any:
    """Confirm a report that another account has entered; each result is ruled on.

    For example: waterline lab confirm 1 --note checked.txt --account officer-2
    """
    from scripts._permits import document_hash

    says = f"report {report} is right"
    return act(CONTRACT, "confirm", says, report, document_hash(note))


@app.write("refuse")
def refuse(report: Number, note: Note) -> Any:
    """Refuse a report that another account has entered; it never counts.

    For example: waterline lab refuse 1 --note wrong-sample.txt --account officer-2
    """
    from scripts._permits import document_hash

    says = f"report {report} is refused"
    return act(CONTRACT, "refuse", says, report, document_hash(note))


@app.read("show")
def show(report: Number) -> Any:
    """Show a report with its results, each beside its limit.

    For example: waterline lab show 1
    """
    from scripts import _laboratory as laboratory

    here = session()
    one = laboratory.document(here, report)
    return here.tell(one, lambda: laboratory.lines(one))


@app.read("list")
def list_(
    station: Annotated[str, typer.Option("--station", help="Only of this station.")] = "",
) -> Any:
    """List reports with what they were ruled as.

    For example: waterline lab list --station WTW-1
    """
    from ledger.network import station_by_code
    from ledger.structs import read
    from scripts import _laboratory as laboratory
    from scripts._showing import local_of, table

    here = session()
    chosen = (
        laboratory.numbers(here, station_by_code(here.ledger, station).id)
        if station
        else range(1, here.view(CONTRACT, "report_count") + 1)
    )
    found = [laboratory.summary(here, n, read(here.ledger, CONTRACT, "report", n)) for n in chosen]
    rows = [
        (
            *(one["report"], one["station"], one["sample"], local_of(one["taken_at"])),
            *(one["state"], laboratory.outcome(one), one["worst"] or "-"),
        )
        for one in found
    ]
    head = ("", "station", "sample", "taken", "state", "ruling", "worst")
    return here.tell(found, lambda: table(rows, head))


@app.read("form")
def form(station: Annotated[str, typer.Argument(help="Code of the station.")]) -> Any:
    """Print an empty form for what the standard of a station limits.

    For example: waterline lab form WTW-1
    """
    from scripts._forms import empty_form, limits_of, profile_of

    here = session()
    _, profile = profile_of(here, station)
    told = empty_form(station, limits_of(here, profile, here.chain.head().at))
    return here.tell({"station": station, "form": "\n".join(told) + "\n"}, lambda: told)


@app.write("load-profiles")
def load_profiles(
    name: Annotated[list[str] | None, typer.Option(help="Only these.")] = None,
    file: Annotated[Path, typer.Option("--file", "-f", help="File with `profiles`.")] = PROJECT
    / "standards"
    / "laboratory.yaml",
) -> Any:
    """Load what kinds of station are held against, as new versions.

    For example: waterline lab load-profiles --account keeper-1
    """
    from ledger.errors import NotFound
    from ledger.laboratory import read_profiles
    from scripts._showing import STATION_KINDS
    from scripts._writing import Act, perform

    here = session()
    known = read_profiles(file, {word: number for number, word in STATION_KINDS.items()})
    for missing in set(name or ()) - set(known):
        raise NotFound(f"no profile {missing!r} in {file}", f"it has: {', '.join(known)}")
    functions = here.contract(CONTRACT).functions
    acts = [
        Act(CONTRACT, functions.load_profile(one.as_struct()), f"a new version of {one.name}")
        for one in known.values()
        if not name or one.name in name
    ]
    done = perform(here, acts)
    return here.tell(done.as_json(), lambda: [])


@app.write("bind")
def bind(
    station: Annotated[str, typer.Argument(help="Code of the station.")],
    profile: Annotated[str, typer.Argument(help="Name of the profile; its latest version.")],
) -> Any:
    """Say by which profile the samples of a station are ruled on.

    For example: waterline lab bind WTW-1 'drinking water, plant exit' --account keeper-1
    """
    from ledger.errors import NotFound
    from ledger.network import station_by_code
    from ledger.structs import every

    here = session()
    place = station_by_code(here.ledger, station)
    loaded = {p["name"]: n for n, p in every(here.ledger, CONTRACT, "profile", "profile_count")}
    if profile not in loaded:
        raise NotFound(f"no profile {profile!r} is loaded", f"loaded: {', '.join(loaded)}")
    says = f"samples of {station} are ruled on by {profile}"
    return act(CONTRACT, "bind_station", says, place.id, loaded[profile])


def _enter(path: Path, supersedes: int, reason: Path | None) -> Any:
    from ledger.laboratory import read_form
    from scripts._forms import required, submission
    from scripts._permits import document_hash

    form = read_form(path)
    required(form)
    why = document_hash(reason)
    sample, results = submission(session(), form)
    says = f"sample {sample[1]} of {form.sample['station'].text}: {len(results)} results"
    if supersedes:
        says += f", in place of report {supersedes}"
    arguments = sample, results, supersedes, why
    return act(CONTRACT, "submit", says, *arguments, numbered="report_id")


cli = app.cli()
