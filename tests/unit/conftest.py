"""What every unit test begins with."""

import sys

import pytest

FRAMES = 1_000  # Python's own limit


@pytest.fixture(autouse=True)
def _recursion_is_limited():
    """As in every command that hears others; whoever imports py-evm raises the limit to 100,000."""
    sys.setrecursionlimit(FRAMES)
