"""What is fed: a file or a database with its mapping."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from oracle.archive import Segment
from oracle.mapping import Mapping as MappingFile
from oracle.sources import database, files
from oracle.sources.chunks import Chunk


@dataclass(frozen=True, slots=True)
class Input:
    """A file, its mapping, and by how many seconds its rows are re-dated."""

    path: Path
    mapping: MappingFile
    shift_s: int = 0

    @property
    def name(self) -> str:
        """What the journal knows the file by."""
        return f"{self.mapping.title}/{self.path.name}"

    @property
    def version(self) -> object:
        """What changes when the file does; None where it is gone."""
        return files.version(self.path)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a database that a query gives, and their mapping; they are never re-dated."""

    query: database.Query
    mapping: MappingFile

    shift_s: ClassVar[int] = 0

    @property
    def name(self) -> str:
        """What the journal knows the rows by."""
        return f"{self.mapping.title}/{self.query.name}"

    @property
    def version(self) -> object:
        """Never the same: only the database knows whether it has more."""
        return object()

    def rows(self, first_row: int, last: Segment | None) -> Iterator[Chunk]:
        """What there is behind the last row that the journal has."""
        return database.chunks(self.query, self.mapping.columns, first_row, last)
