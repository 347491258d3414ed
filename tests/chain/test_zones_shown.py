"""Zones, their days and tanks as the commands show them; a zone's file as the contract takes it."""

import pytest

from ledger.errors import NotFound
from scripts import _zones as zones
from tests.chain.test_london import keeps_a_tank, publishes_a_day
from tests.contracts.suite import T0

DAY = "2023-11-15"  # its midnight lies in the first day of the tests' calendar


@pytest.fixture
def here(here, town):
    publishes_a_day(town.suite)
    keeps_a_tank(town.suite)
    return here


def device(here, channel):
    return zones.channel(here.ledger, channel).device


def test_a_published_day_is_told_with_its_code_and_shares(here):
    found = zones.day_document(here, 1, DAY)

    assert found["code"] == here.view("SupplyCodes", "code_of", 1, 0)
    assert found["sources"] == [{"station": "ST-1", "given_l": 9, "share_bps": 10_000}]
    assert found["works"] == [{"station": "ST-1", "delivered_l": 7}]
    assert (found["final"], found["verdicts"][0]["verdict"]) == (True, zones.UNKNOWN)
    assert f"{found['code']}, final" in zones.day_lines(found)[0]
    assert any("100.00 %" in line for line in zones.day_lines(found))


def test_a_day_that_is_not_published_is_not_found(here):
    with pytest.raises(NotFound, match="has 0 versions"):
        zones.day_document(here, 1, "2023-11-20")
    with pytest.raises(NotFound, match="no zone 9"):
        zones.day_document(here, 9, DAY)


def test_a_zone_is_told_and_its_file_draws_it_again(here):
    found = zones.zone_document(here, 1)
    drawn = here.view("SupplyCodes", "zone", 1, 0)
    quality = [{"device": name, "parameter": parameter} for name, parameter in found["quality"]]

    again = zones.drawn(here, {**found, "quality": quality})

    assert (again[0], *again[2:]) == (drawn[0], *drawn[2:])
    assert (found["days"][0]["day"], found["days"][0]["version"]) == (DAY, 1)
    assert any(found["days"][0]["code"] in line for line in zones.zone_lines(found))


def test_evidence_is_made_of_the_day_s_rulings(here):
    assert len(zones.evidence_of(here, 1, 0)) == 32
    with pytest.raises(NotFound, match="no ruling of that day"):
        zones.evidence_of(here, 1, 5)


def test_a_tank_is_told_with_its_clocks(here):
    [found] = zones.tanks(here)

    assert (found["name"], found["org"], found["overdue"]) == ("Tower 3", "Works", [])
    assert found["clean_due_at"] > zones.utc(T0)
    assert "Tower 3" in zones.tank_lines([found])[1]
