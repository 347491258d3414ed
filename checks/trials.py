"""The contracts' tests against a suite in which one file was changed, in seconds.

The suite is compiled and deployed once. Each trial is a fork of that process in which only what
the change touches is compiled again; its code takes the place of what stands at the contract's
address, and the tests that hear of it are run.
"""

import gc
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

GAUGES = (
    "intake_extremes",
    "judging*",
    "closing",
    "wire_vectors",
    "refused_groups",
    "malformed_words",
    "lanes",
    "alerts_foreseen",
    "adoption_gauges",
    "intake_models",
)
METERS = (
    "plan_of_readings",
    "right_of_readings",
    "register_moves",
    "wire_vectors",
    "refused_groups",
    "malformed_words",
    "lanes",
    "alerts_foreseen",
    "urgent_replacement",
    "adoption",
    "intake_extremes",
    "intake_models",
)
# which tests/contracts/test_*.py hear of a contract; whatever is not named here gets all of them
HEARD_BY: dict[str, tuple[str, ...]] = {
    "Authority": ("authority_*", "council"),
    "Council": ("council",),
    "Standards": ("standards_*",),
    "WaterNetwork": ("water_network", "verify_path", "spelling"),
    "DeviceRegistry": ("devices", "device_*", "urgent_replacement", "spelling"),
    "Applications": ("applications*", "permits_issue"),
    "PermitRegistry": (
        "permits_*",
        "red_lines_loads",
        "discharge_loads",
        "permit_versions",
        "permit_changes",
        "right_of_readings",
        "spelling",
    ),
    "PermitChanges": ("permit_changes", "permit_versions"),
    "PermitSeals": ("permit_seals",),
    "Tariff": ("tariff_*",),
    "prices": ("tariff_*",),
    "RedLines": ("red_lines*", "permits_issue"),
    "Incidents": ("incidents",),
    "Decisions": ("decisions",),
    "SourceMonitor": ("source_monitor", "low_water"),
    "SupplyMonitor": ("supply_monitor",),
    "SupplyCodes": ("supply_codes", "secondary_supply"),
    "tanks": ("secondary_supply",),
    "shares": ("supply_codes",),
    "spans": ("supply_monitor", "supply_codes", "sewage_works", "discharge_loads", "low_water"),
    "loads": ("sewage_works", "discharge_loads*"),
    "DischargeLoads": ("discharge_loads*", "red_lines_loads"),
    "crockford": ("supply_codes",),
    "SewageWorks": ("sewage_works",),
    "Laboratory": ("laboratory*",),
    "samples": ("laboratory*",),
    "Violations": ("violations*",),
    "Evidence": ("evidence",),
    "DeviceKeys": ("device_keys", "disputes"),
    "Disputes": ("disputes",),
    "Witnesses": ("witnesses", "adoption_witnesses"),
    "signatures": ("witnesses", "disputes", "permit_seals", "authority_organisations"),
    "gauges": GAUGES,
    "DischargeLimits": ("judging*", "violations", "return_flow", *GAUGES),
    "QualityProvenance": ("judging*", "verify_path", "laboratory*", *GAUGES),
    "gauge_words": ("judging*", "intake_extremes", "wire_vectors", "closing", "intake_models"),
    "meters": METERS,
    "QuotaTracker": ("register_turns", "quota_plans", *METERS),
    "DischargeVolumes": ("sewage_works", "discharge_loads*", "permits_right", *METERS),
    "lanes": ("lanes*", "witnesses", "adoption*", "refused_groups", "malformed_words"),
    "dates": ("applications*", "permits_*", "violations", "source_monitor", "secondary_supply"),
    "states": ("applications*", "permit*", "council", "disputes", "violations", "devices"),
    "gb32100": ("authority_organisations",),
    "access": ("authority_*", "writing_contracts"),
    "duties": ("authority_*", "writing_contracts"),
    "tiers": ("plan_of_readings", "intake_models"),
    "RegisterTurns": ("register_turns", "urgent_replacement", "supply_monitor"),
    "QuotaPlans": ("quota_plans", "tariff_parts", "urgent_replacement"),
    "Adoption": ("adoption*",),
    "GaugeAdoption": ("adoption_gauges", "adoption_witnesses"),
}
EVERY_CONTRACT = "refused_callers"  # whose tests name the contract that they are of

SURVIVED, KILLED, STILLBORN, BROKEN = 0, 1, 40, 41  # exit codes of a trial, the first two pytest's
VERDICTS = {SURVIVED: "survived", KILLED: "killed", STILLBORN: "stillborn"}
SLOWER_S = 60  # what a trial may take beyond four times the unchanged one

Change = tuple[str, str]  # a file of the project, and its text with the fault


def tests_of(project: Path, file: str) -> tuple[str, ...]:
    """The test files that hear of a contract."""
    folder = project / "tests" / "contracts"
    patterns = HEARD_BY.get(Path(file).stem)
    if patterns is None:
        return (str(folder),)
    named = [sorted(folder.glob(f"test_{name}.py")) for name in (*patterns, EVERY_CONTRACT)]
    return tuple(dict.fromkeys(str(path) for paths in named for path in paths))


def touched(project: Path, file: str, contracts: Mapping[str, str]) -> list[str]:
    """The contracts that a file is, or is a module of."""
    changed = {Path(file).stem}
    modules = {
        path.stem: set(re.findall(r"^from contracts\.modules import (\w+)", path.read_text(), re.M))
        for path in (project / "contracts").rglob("*.vy")
    }
    for _ in modules:
        changed |= {name for name, imported in modules.items() if imported & changed}
    return [name for name in contracts if name in changed]


class Trials:
    """The suite, compiled; and how long the tests of each contract take on it unchanged."""

    def __init__(self, project: Path) -> None:
        from tests.contracts import suite

        self.project, self.contracts = project, suite.FOLDERS
        self.made = {name: suite.deployer(name) for name in self.contracts}
        self.deployed = suite.deploy()
        self.unchanged_s: dict[tuple[str, ...], float] = {}
        gc.freeze()  # pytest collects garbage five times at its end: seconds, over all of vyper

    def verdict(self, file: str, source: str) -> str:
        """What becomes of a change, if its tests pass on the same file without it."""
        tests = tests_of(self.project, file)
        if tests not in self.unchanged_s:
            begun = time.monotonic()
            before = (self.project / file).read_text(encoding="utf-8")
            code, heard = self._run(tests, (file, before), None)
            if code != SURVIVED:
                raise SystemExit(f"{heard}\nthe tests of {file} fail without any fault in it")
            self.unchanged_s[tests] = time.monotonic() - begun
        limit_s = 4 * self.unchanged_s[tests] + SLOWER_S
        code, heard = self._run(tests, (file, source), limit_s)
        if code not in VERDICTS:
            raise SystemExit(f"{heard}\na trial of {file} ended with {code}")
        return VERDICTS[code]

    def _run(self, tests: Sequence[str], change: Change, limit_s: float | None) -> tuple[int, str]:
        """The exit code of a trial and what it said; one that takes too long counts as killed."""
        with tempfile.TemporaryDirectory() as folder:
            process = multiprocessing.get_context("fork").Process(
                target=self._trial, args=(tests, change, Path(folder))
            )
            process.start()
            process.join(limit_s)
            late = process.is_alive()
            process.kill()
            process.join()
            heard = (Path(folder) / "heard").read_text(encoding="utf-8", errors="replace")
        return (KILLED if late else process.exitcode), heard[-4000:]

    def _trial(self, tests: Sequence[str], change: Change, folder: Path) -> None:
        """In a process of its own, which is quiet: the change, and then its tests."""
        heard = os.open(folder / "heard", os.O_CREAT | os.O_WRONLY)
        os.dup2(heard, 1)
        os.dup2(heard, 2)
        try:
            names = touched(self.project, change[0], self.contracts)
            code = self._changed(change, names, folder) or self._heard(tests, names)
        except Exception:
            traceback.print_exc()
            code = BROKEN
        sys.exit(code)

    def _changed(self, change: Change, names: Sequence[str], folder: Path) -> int:
        """Compile from a copy what the change touches, and put that into the suite."""
        import boa
        from vyper.exceptions import VyperException, VyperInternalException

        from tests.contracts import suite

        file, source = change
        shutil.copytree(self.project / "contracts", folder / "contracts")
        (folder / file).write_text(source, encoding="utf-8")
        # a cache of its own: boa gives a contract its source map only on the way into one
        boa.interpret.set_cache_dir(str(folder / "cache"))
        boa.interpret.set_search_paths([str(folder)])
        for name in names:
            path = folder / "contracts" / self.contracts[name] / f"{name}.vy"
            try:
                self.made[name] = boa.load_partial(str(path))
                _ = self.made[name].compiler_data.bytecode
            except (VyperException, VyperInternalException):
                return STILLBORN
            address = self.deployed.contracts[name].address
            self.deployed.contracts[name] = self.made[name].stomp(address)
        boa.load_partial = lambda path: self.made[Path(path).stem]
        suite.deployer.cache_clear()
        return 0

    def _heard(self, tests: Sequence[str], names: Sequence[str]) -> int:
        """Pytest's exit code: 0 when no test noticed anything."""
        import pytest

        quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
        where = (f"--rootdir={self.project}", "-k", f"not {EVERY_CONTRACT} or {' or '.join(names)}")
        return int(pytest.main(["-q", "-x", "-p", "boa_test", *quiet, *where, *tests]))
