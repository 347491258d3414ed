"""Devices and channels as recorded, with the names people use for them."""

from collections.abc import Callable
from typing import Any

from ledger.channels import GAUGE, METER, Channel
from ledger.deployment import Ledger
from ledger.errors import NotFound, UsageError
from ledger.labels import label, text_of
from ledger.structs import every, read

__all__ = [
    "GAUGE",
    "METER",
    "Channel",
    "channel",
    "channel_of",
    "channels",
    "deemed_l",
    "device_by_code",
]

DAY_S = 86_400


def device_by_code(ledger: Ledger, code: str) -> int:
    """A device's number; NotFound when there is none."""
    found = read(ledger, "DeviceRegistry", "device_by_code", code)
    if not found:
        raise NotFound(f"no device {code!r}", "list them with `waterline device list`")
    return int(found)


def channel(ledger: Ledger, number: int) -> Channel:
    """A channel by its number."""
    raw = read(ledger, "DeviceRegistry", "channel", number)
    if not raw["kind"]:
        raise NotFound(f"no channel {number}", "list them with `waterline device list`")
    return _channel(number, raw, read(ledger, "DeviceRegistry", "device", raw["device"]))


def channel_of(ledger: Ledger, code: str, parameter: str) -> Channel:
    """The channel of a device that measures a parameter."""
    device_id = device_by_code(ledger, code)
    number = read(ledger, "DeviceRegistry", "channel_by", device_id, label(parameter))
    if not number:
        raise NotFound(
            f"{code} does not measure {parameter!r}", f"`waterline device show {code}` lists it"
        )
    return channel(ledger, number)


def modulus_of(ledger: Ledger) -> Callable[[int], int]:
    """What answers at which register a channel begins again at zero; 0 for never."""
    return lambda number: channel(ledger, number).modulus_l


def channels(ledger: Ledger) -> list[Channel]:
    """Every channel."""
    devices = dict(every(ledger, "DeviceRegistry", "device", "device_count"))
    return [
        _channel(number, raw, devices[raw["device"]])
        for number, raw in every(ledger, "DeviceRegistry", "channel", "channel_count")
    ]


def _channel(number: int, raw: dict[str, Any], device: dict[str, Any]) -> Channel:
    return Channel(
        id=number,
        device_id=raw["device"],
        device=device["code"],
        station_id=device["station_id"],
        parameter=text_of(raw["parameter"]),
        kind=raw["kind"],
        contract=text_of(raw["contract_name"]),
        relay_group=raw["relay_group"],
        resolution=raw["resolution"],
        cadence_s=raw["cadence_s"],
        low=raw["low"],
        high=raw["high"],
        grade=raw["grade"],
        permit_id=raw["permit_id"],
        opened_at=raw["opened_at"],
        modulus_l=raw["modulus_l"],
    )


def deemed_l(capacity_l_day: int, lasts_s: int) -> int:
    """Litres that a meter that is missing or broken counts: the daily maximum capacity of the works
    for each day, rounded down to the litre (Decree 460 art. 53). UsageError for no time at all.
    """
    if lasts_s <= 0:
        raise UsageError(
            "the meter has readings up to that moment, or beyond it",
            "deemed use begins with its last reading: name a later end",
        )
    return capacity_l_day * lasts_s // DAY_S
