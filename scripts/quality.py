"""Water quality along the cycle against the standard that applies."""

from typing import Annotated, Any

import typer

from scripts._arguments import Device, Parameter
from scripts._rulings import close_day, tell_alerts, tell_rulings
from scripts._shared import Noun, session

app = Noun(__doc__)
CONTRACT = "QualityProvenance"
Station = Annotated[str, typer.Option("--station", help="Only of this station.")]


@app.read("series")
def series(
    station: Station = "",
    last: Annotated[int, typer.Option(help="How many readings of each gauge.")] = 10,
) -> Any:
    """Show the last readings of each gauge, unpacked from the chain's own batches."""
    from scripts._gauging import Gauges
    from scripts._redated import notes
    from scripts._series import last_readings
    from scripts._showing import local_of, table

    here = session()
    gauges = Gauges(here, CONTRACT)
    document = last_readings(here, CONTRACT, gauges.of(where=station), last)
    rows = [
        (
            *(one["station"], one["parameter"], local_of(reading["at"])),
            *(reading["value"], reading["evidence"] or "-", reading["mark"] or ""),
        )
        for one in document
        for reading in one["readings"]
    ]
    head = ("station", "parameter", "at", "value", "evidence", "mark")
    return here.tell(document, lambda: [*table(rows, head), *notes(document)])


@app.read("alerts")
def alerts(station: Station = "") -> Any:
    """List the alerts raised: single values beyond a limit, not rulings."""
    return tell_alerts(session(), CONTRACT, station)


@app.read("rulings")
def rulings(
    station: Station = "",
    exceeded: Annotated[bool, typer.Option("--exceeded", help="Only days exceeded.")] = False,
) -> Any:
    """List the rulings on closed days, by the day's mean."""
    return tell_rulings(session(), CONTRACT, station, exceeded)


@app.write("close")
def close(device: Device, parameter: Parameter) -> Any:
    """Have the open day of a gauge ruled on, silence included; anybody may.

    For example: waterline quality close WTW-1-MS1 turbidity --account holder-1
    """
    return close_day(session(), device, parameter)


cli = app.cli()
