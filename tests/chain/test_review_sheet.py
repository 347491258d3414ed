"""The review sheet of an application: what the chain shows of it, at one block."""

import pytest

from ledger.errors import NotFound, NotSettled
from scripts import _reviewing as reviewing
from tests.chain.test_london import pursues_violations
from tests.contracts.suite import DAY_S, HASH, METER, NOW, word

REGION = word("Qinglan")


@pytest.fixture
def suite(town):
    town.suite.water_network.set_region(1, REGION, sender=town.suite.network_keeper)
    return town.suite


def applied(suite, **changed):
    suite.applications.apply(suite.face(**changed), 0, sender=suite.holder)
    return suite.applications.application_count()


def ceiling(suite, ceiling_l):
    suite.red_lines.set_ceiling(REGION, ceiling_l, HASH, sender=suite.standards_keeper)


def test_headroom_is_what_the_permits_give_with_this_one_against_the_ceiling(here, suite):
    ceiling(suite, 3_000_000)
    suite.permit(annual_l=1_000_000)
    number = applied(suite, annual_l=1_000_001)

    found = reviewing.sheet(here, number)["region"]

    assert (found["region"], found["permitted_l"]) == ("Qinglan", 1_000_000)
    assert (found["adds_l"], found["after_l"]) == (1_000_001, 2_000_001)
    assert (found["permille_of_ceiling"], found["fits"], found["ground"]) == (667, True, None)


def test_beyond_the_ceiling_the_ground_of_refusal_is_named(here, suite):
    ceiling(suite, 1_500_000)
    suite.permit(annual_l=1_000_000)
    number = applied(suite, annual_l=500_001)

    document = reviewing.sheet(here, number)

    assert not document["region"]["fits"]
    assert document["region"]["ground"].startswith("2: regional permit total")
    assert any("ground 2" in line for line in reviewing.sheet_lines(document))


def test_a_ceiling_of_zero_leaves_room_for_nothing(here, suite):
    ceiling(suite, 0)

    document = reviewing.sheet(here, applied(suite, annual_l=1))

    assert (document["region"]["ceiling_l"], document["region"]["fits"]) == (0, False)
    assert any("a ceiling of 0 m3" in line for line in reviewing.sheet_lines(document))


def test_an_amendment_adds_only_the_difference_and_drainage_adds_nothing(here, suite):
    ceiling(suite, 1_500_000)
    permit = suite.permit(annual_l=1_000_000)

    amended = reviewing.sheet(here, applied(suite, annual_l=1_400_000, amends=permit))
    drainage = reviewing.sheet(here, applied(suite, kind=2, annual_l=9_000_000))

    assert (amended["region"]["adds_l"], amended["region"]["fits"]) == (400_000, True)
    assert (drainage["region"]["adds_l"], drainage["region"]["fits"]) == (0, True)


def test_red_lines_of_the_year_are_told(here, suite):
    year = suite.standards.period_at(4, NOW + 1)
    lines, keeper = suite.red_lines, suite.standards_keeper
    lines.set_target(REGION, year, 5, 9_000, 0, 0, False, HASH, sender=keeper)
    lines.report_indicator(REGION, year, 5, 8_000, HASH, sender=suite.analyst)

    document = reviewing.sheet(here, applied(suite))

    [line] = document["region"]["red_lines"]
    assert (line["target"], line["actual"], line["met"]) == (9_000, 8_000, False)
    assert any("NOT MET" in line for line in reviewing.sheet_lines(document))


def test_a_point_in_no_region_has_no_ceiling(here, town):
    document = reviewing.sheet(here, applied(town.suite))

    assert document["region"] is None
    assert any("no ceiling applies" in line for line in reviewing.sheet_lines(document))


def test_the_record_shows_permits_violations_orders_and_the_devices_at_the_point(here, suite):
    pursues_violations(suite)
    permit = suite.permit()
    suite.channel(METER, "QuotaTracker", permit=permit)
    suite.incidents.set_plan((HASH, 0, [1], [], 60, []), sender=suite.supervisor)
    suite.incidents.open(HASH, 1, 1, False, HASH, sender=suite.dispatcher)
    suite.incidents.give_order(
        suite.incidents.incident_count(), permit, 1, 0, 2**32 - 1, sender=suite.supervisor
    )

    document = reviewing.sheet(here, applied(suite))

    record = document["record"]
    number = f"C440114S2020-{suite.numbers['permit']:04d}"
    assert number in {one["permit"] for one in record["permits"]}
    assert [one["state"] for one in record["violations"]] == ["resolved", "not genuine"]
    assert [one["permit"] for one in record["open_orders"]] == [number]
    assert record["open_bills"] == []
    assert number in {one["permit"] for one in document["devices"]}
    shown = "\n".join(reviewing.sheet_lines(document))
    assert "1 (resolved), 2 (not genuine)" in shown


@pytest.mark.parametrize(
    ("acts", "state", "article"),
    [
        ((), "submitted", "art. 13"),
        (("accept",), "accepted", "art. 17-18"),
        (("accept", "suspend"), "suspended review", "art. 17-18"),
        (("accept", "review"), "under review", "art. 19-20"),
        (("accept", "review", "decide"), "approved", "art. 22-23"),
    ],
)
def test_the_law_asks_for_something_in_each_state(here, suite, acts, state, article):
    number, applications = applied(suite), suite.applications
    steps = {
        "accept": lambda: applications.accept(number, 0, sender=suite.clerk),
        "suspend": lambda: applications.suspend_review(number, 1, "x", 0, sender=suite.reviewer),
        "review": lambda: applications.review(number, True, HASH, 0, sender=suite.reviewer),
        "decide": lambda: applications.decide(number, True, 0, 0, sender=suite.decider),
    }
    for act in acts:
        steps[act]()

    document = reviewing.sheet(here, number)

    assert document["application"]["state"] == state
    assert document["law"].startswith(article)


def test_an_application_for_a_higher_level_is_to_be_forwarded(here, suite):
    document = reviewing.sheet(here, applied(suite, level=1))

    assert document["law"].startswith("art. 10")


def test_the_stops_of_the_clock_are_told_and_an_open_one_stands_still(here, suite):
    applications, reviewer, ago = suite.applications, suite.reviewer, NOW - 9 * DAY_S
    applications.apply(suite.face(), ago, sender=suite.holder)
    number = applications.application_count()
    applications.accept(number, ago, sender=suite.clerk)
    applications.suspend_review(number, 1, "hearing", ago, sender=reviewer)
    applications.resume_review(number, ago + DAY_S, sender=reviewer)
    applications.suspend_review(number, 3, "dispute", ago + 2 * DAY_S, sender=reviewer)

    document = reviewing.sheet(here, number)

    assert [stop["until"] is None for stop in document["stops"]] == [False, True]
    assert any("the clock stands still" in line for line in reviewing.sheet_lines(document))


def test_everything_is_read_at_the_block_that_is_named(here, suite, monkeypatch):
    ceiling(suite, 3_000_000)
    number, record = applied(suite), reviewing._record
    head, eth = here.chain.head(), here.chain.w3.eth

    def meanwhile(*arguments):
        pinned, eth.default_block = eth.default_block, "latest"  # the suite reads by it too
        suite.permit(annual_l=1_000_000)
        eth.default_block = pinned
        return record(*arguments)

    monkeypatch.setattr(reviewing, "_record", meanwhile)
    document = reviewing.sheet(here, number)

    assert (document["block"], document["block_hash"]) == (head.number, head.hash)
    assert document["record"]["permits"] == []
    assert here.chain.head().number > head.number
    assert here.chain.w3.eth.default_block == "latest"


def test_a_block_that_was_replaced_while_it_was_read_is_told(here, suite, monkeypatch):
    number = applied(suite)
    monkeypatch.setattr(type(here.chain), "at", lambda _, number: None)

    with pytest.raises(NotSettled, match="was replaced while it was read"):
        reviewing.sheet(here, number)


def test_there_is_no_sheet_of_an_unknown_application(here, suite):
    with pytest.raises(NotFound, match="no application 99"):
        reviewing.sheet(here, 99)
