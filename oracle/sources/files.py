"""A file's rows, by whichever source reads files of its kind."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from ledger.errors import BadRecord, NotFound, UsageError, WaterlineError
from oracle.sources import csv_file, parquet_file
from oracle.sources.chunks import Chunk

Reader = Callable[[Path, Sequence[str], int, bool], Iterator[Chunk]]


class FileGone(NotFound):
    """No file is there under that name."""


class FileAway(WaterlineError):
    """A file that the system does not give; it is asked for again."""

    code = "file_away"
    event: ClassVar[str] = "file cannot be read"


class FileUnreadable(BadRecord):
    """A file that is none of its kind, or lacks a column; it is tried again when it changes."""

    code = "file_unreadable"
    event: ClassVar[str] = "file cannot be read"


def version(path: Path) -> object:
    """What changes when a file does, or is let be read; None where it is gone."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns


def moments_only(path: Path, columns: Sequence[str]) -> Iterator[Chunk]:
    """A file's cells without its rows as they came, which is faster where only times are asked."""
    if path.suffix.lower() == ".parquet":
        return parquet_file.chunks(path, columns, 0, False, telegrams=False)
    return read(path, columns, growing=False)


def read(
    path: Path, columns: Sequence[str], first_row: int = 0, *, growing: bool
) -> Iterator[Chunk]:
    """The rows of a CSV or Parquet file from `first_row` on, as chunks.

    A growing file's last line is left for later while no line end follows it. Raises FileGone,
    FileUnreadable for a missing column or what is none of its kind, FileAway where the system does
    not give it, UsageError for another kind of file.
    """
    readers: dict[str, Reader] = {
        ".csv": csv_file.chunks,
        ".parquet": parquet_file.chunks,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path.name} is neither CSV nor Parquet", "name a .csv or .parquet file")
    if not path.is_file():
        raise FileGone(f"no file at {path}", "check the name")
    return _told(path, reader(path, columns, first_row, growing))


def _told(path: Path, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The chunks; what is wrong with the file itself is told as such."""
    try:
        yield from chunks
    except BadRecord as error:
        raise FileUnreadable(error.message, error.remedy) from error
    except OSError as error:
        what = f"{path.name} cannot be read: {error.strerror or error}"
        raise FileAway(what, "mend the disk or the rights; it is tried again") from error
