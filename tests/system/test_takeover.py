"""Oracles that share two lanes on a real chain and a real bus: killed, slept, and nothing lost."""

import os
import shutil
import signal
import subprocess
import time

import pytest
import tomli_w
import yaml

from bench.tally import STEP_S, on_chain
from ledger.devices import channels
from scripts._crash import town
from tests.chain.nats import USER, Cluster
from tests.system.small_city import BIN

pytestmark = pytest.mark.chain
TTL_S = 8
WITHIN_S = 300
LANES = {"MAIN": ("QuotaTracker", 1), "OUTFALL": ("DischargeVolumes", 3)}


class Oracles:
    """Processes of `oracle run` on folders that stand for machines."""

    journal = "journal"

    def __init__(self, folder, made, cluster):
        self.folder, self.town, self.cluster = folder, made, cluster
        self.running, self.sent = {}, dict.fromkeys(LANES, 0)
        self.numbers = {one.device: one.id for one in channels(made.ledger())}

    def start(self, machine, device):
        here = self.folder / machine / device
        here.mkdir(parents=True)
        contract, group = LANES[device]
        column = {"column": "litres", "device": device, "parameter": "volume", "of": "register"}
        mapping = {
            "title": device,
            "files": [f"town/{device}"],
            "time": {"form": "unix_s", "column": "at"},
            "channels": [{**column, "unit": "L"}],
        }
        (here / "mapping.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        bus = {
            "servers": self.cluster.urls,
            "stream": "TOWN",
            "subjects": ["town.>"],
            "lane_subjects": [f"town.{device}"],
            "durable": device,
            "replicas": 3,
            "username": USER,
            "password_file": str(self.cluster.password_file),
            "lease": {"contract": contract, "relay_group": group, "ttl_s": TTL_S},
            "mappings": ["mapping.yaml"],
        }
        config = {"journal": self.journal, "poll_s": 0.5, "bus": bus}
        (here / "waterline.toml").write_text(tomli_w.dumps(config), encoding="utf-8")
        with (here / "log").open("wb") as log:
            words = [BIN, "oracle", "run", "-c", here / "waterline.toml"]
            self.running[machine, device] = subprocess.Popen(
                words, stdout=log, stderr=subprocess.STDOUT
            )

    def said(self, machine, device):
        return (self.folder / machine / device / "log").read_text(encoding="utf-8")

    def until_said(self, text, machine, device, times=1):
        self.until(lambda: self.said(machine, device).count(text) >= times)

    def until(self, reached):
        until = time.monotonic() + WITHIN_S
        while not reached():
            gone = [one for one, process in self.running.items() if process.poll() is not None]
            logs = "\n".join(f"{one}: {self.said(*one)[-2000:]}" for one in self.running)
            assert not gone and time.monotonic() < until, f"ended: {gone}\n{logs}"
            time.sleep(0.2)

    def kill(self, machine, device, how=signal.SIGKILL):
        process = self.running.pop((machine, device))
        process.send_signal(how)
        process.wait(60)

    def stop(self):
        for process in self.running.values():
            process.kill()
            process.wait()

    def publish(self, device, count):
        for _ in range(count):
            self.sent[device] += 1
            at = self.town.opened_at + STEP_S * self.sent[device]
            payload = f'{{"at": {at}, "litres": {10 * self.sent[device]}}}'.encode()
            self.cluster.publish(f"town.{device}", payload)

    def recorded(self, device):
        return sum(n for (one, _, _), n in self.chain().items() if one == self.numbers[device])

    def chain(self):
        return on_chain(self.town.ledger())

    def expected(self):
        return {
            (self.numbers[device], self.town.opened_at + STEP_S * n, 10 * n): 1
            for device, count in self.sent.items()
            for n in range(1, count + 1)
        }

    def all_recorded(self):
        return self.chain().total() >= len(self.expected())


@pytest.fixture(scope="module")
def oracles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("machines")
    cluster = Cluster(folder)
    cluster.start()
    try:
        with town(10_000, print) as (made, _):
            started = Oracles(folder, made, cluster)
            try:
                yield started
            finally:
                started.stop()
    finally:
        cluster.stop()


def test_a_killed_oracle_s_lane_is_taken_over_and_nothing_is_lost_or_doubled(oracles):
    oracles.start("a", "MAIN")
    oracles.start("b", "OUTFALL")
    oracles.until_said("lane is ours", "a", "MAIN")
    oracles.start("b", "MAIN")
    oracles.until_said("bus is there", "a", "MAIN")
    oracles.until_said("bus is there", "b", "OUTFALL")
    for device in LANES:
        oracles.publish(device, 30)
    oracles.until(lambda: oracles.recorded("MAIN") > 0)
    for device in LANES:
        oracles.publish(device, 20)

    oracles.kill("a", "MAIN")
    shutil.rmtree(oracles.folder / "a")
    oracles.cluster.kill(oracles.cluster.leader("TOWN"))
    for device in LANES:
        oracles.publish(device, 20)
    oracles.until_said("lane is ours", "b", "MAIN")
    oracles.until(oracles.all_recorded)

    assert dict(oracles.chain()) == oracles.expected()


def test_an_owner_that_slept_stands_down_and_the_lane_goes_on(oracles):
    assert ("b", "MAIN") in oracles.running, "the test before this one began it"
    oracles.start("c", "MAIN")
    oracles.until_said("waits for its lane", "c", "MAIN")
    oracles.publish("MAIN", 10)
    os.kill(oracles.running["b", "MAIN"].pid, signal.SIGSTOP)
    oracles.publish("MAIN", 10)
    oracles.until_said("lane is ours", "c", "MAIN")

    os.kill(oracles.running["b", "MAIN"].pid, signal.SIGCONT)
    oracles.publish("MAIN", 10)
    oracles.until_said("lane is another's", "b", "MAIN")
    oracles.until(oracles.all_recorded)

    assert dict(oracles.chain()) == oracles.expected()


def test_an_owner_that_is_told_to_leave_gives_its_lane_back_at_once(oracles):
    assert ("c", "MAIN") in oracles.running, "the test before this one began it"
    oracles.kill("c", "MAIN", signal.SIGTERM)
    oracles.publish("MAIN", 10)
    oracles.until_said("lane is ours", "b", "MAIN", times=2)
    oracles.until(oracles.all_recorded)

    assert dict(oracles.chain()) == oracles.expected()
