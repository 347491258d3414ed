"""Plans as the commands show them, from a chain."""

import pytest

from ledger.errors import NotFound
from scripts import _plans as plans
from tests.chain.test_london import keeps_to_plans

MONTH = 2


@pytest.fixture
def here(here, monkeypatch):
    monkeypatch.setattr(plans, "year_index", lambda here, year: year)  # years of forty days
    return here


def test_a_year_is_told_with_its_parts(here, town):
    keeps_to_plans(town.suite)
    permit = town.suite.permit_registry.permit_count()

    found = plans.year_document(here, "the permit", (1, permit), 0)
    lines = plans.year_lines(found)

    assert (found["sector"], found["version"], len(found["periods"])) == ("industry", 1, 5)
    year, first, second = found["periods"][:3]
    assert (year["plan_l"], year["net_l"], year["tier"]) == (400, 50, "none")
    assert (first["counted_l"], first["corrected_l"], first["net_l"]) == (60, -10, 50)
    assert (second["carried_l"], second["final"]) == (25, False)
    assert len(lines) == 8 and lines[-1] == plans.NOTE


def test_a_forecast_goes_by_the_periods_before(here, town):
    keeps_to_plans(town.suite)
    permit = town.suite.permit_registry.permit_count()

    found = plans.forecast_document(here, (1, permit), MONTH, 1)

    assert (found["pace_l"], found["pace_s"]) == (50, 864_000)
    assert found["given_l"] == 125
    assert found["rule"] == plans.RULE


def test_a_subject_without_a_plan_is_told(here, town):
    permit = town.suite.permit()

    with pytest.raises(NotFound, match="has no plan for 0"):
        plans.year_document(here, "the permit", (1, permit), 0)
