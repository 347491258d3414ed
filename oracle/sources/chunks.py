"""What every file source gives: some rows at a time, each as it came and cut into cells."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import BadRecord, NotFound, UsageError

ROWS = 8_192  # a chunk: small enough for any machine, large enough for columns to pay


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows of a file.

    `telegrams` are the rows as they came, without line ends; `cells` holds a text for each row and
    column, "" for an empty cell and for every cell of a row in `bad`, which says what is wrong.
    """

    first_row: int
    header: str
    telegrams: Sequence[bytes]
    cells: Mapping[str, Sequence[str]]
    bad: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.telegrams)


Reader = Callable[[Path, Sequence[str], int, bool], Iterator[Chunk]]


def moments_only(path: Path, columns: Sequence[str]) -> Iterator[Chunk]:
    """A file's cells without its rows as they came, which is faster where only times are asked."""
    from oracle.sources import parquet_file

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
    from oracle.sources import csv_file, parquet_file

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


def require(path: Path, wanted: Sequence[str], there: Sequence[str]) -> None:
    """BadRecord unless a file has every column that its mapping names."""
    missing = [column for column in wanted if column not in there]
    if missing:
        raise BadRecord(
            f"{path.name} has no column {', '.join(missing)}",
            f"it has: {', '.join(there)}; correct the mapping or the file",
        )


def cut(line: str) -> list[str]:
    """The cells of one line; csv.Error for a malformed one."""
    cells = next(csv.reader([line], strict=True))
    return [cell.strip() for cell in cells]
