"""Oracles that share two lanes on a real chain and a real bus: killed, slept, and nothing lost."""

import os
import shutil
import signal

import pytest
import tomli_w
import yaml

from bench.tally import STEP_S, on_chain
from ledger.devices import channels
from tests.chain.nats import USER
from tests.system.processes import Processes, behind_a_bus
from tests.system.small_city import BIN

pytestmark = pytest.mark.chain
TTL_S = 8
WITHIN_S = 300
LANES = {"MAIN": ("QuotaTracker", 1), "OUTFALL": ("DischargeVolumes", 3)}


class Oracles(Processes):
    """Processes of `oracle run` on folders that stand for machines."""

    journal = "journal"
    homes: tuple[str, ...] = ()  # mappings of households

    def __init__(self, folder, made, cluster):
        super().__init__(WITHIN_S)
        self.folder, self.town, self.cluster = folder, made, cluster
        self.sent = dict.fromkeys(LANES, 0)
        self.numbers = {one.device: one.id for one in channels(made.ledger())}

    def start(self, machine, device):
        here = self.folder / machine / device
        here.mkdir(parents=True, exist_ok=True)
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
            "subjects": ["town.>", "homes.>"],
            "lane_subjects": [f"town.{device}", f"homes.{device}"],
            "durable": device,
            "replicas": 3,
            "username": USER,
            "password_file": str(self.cluster.password_file),
            "lease": {"contract": contract, "relay_group": group, "ttl_s": TTL_S},
            "mappings": ["mapping.yaml"],
            "households": list(self.homes),
        }
        config = {"journal": self.journal, "poll_s": 0.5, "bus": bus}
        (here / "waterline.toml").write_text(tomli_w.dumps(config), encoding="utf-8")
        self.begin((machine, device), [BIN, "oracle", "run", "-c", here / "waterline.toml"])

    def log(self, key):
        return self.folder.joinpath(*key, "log")

    def until_said(self, text, machine, device, times=1):
        super().until_said(text, (machine, device), times)

    def kill(self, machine, device, how=signal.SIGKILL):
        self.end((machine, device), how)

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
def oracles(tmp_path_factory, towns):
    with behind_a_bus(tmp_path_factory.mktemp("machines"), towns, Oracles) as started:
        yield started


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
