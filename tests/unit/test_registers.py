"""Words of registers become exact decimals, and few requests read many of them."""

import json
import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.sources.registers import FORMS, MOST_WORDS, NoValue, Register, spans, telegram
from oracle.sources.telegrams import cells_of

NOW = 1_767_225_600


def words_of(form, number):
    data = struct.pack(FORMS[form], number)
    return list(struct.unpack(f">{len(data) // 2}H", data))


# what registers mean


@given(
    st.sampled_from([form for form in FORMS if form != "float32"]),
    st.integers(0, 2**64 - 1),
    st.sampled_from(["big", "little"]),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-100, max_value=100),
)
def test_whole_numbers_are_scaled_exactly(form, bits, order, scale):
    size = struct.calcsize(FORMS[form])
    data = (bits % 2 ** (8 * size)).to_bytes(size, "big")
    words = list(struct.unpack(f">{size // 2}H", data))
    register = Register("one", "holding", 0, form, order, format(scale, "f"))

    text = register.value(words if order == "big" else words[::-1])

    [number] = struct.unpack(FORMS[form], data)
    assert Fraction(text) == number * Fraction(scale)
    assert "E" not in text


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_is_the_shortest_decimal_that_gives_it_back(number):
    text = Register("one", "holding", 0, "float32").value(words_of("float32", number))

    digits = len(Decimal(text).normalize().as_tuple().digits)
    assert bits_of(text) == bits_of(number or 0.0)
    assert all(bits_of(f"{number:.{less}g}") != bits_of(number) for less in range(1, digits))


def bits_of(number):
    try:
        return struct.pack(">f", float(number))
    except OverflowError:  # beyond the largest float of 32 bits
        return b""


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_no_number_is_no_value(number):
    with pytest.raises(NoValue, match="is no number"):
        Register("one", "holding", 0, "float32").value(words_of("float32", number))


def test_a_tenth_is_a_tenth():
    assert Register("one", "holding", 0, "float32").value(words_of("float32", 0.1)) == "0.1"


def test_words_that_are_missing_are_no_value():
    with pytest.raises(NoValue, match="1 words, not 2"):
        Register("one", "holding", 0, "uint32").value([1])


# how they are asked for


def at(address, form="uint16", table="holding"):
    return Register(f"{table}-{address}", table, address, form)


def test_neighbours_are_read_at_once_and_nothing_between():
    found = spans([at(10), at(0, "uint32"), at(2), at(3, table="input")])

    assert [(one.table, one.address, one.words) for one in found] == [
        ("holding", 0, 3),
        ("holding", 10, 1),
        ("input", 3, 1),
    ]


def test_no_request_asks_for_more_words_than_the_protocol_allows():
    found = spans([at(2 * place, "float32") for place in range(100)])

    assert [one.words for one in found] == [124, 76]
    assert MOST_WORDS == 125


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from(list(FORMS))), max_size=60))
def test_each_register_gets_its_own_words_whatever_lies_beside_it(wanted):
    registers = [Register(str(n), "input", a, form) for n, (a, form) in enumerate(wanted)]
    got = {}
    for span in spans(registers):
        assert span.words <= MOST_WORDS
        got |= span.cut(range(span.address, span.address + span.words))

    assert {name: list(words) for name, words in got.items()} == {
        one.name: list(range(one.address, one.end)) for one in registers
    }


def test_a_telegram_is_read_again_from_itself_alone():
    flow = Register("flow", "holding", 0, "uint32", "little", "0.01")

    raw = telegram(NOW, [flow, at(9)], {"flow": [5, 1], "holding-9": None})

    assert cells_of("modbus", raw) == {
        "at": "2026-01-01T00:00:00Z",
        "flow": "655.41",
        "holding-9": "",
    }
    assert raw == json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode()
