"""All stations played side by side, each in its order, at the pace that is asked for."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from random import Random
from typing import Any

from oracle.simulation.city import HOMES
from oracle.simulation.faults import Act, Said, acts, checked
from oracle.simulation.speaking import Limits, Tally, Voice, perform, voice
from oracle.simulation.stations import Station


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, how many, how long.

    `speed` is how many seconds of the stations' time pass in one, None as fast as it is
    acknowledged. `most` readings of a station at the most. Stations stop when their time is the
    clock's, or with `live` go on by the clock.
    """

    speed: float | None = None
    most: int | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """The clock, when to leave, and who is told how far it is."""

    clock: Callable[[], float]
    leave: asyncio.Event
    progress: Callable[[], None]


async def play(
    stations: Sequence[Station],
    rates: Mapping[str, int],
    seed: int,
    pace: Pace,
    limits: Limits,
    world: World,
) -> dict[str, Tally]:
    """Play every station to its end, or until it is time to leave; what each of them did.

    Raises UsageError for rates that cannot be, NobodyListens where no oracle is.
    """
    checked(rates, [one.protocol for one in stations])
    tallies = {one.name: Tally() for one in stations}
    try:
        async with asyncio.TaskGroup() as group:
            for station in stations:
                tally, draw = tallies[station.name], Random(f"{seed}/{station.name}")
                speaking = voice(station, limits, tally)
                series = _until_now(station.series(), pace, int(world.clock()))
                doing = acts(series, rates, station.protocol, draw)
                group.create_task(_played(doing, speaking, station.protocol, tally, pace, world))
    except ExceptionGroup as failed:  # one station that cannot be played ends the play
        raise failed.exceptions[0] from failed
    return tallies


def _until_now(series: Iterator[Said], pace: Pace, now: int) -> Iterator[Said]:
    bounded = series if pace.live else takewhile(lambda said: said.at <= now, series)
    return islice(bounded, pace.most)


async def _played(
    doing: Iterator[Act],
    speaking: Voice,
    protocol: str,
    tally: Tally,
    pace: Pace,
    world: World,
) -> None:
    begun, first = world.clock(), None
    try:
        for act in doing:
            first = act.due_at if first is None else first
            due = begun + (act.due_at - first) / pace.speed if pace.speed else begun
            due = max(due, act.due_at) if pace.live else due
            if await _left(world, due):
                return
            await perform(act, speaking, protocol, tally)
            world.progress()
    finally:
        await speaking.hang_up()


async def _left(world: World, due: float) -> bool:
    """Whether it is time to leave; waits until `due` for it."""
    try:
        await asyncio.wait_for(world.leave.wait(), max(due - world.clock(), 0))
    except TimeoutError:
        return False
    return True


def summary(stations: Sequence[Station], tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """What all stations did together, as `--json` shows it; households stand by themselves."""
    by_kind: dict[str, Tally] = {}
    for one in stations:
        _add(by_kind.setdefault(one.protocol, Tally()), tallies[one.name])
    whole, homes = Tally(), by_kind.get(HOMES, Tally())
    for protocol, tally in by_kind.items():
        _add(whole, tally, expected=protocol != HOMES)
    return {
        "stations": len(stations),
        "sent": whole.sent,
        "acknowledged": whole.acknowledged,
        "refused": whole.refused,
        "sent_again": whole.again,
        "faults": dict(sorted(whole.faults.items())),
        "by_kind": {
            protocol: {
                "stations": sum(one.protocol == protocol for one in stations),
                "sent": tally.sent,
                "acknowledged": tally.acknowledged,
                "faults": dict(sorted(tally.faults.items())),
            }
            for protocol, tally in sorted(by_kind.items())
        },
        "expected": {
            "accepted": whole.expected.accepted,
            "repeated": whole.expected.repeated,
            "held": whole.expected.held.total(),
            "held_by_reason": dict(sorted(whole.expected.held.items())),
        },
        "expected_households": {
            "accepted": homes.expected.accepted,
            "held": homes.expected.held.total(),
            "held_by_reason": dict(sorted(homes.expected.held.items())),
        },
    }


def _add(whole: Tally, one: Tally, *, expected: bool = True) -> None:
    for name in ("sent", "acknowledged", "refused", "again"):
        setattr(whole, name, getattr(whole, name) + getattr(one, name))
    whole.faults += one.faults
    if expected:
        whole.expected.accepted += one.expected.accepted
        whole.expected.repeated += one.expected.repeated
        whole.expected.held += one.expected.held
