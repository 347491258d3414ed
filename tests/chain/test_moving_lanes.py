"""How a relay group moves to another account, and a device to another group (docs/bus.md)."""

from itertools import pairwise

import pytest

from ledger.errors import NotFound
from ledger.packing import MAX_REGISTER_L
from tests.contracts.suite import METER, T0

ROWS = [(T0 + 300 * n, 100 + 40 * n) for n in range(1, 13)]
FIRST, LAST = ROWS[:6], ROWS[6:]
YEAR = 0


@pytest.fixture
def moving(town):
    """A town whose one meter has been fed up to the middle, all of it final."""
    town.permit = town.suite.permit()
    town.suite.channel(METER, "QuotaTracker", permit=town.permit, relay_group=1)
    town.device, town.number = f"DEV-{town.suite.numbers['device']}", town.lane()
    town.second = town.second_relay()
    oracle = town.oracle()
    town.settle(oracle, [town.file("first", town.device, FIRST)])
    town.kill(oracle)
    return town


def used_l(town):
    return town.suite.quota_tracker.used_l(town.permit, YEAR)


def opened(town, group):
    """A lane of the second relay."""
    tracker, keeper = town.suite.quota_tracker, town.suite.device_keeper
    return tracker.open_lane(town.second.address, group, sender=keeper)


def moved(town):
    """The device, enrolled anew in the second group where its channel stands on the chain."""
    last_at, register_l = FIRST[-1]
    town.suite.channel(
        METER,
        "QuotaTracker",
        permit=town.permit,
        relay_group=2,
        opened_at=last_at,
        register_l=register_l,
        high=MAX_REGISTER_L,
    )
    opened(town, 2)
    return f"DEV-{town.suite.numbers['device']}"


def test_a_group_goes_on_under_another_relay_s_key_and_a_journal_of_its_own(moving):
    moving.suite.quota_tracker.halt_lane(moving.number, sender=moving.suite.supervisor)
    opened(moving, 1)
    oracle = moving.oracle("moved", moving.second)

    moving.settle(oracle, [moving.file("whole", moving.device, LAST)])

    assert moving.registers() == ROWS
    assert used_l(moving) == ROWS[-1][1] - 100


def test_the_key_of_a_halted_lane_sends_nothing_for_a_group_that_has_moved(moving):
    moving.suite.quota_tracker.halt_lane(moving.number, sender=moving.suite.supervisor)
    opened(moving, 1)
    oracle = moving.oracle("moved", moving.second)
    moving.settle(oracle, [moving.file("whole", moving.device, LAST)])
    before = moving.registers()

    with pytest.raises(Exception, match="halted"):
        moving.settle(moving.oracle(), [moving.file("late", moving.device, [(T0 + 9_000, 900)])])

    assert moving.registers() == before


def test_a_device_that_moved_to_another_group_counts_every_litre_once(moving):
    device = moved(moving)

    moving.settle(moving.oracle("moved", moving.second), [moving.file("on", device, LAST)])

    assert moving.registers() == ROWS
    assert used_l(moving) == ROWS[-1][1] - 100
    assert all(before < after for before, after in pairwise(moving.registers()))


def test_the_first_relay_s_key_does_not_reach_the_device_that_moved(moving):
    device = moved(moving)
    oracle = moving.oracle("wrong")

    with pytest.raises(NotFound, match="relay group 2"):
        moving.settle(oracle, [moving.file("on", device, LAST)])

    assert moving.registers() == FIRST


def test_what_is_told_of_the_old_device_after_its_move_is_seen_as_counted_twice(moving):
    """Nothing on the chain knows that both are one meter: publishing on the old subject must end.

    The permit's use then exceeds what the register moved by, and each reading is on the record.
    """
    device = moved(moving)
    moving.settle(moving.oracle("moved", moving.second), [moving.file("on", device, LAST)])

    moving.settle(moving.oracle("again"), [moving.file("old", moving.device, LAST)])

    assert used_l(moving) == (ROWS[-1][1] - 100) + (LAST[-1][1] - FIRST[-1][1])
