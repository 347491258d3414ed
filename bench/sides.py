"""Two ways of doing one thing, measured in turn, so that whatever else the machine does meets both.

Times of a shared machine are no facts: the ratio of a run is what can be trusted, and the spread
tells how far.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

WARM_UP = 1  # rounds that are not counted


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of a round: the median, the quarter and three-quarter points, CPU beside the wall."""

    median_s: float
    low_s: float
    high_s: float
    cpu_s: float
    rounds: int

    def as_json(self) -> dict[str, Any]:
        """As `--json` shows it, in microseconds."""
        return {
            "median_us": round(self.median_s * 1e6, 1),
            "quartiles_us": [round(self.low_s * 1e6, 1), round(self.high_s * 1e6, 1)],
            "cpu_us": round(self.cpu_s * 1e6, 1),
            "rounds": self.rounds,
        }


def interleaved(
    ways: Mapping[str, Callable[[], object]], rounds: int, times: Mapping[str, int] | None = None
) -> dict[str, Timed]:
    """Each way in each of so many counted rounds, the order turned round every other time.

    `times` says which of them are so quick that they are done that often in a round.
    """
    often = times or {}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + WARM_UP):
        order = list(ways.items())
        for name, way in reversed(order) if number % 2 else order:
            wall, cpu = time.perf_counter(), time.process_time()
            repeats = often.get(name, 1)
            for _ in range(repeats):
                way()
            ended = time.perf_counter() - wall, time.process_time() - cpu
            spent = ended[0] / repeats, ended[1] / repeats
            if number >= WARM_UP:
                taken[name].append(spent)
    return {name: _timed(spent) for name, spent in taken.items()}


def _timed(spent: list[tuple[float, float]]) -> Timed:
    wall = sorted(one for one, _ in spent)
    low, middle, high = quartiles(wall)
    return Timed(middle, low, high, statistics.median(cpu for _, cpu in spent), len(spent))


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """The quarter, half and three-quarter points."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high
