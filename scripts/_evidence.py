"""Evidence of incidents and violations: items, custody, and where the list was frozen."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
File = Annotated[int, typer.Argument(help="Number of the file.")]
Label = Annotated[str, typer.Option(help="What it is called; only its hash goes on chain.")]
CONTRACT = "Evidence"
SUBJECTS = {1: "incident", 2: "violation"}
ITEM_KINDS = {1: "reading", 2: "document", 3: "report"}


@app.write("open")
def open_(
    subject: Annotated[str, typer.Argument(help="incident or violation")],
    number: Annotated[int, typer.Argument(help="Its number.")],
) -> Any:
    """Open the file of an incident or a violation; whoever opens it has it in custody.

    For example: waterline incident evidence open incident 1 --account officer-1
    """
    from ledger.errors import UsageError
    from scripts._showing import number_of

    kind = number_of(SUBJECTS, subject)
    if kind is None:
        raise UsageError(f"unknown subject {subject!r}", "use incident or violation")
    says = f"open the file of {subject} {number}"
    return act(CONTRACT, "open_file", says, kind, number, numbered="file_id")


@app.write("add-reading")
def add_reading(
    file: File,
    proof: Annotated[Path, typer.Argument(help="A proof that `verify reading -o` exported.")],
    label: Label = "",
) -> Any:
    """Add a reading by its exported proof; the chain checks it again.

    For example: waterline incident evidence add-reading 1 proof.json --account officer-1
    """
    from ledger.labels import label as label_of
    from oracle.proofs import load

    one = load(proof)
    siblings = [_bytes(sibling) for sibling in one.siblings]
    hashes = _bytes(one.root), _bytes(one.words_hash), _bytes(one.leaf)
    place = label_of(one.contract), one.lane, one.batch
    says = f"add {one.device} {one.parameter} of batch {one.batch} to file {file}"
    arguments = file, *place, *hashes, siblings, _label_hash(label)
    return act(CONTRACT, "add_reading", says, *arguments)


@app.write("add-document")
def add_document(
    file: File,
    document: Annotated[Path, typer.Argument(help="The document; its hash only.")],
    label: Label,
) -> Any:
    """Add a document by its hash.

    For example: waterline incident evidence add-document 1 photo.jpg --label 'foam at the outfall'
    --account officer-1
    """
    from scripts._permits import document_hash

    arguments = file, document_hash(document), _label_hash(label)
    return act(CONTRACT, "add_document", f"add {document.name} to file {file}", *arguments)


@app.write("add-report")
def add_report(
    file: File,
    report: Annotated[int, typer.Argument(help="Number of a confirmed laboratory report.")],
    label: Label = "",
) -> Any:
    """Add a confirmed laboratory report.

    For example: waterline incident evidence add-report 1 3 --account officer-1
    """
    says = f"add laboratory report {report} to file {file}"
    return act(CONTRACT, "add_report", says, file, report, _label_hash(label))


@app.write("hand-over")
def hand_over(
    file: File, to: Annotated[str, typer.Option(help="The account that is to receive it.")]
) -> Any:
    """Offer the custody of a file; it passes once the receiver accepts it.

    For example: waterline incident evidence hand-over 1 --to officer-3 --account officer-1
    """
    from scripts._signing import address_of_account

    says = f"offer the custody of file {file} to {to}"
    return act(CONTRACT, "offer_custody", says, file, address_of_account(to))


@app.write("accept")
def accept(file: File) -> Any:
    """Accept the custody of a file one was offered.

    For example: waterline incident evidence accept 1 --account officer-3
    """
    return act(CONTRACT, "accept_custody", f"take file {file} into custody", file)


@app.write("freeze")
def freeze(file: File) -> Any:
    """Close the list of a file for good; what is added later is marked as a supplement.

    For example: waterline incident evidence freeze 1 --account officer-1
    """
    return act(CONTRACT, "freeze", f"freeze file {file}", file)


@app.read("list")
def list_() -> Any:
    """List the evidence files.

    For example: waterline incident evidence list
    """
    from scripts._showing import local_of, table

    here = session()
    found = [_file(here, n) for n in range(1, here.view(CONTRACT, "file_count") + 1)]
    rows = [
        (one["file"], one["subject"], one["items"], one["custodian"], local_of(one["frozen_at"]))
        for one in found
    ]
    return here.tell(found, lambda: table(rows, ("", "of", "items", "in custody of", "frozen")))


@app.read("show")
def show(file: File) -> Any:
    """Show a file's items and its chain of custody.

    For example: waterline incident evidence show 1
    """
    here = session()
    one = document(here, file)
    return here.tell(one, lambda: lines(one))


def document(here: Session, number: int) -> dict[str, Any]:
    """A file with its items and its chain of custody."""
    from ledger.errors import NotFound
    from ledger.structs import read

    if not 0 < number <= here.view(CONTRACT, "file_count"):
        raise NotFound(f"no file {number}", "list them with `waterline incident evidence list`")
    one = _file(here, number)
    items = [_item(here, number, n) for n in range(1, one["items"] + 1)]
    custody = [
        _handover(here, read(here.ledger, CONTRACT, "handover", number, n))
        for n in range(1, one["handovers"] + 1)
    ]
    offer = read(here.ledger, CONTRACT, "handover", number, one["handovers"] + 1)
    waiting = _handover(here, offer) if one["offered_to"] else None
    return {**one, "items": items, "custody": custody, "offered": waiting}


def lines(one: dict[str, Any]) -> list[str]:
    """A file for people."""
    from scripts._showing import facts, local_of, table

    items = [
        (
            *(n, i["kind"], i["what"], local_of(i["at"]), i["by"]),
            "supplement" if i["supplement"] else "",
        )
        for n, i in enumerate(one["items"], 1)
    ]
    custody = [
        (local_of(c["accepted_at"]), f"{c['giver']}, {c['giver_post']}", _to(c))
        for c in one["custody"]
    ]
    frozen = (
        f"{local_of(one['frozen_at'])}, {one['frozen_items']} items" if one["frozen_at"] else "-"
    )
    about = [("file", one["file"]), ("of", one["subject"]), ("in custody of", one["custodian"])]
    about += [("frozen", frozen), ("digest", one["frozen_digest"] or one["digest"])]
    if one["offered"]:
        about.append(("offered to", _to(one["offered"])))
    return [
        *(*facts(about), "", *table(items, ("", "item", "what", "added", "by", "")), ""),
        *(table(custody, ("accepted", "from", "to")) if custody else ["Never handed over."]),
    ]


def _to(custody: dict[str, Any]) -> str:
    return f"{custody['receiver']}, {custody['receiver_post']}"


def _file(here: Session, number: int) -> dict[str, Any]:
    from ledger.structs import read
    from scripts._showing import utc
    from scripts._signing import name_of_account

    raw = read(here.ledger, CONTRACT, "file", number)
    offered = int(raw["offered_to"], 16) != 0
    return {
        "file": number,
        "subject": f"{SUBJECTS[raw['subject']]} {raw['subject_id']}",
        "items": raw["items"],
        "handovers": raw["handovers"],
        "custodian": name_of_account(raw["custodian"]),
        "offered_to": name_of_account(raw["offered_to"]) if offered else None,
        "digest": "0x" + raw["digest"].hex(),
        "frozen_at": utc(raw["frozen_at"]),
        "frozen_items": raw["frozen_items"],
        "frozen_digest": "0x" + raw["frozen_digest"].hex() if raw["frozen_at"] else None,
    }


def _item(here: Session, file: int, number: int) -> dict[str, Any]:
    from ledger.labels import text_of
    from ledger.structs import read
    from scripts._showing import utc
    from scripts._signing import name_of_account

    raw = read(here.ledger, CONTRACT, "item", file, number)
    kind, content = ITEM_KINDS[raw["kind"]], "0x" + raw["content"].hex()
    report = int.from_bytes(raw["content"], "big") if kind == "report" else None
    reading = kind == "reading"
    place = f"{text_of(raw['contract_name'])} lane {raw['lane']} batch {raw['batch_id']}"
    return {
        "kind": kind,
        "what": place if reading else f"laboratory report {report}" if report else content,
        "content": content,
        "label_hash": "0x" + raw["label_hash"].hex(),
        "contract": text_of(raw["contract_name"]) or None,
        "lane": raw["lane"] if reading else None,
        "batch": raw["batch_id"] if reading else None,
        "report": report,
        "by": name_of_account(raw["by"]),
        "at": utc(raw["at"]),
        "supplement": raw["supplement"],
    }


def _handover(here: Session, raw: dict[str, Any]) -> dict[str, Any]:
    from scripts._requests import post_title
    from scripts._showing import utc
    from scripts._signing import name_of_account

    return {
        "giver": name_of_account(raw["giver"]),
        "giver_post": post_title(here, raw["giver_post"]),
        "receiver": name_of_account(raw["receiver"]),
        "receiver_post": post_title(here, raw["receiver_post"]),
        "by": name_of_account(raw["by"]),
        "offered_at": utc(raw["offered_at"]),
        "accepted_at": utc(raw["accepted_at"]),
    }


def _label_hash(text: str) -> bytes:
    """keccak256 of what an item is called; zero for nothing."""
    from ledger.hashing import keccak

    return keccak(text.encode()) if text else b"\0" * 32


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
