"""Permit files that only named organisations can read: encrypted and anchored, and opened."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act_on
from scripts._arguments import PermitNumber
from scripts._shared import Local, Noun, Session, home, session

app = Noun(__doc__)

ENCRYPTED = 1  # kind of a file, as PermitSeals numbers them
Output = Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")]


def key_file(here: Session, given: Path | None) -> Path:
    """Where an account's encryption key lies."""
    return given or home() / "keys" / f"{here.account}.pem"


@app.write("encrypt")
def encrypt(
    file: Annotated[Path, typer.Argument(help="The permit file.")],
    permit: Annotated[str, typer.Option(help="Number of the permit.")],
    recipient: Annotated[list[str], typer.Option(help="Organisations that can read it.")],
    output: Output,
) -> Any:
    """Encrypt a permit file to organisations, and anchor its hash with their keys.

    For example: waterline permit encrypt permit.pdf --permit C990100S2026-0001 --recipient
    91990100000003017N -o permit.pdf.hpke --account officer-3
    """
    from ledger.permit_files import encrypt as encrypted
    from scripts._permits import document_hash, permit_by_number
    from scripts._sealing import keys_of

    here = session()
    _, known = permit_by_number(here, permit)
    if document_hash(file) != known["document_hash"]:
        here.say(f"Note: {file} is not the document that the permit's last version names.")
    keys = keys_of(here, recipient)
    raw = encrypted(_read(file), known["number"], keys)
    if not here.dry_run:
        _write(output, raw)
    says = f"anchor {output.name}, which {', '.join(recipient)} can read, to {known['number']}"
    arguments = ENCRYPTED, _hash(raw), "", keys
    return act_on("PermitSeals", permit, "anchor", says, *arguments)


@app.command("decrypt", cls=Local)
def decrypt(
    file: Annotated[Path, typer.Argument(help="What `permit encrypt` wrote.")],
    output: Output,
    account: Annotated[str, typer.Option(help="Whose key: the alias it was made for.")] = "",
    key: Annotated[Path | None, typer.Option(help="The key's file, if it lies elsewhere.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="Its passphrase, in a file only you can read.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """Open an encrypted permit file with the key of a recipient; needs no chain.

    For example: waterline permit decrypt permit.pdf.hpke -o permit.pdf --account holder-1
    """
    import json

    from ledger.permit_files import decrypt as decrypted
    from ledger.permit_files import open_key
    from scripts._signing import passphrase_of

    here = Session(account=account or None)
    alias = account or (key.stem if key else None)
    words = passphrase_of(alias, password_file)
    raw = _read(file)
    number, content = decrypted(raw, open_key(key_file(here, key), words))
    _write(output, content)
    document = {"permit": number, "file_sha256": "0x" + _hash(raw).hex(), "output": str(output)}
    typer.echo(json.dumps(document) if as_json else f"{number}: {output}")
    return document


@app.read("files")
def files(number: PermitNumber) -> Any:
    """List the files that are anchored to a permit, with their hashes and who can read them.

    For example: waterline permit files C990100S2026-0001
    """
    from scripts._showing import local_of, table

    here = session()
    document = files_document(here, number)
    rows = [
        (
            one["file_sha256"],
            f"sealed by {one['issuer']}" if one["issuer"] else ", ".join(one["recipients"]),
            local_of(one["anchored_at"]),
        )
        for one in document
    ]
    return here.tell(document, lambda: table(rows, ("sha256", "for", "anchored")))


def files_document(here: Session, number: str) -> list[dict[str, Any]]:
    """The files of a permit for programs; a key that was replaced since is shown as it is."""
    from ledger.structs import every, read
    from scripts._permits import permit_by_number
    from scripts._showing import utc

    permit_id, _ = permit_by_number(here, number)
    names = {
        bytes(read(here.ledger, "PermitSeals", "key_of", org_id)): org["name"]
        for org_id, org in every(here.ledger, "Authority", "org", "org_count")
    }
    found = []
    for one in range(1, read(here.ledger, "PermitSeals", "file_count", permit_id) + 1):
        raw = read(here.ledger, "PermitSeals", "file", permit_id, one)
        keys = [bytes(key) for key in raw["recipients"]]
        found.append(
            {
                "file_sha256": "0x" + bytes(raw["file_hash"]).hex(),
                "issuer": raw["issuer"] or None,
                "recipients": [names.get(key, "0x" + key.hex()) for key in keys],
                "anchored_at": utc(raw["anchored_at"]),
            }
        )
    return found


def _hash(raw: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(raw).digest()


def _read(path: Path) -> bytes:
    from ledger.errors import NotFound, UsageError

    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"no file at {path}", "check the name") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}", "name a file") from error


def _write(path: Path, raw: bytes) -> None:
    """Write a new file that only its owner may read; the original must not go with a slip of -o."""
    import os

    from ledger.errors import UsageError

    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(raw)
    except FileExistsError as error:
        raise UsageError(
            f"{path} exists", "name another file with -o; nothing is overwritten"
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}", "name another file") from error
