"""What stations do wrong, on demand: how often each fault comes, and what the oracle makes of it.

The same series, rates and seed give the same acts. At most one fault befalls a reading, so that
what the oracle must accept and hold because of it is known beforehand.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from ledger.errors import UsageError

GAP, DUPLICATE, LATE, STUCK, SKEW = "gap", "duplicate", "late", "stuck", "skew"
GARBAGE, SPLIT, CUT, OTHER = "garbage", "split", "cut", "other"
FAULTS = {
    GAP: "nothing is sent",
    DUPLICATE: "sent twice",
    LATE: "held back, and sent after the next one",
    STUCK: "the values stand still for 8 readings",
    SKEW: "the station's clock is thirty years ahead",
    GARBAGE: "preceded by bytes that are no telegram",
    SPLIT: "sent in pieces: HJ 212 in two packets",
    CUT: "the connection ends within it; it is sent again over another",
    OTHER: "followed by another of the same moment with other values",
}
_ALONE = frozenset({GAP, DUPLICATE, LATE, STUCK, SKEW, GARBAGE, OTHER})
POSSIBLE = {  # a broker and a file carry whole messages; a file has no connection
    "hj212": frozenset(FAULTS),
    "sl651": frozenset(FAULTS),
    "mqtt": _ALONE,
    "file": _ALONE | {SPLIT},
    "homes": _ALONE - {STUCK, OTHER},  # a register that falls would be another fault
}
PER_MILLE = 1_000
STUCK_FOR = 8  # readings, our own choice
AHEAD_S = 10_957 * 86_400  # thirty years, our own choice: no clock that is right is there


@dataclass(frozen=True, slots=True)
class Said:
    """What a station says of one moment: texts by column."""

    at: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a station does at `due_at` of its own time; `chance` draws its bytes.

    `fault` is "" for a telegram like any other; with GAP nothing is sent.
    """

    due_at: int
    fault: str
    said: Said
    chance: int


@dataclass(slots=True)
class Expected:
    """What the oracle has because of acts, in readings, and in telegrams for what is broken."""

    accepted: int = 0
    repeated: int = 0
    held: Counter[str] = field(default_factory=Counter)

    def add(self, act: Act, protocol: str) -> None:
        """Count one act that the station saw through."""
        readings = len(act.said.values)
        if act.fault == GAP:
            return
        if act.fault in _HELD:
            self.held[_HELD[act.fault]] += readings
            return
        self.accepted += readings
        if act.fault == DUPLICATE:
            self.repeated += readings
        if act.fault in (GARBAGE, CUT):
            self.held["malformed_row" if protocol == "file" else "broken_telegram"] += 1


_HELD = {LATE: "backward_time", SKEW: "future", OTHER: "other_content"}  # reasons of the oracle


def checked(rates: Mapping[str, int], protocols: Iterable[str]) -> Mapping[str, int]:
    """Rates in per mille; UsageError where one cannot be."""
    possible = frozenset[str]().union(*(POSSIBLE[one] for one in protocols))
    for fault, rate in rates.items():
        if fault not in FAULTS:
            raise UsageError(f"{fault!r} is no fault", f"use {', '.join(FAULTS)}")
        if not 0 <= rate <= PER_MILLE:
            raise UsageError(f"{fault}={rate} is not 0 to {PER_MILLE} per mille", "correct it")
        if rate and fault not in possible:
            spoken = " or ".join(sorted(set(protocols)))
            raise UsageError(f"{fault} cannot happen over {spoken}", "leave it out")
    if (total := sum(rates.values())) > PER_MILLE:
        raise UsageError(
            f"the rates add up to {total}, over {PER_MILLE} per mille",
            "one reading has one fault at most: lower them",
        )
    return rates


def acts(
    series: Iterable[Said], rates: Mapping[str, int], protocol: str, draw: Random
) -> Iterator[Act]:
    """A station's acts in their order.

    What is held back comes after the next reading that the oracle accepts; at the series' end
    there is none, and it is in time.
    """
    held_back: list[Said] = []
    before: Said | None = None
    stuck = 0
    for said in series:
        fault = STUCK if stuck else _drawn(rates, protocol, draw)
        chance = draw.getrandbits(32)
        if fault == LATE:
            held_back.append(said)
            continue
        if fault == STUCK:
            stuck = stuck - 1 if stuck else STUCK_FOR - 1
            said = replace(said, values=(before or said).values)
        if fault == SKEW:
            yield Act(said.at, SKEW, replace(said, at=said.at + AHEAD_S), chance)
            continue
        yield Act(said.at, "" if fault == OTHER else fault, said, chance)
        if fault == GAP:
            continue
        if fault == OTHER:
            changed = {name: altered(text) for name, text in said.values.items()}
            yield Act(said.at, OTHER, replace(said, values=changed), chance)
        yield from (Act(said.at, LATE, one, chance) for one in held_back)
        held_back.clear()
        before = said
    yield from (Act(one.at, "", one, 0) for one in held_back)


def altered(text: str) -> str:
    """Another number with as many digits: the last of them counts one more, or one less."""
    return text[:-1] + ("8" if text[-1] == "9" else str(int(text[-1]) + 1))


def _drawn(rates: Mapping[str, int], protocol: str, draw: Random) -> str:
    """Which fault befalls a reading, "" for none; a fault that cannot be befalls nobody."""
    drawn = draw.randrange(PER_MILLE)
    for fault in FAULTS:
        rate = rates.get(fault, 0)
        if drawn < rate:
            return fault if fault in POSSIBLE[protocol] else ""
        drawn -= rate
    return ""
