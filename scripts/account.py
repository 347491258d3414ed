"""The accounts on this machine: address, balance, post and duties."""

from typing import Any

from scripts._shared import Noun, Session, session

app = Noun(__doc__)


@app.read("list")
def list_() -> Any:
    """List the accounts of ape's folder."""
    from scripts._showing import table
    from scripts._signing import aliases

    here = session()
    document = [_account(here, alias, address) for alias, address in aliases().items()]
    rows = [(a["alias"], a["address"], f"{a['ether']} ether", a["post"] or "-") for a in document]
    return here.tell(document, lambda: table(rows, ("account", "address", "balance", "post")))


@app.read("show")
def show(account: str) -> Any:
    """Show one account, by alias or address."""
    from scripts._showing import facts
    from scripts._signing import address_of_account

    here = session()
    document = _account(here, account, address_of_account(account))
    return here.tell(document, lambda: facts(document.items()))


def _account(here: Session, alias: str, address: str) -> dict[str, Any]:
    from decimal import Decimal

    from ledger.duties import words
    from ledger.errors import NotFound
    from scripts._requests import post_title

    wei = int(here.chain.w3.eth.get_balance(address))  # type: ignore[arg-type]
    told: dict[str, Any] = {
        "alias": alias,
        "address": address,
        "ether": f"{(Decimal(wei) / 10**18).quantize(Decimal('0.0001'))}",
        "post": None,
        "duties": [],
    }
    try:
        post = here.view("Authority", "post_of", address)
    except NotFound:  # nothing is deployed yet: an account is only an account
        return told
    told["post"] = post_title(here, post) if post else None
    told["duties"] = words(here.view("Authority", "duties_of", address))
    return told


cli = app.cli()
