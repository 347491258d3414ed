"""Checks across channels of an oracle at work, what its pages show of them, and the commands."""

import json
import time
from urllib.request import urlopen

import pytest

from ledger.errors import BadRecord, NotFound
from oracle import config
from oracle.health import Health, HealthServer
from oracle.inputs import Input
from oracle.mapping import load
from oracle.warnings.troubles import Troubles
from scripts import _oracle
from tests.chain.warned import HIGH, QUIET, STARTS, STEP_S
from tests.contracts.suite import DAY_S, T0
from tests.unit.commands import called
from tests.unit.oracle_rows import written

WINDOW_S = 3_600


def meters(place, *series):
    """Meters with a register each five minutes; each series is litres a step."""
    devices = []
    place.town.chain.tester.enable_auto_mine_transactions()
    if not place.town.suite.quota_tracker.lane_count():
        place.town.lane()
    for n, steps in enumerate(series):
        device = place.town.meter()
        rows, register = [], 100
        for step, litres in enumerate(steps, 1):
            register += litres
            rows.append((T0 + STEP_S * step, register))
        devices.append(device)
        one = place.town.file(f"meter{n}", device, rows)
        place.extra = [*getattr(place, "extra", []), one]
    place.town.chain.tester.disable_auto_mine_transactions()
    return [{"device": device, "parameter": "volume"} for device in devices]


def balanced(place, left, right):
    about = {"title": "in and out", "left": left, "right": right}
    checks = {"balances": [{**about, "window": WINDOW_S, "tolerance_permille": 50}]}
    place.start(checks)
    for one in place.extra:
        for _ in place.oracle.read(one, growing=False):
            pass
    place.running.tick()
    place.running.tick()
    return [one for one in place.warnings if one["kind"] == "balance"]


HOURS = 4 * 12


def test_meters_whose_volumes_agree_warn_nobody(place):
    inlet, *outlets = meters(place, [100] * HOURS, [60] * HOURS, [36] * HOURS)

    assert balanced(place, [inlet], outlets) == []


def test_a_difference_beyond_the_tolerance_is_told_once(place):
    inlet, *outlets = meters(place, [100] * HOURS, [60] * HOURS, [34] * HOURS)

    (warning,) = balanced(place, [inlet], outlets)

    assert warning["text"].startswith("in and out: the two sides differ by 60 per mille over 1 h")
    assert warning["state"] == "own"


def test_a_balance_of_different_things_or_of_nothing_enrolled_is_refused(place):
    (meter,) = meters(place, [1])
    gauge = {"device": place.device, "parameter": "cod"}

    with pytest.raises(BadRecord, match="compares different things"):
        balanced(place, [meter], [gauge])
    with pytest.raises(BadRecord, match="names a channel twice"):
        balanced(place, [meter], [meter])
    with pytest.raises(NotFound, match="which nobody enrolled"):
        balanced(place, [meter], [{"device": "DEV-99", "parameter": "volume"}])


def test_a_value_that_stands_is_told_once_and_over_after_readings_that_move(place):
    shape = json.loads(place.input.mapping.model_dump_json())
    shape["channels"][0]["stuck_after"] = 3
    place.input = Input(place.path, load(written(place.town.folder / "s.yaml", shape)))
    place.start({"flags": ["stuck"]})

    place.reads(*[QUIET] * 6)
    (warning,) = place.warnings
    assert (warning["kind"], warning["ended_at"]) == ("stuck", None)
    place.reads("41", "42")
    assert place.warnings[0]["ended_at"] is None
    place.reads("43")

    assert place.warnings[0]["ended_at"] is not None


def test_stamps_far_from_their_arrival_are_told_in_both_directions(place):
    place.start({"clock": {"ahead": 60, "behind": 600}})
    place.now = float(STARTS + STEP_S - 400)
    place.reads(QUIET)
    assert [one["kind"] for one in place.warnings] == ["clock ahead"]

    place.now = float(STARTS + 2 * STEP_S + 601)
    place.reads(QUIET)

    assert [one["kind"] for one in place.warnings] == ["clock ahead", "clock behind"]
    assert place.warnings[0]["ended_at"] is not None


def test_rows_that_did_not_come_are_told_by_their_number(place):
    shape = json.loads(place.input.mapping.model_dump_json())
    shape["sequence"] = {"column": "n"}
    place.path.write_text("at,cod,n\n", encoding="utf-8")
    place.input = Input(place.path, load(written(place.town.folder / "n.yaml", shape)))

    place.reads("40,7", "41,8", "42,9")
    assert place.warnings == []
    place.reads("43,12")

    (warning,) = place.warnings
    assert warning["text"] == "outfall/outfall.csv: 2 of its rows did not come, the last before 12"


def test_pages_show_warnings_and_jobs(place):
    place.reads(HIGH, HIGH)
    health = Health(place.oracle.journal.place, lambda: place.now, place.jobs)
    server = HealthServer(health, "127.0.0.1", 0)
    root = f"http://127.0.0.1:{server.open()}"
    try:
        text = urlopen(f"{root}/metrics", timeout=5).read().decode()
        lines = urlopen(f"{root}/warnings?after=0", timeout=5).read().decode().splitlines()
        none = urlopen(f"{root}/warnings?after=1", timeout=5).read()
        assert 'waterline_warnings{state="provisional"} 1.0' in text
        assert "waterline_letters_due 1.0" in text
        assert 'waterline_job_age_seconds{job="delivery"} 0.0' in text
        assert json.loads(lines[0])["text"] == "DEV-1 cod: at 62 mg/L, above 50 mg/L"
        assert none == b""
        assert health.hangs() == ""
        place.now += DAY_S
        health.beat()
        assert "the sending of warnings" in health.hangs()
    finally:
        server.close()


def test_commands_list_and_take_note_while_the_oracle_runs(place):
    place.reads(HIGH, HIGH)
    journal = ("--journal", place.oracle.journal.place)
    home = place.town.folder

    listed = called("oracle", "warnings", *journal, home=home)
    noted = called("oracle", "acknowledge", 1, "--note", "valve closed", *journal, home=home)
    document = called("oracle", "warnings", "--json", *journal, home=home)
    later = called("oracle", "warnings", "--after", 1, "--json", *journal, home=home)
    place.sends()

    assert "DEV-1 cod: at 62 mg/L, above 50 mg/L" in listed.out
    assert noted.out == "1 noted: valve closed\n"
    assert json.loads(document.out)[0]["note"] == "valve closed"
    assert json.loads(later.out) == []
    assert place.server.taken == []


def test_a_warning_that_is_not_there_cannot_be_noted(place):
    journal = ("--journal", place.oracle.journal.place)

    said = called("oracle", "acknowledge", 9, "--note", "x", *journal, home=place.town.folder)

    assert (said.exit_code, "no warning 9" in said.err) == (3, True)


def test_a_configuration_file_is_all_that_a_running_oracle_needs_to_warn(place):
    out = place.town.folder / "told"
    shape = {
        "sources": [{"file": "outfall.csv", "mapping": "outfall.yaml"}],
        "checks": {"silence": {"cadences": 3}},
        "warnings": {
            "recipients": {"sms": {"command": ["/usr/bin/tee", str(out)]}},
            "ladders": [{"rungs": [{"to": ["sms"]}]}],
            "late_after": "36500 d",
        },
    }
    wanted = config.load(written(place.town.folder / "waterline.toml", shape))
    tell = lambda event, **keys: place.town.told.append((event, keys))  # noqa: E731

    with _oracle.warning(place.oracle, wanted, tell, Troubles(time.time)) as jobs:
        place.running = place.oracle.watching
        place.reads(HIGH, HIGH)
        for _ in range(100):
            if any(event == "warning sent" for event, _ in place.town.told):
                break
            time.sleep(0.1)

    assert jobs.silent() == {}
    assert "DEV-1 cod: at 62 mg/L, above 50 mg/L" in out.read_text(encoding="utf-8")
