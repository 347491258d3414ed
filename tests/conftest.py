"""What every test run shares: the environment, hypothesis profiles, and no chain but our own."""

import os
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

PROJECT = Path(__file__).resolve().parent.parent

# shrinking a failing sequence can take minutes, so only a person at a terminal asks for it
_UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
_SLOW_START = [HealthCheck.too_slow]

settings.register_profile(
    "check",
    deadline=None,
    derandomize=True,  # the same verdict for the same commit; `make soak` searches at random
    phases=_UNSHRUNK,
    suppress_health_check=_SLOW_START,
    database=None,
)
settings.register_profile(
    "soak",
    deadline=None,
    max_examples=2_400,  # 164,640 model steps with the walks of tests/stateful
    stateful_step_count=100,
    phases=_UNSHRUNK,
    suppress_health_check=_SLOW_START,
    print_blob=True,
)
settings.register_profile("shrink", deadline=None, suppress_health_check=_SLOW_START)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))

# a bare `pytest` must not touch the operator's keystores, chain or journals either
os.environ.setdefault("WATERLINE_HOME", str(PROJECT / ".cache" / "trial"))
os.environ.setdefault("APE_DATA_FOLDER", str(PROJECT / ".cache" / "trial" / "ape"))
os.environ.setdefault("XDG_CACHE_HOME", str(PROJECT / ".cache"))


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL, started once where a test needs it."""
    from tests.chain.postgres import Postgres

    made = Postgres()
    try:
        made.start()
        yield made
    finally:
        made.remove()


_SCHEMAS = count(1)


@pytest.fixture
def shared(postgres):
    """A place for a journal on a server, with nothing there yet."""
    return postgres.journal(f"journal_{next(_SCHEMAS)}")


@pytest.fixture(params=["folder", "server"])
def where(request, tmp_path):
    """A place for a journal: a folder, then a schema of a PostgreSQL."""
    if request.param == "folder":
        return tmp_path / "journal"
    return request.getfixturevalue("shared")
