"""A smaller city than the demo's, made by the same commands."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ledger.chain import connect
from ledger.deployment import Deployment, Ledger
from ledger.errors import BadRecord
from oracle.report import Report, report
from oracle.store import Store
from scripts._city import City, filled
from scripts._demo import ACCOUNTS
from scripts._environment import prepare
from scripts._main import run
from scripts._shared import PROJECT
from scripts._stages import feeding, stages

BIN = str(PROJECT / ".venv" / "bin" / "waterline")
KEPT = ("water main", "outfall")
BALANCED = ("reservoirs", "districts", "sewage_works", "loads", "plans", "bills", "reports")
MOST_S = 480  # on a machine that is busy with other tests


def environment() -> dict[str, str]:
    """Nothing of the caller's own settings."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("WATERLINE_", "APE_"))}


@dataclass
class SmallCity:
    """A state folder with a chain, and the series that its oracle is fed from."""

    home: Path
    city: City

    @property
    def environment(self) -> dict[str, str]:
        """That of a person who works with this city only."""
        password = str(self.home / "devnet" / "password")
        return {
            **environment(),
            "WATERLINE_HOME": str(self.home),
            "WATERLINE_PASSWORD_FILE": password,
        }

    def run(self, *words: str) -> str:
        """What a command prints; one that fails fails the test with what it said."""
        done = subprocess.run(
            [BIN, *words], env=self.environment, capture_output=True, text=True, timeout=MOST_S
        )
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stderr}"
        return done.stdout

    def answer(self, *words: str) -> Any:
        """What a command answers with --json."""
        return json.loads(self.run(*words, "--json"))

    def begin_feeding(self) -> subprocess.Popen[bytes]:
        """The oracle, as a process that can be killed."""
        return subprocess.Popen(
            [BIN, *feeding(self.city)], env=self.environment, stdout=subprocess.DEVNULL
        )

    def kill_feeding_when(self, reached: Callable[[Report], bool]) -> None:
        """Kill the oracle with SIGKILL as soon as its journal has come so far."""
        oracle, until = self.begin_feeding(), time.monotonic() + MOST_S
        try:
            while not reached(self.report()):
                assert oracle.poll() is None and time.monotonic() < until, self.report()
                time.sleep(0.01)
        finally:
            oracle.kill()
            ended = oracle.wait()
        assert ended == -signal.SIGKILL

    def kill_deploying(self) -> None:
        """Kill `deploy` with SIGKILL as soon as it has sent the first contract."""
        record, until = self.home / "deployment.json", time.monotonic() + MOST_S
        words = ("deploy", "--account", "admin-1", "--second", "admin-2")
        begun = subprocess.Popen([BIN, *words], env=self.environment, stdout=subprocess.DEVNULL)
        while not record.exists():
            assert begun.poll() is None and time.monotonic() < until
            time.sleep(0.01)
        begun.kill()
        assert begun.wait() == -signal.SIGKILL

    def kill_signer(self, name: str) -> None:
        """Kill a signer with SIGKILL."""
        signers = self.answer("devnet", "status")["signers"]
        os.kill(next(one["pid"] for one in signers if one["name"] == name), signal.SIGKILL)

    def report(self) -> Report:
        """What the journal holds by now."""
        try:
            store = Store(self.home / "oracle", writing=False)
        except BadRecord:
            return Report(0, 0, 0, 0, 0, 0, 0, 0, 0, [], [], [])
        try:
            return report(store)
        finally:
            store.close()

    def ledger(self) -> Ledger:
        """The contracts on its chain."""
        url = self.answer("devnet", "status")["rpc_url"]
        return Deployment.load(self.home / "deployment.json").open(connect(url))


def founded(folder: Path) -> SmallCity:
    """A running chain with contracts, permits, devices and lanes, and nothing fed yet."""
    source = folder / "small.yaml"
    source.write_text(yaml.safe_dump(_smaller(), allow_unicode=True), encoding="utf-8")
    made = SmallCity(folder / "state", filled(source, folder / "city.yaml"))
    made.run("devnet", "up", "--rpc-port", "0", "--accounts", ACCOUNTS)
    made.kill_deploying()
    # in one process: most of a command's time is reading the libraries that it signs with
    begun = [sys.executable, "-m", __name__, str(folder)]
    done = subprocess.run(
        begun, env=made.environment, cwd=PROJECT, capture_output=True, text=True, timeout=MOST_S
    )
    assert done.returncode == 0, done.stderr
    return made


def _found(folder: Path) -> None:
    """Run every command that makes the city."""
    prepare()
    for stage in stages(filled(folder / "small.yaml", folder / "city.yaml"), folder):
        for command in stage.commands:
            run(list(command))


def _smaller() -> dict[str, Any]:
    """The demo's city with two of its series and what they feed; its files by their full names."""
    data = PROJECT / "data"
    raw: dict[str, Any] = yaml.safe_load((data / "city.yaml").read_text(encoding="utf-8"))
    raw["series"] = [
        {**one, "file": str(data / one["file"]), "mapping": str(data / one["mapping"])}
        for one in raw["series"]
        if one["name"] in KEPT
    ]
    openings = {f"<opening of the {name}>" for name in KEPT}
    raw["permits"] = [one for one in raw["permits"] if one["from"] in openings]
    raw["devices"] = [
        one for one in raw["devices"] if {c["opened_at"] for c in one["channels"]} <= openings
    ]
    groups = {channel["group"] for one in raw["devices"] for channel in one["channels"]}
    raw["lanes"] = [one for one in raw["lanes"] if one["group"] in groups]
    return raw | {section: [] for section in BALANCED}


if __name__ == "__main__":
    _found(Path(sys.argv[1]))
