"""Settings and working days, from standards/ to what Standards holds."""

from datetime import UTC, date, datetime

import pytest

from ledger.errors import BadRecord, NotFound
from ledger.labels import label
from ledger.standards import (
    Setting,
    is_working,
    read_settings,
    read_working_days,
    working_ends,
    zone,
)
from tests.conftest import PROJECT

FOLDER = PROJECT / "standards"
NONE = frozenset[date]()


def test_every_setting_says_where_it_comes_from_and_whether_that_was_read():
    settings = read_settings(FOLDER / "settings.yaml")

    assert {one.name for one in settings} >= {"accept_days", "decide_days", "permit_max_months"}
    assert all(one.source and one.unit for one in settings)
    assert all(len(one.source) <= 64 for one in settings)
    assert len({one.name for one in settings}) == len(settings)


def test_a_setting_is_handed_to_the_contract_without_a_version():
    one = Setting("accept_days", 5, "working days", "Decree 460 art. 13", True)

    assert one.as_struct(7) == (
        *(label("accept_days"), 0, 5, label("working days")),
        *("Decree 460 art. 13", True, 7),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "settings: []",
        "settings: {a: 5}",
        "settings: {a: {amount: 5, unit: d, source: x}}",
        "settings: {a: {amount: 0.5, unit: d, source: x, verified: yes}}",
        "settings: {a: {amount: yes, unit: d, source: x, verified: yes}}",
        "settings: {a: {amount: 5, unit: d, source: x, verified: perhaps}}",
        "{",
    ],
)
def test_settings_of_another_form_are_refused(tmp_path, text):
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadRecord):
        read_settings(path)


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(NotFound, match="no settings"):
        read_settings(tmp_path / "none.yaml")
    with pytest.raises(NotFound, match="no working days"):
        read_working_days(tmp_path / "none.yaml")


def test_a_holiday_is_no_working_day_and_a_working_weekend_is_one():
    friday, saturday = date(2026, 1, 2), date(2026, 1, 3)

    assert is_working(friday, NONE, NONE)
    assert not is_working(saturday, NONE, NONE)
    assert not is_working(friday, frozenset({friday}), NONE)
    assert is_working(saturday, NONE, frozenset({saturday}))


def test_a_working_day_ends_when_the_next_local_day_begins():
    ends = working_ends(2026, 2026, zone("Asia/Shanghai"), NONE, NONE)

    assert ends[0] == int(datetime(2026, 1, 1, 16, tzinfo=UTC).timestamp())  # Thursday, 1 January
    assert ends[2] - ends[1] == 3 * 86_400  # over the weekend
    assert len(ends) == 261


def test_working_days_are_read_from_their_file(tmp_path):
    path = tmp_path / "days.yaml"
    path.write_text("holidays: [2026-10-01]\nworking_weekends: [2026-10-10]\n", encoding="utf-8")

    assert read_working_days(path) == (
        frozenset({date(2026, 10, 1)}),
        frozenset({date(2026, 10, 10)}),
    )
    assert read_working_days(FOLDER / "working_days.yaml") == (NONE, NONE)


@pytest.mark.parametrize("text", ["", "holidays: []", "holidays: [soon]\nworking_weekends: []"])
def test_working_days_of_another_form_are_refused(tmp_path, text):
    path = tmp_path / "days.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadRecord):
        read_working_days(path)
