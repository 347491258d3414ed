"""Estimated registers: taken as such, superseded by what is measured, and never below it."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.channels import METER
from ledger.leaves import ESTIMATE, MEASURED
from oracle.intake import take
from oracle.mapping import Mapping, rules
from oracle.readings import State
from tests.unit.oracle_rows import NOW, T0, by_name, channel, chunk, journal, reasons, shape

WELL = channel(METER)
MARK = {"column": "how", "values": {"read": "N", "guess": "estimated"}}
MAPPING = Mapping.model_validate(shape(WELL, mark=MARK, unit="L"))
(RULE,) = rules(MAPPING, by_name(WELL))


def accepted(*rows, state=None):
    """Rows of moment, register and how it came, as the oracle takes them in."""
    start = {WELL.id: state or State(T0, 0)}
    given_ = chunk(*[(T0 + at, value, how) for at, value, how in rows], names="at,value,how")
    return take(given_, MAPPING.time, [RULE], start, NOW, lambda *_: None)[0]


def kinds(found):
    return [(one.rule.kind, one.taken.block.value.tolist()) for one in found]


def test_estimated_and_measured_registers_stay_apart_in_their_order():
    found = accepted((60, 10, "read"), (120, 30, "guess"), (180, 50, "guess"), (240, 55, "read"))

    assert kinds(found) == [(MEASURED, [10]), (ESTIMATE, [30, 50]), (MEASURED, [55])]
    assert not any(one.taken.block.mark.any() for one in found)
    assert found[-1].taken.state.measured_l is None


def test_a_register_measured_at_the_estimate_confirms_it():
    found = accepted((60, 10, "read"), (120, 30, "guess"), (180, 30, "read"))

    assert kinds(found)[-1] == (MEASURED, [30])


def test_a_register_measured_below_the_estimate_is_held_and_says_what_is_to_be_done():
    (one,) = accepted((180, 25, "read"), state=State(T0 + 120, 30, measured_l=10))

    (held,) = one.taken.refusals
    assert held.reason == "below_estimate"
    assert "DEV-1: 25 L measured, 30 L estimated, 10 L measured before" in held.detail
    assert "supersede-estimate DEV-1 --register '25 L'" in held.detail


def test_a_register_below_what_was_measured_falls_whatever_was_estimated():
    (one,) = accepted(
        (180, 9, "read"), (240, 29, "guess"), state=State(T0 + 120, 30, measured_l=10)
    )

    assert reasons(one.taken.refusals) == ["falling_register", "falling_register"]


def test_behind_a_register_that_is_held_a_higher_one_goes_on():
    found = accepted(
        *((180, 25, "read"), (240, 31, "read"), (300, 32, "read")),
        state=State(T0 + 120, 30, measured_l=10),
    )

    assert kinds(found) == [(MEASURED, [31, 32])]


def test_while_a_register_is_set_anew_everything_of_it_is_held():
    (one,) = accepted((180, 31, "read"), state=State(T0 + 120, 30, moving=True))

    assert reasons(one.taken.refusals) == ["register_moves"]


def test_a_journal_remembers_the_register_measured_before_the_estimates(tmp_path):
    opened = journal(tmp_path / "journal", WELL)
    rows = [(60, 10, "read"), (120, 30, "guess"), (180, 50, "guess")]
    for row, told in enumerate(rows):
        text = chunk((T0 + told[0], *told[1:]), names="at,value,how", first_row=row)
        found, _ = take(
            *(text, MAPPING.time, [RULE], opened.states([WELL.id]), NOW, opened.known),
        )
        source = opened.source("series/x", MAPPING, 0)
        opened.take(source, text, found, [])

    assert opened.states([WELL.id])[WELL.id].measured_l == 10
    opened.close()


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(["read", "guess"])), min_size=1, max_size=12
    )
)
def test_what_counts_is_what_the_registers_differ_by(drawn):
    rows = [(60 * place, value, how) for place, (value, how) in enumerate(drawn, 1)]

    found = accepted(*rows)

    values = [value for one in found for value in one.taken.block.value.tolist()]
    assert values == sorted(values)
    assert sum(b - a for a, b in zip([0, *values], values, strict=False)) == max([0, *values])
