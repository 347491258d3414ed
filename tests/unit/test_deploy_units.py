"""The service units are ones that systemd reads, and give a process no more than it needs."""

import re
import shutil
import subprocess

import pytest
from click import Context

from scripts._main import cli
from tests.conftest import PROJECT
from tests.unit.test_docs_commands import unknown

UNITS = sorted((PROJECT / "deploy").glob("*.service"))
TIMERS = sorted((PROJECT / "deploy").glob("*.timer"))
ASKED = {
    **{"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes"},
    **{"PrivateTmp": "yes", "CapabilityBoundingSet": "", "Restart": "on-failure"},
    **{"KillSignal": "SIGTERM", "StateDirectoryMode": "0700", "UMask": "0077"},
}


def settings(unit):
    """What a unit sets; a line continues none here."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.endswith("\\")]
    return dict(re.findall(r"^(\w+)=(.*)$", "\n".join(lines), re.M))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_gives_no_more_than_is_needed(unit):
    told = settings(unit)

    assert {key: told.get(key) for key in ASKED} == ASKED
    assert told["User"] != "root"
    assert "StateDirectory" in told
    assert int(told["TimeoutStopSec"]) >= 60


@pytest.mark.parametrize(
    "unit", [u for u in UNITS if not u.with_suffix(".timer").exists()], ids=lambda unit: unit.name
)
def test_a_unit_without_a_timer_is_started_again_for_ever(unit):
    """A node that needs ten minutes after a reboot must find its oracle still trying."""
    told = settings(unit)

    assert told.get("StartLimitIntervalSec") == "0"
    assert int(told["RestartSec"]) >= 10
    assert "RestartSteps" not in told  # Debian 12 has systemd 252, which does not know it


@pytest.mark.parametrize("name", ["oracle", "upkeep"])
def test_a_command_exists_and_its_password_is_a_credential(name):
    (unit,) = [one for one in UNITS if name in one.name]
    told = settings(unit)
    program, *words = told["ExecStart"].split()

    assert program.endswith("/waterline")
    assert words[0] == name
    assert cli.get_command(Context(cli), words[0])
    assert unknown(words) == []
    assert told["LoadCredential"] == "password:/etc/waterline/%i/password"
    assert words[-2:] == ["--password-file", "${CREDENTIALS_DIRECTORY}/password"]


def test_upkeep_is_started_right_after_midnight_and_every_hour():
    (timer,) = TIMERS
    told = settings(timer)

    assert timer.with_suffix(".service") in UNITS
    assert (told["OnCalendar"], told["Persistent"]) == ("*-*-* *:05:00", "yes")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", [*UNITS, *TIMERS], ids=lambda unit: unit.name)
def test_systemd_reads_a_unit_without_complaint(unit, tmp_path):
    """Programs that are not installed here stand in for those that will be there."""
    text = re.sub(r"^(Exec\w+)=\S+", r"\1=/bin/true", unit.read_text(encoding="utf-8"), flags=re.M)
    name = unit.name.replace("@.", "@works.")
    (tmp_path / name).write_text(text, encoding="utf-8")
    if unit in TIMERS:
        started = "[Service]\nExecStart=/bin/true\n"
        (tmp_path / name).with_suffix(".service").write_text(started, encoding="utf-8")

    words = ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)]
    told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    about = [line for line in told.stderr.splitlines() if name in line]
    assert (told.returncode, about) == (0, [])
