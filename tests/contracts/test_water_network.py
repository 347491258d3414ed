"""Stations, links, and the post that answers for a station at a moment."""

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answers import events, reason
from tests.contracts.suite import NOW

INTAKE, OUTFALL = 2, 6
YEAR_S = 366 * 86_400


def refused(suite, function, *arguments):
    return reason(getattr(suite.water_network, function), *arguments, sender=suite.network_keeper)


def test_add_station_keeps_it_by_code(suite):
    network = suite.water_network

    station = network.add_station("R-07", "East reservoir", INTAKE, 2, sender=suite.network_keeper)

    fields = {"kind": INTAKE, "org_id": 2, "code": "R-07", "name": "East reservoir"}
    assert events(network) == [("StationAdded", {"station_id": station} | fields)]
    assert tuple(network.station(station)) == ("R-07", "East reservoir", INTAKE, 2)
    assert network.station_by_code("R-07") == station
    assert network.station_count() == station


@pytest.mark.parametrize(
    ("code", "kind", "org_id", "why"),
    [
        ("", INTAKE, 1, "network: empty code"),
        ("ST-1", INTAKE, 1, "network: code is taken"),
        ("ST-1 ", INTAKE, 1, "network: code has spaces"),
        ("N", 0, 1, "network: unknown kind"),
        ("N", 10, 1, "network: unknown kind"),
        ("N", INTAKE, 0, "network: organisation is not verified"),
        ("N", INTAKE, 9, "network: organisation is not verified"),
    ],
)
def test_add_station_refuses_what_cannot_be_one(suite, code, kind, org_id, why):
    assert refused(suite, "add_station", code, "name", kind, org_id) == why


def test_add_link_lets_water_flow_downstream(suite):
    network, keeper = suite.water_network, suite.network_keeper
    upstream, downstream = suite.station(), suite.station()

    link = network.add_link(upstream, downstream, 3_600, sender=keeper)

    ends = {"upstream": upstream, "downstream": downstream}
    assert events(network) == [("LinkAdded", {"link_id": link, "travel_s": 3_600} | ends)]
    assert tuple(network.link(link)) == (upstream, downstream, 3_600)
    assert network.links_into(downstream) == [link]
    assert network.links_into(upstream) == []
    assert network.link_count() == link


def test_add_link_refuses_what_no_water_could_take(suite):
    one, other = suite.station(), suite.station()

    assert refused(suite, "add_link", 0, one, 1) == "network: unknown upstream station"
    assert refused(suite, "add_link", other + 1, one, 1) == "network: unknown upstream station"
    assert refused(suite, "add_link", one, 0, 1) == "network: unknown downstream station"
    assert refused(suite, "add_link", one, other + 1, 1) == "network: unknown downstream station"
    assert refused(suite, "add_link", one, one, 1) == "network: link to itself"
    assert refused(suite, "add_link", one, other, YEAR_S + 1) == "network: travel time over a year"


def test_a_station_takes_thirty_two_links(suite):
    upstream, downstream = suite.station(), suite.station()
    for _ in range(32):
        suite.water_network.add_link(upstream, downstream, YEAR_S, sender=suite.network_keeper)

    assert len(suite.water_network.links_into(downstream)) == 32
    assert refused(suite, "add_link", upstream, downstream, 1) == "network: station has 32 links"


def test_assign_names_the_post_that_answers_from_a_moment_on(suite):
    network, station = suite.water_network, suite.station()
    network.assign(station, 3, NOW, sender=suite.network_keeper)

    network.assign(station, 5, NOW + 100, sender=suite.network_keeper)

    assert events(network) == [
        ("ResponsibleAssigned", {"station_id": station, "post_id": 5, "from_at": NOW + 100})
    ]
    moments = (NOW - 1, NOW, NOW + 99, NOW + 100, 2**40)
    assert [network.responsible(station, at) for at in moments] == [0, 3, 3, 5, 5]
    assert tuple(network.assignment(station, 1)) == (5, NOW + 100)
    assert network.assignment_count(station) == 2


def test_assign_refuses_unknown_parts_and_rewriting_the_past(suite):
    station = suite.station()
    posts = suite.authority.post_count()
    suite.water_network.assign(station, 1, NOW, sender=suite.network_keeper)

    assert refused(suite, "assign", station + 1, 1, NOW) == "network: unknown station"
    assert refused(suite, "assign", 0, 1, NOW) == "network: unknown station"
    assert refused(suite, "assign", station, 0, NOW + 1) == "network: unknown post"
    assert refused(suite, "assign", station, posts + 1, NOW + 1) == "network: unknown post"
    backwards = refused(suite, "assign", station, 2, NOW)
    assert backwards == "network: assignment before the last one"
    in_milliseconds = refused(suite, "assign", station, 2, NOW * 1_000)
    assert in_milliseconds == "network: moment out of range"


@given(
    begins=st.lists(st.integers(1, 500), min_size=1, max_size=12, unique=True).map(sorted),
    asked=st.lists(st.integers(0, 520), min_size=8, max_size=8),
)
def test_the_last_assignment_before_a_moment_answers_for_it(deployed, begins, asked):
    with boa.env.anchor():
        network, station = deployed.water_network, deployed.station()
        posts = {at: 1 + i % 11 for i, at in enumerate(begins)}
        for at, post in posts.items():
            network.assign(station, post, at, sender=deployed.network_keeper)

        for at in asked:
            begun = [post for start, post in posts.items() if start <= at]
            assert network.responsible(station, at) == (begun[-1] if begun else 0)
