"""A made-up day of a city: Parquet files as gateways would send them, and what they add up to.

The sums are taken from the drawn whole numbers, so no step of the oracle has a part in them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.composition import DAY_S, VOLUME, Planned
from oracle.inputs import Input
from oracle.mapping import Column, Mapping, Time

SEED = 20_250_101
MOST_COLUMNS = 256  # of one gateway's file
COLUMN = "{device} {parameter}"
LITRES_A_STEP_S = 900  # for which a volume is drawn; a shorter step carries less

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
) -> tuple[list[Input], list[Sum]]:
    """The day that begins at a local midnight, a file a gateway, and each channel's sum."""
    inputs: list[Input] = []
    sums: list[Sum] = []
    for number, chosen in enumerate(files(channels), 1):
        path = folder / f"gateway-{number:04}.parquet"
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
    if quantity == VOLUME:
        most = max(2, quantity.high * min(one.row.interval_s, LITRES_A_STEP_S) // LITRES_A_STEP_S)
        return rng.integers(quantity.low, most, count)
    middle = int(rng.integers(quantity.low, quantity.high))
    wandering: Ints = middle + np.cumsum(rng.integers(-2, 3, count))
    return np.clip(wandering, quantity.low, quantity.high)


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
