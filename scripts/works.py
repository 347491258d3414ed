"""Sewage works: balance, loads and removal by day."""

from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._periods import Period, Until
from scripts._shared import Noun, session

app = Noun(__doc__)
Number = Annotated[int, typer.Argument(help="Number of the works.")]
Parameter = Annotated[str, typer.Argument(help="What is measured at its inlets and outlets.")]
Day = Annotated[str, typer.Option(help="The local day, like 2026-11-30.")]


@app.write("set")
def set_(
    name: Annotated[str, typer.Argument(help="What the works is called.")],
    inlet: Annotated[list[str], typer.Option(help="Devices that measure the inflow.")],
    outlet: Annotated[list[str], typer.Option(help="Devices that measure the outflow.")],
    tolerance: Annotated[str, typer.Option(help="What the two may differ by.")] = "5 %",
    grade: Annotated[str, typer.Option(help="Grade of GB 18918 it must meet; a label.")] = "",
    number: Annotated[int, typer.Option(help="Redraw this one; 0 for a new one.")] = 0,
) -> Any:
    """Draw a works: the meters of its inlets and outlets, and by how much they may differ.

    Their registers are kept at each turn of a day from then on, where they are not yet; that asks
    for the duty of a device keeper too (`waterline plan keep-turns` does it apart).

    For example: waterline works set North --inlet STW-1-IN --outlet STW-1-OUT --tolerance '5 %'
    --grade 1A --account keeper-1
    """
    from ledger.devices import channel_of
    from ledger.units import parse_as
    from scripts._balancing import keeping

    here = session()
    inlets, outlets = (
        [channel_of(here.ledger, device, "volume").id for device in devices]
        for devices in (inlet, outlet)
    )
    drawn = (name, 0, inlets, outlets, parse_as(tolerance, "bps"), grade)
    says = f"works {name}: {len(inlets)} inlets, {len(outlets)} outlets, tolerance {tolerance}"
    first = keeping(here, [*inlets, *outlets])
    arguments = "SewageWorks", "set_works", says, number, drawn
    return act(*arguments, numbered="works_id", first=first)


@app.write("set-rule")
def set_rule(
    works: Number,
    parameter: Parameter,
    inlet: Annotated[list[str], typer.Option(help="Devices beside its inlet meters, in order.")],
    outlet: Annotated[list[str], typer.Option(help="Devices beside its outlet meters, in order.")],
    standard: Annotated[str, typer.Option(help="Standard that limits the outlets.")] = "",
    grade: Annotated[str, typer.Option(help="Grade of the standard.")] = "",
    basis: Annotated[str, typer.Option(help="Basis of the limit.")] = "daily_mean_max",
    cold_basis: Annotated[str, typer.Option(help="Basis of the limit in cold water.")] = "",
    temperature: Annotated[str, typer.Option(help="Device of the water's temperature.")] = "",
    removal: Annotated[str, typer.Option(help="Removal asked for; more than this share.")] = "0 %",
    verified: Annotated[
        bool, typer.Option("--verified", help="That removal was checked in a text.")
    ] = False,
    removal_setting: Annotated[
        str, typer.Option(help="Setting that holds the removal instead.")
    ] = "",
    inlet_above: Annotated[
        str, typer.Option(help="Removal is asked for above this inlet mean only.")
    ] = "0 mg/L",
) -> Any:
    """Set what a parameter of a works is ruled by: gauges, limit, removal.

    For example: waterline works set-rule 1 nh3n --inlet STW-1-IN-ANALYSER --outlet
    STW-1-OUT-ANALYSER --standard 'GB 18918-2002' --grade 1A --basis daily_mean_warm_max
    --cold-basis daily_mean_cold_max --temperature STW-1-OUT-ANALYSER --account officer-1
    """
    from ledger.devices import channel_of
    from ledger.labels import label
    from ledger.units import parse_as, parse_concentration
    from scripts._enrolment import find_limit

    here = session()
    inlets, outlets = (
        [channel_of(here.ledger, device, parameter).id for device in devices]
        for devices in (inlet, outlet)
    )
    limits = [
        find_limit(here, standard, grade, parameter, {"basis": one}) if standard and one else 0
        for one in (basis, cold_basis)
    ]
    measured = channel_of(here.ledger, temperature, "temp").id if temperature else 0
    asked = parse_as(removal, "bps"), verified, label(removal_setting)
    rule = (0, inlets, outlets, measured, *limits, *asked, parse_concentration(inlet_above))
    says = f"{parameter} at works {works} by {standard or 'no standard'} {grade}".rstrip()
    return act("SewageWorks", "set_rule", says, works, label(parameter), rule)


@app.write("rule-day")
def rule_day(works: Number, parameter: Parameter, day: Day) -> Any:
    """Rule on a closed day of a works: loads, removal, limit; anyone may, once.

    For example: waterline works rule-day 1 cod --day 2026-11-30 --account officer-1
    """
    from ledger.labels import label
    from scripts._days import day_index

    arguments = works, day_index(session(), day), label(parameter)
    return act("SewageWorks", "rule_day", f"rule on {parameter} of {day}", *arguments)


@app.read("balance")
def balance(works: Number, period: Period, until: Until = "") -> Any:
    """Show what went into a works and what left it in a period or several.

    For example: waterline works balance 1 --period 2026-11-30
    """
    from scripts._balancing import span_of
    from scripts._sewage import balance_document, balance_lines

    here = session()
    found = balance_document(here, works, span_of(here, period, until))
    return here.tell(found, lambda: balance_lines(found))


@app.read("mean")
def mean(
    works: Number,
    parameter: Parameter,
    from_day: Annotated[str, typer.Option("--from", help="First day, like 2026-11-01.")],
    until_day: Annotated[str, typer.Option("--until", help="Last day, included.")],
) -> Any:
    """Show the mean at the outlets over ruled days, weighted by flow.

    For example: waterline works mean 1 cod --from 2026-11-01 --until 2026-11-30
    """
    from scripts._sewage import mean_document, mean_lines

    here = session()
    found = mean_document(here, works, parameter, from_day, until_day)
    return here.tell(found, lambda: mean_lines(found))


@app.read("show")
def show(works: Number) -> Any:
    """Show a works and the days ruled on.

    For example: waterline works show 1
    """
    from scripts._sewage import document, lines

    here = session()
    found = document(here, works)
    return here.tell(found, lambda: lines(found))


cli = app.cli()
