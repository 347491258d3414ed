"""The program: every noun and verb, its help, and how little is imported to show it."""

import importlib

import click
import pytest

from scripts import _main
from tests.unit.commands import called, python

NOUNS = _main.nouns()
HEAVY = ("ape", "web3", "pandas", "numpy", "vyper", "eth_account")


def module_of(noun: str):
    return importlib.import_module(f"scripts.{noun.replace('-', '_')}")


def verbs() -> list[tuple[str, str]]:
    found = []
    for noun in NOUNS:
        command = module_of(noun).cli
        assert isinstance(command, click.Group), noun
        found += [(noun, verb) for verb in command.list_commands(click.Context(command))]
    return found


VERBS = [pytest.param(*one, id=" ".join(one)) for one in verbs()]


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_has_a_click_command_because_ape_takes_nothing_else(noun):
    assert isinstance(module_of(noun).cli, click.Command)


@pytest.mark.parametrize("noun", NOUNS)
def test_the_help_of_a_noun_is_the_first_line_of_its_file(noun, tmp_path):
    said = called(noun, "--help", home=tmp_path)

    assert said.exit_code == 0
    assert " ".join(NOUNS[noun].split()) in " ".join(said.out.split())


@pytest.mark.parametrize(("noun", "verb"), VERBS)
def test_every_verb_says_what_it_does(noun, verb, tmp_path):
    command = module_of(noun).cli.get_command(click.Context(module_of(noun).cli), verb)

    said = called(noun, verb, "--help", home=tmp_path)

    assert said.exit_code == 0
    assert command.help and command.help.split("\n\n")[0].endswith(".")
    assert command.help.split()[0] in said.out


@pytest.mark.parametrize(("noun", "verb"), VERBS)
def test_every_option_says_what_it_is_for(noun, verb):
    command = module_of(noun).cli.get_command(click.Context(module_of(noun).cli), verb)

    for one in command.params:
        if isinstance(one, click.Option):
            assert one.help, one.opts


def test_the_program_lists_every_noun_with_its_help(tmp_path):
    said = called("--help", home=tmp_path)

    assert said.exit_code == 0
    for noun, told in NOUNS.items():
        assert f"  {noun} " in said.out
        assert told.endswith("."), noun


def test_what_operators_need_stands_in_a_panel_of_its_own(tmp_path):
    everyone, _, operation = called("--help", home=tmp_path).out.partition("For whoever runs it")

    assert "  permit " in everyone and "  devnet " not in everyone
    assert "  devnet " in operation and "  deploy " in operation


def test_help_is_shown_without_importing_what_is_heavy():
    source = f"""
import sys
from scripts._main import run
run(["--help"])
print("IMPORTED", sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    assert "IMPORTED []" in python(source)


def test_the_help_of_every_noun_is_shown_without_importing_what_is_heavy():
    source = f"""
import sys
from scripts._main import nouns, run
for noun in nouns():
    run([noun, "--help"])
    print("IMPORTED", noun, sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    told = [line for line in python(source).splitlines() if line.startswith("IMPORTED")]

    assert told == [f"IMPORTED {noun} []" for noun in NOUNS]


def test_the_version_is_told(tmp_path):
    assert "waterline, version" in called("--version", home=tmp_path).out


def test_what_is_no_noun_is_a_mistake_of_the_caller(tmp_path):
    said = called("nonsense", home=tmp_path)

    assert said.exit_code == 2
    assert "No such command 'nonsense'" in said.err


@pytest.mark.parametrize("name", ["_main", "_shared", "../checks/words", ""])
def test_files_that_are_no_nouns_are_no_commands(name):
    assert _main.cli.get_command(click.Context(_main.cli), name) is None


def test_what_is_no_verb_is_a_mistake_of_the_caller(tmp_path):
    said = called("permit", "swim", home=tmp_path)

    assert said.exit_code == 2
    assert "No such command 'swim'" in said.err


def test_nothing_is_done_at_import():
    for noun in NOUNS:
        source = module_of(noun).__file__
        with open(source, encoding="utf-8") as file:
            assert file.read().rstrip().endswith("cli = app.cli()"), noun
