"""Seals, files and sight of permits: sealed, exported, checked with or without the chain."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act, act_on
from scripts._arguments import PermitNumber
from scripts._shared import Local, Noun, Session, session

app = Noun(__doc__)


@app.write("seal")
def seal(
    number: PermitNumber,
    version: Annotated[int, typer.Option(help="Which version; the last if left out.")] = 0,
) -> Any:
    """Put the officer's own signature under a version of a permit.

    For example: waterline permit seal C990100S2026-0001 --account officer-3
    """
    from ledger.seals import message
    from scripts._permits import permit_by_number
    from scripts._signing import open_account

    here = session()
    permit_id, permit = permit_by_number(here, number)
    chosen = version or permit["versions"]
    face = here.view("PermitSeals", "face_hash", permit_id, chosen)
    contract = here.contract("PermitSeals").address
    signed = message(here.chain.chain_id, contract, permit["number"], chosen, face)
    signature = open_account(here.account, here.password_file).sign_message(signed)
    says = f"seal version {chosen} of {permit['number']}"
    return act("PermitSeals", "seal", says, permit_id, chosen, signature)


@app.read("export")
def export(
    number: PermitNumber,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")],
    version: Annotated[int, typer.Option(help="Which version; the last if left out.")] = 0,
) -> Any:
    """Write a permit's face and its seal to a file that anybody can check.

    For example: waterline permit export C990100S2026-0001 -o permit.json
    """
    import json

    from ledger.errors import NotFound, UsageError
    from ledger.seals import LIMIT, TERMS
    from ledger.structs import read
    from scripts._permits import permit_by_number

    here = session()
    permit_id, permit = permit_by_number(here, number)
    chosen = version or permit["versions"]
    sealed = read(here.ledger, "PermitSeals", "seal_of", permit_id, chosen)
    if not sealed["sealed_at"]:
        raise NotFound(
            f"version {chosen} of {permit['number']} is not sealed", "`waterline permit seal`"
        )
    terms = read(here.ledger, "PermitRegistry", "terms", permit_id, chosen)
    limits = read(here.ledger, "PermitRegistry", "limits", permit_id)
    document = {
        "chain_id": here.chain.chain_id,
        "genesis_hash": here.chain.genesis_hash,
        "contract": here.contract("PermitSeals").address,
        "number": permit["number"],
        "version": chosen,
        "kind": permit["kind"],
        "holder": permit["holder"],
        "terms": _written(terms, TERMS),
        "limits": [_written(one, LIMIT) for one in limits],
        "sealed_by": sealed["by"],
        "signature": "0x" + bytes(sealed["signature"]).hex(),
    }
    try:
        output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error}", "name another file") from error
    return here.tell(document, lambda: [f"{permit['number']}, version {chosen}: {output}"])


def _written(found: dict[str, Any], fields: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Fields of a struct as a file has them."""
    from scripts._shared import plain

    return {
        name: plain(found[name]) if isinstance(found[name], bytes) else found[name]
        for name, _ in fields
    }


@app.read("check")
def check(file: Annotated[Path, typer.Argument(help="What `permit export` wrote.")]) -> Any:
    """Say whether an exported permit is genuine and what it is worth now.

    The verdict: valid, suspended, expired, revoked ..., altered, or unknown.

    For example: waterline permit check permit.json
    """
    from ledger.errors import Findings
    from scripts._permits import checked

    here = session()
    document = checked(here, file)
    here.tell(document, lambda: [f"{document['number']}: {document['verdict']}", document["says"]])
    if document["verdict"] != "valid":
        raise Findings(f"{document['number']} is {document['verdict']}", document["says"])
    return document


@app.command("check-offline", cls=Local)
def check_offline(
    file: Annotated[Path, typer.Argument(help="What `permit export` wrote.")],
    officer: Annotated[str, typer.Option(help="The address whose seal it must bear.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """Say whether an exported permit bears an officer's seal, without any chain.

    What it is worth now only the chain can say.

    For example: waterline permit check-offline permit.json --officer
    0x0000000000000000000000000000000000000001
    """
    import json

    from ledger.errors import Findings
    from ledger.seals import signer_of
    from scripts._files import whole

    signer = signer_of(whole(file))
    genuine = signer.lower() == officer.lower()
    document = {"genuine": genuine, "signer": signer}
    typer.echo(json.dumps(document) if as_json else f"signed by {signer}")
    if not genuine:
        raise Findings(f"{file} does not bear the seal of {officer}", "altered, or another's seal")
    return document


@app.write("anchor")
def anchor(
    number: PermitNumber,
    file: Annotated[Path, typer.Argument(help="The file; its hash only.")],
    issuer: Annotated[str, typer.Option(help="Who sealed it elsewhere.")] = "",
    recipient: Annotated[
        list[str] | None, typer.Option(help="Organisations it is encrypted to.")
    ] = None,
) -> Any:
    """Anchor a file that belongs to a permit: encrypted, or sealed by another system.

    For example: waterline permit anchor C990100S2026-0001 national.pdf --issuer 'national platform'
    --account officer-3
    """
    from scripts._permits import document_hash

    keys = keys_of(session(), recipient or [])
    kind = 1 if keys else 2
    says = f"anchor {file.name} to {number}"
    return act_on("PermitSeals", number, "anchor", says, kind, document_hash(file), issuer, keys)


@app.write("set-key")
def set_key(
    key: Annotated[str, typer.Argument(help="X25519 public key, 64 hexadecimal digits.")],
) -> Any:
    """Set the key that permit files for the caller's organisation are encrypted to.

    For example: waterline permit set-key
    0000000000000000000000000000000000000000000000000000000000000009 --account holder-1
    """
    from ledger.errors import UsageError

    try:
        raw = bytes.fromhex(key.removeprefix("0x"))
    except ValueError as error:
        raise UsageError(f"{key!r} is no key", "give 64 hexadecimal digits") from error
    if len(raw) != 32:
        raise UsageError(f"{key!r} has {len(raw)} bytes, not 32", "give an X25519 public key")
    return act("PermitSeals", "set_key", "set the organisation's key", raw)


@app.write("grant-sight")
def grant_sight(
    number: PermitNumber,
    reader: Annotated[str, typer.Argument(help="Account or address that may see it.")],
    until: Annotated[str, typer.Option(help="Until when; ended at once if left out.")] = "",
) -> Any:
    """Let an account see a permit's non-public side for a time, as its holder.

    For example: waterline permit grant-sight C990100S2026-0001 officer-2 --until 2026-12-31
    --account holder-1
    """
    from scripts._permits import date_of
    from scripts._signing import address_of_account

    says = f"{reader} may see {number} until {until or 'now'}"
    arguments = address_of_account(reader), date_of(until)
    return act_on("PermitSeals", number, "grant_sight", says, *arguments)


def keys_of(here: Session, organisations: list[str]) -> list[bytes]:
    """The keys that files for organisations are encrypted to; NotFound for one that set none."""
    from ledger.errors import NotFound
    from scripts._requests import org_by_code

    keys = []
    for name in organisations:
        org_id, _ = org_by_code(here, name)
        key = here.view("PermitSeals", "key_of", org_id)
        if not any(key):
            raise NotFound(f"{name} has set no key", "`waterline account encryption-key`")
        keys.append(bytes(key))
    return keys
