"""What a check looked at and found, and which files belong to the project."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Report:
    """How many things were examined, what they are, and what is wrong with them."""

    of: str
    examined: int = 0
    findings: list[str] = field(default_factory=list)


def files(project: Path) -> list[Path]:
    """The files that are committed or would be: what git lists, ignored ones left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=project,
        capture_output=True,
        check=True,
    )
    names = sorted(set(listed.stdout.decode().split("\0")) - {""})
    return [project / name for name in names if (project / name).is_file()]


def text_of(path: Path) -> str | None:
    """The file as text, or None for a binary one."""
    raw = path.read_bytes()
    if b"\0" in raw[:8192]:
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
