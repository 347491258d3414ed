"""Put the contracts on a chain, or compare what stands there with the source."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._shared import Noun, Session, home, record_path, session

app = Noun(__doc__, default="contracts")


@dataclass(frozen=True)
class Pending:
    """A deployment that was signed, and perhaps sent, before the record could say more."""

    transaction: str
    address: str
    raw: str


@app.write("contracts")
def contracts(
    second: Annotated[str, typer.Option(help="The other administrator: signs confirmations.")],
    second_password_file: Annotated[Path | None, typer.Option(help="Its passphrase.")] = None,
) -> Any:
    """Deploy what is missing and list it in Authority; safe to run again after any interruption.

    For example: waterline deploy --account admin-1 --second admin-2
    """
    from scripts._compiled import compiled
    from scripts._proposing import jointly

    here = session()
    code = compiled()
    if here.dry_run:
        here.say(f"would deploy, and list in Authority: {', '.join(code)}; nothing was sent")
        return {}
    _deploy(here, code, second)
    acts = _unlisted(here)
    if acts:
        jointly(here, acts, second, second_password_file)
    return _show(here)


def _deploy(here: Session, code: dict[str, Any], second: str) -> None:
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
    left = _resumed(here, standing="Authority" in record.contracts)
    pending = {name: p for name, p in left.items() if name not in record.contracts}
    missing = [name for name in code if name not in record.contracts and name not in pending]
    if missing:
        pending |= _signed(here, missing, code, record, pending, second)
    for name, one in pending.items():
        receipt = wait_included(chain, one.transaction)
        record = record.with_contract(name, _standing(here, one, receipt, code[name]["abi"]))
        record.save(record_path())
        here.say(f"{name} stands at {one.address}")
    pending_path().unlink(missing_ok=True)


def _standing(here: Session, one: Pending, receipt: Any, abi: Any) -> Any:
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


def _signed(
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
    from rlp import encode  # type: ignore[import-untyped]

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


def _resumed(here: Session, standing: bool) -> dict[str, Pending]:
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
    return found if standing or "Authority" in found else {}


def _unlisted(here: Session) -> list[Any]:
    """The listings in Authority that are missing or point elsewhere."""
    from ledger.labels import label
    from scripts._proposing import Joint

    authority = here.contract("Authority").functions
    acts = []
    for name in here.ledger.deployment.contracts:
        address = here.contract(name).address
        if authority.contract_at(label(name)).call() != address:
            acts.append(Joint(authority.list_contract(label(name), address), f"list {name}"))
    return acts


def _show(here: Session) -> Any:
    from scripts._showing import table

    deployment = here.ledger.deployment
    document = {
        "chain_id": deployment.chain_id,
        "genesis_hash": deployment.genesis_hash,
        "start_block": deployment.start_block,
        "contracts": {
            name: {"address": c.address, "block": c.block, "transaction": c.transaction}
            for name, c in deployment.contracts.items()
        },
    }
    rows = [(name, c.address, c.block) for name, c in deployment.contracts.items()]
    return here.tell(document, lambda: table(rows, ("contract", "address", "block")))


@app.read("show")
def show() -> Any:
    """Show which contracts stand where."""
    return _show(session())


@app.read("verify")
def verify() -> Any:
    """Compare the code on the chain with the source, and the listing with the record."""
    from eth_utils import to_canonical_address

    from ledger.errors import Findings
    from ledger.labels import label
    from scripts._compiled import compiled

    here = session()
    authority = here.contract("Authority")
    findings, checked = [], []
    for name, made in compiled().items():
        try:
            address = here.contract(name).address
        except Exception as error:
            findings.append(f"{name}: {getattr(error, 'message', error)}")
            continue
        runtime = bytes.fromhex(made["runtime"].removeprefix("0x"))
        stored = bytes(here.chain.w3.eth.get_code(address))
        # what the constructor fixed stands behind the code: the address of Authority
        fixed = (
            b"" if name == "Authority" else to_canonical_address(authority.address).rjust(32, b"\0")
        )
        if stored != runtime + fixed:
            findings.append(f"{name}: the code at {address} is not that of the source")
        if authority.functions.contract_at(label(name)).call() != address:
            findings.append(f"{name}: Authority does not list {address}")
        checked.append(name)
    document = {"checked": checked, "findings": findings}
    here.tell(document, lambda: [f"{len(checked)} contracts compared.", *findings])
    if findings:
        raise Findings(f"{len(findings)} findings", "deploy again, or use the matching source")
    return document


cli = app.cli()
