"""Whoever watches an oracle sees what its journal holds, and whether it hangs or stands still."""

from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ledger.errors import UsageError
from oracle.health import STALE_S, Health, HealthServer
from oracle.outbox import Outbox
from tests.contracts.suite import T0

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 7)]


class Watched:
    """A fed oracle, its clock, and the pages about it."""

    def __init__(self, town):
        self.town, self.now = town, float(T0 + 10_000)
        town.input = town.file("well", town.meter(), ROWS)
        town.lane()
        self.oracle = town.oracle()
        self.health = Health(town.folder / "journal", lambda: self.now)
        self.server = HealthServer(self.health, "127.0.0.1", 0)
        self.port = self.server.open()

    def page(self, name):
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/{name}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        return {
            sample.name: sample.value
            for family in text_string_to_metric_families(self.page("metrics")[1])
            for sample in family.samples
        }


@pytest.fixture
def watched(town):
    made = Watched(town)
    yield made
    made.server.close()


def test_the_age_of_a_lanes_last_final_reading_comes_first(watched):
    watched.town.settle(watched.oracle, [watched.town.input])

    text = watched.page("metrics")[1]

    assert text.startswith("# HELP waterline_lane_settled_age_seconds")
    age_s = watched.metrics()["waterline_lane_settled_age_seconds"]
    assert age_s == watched.now - ROWS[-1][0]


def test_what_is_received_and_what_is_final_are_counted_apart(watched):
    for _ in watched.oracle.read(watched.town.input, growing=False):
        pass
    before = watched.metrics()
    watched.town.settle(watched.oracle)
    after = watched.metrics()

    names = ("accepted_total", "settled_total")
    assert [before[f"waterline_readings_{name}"] for name in names] == [6, 0]
    assert before["waterline_readings_waiting"] == 6
    assert [after[f"waterline_readings_{name}"] for name in names] == [6, 6]


def test_an_oracle_that_works_is_healthy_and_ready(watched):
    assert watched.page("healthz") == (200, "ok\n")
    assert watched.page("readyz") == (200, "ok\n")


def test_a_loop_that_does_not_come_round_hangs(watched):
    watched.now += STALE_S + 1

    assert watched.page("healthz") == (503, f"the loop has not come round for {STALE_S + 1} s\n")

    watched.health.beat()

    assert watched.page("healthz") == (200, "ok\n")


def test_an_oracle_without_its_chain_is_healthy_but_not_ready(watched):
    watched.health.hear("chain is away")

    assert watched.page("healthz")[0] == 200
    assert watched.page("readyz") == (503, "the chain is away\n")
    assert watched.metrics()["waterline_chain_away"] == 1


def test_a_lane_that_stood_down_is_named(watched):
    watched.town.settle(watched.oracle, [watched.town.input])
    Outbox(watched.oracle.journal, "QuotaTracker", 1).stop("another writes it")

    assert watched.page("readyz") == (503, "QuotaTracker lane 1: another writes it\n")
    assert watched.metrics()["waterline_lane_stopped"] == 1


def test_another_page_is_not_there(watched):
    assert watched.page("journal")[0] == 404


def test_a_port_that_is_taken_is_named(watched):
    other = HealthServer(watched.health, "127.0.0.1", watched.port)

    with pytest.raises(UsageError, match="cannot be served on"):
        other.open()


def test_a_journal_that_is_gone_does_not_end_the_pages(watched):
    (watched.town.folder / "journal" / "journal.sqlite").rename(watched.town.folder / "away")

    assert watched.page("metrics")[0] == 503
    assert watched.page("healthz")[0] == 200
