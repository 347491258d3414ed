"""The same deployment that the contract tests use."""

import pytest

from tests.contracts.suite import Suite, deploy


@pytest.fixture(scope="session")
def deployed() -> Suite:
    return deploy()
