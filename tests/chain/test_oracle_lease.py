"""Two who want one lane, on a real cluster: one has it at a time, and the other then goes on."""

import time

import pytest

from oracle.lease import Lease
from tests.chain.nats import SOON_S, Cluster

TTL_S = 2.0


class Wanting:
    """One who wants the lane."""

    def __init__(self, cluster, holder):
        self.told = []
        tell = lambda event, **keys: self.told.append(event)  # noqa: E731
        about = (cluster.server, "QuotaTracker.1", holder, TTL_S, cluster.size, tell)
        self.lease = Lease(*about)
        self.lease.open()

    def has_it_within(self, seconds=SOON_S):
        until = time.monotonic() + seconds
        return self.lease.wait(lambda: time.monotonic() > until)


@pytest.fixture
def cluster(tmp_path):
    started = Cluster(tmp_path)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def wanting(cluster):
    made = []

    def want(holder):
        made.append(Wanting(cluster, holder))
        return made[-1]

    yield want
    for one in made:
        one.lease.close()


def test_a_second_one_waits_and_has_it_in_a_new_term_when_it_is_given_back(wanting):
    first = wanting("first")
    assert first.has_it_within() == 1
    second = wanting("second")
    assert second.has_it_within(2 * TTL_S) is None

    first.lease.close()

    assert second.has_it_within() == 2


def test_a_server_that_is_killed_does_not_end_a_lease_for_good(cluster, wanting):
    only = wanting("only")
    assert only.has_it_within() == 1

    cluster.kill(cluster.leader("KV_waterline-lanes"))
    time.sleep(TTL_S)

    assert only.has_it_within() == 1


def test_who_has_no_bus_has_no_lane(cluster, wanting):
    only = wanting("only")
    assert only.has_it_within() == 1

    cluster.stop()

    cluster.until(lambda: only.lease.term is None)


def test_another_term_is_given_to_who_asks_for_it(wanting):
    only = wanting("only")
    assert only.has_it_within() == 1

    only.lease.begin_anew()

    assert only.lease.term is None
    assert only.has_it_within() == 2


def test_who_is_to_leave_has_no_turn_any_more_though_the_lane_is_still_its_own(wanting):
    only = wanting("only")
    assert only.has_it_within() == 1

    assert only.lease.wait(lambda: True) is None
    assert only.lease.term == 1
