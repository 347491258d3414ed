"""A sample of kills on a real chain: every reading is on it exactly once. `make soak` runs more."""

import json
import subprocess

import pytest

from tests.system.small_city import BIN, environment

pytestmark = pytest.mark.chain
KILLS = 6
POINTS = 4


def test_the_oracle_is_killed_wherever_it_stands_and_nothing_is_lost_or_doubled():
    words = (BIN, "bench", "crash", "--kills", str(KILLS), "--json")

    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=540)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] == KILLS
    assert found["lost"] == found["duplicated"] == 0
    assert found["accepted"] == found["on_chain"] > 0
    met = {name for name, kills in found["points"].items() if kills and name != "random"}
    assert len(met) >= POINTS
