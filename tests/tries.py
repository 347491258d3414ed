"""How many examples a property is tried with: few in `make test`, many in `make soak`."""

from hypothesis import settings

SHORT = 100  # hypothesis's own number of examples, which the profile of `make test` keeps


def tried(examples: int) -> settings:
    """So many examples, as many times over as the profile is longer."""
    return settings(max_examples=examples * max(1, settings().max_examples // SHORT))
