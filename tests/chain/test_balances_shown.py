"""Reservoirs, districts, sewage works and violations as the commands show them."""

import pytest

from ledger.errors import NotFound, UsageError
from scripts import _night as night
from scripts import _reservoirs as reservoirs
from scripts import _sewage as sewage
from scripts import _supplies as supplies
from scripts import _violations as violations
from scripts._balancing import keeping, span_of
from scripts._sources import added
from tests.chain.test_london import (
    balances_a_district,
    pursues_violations,
    rules_on_a_works,
    watches_a_reservoir,
)
from tests.contracts.suite import METER

DAY = "2023-11-15"  # its midnight lies in the first day of the tests' calendar


def test_a_district_is_told_with_its_meters_and_balance(here, town):
    balances_a_district(town.suite)
    number = town.suite.supply_monitor.district_count()

    found = supplies.document(here, number)
    lines = supplies.lines(found)

    assert [len(found[end]) for end in ("inlets", "outlets", "users")] == [1, 0, 1]
    assert [one["registered_l"] for one in found["leakage"]] == [90]
    assert lines[0].split() == ["district", "North"]
    balance = supplies.balance_document(here, number, span_of(here, DAY, ""))
    assert (balance["supplied_l"], balance["loss_ppm"], balance["grade"]) == (90, 0, None)
    # the first day of the tests' calendar lies in a year that begins with it
    assert balance["corrections"] == {"year": 2023, "version": 1}
    lines = supplies.balance_lines(balance)
    assert any(line.startswith("leakage, corrected") for line in lines)
    assert any(line.endswith("of 2023, version 1") for line in lines)


def test_a_region_is_told_with_its_districts_each_once(here, town):
    balances_a_district(town.suite)
    number, span = town.suite.supply_monitor.district_count(), span_of(here, DAY, "")

    found = supplies.region_document(here, [number, number], span)

    balance = supplies.balance_document(here, number, span)
    assert found["districts"] == {number: "North"}
    assert (found["supplied_l"], found["leakage_ppm"]) == (90, balance["leakage_ppm"])
    assert (found["grade"], found["on_target_a"], found["on_target_b"]) == (None, None, None)
    lines = supplies.region_lines(found)
    assert sum(line.endswith("(given for a year)") for line in lines) == 3


def test_a_reservoir_is_told_with_its_rulings_and_what_low_water_rests_on(here, town):
    watches_a_reservoir(town.suite)

    found = reservoirs.document(here, "ST-1")

    [level], [low_water] = found["rulings"], found["low_water"]
    assert (level["level_mm"], level["low_water"], level["marks_version"]) == (25, "none", 1)
    assert (low_water["inflow_l"], low_water["normal_l"], low_water["silent"]) == (0, 1_000, False)
    told = [low_water[key] for key in ("by_level", "by_inflow", "low_water")]
    assert told == ["none", "red", "red"]
    assert any("30 days until" in line for line in reservoirs.lines(found))


def test_a_version_that_the_chain_holds_is_not_added_again(here, town):
    watches_a_reservoir(town.suite)
    held, other = (0, 60, 70, 80, 20, 10, 1), (5, 60, 70, 80, 20, 10, 1)

    assert added(here.ledger, 1, "marks", [held, other]) == [other]


def test_a_night_flow_is_read_from_the_calldata_of_batches(here, town):
    balances_a_district(town.suite)
    number = town.suite.supply_monitor.district_count()

    found = night.night_document(here, number, DAY)

    assert found["flow_ml_s"] == 10
    assert any("0.010 L/s" in line for line in night.night_lines(found))
    with pytest.raises(NotFound, match="lies between two and four"):
        night.night_document(here, number, "2023-11-20")


def test_meters_of_a_drawing_are_kept_by_days_once(here, town):
    suite = town.suite
    meters = [suite.channel(METER, "QuotaTracker") for _ in range(2)]

    [before] = keeping(here, [*meters, meters[0]])
    suite.register_turns.set_turns(meters, 1, sender=suite.device_keeper)

    assert before.contract == "RegisterTurns"
    assert "of 2 meters" in before.says
    assert keeping(here, meters) == []


def test_a_balance_is_over_periods_of_one_sort(here):
    assert span_of(here, DAY, "2023-11-17") == (1, 0, 2)
    with pytest.raises(UsageError, match="two sorts"):
        span_of(here, DAY, "2023-12")


def test_a_works_is_told_with_its_days_and_loads(here, town):
    rules_on_a_works(town.suite)
    number = town.suite.sewage_works.works_count()

    found = sewage.document(here, number)
    lines = sewage.lines(found)

    assert [len(found[end]) for end in ("inlets", "outlets")] == [1, 1]
    [day] = found["days"]
    assert (day["parameter"], day["inlet_ng"], day["outlet_ng"]) == ("cod", 50_000, 5_400)
    assert any(day["day"] in line for line in lines)
    assert sewage.ARITHMETIC in lines


def test_a_balance_is_told_with_its_tolerance(here, town):
    rules_on_a_works(town.suite)
    number = town.suite.sewage_works.works_count()

    found = sewage.balance_document(here, number, (1, 5, 5))

    assert (found["inlet_l"], found["outlet_l"], found["difference_l"]) == (1_000, 900, 100)
    assert any("the tolerance of" in line for line in sewage.balance_lines(found))


def test_what_is_not_there_is_not_found(here):
    with pytest.raises(NotFound):
        supplies.document(here, 99)
    with pytest.raises(NotFound):
        sewage.document(here, 99)


def test_a_violation_is_told_with_its_steps(here, town):
    pursues_violations(town.suite)

    found = violations.violation_document(here, 1)

    assert found["steps"][0]["state"] == "detected"
    assert found["day"] < found["steps"][0]["at"]
    assert found["ratio_bps"] > 10_000
