"""Districts, sewage works and violations as the commands show them."""

import pytest

from ledger.errors import NotFound
from scripts import _sewage as sewage
from scripts import _supplies as supplies
from scripts import _violations as violations
from scripts._shared import Session
from tests.chain.test_london import pursues_violations, rules_on_a_works
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import HASH, METER, T0


@pytest.fixture
def here(town, monkeypatch):
    monkeypatch.setenv("WATERLINE_TIMEZONE", "UTC")
    session = Session()
    session.chain, session.ledger = town.ledger.chain, town.ledger
    return session


def test_a_district_is_told_with_its_meters_and_snapshots(here, town):
    suite, monitor = town.suite, town.suite.supply_monitor
    inlet, user = (suite.channel(METER, "QuotaTracker") for _ in range(2))
    monitor.set_district(0, ("North", 0, [inlet], [], [user]), sender=suite.network_keeper)
    number, book = monitor.district_count(), suite.quota_tracker
    lane = suite.lane(book)
    for n in range(2):
        opening = 100 + 10 * n, T0 + 3_600 * n
        first, second = (meter_group(one, *opening, [(10, 3_600)]) for one in (inlet, user))
        book.record_meters(lane, n, HASH, packed(first + second), b"", sender=suite.relay)
        monitor.take_registers(number, sender=suite.holder)

    found = supplies.document(here, number)
    lines = supplies.lines(found)

    assert [len(found[end]) for end in ("inlets", "outlets", "users")] == [1, 0, 1]
    assert [one["snapshot"] for one in found["snapshots"]] == [1, 2]
    assert lines[0].split() == ["district", "North"]
    assert any(line.split()[:2] == ["snapshot", "at"] for line in lines)


def test_a_works_is_told_with_its_days_and_loads(here, town):
    rules_on_a_works(town.suite)
    number = town.suite.sewage_works.works_count()

    found = sewage.document(here, number)
    lines = sewage.lines(found)

    assert [len(found[end]) for end in ("inlets", "outlets")] == [1, 1]
    assert [one["snapshot"] for one in found["snapshots"]] == [1, 2]
    [day] = found["days"]
    assert (day["parameter"], day["inlet_ng"], day["outlet_ng"]) == ("cod", 50_000, 5_400)
    assert any(day["day"] in line for line in lines)
    assert sewage.ARITHMETIC in lines


def test_a_balance_is_told_with_its_tolerance(here, town):
    rules_on_a_works(town.suite)
    number = town.suite.sewage_works.works_count()

    found = sewage.balance_document(here, number, 1, 2)

    assert (found["inlet_l"], found["outlet_l"], found["difference_l"]) == (1_000, 900, 100)
    assert any("the tolerance of" in line for line in sewage.balance_lines(found))


def test_what_is_not_there_is_not_found(here):
    with pytest.raises(NotFound):
        supplies.document(here, 99)
    with pytest.raises(NotFound):
        sewage.document(here, 99)


def test_a_violation_is_told_with_its_steps(here, town):
    pursues_violations(town.suite)

    found = violations._document(here, 1)

    assert found["steps"][0]["state"] == "detected"
    assert found["day"] < found["steps"][0]["at"]
    assert found["ratio_bps"] > 10_000
