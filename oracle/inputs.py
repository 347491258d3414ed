"""What is fed: a file with its mapping."""

from dataclasses import dataclass
from pathlib import Path

from oracle.mapping import Mapping as MappingFile


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
