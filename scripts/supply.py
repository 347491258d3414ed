"""Districts: balance, leakage, delivery; zones: supply codes; tanks of secondary supply."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import _codes
from scripts._acting import act
from scripts._periods import Period, Until
from scripts._shared import Noun, session

app = Noun(__doc__)
Number = Annotated[int, typer.Argument(help="Number of the district.")]
Day = Annotated[str, typer.Option(help="The local day, like 2026-11-30.")]
Devices = Annotated[list[str] | None, typer.Option(help="Devices that measure a volume.")]


@app.write("set-district")
def set_district(
    name: Annotated[str, typer.Argument(help="Name of the district.")],
    inlet: Annotated[list[str], typer.Option(help="Devices at the inlets.")],
    outlet: Devices = None,
    user: Devices = None,
    number: Annotated[int, typer.Option(help="Redraw this one; 0 for a new one.")] = 0,
) -> Any:
    """Draw a district: the meters of its inlets, outlets and users.

    Their registers are kept at each turn of a day from then on, where they are not yet; that asks
    for the duty of a device keeper too (`waterline plan keep-turns` does it apart).

    For example: waterline supply set-district North --inlet DMA-1-IN --user DMA-1-USERS --account
    keeper-1
    """
    from ledger.devices import channel_of
    from scripts._balancing import keeping

    here = session()
    inlets, outlets, users = (
        [channel_of(here.ledger, device, "volume").id for device in devices or []]
        for devices in (inlet, outlet, user)
    )
    drawn = (name, 0, inlets, outlets, users)
    says = f"district {name}: {len(inlets)} inlets, {len(outlets)} outlets, {len(users)} users"
    first = keeping(here, [*inlets, *outlets, *users])
    arguments = "SupplyMonitor", "set_district", says, number, drawn
    return act(*arguments, numbered="district_id", first=first)


@app.write("set-corrections")
def set_corrections(
    district: Number,
    year: Annotated[int, typer.Option(help="The local year they are of, like 2026.")],
    source: Annotated[Path, typer.Option(help="Where the figures are written; its hash only.")],
    household: Annotated[str, typer.Option(help="Share metered at the household.")] = "0 %",
    pipe: Annotated[str, typer.Option(help="Length of its pipes.")] = "0 m",
    pressure: Annotated[str, typer.Option(help="Mean pressure.")] = "0 kPa",
    frost: Annotated[str, typer.Option(help="Frost depth.")] = "0 m",
) -> Any:
    """Set what the leakage of a district is corrected by in a year (CJJ 92, 5.2.3).

    A ruling tells the year and the version of what corrected it; those of another year stay.

    For example: waterline supply set-corrections 1 --year 2026 --household '70 %' --pipe '149 km'
    --pressure '0.4 MPa' --source survey.pdf --account keeper-1
    """
    from ledger.errors import FractionError
    from ledger.units import parse_as
    from scripts._permits import document_hash
    from scripts._plans import year_index

    pipe_mm = parse_as(pipe, "mm")
    if pipe_mm % 1_000:
        raise FractionError(f"{pipe} is not a whole number of metres", "give whole metres")
    corrections = (
        *(0, parse_as(household, "bps") * 100, pipe_mm // 1_000, parse_as(pressure, "pa")),
        *(parse_as(frost, "mm"), document_hash(source)),
    )
    says = f"corrections of district {district} for {year}"
    arguments = district, year_index(session(), year), corrections
    return act("SupplyMonitor", "set_corrections", says, *arguments)


@app.write("rule-leakage")
def rule_leakage(district: Number, period: Period, until: Until = "") -> Any:
    """Rule on the leakage of a district over a period or several; a grade is given for a year.

    For example: waterline supply rule-leakage 1 --period 2026 --account officer-1
    """
    from scripts._balancing import span_of

    span = span_of(session(), period, until)
    says = f"rule on the leakage of district {district} in {period}"
    return act("SupplyMonitor", "rule_leakage", says, district, *span)


@app.write("set-scheme")
def set_scheme(
    district: Number,
    day: Day,
    planned: Annotated[str, typer.Option(help="Volume of the day.")],
    tolerance: Annotated[str, typer.Option(help="What it may be off by.")] = "5 %",
) -> Any:
    """Set what a district is to be delivered on a day, before that day begins.

    For example: waterline supply set-scheme 1 --day 2026-11-30 --planned '4000 m3' --account
    keeper-1
    """
    from ledger.units import parse, parse_as
    from scripts._days import day_index

    arguments = day_index(session(), day), parse(planned), parse_as(tolerance, "bps")
    says = f"district {district} gets {planned} on {day}"
    return act("SupplyMonitor", "set_scheme", says, district, *arguments)


@app.write("rule-delivery")
def rule_delivery(district: Number, day: Day) -> Any:
    """Rule on what a district was delivered on a day against its scheme.

    For example: waterline supply rule-delivery 1 --day 2026-11-30 --account officer-1
    """
    from scripts._days import day_index

    says = f"rule on the delivery of district {district} on {day}"
    return act("SupplyMonitor", "rule_delivery", says, district, day_index(session(), day))


@app.read("balance")
def balance(district: Number, period: Period, until: Until = "") -> Any:
    """Show what went into a district, what its users registered, and its leakage.

    For example: waterline supply balance 1 --period 2026-11-01 --until 2026-11-30
    """
    from scripts._balancing import span_of
    from scripts._supplies import balance_document, balance_lines

    here = session()
    found = balance_document(here, district, span_of(here, period, until))
    return here.tell(found, lambda: balance_lines(found))


@app.read("region-leakage")
def region_leakage(
    districts: Annotated[list[int], typer.Argument(help="Numbers of the region's districts.")],
    period: Period,
    until: Until = "",
) -> Any:
    """Show the leakage of a region: its districts' rates, weighted by what each was supplied.

    Grade and national targets are held against the exact mean, and given for a year only.

    For example: waterline supply region-leakage 1 2 --period 2026
    """
    from scripts._balancing import span_of
    from scripts._supplies import region_document, region_lines

    here = session()
    found = region_document(here, districts, span_of(here, period, until))
    return here.tell(found, lambda: region_lines(found))


@app.read("night-flow")
def night_flow(district: Number, day: Day) -> Any:
    """Show the flow into a district between two and four at night, apart from leakage.

    It is computed from the readings in the calldata of settled batches, which anybody can repeat.

    For example: waterline supply night-flow 1 --day 2026-11-30
    """
    from scripts._night import night_document, night_lines

    here = session()
    found = night_document(here, district, day)
    return here.tell(found, lambda: night_lines(found))


@app.read("show")
def show(district: Number) -> Any:
    """Show a district and what was ruled.

    For example: waterline supply show 1
    """
    from scripts._supplies import document, lines

    here = session()
    found = document(here, district)
    return here.tell(found, lambda: lines(found))


app.registered_commands += _codes.app.registered_commands
app.registered_groups += _codes.app.registered_groups
cli = app.cli()
