"""A made-up city to play in: a chain with its points enrolled, and the files that play them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import tomli_w
import yaml

from scripts._shared import home, record_path

if TYPE_CHECKING:
    from ledger.deployment import Ledger

ZONE = "Asia/Shanghai"
CONFIG = "waterline.toml"
PORTS = {"hj212": 9212, "sl651": 9651}
STATIONS, HOMES_FILE = "stations.yaml", "homes.yaml"
CLIENT = "waterline-oracle"
BROKER_PORT = 1883


def enrolled(share: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Start a chain, put contracts, offices and lanes on it, enrol a share of the city.

    UsageError where contracts are deployed already: a journal and lanes go with them.
    """
    from devnet import Devnet
    from ledger.errors import UsageError
    from scripts import _full_day
    from scripts._demo import own_password

    if record_path().exists():
        raise UsageError(
            f"contracts are deployed here already: {record_path()}",
            "name a new state folder with WATERLINE_HOME, or leave --enrol out",
        )
    net, work = Devnet(home() / "devnet"), home() / "city"
    work.mkdir(parents=True, exist_ok=True)
    _, done = _full_day.founded(work, net, share, say)
    counts = {"devices": done.devices, "channels": done.channels}
    return {**counts, "password_file": str(own_password())}


def write_config(
    ledger: "Ledger", folder: Path, share: float, seed: int, mqtt_port: int | None
) -> dict[str, Any]:
    """Write the oracle's configuration, a mapping a device, and the file that plays them.

    The play begins at the first local midnight that no channel has passed. UsageError where the
    folder holds something; NotFound where a channel of the city is not enrolled.
    """
    from ledger.errors import NotFound, UsageError
    from oracle import lanes
    from oracle.simulation import city

    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", "name a new folder: nothing is overwritten")
    known = lanes.channels(ledger)
    devices = city.devices(share)
    wanted = [
        known.get((one.device, one.quantity.parameter)) for device in devices for one in device
    ]
    channels = [one for one in wanted if one is not None]
    if len(channels) < len(wanted):
        raise NotFound(
            f"{len(wanted) - len(channels)} of {len(wanted)} channels are not enrolled",
            "enrol the same share: `waterline oracle simulate --city --enrol`",
        )
    after = _midnight(max(at for at, _ in lanes.positions(ledger, channels)))
    folder.mkdir(parents=True, exist_ok=True)
    for device in devices:
        _write(
            city.path_of(folder, device),
            city.mapping_of(device).model_dump(mode="json", exclude_defaults=True),
        )
    _write(folder / HOMES_FILE, city.HOMES_MAPPING.model_dump(mode="json", exclude_defaults=True))
    made = {"share": share, "after": f"{after:%Y-%m-%dT%H:%M:%SZ}", "seed": seed}
    _write(folder / STATIONS, {"oracle": CONFIG, "city": made})
    (folder / CONFIG).write_text(
        tomli_w.dumps(_config(devices, mqtt_port or BROKER_PORT)), encoding="utf-8"
    )
    return {**made, "folder": str(folder), "stations": len(devices)}


def _config(devices: "list[list[Any]]", mqtt_port: int) -> dict[str, Any]:
    """What the oracle listens to, and the mappings of each."""
    from oracle.simulation import city

    files: dict[str, list[str]] = {}
    for device in devices:
        files.setdefault(city.speaks(device), []).append(city.path_of(Path(), device).name)
    listen = [
        {"protocol": name, "port": port, "mappings": files[name]} for name, port in PORTS.items()
    ]
    broker = {
        **{"port": mqtt_port, "client_id": CLIENT, "topics": ["city/#"]},
        **{"mappings": files["mqtt"], "households": [HOMES_FILE]},
    }
    return {"poll_s": 1, "listen": listen, "brokers": [broker]}


def _midnight(at: int) -> datetime:
    """The first local midnight at or after a moment, in UTC."""
    local = datetime.fromtimestamp(at, ZoneInfo(ZONE))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight < local:
        midnight += timedelta(days=1)
    return midnight.astimezone(UTC)


def _dumped(mapping: Any) -> dict[str, Any]:
    told: dict[str, Any] = mapping.model_dump(mode="json", exclude_defaults=True)
    return told


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def composition_lines(document: dict[str, Any]) -> list[str]:
    """A share of the city as people read it."""
    from scripts._showing import table

    rows = [
        (
            *(one["sort"], f"{one['points']:,}", f"{one['of']:,}", len(one["values"])),
            *(f"{one['interval_s']:,}", f"{one['readings_a_day']:,}", one["speaks"]),
        )
        for one in document["sorts"]
    ]
    head = ("points", "here", "whole city", "values", "every s", "readings a day", "speaks")
    return [
        *table(rows, head),
        "",
        f"{document['readings_a_day']:,} readings a day, and {document['households']:,} households"
        " with 24 hourly registers each, sent once a day by MQTT.",
        f"Unverified: {document['note']}. Nothing of it is measured.",
    ]


def next_steps(document: dict[str, Any]) -> list[str]:
    """What to do with what was enrolled and written."""
    told = []
    if "channels" in document:
        told = [
            f"{document['devices']:,} devices with {document['channels']:,} channels enrolled.",
            f"  export WATERLINE_PASSWORD_FILE={document['password_file']}",
        ]
    if "folder" in document:
        folder = document["folder"]
        told += [
            f"{document['stations']:,} stations written to {folder}. With a broker of this machine"
            " that asks for no password, in one shell:",
            f"  waterline oracle run -c {folder}/{CONFIG}",
            "and in another:",
            f"  waterline oracle simulate -c {folder}/{STATIONS} --fault late=20 --fault gap=10",
        ]
    return told
