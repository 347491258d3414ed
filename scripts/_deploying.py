"""Deployments: written down before they are sent, taken up again after an interruption."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts._shared import Session, home, record_path


@dataclass(frozen=True)
class Pending:
    """A deployment that was signed, and perhaps sent, before the record could say more."""

    transaction: str
    address: str
    raw: str


def deploy_missing(here: Session, code: dict[str, Any], second: str) -> None:
    """Deploy the missing contracts, writing down each before it is sent and after it stands."""
    from ledger.deployment import Deployment
    from ledger.errors import NotFound
    from ledger.transactions import wait_included

    chain, head = here.chain, here.chain.head()
    try:
        record = Deployment.load(record_path())
        record.require(chain)
    except NotFound:
        record = Deployment(chain.chain_id, chain.genesis_hash, head.number)
        record.save(record_path())
    left = resumed(here, has_authority="Authority" in record.contracts)
    pending = {name: p for name, p in left.items() if name not in record.contracts}
    missing = [name for name in code if name not in record.contracts and name not in pending]
    if missing:
        pending |= signed(here, missing, code, record, pending, second)
    for name, one in pending.items():
        receipt = wait_included(chain, one.transaction)
        record = record.with_contract(name, standing(here, one, receipt, code[name]["abi"]))
        record.save(record_path())
        here.say(f"{name} stands at {one.address}")
    pending_path().unlink(missing_ok=True)


def deploy_anew(here: Session, name: str, code: dict[str, Any], second: str) -> None:
    """Deploy another contract for a recorded name; the one before becomes NAME.1 and so on."""
    from ledger.deployment import Deployment
    from ledger.transactions import wait_included

    record = Deployment.load(record_path())
    left = resumed(here, has_authority=True)
    if name in left and left[name].address == record.contracts[name].address:
        pending_path().unlink()  # stands and is recorded: only this was left to do
        return
    one = left.get(name) or signed(here, [name], code, record, {}, second)[name]
    receipt = wait_included(here.chain, one.transaction)
    former = record.next_former(name)
    record = record.with_contract(former, record.contracts[name])
    record = record.with_contract(name, standing(here, one, receipt, code[name]["abi"]))
    record.save(record_path())
    pending_path().unlink(missing_ok=True)
    here.say(f"{name} stands at {one.address}; the one before is {former}")


def standing(here: Session, one: Pending, receipt: Any, abi: Any) -> Any:
    from eth_utils import keccak

    from ledger.deployment import Deployed
    from ledger.errors import WaterlineError

    address = str(receipt["contractAddress"])
    if address.lower() != one.address.lower():
        raise WaterlineError(
            f"{one.transaction} made {address}, not {one.address}", "deploy with a fresh account"
        )
    runtime = bytes(here.chain.w3.eth.get_code(receipt["contractAddress"]))
    return Deployed(
        address, abi, "0x" + keccak(runtime).hex(), one.transaction, int(receipt["blockNumber"])
    )


def signed(
    here: Session,
    missing: list[str],
    code: dict[str, Any],
    record: Any,
    pending: dict[str, Pending],
    second: str,
) -> dict[str, Pending]:
    """Sign all deployments, write them down, then send them in one run of nonces."""
    import click
    from eth_utils import keccak, to_canonical_address, to_checksum_address
    from rlp import encode

    from ledger.transactions import Sent, broadcast, fees, gas_for, next_nonce, sign_call
    from scripts._signing import address_of_account, open_account

    chain = here.chain
    signer = open_account(here.account, here.password_file)
    other = address_of_account(second)
    first_nonce, fee = next_nonce(chain, signer.address), fees(chain)
    addresses = {
        name: to_checksum_address(
            keccak(encode([to_canonical_address(signer.address), first_nonce + i]))[12:]
        )
        for i, name in enumerate(missing)
    }
    known = {name: c.address for name, c in record.contracts.items()}
    known |= {name: p.address for name, p in pending.items()} | addresses
    sent: dict[str, Sent] = {}
    for i, name in enumerate(missing):
        bound = chain.w3.eth.contract(abi=code[name]["abi"], bytecode=code[name]["bytecode"])
        parties = (signer.address, other) if name == "Authority" else (known["Authority"],)
        call = bound.constructor(*parties)
        gas = gas_for(chain, signer.address, call)
        here.say(f"{signer.alias} deploys {name} at {addresses[name]}")
        sent[name] = sign_call(chain, signer, call, gas=gas, nonce=first_nonce + i, fee=fee)
    made = {
        name: Pending(one.hash, addresses[name], "0x" + one.raw.hex()) for name, one in sent.items()
    }
    _write_pending(here, pending | made)
    for one in sent.values():
        broadcast(chain, one)
        click.echo(one.hash, err=here.as_json)
    return made


def pending_path() -> Path:
    """Where deployments are written down before they are sent."""
    return home() / "deploying.json"


def _write_pending(here: Session, pending: dict[str, Pending]) -> None:
    path = pending_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    content = {
        "genesis_hash": here.chain.genesis_hash,
        "contracts": {name: asdict(one) for name, one in pending.items()},
    }
    half.write_text(json.dumps(content), encoding="utf-8")
    half.replace(path)


def resumed(here: Session, has_authority: bool) -> dict[str, Pending]:
    """What an interrupted run left: sent again where it still can be, forgotten where it cannot."""
    from web3.exceptions import Web3RPCError

    from ledger.transactions import Sent, broadcast, receipt_of

    try:
        content = json.loads(pending_path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if content["genesis_hash"] != here.chain.genesis_hash:
        return {}
    found = {}
    for name, fields in content["contracts"].items():
        one = Pending(**fields)
        if receipt_of(here.chain, one.transaction) is None:
            try:
                raw = bytes.fromhex(one.raw[2:])
                broadcast(here.chain, Sent(one.transaction, "", 0, raw))
            except Web3RPCError:
                continue  # its nonce was used otherwise: it can never stand, and is signed anew
        here.say(f"{name}: continuing with {one.transaction}")
        found[name] = one
    # the others were told where Authority would stand: without it they are worth nothing
    return found if has_authority or "Authority" in found else {}
