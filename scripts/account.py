"""The accounts on this machine: address, balance, post and duties; keys that open permit files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._arguments import Account
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
def show(account: Account) -> Any:
    """Show one account, by alias or address."""
    from scripts._showing import facts
    from scripts._signing import address_of_account

    here = session()
    document = _account(here, account, address_of_account(account))
    return here.tell(document, lambda: facts(document.items()))


@app.write("encryption-key")
def encryption_key(
    key: Annotated[
        Path | None, typer.Option(help="The key's file; keys/ALIAS.pem of our folder if left out.")
    ] = None,
) -> Any:
    """Make the key that permit files for an organisation are encrypted to, and register it.

    Its private half stays in a file (0600) that the account's passphrase opens; a file that is
    there already is registered again. Earlier files stay readable with the earlier key: keep it.

    For example: waterline account encryption-key --account holder-1
    """
    from ledger.permit_files import make_key, open_key, public_bytes
    from scripts._encrypting import key_file
    from scripts._signing import passphrase_of

    here = session()
    path, words = key_file(here, key), passphrase_of(here.account, here.password_file)
    if path.exists():
        private = open_key(path, words)
    elif here.dry_run:
        here.say(f"would make {path}, and register its public half")
        return here.tell({"key_file": str(path)}, lambda: [])
    else:
        private = make_key(path, words)
        here.say(f"wrote {path}; whoever loses it can no longer read the files")
    public = public_bytes(private)
    return act("PermitSeals", "set_key", f"files are encrypted to {public.hex()}", public)


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
