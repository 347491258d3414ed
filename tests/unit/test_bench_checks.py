"""Detection rates: rounded before anything is detected, and exact where the events are known."""

import json

import pytest

from bench import put_in
from bench.detection import (
    ANY,
    CHANGE,
    DECIMALS,
    HELD_STILL,
    ORIGINAL,
    RANGE,
    SIMULATED,
    Alarm,
    Event,
    Learnt,
    Normal,
    alarms,
    events,
    judged,
    measure,
    series,
    silences,
)
from oracle.mapping import Mapping

AT, STEP_S, ROWS = 1_700_000_000, 60, 2_000
COLUMN = {"column": "cod", "device": "DEV-1", "parameter": "cod", "unit": "mg/L", "decimals": 1}
MAPPING = {"title": "small", "time": {"form": "unix_s", "column": "at"}, "channels": [COLUMN]}
CLEAR, FINE, LOST = (1_100, 1_104), (1_300, 1_304), (1_500, 1_519)


def moment(row):
    return AT + STEP_S * row


def within(row, span):
    return span[0] <= row <= span[1]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """24.0 and 24.1 in turn; a jump out of range, a value too fine for the sensor, a long still."""
    path = tmp_path_factory.mktemp("series") / "small.csv"
    lines = ["at,cod,event"]
    for row in range(ROWS):
        text = f"24.{row % 2}"
        if within(row, CLEAR):
            text = "30.0"
        if within(row, FINE):
            text = "24.0437" if row % 2 == 0 else "24.0912"
        if within(row, LOST):
            text = "24.0"
        label = any(within(row, span) for span in (CLEAR, FINE, LOST))
        lines.append(f"{moment(row)},{text},{'true' if label else 'false'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return series(path, Mapping.model_validate(MAPPING), STEP_S)


@pytest.fixture(scope="module")
def found(small):
    return measure(small)


def told(found, rounded, check):
    """Of each kind: events, detected, missed; and the false alarms."""
    rows = [o for o in found["events"] if (o["rounded"], o["check"]) == (rounded, check)]
    [cried] = [o for o in found["false_alarms"] if (o["rounded"], o["check"]) == (rounded, check)]
    kinds = {o["kind"]: (o["events"], o["detected"], o["missed"]) for o in rows}
    return kinds, cried["false_alarms"]


def test_an_event_with_a_value_too_fine_for_the_sensor_was_written_in(small):
    assert events(small) == [
        Event(ORIGINAL, moment(CLEAR[0]), moment(CLEAR[1])),
        Event(SIMULATED, moment(FINE[0]), moment(FINE[1])),
        Event(ORIGINAL, moment(LOST[0]), moment(LOST[1])),
    ]


def test_thresholds_come_from_the_first_half_alone(found):
    assert found["split_at"] == moment(ROWS // 2)
    assert found["thresholds"] == [
        {
            **{"device": "DEV-1", "parameter": "cod", "low": 240, "high": 241},
            **{"most_change": 1, "stuck_after": 2},
        }
    ]


def test_the_figures_of_known_events_come_out_exactly(found):
    assert told(found, True, RANGE) == ({ORIGINAL: (2, 1, 1), SIMULATED: (1, 0, 1)}, 0)
    # the way back from 30.0 is a jump too, and lies behind the event: a false alarm
    assert told(found, True, CHANGE) == ({ORIGINAL: (2, 1, 1), SIMULATED: (1, 0, 1)}, 1)
    assert told(found, True, HELD_STILL)[0] == {ORIGINAL: (2, 2, 0), SIMULATED: (1, 0, 1)}
    assert told(found, True, ANY)[0] == {ORIGINAL: (2, 2, 0), SIMULATED: (1, 0, 1)}


def test_values_are_rounded_before_anything_is_detected(small, found):
    learnt = [Learnt(**one) for one in found["thresholds"]]

    rounded, written = (
        {(one.check, one.at) for one in alarms(small, learnt, rounding=way)}
        for way in (True, False)
    )

    inside = {moment(row) for row in range(FINE[0], FINE[1] + 1)}
    assert not [alarm for alarm in rounded if alarm[1] in inside]
    assert {(DECIMALS, at) for at in inside} <= written
    assert told(found, True, DECIMALS) == ({ORIGINAL: (2, 0, 2), SIMULATED: (1, 0, 1)}, 0)
    assert told(found, False, DECIMALS) == ({ORIGINAL: (2, 0, 2), SIMULATED: (1, 1, 0)}, 0)


def test_an_alarm_beside_an_event_is_a_false_one():
    event = Event(ORIGINAL, 100, 160)
    told_ = [Alarm(RANGE, 1, 100), Alarm(RANGE, 1, 99), Alarm(RANGE, 2, 161)]
    normal = Normal(1_000, [Event("", 0, 60), Event("", 61, 99), Event("", 161, 220)])

    rows, cried = judged(told_, [event], normal, rounded=True)

    of_range = next(one for one in rows if one.check == RANGE)
    noise = next(one for one in cried if one.check == RANGE).as_json()
    assert (of_range.events, of_range.detected) == (1, 1)
    assert (noise["false_alarms"], noise["per_1000"]) == (2, 2.0)
    assert (noise["stretches_alarmed"], noise["stretches"]) == (2, 3)


def test_a_channel_is_silent_once_until_it_speaks(tmp_path):
    path = tmp_path / "silent.csv"
    gone = {*range(10, 20), 30, 31}
    rows = [f"{moment(n)},{'' if n in gone else '24.1'}" for n in range(40)]
    path.write_text("at,cod\n" + "\n".join(rows) + "\n", encoding="utf-8")

    found = silences(series(path, Mapping.model_validate(MAPPING), STEP_S))

    assert found == {"missing": 12, "silences": 1}


def test_faults_that_are_put_in_are_told_by_the_check_that_is_there_for_them(small, found):
    learnt = [Learnt(**one) for one in found["thresholds"]]

    rows = {one["check"]: one for one in put_in.measure(small, learnt, 0, seed=3)}

    assert all(one["events"] > 0 for name, one in rows.items() if name != put_in.SEQUENCE)
    for name in (put_in.TOLD_BY["skew"], put_in.TOLD_BY["late"], put_in.TOLD_BY["other"]):
        assert (rows[name]["missed"], rows[name]["false_alarms"]) == (0, 0)
    assert json.loads(json.dumps(list(rows.values())))
