"""Estimates that a measured register supersedes: what is taken back, and what remains counted."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import UsageError
from ledger.estimates import Estimated, corrections, shares

volumes = st.lists(st.integers(0, 10**9), min_size=1, max_size=40)


@given(volumes, st.data())
def test_what_was_measured_is_spread_to_the_litre_and_never_beyond_an_estimate(estimated, data):
    measured = data.draw(st.integers(0, sum(estimated)))

    kept = shares(estimated, measured)

    assert sum(kept) == measured
    assert all(0 <= part <= guess for part, guess in zip(kept, estimated, strict=True))


@pytest.mark.parametrize("measured", [-1, 31])
def test_only_less_than_an_estimate_is_spread(measured):
    with pytest.raises(UsageError, match=f"{measured} L measured, 30 L estimated"):
        shares([10, 20], measured)


def test_a_correction_stands_at_the_last_estimated_step_of_its_period():
    estimated = Estimated(1, 100, ((10, 30), (20, 30), (30, 40)))

    assert corrections(estimated, 150, [1, 1, 2]) == [(20, -30), (30, -20)]


def test_a_period_whose_estimate_was_right_is_not_corrected():
    estimated = Estimated(1, 100, ((10, 30), (20, 0)))

    assert corrections(estimated, 110, [1, 2]) == [(10, -20)]


@dataclass
class Book:
    """What the chain counts of a meter by the wire format: registers, and corrections beside."""

    register_l: int = 0
    measured_l: int = 0
    at: int = 0
    counted: Counter = field(default_factory=Counter)  # by period
    corrected: Counter = field(default_factory=Counter)
    steps: list = field(default_factory=list)  # estimated since the last measured register
    truth_l: int = 0  # the differences of measured registers, and deemed use none of them covers

    def estimate(self, volume_l, period):
        self.at += 1
        self.steps.append((self.at, volume_l, period))
        self.register_l += volume_l
        self.counted[period] += volume_l

    def deem(self, volume_l, period, covered):
        """`covered`: the meter went on counting, so an officer takes it back later."""
        self.counted[period] += volume_l
        if covered:
            self.corrected[period] -= volume_l
        else:
            self.truth_l += volume_l

    def measure(self, volume_l, period):
        """A register so much above the one measured before; below the estimate it supersedes it."""
        register_l = self.measured_l + volume_l
        if register_l < self.register_l:
            self.supersede(register_l)
        self.counted[period] += register_l - self.register_l
        self.truth_l += register_l - self.measured_l
        self.measured_l = self.register_l = register_l
        self.steps.clear()

    def supersede(self, register_l):
        estimated = Estimated(1, self.measured_l, tuple((at, v) for at, v, _ in self.steps))
        by_moment = {at: period for at, _, period in self.steps}
        periods = [period for _, _, period in self.steps]
        for at, delta_l in corrections(estimated, register_l, periods):
            self.corrected[by_moment[at]] += delta_l
        self.register_l = register_l  # the reset

    def net(self):
        periods = self.counted.keys() | self.corrected.keys()
        return {period: self.counted[period] + self.corrected[period] for period in periods}


acts = st.tuples(
    st.sampled_from(["estimate", "measure", "deem", "deem covered"]),
    st.integers(0, 1_000),
    st.integers(0, 1),  # whether another period has begun
)


@given(st.lists(acts, max_size=40))
def test_use_is_what_measured_registers_differ_by_and_deemed_use_that_none_covers(drawn):
    book, period = Book(), 0
    for act, volume_l, turned in drawn:
        period += turned
        if act.startswith("deem"):
            book.deem(volume_l, period, covered=act.endswith("covered"))
        else:
            getattr(book, act)(volume_l, period)

    standing = sum(volume_l for _, volume_l, _ in book.steps)
    assert sum(book.net().values()) == book.truth_l + standing
    assert all(net_l >= 0 for net_l in book.net().values())
