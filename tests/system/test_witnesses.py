"""A relay and three witnesses as processes on a real chain: two of the three must sign."""

import json
import os
import socket
import subprocess

import pytest
import tomli_w
import yaml

from bench.crash import finished
from bench.tally import STEP_S, on_chain
from ledger.devices import channels
from oracle.store import Store
from scripts._main import run
from scripts._stages import INCLUDED
from tests.contracts.witnessing import code
from tests.system.processes import Processes
from tests.system.small_city import BIN

pytestmark = pytest.mark.chain
WITHIN_S = 300
WITNESSES = ("witness-1", "witness-2", "witness-3")
SUPERVISOR = "supervisor-1"
OFFICE = {
    "organisation": "Hengxi Water Authority",
    "title": "Supervision",
    "holder": SUPERVISOR,
    "duties": ["supervisor"],
}


def found(folder):
    """Three organisations of the witnesses, and a post that names them for the lane."""
    both = ("--account", "admin-1", "--second", "admin-2", *INCLUDED)
    for number, one in enumerate(WITNESSES, 1):
        path = folder / f"{one}.json"
        run(["org", "request", one, code(number), "--account", one, "--output", str(path)])
    paths = [str(folder / f"{one}.json") for one in WITNESSES]
    run(["org", "register", *paths, "--account", "officer-1", *INCLUDED])
    codes = [code(number) for number in range(1, 4)]
    run(["org", "verify", *codes, "--account", "officer-2", *INCLUDED])
    posts = folder / "posts.yaml"
    posts.write_text(yaml.safe_dump({"timezone": "Asia/Shanghai", "posts": [OFFICE]}), "utf-8")
    run(["org", "open-posts", "--file", str(posts), *both])
    named = [word for one in WITNESSES for word in ("--witness", one)]
    about = ("QuotaTracker", "1", *named, "--needed", "2", "--account", SUPERVISOR)
    run(["lane", "witnesses", "set", *about, *INCLUDED])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


class Machines(Processes):
    """A relay and its witnesses, each with a folder and a file of its own."""

    def __init__(self, folder, made):
        super().__init__(WITHIN_S)
        self.folder, self.town, self.sent = folder, made, 0
        self.ports = {one: free_port() for one in WITNESSES}
        self.numbers = {one.device: one.id for one in channels(made.ledger())}
        column = {"column": "litres", "device": "MAIN", "parameter": "volume", "of": "register"}
        mapping = {
            "title": "main",
            "time": {"form": "unix_s", "column": "at"},
            "channels": [{**column, "unit": "L"}],
        }
        asked = [{"url": f"http://127.0.0.1:{port}"} for port in self.ports.values()]
        for name in ("relay", *WITNESSES):
            here = folder / name
            here.mkdir()
            (here / "rows.csv").write_text("at,litres\n", encoding="utf-8")
            (here / "main.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
            config = {
                "journal": "journal",
                "poll_s": 0.5,
                "sources": [{"file": "rows.csv", "mapping": "main.yaml"}],
            }
            as_whom = {"account": name, "port": self.ports.get(name, 0)}
            more = {"witnesses": asked} if name == "relay" else {"witness": as_whom}
            (here / "waterline.toml").write_text(tomli_w.dumps(config | more), encoding="utf-8")

    def start(self, *names):
        for name in names:
            verb = "run" if name == "relay" else "witness"
            self.begin(name, [BIN, "oracle", verb, "-c", self.folder / name / "waterline.toml"])
        for name in names:
            self.until_said("oracle runs" if name == "relay" else "witness listens", name)

    def log(self, name):
        return self.folder / name / "log"

    def kill(self, name):
        self.end(name)
        os.replace(self.log(name), self.folder / name / "log.before")

    def publish(self, count, **other):
        """Rows for everybody; `other` litres more for a witness by its name, in the first.

        Witnesses that run take theirs in before the relay has any: whoever is asked can answer.
        """
        first, self.sent = self.sent + 1, self.sent + count
        for name in WITNESSES:
            self._write(name, first, other.get(name.replace("-", "_"), 0))
        heard = [name for name in WITNESSES if name in self.running]
        self.until(lambda: all(self.taken_in(name) == self.sent for name in heard))
        self._write("relay", first, 0)

    def _write(self, name, first, more):
        with (self.folder / name / "rows.csv").open("a", encoding="utf-8") as file:
            for place in range(first, self.sent + 1):
                litres = 10 * place + (more if place == first else 0)
                file.write(f"{self.town.opened_at + STEP_S * place},{litres}\n")

    def recorded(self):
        return on_chain(self.town.ledger()).total()

    def all_recorded(self):
        return self.recorded() == self.sent

    def taken_in(self, name="relay"):
        store = Store(self.folder / name / "journal", writing=False)
        try:
            return store.db.execute("SELECT sum(accepted) FROM channel").fetchone()[0]
        finally:
            store.close()

    def dissents(self):
        words = [BIN, "lane", "dissents", "QuotaTracker", "1", "--json"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=WITHIN_S, check=True)
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def machines(tmp_path_factory, towns):
    folder = tmp_path_factory.mktemp("witnesses")
    with towns() as made:
        # in a child, as the town itself: another town is forked off this process later
        finished(lambda: found(folder), folder / "found.log", WITHIN_S)
        started = Machines(folder, made)
        try:
            yield started
        finally:
            started.stop()


def test_a_lane_of_two_of_three_goes_on_with_two_waits_with_one_and_goes_on_again(machines):
    machines.start(*WITNESSES, "relay")
    machines.publish(5)
    machines.until(machines.all_recorded)

    machines.kill("witness-3")
    machines.publish(5)
    machines.until(machines.all_recorded)

    machines.kill("witness-2")
    machines.publish(5)
    machines.until(lambda: "waits for witnesses" in machines.said("relay"))
    machines.until(lambda: machines.taken_in() == 15)
    assert machines.recorded() == 10

    machines.start("witness-2")
    machines.until(machines.all_recorded)
    assert machines.dissents() == []


def test_a_witness_with_another_reading_is_heard_on_chain_and_the_batch_settles(machines):
    assert "witness-3" not in machines.running, "the test before this one killed it"
    machines.start("witness-3")
    machines.publish(5, witness_3=1)

    machines.until(machines.all_recorded)
    machines.until(lambda: "dissent is on record" in machines.said("witness-3"))

    (one,) = machines.dissents()
    assert (one["contract"], one["lane"], one["by"]) == ("QuotaTracker", 1, "witness-3")
