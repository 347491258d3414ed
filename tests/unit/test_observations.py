"""An observation's moments, result and quality are cells, exactly as they were written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.sources.observations import began, cells, page
from oracle.sources.payloads import NoPayload
from tests.unit.observing import observation

AT = "2014-12-31T11:59:59.00+08:00"


def test_the_example_of_the_specification_is_read():
    assert cells(observation(1, AT).encode()) == {
        "phenomenonTime": "2014-12-31T11:59:59+08:00",
        "resultTime": "2014-12-31T11:59:59+08:00",
        "result": "70.4",
    }


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("0.10", "0.10"),
        ("1E+3", "1E+3"),
        ("NaN", "NaN"),
        ('"dry"', "dry"),
        ("true", "true"),
        ("null", ""),
        ("123456789012345678901234567890.1", "123456789012345678901234567890.1"),
    ],
)
def test_a_result_is_taken_as_it_is_written(written, cell):
    assert cells(observation(1, AT, written).encode())["result"] == cell


def test_a_result_that_is_an_object_or_a_list_is_named_by_dots():
    told = cells(observation(1, AT, '{"cod": {"mg_l": 24.30}, "each": [1.0, {"x": 2}]}').encode())

    assert told["result.cod.mg_l"] == "24.30"
    assert (told["result.each.0"], told["result.each.1.x"]) == ("1.0", "2")


def test_a_period_gives_its_end_and_its_start():
    raw = observation(1, "2026-01-01T01:00:00.000Z/2026-01-01T02:00:00.5Z").encode()

    assert cells(raw)["phenomenonTime"] == "2026-01-01T02:00:00.5Z"
    assert cells(raw)["phenomenonTime.start"] == "2026-01-01T01:00:00Z"
    assert began(raw).isoformat() == "2026-01-01T01:00:00+00:00"


@pytest.mark.parametrize(
    ("quality", "column", "cell"),
    [
        ("good", "resultQuality", "good"),
        ({"code": "N"}, "resultQuality.code", "N"),
        ([{"code": "C"}], "resultQuality.0.code", "C"),
        (None, "resultQuality", ""),
    ],
)
def test_the_quality_is_a_cell_where_there_is_one(quality, column, cell):
    assert cells(observation(1, AT, resultQuality=quality).encode())[column] == cell


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "no JSON"),
        (b"3", "no object"),
        (b'{"result": 1}', "no phenomenonTime"),
        (b'{"phenomenonTime": [3], "result": 1}', "no phenomenonTime"),
        (b'{"phenomenonTime": "a/b/c", "result": 1}', "neither a moment nor two"),
        (b'{"phenomenonTime": "a/", "result": 1}', "neither a moment nor two"),
        (b'{"phenomenonTime": "2026-01-01T00:00:00Z"}', "no result"),
        (b'{"result": 1, "result": 2}', "given twice"),
        (b'{"result": "' + b"x" * 70_000 + b'"}', "at the most"),
        (b"[" * 60_000, "no JSON"),
    ],
)
def test_what_is_no_observation_says_why(raw, words):
    with pytest.raises(NoPayload, match=words):
        cells(raw)


@pytest.mark.parametrize("time", ["yesterday", "2026-01-01T00:00:00"])
def test_a_moment_that_cannot_be_asked_after_is_refused(time):
    with pytest.raises(NoPayload, match=time):
        began(observation(1, time).encode())


PLAIN = st.none() | st.booleans() | st.integers() | st.text()
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(JSON, max_size=4),
    st.dictionaries(st.text(), PLAIN, max_size=3),
    st.sampled_from([None, 1, "\t"]),
)
def test_a_page_is_cut_where_a_parser_of_json_would(items, more, indent):
    told = {**more, "value": items, "@iot.nextLink": "https://example.org/next"}

    found = page(json.dumps(told, indent=indent).encode())

    assert [json.loads(one) for one in found.observations] == items
    assert found.next_link == "https://example.org/next"
