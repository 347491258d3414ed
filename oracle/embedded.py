"""A journal in a folder of this machine: an SQLite file, its files beside it, and a lock."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ledger.errors import BadRecord
from oracle.places import JournalBusy, NoJournal
from oracle.schema import SCHEMA
from oracle.shelves import Folder, on_disk

FILE = "journal.sqlite"
WAIT_S = 30  # for whoever holds the file
PAGES = 2_000  # of the file, given back in one step
INCREMENTAL = 2  # SQLite's auto_vacuum that gives pages back when it is asked


class Embedded:
    """An opened journal file. `writing` takes the lock that only one process can have."""

    def __init__(self, folder: Path, *, writing: bool) -> None:
        self._folder, self.files = folder, Folder(folder)
        self._lock = locked(folder) if writing else None
        path = folder / FILE
        absent = NoJournal(f"no journal in {folder}", "feed something: `waterline oracle replay`")
        if not writing and not path.is_file():
            raise absent
        self.db = sqlite3.connect(path, isolation_level=None, timeout=WAIT_S)
        self.db.row_factory = sqlite3.Row
        if writing:
            # before the first table: what is deleted can be given back
            self.db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        if writing:
            self.db.executescript(f"BEGIN;{SCHEMA}COMMIT;")
        elif not self.has("meta"):
            self.db.close()  # its process has only just made the file
            raise absent

    def has(self, table: str) -> bool:
        """Whether the journal has a table; those of before there was one have it not."""
        asked = "SELECT 1 FROM sqlite_master WHERE name = ?"
        return self.db.execute(asked, (table,)).fetchone() is not None

    @contextmanager
    def commit(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it reaches the disk, or nothing."""
        with on_disk(self._folder):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    def give_back(self) -> Iterator[None]:
        """Give the pages that became free back to the disk, some at each step."""
        db = self.db
        if db.execute("PRAGMA auto_vacuum").fetchone()[0] != INCREMENTAL:
            db.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")  # of a journal from before this
            db.execute("VACUUM")
        while db.execute("PRAGMA freelist_count").fetchone()[0]:
            db.execute(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
            yield None
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def touch(self) -> None:
        """A file needs no sign of life: its lock is the process's own."""

    def close(self) -> None:
        """Close the file and give the lock back."""
        self.db.close()
        if self._lock is not None:
            self._lock.close()


def locked(folder: Path) -> TextIO:
    """Take a folder for this process alone; JournalBusy where another has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = (folder / "journal.lock").open("w")
    except OSError as error:
        raise BadRecord(
            f"{folder} cannot hold a journal: {error.strerror}", "name a folder with --journal"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise JournalBusy(
            f"another process writes the journal in {folder}",
            "wait for it, or stop it; two oracles need two journals and two lanes",
        ) from error
    return handle
