"""Ten thousand readings, each changed in one field by one bit: none is proven against its root."""

from random import Random

import pytest

from ledger import merkle
from ledger.leaves import leaf

READINGS, BATCHES = 500, 20
FIELDS = (32, 32, 48, 5, 8, 8)  # bits of channel, moment, value, kind, grade, mark


def reading(chance):
    """Its six numbers and the hash of its telegram."""
    return [*(chance.getrandbits(bits) for bits in FIELDS), chance.randbytes(32)]


def mutated(chance, given):
    """The same reading with one bit of one field turned over."""
    place, changed = chance.randrange(7), list(given)
    if place == 6:
        number = int.from_bytes(given[6], "big") ^ 1 << chance.randrange(256)
        changed[6] = number.to_bytes(32, "big")
    else:
        changed[place] ^= 1 << chance.randrange(FIELDS[place])
    return changed


@pytest.mark.parametrize("seed", range(BATCHES))
def test_no_mutated_reading_is_proven(seed):
    chance = Random(seed)
    readings = [reading(chance) for _ in range(READINGS)]
    nodes = merkle.tree([leaf(*one) for one in readings])
    proven, passed = 0, 0

    for one in readings:
        siblings = merkle.proof(nodes, leaf(*one))
        proven += merkle.climb(leaf(*one), siblings) == nodes[0]
        passed += merkle.climb(leaf(*mutated(chance, one)), siblings) == nodes[0]

    assert (proven, passed) == (READINGS, 0)
