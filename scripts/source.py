"""Reservoirs and flooding: levels, storage, colours, classes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._shared import Noun, session

app = Noun(__doc__)
Station = Annotated[str, typer.Argument(help="Code of the station.")]
Source = Annotated[Path, typer.Option(help="Where it is written; its hash only.")]


@app.write("set")
def set_(
    station: Station,
    device: Annotated[str, typer.Option(help="The device that measures the level.")],
    file: Annotated[Path, typer.Option("--file", "-f", help="File with `reservoirs`.")],
    source: Source,
    inflow: Annotated[str, typer.Option(help="The device that measures the inflow.")] = "",
) -> Any:
    """Set a reservoir from a file: marks of its colours, levels by season, level-storage curve.

    Marks, levels and normal inflows are versions that count `from` a moment: what the chain holds
    already is not added again, and nothing is taken away. The registers of the meter of the inflow
    are kept at each turn of a day; that asks for the duty of a device keeper too.

    For example: waterline source set RES-1 --device RES-1-LEVEL -f reservoirs.yaml --source
    rules.pdf --account keeper-1
    """
    from ledger.devices import channel_of
    from ledger.errors import NotFound
    from ledger.network import station_by_code
    from scripts._balancing import keeping
    from scripts._files import section
    from scripts._permits import document_hash
    from scripts._showing import local_zone
    from scripts._sources import added, curve_of, levels_of, marks_of, normal_of
    from scripts._writing import Act, perform

    here, zone = session(), local_zone()
    found = [one for one in section(file, "reservoirs") if one.get("station") == station]
    if not found:
        raise NotFound(
            f"{file} has no reservoir {station!r}", "its list `reservoirs` names stations"
        )
    entry, functions = found[0], here.contract("SourceMonitor").functions
    place, written = station_by_code(here.ledger, station), document_hash(source)
    channel = channel_of(here.ledger, device, "level")
    meters = [channel_of(here.ledger, inflow, "volume").id] if inflow else []
    sorts = (
        ("marks", functions.add_marks, [marks_of(one, zone) for one in entry["marks"]]),
        ("levels", functions.add_levels, [levels_of(one, zone) for one in entry["levels"]]),
        (
            *("normals", functions.add_normal),
            [normal_of(one, zone, n) for n in meters for one in entry.get("normals", [])],
        ),
    )
    calls = [
        (functions.set_reservoir(place.id, channel.id), "gauge of the level"),
        *(
            (add(place.id, one, written), f"version of its {kept}")
            for kept, add, given in sorts
            for one in added(here.ledger, place.id, kept, given)
        ),
        (functions.set_curve(place.id, *curve_of(entry), written), "level-storage curve"),
    ]
    # what follows the first act can be tried only after it
    acts = [
        Act("SourceMonitor", call, f"{station}: {says}", gas=4_000_000 if n else None)
        for n, (call, says) in enumerate(calls)
    ]
    done = perform(here, [*keeping(here, meters), *acts])
    return here.tell(done.as_json(), lambda: [])


@app.write("rule")
def rule(station: Station) -> Any:
    """Put on record how the latest level of a reservoir stands; anyone may, once a reading.

    For example: waterline source rule RES-1 --account officer-1
    """
    from ledger.network import station_by_code

    place = station_by_code(session().ledger, station)
    return act("SourceMonitor", "rule_level", f"rule on the level of {station}", place.id)


@app.write("rule-low-water")
def rule_low_water(station: Station) -> Any:
    """Put on record how a reservoir stands in low water; anyone may, once a day.

    The colour is by the latest level, or by the inflow of the thirty days before it against what is
    normal, whichever is worse. It is an internal alert.

    For example: waterline source rule-low-water RES-1 --account officer-1
    """
    from ledger.network import station_by_code

    place = station_by_code(session().ledger, station)
    return act("SourceMonitor", "rule_low_water", f"rule on low water at {station}", place.id)


@app.read("show")
def show(station: Station) -> Any:
    """Show the rulings on a reservoir's level, and the storages between its levels.

    Colours are internal alerts; warnings are issued by named bodies only.

    For example: waterline source show RES-1
    """
    from scripts._reservoirs import document, lines

    here = session()
    found = document(here, station)
    return here.tell(found, lambda: lines(found))


@app.write("set-flood-table")
def set_flood_table(
    station: Station,
    rows: Annotated[
        list[str],
        typer.Option(
            "--row", help="input>=figure=class, like 'depth>=15 cm=yellow'; joined by and."
        ),
    ],
    source: Source,
) -> Any:
    """Set the rule table by which flooding at a station is classed.

    Inputs: rain, depth, flow, pumping (share of the capacity), duration, velocity. What a row joins
    by `and` must hold together.

    For example: waterline source set-flood-table UND-1 --row 'depth>=15 cm=blue' --row 'depth>=501
    mm and duration>=1801 s=red' --source rules.pdf --account keeper-1
    """
    from ledger.network import station_by_code
    from scripts._permits import document_hash
    from scripts._sources import rows_of

    place = station_by_code(session().ledger, station)
    meant = rows_of(rows)
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
    velocity: Annotated[str, typer.Option(help="How fast the water runs.")] = "0 m/s",
) -> Any:
    """Class flooding by a station's rule table, and record it with its inputs.

    For example: waterline source classify UND-1 --depth '27 cm' --duration '40 min' --evidence
    gauge.csv --account officer-1
    """
    from ledger.network import station_by_code
    from scripts._permits import document_hash
    from scripts._sources import inputs_of

    place = station_by_code(session().ledger, station)
    inputs = inputs_of((rain, depth, flow, pumping, duration, velocity))
    arguments = place.id, inputs, document_hash(evidence)
    return act("SourceMonitor", "classify_flood", f"class the flooding at {station}", *arguments)


cli = app.cli()
