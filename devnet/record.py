"""What is written down about a chain: `devnet.json`, so that the same chain can go on."""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from devnet.errors import DevnetError
from devnet.ports import LOOPBACK

FILE = "devnet.json"
FORMAT = 1
RPC_NODE = "rpc"


@dataclass(frozen=True, slots=True)
class Member:
    """One node: a signer with its account, or the node without keys that serves RPC."""

    name: str
    port: int  # where its peers find it
    node_id: str
    address: str | None  # the account it seals with

    @property
    def enode(self) -> str:
        """The URL by which peers know it."""
        return f"enode://{self.node_id}@{LOOPBACK}:{self.port}"


@dataclass(frozen=True, slots=True)
class Record:
    """A chain as it was made, and where it is reached."""

    chain_id: int
    period_s: int
    gas_limit: int
    members: tuple[Member, ...]
    rpc_port: int
    accounts: dict[str, str]
    accounts_dir: str
    genesis_hash: str | None = None  # known once the first node has run
    client: str = ""

    @property
    def rpc_url(self) -> str:
        """Where tools reach the chain."""
        return f"http://{LOOPBACK}:{self.rpc_port}"

    @property
    def signers(self) -> tuple[Member, ...]:
        """The nodes that seal blocks."""
        return tuple(member for member in self.members if member.address is not None)

    def with_ports(self, ports: dict[str, int], rpc_port: int) -> "Record":
        """The same chain, reached through other ports."""
        members = tuple(
            replace(member, port=ports.get(member.name, member.port)) for member in self.members
        )
        return replace(self, members=members, rpc_port=rpc_port)


def load(data_dir: Path) -> Record | None:
    """The record in a folder, or None where no chain was made."""
    path = data_dir / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _unreadable(path, f"not of format {FORMAT}")
    try:
        return _record(content)
    except (KeyError, TypeError) as error:
        raise _unreadable(path, f"{error} is missing or wrong") from error


def save(data_dir: Path, record: Record) -> None:
    """Write the record, whole or not at all."""
    content = {
        "format": FORMAT,
        "consensus": "clique",
        "rpc_url": record.rpc_url,
        **asdict(record),
        "ports": {"http": record.rpc_port} | {one.name: one.port for one in record.members},
    }
    path = data_dir / FILE
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _record(content: dict[str, Any]) -> Record:
    names = (
        "chain_id",
        "period_s",
        "gas_limit",
        "rpc_port",
        "accounts",
        "accounts_dir",
        "genesis_hash",
        "client",
    )
    members = tuple(Member(**member) for member in content["members"])
    return Record(members=members, **{name: content[name] for name in names})


def _unreadable(path: Path, why: str) -> DevnetError:
    return DevnetError(
        f"{path} cannot be read: {why}",
        "restore the file, or remove its folder and start a new chain with another --data-dir",
        "bad_record",
    )
