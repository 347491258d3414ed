"""What the registries tell the contracts that take measurements, and what those then hold."""

import pytest

from tests.contracts.answers import events
from tests.contracts.suite import COD, DRAINAGE, GAUGE, METER, RELAY_GROUP, T0

BOOKS = {"QuotaTracker": "PermitRegistry", "DischargeVolumes": "DischargeLimits"}
GAUGES = ["QualityProvenance", "DischargeLimits"]
ACCOUNT = (9, 1, 5_000_000, 3_600, 1, T0, T0 + 1_000)  # permit, station, plan, peak, scheme, term
FIELDS = ("permit_id", "station_id", "plan_l", "peak_l_h", "scheme_id", "from_at", "until_at")


def address(suite, name):
    return suite.contracts[name].address


@pytest.mark.parametrize("name", BOOKS)
def test_an_enrolled_meter_stands_at_its_opening_register(suite, name):
    book, registry = suite.contracts[name], address(suite, "DeviceRegistry")

    book.enrol(77, METER, RELAY_GROUP, 1_234, T0, sender=registry)

    about = {"channel": 77, "relay_group": RELAY_GROUP, "register_l": 1_234, "opened_at": T0}
    assert events(book) == [("MeterEnrolled", about)]
    meter = book.meter(77)
    assert (meter.register_l, meter.last_at, meter.relay_group) == (1_234, T0, RELAY_GROUP)
    assert (meter.enrolled, meter.tier, meter.over) == (True, 0, False)
    assert not book.meter(78).enrolled


@pytest.mark.parametrize("name", GAUGES)
def test_an_enrolled_gauge_is_empty_and_unlimited(suite, name):
    book, registry = suite.contracts[name], address(suite, "DeviceRegistry")

    book.enrol(77, GAUGE, RELAY_GROUP, 0, T0, sender=registry)

    about = {"channel": 77, "relay_group": RELAY_GROUP, "opened_at": T0}
    assert events(book) == [("GaugeEnrolled", about)]
    gauge = book.gauge(77)
    assert (gauge.count, gauge.last_at, gauge.relay_group) == (0, T0, RELAY_GROUP)
    assert (gauge.lo, gauge.hi, gauge.enrolled) == (0, 2**32 - 1, True)
    assert book.limit_of(77) == 0


@pytest.mark.parametrize(("name", "opener"), BOOKS.items())
def test_an_account_opens_with_its_plan_and_nothing_used(suite, name, opener):
    book = suite.contracts[name]

    book.open_account(*ACCOUNT, sender=address(suite, opener))

    assert events(book) == [("AccountOpened", dict(zip(FIELDS, ACCOUNT, strict=True)))]
    assert tuple(book.account(9)) == (*ACCOUNT[1:], 0)
    assert book.used_l(9, 0) == 0


@pytest.mark.parametrize(("name", "opener"), BOOKS.items())
def test_a_bound_meter_counts_from_its_present_register(suite, name, opener):
    book, registry = suite.contracts[name], address(suite, "DeviceRegistry")
    book.open_account(*ACCOUNT, sender=address(suite, opener))
    book.enrol(77, METER, RELAY_GROUP, 1_234, T0, sender=registry)

    book.bind(77, 9, 0, 0, 0, sender=registry)

    assert events(book) == [("MeterBound", {"channel": 77, "permit_id": 9})]
    base = book.base(77)
    assert (base.register_l, base.permit_id) == (1_234, 9)
    assert base.peak_return_l_h == 3_600 * 9_500 // 10_000
    assert book.meters_of(9) == [77]


@pytest.mark.parametrize(("name", "opener"), BOOKS.items())
def test_a_changed_right_is_asked_for_again_with_the_next_group(suite, name, opener):
    book, registry = suite.contracts[name], address(suite, "DeviceRegistry")
    book.open_account(*ACCOUNT, sender=address(suite, opener))
    book.enrol(77, METER, RELAY_GROUP, 1_234, T0, sender=registry)
    book.bind(77, 9, 0, 0, 0, sender=registry)

    book.right_changed(9, sender=address(suite, opener))

    [(event, about)] = events(book)
    assert (event, about["permit_id"]) == ("RightChanged", 9)
    assert book.meter(77).paused


def test_a_drainage_permit_opens_its_outlet_before_its_account(suite):
    limits = suite.discharge_limits

    limits.open_account(*ACCOUNT, sender=address(suite, "PermitRegistry"))

    assert events(limits) == [("OutletOpened", {"permit_id": 9, "station_id": 1})]
    assert limits.outlet_station(9) == 1
    assert tuple(suite.discharge_volumes.account(9)) == (*ACCOUNT[1:], 0)


def test_a_changed_right_of_a_drainage_permit_reaches_its_volumes(suite):
    permit = suite.permit(kind=DRAINAGE)
    channel = suite.channel(METER, "DischargeVolumes", permit=permit)

    suite.discharge_limits.right_changed(permit, sender=address(suite, "PermitRegistry"))

    assert suite.discharge_volumes.meter(channel).paused


def test_a_gauge_is_held_against_the_permit_of_its_outlet(suite):
    permit = suite.permit(kind=DRAINAGE)
    channel = suite.channel(GAUGE, "DischargeLimits", COD)

    suite.discharge_limits.bind(channel, permit, sender=address(suite, "DeviceRegistry"))

    assert events(suite.discharge_limits) == [
        ("GaugeBound", {"channel": channel, "permit_id": permit})
    ]
    assert suite.discharge_limits.permit_of(channel) == permit
