"""Gaps, jumps and standing values flag a reading; none of them holds it back."""

from ledger.channels import METER
from oracle.readings import GAP, JUMP, STUCK
from tests.unit.oracle_rows import T0, channel, rule, taken


def flags(one, *rows):
    found = taken(one, rows)
    assert len(found.taken.block) == len(rows)
    return list(found.flags)


def test_a_step_longer_than_the_cadence_is_a_gap():
    one = rule(channel())

    assert flags(one, (T0 + 900, 1), (T0 + 1_800, 1), (T0 + 2_701, 1)) == [0, 0, GAP]


def test_a_change_beyond_the_stated_one_is_a_jump_and_the_first_value_none():
    one = rule(channel(), most_change="50 mg/L")

    assert flags(one, (T0 + 900, 400), (T0 + 1_800, 450), (T0 + 2_700, 500.1)) == [0, 0, JUMP]


def test_a_meters_jump_is_the_volume_of_its_step():
    one = rule(channel(METER), most_change="2 m3")

    assert flags(one, (T0 + 900, 1), (T0 + 1_800, 3), (T0 + 2_700, 5.001)) == [0, 0, JUMP]


def test_values_that_stand_are_stuck_from_the_stated_number_on():
    one = rule(channel(), stuck_after=3)
    rows = [(T0 + 900 * n, v) for n, v in enumerate((7, 7, 7, 7, 8, 8), 1)]

    assert flags(one, *rows) == [0, 0, STUCK, STUCK, 0, 0]


def test_a_run_goes_on_over_the_end_of_a_chunk():
    one = rule(channel(), stuck_after=3)
    first = taken(one, [(T0 + 900, 7), (T0 + 1_800, 7)])

    second = taken(one, [(T0 + 2_700, 7)], state=first.taken.state)

    assert list(second.flags) == [STUCK]
