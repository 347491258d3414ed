"""Meters replaced before the authority consents: asked for, released or refused."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._shared import Noun, session

app = Noun(__doc__)
New = Annotated[str, typer.Argument(help="Code of the new device.")]
HASH_BYTES = 32


@app.write("replace-urgently")
def replace_urgently(
    old: Annotated[str, typer.Argument(help="Code of the device whose meter is closed.")],
    new: Annotated[str, typer.Argument(help="Code that the new device is given.")],
    closing: Annotated[str, typer.Option(help="Register of the old meter: 1250 m3.")],
    reason: Annotated[Path, typer.Option(help="The document that says why; its hash only.")],
    opening: Annotated[str, typer.Option(help="Register of the new meter.")] = "0 L",
    evidence: Annotated[str, typer.Option(help="sha256 of photographs or a report, in hex.")] = "",
    at: Annotated[str, typer.Option(help="When it was changed; now if left out.")] = "",
) -> Any:
    """Close a meter that failed and read a new one at once; an officer decides afterwards.

    The permit's holder asks, or the post that answers for the station. What the new meter reads is
    on record and provisional: it counts when it is released.

    For example: waterline device replace-urgently INT-1-METER INT-1-METER-B --closing '1250 m3'
    --reason fault.pdf --account works
    """
    from ledger.devices import channel_of
    from ledger.units import parse
    from scripts._files import instant
    from scripts._permits import document_hash
    from scripts._showing import local_zone, utc

    proof, registers = _evidence(evidence), (parse(closing), parse(opening))
    here = session()
    found = channel_of(here.ledger, old, "volume")
    opened_at = instant(at, local_zone()) if at else here.chain.head().at
    arguments = found.id, new, *registers, opened_at, document_hash(reason), proof
    says = f"{new} takes the place of {old}, closed at {closing} at {utc(opened_at)}; held"
    return act("DeviceRegistry", "replace_urgently", says, *arguments)


def _evidence(text: str) -> bytes:
    """A sha256 in hex, zero for none; UsageError for anything else."""
    from ledger.errors import UsageError

    if not text:
        return bytes(HASH_BYTES)
    try:
        given = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        given = b""
    if len(given) != HASH_BYTES:
        raise UsageError(f"{text!r} is no sha256", "give 64 hex digits, as `sha256sum` prints them")
    return given


@app.write("release")
def release(new: New) -> Any:
    """Count a new meter's held readings, and all that follow, against the permit.

    For example: waterline device release INT-1-METER-B --account officer-1
    """
    from ledger.replacements import replacement_by

    number, _ = replacement_by(session().ledger, new)
    says = f"the readings of {new} count, each in the year in which it was read"
    return act("DeviceRegistry", "release", says, number)


@app.write("refuse")
def refuse(
    new: New,
    reason: Annotated[Path, typer.Option(help="The document that says why; its hash only.")],
) -> Any:
    """Refuse a new meter: its readings never count, and the old one's use is deemed.

    For example: waterline device refuse INT-1-METER-B --reason finding.pdf --account officer-1
    """
    from ledger.devices import channel
    from ledger.replacements import replacement_by
    from scripts._permits import document_hash

    here = session()
    number, one = replacement_by(here.ledger, new)
    old = channel(here.ledger, one["old"]).device
    done = act(
        "DeviceRegistry", "refuse", f"no reading of {new} counts", number, document_hash(reason)
    )
    here.say(f"next: `waterline device deem {old}` for the time without a meter")
    return done


@app.write("tell-overdue")
def tell_overdue(new: New) -> Any:
    """Put on record, once, that a replacement was not decided in its time; anyone may.

    For example: waterline device tell-overdue INT-1-METER-B --account officer-1
    """
    from ledger.replacements import replacement_by

    number, _ = replacement_by(session().ledger, new)
    says = f"the replacement by {new} waits beyond its time"
    return act("DeviceRegistry", "tell_overdue", says, number)


@app.read("replacements")
def list_() -> Any:
    """List the urgent replacements: what is held, since when, and what became of it.

    For example: waterline device replacements
    """
    from ledger.replacements import replacements
    from scripts._provisional import replacement_document
    from scripts._showing import local_of, m3, table

    here = session()
    document = [replacement_document(here, n, one) for n, one in replacements(here.ledger)]
    rows = [
        (
            one["old"],
            one["new"],
            one["permit"],
            m3(one["held_l"]),
            "overdue" if one["overdue"] else one["state"],
            local_of(one["decided_at"] or one["due_at"]),
        )
        for one in document
    ]
    head = ("old", "new", "permit", "held", "state", "due, or decided")
    return here.tell(document, lambda: table(rows, head))
