"""No file names a package registry's host or a place on somebody's machine."""

import re
from collections.abc import Iterator
from pathlib import Path

from checks.report import Report, files, text_of

PATTERNS = {
    "package registry": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|proxy\.golang\.org|sum\.golang\.org|npmjs\.(?:org|com)"
        r"|crates\.io|test\.pypi)\b|--(?:extra-)?index-url\b(?! *\")"
    ),
    "absolute machine path": re.compile(
        r"(?<![\w.$}])/(?:home|Users)/[A-Za-z]|(?<![\w.$})])/(?:root|tmp|work|mnt)/|\b[A-Z]:\\\\?Users"
    ),
    "way out of the project": re.compile(r"\.\./shared\b"),
}

# (file, text of the line, why it may stand there)
KNOWN: tuple[tuple[str, str, str], ...] = ()


def found_in(text: str) -> Iterator[tuple[int, str]]:
    """Line number and kind of every forbidden word."""
    for number, line in enumerate(text.splitlines(), start=1):
        for kind, pattern in PATTERNS.items():
            if pattern.search(line):
                yield number, kind


def is_known(name: str, line: str) -> bool:
    """Whether the line is listed as harmless."""
    return any(name == path and part in line for path, part, _ in KNOWN)


def run(project: Path) -> Report:
    """Look through every text file."""
    report = Report("files")
    for path in files(project):
        text = text_of(path)
        if text is None:
            continue
        report.examined += 1
        name = path.relative_to(project).as_posix()
        lines = text.splitlines()
        for number, kind in found_in(text):
            if not is_known(name, lines[number - 1]):
                report.findings.append(f"{name}:{number}: {kind}")
    return report
