"""Red lines: the ceiling at issue, total use from lane totals, yearly assessment."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, DRAINAGE, HASH, METER, NOW, T0, word

QINGLAN, OTHER = word("Qinglan"), word("Other")
ABSTRACTION, SUPPLY, DISCHARGE = 1, 2, 3
TOTAL_USE, INDUSTRY, GDP, IRRIGATION, ZONES = range(1, 6)
YEAR = 10  # of the tests' calendar when it is NOW
YEAR_S = 40 * DAY_S
M3 = 1_000
HUNDRED_MILLION_M3 = 10**8 * M3


@pytest.fixture
def region(suite):
    suite.water_network.set_region(1, QINGLAN, sender=suite.network_keeper)
    suite.red_lines.set_ceiling(QINGLAN, 2_500_000, HASH, sender=suite.standards_keeper)
    return QINGLAN


def test_a_station_belongs_to_a_region(suite):
    network, keeper = suite.water_network, suite.network_keeper

    network.set_region(1, QINGLAN, sender=keeper)

    assert events(network) == [("RegionSet", {"station_id": 1, "region": QINGLAN})]
    for unknown in (0, 99):
        answer = reason(network.set_region, unknown, QINGLAN, sender=keeper)
        assert answer == "network: no station of this number"


def test_a_region_at_its_ceiling_gets_no_new_permit(suite, region):
    first, _ = suite.permit(), suite.permit()

    told = [e for e in suite.permit_registry.get_logs() if type(e).__name__ == "PermitCounted"]
    assert [(e.region, e.counted_l, e.permitted_l) for e in told] == [
        (QINGLAN, 1_000_000, 2_000_000)
    ]
    assert suite.red_lines.headroom_l(region) == 500_000
    application = suite.approved(annual_l=500_001)
    issue = (application, "N-9", 1, [], 0)
    at_ceiling = reason(suite.permit_registry.issue, *issue, sender=suite.issuer)
    assert at_ceiling == "redlines: region is at its ceiling"
    suite.permit_changes.surrender(first, "closed", sender=suite.holder)
    suite.permit_registry.issue(*issue, sender=suite.issuer)
    assert suite.red_lines.permitted_l(region) == 1_500_001


def test_another_version_counts_what_it_gives_and_a_lower_one_always_passes(suite, region):
    permit = suite.permit()
    suite.red_lines.set_ceiling(region, 1, HASH, sender=suite.standards_keeper)
    lower, higher = (
        suite.approved(amends=permit, annual_l=annual_l) for annual_l in (900_000, 900_001)
    )

    suite.permit_changes.amend(lower, 0, 0, sender=suite.issuer)

    assert suite.red_lines.permitted_l(region) == 900_000
    answer = reason(suite.permit_changes.amend, higher, 0, 0, sender=suite.issuer)
    assert answer == "redlines: region is at its ceiling"


def test_a_transfer_inside_a_region_needs_no_headroom(suite, region):
    giver, taker = suite.permit(), suite.permit()
    suite.red_lines.set_ceiling(region, 2_000_000, HASH, sender=suite.standards_keeper)
    transfer = suite.permit_changes.offer_transfer(
        giver, taker, 400_000, 0, 0, HASH, sender=suite.holder
    )
    suite.permit_changes.accept_transfer(transfer, sender=suite.holder)

    suite.permit_changes.decide_transfer(transfer, True, sender=suite.decider)

    assert suite.red_lines.permitted_l(region) == 2_000_000


def test_a_permit_whose_station_changes_its_region_is_counted_there_when_it_changes(suite, region):
    permit = suite.permit()
    suite.water_network.set_region(1, OTHER, sender=suite.network_keeper)

    altered = (1, 0, 0, 7, 0, 0, 0, HASH)
    suite.permit_changes.alter(permit, altered, 0, sender=suite.issuer)

    assert suite.red_lines.permitted_l(region) == 0
    assert suite.red_lines.permitted_l(OTHER) == 1_000_000


def test_drainage_is_not_counted_as_use_and_a_region_without_a_ceiling_has_room(suite, region):
    suite.permit(kind=DRAINAGE)

    assert suite.red_lines.permitted_l(region) == 0
    assert suite.red_lines.headroom_l(OTHER) == 2**256 - 1


def test_a_ceiling_of_zero_is_a_ban(suite, region):
    permit = suite.permit()
    suite.red_lines.set_ceiling(region, 0, HASH, sender=suite.standards_keeper)
    issue = (suite.approved(annual_l=1), "N-9", 1, [], 0)

    answer = reason(suite.permit_registry.issue, *issue, sender=suite.issuer)

    assert answer == "redlines: region is at its ceiling"
    assert suite.red_lines.headroom_l(region) == 0
    assert [suite.red_lines.has_ceiling(one) for one in (region, OTHER)] == [True, False]
    suite.permit_changes.surrender(permit, "closed", sender=suite.holder)
    assert suite.red_lines.permitted_l(region) == 0


def test_an_expired_permit_is_released_by_anyone(suite, region):
    permit, stranger = suite.permit(until_at=NOW + 5), boa.env.generate_address()
    early = reason(suite.red_lines.release, permit, sender=stranger)
    assert early == "redlines: permit has not expired"
    boa.env.evm.patch.timestamp = NOW + 5

    suite.red_lines.release(permit, sender=stranger)

    about = {"permit_id": permit, "region": region, "counted_l": 0, "permitted_l": 0}
    assert events(suite.red_lines) == [("PermitCounted", about)]
    twice = reason(suite.red_lines.release, permit, sender=stranger)
    assert twice == "redlines: permit is not counted"


def test_a_ceiling_has_a_region_and_a_source(suite):
    set_, by = suite.red_lines.set_ceiling, suite.standards_keeper

    set_(QINGLAN, 7, HASH, sender=by)

    about = {"region": QINGLAN, "ceiling_l": 7, "permitted_l": 0, "source_hash": HASH}
    assert events(suite.red_lines) == [("CeilingSet", about)]
    assert reason(set_, b"\0" * 32, 7, HASH, sender=by) == "redlines: region without a name"
    assert reason(set_, QINGLAN, 7, b"\0" * 32, sender=by) == "redlines: ceiling without a source"


class Tap:
    """One meter on a lane of its own."""

    def __init__(self, suite, book="QuotaTracker"):
        self.suite, self.book = suite, suite.contracts[book]
        self.channel = suite.channel(METER, book, opened_at=NOW - DAY_S)
        self.lane, self.register_l, self.at = suite.lane(self.book), 100, NOW - DAY_S

    def uses(self, volume_l, duration_s=60):
        group = meter_group(self.channel, self.register_l, self.at, [(volume_l, duration_s)])
        batch_id = self.book.lane(self.lane).next_id
        self.book.record_meters(
            self.lane, batch_id, HASH, packed(group), b"", sender=self.suite.relay
        )
        self.register_l, self.at = self.register_l + volume_l, self.at + duration_s


def assigned(suite, tap, use=ABSTRACTION, region=QINGLAN):
    name = word("QuotaTracker" if tap.book is suite.quota_tracker else "DischargeVolumes")
    suite.red_lines.assign_lane(region, name, tap.lane, use, sender=suite.standards_keeper)


def measured(suite, year=YEAR):
    """Used, provisional, opened and closed late by so many seconds."""
    return tuple(suite.red_lines.measured(QINGLAN, year, ABSTRACTION))


def used_l(suite, year=YEAR):
    return measured(suite, year)[0]


def test_total_use_is_what_the_abstraction_lanes_counted_since_the_year_opened(suite):
    taps, outfall = [Tap(suite), Tap(suite)], Tap(suite, "DischargeVolumes")
    for tap in taps:
        assigned(suite, tap)
    assigned(suite, outfall, DISCHARGE)
    taps[0].uses(500)

    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)

    about = {"region": QINGLAN, "year": YEAR, "use": ABSTRACTION}
    opened = {"opening_l": 500, "opened_late_s": 0}
    assert events(suite.red_lines) == [("YearOpened", about | opened)]
    for tap, volume_l in ((taps[0], 30), (taps[1], 4), (outfall, 1_000)):
        tap.uses(volume_l)
    assert used_l(suite) == 34
    boa.env.evm.patch.timestamp = NOW + YEAR_S
    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)
    closed = {"used_l": 34, "closed_late_s": 0}
    opened = {"year": YEAR + 1, "opening_l": 534, "opened_late_s": 0}
    assert events(suite.red_lines) == [
        ("YearClosed", about | closed),
        ("YearOpened", about | opened),
    ]
    taps[0].uses(7)
    assert (used_l(suite), used_l(suite, YEAR + 1)) == (34, 7)


def test_a_year_opened_late_says_how_much_of_it_is_missing(suite):
    tap = Tap(suite)
    assigned(suite, tap)
    target(suite, TOTAL_USE, 100)
    boa.env.evm.patch.timestamp = NOW + 12 * DAY_S

    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)

    [(_, about)] = events(suite.red_lines)
    assert about["opened_late_s"] == 12 * DAY_S
    assert measured(suite) == (0, True, 12 * DAY_S, 0)
    [verdict] = suite.red_lines.assess(QINGLAN, YEAR)
    assert (verdict.provisional, verdict.opened_late_s) == (True, 12 * DAY_S)


def test_a_year_is_provisional_until_the_next_one_is_opened_and_stands_from_then_on(suite):
    tap = Tap(suite)
    assigned(suite, tap)
    target(suite, TOTAL_USE, 100)
    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)
    boa.env.evm.patch.timestamp = NOW + YEAR_S + 5
    tap.uses(100)
    before = measured(suite)

    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)
    tap.uses(100)
    boa.env.evm.patch.timestamp = NOW + YEAR_S + 99

    assert before == (100, True, 0, 5)
    assert measured(suite) == (100, False, 0, 5)
    [verdict] = suite.red_lines.assess(QINGLAN, YEAR)
    assert (verdict.met, verdict.provisional, verdict.closed_late_s) == (True, False, 5)


def test_a_year_that_nobody_opened_leaves_its_use_to_the_one_before(suite):
    tap = Tap(suite)
    assigned(suite, tap)
    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)
    boa.env.evm.patch.timestamp = NOW + 2 * YEAR_S
    tap.uses(30)

    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)
    tap.uses(4)

    assert measured(suite) == (30, False, 0, YEAR_S)
    assert used_l(suite, YEAR + 2) == 4
    skipped = reason(suite.red_lines.measured, QINGLAN, YEAR + 1, ABSTRACTION, sender=suite.holder)
    assert skipped == "redlines: year was not opened"


def test_the_first_year_of_the_calendar_opens_and_closes_like_any_other(suite):
    tap = Tap(suite)
    assigned(suite, tap)
    tap.uses(5)
    boa.env.evm.patch.timestamp = T0
    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)
    assert measured(suite, 0) == (0, True, 0, 0)
    boa.env.evm.patch.timestamp = NOW

    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)

    assert measured(suite, 0) == (0, False, 0, 9 * YEAR_S)


def test_a_lane_assigned_in_an_open_year_counts_from_its_assignment(suite):
    first, late = Tap(suite), Tap(suite)
    assigned(suite, first)
    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)
    late.uses(9_000)

    assigned(suite, late)
    late.uses(7)

    assert used_l(suite) == 7
    boa.env.evm.patch.timestamp = NOW + YEAR_S
    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=suite.holder)
    assert (used_l(suite), used_l(suite, YEAR + 1)) == (7, 0)


def test_a_year_opens_once_and_where_there_is_a_lane(suite):
    open_, by = suite.red_lines.open_year, suite.holder
    none = reason(open_, QINGLAN, ABSTRACTION, sender=by)
    assert none == "redlines: region has no lane of this use"
    assigned(suite, Tap(suite))
    closed = reason(suite.red_lines.measured, QINGLAN, YEAR, ABSTRACTION, sender=by)
    assert closed == "redlines: year was not opened"
    open_(QINGLAN, ABSTRACTION, sender=by)

    assert reason(open_, QINGLAN, ABSTRACTION, sender=by) == "redlines: year is open"


def test_a_lane_has_one_region_and_one_use(suite):
    tap, assign, by = Tap(suite), suite.red_lines.assign_lane, suite.standards_keeper
    name = word("QuotaTracker")

    assert reason(assign, b"\0" * 32, name, 1, 1, sender=by) == "redlines: lane without a region"
    assert reason(assign, QINGLAN, name, 1, 0, sender=by) == "redlines: unknown use"
    assert reason(assign, QINGLAN, name, 1, 4, sender=by) == "redlines: unknown use"
    assert reason(assign, QINGLAN, name, 0, 1, sender=by) == "redlines: unknown lane"
    assert reason(assign, QINGLAN, name, 9, 1, sender=by) == "redlines: unknown lane"
    assigned(suite, tap)
    about = {"region": QINGLAN, "contract_name": name, "lane": tap.lane, "use": ABSTRACTION}
    assert events(suite.red_lines) == [("LaneAssigned", about | {"total_l": 0})]
    again = reason(assign, OTHER, name, tap.lane, 1, sender=by)
    assert again == "redlines: lane has a region"


def test_a_region_has_at_most_64_lanes_of_a_use(suite):
    by = suite.standards_keeper
    for _ in range(65):
        lane = suite.lane(suite.quota_tracker)
        if lane <= 64:
            suite.red_lines.assign_lane(QINGLAN, word("QuotaTracker"), lane, 1, sender=by)

    answer = reason(suite.red_lines.assign_lane, QINGLAN, word("QuotaTracker"), 65, 1, sender=by)

    assert answer == "redlines: region has 64 lanes"


def target(suite, indicator, amount=0, base=0, change_bps=0, region=QINGLAN, year=YEAR):
    by_change = base > 0
    suite.red_lines.set_target(
        *(region, year, indicator, amount, base, change_bps, by_change, HASH),
        sender=suite.standards_keeper,
    )


def reported(suite, indicator, actual, region=QINGLAN, year=YEAR):
    suite.red_lines.report_indicator(region, year, indicator, actual, HASH, sender=suite.analyst)


def verdicts(suite, region=QINGLAN, year=YEAR):
    return {
        verdict.indicator: (verdict.target, verdict.actual, verdict.known, verdict.met)
        for verdict in suite.red_lines.assess(region, year)
    }


def test_use_over_the_target_of_the_year_is_put_on_record_once(suite):
    tap, tell, by = Tap(suite), suite.red_lines.tell_use, suite.holder
    none = reason(tell, QINGLAN, sender=by)
    assert none == "redlines: no target for total use"
    assigned(suite, tap)
    suite.red_lines.open_year(QINGLAN, ABSTRACTION, sender=by)
    target(suite, TOTAL_USE, 100)
    tap.uses(100)
    within = reason(tell, QINGLAN, sender=by)
    assert within == "redlines: region is within its target"
    tap.uses(1)

    tell(QINGLAN, sender=by)

    about = {"region": QINGLAN, "year": YEAR, "used_l": 101, "ceiling_l": 100}
    assert events(suite.red_lines) == [("UseOverCeiling", about)]
    assert reason(tell, QINGLAN, sender=by) == "redlines: told already"
    assert verdicts(suite)[TOTAL_USE] == (100, 101, True, False)


def test_upper_and_lower_targets_are_met_at_the_target_and_judged_in_their_direction(suite):
    for indicator in (TOTAL_USE, INDUSTRY, GDP, IRRIGATION, ZONES):
        target(suite, indicator, 6_000)
    for indicator, actual in zip(range(1, 6), (6_000, 6_001, 5_999, 6_000, 5_999), strict=True):
        reported(suite, indicator, actual)

    met = {indicator: verdict[3] for indicator, verdict in verdicts(suite).items()}

    assert met == {TOTAL_USE: True, INDUSTRY: False, GDP: True, IRRIGATION: True, ZONES: False}


def test_what_is_not_known_is_not_met_and_what_has_no_target_is_not_judged(suite):
    target(suite, ZONES, 8_000)

    assert verdicts(suite) == {ZONES: (8_000, 0, False, False)}


def test_putian_2017_kept_its_total(suite):
    """11.42 of 13.30 hundred million m3, printed to 0.01."""
    target(suite, TOTAL_USE, 1_330 * HUNDRED_MILLION_M3 // 100)
    reported(suite, TOTAL_USE, 1_142 * HUNDRED_MILLION_M3 // 100)

    assert verdicts(suite)[TOTAL_USE][3]


def test_gansu_2014_met_the_three_rates_of_2015(suite):
    """Industry 42.9 % below 2010 against 30 %, irrigation 0.537 against 0.53, zones 67.86 of 60."""
    target(suite, INDUSTRY, base=100_000, change_bps=-3_000)
    target(suite, IRRIGATION, 5_300)
    target(suite, ZONES, 6_000)
    for indicator, actual in ((INDUSTRY, 57_100), (IRRIGATION, 5_370), (ZONES, 6_786)):
        reported(suite, indicator, actual)

    assert all(verdict[3] for verdict in verdicts(suite).values())
    assert verdicts(suite)[INDUSTRY][0] == 70_000


def test_a_target_by_change_is_the_stricter_whole_number(suite):
    target(suite, INDUSTRY, base=101, change_bps=-3_000)
    target(suite, IRRIGATION, base=101, change_bps=1)
    reported(suite, INDUSTRY, 70)
    reported(suite, IRRIGATION, 102)

    assert verdicts(suite) == {INDUSTRY: (70, 70, True, True), IRRIGATION: (102, 102, True, True)}


WRONG_TARGETS = [
    ({"region": b"\0" * 32}, "redlines: target without a region"),
    ({"indicator": 0}, "redlines: unknown indicator"),
    ({"indicator": 6}, "redlines: unknown indicator"),
    ({"source_hash": b"\0" * 32}, "redlines: target without a source"),
    ({"by_change": True}, "redlines: a change needs a base"),
    ({"by_change": True, "base": 5, "change": -10_001}, "redlines: change out of range"),
    ({"by_change": True, "base": 5, "change": 100_001}, "redlines: change out of range"),
    ({"by_change": True, "base": 5, "amount": 1}, "redlines: a change has no amount"),
    ({"amount": -1}, "redlines: negative target"),
]


@pytest.mark.parametrize(("changed", "why"), WRONG_TARGETS)
def test_a_target_that_cannot_be_is_refused(suite, changed, why):
    fields = {"region": QINGLAN, "year": YEAR, "indicator": ZONES, "amount": 0, "base": 0}
    fields |= {"change": 0, "by_change": False, "source_hash": HASH}

    answer = reason(
        suite.red_lines.set_target, *(fields | changed).values(), sender=suite.standards_keeper
    )

    assert answer == why


def test_targets_and_figures_are_told_with_their_sources(suite):
    target(suite, ZONES, 8_000)
    about = {"region": QINGLAN, "year": YEAR, "indicator": ZONES, "source_hash": HASH}
    figures = {"amount": 8_000, "base": 0, "change_bps": 0, "by_change": False}
    assert events(suite.red_lines) == [("TargetSet", about | figures)]

    reported(suite, ZONES, 9_500)

    figures = {"actual": 9_500, "by": suite.analyst}
    assert events(suite.red_lines) == [("IndicatorReported", about | figures)]


def test_a_figure_that_cannot_be_is_refused(suite):
    report, by = suite.red_lines.report_indicator, suite.analyst

    for indicator in (0, 6):
        answer = reason(report, QINGLAN, YEAR, indicator, 5, HASH, sender=by)
        assert answer == "redlines: no such indicator"
    negative = reason(report, QINGLAN, YEAR, ZONES, -1, HASH, sender=by)
    assert negative == "redlines: negative figure"
    silent = reason(report, QINGLAN, YEAR, ZONES, 5, b"\0" * 32, sender=by)
    assert silent == "redlines: report without a source"


@pytest.mark.parametrize(
    ("score", "grade"),
    [(100, 1), (90, 1), (89.5, 2), (80, 2), (79.9, 3), (60, 3), (59.9, 4), (0, 4)],
)
def test_the_grade_is_by_the_unrounded_score(suite, score, grade):
    assert suite.red_lines.grade(round(score * 10), 1_000) == grade


def test_a_grade_needs_a_score_that_can_be(suite):
    for score, most in ((0, 0), (11, 10)):
        answer = reason(suite.red_lines.grade, score, most, sender=suite.holder)
        assert answer == "redlines: score out of range"
