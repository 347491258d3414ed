"""Walks: acts in an order nobody thought of, on the contracts and in a model beside them."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import boa
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answers import outcome
from tests.contracts.suite import Suite
from tests.tries import tried

STEPS: Counter[str] = Counter()  # taken in this run, by model; the run tells them at its end


class Beside:
    """A part of the suite beside a model of its rules; `done` counts what was allowed."""

    def __init__(self, suite: Suite, chance: Random) -> None:
        self.suite, self.chance = suite, chance
        self.done: Counter[str] = Counter()

    @property
    def now(self) -> int:
        return int(boa.env.evm.patch.timestamp)

    def attempt(self, function: Any, *arguments: Any, sender: str, allowed: bool) -> bool:
        """Call; the contract must allow what the rules allow, and answer in words otherwise."""
        if allowed:
            function(*arguments, sender=sender)
            self.done[function.fn_ast.name] += 1
            return True
        refusal = outcome(function.contract, function.prepare_calldata(*arguments), sender)
        assert refusal is not None and ": " in refusal, refusal
        self.done["refused"] += 1
        return False

    def act(self, name: str) -> None:
        """One act, with whatever it asks for."""
        getattr(self, name)()

    def agrees(self) -> None:
        """The contracts say what the model says."""
        raise NotImplementedError


def walk(
    begun: Callable[[Random], Beside],
    acts: Sequence[str],
    steps: int,
    walks: int,
) -> Counter[str]:
    """
    Take `walks` walks of `steps` acts each, as many times over as the profile is longer.

    What the contracts allowed on them, by function.
    """
    done: Counter[str] = Counter()

    # a walk from a drawn seed: drawing every step would repeat a few short sequences
    @tried(walks)
    @given(seed=st.integers(0, 2**32 - 1))
    def agrees(seed: int) -> None:
        chance = Random(seed)
        with boa.env.anchor():
            beside = begun(chance)
            beside.agrees()
            for _ in range(steps):
                beside.act(chance.choice(acts))
                beside.agrees()
                STEPS[type(beside).__name__] += 1
            done.update(beside.done)

    agrees()
    return done
