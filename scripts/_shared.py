"""What every command shares: how a noun is made, its options, the connection, errors, output."""

import copy
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import typer
from typer.core import TyperCommand, TyperGroup

from scripts._environment import PROJECT, home

if TYPE_CHECKING:
    from web3.contract import Contract

    from ledger.chain import Chain
    from ledger.deployment import Ledger
    from ledger.settlement import SettlementPolicy

SESSION = "waterline.session"
DEFAULT_WAIT = "settled"
COMMAND_TIMEOUT_S = 10.0


class Failure(click.ClickException):
    """An error of ours as the command line tells it: what happened, what to do, which exit code."""

    def __init__(self, error: Exception, as_json: bool) -> None:
        super().__init__(str(getattr(error, "message", error)))
        self.error, self.as_json = error, as_json
        self.exit_code = int(getattr(error, "exit_code", 1))
        self.remedy = str(getattr(error, "remedy", ""))

    def show(self, file: Any = None) -> None:
        if self.as_json:
            code = str(getattr(self.error, "code", "failure"))
            told = {"code": code, "message": self.message, "remedy": self.remedy}
            click.echo(json.dumps({"error": told}, ensure_ascii=False))
        click.echo(f"Error: {self.message}", err=True)
        if self.remedy:
            click.echo(f"  {self.remedy}", err=True)


@contextmanager
def told(as_json: bool) -> Iterator[None]:
    """Turn failures that a person can do something about into Failure; others keep their trace."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        if hasattr(error, "remedy") and hasattr(error, "code"):
            raise Failure(error, as_json) from error
        if type(error).__module__.partition(".")[0] in ("web3", "ape") or isinstance(
            error, OSError
        ):
            raise Failure(error, as_json) from error
        raise


class Read(TyperCommand):
    """A command that reads the chain."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.own = [option for option in self.shared() if option.name not in self._names()]
        self.params.extend(self.own)

    def _names(self) -> set[str | None]:
        return {param.name for param in self.params}

    def shared(self) -> list[click.Option]:
        """The options that every command of this sort has."""
        return [
            click.Option(
                ["--network"],
                metavar="URL|CHOICE",
                help="A node (several: URL,URL), or ape's network.",
            ),
            click.Option(["--json", "as_json"], is_flag=True, help="One JSON document on stdout."),
            click.Option(["--details"], is_flag=True, help="Hashes, lanes, base units too."),
        ]

    def invoke(self, ctx: click.Context) -> Any:
        taken = {str(o.name): ctx.params.pop(str(o.name), None) for o in self.own}
        session = Session(**taken)
        ctx.meta[SESSION] = session
        with told(session.as_json):
            return super().invoke(ctx)


class Write(Read):
    """A command that changes something on the chain."""

    def shared(self) -> list[click.Option]:
        return [
            click.Option(["--account"], metavar="ALIAS", help="The ape account that signs."),
            click.Option(
                ["--password-file"],
                type=click.Path(path_type=Path, dir_okay=False),
                help="Its passphrase, in a file only you can read; else you are asked.",
            ),
            click.Option(
                ["--wait"],
                type=click.Choice(["sent", "included", "settled"]),
                default=DEFAULT_WAIT,
                show_default=True,
                help="How long to wait.",
            ),
            click.Option(["--dry-run"], is_flag=True, help="Try it, send nothing."),
            *super().shared(),
        ]


class Local(TyperCommand):
    """A command that needs no chain; its failures are told the same way."""

    def invoke(self, ctx: click.Context) -> Any:
        with told(bool(ctx.params.get("as_json"))):
            return super().invoke(ctx)


class Group(TyperGroup):
    """A noun; with a default verb, `NOUN --option` means `NOUN VERB --option`."""

    default: str | None = None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks_for_help = bool(args) and args[0] in ("-h", "--help")
        if self.default and not asks_for_help and (not args or args[0].startswith("-")):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


class Noun(typer.Typer):
    """The commands of one file; `cli = NOUN.cli()` at its end."""

    def __init__(self, doc: str | None, default: str | None = None, **settings: Any) -> None:
        super().__init__(
            cls=type("Noun", (Group,), {"default": default}),
            help=(doc or "").strip(),
            no_args_is_help=default is None,
            add_completion=False,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
            context_settings={"help_option_names": ["-h", "--help"]},
            **settings,
        )
        self.callback()(lambda: None)  # a noun stays a group even with a single verb

    def read(self, name: str | None = None) -> Callable[[Any], Any]:
        """Mount a function as a command that reads."""
        return self.command(name, cls=Read)

    def write(self, name: str | None = None) -> Callable[[Any], Any]:
        """Mount a function as a command that signs and sends."""
        return self.command(name, cls=Write)

    def cli(self) -> click.Command:
        """The noun as a click command."""
        return typer.main.get_command(self)


class Session:
    """One command's connection and options."""

    def __init__(
        self,
        network: str | None = None,
        as_json: bool = False,
        details: bool = False,
        account: str | None = None,
        password_file: Path | None = None,
        wait: str = DEFAULT_WAIT,
        dry_run: bool = False,
    ) -> None:
        self.network, self.as_json, self.details = network, bool(as_json), bool(details)
        self.account, self.password_file = account, password_file
        self.wait, self.dry_run = wait, dry_run

    def waiting_for(self, wait: str) -> "Session":
        """The same session, its connection shared, with another length of waiting."""
        other = copy.copy(self)
        other.wait = wait
        return other

    @cached_property
    def chain(self) -> "Chain":
        """The chain, connected."""
        from ledger.chain import connect
        from ledger.endpoints import Patience, connect_each

        addresses = addresses_of(self.network)
        if len(addresses) == 1:
            return connect(addresses[0])
        return connect_each(addresses, Patience(COMMAND_TIMEOUT_S))[0]

    @cached_property
    def ledger(self) -> "Ledger":
        """The contracts of the deployment record on this chain."""
        from ledger.deployment import Deployment

        return Deployment.load(record_path()).open(self.chain)

    def contract(self, name: str) -> "Contract":
        """One of our contracts."""
        return self.ledger.contract(name)

    def view(self, contract: str, function: str, *arguments: Any) -> Any:
        """What a view of a contract answers."""
        return getattr(self.contract(contract).functions, function)(*arguments).call()

    @cached_property
    def redated_days(self) -> dict[int, int]:
        """Channels whose readings were re-dated, and by how many days."""
        from scripts._redated import redated_days

        return redated_days()

    @cached_property
    def policy(self) -> "SettlementPolicy":
        """How deep a block must lie to be final."""
        from ledger.errors import UsageError
        from ledger.settlement import SettlementPolicy

        configured = os.environ.get("WATERLINE_CONFIRMATIONS", "")
        if configured:
            if not (configured.isascii() and configured.isdigit()):
                raise UsageError(
                    f"WATERLINE_CONFIRMATIONS is {configured!r}, no number of blocks",
                    "set it to a number like 6, or leave it out",
                )
            return SettlementPolicy(int(configured))
        return SettlementPolicy.for_signers(len(self.chain.signers()))

    def say(self, text: str) -> None:
        """Talk, on stderr."""
        click.echo(text, err=True)

    def tell(self, document: Any, lines: Callable[[], Sequence[str]]) -> Any:
        """Data, on stdout: the document for programs, lines for people."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, default=plain))
        else:
            for line in lines():
                click.echo(line)
        return document


def session() -> Session:
    """The session of the command that runs."""
    found: Session = click.get_current_context().meta[SESSION]
    return found


def plain(value: Any) -> Any:
    """A value of the chain as JSON holds it."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def record_path() -> Path:
    """Where the deployment record lies."""
    return home() / "deployment.json"


def addresses_of(network: str | None) -> list[str]:
    """The nodes to talk to, the preferred one first: several addresses are joined by commas."""
    asked = network or os.environ.get("WATERLINE_NETWORK") or ""
    if "," not in asked:
        return [address_of(network)]
    return [address_of(one.strip()) for one in asked.split(",") if one.strip()]


def address_of(network: str | None) -> str:
    """The address of the node to talk to: as given, as set, or that of our own devnet."""
    from ledger.errors import BadRecord, ChainUnreachable

    asked = network or os.environ.get("WATERLINE_NETWORK")
    if asked:
        return asked if "/" in asked or asked.endswith(".ipc") else _ape_address(asked)
    record = home() / "devnet" / "devnet.json"
    try:
        return str(json.loads(record.read_text(encoding="utf-8"))["rpc_url"])
    except FileNotFoundError as error:
        raise ChainUnreachable(
            "no chain is named and none was started here",
            "start one with `waterline devnet up`, or give --network URL",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadRecord(
            f"{record} cannot be read: {error!r}", "`waterline devnet reset`"
        ) from error


def _ape_address(choice: str) -> str:
    """The node that ape-config.yaml names for a choice like ethereum:poa:node."""
    from ledger.errors import UsageError

    remedy = "give a URL, or a choice of ape-config.yaml like ethereum:poa:node"
    if ":" not in choice:
        raise UsageError(f"{choice!r} is neither a URL nor a network choice", remedy)
    ape = quiet_ape()
    try:
        return str(ape.networks.get_provider_from_choice(choice).uri)
    except Exception as error:
        raise UsageError(f"ape does not know the network {choice!r}: {error}", remedy) from error


def quiet_ape() -> Any:
    """ape, imported late, its log on stderr and only where something is wrong."""
    import logging

    from scripts._environment import prepare

    prepare()
    import ape
    from ape.logging import ApeColorFormatter, logger

    inner = logger._logger
    if not any(getattr(handler, "stream", None) is sys.stderr for handler in inner.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(ApeColorFormatter())
        inner.handlers[:] = [handler]
        logger.set_level(logging.ERROR)
    return ape


__all__ = [
    "PROJECT",
    "Failure",
    "Local",
    "Noun",
    "Read",
    "Session",
    "Write",
    "address_of",
    "addresses_of",
    "home",
    "plain",
    "quiet_ape",
    "record_path",
    "session",
    "told",
]
