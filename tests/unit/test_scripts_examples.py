"""Every command that writes shows an example in its help, and the example is one."""

import re

import click
import pytest

from scripts._main import cli
from scripts._shared import Write
from tests.unit.test_docs_commands import calls, unknown


def writing():
    """Every command that writes, by its name."""
    context = click.Context(cli)
    nouns = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in _within(nouns) if isinstance(command, Write)}


def _within(commands):
    for name, command in commands.items():
        yield name, command
        inner = getattr(command, "commands", {})
        yield from _within({f"{name} {verb}": one for verb, one in inner.items()})


@pytest.mark.parametrize("name", writing())
def test_the_help_shows_an_example(name):
    (example,) = calls(re.sub(r"\s+", " ", writing()[name].help.partition("For example: ")[2]))

    assert " ".join(example).startswith(name.removesuffix(" contracts"))
    assert unknown(example) == []
