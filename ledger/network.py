"""The water cycle as recorded: stations, who answers for them, and the ways upstream."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ledger.deployment import Ledger
from ledger.errors import NotFound
from ledger.structs import every, read

MOST_HOPS = 32  # what QualityProvenance.verify_path takes


@dataclass(frozen=True, slots=True)
class Station:
    """A place in the water cycle that an organisation runs."""

    id: int
    code: str
    name: str
    kind: int
    org_id: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A station on a way upstream, when the water was there, and the post that answered for it."""

    station: Station
    at: int
    post_id: int
    hops: int


@dataclass(frozen=True, slots=True)
class Way:
    """One way upstream: the links in their order, and the stops from downstream to upstream."""

    links: tuple[int, ...]
    stops: tuple[Stop, ...]

    @property
    def times(self) -> list[int]:
        """When the water was at each stop."""
        return [stop.at for stop in self.stops]


def station(ledger: Ledger, station_id: int) -> Station:
    """A station by its number."""
    raw = read(ledger, "WaterNetwork", "station", station_id)
    return Station(station_id, raw["code"], raw["name"], raw["kind"], raw["org_id"])


def station_by_code(ledger: Ledger, code: str) -> Station:
    """A station by its code; NotFound when there is none."""
    station_id = read(ledger, "WaterNetwork", "station_by_code", code)
    if not station_id:
        raise NotFound(f"no station {code!r}", "list them with `waterline station list`")
    return station(ledger, station_id)


def stations(ledger: Ledger) -> list[Station]:
    """Every station."""
    return [
        Station(number, raw["code"], raw["name"], raw["kind"], raw["org_id"])
        for number, raw in every(ledger, "WaterNetwork", "station", "station_count")
    ]


def links(ledger: Ledger) -> list[tuple[int, dict[str, Any]]]:
    """Every link, with its number."""
    return list(every(ledger, "WaterNetwork", "link", "link_count"))


def ways_up(ledger: Ledger, start: Station, at: int) -> list[Way]:
    """Every way upstream from a station, with the moment at which the water passed each stop."""
    return list(_ways(ledger, (), (_stop(ledger, start, at, 0),)))


def _ways(ledger: Ledger, taken: tuple[int, ...], stops: tuple[Stop, ...]) -> Iterator[Way]:
    last = stops[-1]
    visited = {stop.station.id for stop in stops}
    onward = []
    if len(taken) < MOST_HOPS:
        for link_id in read(ledger, "WaterNetwork", "links_into", last.station.id):
            link = read(ledger, "WaterNetwork", "link", link_id)
            if link["upstream"] not in visited:  # water that is used again closes a circle
                onward.append((link_id, link))
    for link_id, link in onward:
        before = _stop(
            ledger,
            station(ledger, link["upstream"]),
            last.at - link["travel_s"],
            len(stops),
        )
        yield from _ways(ledger, (*taken, link_id), (*stops, before))
    if not onward:
        yield Way(taken, stops)


def _stop(ledger: Ledger, where: Station, at: int, hops: int) -> Stop:
    return Stop(where, at, read(ledger, "WaterNetwork", "responsible", where.id, at), hops)


def checked_on_chain(ledger: Ledger, way: Way) -> bool:
    """Whether the chain confirms a way and the posts that answered along it."""
    if not way.links:
        return True
    posts = read(ledger, "QualityProvenance", "verify_path", list(way.links), way.times)
    return list(posts) == [stop.post_id for stop in way.stops]
