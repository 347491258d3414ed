"""A share of a large city on a chain of its own for `bench city`, and what its day costs."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bench import baselines, crash, day, full_day
from bench.enrolment import Enrolled, enrol
from devnet import Devnet
from ledger.chain import connect
from ledger.deployment import Deployment, Ledger
from ledger.errors import BadRecord
from ledger.keystores import KeystoreSigner
from ledger.settlement import SettlementPolicy
from oracle.simulation import composition
from oracle.simulation.composition import Planned
from scripts._city import City, Series
from scripts._compiled import compile_file, source_hash
from scripts._crash import OFFICES, SIGNERS, TOWN
from scripts._demo import own_home, own_password
from scripts._shared import home, record_path

PERIOD_S = 2
GAS_LIMIT = 120_000_000
PREPARED = "prepared.json"
BASELINE = "baseline-1"
BASELINE_S = (12.0, 60.0)  # of each baseline, for the smallest share and the whole city
WHOLE_FROM = 0.05  # the share from which a baseline is measured for the longest time
FOUNDED_WITHIN_S = 300.0
NAIVE = {name: Path("bench") / f"{name}.vy" for name in ("naive", "naive_batch")}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A city whose devices and channels are on its chain, which has stopped."""

    share: float
    contracts: str  # the hash of their sources
    begins_at: int
    enrolled: Enrolled

    @classmethod
    def read(cls, folder: Path) -> "Prepared":
        """What was noted when it was prepared."""
        raw = json.loads((folder / PREPARED).read_text(encoding="utf-8"))
        return cls(**{**raw, "enrolled": Enrolled(**raw["enrolled"])})


def measured(share: float, kept: Path | None, say: Say) -> dict[str, Any]:
    """The day of a share of the city: what it took, and what the baselines take.

    The city is enrolled in `kept`, unless it is there already, and a copy of it is fed.
    BadRecord when that folder holds something else.
    """
    if kept is not None and not kept.absolute().parent.is_dir():
        raise BadRecord(f"there is no folder for {kept}", "create the folder that it is to lie in")
    if kept is not None and not kept.exists():
        with _temporary(kept.absolute().parent) as made:
            prepare(made, share, say)
            made.rename(kept)
    with _temporary() as folder:
        if kept is None:
            prepare(folder, share, say)
        else:
            _require(kept, share)
            say("copying the city")
            shutil.copytree(kept, folder, dirs_exist_ok=True)
        with own_home(folder / "state"), _going_on(say) as net:
            return _measured(folder, net, Prepared.read(folder), say)


@contextmanager
def _temporary(parent: Path | None = None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix="waterline-city-", dir=parent, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _require(kept: Path, share: float) -> None:
    if not (kept / PREPARED).is_file():
        raise BadRecord(f"{kept} is no prepared city", "name a folder that is not there yet")
    try:
        found = Prepared.read(kept)
    except (ValueError, TypeError, KeyError) as error:
        raise BadRecord(
            f"{kept / PREPARED} does not tell what was prepared",
            "remove the folder, or name another",
        ) from error
    if (found.share, found.contracts) != (share, source_hash()):
        raise BadRecord(
            f"{kept} holds a share of {found.share} of the city, or other contracts than these",
            "remove it, or name another folder",
        )


def prepare(folder: Path, share: float, say: Say) -> None:
    """Enrol a share of the city on a chain in a folder, and stop the chain."""
    with own_home(folder / "state"):
        net = Devnet(home() / "devnet")
        try:
            begins_at, enrolled = founded(folder, net, share, say)
            net.down()
        except BaseException:
            net.reset()
            raise
    found = Prepared(share, source_hash(), begins_at, enrolled)
    (folder / PREPARED).write_text(json.dumps(asdict(found)), encoding="utf-8")


def founded(folder: Path, net: Devnet, share: float, say: Say) -> tuple[int, Enrolled]:
    """Start a chain, put contracts, offices and lanes on it, enrol a share of the city.

    When its channels were opened, and what enrolling cost.
    """
    say("starting a chain of three signers")
    _started(net, share)
    password = own_password()
    city = _made_city(folder, share)
    say("putting the contracts, offices and lanes on the chain")
    crash.finished(lambda: _run_commands(city, folder), folder / "commands.log", FOUNDED_WITHIN_S)
    ledger = ledger_of(Deployment.load(record_path()), net.record().rpc_url)
    keeper, begins_at = signer_of("keeper-1", password), city.series[0].opened_at
    channels = list(composition.planned(share))
    return begins_at, enrol(ledger, keeper, channels, _station_of, begins_at, say)


def _relays(share: float) -> list[tuple[str, str, int]]:
    """Each lane's account, contract and relay group."""
    lanes = [(c, g) for c, groups in composition.groups(share).items() for g in groups]
    return [(f"relay-{number}", *lane) for number, lane in enumerate(lanes, 1)]


@contextmanager
def _going_on(say: Say) -> Iterator[Devnet]:
    """The chain of a prepared city, removed in the end."""
    net = Devnet(home() / "devnet")
    try:
        say("starting the city's chain")
        net.up(accounts_dir=home() / "ape" / "accounts", rpc_port=0)
        yield net
    finally:
        net.reset()


def _started(net: Devnet, share: float) -> None:
    """A chain with the accounts that a share of the city needs."""
    net.up(
        accounts_dir=home() / "ape" / "accounts",
        signers=SIGNERS,
        period_s=PERIOD_S,
        gas_limit=GAS_LIMIT,
        accounts=[*OFFICES, BASELINE, *(name for name, *_ in _relays(share))],
        rpc_port=0,
    )


def _measured(folder: Path, net: Devnet, city: Prepared, say: Say) -> dict[str, Any]:
    password, share = own_password(), city.share
    channels = list(composition.planned(share))
    ledger = partial(ledger_of, Deployment.load(record_path()), net.record().rpc_url)
    say("making up the day")
    inputs, sums = day.written(channels, city.begins_at, folder)
    signers = [signer_of(name, password) for name, *_ in _relays(share)]
    setting = full_day.Setting(
        folder=folder,
        journal=home() / "oracle",
        inputs=inputs,
        ledger=ledger,
        signers={one.address: partial(_itself, one) for one in signers},
        policy=SettlementPolicy.for_signers(SIGNERS),
        node_cpu_s=lambda: sum(_cpu_s(node.pid()) for node in net.nodes()),
        log=folder / "bench.log",
    )
    fed, nodes_cpu_s = full_day.feed(setting, say)
    say("counting")
    counted = full_day.check(setting, fed, sums)
    code = {name: compile_file(path) for name, path in NAIVE.items()}
    for_s = _baseline_s(share)
    ways = baselines.measure(ledger(), signer_of(BASELINE, password), code, for_s, say)
    return _document(share, city.enrolled, fed, nodes_cpu_s, counted, ways, for_s, setting)


def _document(
    share: float,
    enrolled: Enrolled,
    fed: full_day.Fed,
    nodes_cpu_s: float,
    counted: full_day.Counted,
    ways: dict[str, float],
    for_s: float,
    setting: full_day.Setting,
) -> dict[str, Any]:
    per_s, number = fed.settled / fed.seconds, fed.settled
    of_homes = fed.homes * composition.HOURS
    every = number + of_homes
    journal = sum(full_day.size_of(p) for p in setting.journal.glob("journal.sqlite*"))
    return {
        "share": share,
        "composition": composition.UNVERIFIED,
        "made": counted.made,
        "accepted": fed.accepted,
        "readings": number,
        "seconds": fed.seconds,
        "readings_per_s": round(per_s),
        "households": fed.homes,
        "household_readings": of_homes,
        "every_reading": every,
        "every_reading_per_s": round(every / fed.seconds),
        "gas_per_reading": round(fed.gas / number, 1),
        "channels": enrolled.channels,
        "blocks": fed.blocks,
        "batches": fed.batches,
        "cpu_s": {"oracle": fed.cpu_s, "nodes": round(nodes_cpu_s, 1)},
        "peak_rss_mb": round(fed.peak_rss / full_day.MB, 1),
        "journal_bytes_per_reading": round(journal / every, 2),
        "journal_parts_bytes": full_day.parts_of(setting.journal),
        "archive_bytes_per_reading": round(
            full_day.size_of(setting.journal / "archive") / every, 2
        ),
        "start_s": fed.start_s,
        "sampled_channels": counted.sampled,
        "proved_households": counted.proved,
        "enrolment": {
            "devices": enrolled.devices,
            "gas": enrolled.gas,
            "seconds": round(enrolled.seconds, 1),
        },
        "baselines": ways,
        "baseline_s": for_s,
        "ratio": round(per_s / max(ways.values()), 1),
    }


def _baseline_s(share: float) -> float:
    least, most = BASELINE_S
    return least + (most - least) * min(share / WHOLE_FROM, 1.0)


def _cpu_s(pid: int | None) -> float:
    """User and system time of a process, from its line in /proc."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def signer_of(name: str, password: Path) -> KeystoreSigner:
    """An account of the chain that was started."""
    return KeystoreSigner(home() / "ape" / "accounts" / f"{name}.json", password)


def _itself(signer: KeystoreSigner) -> KeystoreSigner:
    return signer


def ledger_of(deployment: Deployment, rpc_url: str) -> Ledger:
    """The contracts through a connection of one's own."""
    return deployment.open(connect(rpc_url, timeout_s=60))


def _station_of(_: Planned) -> int:
    """The number of the station where every point stands."""
    return 1


def _made_city(folder: Path, share: float) -> City:
    """The small town's offices and stations, with as many relays and lanes as the share needs."""
    raw = yaml.safe_load((TOWN / "city.yaml").read_text(encoding="utf-8"))
    company = raw["organisations"][1]["name"]
    raw["posts"] = [one for one in raw["posts"] if "relay" not in one["duties"]]
    raw["lanes"], raw["devices"] = [], []
    for name, contract, group in _relays(share):
        post = {"organisation": company, "title": f"Post of {name}", "holder": name}
        raw["posts"].append({**post, "duties": ["relay"]})
        raw["lanes"].append({"contract": contract, "relay": name, "group": group})
    target = folder / "city.yaml"
    target.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    zone, now = ZoneInfo(raw["timezone"]), int(time.time())
    today = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begins_at = int((today - timedelta(days=1)).timestamp())
    series = Series("day", "made up", target, target, begins_at, now)
    return City(target, raw["city"], raw["timezone"], raw, (series,))


def _run_commands(city: City, folder: Path) -> None:
    """Contracts, offices, calendar, stations and lanes, by the usual commands."""
    from scripts._main import run
    from scripts._stages import founding

    for stage in founding(city, folder):
        for command in stage.commands:
            run(list(command))
