"""An oracle of a town that takes in what one outlet's meter publishes."""

import time
from collections.abc import Callable, Iterable

import yaml

from oracle.mapping import load
from oracle.sources.pulled import Tell
from oracle.sources.sockets import Ears
from tests.chain.town import Town
from tests.contracts.suite import T0

SOON_S = 20
TOPIC = "city/works/outlet"


def message(hour: int) -> bytes:
    """The register at the end of an hour."""
    return f'{{"at": {T0 + 3_600 * hour}, "register": {{"m3": {hour}.25}}}}'.encode()


def expected(hours: Iterable[int]) -> list[tuple[int, int]]:
    """What is on the chain of it: moments and litres."""
    return [(T0 + 3_600 * hour, 1_000 * hour + 250) for hour in hours]


class Subscriber:
    """An oracle with ears; `there` is told when they hear."""

    def __init__(self, town: Town, there: str) -> None:
        self.town, self.there = town, there
        device = town.meter()
        town.lane()
        path = town.folder / "outlet.yaml"
        column = {"column": "register.m3", "device": device, "parameter": "volume"}
        shape = {
            "title": "outlet",
            "files": [TOPIC],
            "time": {"form": "unix_s", "column": "at"},
            "channels": [column | {"of": "register", "unit": "m3"}],
        }
        path.write_text(yaml.safe_dump(shape), encoding="utf-8")
        self.mapping = load(path)
        self.told: list[str] = []
        self.oracle = town.oracle()
        self.oracle.prepare(self.mapping)
        self.ears: Ears | None = None
        self.listen: Callable[[Tell], Ears]
        self.repeated = 0

    def connect(self) -> None:
        """Open the ears."""
        self.ears = self.listen(lambda event, **keys: self.told.append(event))
        self.ears.open()

    def connected(self) -> "Subscriber":
        """Open them, until they hear."""
        self.connect()
        self.until(lambda: self.there in self.told)
        return self

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait for something."""
        until = time.monotonic() + SOON_S
        while not reached():
            assert time.monotonic() < until, self.told
            time.sleep(0.02)

    def hears(self, most: int = 100) -> int:
        """Take in what came; how many telegrams."""
        assert self.ears is not None
        found = self.ears.hear(most, SOON_S)
        self.oracle.hear(found, {"mqtt": [self.mapping]})
        return len(found)

    def hears_until(self, count: int) -> None:
        """Take in until so many readings are recorded."""
        assert self.ears is not None
        until = time.monotonic() + SOON_S
        while self.accepted() < count:
            assert time.monotonic() < until, self.told
            self.oracle.hear(self.ears.hear(100, 0.1), {"mqtt": [self.mapping]})

    def accepted(self) -> int:
        """How many readings are recorded; `repeated` is then how many came again."""
        query = "SELECT sum(accepted), sum(repeated) FROM channel"
        row = self.oracle.journal.db.execute(query).fetchone()
        self.repeated = int(row[1])
        return int(row[0])

    def dies(self) -> None:
        """Killed: what was heard but not recorded is gone, and was not acknowledged."""
        self.close()
        self.town.kill(self.oracle)

    def close(self) -> None:
        """Close the ears."""
        if self.ears is not None:
            self.ears.close()
            self.ears = None

    def lives_again(self) -> "Subscriber":
        """Started again on its journal."""
        self.told.clear()
        self.oracle = self.town.oracle()
        return self.connected()
