"""Sets of limits: one officer loads them, another compares and seals them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ledger.errors import BadRecord, NotFound, UsageError
from ledger.labels import text_of
from ledger.standards import Limit, LimitSet, read_index, read_table, shown
from ledger.structs import every, read
from scripts._shared import Session
from scripts._showing import local, table
from scripts._writing import Act, Done, perform
from scripts.standard import BASE_GAS, LIMIT_GAS, PAGE

Begins = Callable[[date], int]


@dataclass(frozen=True)
class Kept:
    """A set as the chain holds it."""

    number: int
    about: dict[str, Any]
    limits: tuple[Limit, ...]

    @property
    def name(self) -> str:
        """Its standard, with its grade where it has one."""
        return f"{self.about['standard']} {self.about['grade']}".strip()


def tables(names: Sequence[str], folder: Path, grades: Sequence[str] = ()) -> list[LimitSet]:
    """The sets of tables that index.yaml names; only these grades, where some are named."""
    known, found = read_index(folder / "index.yaml")["tables"], []
    for name in names:
        if name not in known:
            raise NotFound(f"no table {name!r}", f"known: {', '.join(known)}")
        in_force = date.fromisoformat(str(known[name]["in_force"]))
        found += [
            one
            for one in read_table(folder / known[name]["file"], in_force)
            if not grades or not one.grade or one.grade in grades
        ]
    return found


def load(here: Session, sets: Sequence[LimitSet], begins: Begins, seal_as: str = "") -> Done | None:
    """Open and fill sets, and have the second officer seal them where their key is here.

    None where nothing was sent.
    """
    functions = here.contract("Standards").functions
    opening = [
        Act(
            "Standards",
            functions.open_set(s.standard, s.grade, s.source_sha256, begins(s.in_force)),
            f"open a version of {s.standard} {s.grade}",
        )
        for s in sets
    ]
    opened = perform(here.waiting_for("included"), opening)
    if here.dry_run:
        return None
    numbers = [int(event.args["set_id"]) for event in opened.of("SetOpened")]
    filling = [
        act
        for one, number in zip(sets, numbers, strict=True)
        for act in _filling(here, one, number)
    ]
    if seal_as:
        perform(here.waiting_for("included"), filling)
        return seal(here, numbers, sets, begins, seal_as)
    done = perform(here, filling)
    named = " ".join(map(str, numbers))
    here.say(f"Another STANDARDS_KEEPER seals them: waterline standard seal {named}")
    return done


def _filling(here: Session, one: LimitSet, number: int) -> list[Act]:
    add, acts = here.contract("Standards").functions.add_limits, []
    for first in range(0, len(one.limits), PAGE):
        page = [limit.as_struct(number) for limit in one.limits[first : first + PAGE]]
        says = f"{len(page)} limits of {one.standard} {one.grade}"
        gas = BASE_GAS + LIMIT_GAS * len(page)
        acts.append(Act("Standards", add(number, page), says, gas=gas))
    return acts


def seal(
    here: Session,
    numbers: Sequence[int],
    compared: Sequence[LimitSet],
    begins: Begins,
    account: str | None = None,
) -> Done:
    """Show open sets, compare them with tables where some are given, and seal them.

    BadRecord where a set holds something else than its table: none is sealed then.
    """
    acts = []
    for number in numbers:
        one = kept(here, number)
        if one.about["sealed"]:
            raise UsageError(f"set {number} is sealed already", "`waterline standard list`")
        for line in set_lines(one):
            here.say(line)
        if compared:
            _compare(one, _table_of(one, compared), begins)
            here.say(f"set {number} holds what its table holds")
        given = number, len(one.limits), one.about["source_hash"]
        call = here.contract("Standards").functions.seal_set(*given)
        acts.append(Act("Standards", call, f"seal {one.name}, {len(one.limits)} limits"))
    return perform(here, acts, account)


def kept(here: Session, number: int) -> Kept:
    """A set and its limits; NotFound where none has this number."""
    about = read(here.ledger, "Standards", "limit_set", number)
    if not about["version"]:
        raise NotFound(f"no set {number}", "`waterline standard list`")
    limits = every(here.ledger, "Standards", "limit", "limit_count")
    return Kept(number, about, tuple(as_limit(raw) for _, raw in limits if raw["set_id"] == number))


def as_limit(raw: dict[str, Any]) -> Limit:
    """A limit of the chain as a table holds it."""
    return Limit(
        text_of(raw["parameter"]),
        text_of(raw["basis"]),
        text_of(raw["unit"]),
        raw["lo"] if raw["has_lo"] else None,
        raw["hi"] if raw["has_hi"] else None,
        raw["daily_mean"],
        raw["verified"],
    )


def _table_of(one: Kept, compared: Sequence[LimitSet]) -> LimitSet:
    for wanted in compared:
        if (wanted.standard, wanted.grade) == (one.about["standard"], one.about["grade"]):
            return wanted
    raise NotFound(f"no table given holds {one.name}", "name the one that set was loaded from")


def _compare(one: Kept, wanted: LimitSet, begins: Begins) -> None:
    found = differences(one, wanted, begins(wanted.in_force))
    if found:
        raise BadRecord(
            f"set {one.number} is not {one.name} as the table has it: {'; '.join(found)}",
            "ask who opened it; nothing is held against a set that is not sealed",
        )


def differences(one: Kept, wanted: LimitSet, in_force_at: int) -> list[str]:
    """What a set of the chain has otherwise than a table, in words."""
    found = []
    if one.about["source_hash"] != wanted.source_sha256:
        found.append("it names another file as its source")
    if one.about["in_force_at"] != in_force_at:
        found.append(f"it is in force from {local(one.about['in_force_at'])}")
    ours = {(limit.parameter, limit.basis): limit for limit in one.limits}
    theirs = {(limit.parameter, limit.basis): limit for limit in wanted.limits}
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            here, there = _bounds(ours.get(key)), _bounds(theirs.get(key))
            found.append(f"{' '.join(key)}: {here}, where the table has {there}")
    return found


def _bounds(limit: Limit | None) -> str:
    if limit is None:
        return "nothing"
    sides = (("at least", limit.lo), ("at most", limit.hi))
    told = [f"{word} {shown(value, limit.unit)}" for word, value in sides if value is not None]
    told += ["a daily mean"] if limit.daily_mean else []
    told += [] if limit.verified else ["unverified"]
    return ", ".join(told)


def set_lines(one: Kept) -> list[str]:
    """A set for people: what it is, who opened it, its limits."""
    about = one.about
    rows = [
        (
            *(limit.parameter, limit.basis),
            *("-" if v is None else shown(v, limit.unit) for v in (limit.lo, limit.hi)),
            "" if limit.verified else "unverified default",
        )
        for limit in one.limits
    ]
    return [
        f"set {one.number}: {one.name}, version {about['version']}, in force from"
        f" {local(about['in_force_at'])}, opened by {about['opened_by']}",
        f"source 0x{about['source_hash'].hex()}, {len(one.limits)} limits",
        *table(rows, ("parameter", "basis", "at least", "at most", "")),
    ]
