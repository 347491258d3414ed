"""A cell becomes an exact whole number or is held; columns and single cells never disagree."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.channels import METER
from ledger.packing import ZERO_VALUE
from oracle.readings import State
from tests.unit.oracle_rows import NOW, T0, channel, reasons, rule, taken

ANALYSER, WELL = channel(), channel(METER)
numbers = st.decimals(-10, 10**5, places=None, allow_nan=False, allow_infinity=False)
texts = st.one_of(
    numbers.map(str),
    st.decimals(0, 2_000, places=1).map(str),
    st.sampled_from(
        ["", "nan", "NaN", "inf", "-inf", "1e400", "-0", "0x10", "1,5", "1 000", "٣", "1e2", "+1.5"]
    ),
    st.text(max_size=4).filter(lambda text: not set(text) & set(',"\r\n') and text == text.strip()),
)
steps = st.sampled_from([900, 900, 900, 1, 1_800, 0, -900])
columns = st.lists(st.tuples(steps, texts), max_size=12)


def rows(drawn):
    at, found = T0, []
    for step, text in drawn:
        at += step
        found.append((at, text))
    return found


def same(one, other):
    return (
        one.taken.block.equals(other.taken.block)
        and one.taken.state == other.taken.state
        and one.taken.refusals == other.taken.refusals
        and list(one.flags) == list(other.flags)
    )


@given(columns, st.sampled_from([None, 0, 1, 3]))
def test_a_gauges_column_and_its_cells_one_by_one_are_the_same(drawn, decimals):
    one = rule(ANALYSER, decimals=decimals)

    assert same(taken(one, rows(drawn)), taken(one, rows(drawn), by_columns=False))


@given(columns, st.sampled_from(["register", "volume", "rate"]), st.sampled_from([None, 2]))
def test_a_meters_column_and_its_cells_one_by_one_are_the_same(drawn, of, decimals):
    one = rule(WELL, of=of, decimals=decimals, unit="L/s" if of == "rate" else "m3")

    assert same(taken(one, rows(drawn)), taken(one, rows(drawn), by_columns=False))


@given(st.lists(st.decimals(0, 900, places=1), min_size=1, max_size=20))
def test_a_value_is_stored_exactly_in_steps_of_its_resolution(values):
    block = taken(rule(ANALYSER), [(T0 + 900 * n, v) for n, v in enumerate(values, 1)]).taken.block

    assert [Decimal(int(v) - ZERO_VALUE) / 10 for v in block.value] == values


@given(st.lists(st.decimals(0, 500, places=2), min_size=1, max_size=20))
def test_a_rate_becomes_the_floor_of_its_exact_running_sum(rates):
    one = rule(WELL, of="rate", unit="L/s", decimals=2)

    block = taken(one, [(T0 + 900 * n, rate) for n, rate in enumerate(rates, 1)]).taken.block

    sums = [sum(Fraction(rate) * 900 for rate in rates[: n + 1]) for n in range(len(rates))]
    assert block.value.tolist() == [int(total) for total in sums]


def test_a_gap_adds_no_volume_to_a_rate():
    block = taken(rule(WELL, of="rate", unit="L/s"), [(T0 + 900, 1), (T0 + 90_000, 1)]).taken.block

    assert block.value.tolist() == [900, 1_800]


@pytest.mark.parametrize(
    ("one", "cell", "reason", "words"),
    [
        (rule(WELL), "1.0005", "fraction", "1.0005 m3 is not a whole number of litres"),
        (rule(ANALYSER), "350.05", "fraction", "350.05 mg/L"),
        (rule(ANALYSER), "NaN", "not_a_number", "NaN"),
        (rule(ANALYSER), "inf", "not_a_number", "inf"),
        (rule(ANALYSER), "12 mg", "not_a_number", "12 mg"),
        (rule(ANALYSER), "-0.1", "impossible", "bounds 0 to"),
        (rule(ANALYSER), "1000.1", "impossible", "bounds 0 to 1000000000 ng/L"),
        (rule(WELL), "-1", "falling_register", "after 0 L"),
        (rule(WELL), "1e30", "impossible", "bounds"),
        (rule(WELL), "9" * 5_000, "not_a_number", "is not a number"),
        (rule(ANALYSER), "9" * 5_000, "not_a_number", "is not a number"),
        (rule(ANALYSER), "\uff11\uff12", "not_a_number", "is not a number"),
        (rule(ANALYSER), "1e-999", "fraction", "1e-999 mg/L is not a whole number"),
        (rule(WELL), "1e-324", "fraction", "1e-324 m3 is not a whole number"),
    ],
)
def test_what_is_no_possible_value_is_held_with_its_reason(one, cell, reason, words):
    found = taken(one, [(T0 + 900, cell)])

    (refusal,) = found.taken.refusals
    assert (refusal.reason, refusal.text, refusal.row) == (reason, cell, 0)
    assert words in refusal.detail
    assert len(found.taken.block) == 0


def test_decimals_round_half_to_even_and_only_where_they_are_stated():
    block = taken(
        rule(ANALYSER, decimals=1), [(T0 + 900, "350.05"), (T0 + 1_800, "350.15")]
    ).taken.block

    assert [int(v) - ZERO_VALUE for v in block.value] == [3500, 3502]


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (T0, "before_opening"),
        (NOW + 301, "future"),
        ("soon", "no_moment"),
        (T0 + 1_800, "backward_time"),
    ],
)
def test_a_moment_that_cannot_be_is_held(at, reason):
    found = taken(rule(ANALYSER), [(at, 1)], state=State(T0 + 3_600, ZERO_VALUE))

    assert reasons(found.taken.refusals) == [reason]


def test_the_same_row_again_is_counted_and_another_value_for_its_moment_held():
    found = taken(rule(ANALYSER), [(T0 + 900, 1), (T0 + 900, 1), (T0 + 900, 2)])

    assert found.taken.repeated == 1
    (refusal,) = found.taken.refusals
    assert refusal.reason == "other_content"
    assert f"{T0 + 900},1" in refusal.detail


def test_an_empty_cell_is_no_reading_and_no_refusal():
    found = taken(rule(ANALYSER), [(T0 + 900, ""), (T0 + 1_800, 3)])

    assert found.taken.block.row.tolist() == [1]
    assert found.taken.refusals == []


def test_a_mark_voids_or_notes_its_value_and_an_unknown_one_holds_it():
    one = rule(ANALYSER, mark={"column": "state", "values": {"ok": "N", "cal": "C", "high": "T"}})
    given_rows = [(T0 + 900 * n, 5, state) for n, state in enumerate(("ok", "cal", "high", "?"), 1)]

    found = taken(one, given_rows, names="at,value,state")

    assert [(m & 15, bool(m & 128)) for m in found.taken.block.mark.tolist()] == [
        (0, False),
        (1, True),
        (7, False),
    ]
    assert reasons(found.taken.refusals) == ["unknown_mark"]
