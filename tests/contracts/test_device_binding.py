"""Binding a channel to a permit, and what the writing contracts refuse whoever asks."""

import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import COD, GAUGE, METER, T0


def refused(suite, channel, permit):
    return reason(suite.device_registry.bind, channel, permit, sender=suite.device_keeper)


def test_bind_counts_a_channel_against_a_permit(suite):
    registry, permit = suite.device_registry, suite.permit()
    channel = suite.channel(METER, "QuotaTracker")

    registry.bind(channel, permit, sender=suite.device_keeper)

    assert events(registry) == [("ChannelBound", {"channel": channel, "permit_id": permit})]
    assert registry.channel(channel).permit_id == permit
    assert suite.quota_tracker.meters_of(permit) == [channel]


def test_bind_refuses_unknown_parts_and_a_second_permit(suite):
    permit, other = suite.permit(), suite.permit()
    channel = suite.channel(METER, "QuotaTracker")

    assert refused(suite, 99, permit) == "devices: no such channel"
    assert refused(suite, channel, 0) == "devices: empty permit"
    assert refused(suite, channel, 99) == "meters: unknown account"
    suite.device_registry.bind(channel, permit, sender=suite.device_keeper)
    assert refused(suite, channel, other) == "devices: channel is bound"


def test_a_gauge_is_bound_to_the_outlet_of_a_drainage_permit_only(suite):
    abstraction, drainage = suite.permit(), suite.permit(kind=2)
    channel = suite.channel(GAUGE, "DischargeLimits", COD)

    assert refused(suite, channel, abstraction) == "discharge: unknown outlet"
    suite.device_registry.bind(channel, drainage, sender=suite.device_keeper)
    assert suite.discharge_limits.permit_of(channel) == drainage


def test_an_account_takes_sixteen_meters(suite):
    permit = suite.permit()
    for _ in range(16):
        suite.channel(METER, "QuotaTracker", permit=permit)
    one_more = suite.channel(METER, "QuotaTracker")

    assert refused(suite, one_more, permit) == "meters: account has 16 meters"


@pytest.mark.parametrize("contract", ["quota_tracker", "discharge_volumes"])
def test_a_meter_is_enrolled_and_bound_once_whatever_the_registry_asks(suite, contract):
    book = getattr(suite, contract)
    registry = suite.device_registry.address
    enrol = (METER, 1, 0, T0)
    kind = 1 if contract == "quota_tracker" else 2
    permit = suite.permit(kind=kind)
    book.enrol(77, *enrol, sender=registry)
    book.bind(77, permit, 0, 0, 0, sender=registry)

    assert reason(book.enrol, 77, *enrol, sender=registry) == "meters: channel enrolled"
    assert reason(book.enrol, 2**32, *enrol, sender=registry) == "meters: channel out of range"
    assert reason(book.bind, 77, permit, 0, 0, 0, sender=registry) == ""  # no room for words
    assert reason(book.bind, 78, permit, 0, 0, 0, sender=registry) == "meters: unknown channel"


@pytest.mark.parametrize("contract", ["quality_provenance", "discharge_limits"])
def test_a_gauge_is_enrolled_once_whatever_the_registry_asks(suite, contract):
    book, registry = getattr(suite, contract), suite.device_registry.address
    enrol = (GAUGE, 1, 0, T0)
    book.enrol(77, *enrol, sender=registry)

    assert reason(book.enrol, 77, *enrol, sender=registry) == "gauges: channel enrolled"
    assert reason(book.enrol, 2**32, *enrol, sender=registry) == "gauges: channel out of range"
