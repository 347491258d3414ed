"""Two oracles with one journal on a real PostgreSQL and a real chain: killed, cut off, slept."""

import json
import os
import random
import signal
import subprocess
import time

import pytest
import tomli_w

from bench.tally import Rows, compared, in_journal, in_rows, on_chain
from ledger.devices import channels
from scripts._crash import TOWN
from tests.system.processes import Processes
from tests.system.small_city import BIN

pytestmark = pytest.mark.chain
WITHIN_S = 240
ROWS = 12  # at a time
SEED = 7


class Oracles(Processes):
    """Processes of `oracle run` with one configuration, each on a machine of its own."""

    def __init__(self, folder, made, server):
        super().__init__(WITHIN_S)
        self.folder, self.town, self.server = folder, made, server
        self.place = server.journal("lane_1")
        self.url = server.journal_url("lane_1")
        self.rng = random.Random(SEED)
        self.rows = Rows(made.inputs[0].path.parent, made.opened_at, self.rng)
        sources = [
            {"file": str(one.path), "mapping": str(TOWN / f"{one.path.stem}.yaml")}
            for one in made.inputs
        ]
        config = {"journal": self.url, "poll_s": 0.3, "sources": sources}
        self.config = folder / "waterline.toml"
        self.config.write_text(tomli_w.dumps(config), encoding="utf-8")

    def start(self, name):
        self.begin(name, [BIN, "oracle", "run", "-c", self.config])

    def log(self, name):
        return self.folder / name

    def kill(self, name):
        assert self.end(name) == -signal.SIGKILL

    def chain(self):
        return on_chain(self.town.ledger())

    def expected(self):
        known = channels(self.town.ledger())
        numbers = {(one.device, one.parameter): one.id for one in known}
        return in_rows(self.rows.folder, numbers, self.town.opened_at)

    def until_all_recorded(self):
        expected = self.expected().total()
        self.until(lambda: self.chain().total() >= expected)

    def verdict(self):
        found = compared(self.expected(), in_journal(self.place), self.chain())
        return found.lost, found.duplicated

    def asked(self, *words):
        done = subprocess.run([BIN, *words], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def oracles(tmp_path_factory, towns, postgres):
    with towns() as made:
        started = Oracles(tmp_path_factory.mktemp("machines"), made, postgres)
        try:
            yield started
        finally:
            started.stop()


def test_a_stand_in_goes_on_with_a_killed_oracle_s_journal_and_nothing_is_lost_or_doubled(oracles):
    oracles.start("0")
    oracles.until_said("oracle runs", "0")
    for number in range(1, 4):
        oracles.start(str(number))
        oracles.until_said("waits for its journal", str(number))
        oracles.rows.append(ROWS)
        time.sleep(oracles.rng.uniform(0.2, 4))
        oracles.kill(str(number - 1))
        oracles.until_said("oracle runs", str(number))
    oracles.rows.append(ROWS)
    oracles.until_all_recorded()

    assert oracles.verdict() == (0, 0)
    assert oracles.server("SELECT epoch FROM lane_1.writer") == "4"
    assert oracles.server("SELECT count(*) FROM lane_1.segment") != "0"


def test_a_server_that_is_started_again_under_an_oracle_costs_nothing(oracles):
    assert "3" in oracles.running, "the test before this one began it"
    for times in (1, 2):
        oracles.rows.append(ROWS)
        time.sleep(oracles.rng.uniform(0.2, 2))
        oracles.server.stop()
        oracles.rows.append(ROWS)
        oracles.until_said("journal is away", "3", times)
        oracles.server.start()
        oracles.until_said("oracle runs", "3", 1 + times)
    oracles.until_all_recorded()

    assert oracles.verdict() == (0, 0)


def test_a_session_that_is_ended_in_between_is_opened_again(oracles):
    assert "3" in oracles.running, "the test before this one began it"
    oracles.rows.append(ROWS)
    oracles.server(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'waterline'"
    )
    oracles.rows.append(ROWS)
    oracles.until_said("oracle runs", "3", 4)
    oracles.until_all_recorded()

    assert oracles.verdict() == (0, 0)


def test_an_oracle_that_sleeps_loses_the_journal_and_does_no_harm_when_it_wakes(oracles):
    assert "3" in oracles.running, "the test before this one began it"
    oracles.start("4")
    oracles.until_said("waits for its journal", "4")
    os.kill(oracles.running["3"].pid, signal.SIGSTOP)
    oracles.rows.append(ROWS)
    oracles.until_said("oracle runs", "4")

    os.kill(oracles.running["3"].pid, signal.SIGCONT)
    oracles.rows.append(ROWS)
    oracles.until_said("waits for its journal", "3", 2)
    oracles.until_all_recorded()

    assert oracles.verdict() == (0, 0)


def test_status_and_proofs_are_had_from_the_url_by_whoever_may_read_it(oracles):
    status = json.loads(oracles.asked("oracle", "status", "--journal", oracles.url, "--json"))
    assert status["accepted"] == oracles.expected().total()

    at = str(oracles.town.opened_at + 60)
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(at)))
    proof = oracles.folder / "proof.json"
    words = ("MAIN", "volume", "--at", moment, "--journal", oracles.url, "-o", proof)
    oracles.asked("verify", "reading", *words)

    oracles.asked("verify", "proof", proof)
