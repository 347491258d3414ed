"""Mutants: the contracts with one small fault each, and whether a test notices it.

`make mutants` tries a sample, `python -m checks.mutants --contract Tariff` all of one contract,
`--each 4` four of every file. With `--kept FILE` a run that was ended goes on where it stood.
"""

import argparse
import hashlib
import json
import random
import re
import sys
import time
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from checks.trials import Trials

PROJECT = Path(__file__).resolve().parent.parent
EXPLAINED = Path("checks") / "mutants.yaml"  # survivors that no test can tell from the contract
ENOUGH = 0.9  # of the mutants that compile and are not explained
TOO_FEW_KILLED = 6  # exit code
OUTCOMES = ("killed", "survived", "explained", "stillborn")

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
JOINED = {"and": "or", "or": "and"}
DROPPED = {"assert": "assert dropped", "log": "event dropped"}
# a statement that calls one of these is there to refuse
GUARDS = {"_only": "duty dropped", "_require": "check dropped", "_check": "check dropped"}
GUARDS |= {"_must": "check dropped"}
UNSPOKEN = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}

Position = tuple[int, int]
Edit = tuple[str, Position, Position, str]  # operator, from, until, the text put there


@dataclass(frozen=True)
class Mutant:
    """A statement of a contract before and after the fault, and the whole file with it."""

    file: str
    line: int
    within: str  # the function, or nothing
    operator: str
    before: str
    after: str
    source: str

    @property
    def sha256(self) -> str:
        """What names it in the verdicts of earlier runs: the whole file with it."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @property
    def key(self) -> tuple[str, ...]:
        """What names it in checks/mutants.yaml, whatever line it stands on."""
        return self.file, self.within, self.before, self.after

    def told(self) -> dict[str, Any]:
        """What is reported of it: all but the file's text."""
        return {key: value for key, value in asdict(self).items() if key != "source"}


def statements(source: str) -> Iterator[list[tokenize.TokenInfo]]:
    """The tokens of each statement, however many lines it has, without comments."""
    found = []
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.type == tokenize.NEWLINE:
            yield found
            found = []
        elif token.type not in UNSPOKEN:
            found.append(token)


def edits(tokens: Sequence[tokenize.TokenInfo]) -> Iterator[Edit]:
    """The faults that can be put into a statement."""
    words = [token.string for token in tokens]
    begin, end = tokens[0].start, tokens[-1].end
    if words[0] in DROPPED:
        yield DROPPED[words[0]], begin, end, "pass"
    if words[1:2] == ["."] and words[3:4] == ["("]:
        for start, operator in GUARDS.items():
            if words[2].startswith(start):
                yield operator, begin, end, "pass"
    if re.match(r"\w+ : (public \( )?constant \( u?int\d+ \)", " ".join(words)):
        yield "off by one", end, end, " + 1"
        yield "off by one", end, end, " - 1"
    for token, after, next_one in zip(tokens, tokens[1:], [*tokens[2:], tokens[-1]], strict=False):
        if token.string in COMPARISONS:
            yield "comparison", token.start, token.end, COMPARISONS[token.string]
            yield from off_by_one(token, after, next_one)
        elif token.string in JOINED:
            yield "and/or", token.start, token.end, JOINED[token.string]


def off_by_one(
    sign: tokenize.TokenInfo, bound: tokenize.TokenInfo, after: tokenize.TokenInfo
) -> Iterator[Edit]:
    """Move a bound the way that swapping the comparison does not."""
    lower = sign.string in ("<", ">=")
    plain = bound.string.replace("_", "")
    if plain.isdecimal() and after.string not in ("**", "*", "//", "%"):
        moved = int(plain) - 1 if lower else int(plain) + 1
        if moved >= 0:
            yield "off by one", bound.start, bound.end, str(moved)
    elif lower:
        yield "off by one", sign.start, sign.start, "+ 1 "
    elif sign.string in (">", "<="):
        yield "off by one", bound.start, bound.start, "1 + "


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a file, from its first line to its last."""
    lines = source.splitlines(keepends=True)
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line))

    def at(position: Position) -> int:
        return begins[position[0] - 1] + position[1]

    within = ""
    for tokens in statements(source):
        if tokens[0].start[1] == 0:
            within = tokens[1].string if tokens[0].string == "def" else ""
        first, last = at(tokens[0].start), at(tokens[-1].end)
        for operator, begin, end, text in edits(tokens):
            changed = source[: at(begin)] + text + source[at(end) :]
            after = changed[first : last + len(changed) - len(source)]
            before, after = (" ".join(part.split()) for part in (source[first:last], after))
            yield Mutant(file, begin[0], within, operator, before, after, changed)


def mutants(
    project: Path, names: Iterable[str] = (), sample: int = 0, seed: int = 1, each: int = 0
) -> list[Mutant]:
    """The mutants of the contracts, or of those named.

    `sample` of them and `each` of every file, both 0 for all.
    """
    paths = sorted((project / "contracts").rglob("*.vy"), key=lambda path: path.as_posix())
    unknown = set(names) - {path.stem for path in paths}
    if unknown:
        raise SystemExit(f"no such contract: {', '.join(sorted(unknown))}")
    found = [
        mutant
        for path in paths
        if not names or path.stem in names
        for mutant in _drawn(
            list(
                mutants_of(path.relative_to(project).as_posix(), path.read_text(encoding="utf-8"))
            ),
            each,
            seed,
        )
    ]
    return _drawn(found, sample, seed)


def _drawn(found: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of them, in their order; all for 0."""
    if not 0 < count < len(found):
        return found
    chosen = random.Random(seed).sample(range(len(found)), count)
    return [found[number] for number in sorted(chosen)]


def explained(project: Path) -> dict[tuple[str, ...], str]:
    """The mutants that are known to do the same as the contract, and why."""
    listed = yaml.safe_load((project / EXPLAINED).read_text(encoding="utf-8")) or []
    return {
        tuple(one[key] for key in ("file", "within", "before", "after")): one["why"]
        for one in listed
    }


def tried(
    project: Path, chosen: Sequence[Mutant], kept: Path | None = None
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with its verdict; progress is told on the way.

    A verdict is read from `kept` where that has it, and added to it where it has not.
    """
    known, before = explained(project), verdicts_in(kept)
    trials: Trials | None = None
    for number, mutant in enumerate(chosen, start=1):
        begun = time.monotonic()
        verdict = before.get(mutant.sha256)
        if verdict is None:
            trials = trials or Trials(project)
            verdict = trials.verdict(mutant.file, mutant.source)
            _keep(kept, mutant, verdict)
        if verdict == "survived" and mutant.key in known:
            verdict = "explained"
        took_s = time.monotonic() - begun
        place = f"{mutant.file}:{mutant.line} {mutant.operator}"
        print(f"{number}/{len(chosen)} {verdict}, {took_s:.0f} s: {place}", file=sys.stderr)
        yield mutant, verdict


def verdicts_in(kept: Path | None) -> dict[str, str]:
    """The verdicts of earlier runs, by the sha256 of the file with the fault in it."""
    if kept is None or not kept.exists():
        return {}
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    return {row["sha256"]: row["verdict"] for row in rows}


def _keep(kept: Path | None, mutant: Mutant, verdict: str) -> None:
    if kept is not None:
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"sha256": mutant.sha256, "verdict": verdict}) + "\n")


def share(verdicts: Mapping[str, int]) -> float:
    """Killed of those that compile and are not explained."""
    counted = verdicts["killed"] + verdicts["survived"]
    return verdicts["killed"] / counted if counted else 1.0


def table(found: Sequence[tuple[Mutant, str]]) -> Iterator[str]:
    """A line for each contract and operator, and one for all."""
    yield f"{'contract':<18} {'operator':<15} mutants " + " ".join(OUTCOMES) + "  share"
    counts: dict[tuple[str, str], Counter[str]] = {}
    for mutant, verdict in found:
        for row in ((Path(mutant.file).stem, mutant.operator), ("all", "")):
            counts.setdefault(row, Counter())[verdict] += 1
    for row in sorted(counts, key=lambda row: (row[0] == "all", row)):
        told = counts[row]
        numbers = " ".join(f"{told[name]:>{len(name)}}" for name in OUTCOMES)
        yield f"{row[0]:<18} {row[1]:<15} {told.total():>7} {numbers} {share(told):>6.1%}"


def survivors(found: Sequence[tuple[Mutant, str]]) -> Iterator[str]:
    """Where each survivor stands, before and after."""
    for mutant, verdict in found:
        if verdict == "survived":
            yield f"{mutant.file}:{mutant.line}: {mutant.operator} in {mutant.within or 'the file'}"
            yield f"  - {mutant.before}"
            yield f"  + {mutant.after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """6 when too few mutants were killed."""
    parser = argparse.ArgumentParser(description="Put small faults into the contracts.")
    parser.add_argument("--contract", nargs="+", default=[], action="extend", metavar="NAME")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="how many; 0 for all")
    parser.add_argument("--each", type=int, default=0, metavar="N", help="so many of every file")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="verdicts, to go on from")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--json", action="store_true", help="for programs instead of people")
    asked = parser.parse_args(arguments)
    chosen = mutants(PROJECT, asked.contract, asked.sample, asked.seed, asked.each)
    found = list(tried(PROJECT, chosen, asked.kept))
    total = share(Counter(verdict for _, verdict in found))
    if asked.json:
        told = [mutant.told() | {"verdict": verdict} for mutant, verdict in found]
        print(json.dumps({"share": total, "mutants": told}, indent=1, ensure_ascii=False))
    else:
        print("\n".join([*table(found), *survivors(found)]))
    return 0 if total >= ENOUGH else TOO_FEW_KILLED


if __name__ == "__main__":
    sys.exit(main())
