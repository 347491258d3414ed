"""The page of faults names tests that there are, at least one for each fault."""

import re

from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "faults.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_test_that_the_page_of_faults_names_exists():
    named = NAMED.findall(PAGE)

    missing = [
        f"{file}::{name}"
        for file, name in named
        if f"def {name}(" not in (PROJECT / file).read_text(encoding="utf-8")
    ]

    assert named
    assert not missing


def test_every_fault_has_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")][2:]

    assert rows
    assert [row for row in rows if not NAMED.search(row)] == []
