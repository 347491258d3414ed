"""A town of its own for each test, on one deployment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._shared import Session
from tests.chain.broker import Mosquitto
from tests.chain.london import London, city
from tests.chain.town import Town, build
from tests.chain.warned import Place
from tests.chain.witnessed import Witnessed
from tests.contracts.suite import Suite
from tests.unit.mailing import MailServer


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town whose blocks are sealed by hand."""
    built = build(tmp_path)
    tester = built.chain.tester
    numbers, before = dict(built.suite.numbers), tester.take_snapshot()
    answers = dict(built.node.answers)
    yield built
    for journal in built.journals:
        journal.close()
    tester.pool.clear()
    tester.enable_auto_mine_transactions()
    tester.revert_to_snapshot(before)
    built.suite.numbers.clear()
    built.suite.numbers.update(numbers)
    built.node.answers.clear()
    built.node.answers.update(answers)


@pytest.fixture(scope="session")
def _deployed() -> tuple[London, Suite]:
    return city()


@pytest.fixture(scope="module")
def furnished(_deployed: tuple[London, Suite]) -> Iterator[tuple[London, Suite]]:
    """The London machine with everything deployed and furnished, as it is before any test."""
    chain, suite = _deployed
    before, numbers = chain.tester.take_snapshot(), dict(suite.numbers)
    written = set(chain.written)
    yield chain, suite
    chain.tester.revert_to_snapshot(before)
    chain.written = written
    suite.numbers.clear()
    suite.numbers.update(numbers)


@pytest.fixture
def here(town: Town, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A command's session on that town's chain, its days those of UTC."""
    monkeypatch.setenv("WATERLINE_TIMEZONE", "UTC")
    session = Session()
    session.chain, session.ledger = town.ledger.chain, town.ledger
    return session


@pytest.fixture
def place(town: Town) -> Iterator[Place]:
    """A gauge of that town, watched by an oracle whose mail goes to a real server."""
    server = MailServer()
    server.port = server.open()
    made = Place(town, server)
    made.start()
    yield made
    server.close()


@pytest.fixture
def witnessed(town: Town) -> Iterator[Witnessed]:
    """A town whose lane has three witnesses and needs two."""
    made = Witnessed(town)
    yield made
    for side in made.sides:
        side.close()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker, which is there and takes what is published."""
    started = Mosquitto(tmp_path)
    started.start()
    yield started
    started.stop()
