"""Disputes: settled readings that a signed telegram contradicts."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts._shared import Noun, Session, session

if TYPE_CHECKING:
    from oracle.disputing import Contradiction, Prove
    from oracle.proofs import Proof

app = Noun(__doc__)
PAGE = 64
Number = Annotated[int, typer.Argument(help="Number of the dispute.")]


@app.write("open")
def open_(
    file: Annotated[Path, typer.Argument(help="Signed telegrams, one JSON a line.")],
    proof: Annotated[
        list[Path] | None,
        typer.Option(help="Proofs of settled readings, of `waterline verify reading`."),
    ] = None,
    journal: Annotated[
        str | None,
        typer.Option(metavar="FOLDER|URL", help="Or the oracle's journal, to prove them from."),
    ] = None,
) -> Any:
    """Prove on chain that settled readings are not what was signed; anyone may.

    For example: waterline dispute open telegrams.jsonl --proof proof.json --account holder-1
    """
    from ledger.errors import NotFound
    from oracle.comparison import load
    from oracle.disputing import contradictions
    from scripts._writing import Act, perform

    here, telegrams = session(), load(file)
    with _proving(here, proof, journal) as prove:
        found = contradictions(telegrams, prove)
    if not found:
        raise NotFound(
            f"no telegram of {file} contradicts a settled reading that is proved",
            "`waterline oracle compare` compares them with the chain",
        )
    open_dispute = here.contract("Disputes").functions.open_dispute
    acts = [
        Act("Disputes", open_dispute(*one.arguments()), _contradicted(here, one)) for one in found
    ]
    done = perform(here, acts)
    for event in done.of("DisputeOpened"):
        here.say(f"dispute {event.args['dispute_id']}")
    return here.tell(done.as_json(), lambda: [])


def _contradicted(here: Session, one: "Contradiction") -> str:
    from ledger.devices import channel
    from scripts._gauging import shown_value
    from scripts._showing import exact

    about = channel(here.ledger, one.proof.channel)
    signed = one.signed.telegram.readings[one.index]
    return (
        f"{about.device} {about.parameter} at {exact(one.proof.at)}: settled "
        f"{shown_value(about, one.proof.value)}, signed {shown_value(about, signed.value)}"
    )


@app.write("resolve")
def resolve(
    dispute: Number,
    note: Annotated[Path, typer.Option(help="What it rests on; its hash only.")],
    explained: Annotated[
        bool, typer.Option("--explained", help="The difference is explained; else upheld.")
    ] = False,
) -> Any:
    """End a dispute: the reading is not what the device said, or the difference is explained.

    For example: waterline dispute resolve 1 --explained --note report.pdf --account officer-1
    """
    from scripts._acting import act
    from scripts._permits import document_hash

    says = f"dispute {dispute} is {'explained' if explained else 'upheld'}"
    return act("Disputes", "resolve", says, dispute, not explained, document_hash(note))


@app.read("list")
def list_(
    standing: Annotated[bool, typer.Option("--open", help="Only open ones.")] = False,
) -> Any:
    """List disputes: what settled, and what was signed.

    For example: waterline dispute list --open
    """
    from scripts._showing import exact_of, table

    here = session()
    found = [one for one in _documents(here) if not standing or one["state"] == "open"]
    rows = [
        (
            *(one["dispute"], one["device"], one["parameter"], exact_of(one["at"])),
            *(one["settled"], one["said"], one["state"]),
        )
        for one in found
    ]
    head = ("no.", "device", "parameter", "at", "settled", "signed", "state")
    return here.tell(found, lambda: table(rows, head) if rows else ["No dispute."])


@app.read("show")
def show(dispute: Number) -> Any:
    """Show a dispute: the settled reading, the signed one, who signed, how it ended.

    For example: waterline dispute show 1
    """
    from ledger.errors import NotFound
    from scripts._showing import facts

    here = session()
    one = next((d for d in _documents(here) if d["dispute"] == dispute), None)
    if one is None:
        raise NotFound(f"no dispute {dispute}", "`waterline dispute list`")
    shown = {key.replace("_", " "): value for key, value in one.items() if value is not None}
    return here.tell(one, lambda: facts(shown.items()))


def _documents(here: Session) -> list[dict[str, Any]]:
    """Every dispute for programs."""
    from ledger.structs import read

    count = int(read(here.ledger, "Disputes", "count"))
    return [
        _document(here, first + place, raw)
        for first in range(1, count + 1, PAGE)
        for place, raw in enumerate(read(here.ledger, "Disputes", "page", first, PAGE))
    ]


def _document(here: Session, number: int, raw: dict[str, Any]) -> dict[str, Any]:
    from ledger.devices import channel
    from ledger.grades import GRADES
    from ledger.marks import name_of
    from scripts._gauging import shown_value
    from scripts._showing import DISPUTE_STATES, utc
    from scripts._signing import name_of_account

    about = channel(here.ledger, raw["channel"])
    return {
        "dispute": number,
        "device": about.device,
        "parameter": about.parameter,
        "at": utc(raw["at"]),
        "settled": shown_value(about, raw["settled_value"]),
        "settled_mark": name_of(raw["settled_mark"]),
        "evidence": GRADES.get(raw["settled_grade"]),
        "said": shown_value(about, raw["said_value"]),
        "said_mark": name_of(raw["said_mark"]),
        "settled_value": raw["settled_value"],
        "said_value": raw["said_value"],
        "contract": about.contract,
        "lane": raw["lane"],
        "batch": raw["batch_id"],
        "sequence": raw["sequence"],
        "telegram_digest": "0x" + bytes(raw["telegram_digest"]).hex(),
        "key": raw["key_id"],
        "key_revoked": raw["key_revoked"],
        "opened_by": name_of_account(raw["opened_by"]),
        "opened_at": utc(raw["opened_at"]),
        "state": DISPUTE_STATES[raw["state"]],
        "resolved_by": name_of_account(raw["resolved_by"]) if raw["resolved_at"] else None,
        "resolved_at": utc(raw["resolved_at"]),
        "note_hash": "0x" + bytes(raw["note_hash"]).hex() if raw["resolved_at"] else None,
    }


@contextmanager
def _proving(here: Session, proofs: list[Path] | None, journal: str | None) -> "Iterator[Prove]":
    """How a settled reading is proved: from exported proofs, or from a journal."""
    from ledger.devices import channel
    from ledger.errors import NotFound
    from oracle.journal import Journal
    from oracle.proofs import load, prove
    from scripts._oracle import journal_place

    if proofs:
        known = {(one.channel, one.at): one for one in map(load, proofs)}

        def exported(number: int, at: int) -> "Proof":
            if (number, at) not in known:
                raise NotFound(
                    f"no proof of channel {number} at {at}", "`waterline verify reading`"
                )
            return known[number, at]

        yield exported
        return
    with closing(Journal(journal_place(journal), writing=False)) as held:
        yield lambda number, at: prove(here.ledger, held, channel(here.ledger, number), at)


cli = app.cli()
