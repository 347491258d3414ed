"""Exchange and reset of a meter's register: approved by an officer, used once by its reading."""

import boa

from tests.contracts.answers import events, reason
from tests.contracts.suite import COD, GAUGE, HASH, METER, NOW, T0


def exchange(suite, channel, kind=2, closing_l=500, opening_l=0):
    suite.device_registry.approve_exchange(
        channel, kind, closing_l, opening_l, sender=suite.supervisor
    )


def test_approve_exchange_waits_for_the_reading_that_uses_it(suite):
    channel = suite.channel(METER, "QuotaTracker")

    exchange(suite, channel, opening_l=7)

    about = {"channel": channel, "kind": 2, "closing_l": 500, "opening_l": 7}
    assert events(suite.device_registry) == [("ExchangeApproved", about | {"by": suite.supervisor})]
    assert tuple(suite.device_registry.approval(channel)) == (2, 500, 7, 0)


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

    assert (
        reason(registry.take_approval, channel, 2, 500, T0, sender=writer) == "devices: no approval"
    )
    assert (
        reason(registry.take_approval, channel, 3, 499, T0, sender=writer) == "devices: no approval"
    )
    assert registry.take_approval(channel, 3, 500, T0, sender=writer) == 7
    about = {"channel": channel, "kind": 3, "closing_l": 500, "opening_l": 7}
    assert events(registry) == [("ApprovalTaken", about)]
    assert (
        reason(registry.take_approval, channel, 3, 500, T0, sender=writer) == "devices: no approval"
    )
    assert (
        reason(registry.take_approval, channel, 0, 0, T0, sender=writer) == "devices: no approval"
    )


def test_take_approval_is_for_the_writing_contract_of_that_channel(suite):
    channel = suite.channel(METER, "QuotaTracker")
    exchange(suite, channel)

    answer = reason(
        suite.device_registry.take_approval,
        channel,
        2,
        500,
        T0,
        sender=suite.discharge_volumes.address,
    )

    assert answer == "access: caller is not the listed contract"


def test_nobody_writes_a_channel_that_is_not_there(suite):
    stranger = boa.env.generate_address()

    answer = reason(suite.device_registry.take_approval, 99, 2, 500, T0, sender=stranger)

    assert answer == "access: caller is not the listed contract"


def deem(suite, channel, register_l=100, volume_l=400, until_at=T0 + 60, why=HASH):
    suite.device_registry.approve_deemed(
        channel, register_l, volume_l, until_at, why, sender=suite.supervisor
    )


def test_deemed_use_is_approved_with_its_register_end_and_reason(suite):
    channel = suite.channel(METER, "QuotaTracker")

    deem(suite, channel)

    figures = {"register_l": 100, "volume_l": 400, "until_at": T0 + 60, "reason_hash": HASH}
    about = {"channel": channel, "by": suite.supervisor}
    assert events(suite.device_registry) == [("DeemedApproved", about | figures)]
    assert tuple(suite.device_registry.approval(channel)) == (4, 500, 100, T0 + 60)


def test_deemed_use_is_of_a_meter_has_a_volume_a_past_and_a_reason(suite):
    approve, by = suite.device_registry.approve_deemed, suite.supervisor
    channel = suite.channel(METER, "QuotaTracker")
    gauge = suite.channel(GAUGE, "QualityProvenance", COD)

    def answer(number, *figures):
        return reason(approve, number, *figures, sender=by)

    assert answer(gauge, 0, 1, T0, HASH) == "devices: only a meter has deemed use"
    assert answer(channel, 0, 0, T0, HASH) == "devices: deemed volume out of range"
    assert answer(channel, 0, 2**48, T0, HASH) == "devices: deemed volume out of range"
    assert answer(channel, 2**48 - 1, 1, T0, HASH) == "devices: register would be full"
    assert answer(channel, 0, 1, NOW + 1, HASH) == "devices: deemed use lies in the future"
    assert answer(channel, 0, 1, T0, b"\0" * 32) == "devices: deemed use needs a reason"


def test_an_approval_of_deemed_use_fits_its_end_and_nothing_else(suite):
    registry, writer = suite.device_registry, suite.quota_tracker.address
    channel = suite.channel(METER, "QuotaTracker")
    deem(suite, channel)
    take = registry.take_approval

    for other in ((2, 500, T0 + 60), (4, 501, T0 + 60), (4, 500, T0 + 61)):
        assert reason(take, channel, *other, sender=writer) == "devices: no approval"
    assert take(channel, 4, 500, T0 + 60, sender=writer) == 100
