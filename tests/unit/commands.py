"""Running `waterline` in this process, or as a person does."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from scripts._main import cli
from tests.conftest import PROJECT

PROGRAM = Path(sys.executable).parent / "waterline"
NOWHERE = "http://127.0.0.1:9"  # the port of discard, where nothing listens any more
PERMIT = {
    "--kind": "abstraction",
    "--station": "INT-1",
    "--annual": "300000 m3",
    "--peak": "378 m3/h",
    "--from": "2026-01-01",
    "--until": "2031-01-01",
}


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said where."""

    exit_code: int
    out: str
    err: str

    @property
    def error(self) -> dict[str, Any]:
        """The failure as programs read it."""
        found: dict[str, Any] = json.loads(self.out)["error"]
        return found


def apply(**changed: str) -> list[str]:
    """Arguments of an application for a permit."""
    given = PERMIT | {f"--{name}": text for name, text in changed.items()}
    return ["permit", "apply", *(part for pair in given.items() for part in pair)]


def called(*arguments: object, home: Path, **environment: str) -> Said:
    """Run a command in this process, its state in `home`."""
    variables = {"WATERLINE_HOME": str(home), **environment}
    runner = CliRunner(mix_stderr=False)
    asked = [str(one) for one in arguments]
    left = runner.invoke(cli, asked, prog_name="waterline", env=variables)
    if left.exception and not isinstance(left.exception, SystemExit):
        raise left.exception
    return Said(left.exit_code, left.stdout, left.stderr)


def typed(*arguments: object, home: Path, **environment: str) -> Said:
    """Run the installed program, its state in `home`."""
    left = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        env={**clean(os.environ), "WATERLINE_HOME": str(home), **environment},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    return Said(left.returncode, left.stdout, left.stderr)


def python(source: str, *arguments: str) -> str:
    """What a fresh interpreter prints for a piece of code."""
    left = subprocess.run(
        [sys.executable, "-c", source, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return left.stdout


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what names a chain, an account or a state folder."""
    return {key: text for key, text in environ.items() if not key.startswith("WATERLINE_")}
