"""The red line of discharge: a ceiling of load against permits at issue and days as they come."""

import boa
import pytest

from tests.contracts.answers import events, reason
from tests.contracts.outfalls import (
    DAY_LOAD,
    DAY_MEAN,
    FIRST,
    MONTH_LOAD,
    MONTH_MEAN,
    QINGLAN,
    YEAR_LOAD,
    Outfall,
    at_most,
)
from tests.contracts.suite import COD, DAY_S, HASH, NOW, T0, word
from tests.contracts.test_permit_versions import altered

OTHER, TN = word("Other"), word("tn")
YEAR = 10  # that runs when it is NOW
CEILING = 1_000


@pytest.fixture
def region(suite):
    suite.water_network.set_region(1, QINGLAN, sender=suite.network_keeper)
    ceiling(suite, CEILING)
    return QINGLAN


def ceiling(suite, load_ng, parameter=COD, region=QINGLAN, source=HASH):
    lines, by = suite.red_lines, suite.standards_keeper
    lines.set_load_ceiling(region, parameter, load_ng, source, sender=by)


def permit(suite, *limits, **changed):
    return suite.permit(limits, kind=2, **changed)


def refused(suite, *limits, **changed):
    application = suite.approved(kind=2, **changed)
    issue = (application, f"N-{application}", 1, list(limits), 0)
    return reason(suite.permit_registry.issue, *issue, sender=suite.issuer)


def loads(suite, region=QINGLAN, year=YEAR):
    return [tuple(one) for one in suite.red_lines.assess_loads(region, year)]


def test_a_ceiling_of_load_is_kept_by_version_with_its_source(suite, region):
    ceiling(suite, 7, source=b"\2" * 32)

    about = {"region": QINGLAN, "parameter": COD, "version": 2, "load_ng": 7}
    about |= {"permitted_ng": 0, "source_hash": b"\2" * 32}
    assert events(suite.red_lines) == [("LoadCeilingSet", about)]
    assert suite.red_lines.load_ceilings(QINGLAN, COD) == 2
    kept = [tuple(suite.red_lines.load_ceiling(QINGLAN, COD, version)) for version in (1, 2)]
    assert kept == [(CEILING, HASH, NOW), (7, b"\2" * 32, NOW)]


def test_a_ceiling_of_load_that_says_too_little_is_refused(suite):
    set_, by, none = suite.red_lines.set_load_ceiling, suite.standards_keeper, b"\0" * 32

    nowhere = reason(set_, none, COD, 1, HASH, sender=by)
    assert nowhere == "redlines: ceiling of load without a region"
    of_nothing = reason(set_, QINGLAN, none, 1, HASH, sender=by)
    assert of_nothing == "redlines: ceiling of load without a parameter"
    unheard = reason(set_, QINGLAN, COD, 1, none, sender=by)
    assert unheard == "redlines: ceiling of load without a source"


def test_a_region_has_ceilings_of_32_parameters_each_set_256_times_at_most(suite):
    set_, by = suite.red_lines.set_load_ceiling, suite.standards_keeper
    for n in range(32):
        ceiling(suite, n, word(f"p{n}"))
    more = reason(set_, QINGLAN, COD, 1, HASH, sender=by)
    assert more == "redlines: region has ceilings of 32 parameters"
    for _ in range(255):
        ceiling(suite, 0, word("p0"))
    more = reason(set_, QINGLAN, word("p0"), 0, HASH, sender=by)
    assert more == "redlines: ceiling of load was set 256 times"


@pytest.mark.parametrize(
    ("limits", "annual_ng"),
    [
        ([at_most(YEAR_LOAD, 900)], 900),
        ([at_most(MONTH_LOAD, 50)], 600),
        ([at_most(DAY_LOAD, 2)], 732),
        ([at_most(DAY_LOAD, 2), at_most(MONTH_LOAD, 61), at_most(YEAR_LOAD, 733)], 732),
        ([at_most(MONTH_LOAD, 60), at_most(DAY_LOAD, 2)], 720),
    ],
)
def test_a_permit_counts_with_the_strictest_yearly_load_its_limits_leave(
    suite, region, limits, annual_ng
):
    number = permit(suite, *limits)

    told = [e for e in suite.permit_registry.get_logs() if type(e).__name__ == "LoadCounted"]
    assert [(e.permit_id, e.region, e.parameter, e.counted_ng, e.permitted_ng) for e in told] == [
        (number, QINGLAN, COD, annual_ng, annual_ng)
    ]
    assert suite.red_lines.permitted_ng(QINGLAN, COD) == annual_ng
    assert suite.red_lines.counted_ng(number, COD) == annual_ng
    assert suite.red_lines.load_counted_in(number, COD) == QINGLAN


def test_a_permit_without_a_limit_of_load_leaves_none_and_none_is_refused_for_a_mean(suite, region):
    ceiling(suite, 0)

    number = permit(suite, at_most(DAY_MEAN, 10**9), at_most(MONTH_MEAN, 10**9))

    assert suite.red_lines.counted_ng(number, COD) == 0


def test_a_region_at_its_ceiling_gets_no_new_load_of_that_parameter(suite, region):
    first = permit(suite, at_most(YEAR_LOAD, 600))
    above = "redlines: region is at its ceiling of load"

    assert refused(suite, at_most(YEAR_LOAD, 401)) == above
    permit(suite, at_most(YEAR_LOAD, 400))
    assert refused(suite, at_most(YEAR_LOAD, 1)) == above
    permit(suite, at_most(YEAR_LOAD, 0))  # adds nothing
    permit(suite, at_most(YEAR_LOAD, 10**6, TN))  # has no ceiling
    suite.permit_changes.surrender(first, "closed", sender=suite.holder)
    assert suite.red_lines.permitted_ng(QINGLAN, COD) == 400
    permit(suite, at_most(YEAR_LOAD, 600))


def test_a_region_whose_year_has_come_to_its_ceiling_gets_no_new_load(suite, region):
    add, year = suite.red_lines.add_load, YEAR
    add(1, COD, year, CEILING - 1, sender=suite.discharge_loads.address)
    permit(suite, at_most(YEAR_LOAD, 1))
    add(1, COD, year, 1, sender=suite.discharge_loads.address)

    come = refused(suite, at_most(YEAR_LOAD, 1))

    assert come == "redlines: load of the year is at the region's ceiling"


def test_a_load_moves_with_its_station_and_is_held_against_the_other_region(suite, region):
    number, moved_to = permit(suite, at_most(YEAR_LOAD, 600)), suite.station()
    suite.water_network.set_region(moved_to, OTHER, sender=suite.network_keeper)
    ceiling(suite, 599, region=OTHER)
    changes, terms = suite.permit_changes, (moved_to, 0, 0, 1, 0, 0, 0, HASH)
    over = reason(changes.alter, number, terms, 0, sender=suite.issuer)
    assert over == "redlines: region is at its ceiling of load"
    ceiling(suite, 600, region=OTHER)
    second = suite.second_keeper
    suite.red_lines.confirm_load_ceiling(OTHER, COD, 600, sender=second)

    altered(suite, number, NOW, station_id=moved_to)

    permitted = [suite.red_lines.permitted_ng(one, COD) for one in (QINGLAN, OTHER)]
    assert permitted == [0, 600]


def test_the_load_of_an_expired_permit_is_released_by_anyone(suite, region):
    number = permit(suite, at_most(YEAR_LOAD, 600), until_at=NOW + 10)
    without = permit(suite, until_at=NOW + 10)
    release, by = suite.red_lines.release_load, suite.holder
    early = reason(release, number, COD, sender=by)
    assert early == "redlines: permit of the load has not expired"
    boa.env.evm.patch.timestamp = NOW + 10
    try:
        release(number, COD, sender=by)
        about = {"permit_id": number, "region": QINGLAN, "parameter": COD}
        about |= {"counted_ng": 0, "permitted_ng": 0}
        assert events(suite.red_lines) == [("LoadCounted", about)]
        for one in (number, without):
            again = reason(release, one, COD, sender=by)
            assert again == "redlines: no load of the permit is counted"
    finally:
        boa.env.evm.patch.timestamp = NOW


def test_a_day_that_is_ruled_on_adds_to_its_region_s_year(suite, region):
    outfall = Outfall(suite)
    for day, volume_l in ((FIRST, 10), (FIRST + 39, 20)):
        if day > FIRST:
            outfall.passes(outfall.meters[0], 0, T0 + day * DAY_S)
        outfall.day(day, volume_l, [3])
        outfall.rules(day)

    told = [e for e in suite.discharge_loads.get_logs() if type(e).__name__ == "LoadAdded"]
    assert [(e.region, e.parameter, e.year, e.load_ng) for e in told] == [(QINGLAN, COD, 1, 90)]
    assert [suite.red_lines.load_ng(QINGLAN, COD, year) for year in (0, 1, 2)] == [0, 90, 0]


def test_a_day_counts_in_the_region_where_its_outlet_stood(suite, region):
    outfall, moved_to = Outfall(suite, first=390), suite.station()
    suite.water_network.set_region(moved_to, OTHER, sender=suite.network_keeper)
    boa.env.evm.patch.timestamp = moved_at = T0 + 391 * DAY_S
    altered(suite, outfall.permit, moved_at, station_id=moved_to)
    boa.env.evm.patch.timestamp = NOW
    for day in (390, 391):
        outfall.day(day, 1, [day])
        outfall.on(day)

    assert [suite.red_lines.load_ng(one, COD, 9) for one in (QINGLAN, OTHER)] == [390, 391]


def test_a_load_above_its_ceiling_is_put_on_record_once_a_year(suite, region):
    lines, by = suite.red_lines, suite.holder
    add = suite.discharge_loads.address
    lines.add_load(1, COD, YEAR, CEILING, sender=add)
    at_most_it = reason(lines.tell_load, QINGLAN, COD, YEAR, sender=by)
    assert at_most_it == "redlines: no more is known than the ceiling"
    lines.add_load(1, COD, YEAR, 1, sender=add)

    lines.tell_load(QINGLAN, COD, YEAR, sender=by)

    about = {"region": QINGLAN, "parameter": COD, "year": YEAR, "load_ng": CEILING + 1}
    about |= {"ceiling_ng": CEILING, "version": 1}
    assert events(lines) == [("LoadOverCeiling", about)]
    again = reason(lines.tell_load, QINGLAN, COD, YEAR, sender=by)
    assert again == "redlines: load was told already"
    unknown = reason(lines.tell_load, QINGLAN, TN, YEAR, sender=by)
    assert unknown == "redlines: no ceiling of this load"


def test_a_year_is_assessed_by_the_last_ceiling_set_before_it_ended(suite, region):
    number = permit(suite, at_most(YEAR_LOAD, 900))
    suite.red_lines.add_load(1, COD, YEAR, 11, sender=suite.discharge_loads.address)
    ceiling(suite, 50, TN)
    ended_at = T0 + (YEAR + 1) * 40 * DAY_S
    try:
        boa.env.evm.patch.timestamp = ended_at - 1
        ceiling(suite, 10)
        boa.env.evm.patch.timestamp = ended_at
        ceiling(suite, 20)
        second = suite.second_keeper
        suite.red_lines.confirm_load_ceiling(QINGLAN, COD, 20, sender=second)

        assert suite.red_lines.counted_ng(number, COD) == 900
        assert loads(suite) == [
            (COD, 2, 10, 900, 11, True, False),
            (TN, 1, 50, 0, 0, False, False),
        ]
        assert loads(suite, year=YEAR + 1)[0] == (COD, 3, 20, 900, 0, False, False)
        assert loads(suite, year=YEAR - 1) == []
    finally:
        boa.env.evm.patch.timestamp = NOW
