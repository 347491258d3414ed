"""Making the files of a new chain: keys, keystores, the first block, the record."""

import json
import os
import time
from pathlib import Path

from devnet import keys, ports, record
from devnet.errors import DevnetError
from devnet.genesis import genesis
from devnet.options import Settings
from devnet.record import RPC_NODE, Member, Record

GENESIS_FILE = "genesis.json"
PASSWORD_FILE = "password"
OURS = ("signer-", RPC_NODE, PASSWORD_FILE, GENESIS_FILE, record.FILE, "lock")


def make(data_dir: Path, settings: Settings, accounts_dir: Path, rpc_port: int) -> Record:
    """Write the keys, the first block and the record; nothing runs yet."""
    passphrase = _passphrase(data_dir)
    addresses = {
        name: keys.operating_account(accounts_dir / f"{name}.json", passphrase)
        for name in settings.balances_wei
    }
    names = [f"signer-{number}" for number in range(1, settings.signers + 1)]
    *signing, serving = ports.free_ports(settings.signers + 1)
    members = [_signer(data_dir / name, port) for name, port in zip(names, signing, strict=True)]
    made = Record(
        chain_id=settings.chain_id,
        period_s=settings.period_s,
        gas_limit=settings.gas_limit,
        members=(*members, Member(RPC_NODE, serving, _node_key(data_dir / RPC_NODE), None)),
        rpc_port=rpc_port,
        accounts=addresses,
        accounts_dir=str(accounts_dir),
    )
    content = genesis(
        chain_id=settings.chain_id,
        signers=[member.address or "" for member in made.signers],
        period_s=settings.period_s,
        gas_limit=settings.gas_limit,
        balances_wei={addresses[name]: wei for name, wei in settings.balances_wei.items() if wei},
        at=int(time.time()) - settings.period_s,  # so that the first block is due at once
    )
    (data_dir / GENESIS_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    record.save(data_dir, made)
    return made


def refuse_foreign(data_dir: Path) -> None:
    """Refuse a folder that holds something other than what an interrupted start may leave."""
    if not data_dir.exists():
        return
    others = [one.name for one in data_dir.iterdir() if not one.name.startswith(OURS)]
    started = [str(path.parent.parent) for path in data_dir.glob("*/geth/chaindata")]
    if others or started:
        raise DevnetError(
            f"{data_dir} holds {' and '.join(sorted(others + started)[:3])}, but no {record.FILE}",
            "it is not a chain that was made here: choose another --data-dir, or empty the folder",
            "foreign_chain",
        )


def _passphrase(data_dir: Path) -> str:
    path = data_dir / PASSWORD_FILE
    if not path.exists():
        keys.write_private(path, keys.new_passphrase() + "\n")
    return path.read_text(encoding="utf-8").strip()


def _signer(folder: Path, port: int) -> Member:
    sealing, passphrase = keys.new_key(), keys.new_passphrase()
    keystores = folder / "keystore"
    if keystores.exists():
        for old in keystores.iterdir():
            old.unlink()
    keys.write_private(folder / "password", passphrase + "\n")
    keys.write_keystore(keystores / f"{folder.name}.json", sealing, passphrase)
    return Member(folder.name, port, _node_key(folder), sealing.address)


def _node_key(folder: Path) -> str:
    key = keys.new_key()
    keys.write_private(folder / "geth" / "nodekey", key.secret.hex())
    os.chmod(folder, 0o700)
    return key.node_id
