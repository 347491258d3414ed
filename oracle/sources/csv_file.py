"""CSV files: one header line, one row a line, UTF-8."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from ledger.errors import BadRecord
from oracle.sources.chunks import Chunk, cut, require, rows_of

LONGEST_HEADER = 2**16  # bytes
_REMEDY = "write UTF-8, a header line, one row a line"


def chunks(path: Path, columns: Sequence[str], first_row: int, growing: bool) -> Iterator[Chunk]:
    """The rows from `first_row` on; a line that cannot be cut is kept, with what is wrong."""
    with path.open("rb") as file:
        header = _header(path, file.readline(LONGEST_HEADER))
        names = cut(header)
        require(path, columns, names)
        whole = (line.rstrip(b"\r\n") for line in file if line.endswith(b"\n") or not growing)
        rows = islice((line for line in whole if line.strip()), first_row, None)
        while lines := list(islice(rows, rows_of(len(names)))):
            yield _chunk(lines, names, columns, first_row, header)
            first_row += len(lines)


def _header(path: Path, line: bytes) -> str:
    try:
        header = line.decode("utf-8-sig").rstrip("\r\n")
        names = cut(header)
    except (UnicodeDecodeError, csv.Error, StopIteration) as error:
        raise BadRecord(f"{path.name} has no readable header line: {error}", _REMEDY) from error
    doubled = sorted({name for name in names if names.count(name) > 1})
    if not header or doubled:
        what = f"names {', '.join(doubled)} twice" if doubled else "is empty"
        raise BadRecord(f"the header of {path.name} {what}", _REMEDY)
    return header


def _chunk(
    lines: list[bytes], names: list[str], columns: Sequence[str], first_row: int, header: str
) -> Chunk:
    wanted = [names.index(column) for column in columns]
    cells: dict[str, list[str]] = {column: [""] * len(lines) for column in columns}
    bad = {}
    for place, line in enumerate(lines):
        try:
            row = cut(line.decode("utf-8"))
        except (UnicodeDecodeError, csv.Error) as error:
            bad[place] = str(error)
            continue
        if len(row) != len(names):
            bad[place] = f"{len(row)} cells, the header has {len(names)}"
            continue
        for column, index in zip(columns, wanted, strict=True):
            cells[column][place] = row[index]
    return Chunk(first_row, header, lines, cells, bad)
