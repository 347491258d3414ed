"""The variables of `waterline` and of env.sh: the same ones, with the same values."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import _environment
from tests.conftest import PROJECT
from tests.unit.commands import python

PROGRAMS = PROJECT / ".venv" / "bin"
BARE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": os.environ.get("HOME", "/")}


def sourced(environ: dict[str, str], folder: Path = PROJECT) -> dict[str, str]:
    """The environment of a shell that has sourced env.sh."""
    script = f'. "{PROJECT}/env.sh"; env -0'
    left = subprocess.run(
        ["sh", "-c", script], env=environ, cwd=folder, capture_output=True, check=True
    )
    pairs = (entry.partition("=") for entry in left.stdout.decode().split("\0") if entry)
    return {name: text for name, _, text in pairs}


def set_by_shell(environ: dict[str, str]) -> dict[str, str]:
    """What env.sh sets or changes."""
    ours = {"PWD", "OLDPWD", "_", "SHLVL"}
    return {
        name: text
        for name, text in sourced(environ).items()
        if name not in ours and (environ.get(name) != text or name == "WATERLINE_HOME")
    }


def test_env_sh_and_the_program_set_the_same_variables(tmp_path):
    environ = BARE | {"WATERLINE_HOME": str(tmp_path)}

    assert set_by_shell(environ) == _environment.variables(environ, PROGRAMS)


def test_without_a_state_folder_both_take_the_one_of_the_project():
    found = _environment.variables(BARE, PROGRAMS)

    assert found["WATERLINE_HOME"] == str(PROJECT / ".waterline")
    text = (PROJECT / "env.sh").read_text(encoding="utf-8")
    assert 'WATERLINE_HOME="${WATERLINE_HOME:-$PWD/.waterline}"' in text


def test_sourcing_twice_changes_nothing(tmp_path):
    once = sourced(BARE | {"WATERLINE_HOME": str(tmp_path)})

    assert sourced(once)["PATH"] == once["PATH"]


def test_env_sh_elsewhere_says_so_and_sets_nothing(tmp_path):
    left = subprocess.run(
        ["sh", "-c", f'. "{PROJECT}/env.sh"; env'],
        env=BARE,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "source it in the project's folder" in left.stderr
    assert "APE_DATA_FOLDER" not in left.stdout


def test_the_programs_folder_comes_first_on_the_path_and_once():
    path = f"/usr/bin:{PROGRAMS}:/bin"

    found = _environment.variables({"PATH": path}, PROGRAMS)

    assert found["PATH"].split(os.pathsep) == [str(PROGRAMS), "/usr/bin", "/bin"]


def test_accounts_lie_in_the_state_folder(tmp_path):
    found = _environment.variables({"WATERLINE_HOME": str(tmp_path)}, PROGRAMS)

    assert found["APE_DATA_FOLDER"] == str(tmp_path / "ape")


@pytest.mark.skipif(sys.platform != "linux", reason="the C library has wheels for Linux only")
def test_hashing_is_done_by_the_c_library():
    assert _environment.variables({}, PROGRAMS)["ETH_HASH_BACKEND"] == "pysha3"


@pytest.mark.parametrize("text", ["~/water", "state", "./state/../state"])
def test_the_state_folder_is_one_absolute_place_however_it_is_written(text):
    found = _environment.home({"WATERLINE_HOME": text})

    assert found.is_absolute() and "~" not in found.parts and ".." not in found.parts


@pytest.mark.parametrize("environ", [{}, {"WATERLINE_HOME": ""}])
def test_no_state_folder_named_is_that_of_the_project(environ):
    assert _environment.home(environ) == PROJECT / ".waterline"


def test_preparing_makes_the_folders_that_ape_needs(tmp_path):
    source = """
import os, sys
os.environ["WATERLINE_HOME"] = sys.argv[1]
from scripts._environment import prepare
prepare()
print(os.environ["APE_DATA_FOLDER"], os.environ["PATH"].split(":")[0], sep="\\n")
"""
    folder, first = python(source, str(tmp_path / "new")).split("\n")[:2]

    assert Path(folder) == tmp_path / "new" / "ape"
    assert Path(folder).is_dir()
    assert Path(first) == Path(sys.executable).parent
