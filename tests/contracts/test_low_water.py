"""Low water by inflow: thirty days against what is normal, or the level, whichever is worse."""

import pytest

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, GAUGE, HASH, METER, T0
from tests.contracts.test_source_monitor import Reservoir

NONE, BLUE, YELLOW, ORANGE, RED = range(5)
DAY, ESTIMATE = 1, 5
TODAY = 40  # a "year" of the tests' calendar has forty days: its first
AT = T0 + TODAY * DAY_S + 3_600  # when the level was read
NORMAL_L = 1_000_000
NORMAL = {"from_at": 0, "season_from": 0, "season_until": 0, "channel": 0, "inflow_l": NORMAL_L}


class Fed(Reservoir):
    """A reservoir with a meter of its inflow, kept by day."""

    def __init__(self, suite, **changed):
        super().__init__(suite)
        self.meter = suite.channel(METER, "QuotaTracker")
        self.register_l, self.read_at = 100, T0
        self.meters = suite.lane(suite.quota_tracker)
        suite.register_turns.set_turns([self.meter], DAY, sender=suite.device_keeper)
        self.normal(**changed)

    def normal(self, **changed):
        given = tuple((NORMAL | {"channel": self.meter} | changed).values())
        self.monitor.add_normal(1, given, HASH, sender=self.keeper)

    def flows(self, volume_l, until_at, kind=0):
        book = self.suite.quota_tracker
        steps = [(volume_l, until_at - self.read_at)]
        words = packed(meter_group(self.meter, self.register_l, self.read_at, steps, kind=kind))
        batch_id = book.lane(self.meters).next_id
        book.record_meters(self.meters, batch_id, HASH, words, b"", sender=self.suite.relay)
        self.register_l, self.read_at = self.register_l + volume_l, until_at

    def took(self, inflow_l, level_mm=95_000, kind=0):
        """This much in the thirty days before today, and more before and after them."""
        self.flows(777, T0 + (TODAY - 30) * DAY_S)
        self.flows(inflow_l, T0 + TODAY * DAY_S, kind)
        self.flows(99_999, AT)
        self.stands(level_mm, AT)

    def ruled(self):
        self.monitor.rule_low_water(1, sender=self.suite.holder)
        [(name, about)] = events(self.monitor)
        assert name == "LowWaterRuled"
        return about


@pytest.fixture
def fed(suite):
    return Fed(suite)


@pytest.mark.parametrize(
    ("inflow_l", "colour"),
    [
        (2_000_000, NONE),
        (600_001, NONE),
        (600_000, BLUE),
        (400_001, BLUE),
        (400_000, YELLOW),
        (250_001, YELLOW),
        (250_000, ORANGE),
        (100_001, ORANGE),
        (100_000, RED),
        (0, RED),
    ],
)
def test_inflow_is_held_against_normal_exactly_from_red_down(suite, fed, inflow_l, colour):
    fed.took(inflow_l)

    about = fed.ruled()

    assert (about["by_level"], about["by_inflow"], about["low_water"]) == (NONE, colour, colour)


@pytest.mark.parametrize(
    ("level_mm", "inflow_l", "colours"),
    [(90_500, 600_000, (RED, BLUE, RED)), (92_000, 100_000, (YELLOW, RED, RED))],
)
def test_the_worse_of_level_and_inflow_counts(suite, fed, level_mm, inflow_l, colours):
    fed.took(inflow_l, level_mm)

    about = fed.ruled()

    assert (about["by_level"], about["by_inflow"], about["low_water"]) == colours


def test_a_finding_is_recorded_with_all_its_inputs(suite, fed):
    fed.took(500_000, 92_100)

    about = fed.ruled()

    inflow = about.pop("inflow")
    assert about == {
        **{"station_id": 1, "channel": fed.channel, "at": AT, "level_mm": 92_100},
        **{"by_level": BLUE, "by_inflow": BLUE, "low_water": BLUE},
        **{"levels_version": 1, "marks_version": 1},
    }
    span = (T0 + 10 * DAY_S, T0 + 40 * DAY_S)
    assert tuple(inflow) == (fed.meter, *span, 500_000, 0, False, NORMAL_L, 1)
    assert suite.source_monitor.inflow_of(1, TODAY) == (inflow, BLUE)


def test_low_water_is_ruled_on_once_a_day(suite, fed):
    fed.took(500_000)
    fed.ruled()
    rule, by = suite.source_monitor.rule_low_water, suite.holder

    fed.stands(95_000, AT + 3_600)
    again = reason(rule, 1, sender=by)
    fed.stands(95_000, AT + DAY_S)
    fed.flows(0, AT + DAY_S)
    rule(1, sender=by)

    assert again == "source: low water is ruled on already"
    assert suite.source_monitor.low_water_day(1) == TODAY + 1


def test_nothing_is_ruled_before_the_meter_was_read_through_the_thirty_days(suite, fed):
    fed.flows(1, T0 + TODAY * DAY_S - 1)
    fed.stands(95_000, AT)

    answer = reason(suite.source_monitor.rule_low_water, 1, sender=suite.holder)

    assert answer == "turns: a meter is not read beyond the turn yet"


def test_a_silent_meter_and_estimated_inflow_are_told(suite, fed):
    fed.flows(100_000, T0 + 20 * DAY_S, ESTIMATE)
    fed.stands(95_000, AT)
    suite.register_turns.close_turn(fed.meter, sender=suite.holder)

    inflow = fed.ruled()["inflow"]

    assert (inflow.inflow_l, inflow.estimated_l, inflow.silent) == (100_000, 100_000, True)


def test_the_normal_inflow_is_that_of_the_season_in_which_the_thirty_days_end(suite, fed):
    fed.normal(season_from=101, season_until=410, inflow_l=5)
    fed.normal(season_from=410, season_until=410, inflow_l=7)
    fed.normal(season_from=101, season_until=101, inflow_l=9)
    fed.took(1)

    assert fed.ruled()["inflow"].normal_l == 7


def test_the_normal_inflow_counts_from_its_instant(suite, fed):
    fed.normal(from_at=T0 + TODAY * DAY_S - 1, inflow_l=7)
    fed.normal(from_at=T0 + TODAY * DAY_S, inflow_l=9)
    fed.took(1)

    inflow = fed.ruled()["inflow"]

    assert (inflow.normal_l, inflow.normal_version) == (7, 2)
    assert suite.source_monitor.normals(1, 1).inflow_l == NORMAL_L


def test_a_normal_inflow_is_of_the_reservoirs_own_meter_and_has_a_source(suite, fed):
    add, by = suite.source_monitor.add_normal, suite.standards_keeper
    gauge = suite.channel(GAUGE, "QualityProvenance", b"flow".ljust(32, b"\0"))
    elsewhere = suite.device_registry.enrol_device(
        "AWAY", suite.station(), sender=suite.device_keeper
    )
    away = suite.channel(METER, "QuotaTracker", device=elsewhere)

    def answer(source=HASH, station=1, **changed):
        given = tuple((NORMAL | {"channel": fed.meter} | changed).values())
        return reason(add, station, given, source, sender=by)

    assert answer(station=2) == "source: inflow of no reservoir"
    assert answer(channel=gauge) == "source: inflow is by a meter"
    assert answer(channel=away) == "source: meter is at another station"
    assert answer(season_from=401) == "source: season is no pair of month and day"
    assert answer(inflow_l=0) == "source: normal inflow of nothing"
    assert answer(inflow_l=2**60 + 1) == "source: normal inflow out of range"
    assert answer(source=b"\0" * 32) == "source: normal inflow without a source"
    fed.normal()
    [(name, about)] = events(suite.source_monitor)
    assert (name, about["version"], about["source_hash"]) == ("NormalAdded", 2, HASH)
    assert tuple(about["normal"]) == (0, 0, 0, fed.meter, NORMAL_L)
    suite.source_monitor.eval("self.normals_count[1] = 64")
    assert answer() == "source: reservoir has 64 normal inflows"


def test_without_a_normal_inflow_or_thirty_days_there_is_no_finding(suite, fed):
    inflow_of, by = suite.source_monitor.inflow_of, suite.holder
    early = reason(inflow_of, 1, 29, sender=by)
    assert early == "source: calendar begins less than thirty days before"
    assert reason(inflow_of, 2, TODAY, sender=by) == "source: no normal inflow for this day"
