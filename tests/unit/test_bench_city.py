"""The made-up day has the city's true composition, and its count at the end can fail."""

import csv
import dataclasses
import json
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from bench import day, full_day
from bench.day import Sum
from bench.enrolment import Enrolled
from ledger.errors import BadRecord
from oracle.simulation import composition
from oracle.simulation.composition import VOLUME
from scripts import _full_day

BEGINS_AT = 1_763_913_600


def test_a_whole_city_has_the_readings_of_its_composition_with_households():
    homes = composition.households(1.0) * composition.HOURS

    assert (composition.households(1.0), homes) == (1_700_000, 40_800_000)
    assert composition.readings(1.0) + homes == 58_163_640 + composition.COMMUNITIES
    assert sum(row.points * len(row.quantities) for row in composition.ROWS) == 106_300


def test_a_share_keeps_at_least_one_point_of_each_sort():
    found = {one.row.name for one in composition.planned(0.000_1)}

    assert found == {row.name for row in composition.ROWS}


def test_no_channel_is_planned_twice_and_every_group_has_one_contract():
    planned = list(composition.planned(0.01))

    names = [(one.device, one.quantity.parameter) for one in planned]
    assert len(set(names)) == len(names)
    pairs = {(one.group, one.contract) for one in planned}
    assert len(pairs) == len({group for group, _ in pairs})


def test_the_files_of_a_day_hold_what_the_sums_say(tmp_path):
    planned = list(composition.planned(0.000_1))

    inputs, sums = day.written(planned, BEGINS_AT, tmp_path)

    tables = [pq.read_table(one.path) for one in inputs if one.path.suffix == ".parquet"]
    assert sum(len(t) * (t.num_columns - 1) for t in tables) == sum(one.readings for one in sums)
    columns = {name: t[name].to_pylist() for t in tables for name in t.column_names if " " in name}
    for one in sums:
        told = columns[f"{one.planned.device} {one.planned.quantity.parameter}"]
        steps = 10**one.planned.quantity.decimals
        register = one.planned.quantity == VOLUME
        assert one.total == (told[-1] if register else sum(round(v * steps) for v in told))


def test_a_community_uses_what_its_households_use(tmp_path):
    planned = [one for one in composition.planned(0.001) if one.row.homes]

    inputs, sums = day.written(planned, BEGINS_AT, tmp_path)

    (homes,) = (one for one in inputs if one.path.suffix == ".csv")
    rows = list(csv.DictReader(homes.path.read_text(encoding="utf-8").splitlines()))
    used = {one.planned.device: 0 for one in sums}
    for row in rows:
        used[row["community"]] += int(row["r24"]) - int(row["opening"])
    assert used == {one.planned.device: one.total for one in sums}
    assert len({row["household"] for row in rows}) == composition.households(0.001) == 1_500


@pytest.mark.parametrize(
    ("accepted", "settled", "held"), [(9, 9, 0), (10, 9, 0), (10, 10, 1), (11, 11, 0)]
)
def test_a_reading_that_is_not_settled_exactly_once_is_told(accepted, settled, held):
    fed = full_day.Fed(accepted, held, settled, 0, 1, 1, 1, 1, 1, 1)
    planned = next(composition.planned(0.01))

    with pytest.raises(full_day.Miscounted, match="made 10"):
        full_day.check(SimpleNamespace(log="log"), fed, [Sum(planned, 10, 5)])


def test_a_folder_that_holds_no_prepared_city_is_left_as_it_is(tmp_path):
    (tmp_path / "notes").write_text("mine", encoding="utf-8")

    with pytest.raises(BadRecord, match="is no prepared city"):
        _full_day.measured(0.001, tmp_path, print)
    with pytest.raises(BadRecord, match="there is no folder for"):
        _full_day.measured(0.001, tmp_path / "nowhere" / "city", print)

    assert [one.name for one in tmp_path.iterdir()] == ["notes"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"share": 0.001}', '{"enrolled": {"one": 1}}'])
def test_a_note_of_a_prepared_city_that_cannot_be_read_is_told(tmp_path, text):
    (tmp_path / _full_day.PREPARED).write_text(text, encoding="utf-8")

    with pytest.raises(BadRecord, match="does not tell what was prepared"):
        _full_day.measured(0.001, tmp_path, print)


def test_a_prepared_city_of_another_share_is_not_fed(tmp_path):
    note = '{"share": 0.5, "contracts": "0", "begins_at": 0, "enrolled": %s}'
    fields = {one.name: 0 for one in dataclasses.fields(Enrolled)}
    (tmp_path / _full_day.PREPARED).write_text(note % json.dumps(fields), encoding="utf-8")

    with pytest.raises(BadRecord, match=r"holds a share of 0\.5"):
        _full_day.measured(0.001, tmp_path, print)
