"""The stations of a made-up city: how each device of its composition speaks, and what it says.

Nothing here is measured. Values are drawn by a seed, each station's by itself, so that the same
seed, share and begin give the same telegrams. What each sort of point speaks is our own choice.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count, groupby
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from ledger.errors import BadRecord, UsageError
from oracle.config import Config
from oracle.household_rows import HouseholdMapping
from oracle.mapping import Column, Mapping, Time
from oracle.simulation import stations
from oracle.simulation.composition import (
    DAY_S,
    HOURS,
    MOST_L_HOUR,
    MOST_OPENING_L,
    ROWS,
    UNVERIFIED,
    VOLUME,
    ZONE,
    Planned,
    households,
    planned,
    readings,
)
from oracle.simulation.faults import Said
from oracle.simulation.stations import CLOCKS, Made, Station, near
from oracle.times import NoMoment, moment

SPEAKS = {  # MQTT where a sort of point is not named
    "drainage users": "hj212",
    "sewage works, in and out": "hj212",
    "reservoirs, river gauges": "sl651",
    "source sondes": "sl651",
    "source stations": "sl651",
    "flooding and rain": "sl651",
}
HJ212 = {  # codes of HJ 212-2017 by parameter
    **{"volume": "w00000-Cou", "ph": "w01001-Rtd", "temp": "w01010-Rtd", "ss": "w01012-Rtd"},
    **{"cod": "w01018-Rtd", "tn": "w21001-Rtd", "ammonia": "w21003-Rtd", "tp": "w21011-Rtd"},
}
SL651 = {  # identifiers of the draft of SL 651-2014; that of the temperature is unverified
    **{"level": "39", "ph": "46", "dissolved_oxygen": "47", "conductivity": "48"},
    **{"turbidity": "49", "codmn": "4A", "ammonia": "4C", "tp": "4D", "tn": "4E", "temp": "03"},
}
HOMES, HOMES_TOPICS = "homes", "city/homes/*"
HOMES_MAPPING = HouseholdMapping(
    title="simulated households",
    files=[HOMES_TOPICS],
    note="Played by `waterline oracle simulate`; not measured.",
    timezone=ZONE,
    community="community",
    day="day",
    household="household",
    opening="opening",
    registers=[f"registers.{hour}" for hour in range(HOURS)],
    unit="L",
)


def speaks(device: Sequence[Planned]) -> str:
    """The protocol of a device."""
    return SPEAKS.get(device[0].row.name, "mqtt")


def devices(share: float) -> list[list[Planned]]:
    """The channels of each device of a share of the city."""
    return [list(one) for _, one in groupby(planned(share), key=lambda each: each.device)]


def name_of(device: Sequence[Planned]) -> str:
    """What a device is called by its protocol: a station's own number, or a topic."""
    digits = device[0].device.removeprefix("P").replace("-", "")
    protocol = speaks(device)
    if protocol == "hj212":
        return f"9901{digits:0>20}/2011"
    if protocol == "sl651":
        return f"{digits:0>10}/32"
    return f"city/points/{device[0].device}"


def mapping_of(device: Sequence[Planned]) -> Mapping:
    """How an oracle reads a device."""
    protocol = speaks(device)
    columns = {"hj212": HJ212, "sl651": SL651}.get(protocol, {})
    clock = CLOCKS.get(protocol)
    return Mapping(
        title=f"simulated {device[0].device}",
        files=[name_of(device)],
        note="Played by `waterline oracle simulate`; not measured.",
        time=Time(form="iso8601", column=clock, timezone=ZONE)
        if clock
        else Time(form="unix_s", column="at"),
        channels=[
            Column(
                column=columns.get(one.quantity.parameter, one.quantity.parameter),
                device=one.device,
                parameter=one.quantity.parameter,
                unit=one.quantity.unit,
                of="volume" if one.quantity == VOLUME else "value",
            )
            for one in device
        ],
    )


def load(path: Path) -> list[Station]:
    """The stations of a file, be they named there or a city's."""
    cast, config, beside = stations.read_cast(path)
    if cast.city is None:
        return stations.load(path)
    return list(_stations(cast.city, config, beside))


def _stations(made: Made, config: Config, beside: Path) -> Iterator[Station]:
    try:
        after = moment(Time(form="iso8601", column="after"), made.after)
    except NoMoment as error:
        raise BadRecord(f"after of the city: {error}", "write an ISO 8601 moment") from error
    if not config.brokers:
        raise UsageError("the city publishes by MQTT", "name a broker in the oracle's file")
    subscribed = config.brokers[0]
    near(subscribed.host, subscribed.port)
    broker = subscribed.broker(beside)
    ports = {one.protocol: near(one.host, one.port) for one in config.listen}
    for device in devices(made.share):
        protocol, row = speaks(device), device[0].row
        mapping = mapping_of(device)
        one = Station(
            *(name_of(device), protocol, mapping, path_of(beside, device), mapping),
            *(after, row.interval_s),
            drawn=partial(said, device, mapping, after, made.seed),
        )
        if protocol == "mqtt":
            yield replace(one, broker=broker)
        elif protocol in ports:
            yield replace(one, port=ports[protocol])
        else:
            raise UsageError(f"nobody listens for {protocol}", "name it under listen")
        if row.homes:
            drawn = partial(said_of_homes, device[0], after, made.seed)
            topic = HOMES_TOPICS.replace("*", device[0].device)
            yield replace(one, name=topic, protocol=HOMES, broker=broker, drawn=drawn)


def path_of(folder: Path, device: Sequence[Planned]) -> Path:
    """The mapping file of a device."""
    return folder / f"{device[0].device}.yaml"


def said(device: Sequence[Planned], mapping: Mapping, after: int, seed: int) -> Iterator[Said]:
    """What a device says, a step after another, for ever."""
    columns = [one.column for one in mapping.channels]
    texts = [_told(one, Random(f"{seed}/{one.device}/{one.quantity.parameter}")) for one in device]
    for number in count(1):
        values = {column: next(text) for column, text in zip(columns, texts, strict=True)}
        yield Said(after + number * device[0].row.interval_s, values)


def _told(one: Planned, draw: Random) -> Iterator[str]:
    """Volumes of steps, or values that wander about within their band."""
    quantity = one.quantity
    if quantity == VOLUME:
        while True:
            yield str(draw.randrange(quantity.low, one.most_l))
    value = draw.randrange(quantity.low, quantity.high)
    while True:
        value = min(max(value + draw.randint(-2, 2), quantity.low), quantity.high)
        yield _written(value, quantity.decimals)


def _written(steps: int, decimals: int) -> str:
    """A whole number of steps as a decimal."""
    digits = str(steps).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def said_of_homes(community: Planned, after: int, seed: int) -> Iterator[Said]:
    """A community's households day by day: of each its 25 registers, the opening one first."""
    draw = Random(f"{seed}/{community.device}/{HOMES}")
    names = [f"{community.device}-{home:04}" for home in range(community.row.homes)]
    standing = {name: draw.randrange(MOST_OPENING_L) for name in names}
    for number in count(1):
        values = {}
        for name in names:
            registers = [standing[name]]
            for _ in range(HOURS):
                registers.append(registers[-1] + draw.randrange(MOST_L_HOUR))
            standing[name] = registers[-1]
            values[name] = " ".join(map(str, registers))
        yield Said(after + number * DAY_S, values)


def homes_message(station: Station, one: Said) -> dict[str, Any]:
    """A community's day as its gateway publishes it."""
    midnight = datetime.fromtimestamp(one.at - DAY_S, UTC).astimezone(ZoneInfo(ZONE))
    homes = []
    for name, text in one.values.items():
        opening, *registers = map(int, text.split())
        homes.append({"household": name, "opening": opening, "registers": registers})
    community = station.mapping.channels[0].device
    return {"community": community, "day": str(midnight.date()), "households": homes}


def summary(share: float) -> dict[str, Any]:
    """How many points of each sort a share has, what they tell and by what; all unverified."""
    sorts = [
        {
            **{"sort": row.name, "points": row.at(share), "of": row.points},
            "values": [one.parameter for one in row.quantities],
            "interval_s": row.interval_s,
            "readings_a_day": row.at(share) * row.readings_a_point,
            "speaks": SPEAKS.get(row.name, "mqtt"),
            "households": row.at(share) * row.homes,
        }
        for row in ROWS
    ]
    protocols = Counter(speaks(device) for device in devices(share))
    return {
        **{"share": share, "note": UNVERIFIED, "sorts": sorts},
        **{"readings_a_day": readings(share), "households": households(share)},
        "stations": dict(protocols),
    }
