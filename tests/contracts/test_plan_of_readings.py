"""The plan that use is held against follows the permit: versions, restrictions, their ends."""

import boa
import pytest

from tests.contracts.answers import events
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DRAINAGE, HASH, METER, NOW
from tests.contracts.test_permit_versions import altered, restricted

NONE, BLUE, YELLOW, RED = range(4)
START = NOW + 3_600  # not the first second of a year
OPENED = START - 600


class Tap:
    """One meter under a permit of its own; readings are (volume, seconds since the one before)."""

    def __init__(self, suite, kind=1, permit=None, **changed):
        self.suite = suite
        name = "QuotaTracker" if kind == 1 else "DischargeVolumes"
        self.book = suite.contracts[name]
        self.permit = permit or suite.permit(kind=kind, **changed)
        self.channel = suite.channel(METER, name, permit=self.permit, opened_at=OPENED)
        self.lane, self.register_l, self.at = suite.lane(self.book), 100, OPENED

    def reads(self, *readings):
        """What a batch of one group logs."""
        group = meter_group(self.channel, self.register_l, self.at, readings)
        batch_id = self.book.lane(self.lane).next_id
        self.book.record_meters(
            self.lane, batch_id, HASH, packed(group), b"", sender=self.suite.relay
        )
        self.register_l += sum(volume_l for volume_l, _ in readings)
        self.at += sum(duration_s for _, duration_s in readings)
        return events(self.book)

    def tier(self):
        return self.book.standing(self.permit).tier


def named(logged, name):
    return [about for kind, about in logged if kind == name]


@pytest.fixture(autouse=True)
def started(suite):
    boa.env.evm.patch.timestamp = START


@pytest.mark.parametrize("kind", [1, DRAINAGE])
def test_a_restriction_lowers_the_plan_of_the_readings_after_its_moment(suite, kind):
    tap = Tap(suite, kind)
    tap.reads((900_000, 300))
    restricted(suite, tap.permit, 500_000, START, START + 1_000)
    boa.env.evm.patch.timestamp = START + 600

    before, after = tap.reads((10, 300)), tap.reads((10, 300))

    assert named(before, "PlanChanged") == []
    [changed] = named(after, "PlanChanged")
    assert (changed["at"], changed["plan_l"]) == (START + 300, 500_000)
    [tier] = named(after, "TierChanged")
    assert (tier["at"], tier["tier"], tier["plan_l"]) == (START + 300, RED, 500_000)


def test_a_restriction_that_ends_gives_the_plan_back_by_itself(suite):
    tap = Tap(suite)
    tap.reads((900_000, 600))
    restricted(suite, tap.permit, 500_000, 0, START + 300)
    boa.env.evm.patch.timestamp = START + 900
    tap.reads((0, 300))
    assert tap.tier() == RED

    logged = tap.reads((1, 300))

    [changed] = named(logged, "PlanChanged")
    assert (changed["at"], changed["plan_l"]) == (START + 600, 1_000_000)
    assert tap.tier() == NONE


def test_a_version_changes_volume_and_rate_from_its_moment(suite):
    tap = Tap(suite, peak_l_h=3_600)
    tap.reads((0, 600))
    altered(suite, tap.permit, START + 300, peak_l_h=36_000)
    boa.env.evm.patch.timestamp = START + 900

    logged = tap.reads((3_000, 300), (2_000, 300), (3_001, 300))

    exceeded = [about["at"] for about in named(logged, "PeakExceeded")]
    returned = [about["at"] for about in named(logged, "PeakReturned")]
    assert (exceeded, returned) == ([START + 300, START + 900], [START + 600])
    assert tap.book.account(tap.permit).peak_l_h == 36_000
    assert tap.book.base(tap.channel).peak_return_l_h == 36_000 * 9_500 // 10_000


def test_a_meter_that_lags_never_brings_back_what_was_in_force_before(suite):
    ahead = Tap(suite)
    behind = Tap(suite, permit=ahead.permit)
    restricted(suite, ahead.permit, 500_000, START + 10, START + 1_000)
    boa.env.evm.patch.timestamp = START + 100
    ahead.reads((1, 650))

    behind.reads((1, 500))

    assert ahead.book.account(ahead.permit).plan_l == 500_000
    behind.reads((1, 150))
    assert ahead.book.account(ahead.permit).plan_l == 500_000


def test_a_closed_year_is_told_with_the_plan_it_had(suite):
    tap = Tap(suite)
    ends_at = suite.standards.boundary(4, suite.standards.period_at(4, START) + 1)
    restricted(suite, tap.permit, 10, ends_at, ends_at + 900)
    boa.env.evm.patch.timestamp = ends_at + 600
    tap.reads((7, ends_at - OPENED))

    [closed] = named(tap.reads((1, 600)), "PeriodClosed")

    assert (closed["used_l"], closed["plan_l"]) == (7, 1_000_000)
