"""A file's rows, by whichever source reads files of its kind."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ledger.errors import NotFound, UsageError
from oracle.sources import csv_file, parquet_file
from oracle.sources.chunks import Chunk

Reader = Callable[[Path, Sequence[str], int, bool], Iterator[Chunk]]


def moments_only(path: Path, columns: Sequence[str]) -> Iterator[Chunk]:
    """A file's cells without its rows as they came, which is faster where only times are asked."""
    if path.suffix.lower() == ".parquet":
        return parquet_file.chunks(path, columns, 0, False, telegrams=False)
    return read(path, columns, growing=False)


def read(
    path: Path, columns: Sequence[str], first_row: int = 0, *, growing: bool
) -> Iterator[Chunk]:
    """The rows of a CSV or Parquet file from `first_row` on, as chunks.

    A growing file's last line is left for later while no line end follows it. Raises NotFound,
    BadRecord for a missing column or an unreadable file, UsageError for another kind of file.
    """
    readers: dict[str, Reader] = {
        ".csv": csv_file.chunks,
        ".parquet": parquet_file.chunks,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path.name} is neither CSV nor Parquet", "name a .csv or .parquet file")
    if not path.is_file():
        raise NotFound(f"no file at {path}", "check the name")
    return reader(path, columns, first_row, growing)
