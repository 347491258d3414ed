"""Files that describe many acts: what is missing or wrong in them is named."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ledger.errors import BadRecord, NotFound, UsageError
from scripts._files import instant, section, take, whole
from tests.conftest import PROJECT

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def file(tmp_path):
    def written(content: str | bytes, name: str = "city.yaml"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-31", utc(2026, 1, 30, 16)),
        ("2026-01-31T08:00", utc(2026, 1, 31)),
        ("2026-01-31 08:00:07", utc(2026, 1, 31, 0, 0, 7)),
        ("2026-01-31T08:00Z", utc(2026, 1, 31, 8)),
        ("2026-01-31T08:00:00+01:00", utc(2026, 1, 31, 7)),
        (date(2026, 1, 31), utc(2026, 1, 30, 16)),
        (datetime(2026, 1, 31, 8), utc(2026, 1, 31)),
        (datetime(2026, 1, 31, 8, tzinfo=UTC), utc(2026, 1, 31, 8)),
        (utc(2026, 1, 31), utc(2026, 1, 31)),
    ],
)
def test_a_moment_without_an_offset_is_the_citys_time(text, at):
    assert instant(text, SHANGHAI) == at


def test_summer_time_is_that_of_the_day():
    assert instant("2026-01-31T12:00", BERLIN) == utc(2026, 1, 31, 11)
    assert instant("2026-07-31T12:00", BERLIN) == utc(2026, 7, 31, 10)


@pytest.mark.parametrize(
    "text",
    [None, True, "", "soon", "31.01.2026", "2026-02-30", "2026-01-31T25:00", 1.5, [], "1800000000"],
)
def test_what_is_no_moment_is_refused_with_the_form(text):
    with pytest.raises(UsageError, match="is no moment") as refused:
        instant(text, SHANGHAI)

    assert "2026-01-31" in refused.value.remedy


def test_a_fraction_of_a_second_is_refused_and_not_cut_off():
    with pytest.raises(UsageError):
        instant("2026-01-31T08:00:00.5Z", SHANGHAI)


@pytest.mark.parametrize("text", [20260131, -1, "1900-01-01", "0001-01-01"])
def test_a_day_without_hyphens_or_before_any_record_is_not_taken_for_a_second(text):
    with pytest.raises(UsageError, match="is no moment"):
        instant(text, SHANGHAI)


def test_a_section_is_its_list_of_entries(file):
    path = file("stations:\n  - {code: A}\n  - {code: B}\n")

    assert section(path, "stations") == [{"code": "A"}, {"code": "B"}]


def test_a_json_file_is_read_as_well(file):
    assert whole(file('{"name": "A"}', "request.json")) == {"name": "A"}


@pytest.mark.parametrize(
    "content", ["links: []", "stations: 5", "stations: {a: 1}", "stations: [A]"]
)
def test_a_file_without_the_list_is_told(file, content):
    with pytest.raises(BadRecord, match="has no list 'stations'") as failure:
        section(file(content), "stations")

    assert failure.value.remedy == "data/city.yaml shows the form"


@pytest.mark.parametrize("content", ["", "- a", "5", "text"])
def test_a_file_without_names_is_told(file, content):
    with pytest.raises(BadRecord, match="holds no names with values"):
        whole(file(content))


@pytest.mark.parametrize("content", ["{", "a: b: c", "a:\n\t- b", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told(file, content):
    with pytest.raises(BadRecord, match="cannot be read") as failure:
        whole(file(content))

    assert failure.value.exit_code == 2


def test_a_folder_in_place_of_a_file_is_told(tmp_path):
    with pytest.raises(BadRecord, match="cannot be read"):
        whole(tmp_path)


def test_no_file_is_told(tmp_path):
    with pytest.raises(NotFound, match=r"no file at .*city\.yaml") as failure:
        whole(tmp_path / "city.yaml")

    assert failure.value.exit_code == 3


@pytest.mark.parametrize("entry", [{}, {"code": None}, {"code": ""}])
def test_a_missing_value_is_told_with_where_it_is_missing(entry):
    with pytest.raises(BadRecord, match="station 3: 'code' is missing"):
        take(entry, "code", "station 3")


@pytest.mark.parametrize("found", [0, False, "0", []])
def test_a_value_that_only_looks_empty_is_there(found):
    assert take({"code": found}, "code", "station 3") == found


def test_the_demo_city_has_every_section_that_the_commands_read():
    for name in (
        "organisations",
        "posts",
        "stations",
        "links",
        "responsible",
        "permits",
        "devices",
    ):
        assert section(PROJECT / "data" / "city.yaml", name)
