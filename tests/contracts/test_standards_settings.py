"""Settings with versions, months later, seasons and working days of the local calendar."""

from datetime import UTC, datetime, timedelta
from datetime import date as Date

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.suite import NOW, T0, deployer, word

FIRST, LAST = 2023, 2026


def setting(name="leak", amount=9, in_force_at=T0, verified=False):
    return (word(name), 0, amount, word("%"), "CJJ 92-2016", verified, in_force_at)


def test_a_setting_is_loaded_as_the_next_version_of_its_name(suite):
    standards, keeper = suite.standards, suite.standards_keeper
    before = standards.setting_count()

    standards.load_settings([setting(), setting(amount=-3, in_force_at=NOW)], sender=keeper)

    about = {"name": word("leak"), "unit": word("%"), "source": "CJJ 92-2016", "verified": False}
    assert events(standards) == [
        ("SettingLoaded", about | {"setting_id": before + n, "version": n} | figures)
        for n, figures in enumerate(
            ({"amount": 9, "in_force_at": T0}, {"amount": -3, "in_force_at": NOW}), 1
        )
    ]
    assert standards.setting_at(word("leak"), NOW - 1).amount == 9
    assert standards.setting_at(word("leak"), NOW).amount == -3
    assert standards.setting_versions(word("leak")) == 2


def test_a_setting_that_is_not_in_force_is_not_found(suite):
    standards = suite.standards
    standards.load_settings([setting()], sender=suite.standards_keeper)
    missing = "standards: setting is not loaded"

    assert reason(standards.setting_at, word("leak"), T0 - 1, sender=suite.holder) == missing
    assert reason(standards.setting_at, word("other"), NOW, sender=suite.holder) == missing


def test_a_setting_needs_a_name(suite):
    load, keeper = suite.standards.load_settings, suite.standards_keeper

    assert reason(load, [setting(name="")], sender=keeper) == "standards: empty setting name"


@pytest.fixture(scope="module")
def standards(deployed):
    """Standards with the real calendar of four years, in UTC."""
    with boa.env.anchor():
        made = deployer("Standards").deploy(deployed.authority.address)
        keeper = deployed.standards_keeper
        first, last = Date(FIRST, 1, 1), Date(LAST + 1, 1, 1)
        days = [stamp(first + timedelta(n)) for n in range((last - first).days + 1)]
        months = [stamp(Date(y, m, 1)) for y in range(FIRST, LAST + 1) for m in range(1, 13)]
        for start in range(0, len(days), 400):
            made.extend_calendar(1, days[start : start + 400], sender=keeper)
        made.extend_calendar(2, [*months, stamp(last)], sender=keeper)
        years = [stamp(Date(y, 1, 1)) for y in range(FIRST, LAST + 2)]
        made.extend_calendar(4, years, sender=keeper)
        yield made


def stamp(day, seconds=0):
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + seconds


DAYS = st.dates(Date(FIRST, 1, 1), Date(LAST, 12, 30))


@given(
    day=st.dates(Date(FIRST, 1, 1), Date(2024, 12, 31)),
    seconds=st.integers(0, 86_399),
    n=st.integers(0, 23),
)
def test_months_later_is_the_same_day_and_time_or_the_month_s_last_second(
    standards, day, seconds, n
):
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    following = Date(year + (month == 11), (month + 1) % 12 + 1, 1)
    same = stamp(Date(year, month + 1, 1)) + (day.day - 1) * 86_400 + seconds

    later_at = standards.months_later(stamp(day, seconds), n)

    assert later_at == min(same, stamp(following) - 1)


def test_months_later_ends_where_the_months_are_loaded(standards):
    answer = reason(standards.months_later, stamp(Date(2026, 2, 1)), 11, sender=boa.env.eoa)

    assert answer == "standards: beyond the months loaded"


@given(
    day=DAYS,
    seconds=st.integers(0, 86_399),
    first=st.tuples(st.integers(1, 12), st.integers(1, 28)),
    last=st.tuples(st.integers(1, 12), st.integers(1, 28)),
)
def test_a_season_holds_on_each_of_its_days_in_any_year(standards, day, seconds, first, last):
    """The rule: look at every day; it lies between the two days, or, past new year, outside."""

    def holds(one):
        inside = (one.month, one.day)
        return first <= inside <= last if first <= last else inside >= first or inside <= last

    answer, turns_at = standards.season_at(
        first[0] * 100 + first[1], last[0] * 100 + last[1], stamp(day, seconds)
    )

    turn = day + timedelta(1)
    while turn.year == day.year and holds(turn) == holds(day):
        turn += timedelta(1)
    assert (answer, turns_at) == (holds(day), stamp(turn))


def test_a_season_to_the_last_of_february_ends_with_it_in_every_year(standards):
    for year in (2023, 2024):
        last_day = Date(year, 3, 1) - timedelta(1)

        assert standards.season_at(101, 229, stamp(last_day)) == (True, stamp(Date(year, 3, 1)))
        assert not standards.season_at(101, 229, stamp(Date(year, 3, 1)))[0]


def test_working_days_end_where_they_are_loaded(suite):
    beyond = {
        reason(suite.standards.working_due, NOW, 1_000, [], sender=suite.holder),
        reason(suite.standards.working_due, NOW, 1_000, [(NOW, NOW + 9)], sender=suite.holder),
    }

    assert beyond == {
        "standards: working days are not loaded",
        "standards: beyond the working days loaded",
    }
