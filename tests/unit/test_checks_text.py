"""The checks of every text file: each kind of fault is found where it is planted, only there."""

import subprocess

import pytest

from checks import secrets, words
from checks.report import files, text_of
from tests.conftest import PROJECT

KEY = "4f3c" * 16  # as long as a key, and nobody's
# put together here, so that this file holds none of what it plants
SECRETS = {
    "PEM private key": "-----BEGIN EC " + "PRIVATE KEY-----",
    "private key": "private_key = 0x" + KEY,
    "key from a literal": "Account.from_" + f'key("0x{KEY}")',
    "password": "pa" + 'ssword = "hunter22"',
    "keystore": '"ciphertext' + f'": "{KEY}"',
    "mnemonic": "test " * 11 + "junk",
    "access token": "ghp" + "_" + "a" * 36,
    "credentials in an address": "https://user" + ":secret@example.com/",
}
WORDS = {
    "package registry": "see pypi" + ".org/project/x",
    "absolute machine path": "open('/ho" + "me/someone/x')",
    "way out of the project": ".." + "/shared/design.md",
}
HARMLESS = [
    'path = home() / "password"',
    "password: str",
    'password_file = "{password_file}"',
    "0x" + "ab" * 32,
    "transaction = 0x" + "ab" * 32,
    "see ./shared and /usr/bin, or ~/water",
    "https://example.com/a:b",
    "token = secrets.token_bytes(32)",
]


@pytest.fixture
def project(tmp_path):
    """Writes files into an empty repository."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)

    def written(content: str | bytes, name: str = "docs/page.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return written


@pytest.mark.parametrize("check", [secrets, words])
def test_the_project_passes(check):
    report = check.run(PROJECT)

    assert report.findings == []
    assert report.examined > 100


@pytest.mark.parametrize("kind", SECRETS)
def test_a_planted_secret_is_found_with_its_file_and_line(project, kind):
    report = secrets.run(project(f"one\ntwo\n{SECRETS[kind]}\n"))

    assert f"docs/page.md:3: looks like a {kind}" in report.findings


@pytest.mark.parametrize("kind", WORDS)
def test_a_planted_word_is_found_with_its_file_and_line(project, kind):
    report = words.run(project(f"one\n{WORDS[kind]}\n"))

    assert report.findings == [f"docs/page.md:2: {kind}"]


def test_every_pattern_has_a_fault_planted_for_it():
    assert set(SECRETS) == set(secrets.PATTERNS)
    assert set(WORDS) == set(words.PATTERNS)


@pytest.mark.parametrize("line", HARMLESS)
def test_what_only_looks_alike_is_left_alone(project, line):
    folder = project(line + "\n")

    assert secrets.run(folder).findings == words.run(folder).findings == []


@pytest.mark.parametrize("check", [secrets, words])
def test_every_exception_is_still_needed(check):
    for name, part, reason in check.KNOWN:
        lines = [line for line in (PROJECT / name).read_text("utf-8").splitlines() if part in line]

        assert any(list(check.found_in(line)) for line in lines), (name, part)
        assert reason


@pytest.mark.parametrize(
    ("check", "line"), [(secrets, SECRETS["password"]), (words, WORDS["package registry"])]
)
def test_an_exception_holds_for_its_own_file_and_line_alone(project, monkeypatch, check, line):
    monkeypatch.setattr(check, "KNOWN", (("docs/page.md", line[:12], "a trial"),))

    folder = project(f"{line}\n")
    project(f"{line}\n", "docs/other.md")

    assert [finding.partition(":")[0] for finding in check.run(folder).findings] == [
        "docs/other.md"
    ]


def test_a_file_that_is_not_committed_yet_is_looked_at(project):
    folder = project(SECRETS["password"])

    assert [path.name for path in files(folder)] == ["page.md"]


def test_an_ignored_file_is_not_looked_at(project):
    project("private/\n", ".gitignore")
    folder = project(SECRETS["password"], "private/key.txt")

    assert [path.name for path in files(folder)] == [".gitignore"]


@pytest.mark.parametrize("content", [b"\0\1\2", b"\xff\xfe"])
def test_a_binary_file_is_passed_over(project, content):
    folder = project(content, "photo.png")

    assert text_of(folder / "photo.png") is None
    assert secrets.run(folder).examined == 0


def test_a_file_name_in_any_script_is_looked_at(project):
    report = secrets.run(project(SECRETS["password"], "docs/水.md"))

    assert report.findings == ["docs/水.md:1: looks like a password"]
