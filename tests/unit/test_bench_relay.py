"""The comparisons of `bench relay` fail when the two sides differ, and take turns."""

import pytest

from bench import relay
from bench.sides import interleaved, quartiles


def test_a_comparison_whose_sides_differ_is_refused(monkeypatch):
    monkeypatch.setattr(relay, "RECORD_METERS", b"\0" * 4)  # the selector of another call

    with pytest.raises(relay.Unequal, match="calldata differ"):
        relay.packing(1)


def test_the_sides_take_turns_and_the_first_round_does_not_count():
    heard = []
    ways = {"a": lambda: heard.append("a"), "b": lambda: heard.append("b")}

    found = interleaved(ways, 2)

    assert "".join(heard) == "abbaab"
    assert {one.rounds for one in found.values()} == {2}


def test_what_is_quick_is_done_several_times_in_a_round():
    heard = []

    interleaved({"a": lambda: heard.append("a")}, 1, {"a": 5})

    assert len(heard) == 10


def test_quartiles_are_those_of_the_values():
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 3.0, 4.0)
    assert quartiles([7.0]) == (7.0, 7.0, 7.0)


def test_both_sides_of_the_disk_hold_the_same_readings(tmp_path):
    side = relay.storing(2, tmp_path)

    assert side.readings == relay.ROWS * relay.COLUMNS
    assert set(side.more["bytes_a_reading"]) == {"journal", "archive"}
