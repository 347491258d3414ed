"""Red lines of a region: ceilings, use, yearly assessment."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._arguments import Lane
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
Region = Annotated[str, typer.Argument(help="Name of the region.")]
Year = Annotated[int, typer.Option(help="The local year.")]
Source = Annotated[Path, typer.Option(help="Where it is written; its hash only.")]
INDICATORS = {
    1: "total use",
    2: "industry",
    3: "domestic product",
    4: "irrigation",
    5: "function zones",
}
USES = {1: "abstraction", 2: "supply", 3: "discharge"}
VOLUME = b"\0" * 32  # no parameter: a ceiling of volume
UNMEASURED = dict.fromkeys(("used_l", "provisional", "opened_late_s", "closed_late_s"))
UNITS = {1: "l", 2: "mL a yuan", 3: "mL a yuan", 4: "bps", 5: "bps"}


@app.write("set-ceiling")
def set_ceiling(
    region: Region,
    volume: Annotated[str, typer.Argument(help="Volume a year: 200000000 m3; 0 m3 is a ban.")],
    source: Source,
) -> Any:
    """Set the yearly volume that the permits of a region may give together; a higher one waits.

    A first ceiling and one that is not higher act at once. A higher one waits until another
    STANDARDS_KEEPER confirms it with confirm-ceiling, within 30 days.

    For example: waterline redline set-ceiling Qinglan '500000 m3' --source plan.pdf --account
    keeper-1
    """
    from ledger.labels import label
    from ledger.units import parse
    from scripts._permits import document_hash

    name, volume_l = label(region), parse(volume)
    wait = waiting(ceiling_of(session(), name), volume_l)
    says = f"ceiling of {region}: {volume} a year{wait}"
    return act("RedLines", "set_ceiling", says, name, volume_l, document_hash(source))


@app.write("confirm-ceiling")
def confirm_ceiling(
    region: Region,
    volume: Annotated[str, typer.Argument(help="Volume a year that was proposed: 600000 m3.")],
) -> Any:
    """Confirm a higher ceiling that another officer proposed; it acts at once.

    For example: waterline redline confirm-ceiling Qinglan '600000 m3' --account keeper-2
    """
    from ledger.labels import label
    from ledger.units import parse

    says = f"confirm the ceiling of {region}: {volume} a year"
    return act("RedLines", "confirm_ceiling", says, label(region), parse(volume))


@app.write("set-load-ceiling")
def set_load_ceiling(
    region: Region,
    parameter: Annotated[str, typer.Argument(help="What is discharged: cod.")],
    load: Annotated[str, typer.Argument(help="Load a year: 1200 kg, 9 t; 0 kg is a ban.")],
    source: Source,
) -> Any:
    """Set how much of a parameter a region may discharge in a year; a higher ceiling waits.

    A first ceiling and one that is not higher act at once. A higher one waits until another
    STANDARDS_KEEPER confirms it with confirm-load-ceiling, within 30 days.

    For example: waterline redline set-load-ceiling Qinglan cod '9 t' --source capacity.pdf
    --account keeper-1
    """
    from ledger.labels import label
    from scripts._limits import load_ng
    from scripts._permits import document_hash

    of, most_ng = (label(region), label(parameter)), load_ng(load)
    wait = waiting(load_ceiling_of(session(), *of), most_ng)
    says = f"ceiling of {parameter} in {region}: {load} a year{wait}"
    return act("RedLines", "set_load_ceiling", says, *of, most_ng, document_hash(source))


@app.write("confirm-load-ceiling")
def confirm_load_ceiling(
    region: Region,
    parameter: Annotated[str, typer.Argument(help="What is discharged: cod.")],
    load: Annotated[str, typer.Argument(help="Load a year that was proposed: 10 t.")],
) -> Any:
    """Confirm a higher ceiling of load that another officer proposed; it acts at once.

    For example: waterline redline confirm-load-ceiling Qinglan cod '10 t' --account keeper-2
    """
    from ledger.labels import label
    from scripts._limits import load_ng

    says = f"confirm the ceiling of {parameter} in {region}: {load} a year"
    arguments = label(region), label(parameter), load_ng(load)
    return act("RedLines", "confirm_load_ceiling", says, *arguments)


@app.write("assign-lane")
def assign_lane(
    region: Region,
    contract: Annotated[str, typer.Argument(help="QuotaTracker or DischargeVolumes.")],
    lane: Lane,
    use: Annotated[str, typer.Option(help="abstraction, supply or discharge")] = "abstraction",
) -> Any:
    """Say that a lane counts a use of a region; for good.

    For example: waterline redline assign-lane Qinglan QuotaTracker 1 --account keeper-1
    """
    from ledger.labels import label

    number = _of(USES, use)
    says = f"lane {lane} of {contract} counts {use} of {region}"
    return act("RedLines", "assign_lane", says, label(region), label(contract), lane, number)


@app.write("open-year")
def open_year(
    region: Region,
    use: Annotated[str, typer.Option(help="abstraction, supply or discharge")] = "abstraction",
) -> Any:
    """Take down where a region's lanes stand as its year opens, and close the one before; once.

    For example: waterline redline open-year Qinglan --account officer-1
    """
    from ledger.labels import label

    return act("RedLines", "open_year", f"open the year of {region}", label(region), _of(USES, use))


@app.write("set-target")
def set_target(
    region: Region,
    indicator: Annotated[str, typer.Argument(help=", ".join(INDICATORS.values()))],
    year: Year,
    source: Source,
    amount: Annotated[str, typer.Option(help="500000 m3, 53 %, or a whole number.")] = "",
    base: Annotated[str, typer.Option(help="What it is a change of, in the same unit.")] = "",
    change: Annotated[str, typer.Option(help="The change, like -30 %.")] = "",
) -> Any:
    """Set the target that is handed down to a region for a year.

    For example: waterline redline set-target Qinglan 'total use' --year 2026 --amount '450000 m3'
    --source plan.pdf --account keeper-1
    """
    from ledger.labels import label
    from ledger.units import parse_as
    from scripts._billing import period_of
    from scripts._permits import document_hash

    here, number = session(), _of(INDICATORS, indicator)
    period, _ = period_of(here, year)
    figures = _figure(number, amount), _figure(number, base), parse_as(change or "0 %", "bps")
    says = f"{indicator} of {region} in {year}: {amount or f'{base} {change}'}"
    arguments = label(region), period, number, *figures, bool(base), document_hash(source)
    return act("RedLines", "set_target", says, *arguments)


@app.write("report")
def report(
    region: Region,
    indicator: Annotated[str, typer.Argument(help=", ".join(INDICATORS.values()))],
    amount: Annotated[str, typer.Argument(help="53.7 %, 35000, 450000 m3.")],
    year: Year,
    source: Source,
) -> Any:
    """Report what a region reached in a year, where no lane measures it.

    For example: waterline redline report Qinglan irrigation '55.1 %' --year 2026 --source
    report.pdf --account keeper-1
    """
    from ledger.labels import label
    from scripts._billing import period_of
    from scripts._permits import document_hash

    here, number = session(), _of(INDICATORS, indicator)
    period, _ = period_of(here, year)
    arguments = label(region), period, number, _figure(number, amount), document_hash(source)
    return act("RedLines", "report_indicator", f"{indicator} of {region}: {amount}", *arguments)


@app.write("tell-use")
def tell_use(region: Region) -> Any:
    """Put on record that a region uses more than its target; anyone may, once a year.

    For example: waterline redline tell-use Qinglan --account officer-1
    """
    from ledger.labels import label

    return act("RedLines", "tell_use", f"{region} uses more than its target", label(region))


@app.write("tell-load")
def tell_load(
    region: Region,
    parameter: Annotated[str, typer.Argument(help="What was discharged: cod.")],
    year: Year,
) -> Any:
    """Put on record that more came in a region's year than its ceiling; anyone may, once a year.

    For example: waterline redline tell-load Qinglan cod --year 2026 --account officer-1
    """
    from ledger.labels import label
    from scripts._billing import period_of

    asked = label(region), label(parameter), period_of(session(), year)[0]
    says = f"{parameter} of {region} in {year} is beyond its ceiling"
    return act("RedLines", "tell_load", says, *asked)


@app.write("release-load")
def release_load(
    number: Annotated[str, typer.Argument(help="Number of an expired drainage permit.")],
    parameter: Annotated[str, typer.Argument(help="What its limit of load is of: cod.")],
) -> Any:
    """Count no more the load that an expired permit left; anyone may.

    For example: waterline redline release-load C990100S2026-0002 cod --account officer-1
    """
    from ledger.labels import label
    from scripts._acting import act_on

    says = f"release {parameter} of {number}"
    return act_on("RedLines", number, "release_load", says, label(parameter))


@app.write("release")
def release(number: Annotated[str, typer.Argument(help="Number of an expired permit.")]) -> Any:
    """Count no more what an expired permit gave; anyone may.

    For example: waterline redline release C990100S2026-0001 --account officer-1
    """
    from scripts._acting import act_on

    return act_on("RedLines", number, "release", f"release {number}")


@app.read("show")
def show(
    region: Region,
    year: Annotated[int | None, typer.Option(help="The local year; this one if left out.")] = None,
) -> Any:
    """Show a region's ceilings and which wait, what its permits give, its use, how targets stand.

    A year is provisional until the next one is opened; how late it was opened and closed is told.

    For example: waterline redline show Qinglan --year 2026
    """
    from datetime import datetime

    from ledger.labels import label
    from ledger.structs import read
    from scripts._billing import period_of
    from scripts._showing import facts, local_zone, m3, table

    here, name = session(), label(region)
    year = year or datetime.now(local_zone()).year
    period, _ = period_of(here, year)
    ledger = here.ledger
    verdicts = read(ledger, "RedLines", "assess", name, period)
    opened = read(ledger, "RedLines", "year", name, period, 1)["opened_at"]
    measured = read(ledger, "RedLines", "measured", name, period, 1) if opened else UNMEASURED
    loads = read(ledger, "RedLines", "assess_loads", name, period)
    document = {
        "region": region,
        "year": year,
        "ceiling_l": ceiling_of(here, name),
        "waits": waits(here, name),
        "permitted_l": read(ledger, "RedLines", "permitted_l", name),
        **measured,
        "over_told": read(ledger, "RedLines", "over_told", name, period),
        "targets": [target_document(verdict) for verdict in verdicts],
        "loads": [load_document(one) for one in loads],
    }

    def lines() -> list[str]:
        ceiling_l, used_l = document["ceiling_l"], document["used_l"]
        told = [
            ("ceiling of permits", "none" if ceiling_l is None else m3(ceiling_l)),
            ("permitted", m3(document["permitted_l"])),
            ("used this year", "-" if used_l is None else m3(used_l) + marks(document)),
            ("over its target", "on record" if document["over_told"] else "not on record"),
        ]
        rows = [
            (
                one["indicator"],
                _shown(one["target"], one["unit"]),
                "-" if one["actual"] is None else _shown(one["actual"], one["unit"]),
                standing(one),
            )
            for one in document["targets"]
        ]
        told_of = [*facts(told), "", *table(rows, ("red line", "target", "actual", ""))]
        return [*told_of, *load_lines(document["loads"]), *waiting_lines(document["waits"])]

    return here.tell(document, lines)


def load_document(verdict: dict[str, Any]) -> dict[str, Any]:
    """How a region's load of a parameter stands towards its ceiling of a year, for programs."""
    from ledger.labels import text_of

    return {**verdict, "parameter": text_of(verdict["parameter"])}


def load_standing(one: dict[str, Any]) -> str:
    """A ceiling of load, what is permitted under it, what was ruled on, for people."""
    from scripts._limits import shown_load

    ceiling, permitted, ruled = (
        shown_load(one[key]) for key in ("ceiling_ng", "permitted_ng", "load_ng")
    )
    over = ", OVER" if one["over"] else ""
    return f"{permitted} permitted, {ruled} ruled on of a ceiling of {ceiling}{over}"


def load_lines(loads: list[dict[str, Any]]) -> list[str]:
    """The same for people; a day that was not ruled on is in none, so nothing is told as kept."""
    from scripts._limits import shown_load
    from scripts._showing import table

    rows = [
        (
            one["parameter"],
            *(shown_load(one[key]) for key in ("ceiling_ng", "permitted_ng", "load_ng")),
            ("OVER" if one["over"] else "not over by what was ruled on")
            + (", on record" if one["told"] else ""),
        )
        for one in loads
    ]
    head = ("load a year", "ceiling", "permitted", "ruled on", "")
    return ["", *table(rows, head)] if rows else []


def target_document(verdict: dict[str, Any]) -> dict[str, Any]:
    """How a region stands towards one target, for programs; None for what is not known."""
    return {
        "indicator": INDICATORS[verdict["indicator"]],
        "unit": UNITS[verdict["indicator"]],
        "target": verdict["target"],
        "actual": verdict["actual"] if verdict["known"] else None,
        "met": verdict["met"] if verdict["known"] else None,
        **{key: verdict[key] for key in ("provisional", "opened_late_s", "closed_late_s")},
    }


def ceiling_of(here: Session, region: bytes) -> int | None:
    """What the permits of a region may give together; None where nobody has said."""
    from ledger.structs import read

    if not read(here.ledger, "RedLines", "has_ceiling", region):
        return None
    return int(read(here.ledger, "RedLines", "ceiling_l", region))


def load_ceiling_of(here: Session, region: bytes, parameter: bytes) -> int | None:
    """What a region may discharge of a parameter in a year; None where nobody has said."""
    from ledger.structs import read

    versions = read(here.ledger, "RedLines", "load_ceilings", region, parameter)
    if not versions:
        return None
    last = read(here.ledger, "RedLines", "load_ceiling", region, parameter, versions)
    return int(last["load_ng"])


def waiting(ceiling: int | None, proposed: int) -> str:
    """What to say of a ceiling that is higher than the one that stands, in the same unit."""
    if ceiling is None or proposed <= ceiling:
        return ""
    return ", higher than now: waits 30 days for another STANDARDS_KEEPER to confirm it"


def waits(here: Session, region: bytes) -> list[dict[str, Any]]:
    """The higher ceilings of a region that wait, for programs; of loads by what was proposed."""
    from ledger.events import logs
    from ledger.structs import read

    told = logs(here.ledger, "RedLines", "LoadCeilingProposed", filters={"region": region})
    parameters = [VOLUME, *dict.fromkeys(event.args["parameter"] for event in told)]
    now = here.chain.head().at
    found = [(of, read(here.ledger, "RedLines", "proposed", region, of)) for of in parameters]
    return [waiting_document(of, one) for of, one in found if now < one["until_at"]]


def waiting_document(parameter: bytes, proposed: dict[str, Any]) -> dict[str, Any]:
    """A higher ceiling that waits, for programs; its parameter is None where it is of volume."""
    from ledger.labels import text_of
    from scripts._showing import utc

    return {
        "parameter": text_of(parameter) or None,
        "amount": proposed["amount"],
        "unit": "l" if parameter == VOLUME else "ng",
        "proposed_by": proposed["proposed_by"],
        "source_hash": "0x" + proposed["source_hash"].hex(),
        "until_at": utc(proposed["until_at"]),
    }


def waiting_lines(waiting_ones: list[dict[str, Any]]) -> list[str]:
    """The same for people: who proposed it, and until when another officer may confirm it."""
    from scripts._limits import shown_load
    from scripts._showing import local_of, m3, table

    rows = [
        (
            one["parameter"] or "volume",
            (shown_load if one["parameter"] else m3)(one["amount"]),
            one["proposed_by"],
            f"another STANDARDS_KEEPER, until {local_of(one['until_at'])}",
        )
        for one in waiting_ones
    ]
    head = ("higher ceiling of", "a year", "proposed by", "waits for")
    return ["", *table(rows, head)] if rows else []


def standing(target: dict[str, Any]) -> str:
    """Whether a target is met, for people, and how far what was measured is the year's."""
    words = {None: "not known", True: "met", False: "NOT MET"}
    return words[target["met"]] + marks(target)


def marks(measured: dict[str, Any]) -> str:
    """What a measured figure lacks of its year or has beyond it."""
    told = ["provisional"] if measured["provisional"] else []
    for key, says in (("opened_late_s", "opened"), ("closed_late_s", "closed")):
        if measured[key]:
            told.append(f"{says} {_days(measured[key])} late")
    return "".join(f", {mark}" for mark in told)


def _days(span_s: int) -> str:
    hours = -(-span_s // 3_600)
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def _of(words: dict[int, str], text: str) -> int:
    from ledger.errors import UsageError
    from scripts._showing import number_of

    number = number_of(words, text)
    if number is None:
        raise UsageError(f"{text!r} is not known here", f"use {', '.join(words.values())}")
    return number


def _figure(indicator: int, text: str) -> int:
    """A figure in the unit of its indicator."""
    from ledger.units import parse_as, whole_number

    if not text:
        return 0
    unit = UNITS[indicator]
    return whole_number(text) if unit == "mL a yuan" else parse_as(text, unit)


def _shown(amount: int, unit: str) -> str:
    from scripts._showing import m3, share

    if unit == "l":
        return m3(amount)
    return share(amount, 10_000) if unit == "bps" else f"{amount:,} {unit}"


cli = app.cli()
