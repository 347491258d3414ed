"""A register that begins again at zero: a reading of its own kind, and not a litre lost."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.batches import meter_groups, values
from ledger.channels import METER
from ledger.leaves import MEASURED, ROLL_OVER
from oracle.batch import cut, lay
from oracle.intake import take
from oracle.mapping import Mapping, rules
from oracle.readings import JUMP, State
from tests.unit.oracle_rows import NOW, T0, by_name, channel, chunk, journal, reasons, shape

MODULUS_L = 10_000
WELL = channel(METER, modulus_l=MODULUS_L)
MAPPING = Mapping.model_validate(shape(WELL, unit="L", most_change="300 L"))
(RULE,) = rules(MAPPING, by_name(WELL))


def rows(*registers):
    return chunk(*[(T0 + 60 * n, value) for n, value in enumerate(registers, 1)])


def accepted(*registers, state=None):
    """Registers a minute apart, as the oracle takes them in."""
    start = {WELL.id: state or State(T0, registers[0])}
    return take(rows(*registers), MAPPING.time, [RULE], start, NOW, lambda *_: None)[0]


def kinds(found):
    return [(one.rule.kind, one.taken.block.value.tolist()) for one in found]


def test_a_register_that_begins_again_is_a_reading_of_its_own_kind():
    found = accepted(9_800, 9_990, 5, 20)

    assert kinds(found) == [(MEASURED, [9_800, 9_990]), (ROLL_OVER, [5]), (MEASURED, [20])]
    assert found[-1].taken.state.last_value == 20
    assert not any(one.taken.refusals for one in found)


def test_what_it_moved_over_the_end_is_no_jump():
    flagged = [(one.flags & JUMP).tolist() for one in accepted(9_800, 9_990, 5, 320)]

    assert flagged == [[0, 0], [0], [JUMP]]


@pytest.mark.parametrize(("before", "after"), [(9_990, 991), (8_999, 0), (500, 400), (12_000, 5)])
def test_a_register_that_would_have_moved_by_more_than_a_tenth_of_the_modulus_has_fallen(
    before, after
):
    (one,) = accepted(after, state=State(T0, before))

    assert reasons(one.taken.refusals) == ["falling_register"]


def test_a_meter_without_a_modulus_never_begins_again():
    plain = channel(METER)
    (rule,) = rules(Mapping.model_validate(shape(plain, unit="L")), by_name(plain))

    (one,), _ = take(
        rows(9_990, 5), MAPPING.time, [rule], {plain.id: State(T0, 0)}, NOW, lambda *_: None
    )

    assert reasons(one.taken.refusals) == ["falling_register"]


def test_a_meter_that_stands_on_estimates_is_not_taken_to_begin_again():
    (one,) = accepted(5, state=State(T0, 9_990, measured_l=9_900))

    assert reasons(one.taken.refusals) == ["falling_register"]


@given(st.lists(st.integers(0, MODULUS_L // 10), min_size=1, max_size=60))
def test_what_goes_to_the_chain_sums_up_to_what_flowed(tmp_path_factory, volumes):
    registers = [int(one) % MODULUS_L for one in np.cumsum([9_000, *volumes])[1:]]
    found = accepted(*registers, state=State(T0, 9_000))
    opened = journal(tmp_path_factory.mktemp("rolling"))
    opened.enter({WELL: (T0, 9_000)})
    opened.take(opened.source("well", MAPPING, 0), rows(*registers), found, [])
    turns, words, batches = {METER: np.array([T0 - 1, T0 + 10**9])}, b"", 0

    while waiting := next(opened.waiting(WELL.contract, WELL.relay_group, turns, 100), None):
        laid = lay(replace(waiting, modulus_l=MODULUS_L), len(waiting.at))
        made = cut([laid], opened.leaves(WELL.id, waiting.number, laid.count))
        opened.freeze(WELL.contract, 1, batches, [waiting], made)
        words, batches = words + made.words, batches + 1
    opened.close()

    groups = list(meter_groups(words))
    said = [value for group in groups for _, value in values(group, lambda _: MODULUS_L)]
    assert said == registers
    assert sum(moved for group in groups for _, moved in group.readings) == sum(volumes)
