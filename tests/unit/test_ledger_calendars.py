"""Local calendars: where days, months, quarters and years begin, summer time included."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from ledger.errors import UsageError
from ledger.standards import (
    CALENDARS,
    DAY,
    MONTH,
    QUARTER,
    WORKING,
    YEAR,
    boundaries,
    midnight,
    zone,
)

HOUR_S = 3_600
DAY_S = 86_400
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "UTC")


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def uneven_days(name: str, year: int) -> dict[date, int]:
    """Local days that are not 24 hours long, with their hours."""
    where = zone(name)
    return {
        datetime.fromtimestamp(begin, where).date(): (end - begin) // HOUR_S
        for begin, end in pairwise(boundaries(DAY, year, year, where))
        if end - begin != DAY_S
    }


def test_a_day_in_shanghai_begins_at_sixteen_hours_utc():
    assert midnight(date(2026, 1, 1), zone("Asia/Shanghai")) == utc(2025, 12, 31, 16)


def test_every_day_in_shanghai_has_24_hours_today():
    assert uneven_days("Asia/Shanghai", 2026) == {}


def test_summer_time_in_shanghai_is_that_of_its_years():
    assert uneven_days("Asia/Shanghai", 1987) == {date(1987, 4, 12): 23, date(1987, 9, 13): 25}


def test_the_days_of_the_change_in_berlin_have_23_and_25_hours():
    assert uneven_days("Europe/Berlin", 2026) == {date(2026, 3, 29): 23, date(2026, 10, 25): 25}


def test_months_in_berlin_begin_at_local_midnight_in_summer_and_winter():
    months = boundaries(MONTH, 2026, 2026, zone("Europe/Berlin"))

    assert (months[0], months[6]) == (utc(2025, 12, 31, 23), utc(2026, 6, 30, 22))


def test_a_day_whose_midnight_is_skipped_begins_with_its_first_moment():
    where = zone("America/Sao_Paulo")

    begins = midnight(date(2018, 11, 4), where)

    assert begins == utc(2018, 11, 4, 3)
    assert datetime.fromtimestamp(begins - 1, where).date() == date(2018, 11, 3)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize(
    ("calendar", "first", "last", "count"),
    [
        (DAY, 2026, 2026, 366),
        (DAY, 2028, 2028, 367),
        (MONTH, 2026, 2027, 25),
        (QUARTER, 2026, 2027, 9),
        (YEAR, 2026, 2030, 6),
    ],
)
def test_both_ends_of_the_years_are_boundaries(name, calendar, first, last, count):
    where = zone(name)

    found = boundaries(calendar, first, last, where)

    assert len(found) == count
    assert found[0] == midnight(date(first, 1, 1), where)
    assert found[-1] == midnight(date(last + 1, 1, 1), where)


@pytest.mark.parametrize("name", ZONES)
def test_boundaries_rise_and_each_calendar_keeps_to_the_finer_ones(name):
    found = {n: boundaries(n, 2024, 2026, zone(name)) for n in CALENDARS if n != WORKING}

    for instants in found.values():
        assert all(before < after for before, after in pairwise(instants))
    assert set(found[YEAR]) <= set(found[QUARTER]) <= set(found[MONTH]) <= set(found[DAY])


@pytest.mark.parametrize("name", ZONES)
def test_every_boundary_is_a_whole_second_and_the_first_of_its_local_day(name):
    where = zone(name)

    for at in boundaries(DAY, 2026, 2026, where):
        assert type(at) is int
        before, after = (datetime.fromtimestamp(moment, where).date() for moment in (at - 1, at))
        assert (after - before).days == 1


@pytest.mark.parametrize("name", ["", "Asia/Peking", "../etc/passwd", "+08:00", "asia\0shanghai"])
def test_a_zone_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="unknown time zone") as failure:
        zone(name)

    assert "Asia/Shanghai" in failure.value.remedy
