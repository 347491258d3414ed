"""The demo's two days of loads: a dry one and one of rain, as data/city.yaml says of them."""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from scripts._city import filled
from scripts._following import ruling
from scripts._shared import PROJECT
from scripts._stages import stages

STEP_S, DAY_S = 900, 86_400
MEAN_MG_L, LOAD_KG = 350, 7_500


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return filled(
        PROJECT / "data" / "city.yaml", tmp_path_factory.mktemp("city") / "city.yaml", 1_795_000_000
    )


@pytest.fixture(scope="module")
def days(city):
    """Mean in mg/L and load in kg of each local day, from the rows of the series."""
    (series,) = (one for one in city.series if one.name == "outfall")
    zone, passed = ZoneInfo(city.timezone), Fraction(0)
    values, volumes, before = defaultdict(list), defaultdict(int), 0
    with series.path.open(encoding="utf-8") as file:
        for n, row in enumerate(csv.DictReader(file), 1):
            ended = datetime.fromtimestamp(series.opened_at + n * STEP_S, UTC).astimezone(zone)
            day = str((ended - timedelta(seconds=1)).date())
            passed += Fraction(rounded(row["flow_m3_d"], 2)) * 1_000 * STEP_S / DAY_S
            volumes[day] += int(passed) - before
            before = int(passed)
            values[day].append(Fraction(rounded(row["cod_mg_l"], 1)))
    means = {day: sum(some) / len(some) for day, some in values.items()}
    return {day: (mean, mean * volumes[day] / 10**6) for day, mean in means.items()}


def rounded(text, places):
    return Decimal(text).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def test_the_dry_day_is_beyond_its_mean_and_the_day_of_rain_beyond_its_load(city, days):
    (one,) = city.raw["loads"]
    permit = next(p for p in city.raw["permits"] if p["number"] == one["permit"])
    assert [limit["max"] for limit in permit["limits"]] == ["350 mg/L", "7500 kg/day"]

    dry, rain = (days[city.day_of("outfall", one[key])] for key in ("within", "beyond"))

    assert dry[0] > MEAN_MG_L and dry[1] <= LOAD_KG
    assert rain[0] <= MEAN_MG_L and rain[1] > LOAD_KG


def test_both_days_are_ruled_on_and_the_one_beyond_is_put_on_record(city):
    dry, rain = (city.day_of("outfall", later) for later in (21, 22))

    asked = [words for words in ruling(city).commands if words[:2] == ("discharge", "load")]

    assert [(words[2], words[words.index("--period") + 1]) for words in asked] == [
        ("rule", dry),
        ("rule", rain),
        ("detect", rain),
    ]


def test_registers_are_kept_by_day_before_the_outfall_s_pair_is_set(city, tmp_path):
    asked = [words for stage in stages(city, tmp_path) for words in stage.commands]

    kept = asked.index(
        next(words for words in asked if words[:3] == ("plan", "keep-turns", "OUT-1-METER"))
    )
    paired = next(n for n, words in enumerate(asked) if words[:3] == ("discharge", "load", "pair"))

    judged = next(n for n, words in enumerate(asked) if words[:2] == ("device", "judge"))
    assert judged < kept < paired
    assert asked[paired][asked[paired].index("--from") + 1] == city.day_of("outfall", 0)
