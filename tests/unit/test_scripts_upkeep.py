"""Upkeep: which acts there are, in which order, and how a run is told."""

import json

import pytest

from checks.duties import OPEN_TO_ANYONE
from ledger.errors import UsageError
from ledger.transactions import Sent
from scripts._due import KINDS, Due
from scripts._shared import Session
from scripts._upkeep import Upkeep, kinds_of, lines
from tests.conftest import PROJECT
from tests.unit.small_chain import LocalSigner

PROVES = ("Disputes", "open_dispute")  # needs a telegram that only its holder has
OPENS = Due("open-year", "RedLines", "open_year", (b"North", 1), "the year of North has begun")


@pytest.fixture
def begun():
    """A run that has asked nothing yet."""
    return Upkeep(Session(), 35)


def test_every_act_that_is_open_to_anyone_and_due_by_time_is_a_kind():
    acts = {(name, function) for name, whys in OPEN_TO_ANYONE.items() for function in whys}

    kinds = {(name, one.function) for one in KINDS.values() for name in one.contracts}

    assert kinds == acts - {PROVES}


def test_the_runbook_says_of_each_kind_what_it_does():
    page = (PROJECT / "docs" / "runbook.md").read_text(encoding="utf-8")
    rows = page.partition("## Upkeep")[2].partition("## Exit codes")[0]

    assert [kind for kind in KINDS if f"`{kind}`" not in rows] == []


def test_what_closes_comes_before_what_is_ruled_on_by_it():
    order = list(KINDS)

    for later in ("detect", "rule-works", "rule-delivery", "rule-plan", "publish"):
        assert order.index("close-day") < order.index("close-turn") < order.index(later)
    assert order.index("open-year") < order.index("tell-use")


def test_all_kinds_are_asked_for_unless_some_are_named():
    assert kinds_of([]) == list(KINDS)
    assert kinds_of(["publish", "close-day"]) == ["close-day", "publish"]
    with pytest.raises(UsageError, match="'cleaning' is no kind of upkeep") as refused:
        kinds_of(["publish", "cleaning"])
    assert "close-day" in refused.value.remedy


def test_a_run_is_told_for_programs(begun):
    begun.sent = [(OPENS, Sent("0x12", LocalSigner().address, 0, b""))]
    begun.failed = [("lift", "no answer")]

    told = json.loads(json.dumps(begun.document([])))

    (sent,) = told["sent"]
    assert (sent["kind"], sent["arguments"], sent["transaction"]) == (
        *("open-year", ["0x4e6f727468", 1], "0x12"),
    )
    assert told["failed"] == [{"what": "lift", "error": "no answer"}]
    assert told["due"] == told["done_by_others"] == []


def test_a_run_is_told_for_people(begun):
    assert lines(begun.document([])) == ["Nothing is due."]
    assert lines(begun.document([OPENS])) == [
        "act        reason",
        "open-year  the year of North has begun",
    ]
