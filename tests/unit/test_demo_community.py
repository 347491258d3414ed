"""The demo's households use together what their community's meter counts."""

import csv
import importlib.util
from pathlib import Path

import pytest
import yaml

from oracle.household_rows import HouseholdMapping
from scripts import _community
from scripts._city import filled
from scripts._shared import PROJECT

SPEC = importlib.util.spec_from_file_location("construct", PROJECT / "data" / "construct.py")
construct = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(construct)


@pytest.fixture
def city(tmp_path):
    return filled(PROJECT / "data" / "city.yaml", tmp_path / "city.yaml")


def test_households_of_a_day_add_up_to_what_the_meter_counts(city):
    (community,) = city.raw["communities"]

    assert sum(_community.uses_l(community)) == sum(construct.USE_L)


def test_what_households_told_is_written_with_its_mapping(city, tmp_path):
    told, option, mapping = _community.homes(city, tmp_path)

    with Path(told).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    read = HouseholdMapping.model_validate(
        yaml.safe_load(Path(mapping).read_text(encoding="utf-8"))
    )
    assert option == "--households"
    assert set(read.columns) == set(rows[0])
    assert sorted({row["day"] for row in rows}) == _community.days(city)
    assert len(rows) == 3 * 335


def test_a_household_goes_on_where_its_day_before_ended(city, tmp_path):
    told, *_ = _community.homes(city, tmp_path)

    with Path(told).open(encoding="utf-8") as file:
        own = [row for row in csv.DictReader(file) if row["household"] == "account 1"]
    assert [row["opening_l"] for row in own] == ["0", *(row["closing_l"] for row in own[:-1])]
