"""The same deployment that the contract tests use; how far the models walked is told at the end."""

import pytest

from tests.contracts.suite import Suite, deploy
from tests.stateful.walking import STEPS


@pytest.fixture(scope="session")
def deployed() -> Suite:
    return deploy()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if STEPS:
        told = ", ".join(f"{name} {steps:,}" for name, steps in sorted(STEPS.items()))
        terminalreporter.write_line(f"model steps: {STEPS.total():,} ({told})")
