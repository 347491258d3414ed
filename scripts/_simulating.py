"""Stations of the demo city that are played: their configuration, and how a play is run."""

import asyncio
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w
import yaml

from scripts import _city_play
from scripts._city_play import CONFIG, PORTS, ZONE
from scripts._shared import PROJECT, Session

if TYPE_CHECKING:
    from ledger.deployment import Ledger
    from oracle.mapping import Mapping
    from oracle.simulation.playing import Pace
    from oracle.simulation.speaking import Limits, Tally

DATA = PROJECT / "data"
MINUTE_S = 60
TOPIC, GROWING = "city/waterworks/outflow", "waterworks.csv"


@dataclass(frozen=True)
class Role:
    """A series of the demo city, and the station that says it; columns by parameter."""

    series: str
    data: str
    protocol: str
    station: str
    columns: dict[str, str]


# codes of HJ 212-2017, identifiers of SL 651; units stay those of the series, as the mapping says
ROLES = (
    Role(
        *("outfall", "sewage_works_influent.csv", "hj212", "010000A8900016F000169DC0/2011"),
        {
            **{"volume": "w00000-Rtd", "cod": "w01018-Rtd"},
            **{"nh3_n": "w21003-Rtd", "ss": "w01012-Rtd"},
        },
    ),
    Role("water-main", "pipe_flow.csv", "sl651", "0012345678/32", {"volume": "27"}),
    Role("waterworks", "drinking_water_quality.parquet", "file", GROWING, {}),
)


def write_config(
    ledger: "Ledger", folder: Path, step: str, mqtt_port: int | None
) -> dict[str, Any]:
    """Write the oracle's configuration, its mappings, and the stations that go with them.

    A station begins after the last reading that the chain has of its channels. UsageError where
    the folder holds something; NotFound where the chain has none of the channels.
    """
    from ledger.errors import NotFound, UsageError
    from oracle import lanes
    from oracle.mapping import load

    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", "name a new folder: nothing is overwritten")
    channels = lanes.channels(ledger)
    config: dict[str, Any] = {"poll_s": 1, "listen": [], "sources": [], "brokers": []}
    stations, mappings = [], {}
    for role in ROLES:
        known = load(DATA / "mappings" / f"{role.series}.yaml")
        wanted = [channels.get((one.device, one.parameter)) for one in known.channels]
        enrolled = [one for one in wanted if one is not None]
        if len(enrolled) < len(wanted):
            continue
        spoken = _by_mqtt(role) if mqtt_port and role.protocol == "file" else role
        mappings[role.series] = _mapping(spoken, known)
        _tell_how(config, spoken, mqtt_port)
        after = max(at for at, _ in lanes.positions(ledger, enrolled))
        stations.append(_played(spoken, -(-after // MINUTE_S) * MINUTE_S, step))
    if not stations:
        raise NotFound(
            "the chain has no channel of the demo city", "`waterline demo --keep` leaves one"
        )
    folder.mkdir(parents=True, exist_ok=True)
    documents = {f"{series}.yaml": document for series, document in mappings.items()}
    documents["stations.yaml"] = {"oracle": CONFIG, "stations": stations}
    texts = {
        name: yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        for name, document in documents.items()
    }
    texts[CONFIG] = tomli_w.dumps({key: value for key, value in config.items() if value})
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {"folder": str(folder), "files": sorted(texts), "stations": len(stations)}


def _by_mqtt(role: Role) -> Role:
    return Role(role.series, role.data, "mqtt", TOPIC, role.columns)


def _mapping(role: Role, known: "Mapping") -> dict[str, Any]:
    clock = {"hj212": "DataTime", "sl651": "at"}.get(role.protocol)
    local = {"form": "iso8601", "column": clock, "timezone": ZONE}
    return {
        "title": f"simulated {known.title}",
        "files": [role.station],
        "note": "Played by `waterline oracle simulate`; not measured.",
        "time": local if clock else {"form": "unix_s", "column": "at"},
        "channels": [
            one | {"column": role.columns.get(one["parameter"], one["column"])}
            for one in known.model_dump(exclude_defaults=True)["channels"]
        ],
    }


def _tell_how(config: dict[str, Any], role: Role, mqtt_port: int | None) -> None:
    mapping = f"{role.series}.yaml"
    if role.protocol in PORTS:
        heard = {"protocol": role.protocol, "port": PORTS[role.protocol], "mappings": [mapping]}
        config["listen"].append(heard)
    elif role.protocol == "mqtt":
        about = {"port": mqtt_port, "client_id": "waterline-oracle", "topics": [role.station]}
        config["brokers"].append({**about, "mappings": [mapping]})
    else:
        config["sources"].append({"mapping": mapping, "file": role.station})


def _played(role: Role, after: int, step: str) -> dict[str, str]:
    return {
        "mapping": f"{role.series}.yaml",
        "data": str(DATA / role.data),
        "data_mapping": str(DATA / "mappings" / f"{role.series}.yaml"),
        "after": f"{datetime.fromtimestamp(after, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "step": step,
    }


@dataclass(frozen=True)
class Wanted:
    """What is asked for of a made-up city."""

    share: float
    seed: int
    enrol: bool
    dry_run: bool
    folder: Path | None
    mqtt_port: int | None


def of_city(here: Session, wanted: Wanted) -> Any:
    """Show, enrol, or write down a share of the made-up city; UsageError where nothing is asked."""
    from ledger.errors import UsageError
    from oracle.simulation.city import summary
    from scripts._progress import steady

    if wanted.dry_run:
        shown = summary(wanted.share)
        return here.tell(shown, lambda: _city_play.composition_lines(shown))
    if not wanted.enrol and wanted.folder is None:
        raise UsageError(
            "--city alone plays nothing",
            "add --enrol, --write-config FOLDER or --dry-run; play it with -c FOLDER/stations.yaml",
        )
    document: dict[str, Any] = {}
    if wanted.enrol:
        with steady("starting") as say:
            document |= _city_play.enrolled(wanted.share, say or (lambda _: None))
    if wanted.folder is not None:
        about = (wanted.folder, wanted.share, wanted.seed, wanted.mqtt_port)
        document |= _city_play.write_config(here.ledger, *about)
    return here.tell(document, lambda: _city_play.next_steps(document))


def rates_of(faults: Sequence[str]) -> dict[str, int]:
    """Words like gap=20 as rates in per mille; UsageError names the one that is none."""
    from ledger.errors import UsageError

    rates: dict[str, int] = {}
    for word in faults:
        name, _, rate = word.partition("=")
        if not (rate.isascii() and rate.isdigit()) or name in rates:
            raise UsageError(f"{word!r} is no new fault with its rate", "write it like gap=20")
        rates[name] = int(rate)
    return rates


def played(
    here: Session,
    file: Path,
    rates: dict[str, int],
    seed: int,
    pace: "Pace",
    limits: "Limits",
) -> dict[str, Any]:
    """Play the stations of a file until they end or are stopped; the summary of all of them."""
    from oracle.simulation import city, playing
    from scripts._progress import line

    cast = city.load(file)

    async def run() -> "dict[str, Tally]":
        leave, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, leave.set)
        with line("calling", silent=here.as_json) as say:
            count = 0

            def progress() -> None:
                nonlocal count
                count += 1
                if say is not None:
                    say(f"{count:,} acts of {len(cast)} stations")

            world = playing.World(time.time, leave, progress)
            return await playing.play(cast, rates, seed, pace, limits, world)

    begun = time.monotonic()
    tallies = asyncio.run(run())
    elapsed_s = time.monotonic() - begun
    return {"seed": seed, "elapsed_s": round(elapsed_s, 1), **playing.summary(cast, tallies)}


def lines(document: dict[str, Any]) -> list[str]:
    """A summary as people read it."""
    expected = document["expected"]
    faults = ", ".join(f"{count:,} {name}" for name, count in document["faults"].items())
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in expected["held_by_reason"].items())
    told = [
        f"{document['sent']:,} telegrams of {document['stations']} stations sent in"
        f" {document['elapsed_s']:.1f} s, {document['acknowledged']:,} acknowledged"
        f" ({document['sent_again']:,} only when sent again).",
        f"Faults: {faults or 'none'} (seed {document['seed']}).",
        f"The oracle has because of it: {expected['accepted']:,} readings received,"
        f" {expected['repeated']:,} recorded already, {expected['held']:,} held"
        f"{': ' + reasons if reasons else ''}.",
    ]
    if document["refused"]:
        told.append(
            f"{document['refused']:,} were never acknowledged; what the oracle has of them is not"
            " counted here."
        )
    return told


def next_steps(document: dict[str, Any]) -> list[str]:
    """What to do with the files that were written."""
    folder = document["folder"]
    return [
        f"{', '.join(document['files'])} in {folder}. In one shell:",
        f"  waterline oracle run -c {folder}/{CONFIG}",
        "and in another:",
        f"  waterline oracle simulate -c {folder}/stations.yaml --fault late=20 --fault garbage=10",
        "Then `waterline oracle status` and `waterline oracle quarantine list`.",
    ]
