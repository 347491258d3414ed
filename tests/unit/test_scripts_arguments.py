"""Every argument of every command says in its help what it is."""

import click

from scripts._main import cli


def leaves(command, context, name=""):
    if not isinstance(command, click.Group):
        yield name, command
        return
    for word in command.list_commands(context):
        inner = command.get_command(context, word)
        yield from leaves(inner, click.Context(inner, parent=context), f"{name} {word}")


def test_every_argument_has_a_help_text():
    found = list(leaves(cli, click.Context(cli)))

    silent = [
        f"{name} {one.name}"
        for name, command in found
        for one in command.params
        if isinstance(one, click.Argument) and not getattr(one, "help", None)
    ]

    assert len(found) > 150
    assert silent == []
