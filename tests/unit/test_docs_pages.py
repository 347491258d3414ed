"""Every page can be found from the README, and what a page names is there."""

import re
import tomllib

import pytest
from pydantic import ValidationError

from oracle.config import Config
from scripts._main import cli
from scripts._shared import PROJECT
from tests.unit.test_docs_commands import PAGES

README = (PROJECT / "README.md").read_text(encoding="utf-8")
FOLDERS = "bench|checks|contracts|data|deploy|docs|ledger|oracle|scripts|standards|tests"
NAMED = re.compile(rf"\b((?:{FOLDERS})/[\w./-]+\.(?:csv|json|md|parquet|py|txt|vy|yaml))\b")


@pytest.mark.parametrize("page", sorted(path.name for path in (PROJECT / "docs").glob("*.md")))
def test_the_readme_says_what_each_page_answers(page):
    assert f"`docs/{page}`" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_names_only_files_that_there_are(page):
    named = set(NAMED.findall(page.read_text(encoding="utf-8")))

    assert [name for name in sorted(named) if not (PROJECT / name).is_file()] == []


def unknown_keys(block):
    """The keys of a part of a configuration that no configuration has."""
    try:
        Config.model_validate(tomllib.loads(block))
    except ValidationError as refused:
        wrong = [one for one in refused.errors() if one["type"] == "extra_forbidden"]
        return [".".join(map(str, one["loc"])) for one in wrong]
    return []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_shows_only_keys_that_a_configuration_has(page):
    blocks = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.S)

    assert [key for block in blocks for key in unknown_keys(block)] == []


def test_a_key_that_no_configuration_has_is_found():
    assert unknown_keys("[bus.lease]\nttl = 15\n[archives]\nkeep_days = 3\n") == [
        "bus.lease.ttl",
        "archives",
    ]


def test_the_readme_names_every_noun_that_a_reader_may_need():
    table = README.partition("## Which page answers what")[2]
    named = set(re.findall(r"`([a-z]+)(?: [a-z ]+)?`", table))

    assert set(cli.list_commands(None)) - named == {"demo"}
