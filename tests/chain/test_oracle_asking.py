"""Sources that are asked: what they tell reaches the chain once, whatever is asked for twice."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml

from oracle import feed
from oracle.mapping import load
from oracle.quarantine import held, release
from oracle.sources.registers import Register, telegram
from oracle.sources.sensorthings import SensorThings
from oracle.sources.sockets import Ears, Heard
from oracle.sources.telegrams import Telegram, cells_of
from tests.contracts.suite import T0
from tests.unit.observing import Service, observation

SOON_S = 10.0
TWELVE = "Datastreams(12)"
BEGUN = datetime.fromtimestamp(T0, UTC)


def at(hour):
    return datetime.fromtimestamp(T0 + 3_600 * hour, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def expected(hours):
    return [(T0 + 3_600 * hour, 1_000 * hour + 250) for hour in hours]


@pytest.fixture
def service():
    made = Service()
    yield made
    made.close()


class Asker:
    """A town's oracle that asks one service, from where its journal stands."""

    def __init__(self, town, service, files=TWELVE, column="result", moment="phenomenonTime"):
        self.town, self.service = town, service
        device = town.meter()
        town.lane()
        path = town.folder / "asked.yaml"
        read = {"column": column, "device": device, "parameter": "volume"}
        shape = {
            "title": "asked",
            "files": [files],
            "time": {"form": "iso8601", "column": moment},
            "channels": [read | {"of": "register", "unit": "m3"}],
        }
        path.write_text(yaml.safe_dump(shape), encoding="utf-8")
        self.mapping = load(path)
        self.spoken = {"sensorthings": [self.mapping], "modbus": [self.mapping]}
        self.oracle = town.oracle()
        self.oracle.prepare(self.mapping)

    def asks(self, count):
        """Hear so many observations, and take them in."""
        about = SensorThings(self.service.url, (12,), BEGUN, 0.05)
        asking = feed.going_on(self.oracle, [about], self.spoken, lambda: T0 + 10**7)
        ears = Ears([], (), lambda *_, **__: None, asking)
        ears.open()
        heard, until = [], time.monotonic() + SOON_S
        while len(heard) < count and time.monotonic() < until:
            heard += ears.hear(100, 0.1)
        ears.close()
        self.oracle.hear(heard, self.spoken)
        return len(heard)

    def dies_and_lives_again(self):
        self.town.kill(self.oracle)
        self.oracle = self.town.oracle()

    def counted(self):
        row = self.oracle.journal.db.execute("SELECT sum(accepted), sum(repeated) FROM channel")
        return tuple(row.fetchone())


def test_observations_reach_the_chain_and_those_asked_for_twice_count_once(town, service):
    service.streams[TWELVE] = [observation(n, at(n), f"{n}.25") for n in (1, 2, 3)]
    asker = Asker(town, service)
    assert asker.asks(3) == 3
    asker.dies_and_lives_again()
    service.streams[TWELVE].append(observation(4, at(4), "4.25"))

    assert asker.asks(4) == 4
    town.settle(asker.oracle)

    assert asker.counted() == (4, 3)
    assert town.registers() == expected([1, 2, 3, 4])


def test_an_oracle_that_lives_again_asks_from_a_day_before_what_it_has(town, service):
    service.streams[TWELVE] = [observation(n, at(n), f"{n}.25") for n in (1, 100)]
    asker = Asker(town, service)
    asker.asks(2)
    asker.dies_and_lives_again()

    assert asker.asks(1) == 1
    assert asker.counted() == (2, 1)


def test_a_held_observation_can_be_released(town, service):
    service.streams[TWELVE] = [observation(1, at(1), "1.2505")]
    asker = Asker(town, service)
    asker.asks(1)
    journal = asker.oracle.journal
    [entry] = held(journal)
    coarser = replace(asker.mapping.channels[0], decimals=2)
    mended = asker.mapping.model_copy(update={"channels": [coarser]})

    release(journal, entry["id"], asker.oracle.channels, T0 + 10**7, "read off", mended)
    town.settle(asker.oracle)

    assert town.registers() == expected([1])


def test_registers_reach_the_chain_and_a_held_one_can_be_released(town, service):
    asker = Asker(town, service, "works-1", "total", "at")
    total = Register("total", "holding", 0, "uint32", scale="0.0001")
    for hour, words in ((1, [0, 12_500]), (2, [0, 22_505])):
        raw = telegram(T0 + 3_600 * hour, [total], {"total": words})
        told = Telegram("works-1", raw, cells_of("modbus", raw))
        asker.oracle.hear([Heard("modbus", told, lambda: None)], asker.spoken)
    journal = asker.oracle.journal
    [entry] = held(journal)
    coarser = replace(asker.mapping.channels[0], decimals=2)
    mended = asker.mapping.model_copy(update={"channels": [coarser]})

    release(journal, entry["id"], asker.oracle.channels, T0 + 10**7, "read off", mended)
    town.settle(asker.oracle)

    assert entry["reason"] == "fraction"
    assert town.registers() == expected([1, 2])
