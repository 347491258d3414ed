"""A real proof-of-authority chain on this machine: start, stop, look after it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts._shared import Local, Noun, home

if TYPE_CHECKING:
    from devnet import Devnet, Status

app = Noun(__doc__)

UNREACHABLE = 5
FINDINGS = 6

DataDir = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Where the chain lives; else devnet in the state folder."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command(cls=Local)
def up(
    signers: Annotated[
        int | None, typer.Option(help="How many seal blocks; 3 when the chain is made.")
    ] = None,
    period: Annotated[
        int | None, typer.Option(help="Seconds between blocks; 2 when the chain is made.")
    ] = None,
    gas_limit: Annotated[
        int | None, typer.Option(help="Gas of a block; 60000000 when the chain is made.")
    ] = None,
    chain_id: Annotated[
        int | None, typer.Option(help="A random one when the chain is made.")
    ] = None,
    accounts: Annotated[
        str | None,
        typer.Option(metavar="NAME[:ETHER],...", help="Operating accounts, funded at the start."),
    ] = None,
    accounts_dir: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Their keystores; else ape's accounts.")
    ] = None,
    rpc_port: Annotated[
        int | None, typer.Option(help="8545 when the chain is made; 0 for any free one.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> Any:
    """Start whatever does not run, making the chain if there is none."""
    status = _devnet(data_dir).up(
        accounts_dir=accounts_dir or home() / "ape" / "accounts",
        signers=signers,
        period_s=period,
        gas_limit=gas_limit,
        chain_id=chain_id,
        accounts=accounts.split(",") if accounts else None,
        rpc_port=rpc_port,
        progress=_say,
    )
    return _tell(status, as_json)


@app.command(cls=Local)
def down(data_dir: DataDir = None, as_json: Json = False) -> Any:
    """Stop every node and wait until each has written its state down."""
    net = _devnet(data_dir)
    net.down(_say)
    return _done({"data_dir": str(net.data_dir), "running": False}, "Stopped.", as_json)


@app.command(cls=Local)
def status(data_dir: DataDir = None, as_json: Json = False) -> Any:
    """Show each node, the head and its age; exit code 6 when the chain stands still."""
    found = _devnet(data_dir).status()
    _tell(found, as_json)
    if found.stalled or not found.rpc.alive:
        # click would hand its own Exit back to the caller as a value
        raise SystemExit(FINDINGS if found.stalled else UNREACHABLE)
    return found.as_json()


@app.command(cls=Local)
def reset(data_dir: DataDir = None, as_json: Json = False) -> Any:
    """Stop the chain and remove it; the operating accounts stay."""
    net = _devnet(data_dir)
    net.reset(_say)
    return _done({"data_dir": str(net.data_dir), "chain": None}, "Removed.", as_json)


@app.command(cls=Local)
def unstall(data_dir: DataDir = None, as_json: Json = False) -> Any:
    """Take every node back a few blocks, when signers run but do not agree."""
    return _tell(_devnet(data_dir).unstall(_say), as_json)


@app.command(cls=Local)
def logs(
    node: Annotated[
        str | None, typer.Option(metavar="N", help="A signer's number, or rpc; else all.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until interrupted.")
    ] = False,
    lines: Annotated[int, typer.Option(min=0, help="How many of each to begin with.")] = 20,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> Any:
    """Show the ends of the nodes' logs."""
    from devnet import logs as reading

    net = _devnet(data_dir)
    nodes = [net.node(node)] if node else net.nodes()
    ends = {one.name: reading.last_lines(one, lines) for one in nodes}
    if as_json:
        typer.echo(json.dumps(ends, ensure_ascii=False))
        return ends
    for name, end in ends.items():
        for line in end:
            typer.echo(f"{name}  {line}")
    if follow:
        for name, line in reading.follow(nodes):
            typer.echo(f"{name}  {line}")
    return ends


@app.command(cls=Local)
def build(as_json: Json = False) -> Any:
    """Find the chain client, or build it from the pinned sources."""
    from devnet import client

    found = client.find_or_build(_say)
    told = {
        "path": str(found.path),
        "version": found.version,
        "sha256": client.checksum(found.path),
    }
    return _done(told, f"geth {found.version}: {found.path}", as_json)


def _devnet(data_dir: Path | None) -> "Devnet":
    from devnet import Devnet

    return Devnet(data_dir or home() / "devnet")


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _done(document: dict[str, Any], line: str, as_json: bool) -> dict[str, Any]:
    typer.echo(json.dumps(document) if as_json else line)
    return document


def _tell(status: "Status", as_json: bool) -> dict[str, Any]:
    document = status.as_json()
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        for line in _lines(status):
            typer.echo(line)
    return document


def _lines(status: "Status") -> list[str]:
    from scripts._showing import table

    age = "-" if status.head_age_s is None else f"{status.head_age_s} s ago"
    if not status.running:
        state = "does not run; `waterline devnet up` starts it"
    elif status.stalled:
        state = f"STANDS STILL: {status.way_out}"
    else:
        state = "runs"
    rows = [
        (one.name, _state(one), _or_dash(one.head), _or_dash(one.last_sealed), _or_dash(one.peers))
        for one in status.signers
    ]
    rows.append(
        ("rpc", _state(status.rpc), _or_dash(status.rpc.head), "-", _or_dash(status.rpc.peers))
    )
    notes = [(one.name, one.note) for one in status.signers] + [("rpc", status.rpc.note)]
    return [
        f"chain {status.chain_id} ({status.consensus}, a block every {status.period_s} s) {state}",
        f"head {_or_dash(status.head)}, {age}; RPC at {status.rpc_url}",
        f"client {status.client}",
        *table(rows, ("node", "process", "head", "last sealed", "peers")),
        *(f"{name}: {note}" for name, note in notes if note and status.running),
    ]


def _state(one: Any) -> str:
    return f"{one.pid}" if one.alive else "dead"


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


cli = app.cli()
