"""Reservoirs: versions of levels and marks, storage on the curve, colours; flood classes."""

from itertools import pairwise

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import OFFSET, gauge_group, packed
from tests.contracts.storage import put
from tests.contracts.suite import DAY_S, GAUGE, HASH, METER, NOW, T0, word

LEVEL = word("level")
NONE, BLUE, YELLOW, ORANGE, RED = range(5)
MARKS = {
    "from_at": 0,
    "warning_mm": 105_000,
    "guaranteed_mm": 107_000,
    "highest_mm": 109_000,
    "lowest_period_mm": 91_000,
    "lowest_mm": 90_500,
    "near_mm": 500,
}
LEVELS = {
    "from_at": 0,
    "season_from": 0,
    "season_until": 0,
    "dead_mm": 90_000,
    "drought_mm": 92_000,
    "flood_limit_mm": 100_000,
    "normal_mm": 103_000,
    "flood_high_mm": 104_000,
    "design_mm": 106_000,
    "check_mm": 108_000,
}
CURVE = ([85_000, 90_000, 100_000, 110_000], [0, 1_000, 11_001, 40_000])


class Reservoir:
    """A station whose level is measured in millimetres."""

    def __init__(self, suite, resolution=1):
        self.suite, self.at = suite, T0
        self.channel = suite.channel(GAUGE, "QualityProvenance", LEVEL, resolution=resolution)
        self.lane, self.monitor = suite.lane(suite.quality_provenance), suite.source_monitor
        self.keeper = suite.standards_keeper
        self.monitor.set_reservoir(1, self.channel, sender=self.keeper)
        self.marks()
        self.levels()
        self.monitor.set_curve(1, *CURVE, HASH, sender=self.keeper)

    def levels(self, **changed):
        given = tuple((LEVELS | changed).values())
        self.monitor.add_levels(1, given, HASH, sender=self.keeper)

    def marks(self, **changed):
        given = tuple((MARKS | changed).values())
        self.monitor.add_marks(1, given, HASH, sender=self.keeper)

    def stands(self, steps, at):
        book = self.suite.quality_provenance
        words = packed(gauge_group(self.channel, self.at, [(OFFSET + steps, at - self.at)]))
        batch_id = book.lane(self.lane).next_id
        book.record_gauges(self.lane, batch_id, HASH, words, b"", sender=self.suite.relay)
        self.at = at


@pytest.fixture
def reservoir(suite):
    return Reservoir(suite)


def test_a_level_is_put_on_record_with_all_that_it_was_held_against(suite):
    reservoir, anyone = Reservoir(suite, resolution=10), boa.env.generate_address()
    reservoir.stands(9_150, T0 + 900)

    suite.source_monitor.rule_level(1, sender=anyone)

    about = {"station_id": 1, "channel": reservoir.channel, "at": T0 + 900, "level_mm": 91_500}
    verdict = {"storage_l": 2_500, "band": 1, "low_water": YELLOW, "flood": NONE}
    versions = {"levels_version": 1, "marks_version": 1, "curve_version": 1}
    assert events(suite.source_monitor) == [("LevelRuled", about | verdict | versions)]
    again = reason(suite.source_monitor.rule_level, 1, sender=anyone)
    assert again == "source: no new reading"


@pytest.mark.parametrize(
    ("level_mm", "low_water", "flood"),
    [
        (90_500, RED, NONE),
        (90_501, ORANGE, NONE),
        (91_000, ORANGE, NONE),
        (91_001, YELLOW, NONE),
        (92_000, YELLOW, NONE),
        (92_500, BLUE, NONE),
        (92_501, NONE, NONE),
        (104_499, NONE, NONE),
        (104_500, NONE, BLUE),
        (105_000, NONE, YELLOW),
        (107_000, NONE, ORANGE),
        (109_000, NONE, RED),
    ],
)
def test_colours_are_tested_from_red_down_with_their_end_points(
    suite, reservoir, level_mm, low_water, flood
):
    assert suite.source_monitor.standing(1, level_mm, NOW)[1:] == (low_water, flood)


def test_the_band_counts_the_levels_that_are_reached(suite, reservoir):
    marks = [LEVELS[key] for key in LEVELS if key.endswith("_mm")]

    bands = [suite.source_monitor.standing(1, mark, NOW)[0] for mark in marks]

    assert bands == list(range(1, 8))
    assert suite.source_monitor.standing(1, 89_999, NOW)[0] == 0


def test_levels_of_a_season_count_in_it_and_the_last_added_first(suite, reservoir):
    # a "year" of the tests' calendar has forty days, its first month ten
    year_at = T0 + (NOW - T0) // (40 * DAY_S) * 40 * DAY_S
    reservoir.levels(season_from=101, season_until=105, flood_limit_mm=98_000)

    standing = suite.source_monitor.standing
    assert standing(1, 99_000, year_at)[0] == 3
    assert standing(1, 99_000, year_at + 5 * DAY_S)[0] == 2


def test_a_day_without_levels_is_told(suite):
    reservoir = Reservoir.__new__(Reservoir)
    channel = suite.channel(GAUGE, "QualityProvenance", LEVEL)
    reservoir.suite, reservoir.monitor = suite, suite.source_monitor
    reservoir.keeper = suite.standards_keeper
    suite.source_monitor.set_reservoir(1, channel, sender=suite.standards_keeper)
    reservoir.levels(season_from=201, season_until=205)

    answer = reason(suite.source_monitor.standing, 1, 1, NOW, sender=suite.holder)

    assert answer == "source: no levels for this day"


@settings(max_examples=20)
@given(
    points=st.lists(
        st.tuples(st.integers(1, 10**5), st.integers(0, 10**12)), min_size=2, max_size=9
    ),
    share=st.floats(0, 1),
)
def test_storage_is_on_the_line_between_two_points_rounded_down(deployed, points, share):
    with boa.env.anchor():
        suite = deployed
        Reservoir(suite)
        level, storage, curve = 0, 0, []
        for wide, more in points:
            level, storage = level + wide, storage + more
            curve.append((level, storage))
        mm, litres = zip(*curve, strict=True)
        suite.source_monitor.set_curve(1, mm, litres, HASH, sender=suite.standards_keeper)
        asked = mm[0] + int((mm[-1] - mm[0]) * share)

        found = suite.source_monitor.storage_l(1, asked)

        i = next(i for i in range(1, len(mm)) if asked <= mm[i])
        rise = (litres[i] - litres[i - 1]) * (asked - mm[i - 1]) // (mm[i] - mm[i - 1])
        assert found == litres[i - 1] + rise


def test_volumes_are_differences_of_storage_and_the_overlap_is_counted_once(suite, reservoir):
    storage = suite.source_monitor.storage_l
    volumes = suite.source_monitor.storages(1, NOW)

    assert volumes.dead_l == storage(1, 90_000)
    assert volumes.active_l == storage(1, 103_000) - storage(1, 90_000)
    assert volumes.flood_control_l == storage(1, 104_000) - storage(1, 100_000)
    assert volumes.surcharge_l == storage(1, 108_000) - storage(1, 100_000)
    assert volumes.overlap_l == storage(1, 103_000) - storage(1, 100_000)


def test_a_level_outside_the_curve_has_no_storage(suite, reservoir):
    for level_mm in (84_999, 110_001):
        answer = reason(suite.source_monitor.storage_l, 1, level_mm, sender=suite.holder)
        assert answer == "source: level outside the curve"
    none = reason(suite.source_monitor.storage_l, 2, 1, sender=suite.holder)
    assert none == "source: reservoir has no curve"


def test_a_reservoir_is_set_with_its_own_gauge(suite):
    set_, by = suite.source_monitor.set_reservoir, suite.standards_keeper
    meter = suite.channel(METER, "QuotaTracker")
    gauge = suite.channel(GAUGE, "QualityProvenance", LEVEL)
    elsewhere = suite.station()

    no_gauge = "source: channel is no gauge"
    assert reason(set_, 1, meter, sender=by) == reason(set_, 1, 99, sender=by) == no_gauge
    away = reason(set_, elsewhere, gauge, sender=by)
    assert away == "source: gauge is at another station"
    set_(1, gauge, sender=by)
    assert events(suite.source_monitor) == [("ReservoirSet", {"station_id": 1, "channel": gauge})]


def test_a_gauge_that_was_never_read_is_ruled_on_by_nobody(suite, reservoir):
    for rule in (suite.source_monitor.rule_level, suite.source_monitor.rule_low_water):
        assert reason(rule, 1, sender=suite.holder) == "source: gauge was not read yet"


def test_marks_rise_and_have_a_source_and_a_reservoir(suite, reservoir):
    add, by = suite.source_monitor.add_marks, suite.standards_keeper

    def answer(source=HASH, station=1, **changed):
        return reason(add, station, tuple((MARKS | changed).values()), source, sender=by)

    flood = "source: flood marks must not fall"
    assert answer(warning_mm=107_001) == answer(highest_mm=106_999) == flood
    assert answer(lowest_mm=91_001) == "source: low-water marks must not fall"
    assert answer(near_mm=-1) == "source: negative margin"
    assert answer(source=b"\0" * 32) == "source: marks without a source"
    assert answer(station=2) == "source: marks of no reservoir"
    reservoir.marks(from_at=5)
    [(name, about)] = events(suite.source_monitor)
    assert (name, about["version"], about["source_hash"]) == ("MarksAdded", 2, HASH)
    assert tuple(about["marks"]) == tuple((MARKS | {"from_at": 5}).values())


def test_marks_count_from_their_instant_and_those_before_them_stay(suite, reservoir):
    reservoir.marks(from_at=NOW, warning_mm=104_000)

    standing = suite.source_monitor.standing
    assert standing(1, 104_000, NOW - 1)[2] == NONE
    assert standing(1, 104_000, NOW)[2] == YELLOW
    assert suite.source_monitor.marks(1, 1).warning_mm == MARKS["warning_mm"]


def test_levels_count_from_their_instant(suite, reservoir):
    reservoir.levels(from_at=NOW, dead_mm=89_000)

    bands = [suite.source_monitor.standing(1, 89_500, at)[0] for at in (NOW - 1, NOW)]

    assert bands == [0, 1]


def test_a_reading_is_ruled_on_by_the_marks_in_force_at_its_time(suite, reservoir):
    """What was added since, for later, changes nothing of it."""
    reservoir.stands(91_000, T0 + 900)
    reservoir.marks(from_at=T0 + 901, lowest_period_mm=90_600)

    suite.source_monitor.rule_level(1, sender=suite.holder)

    [(_, about)] = events(suite.source_monitor)
    assert (about["low_water"], about["marks_version"]) == (ORANGE, 1)


def test_a_day_without_marks_is_told(suite):
    channel = suite.channel(GAUGE, "QualityProvenance", LEVEL)
    monitor, by = suite.source_monitor, suite.standards_keeper
    monitor.set_reservoir(1, channel, sender=by)
    monitor.add_levels(1, tuple(LEVELS.values()), HASH, sender=by)
    monitor.add_marks(1, tuple((MARKS | {"from_at": NOW + 1}).values()), HASH, sender=by)

    answer = reason(monitor.standing, 1, 1, NOW, sender=suite.holder)

    assert answer == "source: no marks for this day"


def test_levels_do_not_fall_may_coincide_and_have_a_season_and_a_source(suite, reservoir):
    add, by = suite.source_monitor.add_levels, suite.standards_keeper

    def answer(source=HASH, station=1, **changed):
        return reason(add, station, tuple((LEVELS | changed).values()), source, sender=by)

    keys = [key for key in LEVELS if key.endswith("_mm")]
    for lower, upper in pairwise(keys):
        assert answer(**{lower: LEVELS[upper] + 1}) == "source: levels must not fall"
    reservoir.levels(normal_mm=LEVELS["flood_limit_mm"])
    [(name, about)] = events(suite.source_monitor)
    assert (name, about["version"], about["source_hash"]) == ("LevelsAdded", 2, HASH)
    assert answer(season_from=401) == "source: season is no pair of month and day"
    assert answer(source=b"\0" * 32) == "source: levels without a source"
    assert answer(station=2) == "source: unknown reservoir"


@pytest.mark.parametrize(
    ("kept", "add", "given", "why"),
    [
        ("levels", "add_levels", LEVELS, "source: reservoir has 64 versions of levels"),
        ("marks", "add_marks", MARKS, "source: reservoir has 64 versions of marks"),
    ],
)
def test_a_reservoir_has_at_most_64_versions_of_a_sort(suite, reservoir, kept, add, given, why):
    monitor = suite.source_monitor
    put(monitor, 64, f"{kept}_count", 1)

    answer = reason(
        getattr(monitor, add), 1, tuple(given.values()), HASH, sender=suite.standards_keeper
    )

    assert answer == why


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        (([1], [1]), "source: curve needs two points or more"),
        (([1, 2], [1]), "source: curve needs two points or more"),
        (([1, 1], [1, 2]), "source: curve must rise"),
        (([1, 2], [2, 1]), "source: curve must rise"),
        (([1, 2], [1, 2**60 + 1]), "source: storage out of range"),
    ],
)
def test_a_curve_that_does_not_rise_is_refused(suite, reservoir, curve, why):
    answer = reason(suite.source_monitor.set_curve, 1, *curve, HASH, sender=suite.standards_keeper)

    assert answer == why


def test_a_curve_has_a_source_and_a_reservoir(suite, reservoir):
    set_, by = suite.source_monitor.set_curve, suite.standards_keeper

    assert reason(set_, 1, *CURVE, b"\0" * 32, sender=by) == "source: curve without a source"
    assert reason(set_, 2, *CURVE, HASH, sender=by) == "source: no such reservoir"
    set_(1, *CURVE, HASH, sender=by)
    [(name, about)] = events(suite.source_monitor)
    assert (name, about["version"], about["levels_mm"]) == ("CurveSet", 2, CURVE[0])


ROWS = [(1, 50_000, BLUE, 0), (2, 150, YELLOW, 0), (2, 500, RED, 0), (5, 1_800, YELLOW, 0)]


def classed(suite, rows, *inputs):
    """The class that each set of inputs gets by a rule table."""
    suite.source_monitor.set_flood_table(1, rows, HASH, sender=suite.standards_keeper)
    classify = suite.source_monitor.classify_flood
    return [classify(1, one, HASH, sender=suite.dispatcher) for one in inputs]


def test_flooding_is_classed_by_the_highest_row_reached_and_recorded_with_its_inputs(suite):
    suite.source_monitor.set_flood_table(1, ROWS, HASH, sender=suite.standards_keeper)
    [(name, about)] = events(suite.source_monitor)
    assert (name, about["version"], len(about["rows"])) == ("FloodTableSet", 1, 4)

    found = classed(
        suite,
        ROWS,
        (49_999, 149, 0, 0, 0, 0),
        (50_000, 0, 0, 0, 0, 0),
        (0, 150, 0, 0, 0, 0),
        (50_000, 500, 0, 0, 0, 7),
    )

    assert found == [NONE, BLUE, YELLOW, RED]
    [(name, about)] = events(suite.source_monitor)
    assert (name, about["severity"], about["by"]) == ("FloodClassified", RED, suite.dispatcher)
    assert tuple(about["inputs"]) == (50_000, 500, 0, 0, 0, 7)


def test_rows_of_a_group_hold_together_only(suite):
    """High above half a metre for more than half an hour, or at two metres a second."""
    depth, lasting, fast = (2, 501, RED), (5, 1_801, RED), (6, 2_000, RED)
    rows = [(2, 300, ORANGE, 0), (*depth, 1), (*lasting, 1), (*depth, 2), (*fast, 2)]

    found = classed(
        suite,
        rows,
        (0, 501, 0, 0, 1_800, 1_999),
        (0, 299, 0, 0, 1_801, 2_000),
        (0, 501, 0, 0, 1_801, 0),
        (0, 501, 0, 0, 0, 2_000),
    )

    assert found == [ORANGE, NONE, RED, RED]


@settings(max_examples=30)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=12
    ),
    inputs=st.lists(st.integers(0, 3), min_size=6, max_size=6),
)
def test_a_class_is_that_of_the_worst_group_all_of_whose_rows_are_reached(deployed, rows, inputs):
    groups = {}
    for n, (number, at_least, group) in enumerate(rows):
        groups.setdefault((group, n if group == 0 else None), []).append((number, at_least))
    severity_of = {key: 1 + key[0] % 4 for key in groups}
    expected = max(
        (
            severity_of[key]
            for key, of_group in groups.items()
            if all(inputs[number - 1] >= at_least for number, at_least in of_group)
        ),
        default=NONE,
    )
    table = [(number, at_least, 1 + group % 4, group) for number, at_least, group in rows]

    with boa.env.anchor():
        assert classed(deployed, table, tuple(inputs)) == [expected]


def test_a_rule_table_has_rows_of_known_inputs_and_classes_and_a_source(suite):
    set_, by = suite.source_monitor.set_flood_table, suite.standards_keeper

    assert reason(set_, 1, [], HASH, sender=by) == "source: empty rule table"
    sourceless = reason(set_, 1, ROWS, b"\0" * 32, sender=by)
    assert sourceless == "source: rule table without a source"
    for unknown in (0, 7):
        answer = reason(set_, 1, [(unknown, 1, 1, 0)], HASH, sender=by)
        assert answer == "source: unknown input"
    for unknown in (0, 5):
        answer = reason(set_, 1, [(1, 1, unknown, 0)], HASH, sender=by)
        assert answer == "source: unknown class"
    beyond = reason(set_, 1, [(1, 1, 1, 33)], HASH, sender=by)
    assert beyond == "source: group of rows above 32"
    two = reason(set_, 1, [(1, 1, 1, 32), (2, 1, 2, 32)], HASH, sender=by)
    assert two == "source: group of two classes"


def test_a_class_needs_a_table_and_evidence(suite):
    classify, by, inputs = suite.source_monitor.classify_flood, suite.dispatcher, (0,) * 6

    assert reason(classify, 1, inputs, HASH, sender=by) == "source: station has no rule table"
    suite.source_monitor.set_flood_table(1, ROWS, HASH, sender=suite.standards_keeper)
    silent = reason(classify, 1, inputs, b"\0" * 32, sender=by)
    assert silent == "source: class without evidence"
