"""The made-up city: what its stations are called, how they are read, the same by the same seed."""

import asyncio
import json
import time
from itertools import islice
from random import Random

import pytest

from ledger.channels import METER
from ledger.errors import BadRecord, UsageError
from oracle import household_telegrams
from oracle.simulation import city
from oracle.simulation.composition import DAY_S, VOLUME, readings
from oracle.simulation.faults import FAULTS, POSSIBLE, Expected, acts, checked
from oracle.simulation.playing import Pace, World, play, summary
from oracle.simulation.speaking import Limits, NobodyListens, Tally
from oracle.simulation.telegrams import hj212_sent, message, sl651_sent
from oracle.sources.telegrams import Hj212, Sl651
from scripts._city_play import composition_lines
from tests.unit.oracle_rows import NOW, by_name, channel, written

AFTER = 1_763_913_600  # 2025-11-24 in Shanghai
SHARE = 0.000_1


@pytest.fixture
def folder(tmp_path):
    broker = {"port": 9, "client_id": "one", "topics": ["city/#"], "mappings": ["a.yaml"]}
    listen = [{"protocol": name, "port": 9, "mappings": ["a.yaml"]} for name in ("hj212", "sl651")]
    written(tmp_path / "waterline.toml", {"brokers": [broker], "listen": listen})
    return tmp_path


def stations(folder, **changed):
    made = {"share": SHARE, "after": "2025-11-24T00:00:00+08:00", "seed": 5} | changed
    written(folder / "stations.yaml", {"oracle": "waterline.toml", "city": made})
    return city.load(folder / "stations.yaml")


def said(station, count=4):
    return list(islice(station.series(), count))


def of(found, protocol):
    return [one for one in found if one.protocol == protocol]


def test_every_device_is_a_station_of_its_own_and_communities_have_households_too(folder):
    found = stations(folder)

    names = [one.name for one in found]
    assert len(set(names)) == len(names) == len(city.devices(SHARE)) + 1
    assert {one.protocol for one in found} == {"hj212", "sl651", "mqtt", "homes"}
    assert city.summary(SHARE)["stations"] == {
        name: len(of(found, name)) for name in ("hj212", "sl651", "mqtt")
    }


def test_the_same_seed_says_the_same_and_another_seed_another(folder):
    first, again = ([said(one) for one in stations(folder)] for _ in range(2))

    other = [said(one) for one in stations(folder, seed=6)]

    assert first == again
    assert all(one != another for one, another in zip(first, other, strict=True))


def test_steps_are_those_of_the_composition_and_values_lie_in_their_band(folder):
    by_name_ = {one.name: one for one in stations(folder)}
    for device in city.devices(SHARE):
        told = said(by_name_[city.name_of(device)], 50)
        step_s = device[0].row.interval_s

        assert [one.at for one in told[:2]] == [AFTER + step_s, AFTER + 2 * step_s]
        for quantity, column in zip(
            [one.quantity for one in device], city.mapping_of(device).channels, strict=True
        ):
            steps = [float(one.values[column.column]) * 10**quantity.decimals for one in told]
            assert all(quantity.low <= round(one) <= max(quantity.high, 2) for one in steps)
            assert (column.of == "volume") == (quantity == VOLUME)


def test_telegrams_of_the_city_are_read_by_the_oracle_s_own_protocols(folder):
    found = stations(folder)
    for protocol, sent, spoken in (("hj212", hj212_sent, Hj212), ("sl651", sl651_sent, Sl651)):
        for station in of(found, protocol):
            [one] = said(station, 1)
            about = (station, one, 1, "") if protocol == "hj212" else (station, one, 1)
            [packet] = sent(*about).packets

            [(telegram, _)] = spoken().feed(packet)

            assert (telegram.station, telegram.error) == (station.name, "")
            values = {name: float(telegram.cells[name]) for name in one.values}
            assert values == {name: float(text) for name, text in one.values.items()}


def test_households_days_are_read_as_they_were_drawn(folder):
    [station] = of(stations(folder), "homes")
    community = channel(METER, 1, device=station.mapping.channels[0].device)

    first, second = said(station, 2)
    taken = [
        household_telegrams.gathered(
            0, [message(station, one)], city.HOMES_MAPPING, by_name(community), NOW + 10**9
        )
        for one in (first, second)
    ]

    spans = [(span, rows) for _, found in taken for span, rows in found.days.values()]
    assert [span.ends_at for span, _ in spans] == [AFTER + DAY_S, AFTER + 2 * DAY_S]
    assert [len(rows) for _, rows in spans] == [500, 500]
    openings = [row.registers[0] for row in spans[1][1]]
    assert openings == [row.registers[-1] for row in spans[0][1]]  # the day begins where it ended


def test_faults_of_households_are_those_whose_outcome_is_known(folder):
    [station] = of(stations(folder), "homes")
    doing = list(acts(said(station, 40), dict.fromkeys(POSSIBLE["homes"], 150), "homes", Random(1)))
    expected = Expected()

    for act in doing:
        expected.add(act, "homes")

    assert {act.fault for act in doing} - {""} == POSSIBLE["homes"]
    assert set(expected.held) == {"future", "backward_time", "broken_telegram"}
    assert expected.accepted % 500 == 0


def test_the_summary_tells_sent_and_faults_by_kind_and_households_by_themselves(folder):
    found = stations(folder)
    tallies = {one.name: Tally(sent=2, acknowledged=2) for one in found}
    for one in found:
        tallies[one.name].expected.accepted = 3
        tallies[one.name].faults["gap"] = 1

    told = summary(found, tallies)

    others = len(found) - 1
    assert told["by_kind"]["homes"] == {
        **{"stations": 1, "sent": 2, "acknowledged": 2},
        "faults": {"gap": 1},
    }
    assert (told["sent"], told["faults"]) == (2 * len(found), {"gap": len(found)})
    assert told["expected"]["accepted"] == 3 * others
    assert told["expected_households"]["accepted"] == 3
    json.dumps(told)


def test_a_city_is_played_on_this_machine_only_and_with_a_broker(folder):
    written(
        folder / "waterline.toml", {"listen": [{"protocol": "hj212", "port": 9, "mappings": ["a"]}]}
    )
    with pytest.raises(UsageError, match="by MQTT"):
        stations(folder)
    broker = {"host": "10.0.0.1", "port": 9, "client_id": "one", "topics": ["#"], "ca_file": "x"}
    written(folder / "waterline.toml", {"brokers": [broker | {"mappings": ["a"]}]})
    with pytest.raises(UsageError, match="not this machine"):
        stations(folder)


@pytest.mark.parametrize("changed", [{"share": 0}, {"share": 0.02}, {"after": "soon"}])
def test_a_share_or_begin_that_cannot_be_is_told(folder, changed):
    with pytest.raises(BadRecord):
        stations(folder, **changed)


def test_a_city_that_nobody_hears_is_told(folder):
    async def run():
        world = World(time.time, asyncio.Event(), lambda: None)
        return await play(stations(folder), {}, 1, Pace(most=1), Limits(0.1, 0), world)

    with pytest.raises(NobodyListens):
        asyncio.run(run())


def test_the_composition_is_told_as_unverified_with_its_counts():
    document = city.summary(0.001)

    assert document["readings_a_day"] == readings(0.001) == 48_825
    assert document["households"] == 1_500
    assert "unverified estimate" in composition_lines(document)[-1]
    checked(dict.fromkeys(FAULTS, 1), document["stations"])
