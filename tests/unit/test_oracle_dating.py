"""Historic series are moved by whole days to end now; the moments of rows in every form."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadRecord
from oracle.dating import shift_to, span
from oracle.mapping import Time
from oracle.times import NoMoment, moment, moments
from tests.unit.oracle_rows import channel, chunk, mapping

CITY = ZoneInfo("Asia/Shanghai")
DAY_S = 86_400


def local(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=CITY).timestamp())


@given(st.integers(0, 2**31), st.integers(0, 300 * DAY_S))
def test_from_march_on_a_series_ends_within_the_last_day(last_at, later):
    now = local("2026-03-01T00:00") + later

    shift_s = shift_to(last_at, now, CITY)

    assert shift_s % DAY_S == 0
    assert 0 <= now - (last_at + shift_s) < DAY_S


@given(st.integers(0, 2**31), st.integers(0, 59 * DAY_S - 1))
def test_before_march_a_series_ends_on_the_last_day_of_december(last_at, later):
    new_year = local("2027-01-01T00:00")

    ends = last_at + shift_to(last_at, new_year + later, CITY)

    assert new_year - DAY_S < ends <= new_year


def test_a_files_span_passes_over_rows_without_a_moment(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("at,value\n100,1\nsoon,2\n160,3\n220,4\n", encoding="utf-8")

    found = span(path, mapping(channel()))

    assert (found.first_at, found.last_at, found.step_s) == (100, 220, 60)


def test_a_file_without_any_moment_has_no_span(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("at,value\nsoon,2\n", encoding="utf-8")

    with pytest.raises(BadRecord, match="no row with a moment"):
        span(path, mapping(channel()))


def at(text, **time):
    return moment(Time(form="iso8601", column="at", **time), text)


def test_a_stamp_is_read_with_its_offset_or_the_mappings_zone():
    assert at("2026-01-31T08:00Z") == at("2026-01-31T16:00+08:00")
    assert at("2026-01-31 16:00:00", timezone="Asia/Shanghai") == at("2026-01-31T08:00:00Z")


@pytest.mark.parametrize(
    "text", ["2026-01-31T08:00", "2026-02-30T00:00Z", "31/01/2026", "2026-01-31T08:00:00.5Z", "1e9"]
)
def test_a_stamp_that_is_no_whole_second_of_a_known_zone_is_none(text):
    with pytest.raises(NoMoment, match=text[:4]):
        at(text)


@pytest.mark.parametrize("text", ["-1", "0", "4294967296", "1.5", ""])
def test_unix_seconds_lie_between_1970_and_2106(text):
    with pytest.raises(NoMoment):
        moment(Time(form="unix_s", column="at"), text)


def test_a_stamp_at_the_start_of_its_step_is_moved_to_the_end():
    time = Time(form="unix_s", column="at", stamp="start", step="1 h")

    assert list(moments(time, chunk((1_000, 1)), DAY_S)) == [1_000 + 3_600 + DAY_S]


def test_rows_without_stamps_end_one_step_after_another():
    time = Time(form="rows", begins="2026-01-01T00:00Z", step="15 min")
    begins = at("2026-01-01T00:00Z")

    found = list(moments(time, chunk(("", 1), ("", 2), first_row=4), 0))

    assert found == [begins + 5 * 900, begins + 6 * 900]
