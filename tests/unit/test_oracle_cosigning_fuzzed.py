"""Whatever words a request has, they are readings or a fault with its words, never a crash."""

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadRecord
from oracle.cosigning import parse, rooted

BOOKS = ("QuotaTracker", "QualityProvenance")
NUMBERS = st.dictionaries(st.integers(0, 9).map(str), st.binary(max_size=64).map(bytes.hex))
HOMES = st.lists(st.lists(st.integers(-1, 300), max_size=4), max_size=3)


@given(
    contract=st.sampled_from(BOOKS),
    words=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=8),
    telegrams=NUMBERS,
    homes=HOMES,
    behind=st.binary(max_size=208),
)
def test_any_words_are_read_or_refused(contract, words, telegrams, homes, behind):
    told = {
        "contract": contract,
        "lane": 1,
        "batch": 0,
        "words": "0x" + b"".join(words).hex(),
        "root": "0x" + "07" * 32,
        "telegrams": {number: "0x" + raw for number, raw in telegrams.items()},
        "homes": homes,
        "signature": "0x" + "00" * 65,
    }

    with suppress(BadRecord):
        request = parse(json.dumps(told).encode() + b"\n" + behind, BOOKS)
        rooted(request, request.readings(int))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(raw):
    with suppress(BadRecord):
        parse(raw, BOOKS)
        raise AssertionError("random bytes are no request")
