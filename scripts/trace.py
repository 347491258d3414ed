"""Trace water upstream: which stations it passed when, and who answered for them."""

from typing import Annotated, Any

import typer

from scripts._shared import Noun, session

app = Noun(__doc__)


@app.read("up")
def up(
    station: Annotated[str, typer.Argument(help="Code of the station to start from.")],
    at: Annotated[str | None, typer.Option(help="When the water was there; now without.")] = None,
) -> Any:
    """Follow the water of a station upstream, each way checked by the chain.

    Beside each station stands its latest confirmed laboratory report.

    For example: waterline trace up STP-1 --at 2026-01-31T08:00Z
    """
    from ledger.network import checked_on_chain, station_by_code, ways_up
    from scripts._files import instant
    from scripts._laboratory import latest_report, outcome
    from scripts._requests import post_title
    from scripts._showing import STATION_KINDS, local, local_zone, table, utc

    here = session()
    moment = instant(at, local_zone()) if at else here.chain.head().at
    ways = ways_up(here.ledger, station_by_code(here.ledger, station), moment)
    passed = {stop.station.id for way in ways for stop in way.stops}
    sampled = {number: latest_report(here, number) for number in passed}
    document: list[dict[str, Any]] = [
        {
            "links": list(way.links),
            "checked_on_chain": checked_on_chain(here.ledger, way),
            "stops": [
                {
                    "station": stop.station.code,
                    "name": stop.station.name,
                    "kind": STATION_KINDS[stop.station.kind],
                    "at": utc(stop.at),
                    "responsible": post_title(here, stop.post_id),
                    "laboratory": sampled[stop.station.id],
                }
                for stop in way.stops
            ],
        }
        for way in ways
    ]

    def lines() -> list[str]:
        told: list[str] = []
        for way, one in zip(ways, document, strict=True):
            rows = [
                (
                    local(stop.at),
                    stop.station.code,
                    stop.station.name,
                    post_title(here, stop.post_id),
                )
                for stop in way.stops
            ]
            told += table(rows, ("when", "station", "name", "responsible"))
            told += [
                f"laboratory at {lab['station']}: report {lab['report']}, {outcome(lab)}"
                for stop in way.stops
                if (lab := sampled[stop.station.id])
            ]
            told += ["confirmed by the chain" if one["checked_on_chain"] else "NOT confirmed", ""]
        return told

    return here.tell(document, lines)


cli = app.cli()
