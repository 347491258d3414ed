"""What every source of rows gives: some rows at a time, each as it came and cut into cells."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import BadRecord

ROWS = 8_192  # a chunk: small enough for any machine, large enough for columns to pay
CELLS = 256 * 1_024  # of a chunk: rows of many columns come fewer at a time


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


def rows_of(columns: int) -> int:
    """How many rows of so many columns a chunk holds, so that memory does not grow with a row."""
    return max(1, min(ROWS, CELLS // max(columns, 1)))


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


def lines(rows: Iterable[Sequence[str]]) -> list[bytes]:
    """Rows of cells as CSV lines; a line break inside a cell is written as a space."""
    found = []
    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(" ".join(cell.splitlines()) for cell in row)
        found.append(line.getvalue().encode())
    return found
