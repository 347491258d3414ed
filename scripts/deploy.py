"""Put the contracts on a chain, or compare what stands there with the source."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.errors import UsageError
from scripts._shared import Noun, Session, session

app = Noun(__doc__, default="contracts")


@app.write("contracts")
def contracts(
    second: Annotated[str, typer.Option(help="The other administrator: signs confirmations.")],
    second_password_file: Annotated[Path | None, typer.Option(help="Its passphrase.")] = None,
) -> Any:
    """Deploy what is missing and list it in Authority; safe to run again after any interruption.

    For example: waterline deploy --account admin-1 --second admin-2
    """
    from scripts._compiled import compiled
    from scripts._deploying import deploy_missing
    from scripts._proposing import jointly

    here = session()
    code = compiled()
    if here.dry_run:
        here.say(f"would deploy, and list in Authority: {', '.join(code)}; nothing was sent")
        return {}
    deploy_missing(here, code, second)
    acts = _unlisted(here)
    if acts:
        jointly(here, acts, second, second_password_file)
    return _show(here)


@app.write("replace")
def replace(
    name: Annotated[str, typer.Argument(help="A book of meters or gauges.")],
    second: Annotated[str, typer.Option(help="The other administrator: signs confirmations.")],
    second_password_file: Annotated[Path | None, typer.Option(help="Its passphrase.")] = None,
) -> Any:
    """Put a new book in the place of one; safe to run again after any interruption.

    Its lanes must be halted before. The old book stays, is listed as NAME.1 and proves its batches;
    `waterline deploy adopt NAME` then has the new one take over what it counted.

    For example: waterline deploy replace QuotaTracker --account admin-1 --second admin-2
    """
    from scripts._compiled import compiled
    from scripts._deploying import deploy_anew
    from scripts._proposing import jointly
    from scripts._replacing import is_adopted, is_listed, require_book, require_halted

    here = session()
    require_book(name)
    if is_listed(here.ledger, name):
        if not is_adopted(here.ledger, name):
            raise UsageError(
                f"{name} has not taken over the one before",
                f"first: `waterline deploy adopt {name}`",
            )
        require_halted(here.ledger, name)
        if here.dry_run:
            former = here.ledger.deployment.next_former(name)
            here.say(f"would deploy {name}, and list the present one as {former}; nothing was sent")
            return {}
        deploy_anew(here, name, compiled(), second)
        del here.ledger  # of the record as it was
    acts = _unlisted(here)
    if acts:
        jointly(here, acts, second, second_password_file)
    return _show(here)


@app.write("adopt")
def adopt(
    name: Annotated[str, typer.Argument(help="A book of meters or gauges.")],
    page: Annotated[int, typer.Option(help="Channels or accounts of one page.", max=200)] = 50,
) -> Any:
    """Have a new book take over the channels, accounts and lanes of the one it replaced, in pages.

    Run again, it goes on with the next page. At the end both books answer alike, or it is refused;
    the lanes then wait for `waterline lane resume`.

    For example: waterline deploy adopt QuotaTracker --account keeper-1
    """
    from scripts._replacing import adopt as take_over
    from scripts._replacing import require_book

    here = session()
    require_book(name)
    document = take_over(here, name, page)
    return here.tell(document, lambda: [])


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
