"""Urgent replacements: quota never counts a held litre, and nothing is doubled or lost."""

from functools import partial

import pytest

from tests.stateful.replacement_model import Replacements
from tests.stateful.walking import walk

ACTS = [
    *["is_read"] * 8,
    *["is_replaced"] * 3,
    *["is_released", "is_read_to_its_closing"] * 2,
    "is_refused",
]


@pytest.mark.stateful
def test_each_litre_of_a_replaced_meter_counts_once_or_never(deployed):
    done = walk(partial(Replacements, deployed), ACTS, steps=40, walks=20)

    assert set(done) >= {"read", "replace_urgently", "release", "refuse", "refused", "ended"}
