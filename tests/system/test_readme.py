"""The worked day of the README does what the README shows."""

import re
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scripts._shared import PROJECT
from tests.system import readme
from tests.system.small_city import environment

pytestmark = pytest.mark.chain
FIRST = ".venv/bin/waterline demo --keep"


@pytest.fixture(scope="module")
def day():
    """Every command of the worked day with its output, the demo's chain removed at the end."""
    own = environment()
    first, *rest = readme.commands()
    assert first.text == FIRST
    demo = subprocess.run(first.text.split(), cwd=PROJECT, env=own, capture_output=True, text=True)
    kept = re.search(r"export WATERLINE_HOME=(\S+)", demo.stderr)
    assert kept, demo.stderr
    home = Path(kept[1])
    yesterday = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    replaced = {"export WATERLINE_HOME=": kept[0], "day=": f"day={yesterday}"}
    try:
        run = subprocess.run(
            ["bash", "-c", readme.script(rest, replaced)],
            cwd=PROJECT, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        done = [(demo.stdout, demo.returncode), *readme.outputs(run.stdout)]
        yield list(zip(readme.commands(), done, strict=True))
    finally:
        clean = {**own, "WATERLINE_HOME": str(home)}
        subprocess.run([".venv/bin/waterline", "devnet", "reset"], cwd=PROJECT, env=clean)
        shutil.rmtree(home.parent, ignore_errors=True)


def test_every_command_succeeds(day):
    failed = [(c.text, output) for c, (output, code) in day if code != 0]

    assert failed == []


def test_every_line_shown_is_printed(day):
    lost = {c.text: readme.missing(c.shown, output) for c, (output, _) in day}

    assert {text: lines for text, lines in lost.items() if lines} == {}
