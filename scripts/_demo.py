"""The demo: a chain and a state folder of its own, stage after stage, a live table, a summary."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from scripts import _progress
from scripts._environment import prepare
from scripts._shared import PROJECT, Session, home

CITY = PROJECT / "data" / "city.yaml"
ACCOUNTS = (
    "admin-1,admin-2,officer-1,officer-2,officer-3,keeper-1,keeper-2,"
    "relay-1,relay-2,relay-3,relay-4,relay-5,relay-6,relay-7,relay-8,holder-1:0,holder-2:0"
)
# set by whoever uses a chain here; the demo has its own
OTHERS = ("NETWORK", "PASSWORD_FILE", "CONFIRMATIONS", "TIMEZONE")
LINES_OF_LOG = 15


class Demo:
    """One run of the demo."""

    def __init__(self, *, as_json: bool, keep: bool) -> None:
        self.as_json, self.keep = as_json, keep
        self.began = time.monotonic()
        self.folder = Path(tempfile.mkdtemp(prefix="waterline-demo-"))
        self.log = (self.folder / "demo.log").open("w", encoding="utf-8")
        self.board = Board(sys.stderr)

    def run(self) -> Any:
        """Run every stage; whatever happens, nothing is left behind unless it is to be kept."""
        compiling = threading.Thread(target=_compiled, daemon=True)
        compiling.start()
        try:
            with own_home(self.folder / "state"), self.board:
                found = self._day(compiling)
            self._tell(*found)
            return found[1]
        except BaseException:
            self._excuse()
            raise
        finally:
            self._end()

    def _day(self, compiling: threading.Thread) -> tuple[Session, Any, list[str]]:
        from scripts import _summary
        from scripts._city import filled
        from scripts._community import billed, homes
        from scripts._following import handling, ruling
        from scripts._stages import feeding, stages

        with self.board.stage("find the chain client, or build it once", counting=self._last_said):
            self.command("devnet", "build")
        with self.board.stage("start a chain of three signers"):
            status = self.command(
                "devnet", "up", "--rpc-port", "0", "--accounts", ACCOUNTS, "--json"
            )
            own_password()
        with self.board.stage("date the series so that they end now"):
            city = filled(CITY, self.folder / "city.yaml")
        with self.board.stage("compile the contracts"):
            compiling.join()
        for stage in stages(city, self.folder):
            with self.board.stage(stage.title):
                for command in stage.commands:
                    self.command(*command)
        with self.board.stage("feed the series", counting=self._counted):
            fed = self.command(*feeding(city, homes(city, self.folder)), "--json")
        ruled = ruling(city)
        with self.board.stage(ruled.title):
            for command in ruled.commands:
                self.command(*command)
        evidence = self.folder / "alerts.json"
        evidence.write_text(json.dumps(self.command("discharge", "alerts", "--json")))
        handled = handling(city, evidence)
        with self.board.stage(handled.title):
            for command in handled.commands:
                self.command(*command)
        here = Session()
        with self.board.stage("look at what was ruled, follow one reading"):
            found = _summary.gathered(here, city, self.command)
            found["communities"] = billed(here, city, self.folder, self.command)
        elapsed_s = time.monotonic() - self.began
        document = _summary.document(here, found, status, fed, elapsed_s)
        return here, document, _summary.lines(city.name, found, document, fed)

    def command(self, *words: str) -> Any:
        """Run one command as a person would, its output in the demo's log."""
        from scripts._main import run

        self.log.write(f"$ waterline {' '.join(words)}\n")
        with contextlib.redirect_stdout(self.log), contextlib.redirect_stderr(self.log):
            try:
                return run(list(words))
            finally:
                self.log.flush()

    def _last_said(self) -> str:
        """The last line of the running command."""
        self.log.flush()
        said = Path(self.log.name).read_text(encoding="utf-8").splitlines()
        return said[-1].strip() if said and not said[-1].startswith("$") else ""

    def _counted(self) -> str:
        """How far the feeding is, read from the journal like `oracle status` does."""
        import sqlite3

        from ledger.errors import WaterlineError
        from oracle.report import report
        from oracle.store import Store

        try:
            store = Store(home() / "oracle", writing=False)
            now = report(store)
        except (WaterlineError, sqlite3.Error):  # not there yet, or being made
            return ""
        store.close()
        return f"{now.accepted:,} received, {now.settled:,} final"

    def _tell(self, here: Session, document: Any, lines: list[str]) -> None:
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False))
            return
        for line in lines:
            click.echo(line)
        click.echo(f"\n{document['elapsed_s']:.0f} seconds.")

    def _excuse(self) -> None:
        """On a failure: the end of what the commands said."""
        self.log.flush()
        said = Path(self.log.name).read_text(encoding="utf-8").splitlines()
        for line in said[-LINES_OF_LOG:]:
            click.echo(f"  {line}", err=True)

    def _end(self) -> None:
        self.log.close()
        if self.keep:
            state = self.folder / "state"
            click.echo(
                f"\nEverything runs on. To look at it:\n  export WATERLINE_HOME={state}"
                "\n  export WATERLINE_PASSWORD_FILE=$WATERLINE_HOME/devnet/password"
                "\n  .venv/bin/waterline quota list\n  .venv/bin/waterline devnet status"
                f"\nThe commands that were run: {self.folder / 'demo.log'}"
                "\nTo end it: .venv/bin/waterline devnet reset",
                err=True,
            )
            return
        with own_home(self.folder / "state"), contextlib.suppress(Exception):
            from devnet import Devnet

            Devnet(home() / "devnet").reset()
        shutil.rmtree(self.folder, ignore_errors=True)


def _compiled() -> None:
    """Compile ahead, so that it costs no time later; a failure shows when it is needed."""
    with contextlib.suppress(Exception):
        from scripts._compiled import compiled

        compiled()


def own_password() -> Path:
    """The file with the passphrase of the chain's accounts, named to commands from here on."""
    path = home() / "devnet" / "password"
    os.environ["WATERLINE_PASSWORD_FILE"] = str(path)
    return path


@contextmanager
def own_home(folder: Path) -> Iterator[None]:
    """A state folder of our own, and none of the settings made for another chain."""
    before = dict(os.environ)
    for name in OTHERS:
        os.environ.pop(f"WATERLINE_{name}", None)
    os.environ["WATERLINE_HOME"] = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    prepare()
    _progress.quiet = True
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        _progress.quiet = False


class Board:
    """The stages as they pass: a live table on a terminal, a line each elsewhere."""

    def __init__(self, out: Any) -> None:
        from rich.console import Console

        self._console = Console(file=out, stderr=out is sys.stderr)
        self._live: Any = None
        self._rows: list[list[str]] = []
        self._counting: Callable[[], str] | None = None
        self._begun = 0.0
        self._timer: threading.Thread | None = None

    def __enter__(self) -> "Board":
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(self._table(), console=self._console, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    @contextmanager
    def stage(self, title: str, counting: Callable[[], str] | None = None) -> Iterator[None]:
        """One stage: named when it begins, timed when it ends."""
        row = ["…", title, ""]
        self._rows.append(row)
        begun, done = time.monotonic(), threading.Event()
        beat = threading.Thread(target=self._beat, args=(row, begun, done, counting), daemon=True)
        beat.start()
        if self._live is None:
            self._console.print(f"{title} ...", highlight=False, soft_wrap=True)
        try:
            yield
            row[0] = "✓"
        except BaseException:
            row[0] = "✗"
            raise
        finally:
            done.set()
            beat.join()
            row[2] = f"{time.monotonic() - begun:.0f} s"
            self._show()
            if self._live is None:
                self._console.print(f"  {row[0]} {row[2]}", highlight=False, soft_wrap=True)

    def _beat(
        self,
        row: list[str],
        begun: float,
        done: threading.Event,
        counting: Callable[[], str] | None,
    ) -> None:
        """Keep a running stage's line fresh."""
        said = ""
        while not done.wait(1.0):
            told = counting() if counting else ""
            row[2] = " ".join(part for part in (f"{time.monotonic() - begun:.0f} s", told) if part)
            if self._live is None and told and told != said:
                self._console.print(f"  {told}", highlight=False, soft_wrap=True)
            said = told
            self._show()

    def _show(self) -> None:
        if self._live is not None:
            self._live.update(self._table())

    def _table(self) -> Any:
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        for row in self._rows:
            table.add_row(*row)
        return table
