"""The files of a journal in a folder: rows as they came, what is put away, a secret."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ledger.errors import BadRecord, NotFound
from oracle.places import JournalFull


class Files(Protocol):
    """Files of a journal by name, such as `archive/00000001.rows`, wherever they lie."""

    def writing(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Write a file whole: it has its name only when all of it is safe."""

    def open(self, name: str) -> BinaryIO:
        """Read a file; FileNotFoundError where there is none."""

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""

    def private(self, name: str) -> None:
        """NotFound where a file with a secret is gone, BadRecord where others can read it."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of a journal in its folder, readable by their owner alone."""

    root: Path

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Write a file whole: it has its name only when it is on the disk."""
        path = self.root / name
        with on_disk(self.root):
            new = not path.parent.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_suffix(".part")
            half.unlink(missing_ok=True)
            handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
            _sync(path.parent)
            if new:
                _sync(path.parent.parent)
                _sync(self.root)

    def open(self, name: str) -> BinaryIO:
        """Read a file; FileNotFoundError where there is none."""
        return (self.root / name).open("rb")

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        (self.root / name).unlink(missing_ok=True)

    def private(self, name: str) -> None:
        """NotFound where a file with a secret is gone, BadRecord where others can read it."""
        path = self.root / name
        if not path.exists():
            raise NotFound(f"no file at {path}", "restore it from a copy")
        if path.stat().st_mode & 0o077:
            raise BadRecord(f"{path} can be read by others", "chmod 600 it")


@contextmanager
def on_disk(folder: Path) -> Iterator[None]:
    """Tell a full or broken disk in our own words."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise JournalFull(
            f"{folder} cannot be written: {error}", "free some space, then start again: it goes on"
        ) from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
