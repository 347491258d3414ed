"""A town founded once; each file's tests have a copy of it, on a chain of its own."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from bench.crash import Town
from devnet import Devnet
from scripts._crash import standing, town
from scripts._demo import own_home, own_password
from scripts._shared import home

CONFIRMATIONS, PERIOD_S = 6, 1  # of a chain of three signers
ROWS = 20_000  # that can be fed, at the most
MORE = ("witness-1", "witness-2", "witness-3", "supervisor-1")  # funded, without an office


@pytest.fixture(scope="session")
def _founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of a town whose chain rests, and when its channels were opened."""
    folder = tmp_path_factory.mktemp("founded") / "town"
    with town(ROWS, print, MORE) as (made, net):
        chain = made.ledger().chain
        final_at = chain.head().number + CONFIRMATIONS
        while chain.head().number < final_at:  # else a copy may begin on a branch without all of it
            time.sleep(PERIOD_S)
        net.down()
        shutil.copytree(home().parent, folder)
    return folder, made.opened_at


@pytest.fixture(scope="session")
def towns(
    _founded: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], AbstractContextManager[Town]]:
    """Makes a town with lanes and devices, and nothing fed yet; its chain ends with the context."""
    founded, opened_at = _founded

    @contextmanager
    def copied() -> Iterator[Town]:
        folder = tmp_path_factory.mktemp("town") / "copy"
        shutil.copytree(founded, folder)
        with own_home(folder / "state"):
            own_password()
            net = Devnet(home() / "devnet")
            try:
                rpc_url = net.up(accounts_dir=home() / "ape" / "accounts").rpc_url
                yield standing(folder, net, rpc_url, opened_at)
            finally:
                net.reset()

    return copied
