"""Roll-over, exchange, reset and deemed use: the volume counts, the register goes elsewhere."""

import pytest

from tests.contracts.answers import events
from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, HASH, METER, T0

MEASURED, ROLL_OVER, EXCHANGE, RESET, DEEMED, ESTIMATE = range(6)
BAD_KIND, NO_APPROVAL = 5, 6
YEAR_S = 40 * DAY_S  # of the tests' calendar


@pytest.fixture
def permit(suite):
    return suite.permit(annual_l=1_000_000)


def recorded(suite, *groups):
    lane = suite.lane(suite.quota_tracker)
    words = packed([word for group in groups for word in group])
    suite.quota_tracker.record_meters(lane, 0, HASH, words, b"", sender=suite.relay)
    return suite.quota_tracker


def moved(channel, kind, volume_l, register_l, at=T0 + 60):
    about = {"channel": channel, "batch_id": 0, "kind": kind, "at": at}
    return [("RegisterMoved", about | {"volume_l": volume_l, "register_l": register_l})]


def test_a_roll_over_goes_on_from_zero(suite, permit):
    channel = suite.channel(
        METER, "QuotaTracker", permit=permit, register_l=9_990, modulus_l=10_000
    )

    book = recorded(suite, meter_group(channel, 9_990, T0, [(25, 60)], kind=ROLL_OVER))

    assert events(book, "RegisterMoved") == moved(channel, ROLL_OVER, 25, 15)
    assert book.meter(channel).register_l == 15
    assert book.used_l(permit, 0) == 25


@pytest.mark.parametrize("volume_l", [9, 10_010])
def test_a_roll_over_crosses_the_modulus_once(suite, permit, volume_l):
    channel = suite.channel(
        METER, "QuotaTracker", permit=permit, register_l=9_990, modulus_l=10_000
    )

    book = recorded(suite, meter_group(channel, 9_990, T0, [(volume_l, 60)], kind=ROLL_OVER))

    [(_, refusal)] = events(book, "GroupRefused")
    assert (refusal["channel"], refusal["reason"]) == (channel, BAD_KIND)
    assert book.meter(channel).register_l == 9_990


@pytest.mark.parametrize("kind", [EXCHANGE, RESET])
def test_an_approved_move_counts_up_to_the_closing_register_and_opens_anew(suite, permit, kind):
    channel = suite.channel(METER, "QuotaTracker", permit=permit)
    suite.device_registry.approve_exchange(channel, kind, 130, 7, sender=suite.supervisor)

    book = recorded(
        suite,
        meter_group(channel, 100, T0, [(30, 60)], kind=kind),
        meter_group(channel, 7, T0 + 60, [(5, 60)]),
    )

    assert events(book, "RegisterMoved") == moved(channel, kind, 30, 7)
    assert book.meter(channel).register_l == 12
    assert book.used_l(permit, 0) == 35
    assert suite.device_registry.approval(channel).kind == 0


def test_deemed_use_counts_while_the_register_stands_still(suite, permit):
    channel = suite.channel(METER, "QuotaTracker", permit=permit)
    suite.device_registry.approve_deemed(channel, 100, 400, T0 + 60, HASH, sender=suite.supervisor)

    book = recorded(suite, meter_group(channel, 100, T0, [(400, 60)], kind=DEEMED))

    assert events(book, "RegisterMoved") == moved(channel, DEEMED, 400, 100)
    assert book.meter(channel).register_l == 100
    assert book.used_l(permit, 0) == 400


@pytest.mark.parametrize(("volume_l", "lasts_s"), [(401, 60), (400, 61)])
def test_a_relay_deems_nothing_but_what_an_officer_approved(suite, permit, volume_l, lasts_s):
    channel = suite.channel(METER, "QuotaTracker", permit=permit)
    suite.device_registry.approve_deemed(channel, 100, 400, T0 + 60, HASH, sender=suite.supervisor)

    group = meter_group(channel, 100, T0, [(volume_l, lasts_s)], kind=DEEMED)
    book = recorded(suite, group)

    assert [told["reason"] for _, told in events(book, "GroupRefused")] == [NO_APPROVAL]
    assert (book.used_l(permit, 0), suite.device_registry.approval(channel).kind) == (0, DEEMED)


def test_an_estimate_moves_the_register_like_a_measurement(suite, permit):
    channel = suite.channel(METER, "QuotaTracker", permit=permit)

    book = recorded(suite, meter_group(channel, 100, T0, [(40, 60)] * 3, kind=ESTIMATE))

    assert events(book, "RegisterMoved") == []
    assert book.meter(channel).register_l == 220
    assert book.used_l(permit, 0) == 120


def test_a_year_closes_with_what_was_used_before_the_step_that_leaves_it(suite, permit):
    channel = suite.channel(METER, "QuotaTracker", permit=permit)

    book = recorded(suite, meter_group(channel, 100, T0, [(70, 60), (30, YEAR_S)]))

    about = {"permit_id": permit, "channel": channel, "batch_id": 0, "period": 0}
    assert events(book, "PeriodClosed") == [
        ("PeriodClosed", about | {"used_l": 70, "plan_l": 1_000_000})
    ]
    assert [book.used_l(permit, year) for year in (0, 1)] == [70, 30]


def test_pace_compares_use_with_the_elapsed_share_of_the_plan(suite, permit):
    channel = suite.channel(METER, "QuotaTracker", permit=permit)
    book = recorded(suite, meter_group(channel, 100, T0, [(300_000, DAY_S)]))

    early, later = book.pace(permit, T0 + 10 * DAY_S), book.pace(permit, T0 + 20 * DAY_S)

    assert tuple(early) == (0, 300_000, 1_000_000, 250_000, True)
    assert tuple(later) == (0, 300_000, 1_000_000, 500_000, False)
