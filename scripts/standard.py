"""Standards: limit tables, threshold schemes and the local calendar."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._shared import PROJECT, Noun, Session, record_path, session

app = Noun(__doc__)
FOLDER = PROJECT / "standards"
PAGE = 64  # limits in one transaction, as Standards takes them
INSTANTS = 400
# months are loaded so much further: a permit runs ten years at most, and so does its extension
YEARS_AHEAD = 22
LIMIT_GAS = 250_000  # eleven words of storage, each for the first time
INSTANT_GAS = 26_000
SETTING_GAS = 260_000
BASE_GAS = 90_000


@app.write("load")
def load(
    names: Annotated[list[str], typer.Argument(help="Tables of index.yaml, like gb5749.")],
    grade: Annotated[
        list[str] | None, typer.Option(help="Only these grades; a table without grades whole.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where index.yaml lies.")] = FOLDER,
    seal_as: Annotated[
        str, typer.Option(help="Another keeper's account of this machine, which seals them.")
    ] = "",
) -> Any:
    """Load limit tables as new versions, left open for another STANDARDS_KEEPER to seal.

    Nothing is held against a set that is not sealed. Rows without a number are listed.
    For example: waterline standard load gb5749 gbt31962 --grade B --account keeper-1
    """
    from ledger.standards import midnight
    from scripts import _limit_sets as limit_sets
    from scripts._showing import local_zone

    here, sets = session(), limit_sets.tables(names, folder, grade or ())
    for one in sets:
        for row in one.left_out:
            here.say(f"not loaded, {one.standard} {row.grade} {row.parameter}: {row.reason}")
    done = limit_sets.load(here, sets, lambda day: midnight(day, local_zone()), seal_as)
    return _written(here, done) if done else None


@app.write("seal")
def seal(
    sets: Annotated[list[int], typer.Argument(help="Numbers of open sets: `standard list`.")],
    table: Annotated[
        list[str] | None,
        typer.Option(help="Table of index.yaml to compare a set with, like gb5749."),
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where index.yaml lies.")] = FOLDER,
) -> Any:
    """Show sets that another keeper loaded, compare them with one's own tables, and seal them.

    Who opened a set cannot seal it. With --dry-run it is shown and compared only.
    For example: waterline standard seal 1 2 --table gb5749 --table gbt31962 --account keeper-2
    """
    from ledger.standards import midnight
    from scripts import _limit_sets as limit_sets
    from scripts._showing import local_zone

    here, compared = session(), limit_sets.tables(table or (), folder)
    done = limit_sets.seal(here, sets, compared, lambda day: midnight(day, local_zone()))
    return _written(here, done)


@app.write("load-scheme")
def load_scheme(
    names: Annotated[list[str], typer.Argument(help="Schemes of index.yaml, like default.")],
    folder: Annotated[Path, typer.Option(help="Where index.yaml lies.")] = FOLDER,
) -> Any:
    """Load threshold schemes: when use beyond the plan is blue, yellow or red.

    For example: waterline standard load-scheme default --account keeper-1
    """
    from ledger.errors import NotFound
    from ledger.standards import read_index, read_schemes
    from scripts._writing import Act, perform

    here = session()
    known = {scheme.name: scheme for scheme in read_schemes(read_index(folder / "index.yaml"))}
    acts = []
    for name in names:
        if name not in known:
            raise NotFound(f"no scheme {name!r}", f"known: {', '.join(known)}")
        s = known[name]
        call = here.contract("Standards").functions.load_scheme(
            s.name, s.blue_bps, s.yellow_bps, s.red_bps, s.approaching_bps, s.peak_leave_bps
        )
        acts.append(Act("Standards", call, f"a new version of the scheme {name}"))
    return _written(here, perform(here, acts))


@app.write("load-calendar")
def load_calendar(
    timezone: Annotated[str, typer.Option(help="The city's zone, like Asia/Shanghai.")],
    first: Annotated[int, typer.Option("--from", help="First year.")],
    last: Annotated[int, typer.Option("--to", help="Last year.")],
    working_days: Annotated[Path, typer.Option(help="Holidays and working weekends.")] = FOLDER
    / "working_days.yaml",
) -> Any:
    """Load the local days, months, quarters, years and working days that are not loaded yet.

    Months are loaded 22 years further, as far as the terms of permits reach.
    For example: waterline standard load-calendar --timezone Asia/Shanghai --from 2026 --to 2030
    --account keeper-1
    """
    from ledger.standards import (
        CALENDARS,
        MONTH,
        WORKING,
        boundaries,
        read_working_days,
        working_ends,
        zone,
    )
    from scripts._writing import Act, perform

    here, where, acts = session(), zone(timezone), []
    exceptions = read_working_days(working_days)
    functions = here.contract("Standards").functions
    for calendar, title in CALENDARS.items():
        loaded_until = functions.calendar_end(calendar).call()
        until = last + YEARS_AHEAD if calendar == MONTH else last
        every = (
            working_ends(first, until, where, *exceptions)
            if calendar == WORKING
            else boundaries(calendar, first, until, where)
        )
        instants = [i for i in every if i > loaded_until]
        for start in range(0, len(instants), INSTANTS):
            page = instants[start : start + INSTANTS]
            acts.append(
                Act(
                    "Standards",
                    functions.extend_calendar(calendar, page),
                    f"{len(page)} boundaries of the calendar {title}, {timezone}",
                    gas=BASE_GAS + INSTANT_GAS * len(page),
                )
            )
    done = perform(here, acts) if acts else None
    if not here.dry_run:
        # what people read and write is in the city's time from now on
        replace(here.ledger.deployment, timezone=timezone).save(record_path())
    if done is None:
        here.say("everything is loaded already")
        return None
    return _written(here, done)


@app.write("load-tariff")
def load_tariff(
    names: Annotated[list[str], typer.Argument(help="Tariffs of the file, like resident.")],
    file: Annotated[Path, typer.Option("--file", "-f", help="File with `tariffs`.")] = FOLDER
    / "tariffs.yaml",
    in_force: Annotated[str, typer.Option(help="From when; the first of time if left out.")] = "",
) -> Any:
    """Load tariffs as new versions; a resident's blocks that rise too little are told.

    For example: waterline standard load-tariff resident non-resident --account keeper-1
    """
    from ledger.errors import NotFound
    from ledger.tariffs import below_least_ratio, read_tariffs
    from scripts._files import FIRST_MOMENT, instant
    from scripts._showing import local_zone
    from scripts._writing import Act, perform

    here, known, acts = session(), read_tariffs(file), []
    at = instant(in_force, local_zone()) if in_force else FIRST_MOMENT
    for name in names:
        if name not in known:
            raise NotFound(f"no tariff {name!r} in {file}", f"it has: {', '.join(known)}")
        terms = known[name]
        if len(terms["cuts_l"]) and below_least_ratio(terms["prices_uy_m3"]):
            here.say(f"{name}: the blocks rise by less than 1 : 1.5 : 3")
        call = here.contract("Tariff").functions.load_tariff((*terms.values(), at))
        acts.append(Act("Tariff", call, f"a new version of the tariff {name}"))
    return _written(here, perform(here, acts))


@app.write("add-surcharge")
def add_surcharge(
    tariff: Annotated[str, typer.Argument(help="The tariff's name; its version in force then.")],
    name: Annotated[str, typer.Argument(help="What the surcharge is for, like drought.")],
    first: Annotated[
        str, typer.Option("--from", help="The first period: 2027, 2027-Q3 or 2027-07.")
    ],
    last: Annotated[str, typer.Option("--until", help="The last period, included.")],
    of_water: Annotated[str, typer.Option(help="Share of the water price.")] = "0 %",
    per_m3: Annotated[str, typer.Option(help="Amount a cubic metre.")] = "0 yuan",
) -> Any:
    """Add a surcharge for a time, like one for drought, to a tariff, for whole periods of it.

    A bill is of a whole period: a tariff by the year takes whole years. A surcharge of some months
    needs a tariff by the month, or by the quarter where they are whole ones.

    For example: waterline standard add-surcharge monthly drought --from 2027-07 --until 2027-09
    --of-water '20 %' --account keeper-1
    """
    from ledger.labels import label
    from ledger.units import parse_as, parse_money
    from scripts._acting import act
    from scripts._balancing import span_of
    from scripts._billing import tariff_for
    from scripts._plans import span

    here = session()
    tariff_id, _ = tariff_for(here, tariff, first)
    calendar, *ends = span_of(here, first, last)
    (from_at, _), (_, until_at) = (span(here, calendar, period) for period in ends)
    amounts = parse_as(of_water, "bps"), int(parse_money(per_m3))
    says = f"surcharge for {name} of {tariff}, {first} to {last}"
    given = (label(name), *amounts, from_at, until_at)
    return act("Tariff", "add_surcharge", says, tariff_id, given)


@app.write("load-settings")
def load_settings(
    file: Annotated[Path, typer.Option("--file", "-f", help="File with `settings`.")] = FOLDER
    / "settings.yaml",
    name: Annotated[list[str] | None, typer.Option(help="Only these.")] = None,
    in_force: Annotated[str, typer.Option(help="From when; the first of time if left out.")] = "",
) -> Any:
    """Load terms, tolerances and other figures that rules ask for, as new versions.

    For example: waterline standard load-settings --account keeper-1
    """
    from ledger.errors import NotFound
    from ledger.standards import read_settings
    from scripts._files import FIRST_MOMENT, instant
    from scripts._showing import local_zone
    from scripts._writing import Act, perform

    here, known = session(), {one.name: one for one in read_settings(file)}
    for missing in set(name or ()) - set(known):
        raise NotFound(f"no setting {missing!r} in {file}", f"it has: {', '.join(known)}")
    at = instant(in_force, local_zone()) if in_force else FIRST_MOMENT
    chosen = [one.as_struct(at) for one in known.values() if not name or one.name in name]
    functions = here.contract("Standards").functions
    acts = [
        Act(
            "Standards",
            functions.load_settings(chosen[start : start + PAGE]),
            f"{len(chosen[start : start + PAGE])} settings",
            gas=BASE_GAS + SETTING_GAS * len(chosen[start : start + PAGE]),
        )
        for start in range(0, len(chosen), PAGE)
    ]
    return _written(here, perform(here, acts))


@app.read("tariffs")
def tariffs() -> Any:
    """Show every tariff with its versions, each unverified one marked."""
    from ledger.labels import text_of
    from ledger.structs import read
    from ledger.tariffs import CONVENTIONS, KINDS, PERIODS
    from scripts._showing import table, utc, yuan

    here = session()
    periods = {number: word for word, number in PERIODS.items()}
    conventions = {number: word for word, number in CONVENTIONS.items()}
    document = []
    for n in range(1, here.view("Tariff", "tariff_count") + 1):
        terms = read(here.ledger, "Tariff", "terms", n)
        words = {
            "kind": KINDS[terms["kind"]],
            "period": periods[terms.pop("calendar")],
            "convention": conventions[terms["convention"]],
            "charge": text_of(terms["charge"]),
            "source_hash": "0x" + terms["source_hash"].hex(),
            "in_force": utc(terms.pop("in_force_at")),
        }
        document.append({"id": n, **terms, **words})
    rows = [
        (
            *(t["name"], t["version"], t["kind"], t["period"]),
            ", ".join(yuan(price) for price in t["prices_uy_m3"]) + " a m3",
            t["convention"] or "-",
            "" if t["verified"] else "unverified default",
        )
        for t in document
    ]
    head = ("tariff", "version", "for", "by the", "prices", "over the plan", "")
    return here.tell(document, lambda: table(rows, head))


@app.read("settings")
def settings() -> Any:
    """Show every setting with its versions, each unverified one marked."""
    from ledger.labels import text_of
    from ledger.structs import every
    from scripts._showing import local, table, utc

    here = session()
    document = [
        {
            "name": text_of(s["name"]),
            "version": s["version"],
            "amount": s["amount"],
            "unit": text_of(s["unit"]),
            "source": s["source"],
            "verified": s["verified"],
            "in_force": utc(s["in_force_at"]),
            "in_force_at": s["in_force_at"],
        }
        for _, s in every(here.ledger, "Standards", "setting", "setting_count")
    ]
    rows = [
        (
            *(s["name"], s["version"], f"{s['amount']} {s['unit']}", local(s.pop("in_force_at"))),
            *(s["source"], "" if s["verified"] else "unverified default"),
        )
        for s in document
    ]
    head = ("setting", "version", "amount", "in force", "source", "")
    return here.tell(document, lambda: table(rows, head))


@app.read("list")
def list_() -> Any:
    """List the limit sets, the schemes and how far the calendar reaches."""
    from ledger.standards import CALENDARS
    from ledger.structs import every, read
    from ledger.units import show as shown
    from scripts._showing import local, table, utc

    here = session()
    sets = [
        {
            "id": n,
            "standard": s["standard"],
            "grade": s["grade"],
            "version": s["version"],
            "in_force": utc(s["in_force_at"]),
            "limits": s["limits"],
            "sealed": s["sealed"],
            "opened_by": s["opened_by"],
            "source_hash": "0x" + s["source_hash"].hex(),
        }
        for n, s in every(here.ledger, "Standards", "limit_set", "set_count")
    ]
    schemes = [{"id": n, **s} for n, s in every(here.ledger, "Standards", "scheme", "scheme_count")]
    ends = {n: read(here.ledger, "Standards", "calendar_end", n) for n in CALENDARS}
    calendars = {CALENDARS[n]: utc(end) for n, end in ends.items()}
    document = {"sets": sets, "schemes": schemes, "calendar_until": calendars}

    def lines() -> list[str]:
        rows = [
            (
                *(s["id"], s["standard"], s["grade"] or "-", s["version"], s["limits"]),
                "" if s["sealed"] else f"open, another keeper than {s['opened_by']} seals it",
            )
            for s in sets
        ]
        cuts = [(s["name"], s["version"], *(shown(s[k], "bps") for k in _CUTS)) for s in schemes]
        return [
            *table(rows, ("no.", "standard", "grade", "version", "limits", "")),
            "",
            *table(cuts, ("scheme", "version", "blue", "yellow", "red", "approaching")),
            "",
            f"Calendar loaded until {local(ends[4])}, months until {local(ends[2])}.",
        ]

    return here.tell(document, lines)


_CUTS = ("blue_bps", "yellow_bps", "red_bps", "approaching_bps")


@app.read("show")
def show(
    standard: Annotated[str, typer.Argument(help="Like 'GB 5749-2022'.")],
    grade: Annotated[str, typer.Argument(help="Its grade, where it has one.")] = "",
) -> Any:
    """Show the limits in force of a standard, each unverified one marked."""
    from ledger.errors import NotFound
    from ledger.labels import text_of
    from ledger.structs import every
    from scripts._showing import table

    here = session()
    set_id = here.view("Standards", "current_set", standard, grade, here.chain.head().at)
    if not set_id:
        raise NotFound(
            f"no limits of {standard!r} grade {grade!r} are in force", "`waterline standard list`"
        )
    document = [
        {
            "id": n,
            "parameter": text_of(raw["parameter"]),
            "basis": text_of(raw["basis"]),
            "unit": text_of(raw["unit"]),
            "min": raw["lo"] if raw["has_lo"] else None,
            "max": raw["hi"] if raw["has_hi"] else None,
            "daily_mean": raw["daily_mean"],
            "verified": raw["verified"],
        }
        for n, raw in every(here.ledger, "Standards", "limit", "limit_count")
        if raw["set_id"] == set_id
    ]
    rows = [
        (
            o["parameter"],
            o["basis"],
            _shown(o["min"], o["unit"]),
            _shown(o["max"], o["unit"]),
            "" if o["verified"] else "unverified default",
        )
        for o in document
    ]
    head = ("parameter", "basis", "at least", "at most", "")
    return here.tell(document, lambda: table(rows, head))


def _shown(value: int | None, unit: str) -> str:
    from ledger.standards import shown

    return "-" if value is None else shown(value, unit)


def _written(here: Session, done: Any) -> Any:
    return here.tell(done.as_json(), lambda: [])


cli = app.cli()
