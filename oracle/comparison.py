"""Signed telegrams that somebody holds, against what settled on chain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ledger import device_keys
from ledger.batches import Group, as_batch, refused_by, taken, values
from ledger.deployment import Ledger
from ledger.devices import channel as enrolled
from ledger.devices import modulus_of
from ledger.errors import BadRecord, NotFound
from ledger.events import logs
from ledger.keys import fault
from ledger.leaves import VOID
from ledger.telegrams import Reading, Signed, parse
from oracle.journal import Journal

Verdict = Literal["same", "different", "missing", "not settled yet", "not signed"]
FINDINGS: frozenset[Verdict] = frozenset({"different", "missing", "not signed"})
REMEDY = "one signed telegram a line, in JSON; docs/sources.md shows one"


@dataclass(frozen=True, slots=True)
class Settled:
    """A reading in the calldata of a recorded batch, as its leaf should have it."""

    value: int
    mark: int
    grade: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A reading of a telegram with what settled for its channel and moment; `why` of no key."""

    signed: Signed
    index: int
    verdict: Verdict
    settled: Settled | None
    why: str = ""

    @property
    def reading(self) -> Reading:
        """The reading as it was signed."""
        return self.signed.telegram.readings[self.index]


def load(path: Path) -> list[Signed]:
    """The telegrams of a file, one JSON a line; NotFound, or BadRecord with the line."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError as error:
        raise NotFound(f"no file at {path}", "check the name") from error
    except OSError as error:
        raise BadRecord(f"{path} cannot be read: {error}", REMEDY) from error
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                signed = parse(line)
            except BadRecord as error:
                raise BadRecord(f"{path}, line {number}: {error.message}", REMEDY) from error
            if signed is None:
                raise BadRecord(f"{path}, line {number} is no signed telegram", REMEDY)
            found.append(signed)
    return found


def compare(ledger: Ledger, telegrams: Sequence[Signed]) -> list[Compared]:
    """Every reading of every telegram against the chain's own batches."""
    of, held = device_keys.domain(ledger), device_keys.keys(ledger)
    readings = [reading for one in telegrams for reading in one.telegram.readings]
    known = settled(ledger, {reading.channel for reading in readings})
    last_at: dict[int, int] = {}
    for channel, at in known:
        last_at[channel] = max(at, last_at.get(channel, 0))
    found = []
    for one in telegrams:
        wrong = fault(one, held, of)
        for index, reading in enumerate(one.telegram.readings):
            there = known.get((reading.channel, reading.at))
            waits = reading.at > last_at.get(reading.channel, 0)
            why = ": ".join(wrong) if wrong else ""
            verdict = "not signed" if wrong else _verdict(reading, there, waits)
            found.append(Compared(one, index, verdict, there, why))
    return found


def compare_journal(ledger: Ledger, journal: Journal) -> list[tuple[int, int, Settled, str]]:
    """What settled for a journal's channels that its own readings do not say: channel, moment,
    what settled, and what the journal has. What lies outside the journal's readings is left out.
    """
    spans = {number: span for number in journal.channels() if (span := journal.span(number))}
    found = []
    for (channel, at), there in sorted(settled(ledger, spans).items()):
        if spans[channel][0] <= at <= spans[channel][1]:
            mine = journal.known(channel, at)
            if mine is None:
                found.append((channel, at, there, "nothing"))
            elif (mine.value, mine.mark) != (there.value, there.mark):
                found.append((channel, at, there, f"{mine.value}, mark {mine.mark}"))
    return found


def _verdict(reading: Reading, there: Settled | None, waits: bool) -> Verdict:
    if there is None:
        return "not settled yet" if waits else "missing"
    return "same" if (there.value, there.mark) == (reading.value, reading.mark) else "different"


def settled(
    ledger: Ledger, channels: Iterable[int], since_at: int = 0
) -> Mapping[tuple[int, int], Settled]:
    """What the chain's batches hold of channels since a moment, by channel and moment.

    A contract takes no reading from behind its block (contracts/modules/meters.vy, gauges.vy: `at
    <= block.timestamp`), so batches in blocks before that moment are not looked at.
    """
    first = _first_block(ledger, since_at) if since_at else None
    found: dict[tuple[int, int], Settled] = {}
    by_contract: dict[str, set[int]] = {}
    for number in channels:
        by_contract.setdefault(enrolled(ledger, number).contract, set()).add(number)
    for contract, wanted in by_contract.items():
        refused = refused_by(ledger, contract, first)
        for recorded in logs(ledger, contract, "Recorded", from_block=first):
            for group in taken(as_batch(ledger, recorded), refused):
                if group.channel in wanted:
                    found |= _readings(ledger, group, since_at)
    return found


def _first_block(ledger: Ledger, since_at: int) -> int:
    """The first block at or after a moment; the one behind the last where there is none yet."""
    low, high = ledger.deployment.start_block, ledger.chain.head().number + 1
    while low < high:
        middle = (low + high) // 2
        block = ledger.chain.at(middle)
        if block is None or block.at >= since_at:
            high = middle
        else:
            low = middle + 1
    return low


def _readings(ledger: Ledger, group: Group, since_at: int) -> dict[tuple[int, int], Settled]:
    mark = group.mark | (VOID if group.void else 0)
    return {
        (group.channel, at): Settled(value, mark, group.grade)
        for at, value in values(group, modulus_of(ledger))
        if at >= since_at
    }
