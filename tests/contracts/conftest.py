"""One deployment of the whole suite; each test runs on its own snapshot of it."""

from collections.abc import Iterator

import boa
import pytest

from tests.contracts.suite import Suite, deploy


@pytest.fixture(scope="session")
def deployed() -> Suite:
    return deploy()


@pytest.fixture
def suite(deployed: Suite) -> Iterator[Suite]:
    """The suite as deployed, whatever the test before did to it."""
    with boa.env.anchor():
        yield deployed
