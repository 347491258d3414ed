"""Readings counted three ways: from the rows, in the journal, in the calldata on the chain.

The rows are read with arithmetic of their own, so that a fault of the oracle's cannot hide in both.
"""

import csv
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ledger.batches import as_batch, groups, values
from ledger.channels import METER_BOOKS
from ledger.deployment import Ledger
from ledger.devices import modulus_of
from ledger.errors import BadRecord
from ledger.events import logs
from ledger.packing import ZERO_VALUE
from oracle.journal import Journal
from oracle.places import Place

STEP_S = 60
METERS, GAUGES = "meters.csv", "gauges.csv"
HEADS = {METERS: "at,main_m3,branch_l_s,outfall_m3", GAUGES: "at,turbidity_ntu,ph"}
GAUGE_BOOK = "QualityProvenance"

Numbers = Mapping[tuple[str, str], int]  # of channels, by device and parameter
Readings = Counter[tuple[int, int, int]]  # channel, moment, register or stored value


class Rows:
    """The growing files that the oracle is fed from."""

    def __init__(self, folder: Path, opened_at: int, rng: random.Random) -> None:
        self.folder, self._at, self._rng, self._main_l = folder, opened_at, rng, 0
        for name, head in HEADS.items():
            (folder / name).write_text(head + "\n", encoding="utf-8")

    def append(self, count: int) -> None:
        """So many more rows in each file, each a step after the last."""
        draw, meters, gauges = self._rng.randrange, "", ""
        for _ in range(count):
            self._at += STEP_S
            self._main_l += draw(5_000)
            main, outfall = thousandths(self._main_l), thousandths(draw(9_000))
            meters += f"{self._at},{main},{draw(300)}.{draw(100):02},{outfall}\n"
            gauges += f"{self._at},{thousandths(draw(2_000))},{draw(6, 9)}.{draw(100):02}\n"
        for name, text in ((METERS, meters), (GAUGES, gauges)):
            with (self.folder / name).open("a", encoding="utf-8") as file:
                file.write(text)


def thousandths(number: int) -> str:
    """A number of thousandths, written with its three decimals."""
    return f"{number // 1_000}.{number % 1_000:03}"


def in_rows(folder: Path, numbers: Numbers, opened_at: int) -> Readings:
    """Every reading that the files hold, worked out from their rows."""
    found: Readings = Counter()
    branch_l, outfall_l, before = Fraction(0), Fraction(0), opened_at
    for row in _rows(folder / METERS):
        at = int(row["at"])
        branch_l += Fraction(row["branch_l_s"]) * min(at - before, STEP_S)
        outfall_l += Fraction(row["outfall_m3"]) * 1_000
        found[numbers["MAIN", "volume"], at, int(Fraction(row["main_m3"]) * 1_000)] += 1
        found[numbers["BRANCH", "volume"], at, int(branch_l)] += 1
        found[numbers["OUTFALL", "volume"], at, int(outfall_l)] += 1
        before = at
    for row in _rows(folder / GAUGES):
        for column, parameter, steps in (("turbidity_ntu", "turbidity", 1_000), ("ph", "ph", 100)):
            value = ZERO_VALUE + int(Fraction(row[column]) * steps)
            found[numbers["ANALYSER", parameter], int(row["at"]), value] += 1
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def in_journal(place: Place) -> Readings:
    """Every reading that the journal has accepted."""
    found: Readings = Counter()
    journal = Journal(place, writing=False)
    try:
        for channel, count in journal.db.execute("SELECT id, accepted FROM channel").fetchall():
            for kept in journal.kept(channel, 0, count):
                columns = (kept.block.at.tolist(), kept.block.value.tolist())
                found.update((channel, *one) for one in zip(*columns, strict=True))
    finally:
        journal.close()
    return found


def on_chain(ledger: Ledger) -> Readings:
    """Every reading in the calldata of every recorded batch."""
    found: Readings = Counter()
    for contract in (*METER_BOOKS, GAUGE_BOOK):
        for recorded in logs(ledger, contract, "Recorded"):
            batch = as_batch(ledger, recorded)
            if batch.refused:
                raise BadRecord(f"{contract} refused a group of batch {batch.batch_id}")
            for group in groups(contract, batch.words):
                for at, value in values(group, modulus_of(ledger)):
                    found[group.channel, at, value] += 1
    return found


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the three counts agree."""

    accepted: int
    on_chain: int
    lost: int
    duplicated: int


def compared(rows: Readings, journal: Readings, chain: Readings) -> Verdict:
    """What the rows say against what was accepted and what is on the chain, each exactly once.

    A reading that is somewhere more often than in the rows counts as duplicated, also one that no
    row holds; one that is missing in the journal or on the chain counts as lost.
    """
    lost = (rows - journal) | (rows - chain) | (journal - chain)
    more = (journal - rows) | (chain - rows) | (chain - journal)
    return Verdict(journal.total(), chain.total(), lost.total(), more.total())
