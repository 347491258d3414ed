"""A sample of kills on a real chain: every reading is on it exactly once. `make soak` runs more."""

import json
import subprocess

import pytest

from bench.senders import FILES, MIXED
from tests.chain.broker import paths
from tests.system.small_city import BIN, environment

pytestmark = pytest.mark.chain
KILLS = 6
POINTS = 4


@pytest.mark.parametrize("source", [FILES, pytest.param(MIXED, marks=pytest.mark.soak)])
def test_the_oracle_is_killed_wherever_it_stands_and_nothing_is_lost_or_doubled(source):
    words = (BIN, "bench", "crash", "--kills", str(KILLS), "--source", source, "--json")
    where = environment() | (paths() if source == MIXED else {})

    done = subprocess.run(words, env=where, capture_output=True, text=True, timeout=540)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] == KILLS
    assert found["lost"] == found["duplicated"] == 0
    assert found["accepted"] == found["on_chain"] > 0
    met = {name for name, kills in found["points"].items() if kills and name != "random"}
    assert len(met) >= POINTS
