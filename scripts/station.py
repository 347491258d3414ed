"""Stations of the water cycle, how water flows between them, and who answers for each."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._arguments import Station, StationOrFile
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
File = Annotated[Path | None, typer.Option("--file", "-f", help="File with many, as city.yaml.")]


@app.write("add")
def add(
    code: StationOrFile = None,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    kind: Annotated[str, typer.Option(help="source, intake, works, network, user ...")] = "",
    organisation: Annotated[str, typer.Option(help="Who runs it: credit code or name.")] = "",
    file: File = None,
) -> Any:
    """Add a station, or every station of a file (list `stations`).

    For example: waterline station add RES-1 --name 'Qinglan reservoir' --kind source --organisation
    'Qinglan Water Company' --account keeper-1
    """
    from ledger.errors import UsageError
    from scripts._files import section, take
    from scripts._requests import org_by_code
    from scripts._showing import STATION_KINDS, number_of
    from scripts._writing import Act, perform

    here, acts = session(), []
    one = {"code": code, "name": name, "kind": kind, "organisation": organisation}
    for entry in section(file, "stations") if file else [one]:
        where = f"station {entry.get('code')!r}"
        number = number_of(STATION_KINDS, str(take(entry, "kind", where)))
        if number is None:
            raise UsageError(
                f"{where}: unknown kind {entry['kind']!r}",
                f"use one of: {', '.join(STATION_KINDS.values())}",
            )
        org_id, _ = org_by_code(here, str(take(entry, "organisation", where)))
        arguments = (str(take(entry, "code", where)), str(take(entry, "name", where)))
        call = here.contract("WaterNetwork").functions.add_station(*arguments, number, org_id)
        acts.append(Act("WaterNetwork", call, f"add {entry['kind']} {arguments[0]}"))
    return _written(here, perform(here, acts))


@app.write("classify")
def classify(
    code: Station,
    purpose: Annotated[str, typer.Argument(help="industry, irrigation ...; '' for none")],
) -> Any:
    """Say what a station's water is for; a permit for another purpose is a violation on record.

    For example: waterline station classify INT-1 'public supply' --account keeper-1
    """
    from ledger.labels import label
    from ledger.network import station_by_code
    from scripts._acting import act

    place = station_by_code(session().ledger, code)
    return act("WaterNetwork", "classify", f"{code} is for {purpose}", place.id, label(purpose))


@app.write("set-region")
def set_region(
    code: Station,
    region: Annotated[str, typer.Argument(help="Division code of the region: 990100.")],
) -> Any:
    """Say to which region a station belongs, for the red lines.

    For example: waterline station set-region INT-1 Qinglan --account keeper-1
    """
    from ledger.labels import label
    from ledger.network import station_by_code
    from scripts._acting import act

    place = station_by_code(session().ledger, code)
    return act("WaterNetwork", "set_region", f"{code} is in {region}", place.id, label(region))


@app.write("link")
def link(
    upstream: StationOrFile = None,
    downstream: StationOrFile = None,
    travel: Annotated[str, typer.Option(help="How long the water takes: 90 min, 6 h.")] = "",
    file: File = None,
) -> Any:
    """Say that water flows from one station to another, or all `links` of a file.

    For example: waterline station link RES-1 INT-1 --travel '2 h' --account keeper-1
    """
    from ledger.network import station_by_code
    from ledger.units import parse_duration
    from scripts._files import section, take
    from scripts._writing import Act, perform

    here, acts = session(), []
    one = {"from": upstream, "to": downstream, "travel": travel}
    for entry in section(file, "links") if file else [one]:
        where = f"link {entry.get('from')!r} to {entry.get('to')!r}"
        travel_s = parse_duration(str(take(entry, "travel", where)))
        ends = [
            station_by_code(here.ledger, str(take(entry, key, where))).id for key in ("from", "to")
        ]
        call = here.contract("WaterNetwork").functions.add_link(*ends, travel_s)
        says = f"water flows from {entry['from']} to {entry['to']} in {entry['travel']}"
        acts.append(Act("WaterNetwork", call, says))
    return _written(here, perform(here, acts))


@app.write("assign")
def assign(
    station: StationOrFile = None,
    post: Annotated[str, typer.Option(help="Number or title of the post.")] = "",
    from_at: Annotated[str, typer.Option("--from", help="Since when.")] = "",
    file: File = None,
) -> Any:
    """Name the post that answers for a station, or for all `responsible` of a file.

    For example: waterline station assign RES-1 --post 'Supply and sewer manager' --account keeper-1
    """
    from ledger.network import station_by_code
    from scripts._files import instant, section, take
    from scripts._requests import post_by_title
    from scripts._showing import local_zone
    from scripts._writing import Act, perform

    here, zone, acts = session(), local_zone(), []
    one = {"station": station, "post": post, "from": from_at}
    for entry in section(file, "responsible") if file else [one]:
        where = f"station {entry.get('station')!r}"
        begins = instant(take(entry, "from", where), zone)
        station_id = station_by_code(here.ledger, str(take(entry, "station", where))).id
        post_id = post_by_title(here, str(take(entry, "post", where)))
        call = here.contract("WaterNetwork").functions.assign(station_id, post_id, begins)
        says = f"{entry['post']!r} answers for {entry['station']}"
        acts.append(Act("WaterNetwork", call, says))
    return _written(here, perform(here, acts))


@app.read("list")
def list_() -> Any:
    """List the stations."""
    from ledger.network import stations
    from scripts._showing import table

    here = session()
    document = [_document(here, one) for one in stations(here.ledger)]
    rows = [(s["code"], s["kind"], s["name"], s["responsible"]) for s in document]
    return here.tell(document, lambda: table(rows, ("code", "kind", "name", "responsible")))


@app.read("show")
def show(code: Station) -> Any:
    """Show a station: who runs it, who answers for it, what flows in and out of it."""
    from ledger.network import links, station, station_by_code
    from scripts._showing import facts

    here = session()
    one = station_by_code(here.ledger, code)
    document = _document(here, one)
    for key, mine, other in (("from", "downstream", "upstream"), ("to", "upstream", "downstream")):
        document[key] = [
            {"station": station(here.ledger, raw[other]).code, "travel_s": raw["travel_s"]}
            for _, raw in links(here.ledger)
            if raw[mine] == one.id
        ]

    def lines() -> list[str]:
        flows = [
            (f"water {key}", f"{flow['station']} ({flow['travel_s'] // 60} min)")
            for key in ("from", "to")
            for flow in document[key]
        ]
        plain = [(k, v) for k, v in document.items() if k not in ("from", "to", "id")]
        return facts([*plain, *flows])

    return here.tell(document, lines)


def _document(here: Session, one: Any) -> dict[str, Any]:
    from ledger.structs import read
    from scripts._requests import post_title
    from scripts._showing import STATION_KINDS

    now = here.chain.head().at
    return {
        "id": one.id,
        "code": one.code,
        "name": one.name,
        "kind": STATION_KINDS[one.kind],
        "organisation": read(here.ledger, "Authority", "org", one.org_id)["name"],
        "responsible": post_title(
            here, read(here.ledger, "WaterNetwork", "responsible", one.id, now)
        ),
    }


def _written(here: Session, done: Any) -> Any:
    return here.tell(done.as_json(), lambda: [])


cli = app.cli()
