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
    return {
        f"{noun} {verb}": command
        for noun, group in nouns.items()
        for verb, command in getattr(group, "commands", {}).items()
        if isinstance(command, Write)
    }


@pytest.mark.parametrize("name", writing())
def test_the_help_shows_an_example(name):
    (example,) = calls(re.sub(r"\s+", " ", writing()[name].help.partition("For example: ")[2]))

    assert " ".join(example).startswith(name.removesuffix(" contracts"))
    assert unknown(example) == []
