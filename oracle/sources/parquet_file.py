"""Parquet files: each row as a line of its shortest decimals, which is what is kept as telegram."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.errors import BadRecord
from oracle.sources.chunks import Chunk, lines, require, rows_of

READ_AT_ONCE = 2**16  # bytes of a column, so that a large row group is not read whole


def chunks(
    path: Path, columns: Sequence[str], first_row: int, growing: bool, telegrams: bool = True
) -> Iterator[Chunk]:
    """The rows from `first_row` on; a Parquet file is complete or unreadable, it never grows."""
    try:
        file = pq.ParquetFile(path, buffer_size=READ_AT_ONCE)
        names = list(file.schema_arrow.names)
        require(path, columns, names)
        yield from _chunks(file, names, columns, first_row, telegrams)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the system, not of what is in the file
        raise BadRecord(f"{path.name} cannot be read: {error}", "write it again") from error


def _chunks(
    file: pq.ParquetFile,
    names: list[str],
    columns: Sequence[str],
    first_row: int,
    telegrams: bool,
) -> Iterator[Chunk]:
    header, passed = ",".join(names), 0
    wanted = names if telegrams else list(columns)
    for batch in file.iter_batches(batch_size=rows_of(len(names)), columns=wanted):
        skipped = min(max(first_row - passed, 0), batch.num_rows)
        start, passed = passed + skipped, passed + batch.num_rows
        if skipped == batch.num_rows:
            continue
        table = batch.slice(skipped).to_pandas(timestamp_as_object=False)
        texts = {name: _texts(table[name]) for name in wanted}
        rows = lines(zip(*texts.values(), strict=True)) if telegrams else [b""] * len(table)
        yield Chunk(start, header, rows, {column: texts[column] for column in columns})


def _texts(column: "pd.Series[Any]") -> list[str]:
    """A column as text: the shortest decimal of each number, "" for what is missing."""
    missing = column.isna().to_numpy()
    if pd.api.types.is_bool_dtype(column):
        return ["true" if value else "false" for value in column]
    if pd.api.types.is_datetime64_any_dtype(column):
        return [
            "" if empty else value.isoformat() for value, empty in zip(column, missing, strict=True)
        ]
    if pd.api.types.is_numeric_dtype(column):
        written = column.to_numpy().astype(str)
        return list(np.where(missing, "", written).tolist())
    return ["" if empty else str(value) for value, empty in zip(column, missing, strict=True)]
