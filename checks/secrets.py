"""No key, keystore, password or token is in the repository."""

import re
from collections.abc import Iterator
from pathlib import Path

from checks.report import Report, files, text_of

PATTERNS = {
    "PEM private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "private key": re.compile(
        r"(?i)(?:private|secret|priv|signing|nodekey|seed)[a-z_ ]*\W{0,12}(?:0x)?[0-9a-f]{64}\b"
    ),
    "key from a literal": re.compile(r"(?i)(?:from_key|privateKey)\W{1,4}[\"'](?:0x)?[0-9a-f]{64}"),
    "password": re.compile(
        r"(?i)\b\w*(?:password|passphrase|passwd|api_?key|token|secret)\w*[\"']?\s*[:=]\s*"
        r"[\"'](?![\"'{<$])[^\"'\s]{4,}[\"']"
    ),
    "keystore": re.compile(r"(?i)\"(?:ciphertext|mac)\"\s*:\s*\"[0-9a-f]{32,}\""),
    "mnemonic": re.compile(r"\b(?:test ){5,}"),
    "access token": re.compile(r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|xox[abp]-\w{10,})"),
    "credentials in an address": re.compile(r"\b[a-z]+://[^\s/:@\"']+:[^\s/@\"']+@"),
}

# (file, text of the line, why it is no secret)
KNOWN: tuple[tuple[str, str, str], ...] = (
    ("devnet/making.py", "PASSWORD_FILE =", "the name of a file"),
    ("docs/sources.md", 'password_file = "', "the name of a file"),
    ("docs/bus.md", 'password_file = "', "the name of a file"),
    ("docs/warnings.md", 'password_file = "', "the name of a file"),
)


def found_in(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, kind and line of everything that looks like a secret."""
    for number, line in enumerate(text.splitlines(), start=1):
        for kind, pattern in PATTERNS.items():
            if pattern.search(line):
                yield number, kind, line


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
        for number, kind, line in found_in(text):
            if not is_known(name, line):
                report.findings.append(f"{name}:{number}: looks like a {kind}")
    return report
