"""A made-up day of a city: Parquet files as gateways would send them, and what they add up to.

The sums are taken from the drawn whole numbers, so no step of the oracle has a part in them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from oracle.household_rows import HouseholdMapping, Households
from oracle.inputs import Input
from oracle.mapping import Column, Mapping, Time
from oracle.simulation.composition import (
    DAY_S,
    HOURS,
    MOST_L_HOUR,
    MOST_OPENING_L,
    VOLUME,
    ZONE,
    Planned,
)

SEED = 20_250_101
MOST_COLUMNS = 256  # of one gateway's file
COLUMN = "{device} {parameter}"

COMMUNITIES_A_FILE = 20
REGISTERS = [f"r{hour:02}" for hour in range(1, HOURS + 1)]
HOMES = HouseholdMapping(
    title="households",
    timezone=ZONE,
    community="community",
    day="day",
    household="household",
    opening="opening",
    registers=REGISTERS,
    unit="L",
)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sum:
    """What a channel must show after the day: a meter's register in litres, or a gauge's steps.

    A gauge's `total` is the sum of its values in stored steps, zero being zero.
    """

    planned: Planned
    readings: int
    total: int


def files(channels: Sequence[Planned]) -> Iterator[list[Planned]]:
    """The channels of one gateway at a time: whole devices of one row of the composition."""
    for _, of_row in groupby(channels, key=lambda one: one.row.name):
        every = list(of_row)
        size = len(every[0].row.quantities)
        step = MOST_COLUMNS // size * size
        for first in range(0, len(every), step):
            yield every[first : first + step]


def written(
    channels: Sequence[Planned], begins_at: int, folder: Path
) -> tuple[list[Input | Households], list[Sum]]:
    """The day that begins at a local midnight, a file a gateway, and each channel's sum.

    Communities come last, their households' telegrams before them.
    """
    inputs: list[Input | Households] = []
    sums: list[Sum] = []
    for number, chosen in enumerate(files(channels), 1):
        path = folder / f"gateway-{number:04}.parquet"
        if chosen[0].row.homes:
            inputs += _homes(chosen, begins_at, folder, number)
        sums += _file(chosen, begins_at, path, np.random.default_rng([SEED, number]))
        inputs.append(Input(path, _mapping(path.stem, chosen)))
    return inputs, sums


def _file(
    chosen: Sequence[Planned], begins_at: int, path: Path, rng: np.random.Generator
) -> Iterator[Sum]:
    interval_s = chosen[0].row.interval_s
    count = DAY_S // interval_s
    moments = begins_at + interval_s * np.arange(1, count + 1)
    columns: dict[str, pa.Array] = {"at": pa.array(moments)}
    sums = []
    for one in chosen:
        steps = _drawn(one, count, rng)
        columns[_name(one)] = pa.array(_told(one, steps))
        sums.append(Sum(one, count, int(steps.sum())))
    pq.write_table(pa.table(columns), path)
    yield from sums


def _drawn(one: Planned, count: int, rng: np.random.Generator) -> Ints:
    """Volumes of steps in litres, or values in stored steps that wander about within a band."""
    quantity = one.quantity
    if one.row.homes:
        return np.array([int(_hourly(one).sum())])
    if quantity == VOLUME:
        return rng.integers(quantity.low, one.most_l, count)
    middle = int(rng.integers(quantity.low, quantity.high))
    wandering: Ints = middle + np.cumsum(rng.integers(-2, 3, count))
    return np.clip(wandering, quantity.low, quantity.high)


def _hourly(one: Planned) -> Ints:
    """What each household of a community uses in each hour, in litres."""
    place, number = (int(part) for part in one.device.removeprefix("P").split("-"))
    rng = np.random.default_rng([SEED, place, number])
    return rng.integers(0, MOST_L_HOUR, (one.row.homes, HOURS))


def _homes(
    chosen: Sequence[Planned], begins_at: int, folder: Path, number: int
) -> Iterator[Households]:
    """A file for some communities: a row a household, its register at the end of each hour."""
    day = datetime.fromtimestamp(begins_at, UTC).astimezone(ZoneInfo(ZONE)).date().isoformat()
    for place in range(0, len(chosen), COMMUNITIES_A_FILE):
        some = chosen[place : place + COMMUNITIES_A_FILE]
        path = folder / f"homes-{number:04}-{place:04}.csv"
        hourly = np.concatenate([_hourly(one) for one in some])
        opening = np.arange(len(hourly)) % MOST_OPENING_L
        registers = opening[:, None] + np.cumsum(hourly, axis=1)
        names = [f"{one.device}-{home:04}" for one in some for home in range(one.row.homes)]
        columns = {
            "community": np.repeat([one.device for one in some], some[0].row.homes),
            "day": [day] * len(names),
            "household": names,
            "opening": opening,
            **{name: registers[:, hour] for hour, name in enumerate(REGISTERS)},
        }
        options = pc.WriteOptions(quoting_style="none", quoting_header="none")
        pc.write_csv(pa.table(columns), path, options)
        yield Households(path, HOMES)


def _told(one: Planned, steps: Ints) -> NDArray[Any]:
    """What the gateway writes: a register, or a value in its unit."""
    told: NDArray[Any]
    told = np.cumsum(steps) if one.quantity == VOLUME else steps / 10**one.quantity.decimals
    return told


def _mapping(title: str, chosen: Sequence[Planned]) -> Mapping:
    return Mapping(
        title=title,
        files=[f"{title}.parquet"],
        time=Time(form="unix_s", column="at"),
        channels=[
            Column(
                column=_name(one),
                device=one.device,
                parameter=one.quantity.parameter,
                unit=one.quantity.unit,
                of="register" if one.quantity == VOLUME else "value",
            )
            for one in chosen
        ],
    )


def _name(one: Planned) -> str:
    return COLUMN.format(device=one.device, parameter=one.quantity.parameter)
