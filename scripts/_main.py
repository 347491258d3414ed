"""The `waterline` program: the same commands as `ape run`, from the same files, each read late."""

import importlib
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from scripts._environment import prepare

FOLDER = Path(__file__).resolve().parent
OPERATION = ("deploy", "devnet", "node", "oracle", "upkeep", "index", "doctor", "drill", "bench")
INTERRUPTED = 130


def nouns() -> dict[str, str]:
    """Every noun with its help: the first line of its file, so that nothing is imported for it."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        if not path.stem.startswith("_"):
            with path.open(encoding="utf-8") as file:
                found[path.stem.replace("_", "-")] = file.readline().strip().strip('"')
    return found


class Nouns(click.Group):
    """One command a file; a file is imported only when its command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(nouns())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = cmd_name.replace("-", "_")
        if name.startswith("_") or not name.isidentifier():
            return None
        if not (FOLDER / f"{name}.py").is_file():
            return None
        module = importlib.import_module(f"scripts.{name}")
        command: click.Command = module.cli
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        every = nouns()
        for title, chosen in (
            ("Commands", [name for name in every if name not in OPERATION]),
            ("For whoever runs it", [name for name in every if name in OPERATION]),
        ):
            if chosen:
                with formatter.section(title):
                    formatter.write_dl([(name, every[name]) for name in chosen])


@click.command(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="waterline")
def cli() -> None:
    """The shared record of a city's water: permits, limits, measurements, and how to check them."""


def run(arguments: list[str]) -> Any:
    """Run one command in this process and return what it returns; failures are raised."""
    return cli.main(args=arguments, prog_name="waterline", standalone_mode=False)


def main() -> None:
    """Run the command line and leave with its exit code."""
    prepare()
    warnings.filterwarnings("ignore", ".*has an incomplete definition")
    try:
        run(sys.argv[1:])
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.ClickException as failure:
        if isinstance(failure, click.UsageError) and "--json" in sys.argv:
            told = {"code": "usage", "message": failure.format_message(), "remedy": ""}
            click.echo(json.dumps({"error": told}, ensure_ascii=False))
        failure.show()
        sys.exit(failure.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
