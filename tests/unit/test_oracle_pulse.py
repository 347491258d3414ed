"""A chain that stands still is told once; files are held back until enough has drained."""

import pytest

from oracle.pulse import Dam, Pulse


class Told:
    def __init__(self):
        self.now, self.events = 0.0, []

    def __call__(self, event, **keys):
        self.events.append(event)


@pytest.fixture
def told():
    return Told()


def test_a_chain_without_a_new_block_is_told_once_and_when_it_goes_on(told):
    pulse, found = Pulse(15, lambda: told.now, told), []
    for told.now, head in ((0, "a"), (14, "a"), (15, "a"), (40, "a"), (41, "b"), (50, "b")):
        found.append(pulse.beat(head, 1))

    assert found == [False, False, True, False, False, False]
    assert told.events == ["chain stands still", "chain goes on"]


def test_another_block_of_the_same_height_is_a_new_one(told):
    pulse = Pulse(15, lambda: told.now, told)
    for told.now, head in ((0, "a"), (10, "b"), (20, "c")):
        pulse.beat(head, 7)

    assert told.events == []


def test_files_are_read_again_when_half_has_drained(told):
    dam = Dam(100, told)

    assert [dam.shuts(waiting) for waiting in (99, 100, 99, 50, 49, 99)] == [
        *(False, True, True, True, False, False)
    ]
    assert told.events == ["files are held back", "files are read again"]


def test_without_a_limit_nothing_is_held_back(told):
    assert not Dam(0, told).shuts(10**9)
