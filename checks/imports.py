"""Imports point one way, and what transforms a reading knows neither chain nor clock."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from checks.report import Report

# each package of ours, and which others it may import
MAY_IMPORT: dict[str, frozenset[str]] = {
    "ledger": frozenset(),
    "devnet": frozenset(),
    "checks": frozenset(),
    "oracle": frozenset({"ledger"}),
    "bench": frozenset({"ledger", "oracle"}),
    "scripts": frozenset({"ledger", "oracle", "devnet", "bench"}),
}

# the parts of the oracle that meet the world; every other one is a function of its input
MEETS_THE_WORLD: dict[str, str] = {
    "oracle.lanes": "reads channels and lanes from the chain",
    "oracle.approvals": "reads from the chain what officers approved of registers",
    "oracle.quorum": "asks every endpoint what is final",
    "oracle.checking": "asks the chain whether what a configuration names is there",
    "oracle.refused": "reads what was refused from a receipt",
    "oracle.fees": "offers fees as ledger.transactions has them",
    "oracle.relay": "signs, sends, and follows what was sent",
    "oracle.oracle": "runs the stages one after another, with the clock and the node passed in",
    "oracle.relays": "opens lanes, and lets each look at the chain",
    "oracle.feed": "goes on while the chain is away",
    "oracle.lease": "keeps a lane's key on the bus by the monotonic clock",
    "oracle.takeover": "reads from the chain where a lane stands and what it holds",
    "oracle.warnings.chain": "reads limits and permits, and what the chain ruled",
    "oracle.warnings.watch": "asks the chain whether it bears a warning out",
    "oracle.warnings.rounds": "makes its rounds over what the watch follows",
    "oracle.warnings.running": "puts the parts together, with the clock passed in",
    "oracle.rebinding": "binds a journal to the contract that took a book's place",
    "oracle.proofs": "follows a reading from its row to its block",
    "oracle.household_proofs": "follows a household's leaf to its block",
    "oracle.comparison": "compares signed telegrams with the chain's own batches",
    "oracle.cosigning": "reads a batch's words back as ledger.batches does",
    "oracle.cosigners": "asks witnesses to sign, and who they are",
    "oracle.witnessing": "answers relays, and puts dissent on the chain",
    "oracle.verdicts": "has an operator's account sign what was decided",
    "oracle.quarantine": "has what it lets in or rejects signed",
    "oracle.disputing": "turns a proof and a telegram into a dispute",
}

# what a transforming stage may not reach, directly or through our own modules
WORLD = frozenset({"web3", "ape", "time", "requests", "socket", "eth_account"})

# what each of our modules imports, with the line
Imports = Mapping[str, list[tuple[int, str]]]


def modules(project: Path) -> dict[str, Path]:
    """Our modules by dotted name."""
    found = {}
    for package in MAY_IMPORT:
        for path in sorted((project / package).rglob("*.py")):
            parts = path.relative_to(project).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, wherever in the file, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, "relative"
                continue
            yield node.lineno, node.module or ""
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def wrong_ways(name: str, imports: Imports) -> Iterator[str]:
    """The imports of a module that its package may not make."""
    package = name.split(".")[0]
    for line, target in imports[name]:
        if target == "relative":
            yield f"{name}:{line}: relative import; write the whole name"
            continue
        other = target.split(".")[0]
        if other in MAY_IMPORT and other != package and other not in MAY_IMPORT[package]:
            finding = f"{name}:{line}: {package} imports {other}"
            yield finding


def reaches(name: str, imports: Imports, seen: set[str] | None = None) -> set[str]:
    """The names of the world that a module imports, directly or through our own modules."""
    seen = set() if seen is None else seen
    seen.add(name)
    found = set()
    for _, target in imports[name]:
        if target.split(".")[0] in WORLD:
            found.add(f"{target.split('.')[0]} (in {name})")
        if target in imports and target not in seen:
            found |= reaches(target, imports, seen)
    return found


def run(project: Path) -> Report:
    """Check every module of ours."""
    report = Report("modules")
    ours = {name: list(imported(path)) for name, path in modules(project).items()}
    for name in ours:
        report.examined += 1
        report.findings += sorted(set(wrong_ways(name, ours)))
        if name.startswith("oracle.") and name not in MEETS_THE_WORLD:
            report.findings += [
                f"{name}: a stage reaches {what}" for what in sorted(reaches(name, ours))
            ]
    report.findings += [
        f"{name}: listed as meeting the world, but not there"
        for name in MEETS_THE_WORLD
        if name not in ours
    ]
    return report
