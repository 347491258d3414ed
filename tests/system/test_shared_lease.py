"""Oracles that share a lane's lease on a real bus and its journal on a real PostgreSQL."""

import json
import os
import shutil
import signal
from contextlib import closing
from datetime import UTC, datetime

import pytest
import yaml

from bench.tally import compared, in_journal
from ledger.devices import channels
from ledger.errors import NotSettled
from ledger.settlement import SettlementPolicy
from oracle.household_proofs import check, prove
from oracle.journal import Journal
from tests.system.processes import behind_a_bus
from tests.system.test_takeover import Oracles

pytestmark = pytest.mark.chain
SCHEMA = "lane_main"
DAY_S = 86_400
HOMES = {
    **{"title": "homes", "files": ["homes/*"], "timezone": "UTC", "community": "community"},
    **{"day": "day", "household": "household", "opening": "opening", "unit": "L"},
    "registers": ["register"],
}


class Sharing(Oracles):
    """Oracles on one schema, whose main meter is also a community's with its households."""

    homes = ("homes.yaml",)

    def start(self, machine, device):
        here = self.folder / machine / device
        here.mkdir(parents=True)
        (here / "homes.yaml").write_text(yaml.safe_dump(HOMES), encoding="utf-8")
        super().start(machine, device)

    @property
    def day_ends_at(self):
        """The last midnight before the town's first reading."""
        return self.town.opened_at // DAY_S * DAY_S

    def household(self, name):
        day = datetime.fromtimestamp(self.day_ends_at - DAY_S, UTC).date().isoformat()
        told = {"community": "MAIN", "day": day, "household": name, "opening": 1, "register": 9}
        self.cluster.publish("homes.MAIN", json.dumps(told).encode())

    def proved(self, name):
        """Whether the journal and the chain prove a household's day by now."""
        ledger = self.town.ledger()
        (main,) = (one for one in channels(ledger) if one.device == "MAIN")
        with closing(Journal(self.place, writing=False)) as journal:
            try:
                proof = prove(ledger, journal, main, self.day_ends_at, name)
            except NotSettled:
                return False
        return all(check(ledger, proof, SettlementPolicy(1)).values())


@pytest.fixture(scope="module")
def oracles(tmp_path_factory, towns, postgres):
    with behind_a_bus(tmp_path_factory.mktemp("machines"), towns, Sharing) as started:
        started.journal, started.place = postgres.journal_url(SCHEMA), postgres.journal(SCHEMA)
        yield started


def nothing_lost_or_doubled(oracles):
    """What holds for good, once the last blocks are no longer changed for others."""
    found = compared(in_journal(oracles.place), in_journal(oracles.place), oracles.chain())
    return dict(oracles.chain()) == oracles.expected() and (found.lost, found.duplicated) == (0, 0)


def test_a_stand_in_goes_on_with_the_same_journal_behind_a_machine_that_is_gone(oracles, postgres):
    del oracles.sent["OUTFALL"]
    oracles.start("a", "MAIN")
    oracles.until_said("lane is ours", "a", "MAIN")
    oracles.start("b", "MAIN")
    oracles.until_said("bus is there", "a", "MAIN")
    oracles.household("account 1")
    oracles.publish("MAIN", 30)
    oracles.until(lambda: oracles.recorded("MAIN") > 0)
    oracles.publish("MAIN", 20)

    oracles.kill("a", "MAIN")
    shutil.rmtree(oracles.folder / "a")
    oracles.household("account 2")
    oracles.publish("MAIN", 20)
    oracles.until_said("oracle runs", "b", "MAIN")
    oracles.until(lambda: nothing_lost_or_doubled(oracles))
    oracles.until(lambda: oracles.proved("account 1") and oracles.proved("account 2"))
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
    oracles.until(lambda: nothing_lost_or_doubled(oracles))


def test_another_lane_that_names_the_schema_leaves_its_owner_in_peace(oracles, postgres):
    assert ("c", "MAIN") in oracles.running, "the test before this one began it"
    epoch = postgres(f"SELECT epoch FROM {SCHEMA}.writer")
    oracles.start("d", "OUTFALL")

    other = oracles.running.pop(("d", "OUTFALL"))
    assert other.wait(60) not in (0, -signal.SIGKILL)
    assert "is that of QuotaTracker, relay group 1" in oracles.said(("d", "OUTFALL"))
    oracles.publish("MAIN", 10)
    oracles.until(oracles.all_recorded)
    assert postgres(f"SELECT epoch FROM {SCHEMA}.writer") == epoch
