"""`python -m checks`: it fails when one check finds something, or had nothing to look at."""

import pytest

from checks import __main__ as checks
from checks.report import Report


@pytest.fixture
def reports(monkeypatch):
    """Puts checks with the given reports in place of the real ones."""

    def given(**found: Report):
        monkeypatch.setattr(
            checks, "CHECKS", {title: lambda _, one=one: one for title, one in found.items()}
        )
        return checks.main()

    return given


def test_checks_without_findings_pass(reports, capsys):
    assert reports(size=Report("contracts", 10), words=Report("files", 200)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "== size: 10 contracts, 0 findings",
        "== words: 200 files, 0 findings",
    ]


def test_one_finding_fails_the_run_and_the_others_are_still_told(reports, capsys):
    found = Report("files", 200, ["README.md:3: looks like a token"])

    assert reports(secrets=found, words=Report("files", 200)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "== secrets: 200 files, 1 findings",
        "   README.md:3: looks like a token",
        "== words: 200 files, 0 findings",
    ]


def test_a_check_that_had_nothing_to_look_at_fails(reports, capsys):
    assert reports(words=Report("files")) == 1
    assert "nothing to look at" in capsys.readouterr().out


def test_every_check_of_the_folder_is_run():
    named = {run.__module__ for run in checks.CHECKS.values()}

    assert {f"checks.{name}" for name in ("bytecode", "imports", "secrets", "words")} <= named
