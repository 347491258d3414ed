"""Loads of outlets as the commands show them, and as upkeep rules on them."""

import pytest

from ledger.structs import read
from scripts import _loads as loads
from scripts import _violations as violations
from scripts import redline
from tests.chain.test_london import rules_on_loads
from tests.chain.test_upkeep import DAY_S, GRACE_S, REGION, TODAY, kinds, neglected
from tests.contracts.outfalls import MONTH_LOAD, YEAR_LOAD, Outfall, at_most
from tests.contracts.suite import COD, HASH, NOW

__all__ = ["neglected"]  # a fixture
KINDS = ("rule-load", "detect-load", "tell-load", "release-load")


@pytest.fixture
def ruled(town):
    rules_on_loads(town.chain, town.suite)
    return town.suite.permit_registry.permit_count()


def test_loads_are_told_by_period_each_against_its_limits(here, ruled):
    told = loads.rulings(here, ruled)

    assert len(told) == 11
    day, month = told[0], told[-1]
    assert (day["parameter"], day["load_ng"], day["load_limit"]) == ("cod", 10_010, None)
    assert len(day["period"]) == len("2026-11-30")
    assert (month["volume_l"], month["load_ng"], month["mean_ng_l"]) == (11, 10_110, 920)
    assert (month["days"], month["counted_days"]) == (10, 10)
    assert month["load_limit"]["verdict"] == "exceeded"
    assert (month["load_limit"]["ratio_bps"], month["mean_limit"]) == (1_011_000, None)


def test_the_violation_of_a_load_is_told_with_its_basis(here, ruled):
    number = here.view("Violations", "violation_count")

    found = violations.violation_document(here, number)

    assert (found["basis"], found["parameter"]) == ("load of a month", "cod")
    assert (found["permit_id"], found["ratio_bps"]) == (ruled, 1_011_000)


def test_a_region_s_loads_are_told_against_its_ceiling(here, ruled):
    [raw] = read(here.ledger, "RedLines", "assess_loads", REGION, 10)

    found = redline.load_document(raw)

    assert (found["parameter"], found["ceiling_ng"], found["load_ng"]) == ("cod", 10_000, 0)
    assert "not over by what was ruled on" in "\n".join(redline.load_lines([found]))


def test_a_higher_ceiling_is_shown_with_who_proposed_it_and_until_when_it_waits(here, town):
    suite, lines, by = town.suite, town.suite.red_lines, town.suite.standards_keeper
    lines.set_load_ceiling(REGION, COD, 10**12, HASH, sender=by)
    lines.set_load_ceiling(REGION, COD, 2 * 10**12, HASH, sender=by)
    lines.set_ceiling(REGION, 1_000, HASH, sender=by)
    lines.set_ceiling(REGION, 3_000, HASH, sender=by)

    volume, load = redline.waits(here, REGION)

    assert (volume["parameter"], volume["amount"], volume["unit"]) == (None, 3_000, "l")
    assert (load["parameter"], load["amount"], load["unit"]) == ("cod", 2 * 10**12, "ng")
    assert volume["proposed_by"] == load["proposed_by"] == by
    assert redline.load_ceiling_of(here, REGION, COD) == 10**12
    lines.confirm_ceiling(REGION, 3_000, sender=suite.second_keeper)
    assert redline.waits(here, REGION) == [load]
    assert redline.ceiling_of(here, REGION) == 3_000


def test_upkeep_rules_on_days_before_months_and_puts_what_was_exceeded_on_record(neglected):
    suite, keeper = neglected.suite, neglected.suite.standards_keeper
    suite.water_network.set_region(1, REGION, sender=suite.network_keeper)
    suite.red_lines.set_load_ceiling(REGION, COD, 5_000, HASH, sender=keeper)
    suite.permit([at_most(YEAR_LOAD, 1)], kind=2, until_at=NOW + DAY_S)
    outfall = Outfall(suite, at_most(MONTH_LOAD, 100), first=TODAY - 1)
    neglected.pass_until(NOW + DAY_S + GRACE_S + 60)
    for day in (TODAY - 1, TODAY):
        outfall.day(day, 10, [600])

    first = neglected.settle(*KINDS)

    # two days, and the month and the year that ended between them
    expected = ["rule-load"] * 4 + ["detect-load", "tell-load", "release-load"]
    assert kinds(first) == expected
    assert suite.red_lines.load_ng(REGION, COD, 10) == 6_000
    assert neglected.settle(*KINDS).sent == []
