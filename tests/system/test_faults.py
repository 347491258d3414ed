"""A sample of `bench faults` on a real chain: whatever is done, every reading is on it once."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.system.small_city import BIN, environment

pytestmark = pytest.mark.chain
FAULTS = 300
NETWORK, STALL = ("--only", "network"), ("--only", "stall")


# every run has a chain that stands still: test_devnet_stall.py, tests/unit/test_oracle_pulse.py
@pytest.mark.parametrize("more", [(), pytest.param(STALL, marks=pytest.mark.soak)])
def test_a_hostile_network_and_a_stalled_chain_neither_lose_nor_double_a_reading(more):
    words = (BIN, "bench", "faults", "--quick", "--json", *NETWORK, *more)

    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=540)

    assert done.returncode == 0, done.stdout + done.stderr
    network, *others = json.loads(done.stdout)
    assert len(others) == len(more) // 2
    for one in (network, *others):
        assert one["counts"]["lost"] == one["counts"]["duplicated"] == 0
        assert one["counts"]["accepted"] == one["counts"]["on_chain"] > 0
    assert network["counts"]["faults"] >= FAULTS
    assert len(network["counts"]["kinds"]) >= 10


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
