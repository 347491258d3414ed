"""A tiny share of a large city's day on a real chain: all of it is settled, and counted right."""

import json
import os
import signal
import subprocess
import time

import pytest

from tests.system.small_city import BIN, environment

pytestmark = pytest.mark.chain
SHARE = "0.0001"
POINTS = 16  # at least: one of each sort
KEYS = {
    *("readings", "seconds", "readings_per_s", "gas_per_reading", "channels", "blocks", "cpu_s"),
    *("peak_rss_mb", "journal_bytes_per_reading", "baselines", "ratio"),
}


@pytest.mark.soak  # a run of as many homes, by the same bench's commands, is test_city_simulated.py
def test_a_tiny_share_of_the_city_is_settled_to_the_last_reading(tmp_path):
    words = (BIN, "bench", "city", "--share", SHARE, "--city", tmp_path / "city", "--json")

    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=540)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) >= KEYS
    assert set(found["cpu_s"]) == {"oracle", "nodes"}
    assert set(found["baselines"]) == {"naive_wait", "naive_pipelined", "encode_abi"}
    assert found["made"] == found["accepted"] == found["readings"] > 0
    assert found["household_readings"] == 24 * found["households"] == 24 * 500
    assert found["proved_households"] == 1
    assert found["sampled_channels"] == found["channels"] > POINTS
    assert found["peak_rss_mb"] < 500
    assert_kept_for_this_share_alone(tmp_path / "city")


def assert_kept_for_this_share_alone(city):
    """What was enrolled is used again for the same share only."""
    assert json.loads((city / "prepared.json").read_text())["enrolled"]["channels"] > POINTS
    words = (BIN, "bench", "city", "--share", "0.0002", "--city", city)

    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=60)

    assert done.returncode != 0
    assert f"holds a share of {SHARE} of the city" in done.stderr


def test_a_stopped_run_leaves_no_process_behind(tmp_path):
    words = (BIN, "bench", "city", "--share", SHARE)
    about = {**environment(), "TMPDIR": str(tmp_path)}
    begun = subprocess.Popen(words, env=about, stderr=subprocess.PIPE, text=True)
    for line in begun.stderr:
        if "putting the contracts" in line:
            break

    begun.send_signal(signal.SIGTERM)

    begun.communicate(timeout=120)
    assert begun.returncode == 143
    assert not list(tmp_path.glob("waterline-city-*"))
    assert not _running(str(tmp_path))


def _running(folder: str) -> list[str]:
    """The processes that name a folder, given a moment to end."""
    until = time.monotonic() + 20
    while found := [one for one in _commands() if folder in one]:
        if time.monotonic() > until:
            return found
        time.sleep(0.1)
    return []


def _commands() -> list[str]:
    found = []
    for number in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline", encoding="utf-8") as file:
                found.append(file.read())
        except OSError:
            continue
    return found
