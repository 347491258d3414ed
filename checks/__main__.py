"""Run every check over the project; exit 1 when one finds something or had nothing to look at."""

import sys
from pathlib import Path

from checks import bytecode, imports, secrets, words
from checks.report import Report

PROJECT = Path(__file__).resolve().parent.parent

CHECKS = {
    "contract size and opcodes": bytecode.run,
    "import direction": imports.run,
    "secrets": secrets.run,
    "forbidden words": words.run,
}


def main() -> int:
    """The number of checks that found something, at most 1."""
    failed = False
    for title, run in CHECKS.items():
        report: Report = run(PROJECT)
        found = report.findings or ([] if report.examined else ["nothing to look at"])
        failed = failed or bool(found)
        print(f"== {title}: {report.examined} {report.of}, {len(found)} findings")
        for finding in found:
            print(f"   {finding}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
