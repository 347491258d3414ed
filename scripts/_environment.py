"""The variables that ape, its compiler and the hashing need; `env.sh` says the same for a shell."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The state folder: keystores, the chain, the deployment record and the oracle's journals."""
    return Path(environ.get("WATERLINE_HOME") or PROJECT / ".waterline").expanduser().resolve()


def variables(environ: Mapping[str, str], programs: Path) -> dict[str, str]:
    """What to set, given what is set and the folder of the interpreter's programs."""
    state, cache = home(environ), PROJECT / ".cache"
    found = {
        "WATERLINE_HOME": str(state),
        "APE_DATA_FOLDER": str(state / "ape"),  # ape's accounts live in it
        "XDG_CACHE_HOME": str(cache),
        "VVM_BINARY_PATH": str(cache / "vvm"),
        "PATH": _first(str(programs), environ.get("PATH", os.defpath)),  # vyper is looked up there
    }
    if sys.platform == "linux":
        found["ETH_HASH_BACKEND"] = "pysha3"  # installed on Linux only, where it has wheels
    return found


def prepare() -> None:
    """Set the variables in this process and make the folders that must exist before ape starts."""
    programs = Path(sys.executable).parent
    os.environ.update(variables(os.environ, programs))
    for name in ("APE_DATA_FOLDER", "VVM_BINARY_PATH"):
        Path(os.environ[name]).mkdir(parents=True, exist_ok=True)


def _first(folder: str, path: str) -> str:
    others = [entry for entry in path.split(os.pathsep) if entry != folder]
    return os.pathsep.join([folder, *others])
