"""Reservoirs and flooding: levels, storage, colours, classes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._shared import Noun, session

app = Noun(__doc__)
Station = Annotated[str, typer.Argument(help="Code of the station.")]
Source = Annotated[Path, typer.Option(help="Where it is written; its hash only.")]
COLOURS = {0: "none", 1: "blue", 2: "yellow", 3: "orange", 4: "red"}
BANDS = {
    0: "below dead",
    1: "dead",
    2: "drought limit",
    3: "flood limit",
    4: "normal pool",
    5: "flood-control high",
    6: "design flood",
    7: "check flood",
}


@app.write("set")
def set_(
    station: Station,
    device: Annotated[str, typer.Option(help="The device that measures the level.")],
    file: Annotated[Path, typer.Option("--file", "-f", help="File with `reservoirs`.")],
    source: Source,
) -> Any:
    """Set a reservoir from a file: marks of its colours, levels by season, level-storage curve.

    For example: waterline source set RES-1 --device RES-1-LEVEL -f reservoirs.yaml --source
    rules.pdf --account keeper-1
    """
    from ledger.devices import channel_of
    from ledger.errors import NotFound
    from ledger.network import station_by_code
    from scripts._files import section
    from scripts._permits import document_hash
    from scripts._sources import curve_of, levels_of, marks_of
    from scripts._writing import Act, perform

    here = session()
    found = [one for one in section(file, "reservoirs") if one.get("station") == station]
    if not found:
        raise NotFound(
            f"{file} has no reservoir {station!r}", "its list `reservoirs` names stations"
        )
    entry, functions = found[0], here.contract("SourceMonitor").functions
    place, written = station_by_code(here.ledger, station), document_hash(source)
    channel = channel_of(here.ledger, device, "level")
    calls = [
        (functions.set_reservoir(place.id, channel.id, marks_of(entry)), "marks of its colours"),
        *(
            (functions.add_levels(place.id, levels_of(one), written), "characteristic levels")
            for one in entry["levels"]
        ),
        (functions.set_curve(place.id, *curve_of(entry), written), "level-storage curve"),
    ]
    # what follows the first act can be tried only after it
    acts = [
        Act("SourceMonitor", call, f"{station}: {says}", gas=4_000_000 if n else None)
        for n, (call, says) in enumerate(calls)
    ]
    done = perform(here, acts)
    return here.tell(done.as_json(), lambda: [])


@app.write("rule")
def rule(station: Station) -> Any:
    """Put on record how the latest level of a reservoir stands; anyone may, once a reading.

    For example: waterline source rule RES-1 --account officer-1
    """
    from ledger.network import station_by_code

    place = station_by_code(session().ledger, station)
    return act("SourceMonitor", "rule_level", f"rule on the level of {station}", place.id)


@app.read("show")
def show(station: Station) -> Any:
    """Show the rulings on a reservoir's level, and the storages between its levels.

    Colours are internal alerts; warnings are issued by named bodies only.

    For example: waterline source show RES-1
    """
    from ledger.events import logs
    from ledger.network import station_by_code
    from ledger.structs import read
    from ledger.units import show as shown
    from scripts._showing import facts, local, m3, table, utc

    here = session()
    place = station_by_code(here.ledger, station)
    told = logs(here.ledger, "SourceMonitor", "LevelRuled", filters={"station_id": place.id})
    storages = read(here.ledger, "SourceMonitor", "storages", place.id, here.chain.head().at)
    document = {
        "station": station,
        "storages": storages,
        "rulings": [
            {
                "at": utc(e.args["at"]),
                "level_mm": e.args["level_mm"],
                "storage_l": e.args["storage_l"],
                "band": BANDS[e.args["band"]],
                "low_water": COLOURS[e.args["low_water"]],
                "flood": COLOURS[e.args["flood"]],
                "levels_version": e.args["levels_version"],
                "curve_version": e.args["curve_version"],
                "transaction": e.transaction,
            }
            for e in told
        ],
    }
    rows = [
        (
            *(local(e.args["at"]), shown(e.args["level_mm"], "mm"), m3(e.args["storage_l"])),
            *(r["band"], r["low_water"], r["flood"]),
        )
        for e, r in zip(told, document["rulings"], strict=True)
    ]
    head = ("when", "level", "storage", "reached", "low water", "flood")
    names = [(key.removesuffix("_l").replace("_", " "), m3(v)) for key, v in storages.items()]
    return here.tell(document, lambda: [*facts(names), "", *table(rows, head)])


@app.write("set-flood-table")
def set_flood_table(
    station: Station,
    rows: Annotated[
        list[str], typer.Option("--row", help="input>=figure=class, like 'depth>=15 cm=yellow'.")
    ],
    source: Source,
) -> Any:
    """Set the rule table by which flooding at a station is classed.

    Inputs: rain, depth, flow, pumping (share of the capacity), duration.

    For example: waterline source set-flood-table UND-1 --row 'depth>=15 cm=blue' --row 'depth>=50
    cm=red' --source rules.pdf --account keeper-1
    """
    from ledger.network import station_by_code
    from scripts._permits import document_hash
    from scripts._sources import row_of

    place = station_by_code(session().ledger, station)
    meant = [row_of(row) for row in rows]
    says = f"rule table of {station}: {len(meant)} rows"
    return act("SourceMonitor", "set_flood_table", says, place.id, meant, document_hash(source))


@app.write("classify")
def classify(
    station: Station,
    evidence: Annotated[Path, typer.Option(help="What the figures rest on; its hash only.")],
    rain: Annotated[str, typer.Option(help="Rain that fell.")] = "0 mm",
    depth: Annotated[str, typer.Option(help="Depth of the water on the ground.")] = "0 mm",
    flow: Annotated[str, typer.Option(help="Flow in the sewer or stream.")] = "0 L/s",
    pumping: Annotated[str, typer.Option(help="Share of the pumping capacity in use.")] = "0 %",
    duration: Annotated[str, typer.Option(help="How long it has lasted.")] = "0 s",
) -> Any:
    """Class flooding by a station's rule table, and record it with its inputs.

    For example: waterline source classify UND-1 --depth '27 cm' --duration '40 min' --evidence
    gauge.csv --account officer-1
    """
    from ledger.network import station_by_code
    from scripts._permits import document_hash
    from scripts._sources import inputs_of

    place = station_by_code(session().ledger, station)
    inputs = inputs_of((rain, depth, flow, pumping, duration))
    arguments = place.id, inputs, document_hash(evidence)
    return act("SourceMonitor", "classify_flood", f"class the flooding at {station}", *arguments)


cli = app.cli()
