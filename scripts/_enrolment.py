"""Channels as a file describes them, turned into what DeviceRegistry and the rules take."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.devices import METER, channel_of, device_by_code
from ledger.errors import NotFound, UsageError
from ledger.grades import GRADES
from ledger.labels import label, text_of
from ledger.quantities import base_of, measured_as
from ledger.structs import read
from ledger.units import parse_as, parse_duration
from scripts._files import count, entries, instant, section, take
from scripts._shared import Session
from scripts._showing import CHANNEL_KINDS, local_zone, number_of
from scripts._writing import Act

LARGEST_L = 2**48 - 1
CONTRACT_KINDS = {
    "QuotaTracker": 1,
    "DischargeVolumes": 1,
    "DischargeLimits": 2,
    "QualityProvenance": 2,
}


def described_channels(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each channel of a file's `devices`, with its device's code; grade and station handed down."""
    for device in section(path, "devices"):
        code = str(take(device, "code", "a device"))
        for entry in entries(
            device.get("channels") or [], f"{path}: the channels of {code} are no list"
        ):
            yield code, {"grade": device.get("grade"), **entry}


def channel_request(here: Session, code: str, entry: dict[str, Any]) -> tuple[Any, ...]:
    """The fields of IDeviceRegistry.ChannelRequest in their order."""
    parameter = str(take(entry, "parameter", f"device {code}"))
    where = f"{code} {parameter}"
    contract = str(take(entry, "contract", where))
    kind = CONTRACT_KINDS.get(contract)
    if kind is None:
        raise UsageError(f"{where}: {contract!r} takes no measurements", _one_of(CONTRACT_KINDS))
    grade = number_of(GRADES, str(entry.get("grade") or "operator's oracle"))
    if grade is None:
        raise UsageError(f"{where}: unknown grade {entry['grade']!r}", _one_of(GRADES.values()))
    low, high = _bounds(entry, parameter, kind, where)
    # what somebody wrote is judged before the chain is asked
    fields = (
        label(parameter),
        kind,
        label(contract),
        count(entry, "group", where, 1),
        measured_as(str(entry.get("resolution", "1 L")), parameter),
        parse_duration(str(take(entry, "cadence", where))),
        low,
        high,
        parse_as(str(entry["modulus"]), "l") if "modulus" in entry else 0,
        grade,
        parse_as(str(entry.get("register", "0 L")), "l"),
        instant(take(entry, "opened_at", where), local_zone()),
    )
    return (device_by_code(here.ledger, code), *fields)


def _bounds(entry: dict[str, Any], parameter: str, kind: int, where: str) -> tuple[int, int]:
    """What is physically possible; a meter's register is bounded by its width alone."""
    if kind == METER and "low" not in entry:
        return 0, LARGEST_L
    low, high = (str(take(entry, key, where)) for key in ("low", "high"))
    return measured_as(low, parameter), measured_as(high, parameter)


def judge_act(here: Session, code: str, parameter: str, entry: dict[str, Any]) -> Act:
    """Hold a gauge against a limit of a standard, its permit's own condition, or both."""
    channel = channel_of(here.ledger, code, parameter)
    where = f"{code} {parameter}"
    limit_id = 0
    if "standard" in entry:
        limit_id = find_limit(
            here, str(entry["standard"]), str(entry.get("grade") or ""), parameter, entry
        )
    call = here.contract(channel.contract).functions.judge(
        channel.id,
        limit_id,
        count(entry, "dwell_readings", where, 2),
        parse_duration(str(entry.get("dwell", "0 s"))),
        parse_as(str(entry.get("hysteresis", "0 %")), "bps"),
        count(entry, "needed", where),
    )
    by = f"{entry['standard']} {entry.get('grade') or ''}".strip() if limit_id else "its permit"
    return Act(channel.contract, call, f"hold {where} against {by}")


def find_limit(
    here: Session, standard: str, grade: str, parameter: str, entry: dict[str, Any]
) -> int:
    """The limit in force of a standard for a parameter."""
    set_id = here.view("Standards", "current_set", standard, grade, here.chain.head().at)
    if not set_id:
        raise NotFound(f"no limits of {standard} {grade} are loaded", "`waterline standard load`")
    basis = str(take(entry, "basis", f"limit of {parameter}"))
    found = read(here.ledger, "Standards", "limit_of", set_id, label(parameter), label(basis))
    if not found:
        raise NotFound(
            f"{standard} {grade} has no limit {basis!r} of {parameter}",
            f"`waterline standard show {standard!r} {grade}` lists them",
        )
    unit = text_of(read(here.ledger, "Standards", "limit", found)["unit"])
    if unit != base_of(parameter):  # a gauge holds one unit, the limit would be read in another
        raise UsageError(
            f"{standard} {grade} limits {parameter!r} in {unit} under {basis!r}, "
            f"the gauge holds {base_of(parameter)}",
            "name another basis",
        )
    return int(found)


def _one_of(words: Any) -> str:
    return f"use one of: {', '.join(words)}"


__all__ = [
    "CHANNEL_KINDS",
    "channel_request",
    "described_channels",
    "find_limit",
    "judge_act",
]
