"""The README's commands, cut out, run in one shell, and held against what it shows."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scripts._shared import PROJECT

README = PROJECT / "README.md"
MARK = "--- end of command, exit code "
# what differs from run to run: hashes, moments, blocks, gas, seconds, how far a series was moved
VOLATILE = (
    (re.compile(r"0x[0-9a-f]+"), "<hash>"),
    (re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d)?"), "<date>"),
    (re.compile(r"block:? +\d+"), "block <n>"),
    (re.compile(r"\d+ gas"), "<n> gas"),
    (re.compile(r"\d+( of \d+)? batches"), "<n> batches"),
    (re.compile(r" {2,}"), "  "),
)


@dataclass(frozen=True)
class Command:
    """A command as written, and the lines that the README shows after it; "..." leaves some out."""

    text: str
    shown: tuple[str, ...]


def commands() -> list[Command]:
    """The commands of every console block, in their order."""
    blocks = re.findall(r"^```console\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    return [command for block in blocks for command in _cut(block.splitlines())]


def _cut(lines: list[str]) -> Iterator[Command]:
    written: list[str] = []
    shown: list[str] = []
    for line in lines:
        if line.startswith("$ "):
            if written:
                yield Command("\n".join(written), tuple(shown))
            written, shown = [line[2:]], []
        elif "<<END" in written[0] and "END" not in written[1:]:
            written.append(line)
        else:
            shown.append(line)
    yield Command("\n".join(written), tuple(shown))


def script(some: list[Command], replaced: Mapping[str, str]) -> str:
    """One shell script; lines that begin with a key of `replaced` are taken as its value."""
    lines = []
    for command in some:
        text = command.text
        for begins, instead in replaced.items():
            if text.startswith(begins):
                text = instead
        lines += [text, f'echo "{MARK}$?"']
    return "\n".join(lines) + "\n"


def outputs(text: str) -> list[tuple[str, int]]:
    """The output and exit code of each command of a script."""
    parts = re.split(f"{re.escape(MARK)}(\\d+)\n", text)
    return [(parts[i], int(parts[i + 1])) for i in range(0, len(parts) - 1, 2)]


def missing(shown: tuple[str, ...], output: str) -> list[str]:
    """The lines shown that the output does not hold, in their order."""
    had, lost = [_bare(line) for line in output.splitlines()], []
    for line in shown:
        if line == "...":
            continue
        if _bare(line) in had:
            had = had[had.index(_bare(line)) + 1 :]
        else:
            lost.append(line)
    return lost


def _bare(line: str) -> str:
    for pattern, word in VOLATILE:
        line = pattern.sub(word, line)
    return line.strip()
