"""Moments as people read them: in the city's time, and in UTC for programs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ledger.deployment import Deployment
from ledger.errors import UsageError
from scripts._showing import local, local_day, local_zone, utc

AT = int(datetime(2026, 1, 31, 16, 30, tzinfo=UTC).timestamp())


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("WATERLINE_HOME", str(tmp_path))
    monkeypatch.delenv("WATERLINE_TIMEZONE", raising=False)
    return tmp_path


def test_without_a_calendar_the_city_has_utc(home):
    assert local_zone().key == "UTC"


def test_the_zone_of_the_loaded_calendar_is_the_citys(home):
    Deployment(1, "0x", 0, timezone="Asia/Shanghai").save(home / "deployment.json")

    assert local_zone().key == "Asia/Shanghai"
    assert local(AT) == "2026-02-01 00:30"


def test_a_record_of_before_the_calendar_was_loaded_leaves_utc_until_it_tells_a_zone(home):
    record = Deployment(1, "0x", 0)
    record.save(home / "deployment.json")
    assert local_zone().key == "UTC"

    replace(record, timezone="Asia/Shanghai").save(home / "deployment.json")

    assert local_zone().key == "Asia/Shanghai"


def test_a_zone_that_is_set_comes_first(home, monkeypatch):
    Deployment(1, "0x", 0, timezone="Asia/Shanghai").save(home / "deployment.json")
    monkeypatch.setenv("WATERLINE_TIMEZONE", "Europe/Berlin")

    assert local(AT) == "2026-01-31 17:30"


def test_a_zone_that_is_none_is_told(home, monkeypatch):
    monkeypatch.setenv("WATERLINE_TIMEZONE", "Moon/Crater")

    with pytest.raises(UsageError, match="unknown time zone 'Moon/Crater'"):
        local_zone()


def test_programs_read_utc_whatever_the_city(home, monkeypatch):
    monkeypatch.setenv("WATERLINE_TIMEZONE", "Asia/Shanghai")

    assert utc(AT) == "2026-01-31T16:30:00Z"


def test_never_is_told_as_such(home):
    assert utc(0) is None
    assert local(0) == "-"


def test_a_ruling_names_the_day_that_ended(home, monkeypatch):
    monkeypatch.setenv("WATERLINE_TIMEZONE", "Asia/Shanghai")
    midnight = int(datetime(2026, 1, 31, 16, tzinfo=UTC).timestamp())

    assert local_day(midnight) == "2026-01-31"
