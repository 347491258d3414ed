"""Every command that a document shows exists, with the options it is shown with."""

import re

import click
import pytest

from scripts._main import cli
from scripts._shared import PROJECT

PAGES = sorted(
    page
    for folder in (PROJECT, PROJECT / "docs", PROJECT / "data", PROJECT / "standards")
    for page in folder.glob("*.md")
)
CALL = re.compile(r"\bwaterline((?: +(?:\\\n *)?[^\s`|#&;\\]+)+)")


def calls(text):
    """The words after each `waterline` that a command's name follows."""
    found = (re.sub(r"\\\n", " ", match[1]).split() for match in CALL.finditer(text))
    return [words for words in found if words[0] in cli.list_commands(None)]


def unknown(words):
    """The words that are no command or option where they stand."""
    command, wrong = cli, []
    context = click.Context(command)
    while words and isinstance(command, click.Group):
        name = words[0].strip(".,:()")
        inner = command.get_command(context, name)
        if inner is None:
            # a noun alone, or one whose default verb takes the options
            default = getattr(command, "default", None)
            if not name.startswith("-") or not default:
                return [name] if re.fullmatch("[a-z-]+", name) else []
            command = command.get_command(context, default)
            break
        command, words = inner, words[1:]
    known = {o for param in command.params for o in (*param.opts, *param.secondary_opts)}
    known |= {"-h", "--help", "--version"}
    for word in words:
        option = word.strip(".,:()").partition("=")[0]
        if re.fullmatch(r"--?[a-z][a-z-]*", option) and option not in known:
            wrong.append(option)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_shows_only_commands_that_exist(page):
    text = page.read_text(encoding="utf-8")

    wrong = {" ".join(words): unknown(words) for words in calls(text)}

    assert {call: words for call, words in wrong.items() if words} == {}


@pytest.mark.parametrize("text", ["waterline permit give", "waterline quota show --colour red"])
def test_a_command_or_option_that_does_not_exist_is_found(text):
    (words,) = calls(text)

    assert unknown(words) != []
