"""`bench relay` in small: every figure is there, and both sides gave the same."""

import json
import subprocess

import pytest

from tests.system.small_city import BIN, environment

pytestmark = pytest.mark.chain
POINTS = ("event", "settled", "empty_event", "empty_settled")


@pytest.mark.parametrize("samples", [0, pytest.param(2, marks=pytest.mark.soak)])
def test_both_sides_of_every_figure_give_the_same_and_all_figures_are_told(samples):
    words = (BIN, "bench", "relay", "--rounds", "2", "--samples", str(samples), "--json")

    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=540)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["id"] for one in found["sides"]] == [*["P6", "P6s"] * 3, "P9", "P10"]
    for one in found["sides"]:
        assert set(one) >= {"ours", "theirs", "ratio", "cpu_ratio", "target", "met", "channels"}
        assert one["equal"] in {"calldata", "root", "readings on the disk"}
    if not samples:
        assert found["latency"] is None
        return
    latency = found["latency"]
    assert (latency["samples"], set(latency) >= set(POINTS)) == (samples, True)
    assert all(latency[name]["p50"] > 0 for name in POINTS)
