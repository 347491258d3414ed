"""A day of a share of a city, fed to the oracle on a real chain, measured and then counted."""

import json
import os
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.crash import finished
from bench.day import Sum
from bench.memory import peak_bytes
from ledger.deployment import Ledger
from ledger.devices import channels
from ledger.errors import WaterlineError
from ledger.keystores import Signer
from ledger.packing import ZERO_VALUE
from ledger.settlement import SettlementPolicy
from ledger.structs import read
from oracle.feed import replay
from oracle.household_proofs import prove
from oracle.household_rows import Households
from oracle.inputs import Input
from oracle.journal import Journal
from oracle.oracle import Oracle
from oracle.report import report
from oracle.simulation.composition import VOLUME, Planned

MOST_SAMPLED = 400  # channels whose sums are looked up on the chain
FED_WITHIN_S = 6 * 3_600.0
MB = 1_000_000
TOLD_EVERY_S = 5
PARTS = {  # of the journal, in bytes of what they hold, without keys and pages
    "readings": "SELECT sum(length(columns)) FROM block",
    "words": "SELECT sum(length(words)) FROM batch",
    "signed": "SELECT sum(length(raw)) FROM attempt",
    "households": "SELECT sum(length(columns) + length(names)) FROM home",
    "roster": "SELECT sum(length(standing)) FROM roster",
}
MOST_PROVED = 5  # households whose leaves are proved to the contract
HOMES = (
    "SELECT coalesce(sum(count), 0) FROM home JOIN batch ON batch.contract = home.contract"
    " AND batch.lane = home.lane AND batch.id = home.batch WHERE state = 'settled'"
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many readings were made, how many channels were looked up and households proved."""

    made: int
    sampled: int
    proved: int


class Miscounted(WaterlineError):
    """What the chain holds is not what was fed."""

    code = "miscounted"
    exit_code = 6


@dataclass(frozen=True)
class Setting:
    """What is fed, from where, to which chain; `ledger` connects, which only a child may do."""

    folder: Path
    journal: Path
    inputs: Sequence[Input | Households]
    ledger: Callable[[], Ledger]
    signers: Mapping[str, Callable[[], Signer]]
    policy: SettlementPolicy
    node_cpu_s: Callable[[], float]
    log: Path


@dataclass(frozen=True, slots=True)
class Fed:
    """What one run of the oracle took; memory in bytes, the largest that was resident."""

    accepted: int
    held: int
    settled: int
    start_s: float
    seconds: float
    cpu_s: float
    peak_rss: int
    blocks: int
    gas: int
    batches: int
    homes: int = 0  # households whose leaves hang in settled batches


def feed(setting: Setting, say: Say) -> tuple[Fed, float]:
    """Run the oracle in a process of its own, to the last settled batch; CPU of the nodes too."""
    result, before = setting.folder / "fed.json", setting.node_cpu_s()
    say("feeding")
    finished(lambda: _feed(setting, result), setting.log, FED_WITHIN_S)
    return Fed(**json.loads(result.read_text())), setting.node_cpu_s() - before


def _feed(setting: Setting, result: Path) -> None:
    begun = time.monotonic()
    journal, ledger = Journal(setting.journal, writing=True), setting.ledger()
    oracle = Oracle(ledger, journal, setting.signers, setting.policy, time.time, _tell)
    for one in setting.inputs:
        if isinstance(one, Input):
            oracle.prepare(one.mapping)
    first, reading, cpu_s = ledger.chain.head().number, time.monotonic(), time.process_time()
    replay(oracle, setting.inputs, time.sleep, time.monotonic, _told(journal))
    ended, last = time.monotonic(), ledger.chain.head().number
    now = report(journal)
    fed = {
        "accepted": now.accepted,
        "held": now.quarantined,
        "settled": now.settled,
        "start_s": round(reading - begun, 2),
        "seconds": round(ended - reading, 2),
        "cpu_s": round(time.process_time() - cpu_s, 2),
        "peak_rss": peak_bytes(),
        "blocks": last - first,
        "gas": sum(int(ledger.chain.block(n)["gasUsed"]) for n in range(first + 1, last + 1)),
        "batches": now.batches,
        "homes": int(journal.db.execute(HOMES).fetchone()[0]),
    }
    journal.close()
    result.write_text(json.dumps(fed))


def _told(journal: Journal) -> Callable[[], None]:
    """Every few seconds, a line in the log on how far it is."""
    last = [time.monotonic()]

    def tell() -> None:
        if time.monotonic() - last[0] > TOLD_EVERY_S:
            last[0] = time.monotonic()
            taken = journal.db.execute("SELECT sum(accepted), sum(cut) FROM channel").fetchone()
            _tell("feeding", taken=taken[0], cut=taken[1])

    return tell


def _tell(event: str, **about: Any) -> None:
    print(round(time.monotonic(), 1), event, about, flush=True)


def check(setting: Setting, fed: Fed, sums: Sequence[Sum]) -> Counted:
    """Raise Miscounted unless all that was made is settled, and a sample of sums is on chain."""
    made = sum(one.readings for one in sums)
    homes = sum(one.planned.row.homes for one in sums)
    counts = {"made": made, "accepted": fed.accepted, "settled": fed.settled, "held": fed.held}
    counts |= {"households": homes, "households settled": fed.homes}
    if fed.held or fed.homes != homes or not made == fed.accepted == fed.settled:
        told = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        raise Miscounted(f"the counts differ: {told}", f"the oracle's log is {setting.log}")
    ledger = setting.ledger()
    numbers = {(one.device, one.parameter): one.id for one in channels(ledger)}
    places = np.unique(np.linspace(0, len(sums) - 1, MOST_SAMPLED).astype(int))
    for one in (sums[place] for place in places):
        number = numbers[one.planned.device, one.planned.quantity.parameter]
        found, wanted = _on_chain(ledger, number, one.planned), _wanted(one)
        if found != wanted:
            raise Miscounted(
                f"channel {number} of {one.planned.device} stands at {found}, not {wanted}",
                f"the oracle's log is {setting.log}",
            )
    proved = _proved(setting, ledger) if homes else 0
    return Counted(made, len(places), proved)


def _proved(setting: Setting, ledger: Ledger) -> int:
    """Households' leaves made again from the journal, and proved to their contracts."""
    journal = Journal(setting.journal, writing=False)
    by_number = {one.id: one for one in channels(ledger)}
    rows = journal.db.execute(
        "SELECT channel, ends_at, names FROM home ORDER BY channel LIMIT ?", (MOST_PROVED,)
    ).fetchall()
    for row in rows:
        name = zlib.decompress(row["names"]).decode().split("\n")[-1]
        proof = prove(ledger, journal, by_number[row["channel"]], row["ends_at"], name)
        words = proof.as_argument(ledger)
        leaf = bytes.fromhex(proof.leaf.removeprefix("0x"))
        if not read(ledger, proof.contract, "prove", *words[1:5], leaf, words[-1]):
            raise Miscounted(
                f"a household's leaf is not under batch {proof.batch} of {proof.contract}",
                f"the oracle's log is {setting.log}",
            )
    journal.close()
    return len(rows)


def _on_chain(ledger: Ledger, number: int, one: Planned) -> tuple[int, ...]:
    if one.quantity == VOLUME:
        return (int(read(ledger, one.contract, "meter", number)["register_l"]),)
    raw = read(ledger, one.contract, "gauge", number)
    return int(raw["count"]), int(raw["total"])


def _wanted(one: Sum) -> tuple[int, ...]:
    if one.planned.quantity == VOLUME:
        return (one.total,)
    return one.readings, one.total + one.readings * ZERO_VALUE


def parts_of(folder: Path) -> dict[str, int]:
    """What the journal's bytes are, by its largest columns."""
    journal = Journal(folder, writing=False)
    found = {
        name: int(journal.db.execute(query).fetchone()[0] or 0) for name, query in PARTS.items()
    }
    journal.close()
    return found


def size_of(path: Path) -> int:
    """The bytes of a file, or of every file in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(size_of(Path(one.path)) for one in os.scandir(path))
