"""What came back of abstracted water, as the commands show it from a chain."""

from scripts import _provisional as provisional
from scripts import _returns as returns
from tests.chain.test_london import returns_too_little


def test_a_closed_year_is_told_with_its_figures_and_that_it_is_on_record(here, town):
    returns_too_little(town.suite)
    permit = town.suite.permit_registry.permit_count()

    found = returns.return_document(here, permit, 0)

    figures = ("abstracted_l", "returned_l", "required_l", "missing_l")
    assert [found[key] for key in figures] == [500, 150, 200, 50]
    assert (found["known"], found["ended"], found["short"]) == (True, True, True)
    assert found["on_record_at"] is not None
    assert [one["returned_l"] for one in found["meters"]] == [150]
    ((label, words),) = returns.return_lines(found)
    assert label == "return flow"
    assert words.endswith("for 0.5 m3 abstracted: short, on record")


def test_an_open_year_is_neither_short_nor_enough(here, town):
    returns_too_little(town.suite)
    permit = town.suite.permit_registry.permit_count()
    about = {"number": "the permit", "kind": 1, "state": 1, "station_id": 1}

    shown = provisional.beside_used(here, permit, about)["return_flow"]

    assert (shown["known"], shown["ended"], shown["short"]) == (True, False, None)
    assert shown["on_record_at"] is None


def test_a_permit_that_asks_for_no_return_has_no_return_flow(here, town):
    assert returns.return_document(here, town.suite.permit(), 0) is None
