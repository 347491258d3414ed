"""`ape run NOUN VERB` and `waterline NOUN VERB` are the same commands from the same files."""

import os
import subprocess

import pytest

from scripts._main import nouns
from scripts._shared import PROJECT

BIN = PROJECT / ".venv" / "bin"
PROGRAMS = (("waterline",), ("ape", "run"))


@pytest.fixture
def said(tmp_path):
    """What a command prints, and its exit code, in a state folder of its own."""

    def run(*words):
        own = {k: v for k, v in os.environ.items() if not k.startswith("WATERLINE_")}
        folders = {"WATERLINE_HOME": str(tmp_path), "APE_DATA_FOLDER": str(tmp_path / "ape")}
        path = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}
        done = subprocess.run(
            [str(BIN / words[0]), *words[1:]],
            cwd=PROJECT, env={**own, **folders, **path}, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout, done.returncode

    return run


def test_ape_offers_every_noun(said):
    offered, code = said("ape", "run", "--help")

    listed = {line.split()[0] for line in offered.splitlines() if line.startswith("  ")}
    assert code == 0
    assert set(nouns()) - listed == set()


def test_a_command_has_the_same_options_under_both(said):
    ours, _ = said("waterline", "permit", "issue", "--help")
    apes, _ = said("ape", "run", "permit", "issue", "--help")

    assert apes.split("\n", 1)[1] == ours.split("\n", 1)[1]


def test_a_failure_leaves_with_the_same_exit_code_under_both(said):
    codes = [said(*program, "devnet", "status", "--json")[1] for program in PROGRAMS]

    assert codes == [3, 3]
