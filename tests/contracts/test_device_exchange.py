"""Exchange and reset of a meter's register: approved by an officer, used once by its reading."""

import boa

from tests.contracts.answers import events, reason
from tests.contracts.suite import COD, GAUGE, METER


def exchange(suite, channel, kind=2, closing_l=500, opening_l=0):
    suite.device_registry.approve_exchange(
        channel, kind, closing_l, opening_l, sender=suite.supervisor
    )


def test_approve_exchange_waits_for_the_reading_that_uses_it(suite):
    channel = suite.channel(METER, "QuotaTracker")

    exchange(suite, channel, opening_l=7)

    about = {"channel": channel, "kind": 2, "closing_l": 500, "opening_l": 7}
    assert events(suite.device_registry) == [("ExchangeApproved", about | {"by": suite.supervisor})]
    assert tuple(suite.device_registry.approval(channel)) == (2, 500, 7)


def test_approve_exchange_refuses_gauges_other_kinds_and_long_registers(suite):
    approve, by = suite.device_registry.approve_exchange, suite.supervisor
    channel = suite.channel(METER, "QuotaTracker")
    gauge = suite.channel(GAUGE, "QualityProvenance", COD)

    assert reason(approve, gauge, 2, 1, 0, sender=by) == "devices: channel is no meter"
    assert reason(approve, 99, 2, 1, 0, sender=by) == "devices: channel is no meter"
    assert reason(approve, channel, 1, 1, 0, sender=by) == "devices: kind needs no approval"
    assert reason(approve, channel, 4, 1, 0, sender=by) == "devices: kind needs no approval"
    assert reason(approve, channel, 2, 2**48, 0, sender=by) == "devices: register out of range"
    assert reason(approve, channel, 3, 0, 2**48, sender=by) == "devices: register out of range"


def test_take_approval_gives_the_opening_register_once(suite):
    registry, writer = suite.device_registry, suite.quota_tracker.address
    channel = suite.channel(METER, "QuotaTracker")
    exchange(suite, channel, kind=3, closing_l=500, opening_l=7)

    assert reason(registry.take_approval, channel, 2, 500, sender=writer) == "devices: no approval"
    assert reason(registry.take_approval, channel, 3, 499, sender=writer) == "devices: no approval"
    assert registry.take_approval(channel, 3, 500, sender=writer) == 7
    about = {"channel": channel, "kind": 3, "closing_l": 500, "opening_l": 7}
    assert events(registry) == [("ApprovalTaken", about)]
    assert reason(registry.take_approval, channel, 3, 500, sender=writer) == "devices: no approval"
    assert reason(registry.take_approval, channel, 0, 0, sender=writer) == "devices: no approval"


def test_take_approval_is_for_the_writing_contract_of_that_channel(suite):
    channel = suite.channel(METER, "QuotaTracker")
    exchange(suite, channel)

    answer = reason(
        suite.device_registry.take_approval,
        channel,
        2,
        500,
        sender=suite.discharge_volumes.address,
    )

    assert answer == "access: caller is not the listed contract"


def test_nobody_writes_a_channel_that_is_not_there(suite):
    stranger = boa.env.generate_address()

    answer = reason(suite.device_registry.take_approval, 99, 2, 500, sender=stranger)

    assert answer == "access: caller is not the listed contract"
