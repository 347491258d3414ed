"""Oracles that share a lane's lease on a real bus and its journal on a real PostgreSQL."""

import os
import shutil
import signal

import pytest

from bench.tally import compared, in_journal
from tests.system.processes import behind_a_bus
from tests.system.test_takeover import Oracles

pytestmark = pytest.mark.chain
SCHEMA = "lane_main"


@pytest.fixture(scope="module")
def oracles(tmp_path_factory, towns, postgres):
    with behind_a_bus(tmp_path_factory.mktemp("machines"), towns, Oracles) as started:
        started.journal, started.place = postgres.journal_url(SCHEMA), postgres.journal(SCHEMA)
        yield started


def nothing_lost_or_doubled(oracles):
    found = compared(in_journal(oracles.place), in_journal(oracles.place), oracles.chain())
    return dict(oracles.chain()) == oracles.expected() and (found.lost, found.duplicated) == (0, 0)


def test_a_stand_in_goes_on_with_the_same_journal_behind_a_machine_that_is_gone(oracles, postgres):
    del oracles.sent["OUTFALL"]
    oracles.start("a", "MAIN")
    oracles.until_said("lane is ours", "a", "MAIN")
    oracles.start("b", "MAIN")
    oracles.until_said("bus is there", "a", "MAIN")
    oracles.publish("MAIN", 30)
    oracles.until(lambda: oracles.recorded("MAIN") > 0)
    oracles.publish("MAIN", 20)

    oracles.kill("a", "MAIN")
    shutil.rmtree(oracles.folder / "a")
    oracles.publish("MAIN", 20)
    oracles.until_said("oracle runs", "b", "MAIN")
    oracles.until(oracles.all_recorded)

    assert nothing_lost_or_doubled(oracles)
    assert postgres(f"SELECT count(*), max(epoch) FROM {SCHEMA}.writer") == "1|2"


def test_an_owner_that_sleeps_is_put_out_of_the_journal_by_whoever_has_the_lease(oracles):
    assert ("b", "MAIN") in oracles.running, "the test before this one began it"
    oracles.start("c", "MAIN")
    oracles.until_said("waits for its lane", "c", "MAIN")
    oracles.publish("MAIN", 10)
    os.kill(oracles.running["b", "MAIN"].pid, signal.SIGSTOP)
    oracles.publish("MAIN", 10)
    oracles.until_said("oracle runs", "c", "MAIN")

    os.kill(oracles.running["b", "MAIN"].pid, signal.SIGCONT)
    oracles.publish("MAIN", 10)
    oracles.until_said("lane is another's", "b", "MAIN")
    oracles.until(oracles.all_recorded)

    assert nothing_lost_or_doubled(oracles)
