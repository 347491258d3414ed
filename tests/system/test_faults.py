"""A sample of `bench faults` on a real chain: whatever is done, every reading is on it once."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from bench.chaos import EXPERIMENTS, OF_FIVE
from bench.fuzz import FUZZ
from tests.system.small_city import BIN, environment

pytestmark = pytest.mark.chain
FAULTS = 300
MOST_S = 3_600
NETWORK = "network"


def sample(name, most_s):
    """What a sample of one experiment says."""
    words = (BIN, "bench", "faults", "--quick", "--json", "--only", name)
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=most_s)
    assert done.returncode == 0, done.stdout + done.stderr
    (one,) = json.loads(done.stdout)
    assert (one["name"], one["holds"]) == (name, True)
    return one["counts"]


@pytest.mark.timeout(640)
def test_a_hostile_network_neither_loses_nor_doubles_a_reading():
    counts = sample(NETWORK, 540)

    assert counts["lost"] == counts["duplicated"] == 0
    assert counts["accepted"] == counts["on_chain"] > 0
    assert counts["faults"] >= FAULTS
    assert len(counts["kinds"]) >= 10


# every run has a chain that stands still: test_devnet_stall.py, tests/unit/test_oracle_pulse.py
@pytest.mark.soak
@pytest.mark.timeout(MOST_S + 100)  # what is killed by a time limit leaves its chain behind
@pytest.mark.parametrize("name", [*EXPERIMENTS, *OF_FIVE, FUZZ])
def test_a_sample_of_each_experiment_holds(name):
    counts = sample(name, MOST_S)

    assert counts.get("lost", 0) == counts.get("duplicated", 0) == 0


def test_told_to_end_it_takes_its_chain_down(tmp_path):
    words = (BIN, "bench", "faults", "--quick", "--only", "network")
    began = subprocess.Popen(words, env=environment() | {"TMPDIR": str(tmp_path)})
    try:
        until = time.monotonic() + 120
        while not list(tmp_path.glob("waterline-bench-*/state/devnet/*/pid")):
            assert time.monotonic() < until and began.poll() is None
            time.sleep(0.1)
        began.send_signal(signal.SIGTERM)

        assert began.wait(120) != 0
    finally:
        began.kill()

    assert list(tmp_path.glob("waterline-bench-*")) == []
    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if _names(one, tmp_path)]


def _names(command_line: Path, folder: Path) -> bool:
    try:
        return os.fsencode(folder) in command_line.read_bytes()
    except OSError:
        return False
