"""Devices and their channels: identity, enrolment with the contract that writes, binding."""

import pytest

from tests.contracts.answers import events, reason
from tests.contracts.storage import put
from tests.contracts.suite import COD, GAUGE, METER, NOW, T0, VOLUME, word

FIELDS = (
    "device",
    "parameter",
    "kind",
    "contract_name",
    "relay_group",
    "resolution",
    "cadence_s",
    "low",
    "high",
    "modulus_l",
    "grade",
    "register_l",
    "opened_at",
)


def refused(suite, function, *arguments):
    return reason(getattr(suite.device_registry, function), *arguments, sender=suite.device_keeper)


def test_enrol_device_gives_it_an_identity(suite):
    registry = suite.device_registry

    device = registry.enrol_device("FLOW-01", 1, sender=suite.device_keeper)

    registry.enrol_device("FLOW-02", 1, sender=suite.device_keeper)
    assert events(registry) == [
        ("DeviceEnrolled", {"device_id": device + 1, "station_id": 1, "code": "FLOW-02"})
    ]
    assert tuple(registry.device(device)) == ("FLOW-01", 1)
    assert registry.device_by_code("FLOW-01") == device
    assert registry.device_count() == device + 1


def test_enrol_device_refuses_a_code_twice_and_a_station_that_is_not_there(suite):
    suite.device_registry.enrol_device("FLOW-01", 1, sender=suite.device_keeper)

    assert refused(suite, "enrol_device", "", 1) == "devices: empty code"
    assert refused(suite, "enrol_device", "FLOW-01", 1) == "devices: code is taken"
    assert refused(suite, "enrol_device", " FLOW-01", 1) == "devices: code has spaces"
    assert refused(suite, "enrol_device", "FLOW-02", 0) == "devices: unknown station"
    assert refused(suite, "enrol_device", "FLOW-02", 2) == "devices: unknown station"


def test_enrol_channel_tells_the_contract_that_will_write_it(suite):
    registry, device = suite.device_registry, suite.device()
    request = suite.request(device=device)

    channel = registry.enrol_channel(request, sender=suite.device_keeper)

    asked = dict(zip(FIELDS, request, strict=True))
    told = ("device_id", "parameter", "kind", "contract_name", "relay_group", "resolution")
    assert events(registry) == [
        (
            "ChannelEnrolled",
            {field: asked.get(field, device) for field in told}
            | {"channel": channel, "opened_at": T0},
        )
    ]
    kept = registry.channel(channel)
    assert {f: getattr(kept, f) for f in FIELDS if hasattr(kept, f)} == {
        f: value for f, value in asked.items() if f != "register_l"
    }
    assert (kept.permit_id, kept.enrolled_at) == (0, NOW)
    assert suite.quota_tracker.meter(channel).register_l == asked["register_l"]
    assert suite.quota_tracker.meter(channel).enrolled
    assert registry.channel_by(device, VOLUME) == channel
    assert registry.channels_of(device) == [channel]
    assert registry.station_of(channel) == 1
    assert registry.channel_count() == channel


def test_a_device_has_a_channel_for_each_parameter(suite):
    device = suite.device()

    channels = [
        suite.channel(METER, "QuotaTracker", device=device),
        suite.channel(GAUGE, "QualityProvenance", COD, device=device),
    ]

    assert suite.device_registry.channels_of(device) == channels
    again = suite.request(GAUGE, device=device, parameter=COD)
    assert refused(suite, "enrol_channel", again) == "devices: device has the parameter"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"device": 0}, "devices: unknown device"),
        ({"device": 99}, "devices: unknown device"),
        ({"parameter": word("")}, "devices: empty parameter"),
        ({"kind": 3}, "devices: unknown kind"),
        ({"relay_group": 0}, "devices: relay group out of range"),
        ({"relay_group": 2**16}, "devices: relay group out of range"),
        ({"resolution": 0}, "devices: resolution out of range"),
        ({"resolution": 2**48}, "devices: resolution out of range"),
        ({"low": 2, "high": 1}, "devices: bounds cross"),
        ({"grade": 0}, "devices: unknown evidence grade"),
        ({"grade": 6}, "devices: unknown evidence grade"),
        ({"modulus_l": 2**48}, "devices: modulus out of range"),
        ({"contract_name": word("QualityProvenance")}, "quality: takes gauges only"),
        ({"contract_name": word("DischargeLimits")}, "discharge: takes gauges only"),
        ({"kind": GAUGE}, "quota: takes meters only"),
        (
            {"kind": GAUGE, "contract_name": word("DischargeVolumes")},
            "volumes: takes meters only",
        ),
        ({"register_l": 2**48}, "meters: register out of range"),
        ({"opened_at": NOW + 1}, "meters: opening in the future"),
        (
            {"kind": GAUGE, "contract_name": word("QualityProvenance"), "opened_at": NOW + 1},
            "gauges: opening lies in the future",
        ),
    ],
)
def test_enrol_channel_refuses_what_no_reading_could_fit(suite, changed, why):
    before = suite.device_registry.channel_count()
    request = suite.request(**changed)

    assert refused(suite, "enrol_channel", request) == why
    assert suite.device_registry.channel_count() == before


def test_channel_numbers_stay_within_the_wire_format(suite):
    request = suite.request()
    put(suite.device_registry, 2**32 - 1, "channel_count")

    assert refused(suite, "enrol_channel", request) == "devices: channels are full"
