"""An MQTT payload gives a cell for each value, exactly as written, or says why it gives none."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.telegrams import parse
from oracle.sources.payloads import LONGEST, NoPayload, cells
from oracle.sources.telegrams import MQTT, whole

NAMES = st.text("abcdefgh_", min_size=1, max_size=8)


def test_numbers_are_taken_as_written_not_as_doubles():
    told = b'{"a": 0.1000000000000000055511151231257827, "b": 24.30, "c": -7, "d": 1e-3}'

    assert cells(told) == {
        "a": "0.1000000000000000055511151231257827",
        "b": "24.30",
        "c": "-7",
        "d": "1e-3",
    }


def test_inner_objects_are_named_by_dots():
    assert cells(b' {"cod": {"mg_l": 24.3, "state": "N"}} ') == {
        "cod.mg_l": "24.3",
        "cod.state": "N",
    }


def test_null_is_an_empty_cell_and_truth_a_word():
    assert cells(b'{"a": null, "b": true, "c": false}') == {"a": "", "b": "true", "c": "false"}


def test_cbor_keeps_decimals_moments_and_the_shortest_form_of_doubles():
    told = {"a": Decimal("24.30"), "b": datetime(2026, 4, 1, 8, tzinfo=UTC), "c": 0.1, "d": 7}

    assert cells(cbor2.dumps(told)) == {
        "a": "24.30",
        "b": "2026-04-01T08:00:00+00:00",
        "c": "0.1",
        "d": "7",
    }


WIDE = b"\xb8\x1e" + b"".join(b"\x63k%02d\x01" % n for n in range(30))


def shared(place):
    """A map of 30 entries that are all the shared item at `place`."""
    return b"\xb8\x1e" + b"".join(b"\x63k%02d\xd8\x1d" % n + bytes([place]) for n in range(30))


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "neither JSON nor CBOR"),
        (b"25.3", "not an object"),
        (b"[1, 2]", "send"),
        (b'{"a": 1', "neither JSON nor CBOR"),
        (b'{"a": 1, "a": 2}', "given twice"),
        (b'{"a": [1]}', "a is a list"),
        (b'{"a": "\xff"}', "neither JSON nor CBOR"),
        (cbor2.dumps({"a": b"raw"}), "a is a bytes"),
        (cbor2.dumps([1]), "a list, not an object"),
        (b'{"a": ' * 9 + b"1" + b"}" * 9, "deeper than 8"),
        (b"[" * 60_000, "neither JSON nor CBOR"),
        (b"{" + b" " * LONGEST + b"}", "65536 at the most"),
        (b'{"a": "\\ud800"}', "surrogates not allowed"),
        (b'{"a": {"\\udfff": 1}}', "surrogates not allowed"),
        (cbor2.dumps({"a": 10**5_000}), "fewer digits"),
        (cbor2.dumps({10**5_000: 1}), "fewer digits"),
        (json.dumps({str(n): n for n in range(1_001)}).encode(), "1000 at the most"),
    ],
)
def test_anything_else_is_refused_by_name(payload, words):
    with pytest.raises(NoPayload, match=words):
        cells(payload)


@pytest.mark.parametrize(
    "hostile",
    [
        # maps that hold one map many times, six levels deep: few bytes, 30**7 values
        b"\xa7ba0\xd8\x1c"
        + WIDE
        + b"".join(b"ba%d\xd8\x1c" % n + shared(n - 1) for n in range(1, 7)),
        b"\xd8\x1c\xa1av\xd8\x1d\x00",  # a map that holds itself
        b"\xa1av\xc5\x82\x1a\x7f\xff\xff\xff\x03",  # 3 * 2**(2**31 - 1)
        b"\xa1av\xc4\x82\x1b" + b"\xff" * 8 + b"\x03",  # 3 * 10**(2**64 - 1)
        b"\xa1av\xd8\x1e\x82\x01\x00",  # 1 / 0
    ],
)
def test_a_few_bytes_of_cbor_that_stand_for_endless_ones_are_refused(hostile):
    assert whole(MQTT, "city/a", hostile).error.startswith("neither JSON nor CBOR")
    assert parse(hostile) is None


def test_what_looks_like_a_tag_inside_a_text_is_text():
    assert cells(cbor2.dumps({"a": "\x1c\x1d", "b": "\u00d8"})) == {"a": "\x1c\x1d", "b": "\u00d8"}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_telegram_or_an_error(payload):
    telegram = whole(MQTT, "city/a", payload)

    assert telegram.raw == payload
    assert bool(telegram.error) != bool(telegram.cells) or telegram.cells == {}


@given(st.dictionaries(NAMES, st.decimals(allow_nan=False, allow_infinity=False, places=4)))
def test_decimals_survive_both_forms(told):
    written = {name: str(value) for name, value in told.items()}
    plain = "{" + ", ".join(f'"{name}": {value:f}' for name, value in told.items()) + "}"

    assert cells(cbor2.dumps(told)) == written
    assert {n: Decimal(c) for n, c in cells(plain.encode()).items()} == told
