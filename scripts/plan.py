"""Plans by year, quarter and month: what was given, used, carried, borrowed and corrected."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._shared import Noun, session

app = Noun(__doc__)
Subject = Annotated[str, typer.Argument(help="Permit's number, credit code, or device's code.")]
Kind = Annotated[
    str, typer.Option("--as", help="What SUBJECT is: permit, organisation or community.")
]
File = Annotated[Path, typer.Argument(help="A YAML file.")]
Period = Annotated[str, typer.Option(help="Like 2026, 2026-Q2 or 2026-05.")]
Devices = Annotated[list[str], typer.Argument(help="Codes of devices with a meter.")]


@app.write("keep-turns")
def keep_turns(
    devices: Devices,
    by: Annotated[str, typer.Option(help="How finely: month or day.")] = "month",
) -> Any:
    """Keep the registers of meters at each turn of a local month or day from now on.

    For example: waterline plan keep-turns DYE-1-METER --by day --account keeper-1
    """
    from ledger.devices import channel_of
    from ledger.errors import UsageError
    from scripts._plans import CALENDARS

    if by not in ("day", "month"):
        raise UsageError(f"registers are not kept by {by!r}", "use day or month")
    here = session()
    channels = [channel_of(here.ledger, device, "volume").id for device in devices]
    says = f"keep the registers of {', '.join(devices)} at each turn of a {by}"
    return act("RegisterTurns", "set_turns", says, channels, CALENDARS[by])


@app.write("close-turn")
def close_turn(device: Annotated[str, typer.Argument(help="Code of the silent device.")]) -> Any:
    """Let the last register of a silent meter answer for the turns that passed; anyone may.

    For example: waterline plan close-turn DYE-1-METER --account officer-1
    """
    from ledger.devices import channel_of

    channel = channel_of(session().ledger, device, "volume").id
    says = f"the last register of {device} answers for the turns that have passed"
    return act("RegisterTurns", "close_turn", says, channel)


@app.write("load-rules")
def load_rules(file: File) -> Any:
    """Load sectors' rules: a threshold scheme for each month, shares carried over and borrowed.

    For example: waterline plan load-rules plans.yaml --account keeper-1
    """
    from scripts._files import section
    from scripts._plans import rule_of

    return _each(file, section(file, "rules"), rule_of, "load_rule", "sector", wrapped=True)


@app.write("set")
def set_(file: File) -> Any:
    """Set the plans of a file: a year, whole and in parts, for each subject.

    For example: waterline plan set plans.yaml --account issuer-1
    """
    from scripts._files import section
    from scripts._plans import plan_of

    return _each(file, section(file, "plans"), plan_of, "set_plan", "annual")


@app.write("adjust")
def adjust(
    device: Annotated[str, typer.Argument(help="Code of the device with the meter.")],
    day: Annotated[str, typer.Option(help="The local day, like 2026-11-30.")],
    by: Annotated[str, typer.Option(help="What is added, like '-30 m3'.")],
    document: Annotated[Path, typer.Option(help="The file that says why.")],
) -> Any:
    """Correct what a meter's registers say of a day, as an addition to the record.

    For example: waterline plan adjust DYE-1-METER --day 2026-11-30 --by '-30 m3'
    --document finding.pdf --account officer-1
    """
    from ledger.devices import channel_of
    from ledger.units import parse_as
    from scripts._days import day_index
    from scripts._permits import document_hash

    here = session()
    channel, index = channel_of(here.ledger, device, "volume").id, day_index(here, day)
    arguments = channel, index, parse_as(by, "l"), document_hash(document)
    says = f"correct {day} of {device} by {by}"
    return act("QuotaPlans", "adjust", says, *arguments, numbered="number")


@app.write("rule")
def rule(subject: Subject, period: Period, kind: Kind = "permit") -> Any:
    """Put on record how an ended period stands; anyone may, again where figures have changed.

    For example: waterline plan rule C990100G2026-0002 --period 2026-05 --account officer-1
    """
    from scripts._plans import period_index, subject_of

    here = session()
    arguments = *subject_of(here, subject, kind), *period_index(here, period)
    return act("QuotaPlans", "rule_period", f"rule on {period} of {subject}", *arguments)


@app.write("rule-cap")
def rule_cap(
    number: Annotated[str, typer.Argument(help="Number of the permit.")],
    period: Annotated[str, typer.Option(help="A day or month, like 2026-05-31 or 2026-05.")],
) -> Any:
    """Put on record, once, that a permit's cap of a day or month was exceeded; anyone may.

    For example: waterline plan rule-cap C990100G2026-0002 --period 2026-05-31
    --account officer-1
    """
    from scripts._permits import permit_by_number
    from scripts._plans import period_index

    here = session()
    arguments = permit_by_number(here, number)[0], *period_index(here, period)
    return act("QuotaPlans", "rule_cap", f"rule on the cap of {number} in {period}", *arguments)


@app.write("rule-return")
def rule_return(
    number: Annotated[str, typer.Argument(help="Number of the permit.")],
    year: Annotated[int, typer.Option(help="The local year, like 2026.")],
) -> Any:
    """Put on record, once, that less came back in a year than a permit's conditions ask for.

    Every discharge meter of the return station counts; registers of the whole year must be kept.

    For example: waterline plan rule-return C990100G2026-0002 --year 2026 --account officer-1
    """
    from scripts._permits import permit_by_number
    from scripts._plans import year_index
    from scripts._returns import meters_at, terms_in

    here = session()
    permit_id, index = permit_by_number(here, number)[0], year_index(here, year)
    terms, _ = terms_in(here, permit_id, index)
    meters = [one.id for one in meters_at(here, terms["return_station_id"])]
    says = f"rule on what came back of {number} in {year}, by {len(meters)} meters"
    return act("QuotaPlans", "rule_return", says, permit_id, index, meters)


@app.read("return-flow")
def return_flow(
    number: Annotated[str, typer.Argument(help="Number of the permit.")],
    year: Annotated[int, typer.Option(help="The local year, like 2026.")],
) -> Any:
    """Show what a permit abstracted in a year, what came back, and what its conditions ask for.

    For example: waterline plan return-flow C990100G2026-0002 --year 2026
    """
    from ledger.errors import NotFound
    from scripts._permits import permit_by_number
    from scripts._plans import year_index
    from scripts._returns import return_document, verdict
    from scripts._showing import facts, m3, table

    here = session()
    permit_id = permit_by_number(here, number)[0]
    found = return_document(here, permit_id, year_index(here, year))
    if found is None:
        raise NotFound(f"the conditions of {number} ask for no return", "`waterline permit show`")

    def lines() -> list[str]:
        told = [
            ("permit asks for", f"{m3(found['return_l'])} of {m3(found['annual_l'])} a year"),
            ("abstracted", m3(found["abstracted_l"])),
            ("asked for of that", m3(found["required_l"])),
            ("returned", f"{m3(found['returned_l'])} at {found['station']}"),
            ("verdict", verdict(found)),
        ]
        rows = [(one["device"], m3(one["returned_l"])) for one in found["meters"]]
        return [*facts(told), "", *table(rows, ("meter", "returned"))]

    return here.tell(found, lines)


@app.read("list")
def list_(
    subject: Annotated[
        str, typer.Argument(help="Only of this permit, credit code or device; all if left out.")
    ] = "",
    kind: Kind = "permit",
) -> Any:
    """List the plans there are: each period with what was planned and used, and its tier.

    For example: waterline plan list C990100G2026-0002
    """
    from scripts._plans import list_documents, list_rows, subject_of
    from scripts._showing import table

    here = session()
    found = list_documents(here, subject_of(here, subject, kind) if subject else None)
    head = ("subject", "kind", "period", "planned", "used", "tier", "")
    return here.tell(found, lambda: table(list_rows(found), head))


@app.read("show")
def show(
    subject: Subject,
    year: Annotated[int, typer.Option(help="The local year, like 2026.")],
    kind: Kind = "permit",
) -> Any:
    """Show a year with its quarters and months: plan, carried, borrowed, used, left, tier.

    For example: waterline plan show C990100G2026-0002 --year 2026
    """
    from scripts._plans import subject_of, year_document, year_lines

    here = session()
    found = year_document(here, subject, subject_of(here, subject, kind), year)
    return here.tell(found, lambda: year_lines(found))


@app.read("forecast")
def forecast(subject: Subject, period: Period, kind: Kind = "permit") -> Any:
    """Show what a period's use comes to at the pace of the periods before it.

    For example: waterline plan forecast C990100G2026-0002 --period 2026-05
    """
    from scripts._plans import forecast_document, period_index, subject_of
    from scripts._showing import facts, m3

    here = session()
    found = forecast_document(here, subject_of(here, subject, kind), *period_index(here, period))

    def lines() -> list[str]:
        told = [
            ("used so far", m3(found["net_l"])),
            ("expected", m3(found["expected_l"])),
            ("given", m3(found["given_l"])),
            ("beyond it", m3(found["beyond_l"])),
        ]
        return [*facts(told), "", found["rule"]]

    return here.tell(found, lines)


def _each(
    file: Path, entries: Any, arguments_of: Any, function: str, says: str, wrapped: bool = False
) -> Any:
    """One call of QuotaPlans for each entry of a file."""
    from scripts._writing import Act, perform

    here = session()
    calls = getattr(here.contract("QuotaPlans").functions, function)
    acts = []
    for entry in entries:
        given = arguments_of(here, entry)
        call = calls(given) if wrapped else calls(*given)
        acts.append(Act("QuotaPlans", call, f"{function} of {file.name}: {entry.get(says)}"))
    return here.tell(perform(here, acts).as_json(), lambda: [])


cli = app.cli()
