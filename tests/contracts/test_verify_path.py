"""A way upstream, checked link by link, with the post responsible at each station's own time."""

import itertools

from tests.contracts.answers import reason
from tests.contracts.suite import NOW


def river(suite):
    """Three stations in a row, an hour and two hours apart; the second changes hands at NOW."""
    network, keeper = suite.water_network, suite.network_keeper
    lower, middle, upper = (suite.station() for _ in range(3))
    links = [
        network.add_link(middle, lower, 3_600, sender=keeper),
        network.add_link(upper, middle, 7_200, sender=keeper),
    ]
    network.assign(lower, 1, 1, sender=keeper)
    network.assign(middle, 2, 1, sender=keeper)
    network.assign(middle, 3, NOW, sender=keeper)
    return links


def test_the_post_of_each_station_is_the_one_when_the_water_was_there(suite):
    links = river(suite)
    verify = suite.quality_provenance.verify_path

    before = verify(links, [NOW + 3_599, NOW - 1, NOW - 7_201])
    after = verify(links, [NOW + 3_600, NOW, NOW - 7_200])

    assert before == [1, 2, 0]
    assert after == [1, 3, 0]


def test_a_path_of_nothing_or_that_breaks_off_or_runs_at_another_speed_is_refused(suite):
    links, verify, anyone = river(suite), suite.quality_provenance.verify_path, suite.holder
    times = [NOW, NOW - 3_600, NOW - 10_800]

    assert reason(verify, [], [NOW], sender=anyone) == "quality: empty path"
    unknown = reason(verify, [99, 99], [NOW] * 3, sender=anyone)
    assert unknown == "quality: unknown link"
    one_less = reason(verify, links, times[:2], sender=anyone)
    assert one_less == "quality: path needs one more time than links"
    turned = reason(verify, links[::-1], times, sender=anyone)
    assert turned == "quality: times differ from travel"
    gap = reason(verify, links[::-1], [NOW, NOW - 7_200, NOW - 10_800], sender=anyone)
    assert gap == "quality: links do not meet"
    wrong = reason(verify, links, [NOW, NOW - 3_600, NOW - 10_801], sender=anyone)
    assert wrong == "quality: times differ from travel"


def test_a_path_has_thirty_two_links_at_the_most(suite):
    network, keeper = suite.water_network, suite.network_keeper
    stations = [suite.station() for _ in range(34)]
    pairs = itertools.pairwise(stations)
    links = [network.add_link(above, below, 60, sender=keeper) for below, above in pairs]
    times = [NOW - 60 * hops for hops in range(34)]
    verify, anyone = suite.quality_provenance.verify_path, suite.holder

    assert verify(links[:32], times[:33]) == [0] * 33
    assert reason(verify, links, times, sender=anyone) == ""
