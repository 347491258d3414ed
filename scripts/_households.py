"""A household's own leaf, written to a file for the resident and for nobody else."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._shared import session

Journal = Annotated[
    str | None,
    typer.Option("--journal", metavar="FOLDER|URL", help="Else oracle in the state folder."),
]


def household_proof(
    community: Annotated[str, typer.Argument(help="The device of the community's meter.")],
    day: Annotated[str, typer.Option(help="The local day: 2026-01-31.")],
    household_file: Annotated[
        Path, typer.Option(help="The household's number, in a file: it is a person's.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the proof goes, readable by you alone.")
    ],
    parameter: Annotated[str, typer.Option(help="Of the community's channel.")] = "volume",
    journal: Journal = None,
) -> Any:
    """Write a household's leaf of a day, its salt and its way up to the chain to a file.

    The file opens the commitment: give it to that household only. Two of them prove its bill.

    For example: waterline oracle household-proof COMMUNITY-1 --day 2026-01-31 --household-file
    number.txt -o january.json
    """
    from ledger.devices import channel_of
    from oracle.cells import Wrong
    from oracle.household_proofs import prove
    from oracle.household_rows import bounds
    from oracle.journal import Journal as Opened
    from oracle.pulls import private
    from scripts._oracle import journal_place
    from scripts._showing import facts, local, local_zone, m3

    here = session()
    try:
        _, ends_at = bounds(day, local_zone())
    except Wrong as wrong:
        raise typer.BadParameter(f"{wrong}: write 2026-01-31") from wrong
    private(household_file)
    number = household_file.read_text(encoding="utf-8").strip()
    channel = channel_of(here.ledger, community, parameter)
    opened = Opened(journal_place(journal), writing=False)
    try:
        proof = prove(here.ledger, opened, channel, ends_at, number)
    finally:
        opened.close()
    write(output, proof.as_json())
    document = {
        **{"file": str(output), "community": community, "ends_at": ends_at},
        **{"register_l": proof.register_l, "volume_l": proof.volume_l},
        **{"transaction": proof.transaction, "block": proof.block},
    }
    told = [
        *(("community", community), ("day ended", local(ends_at))),
        *(("register", m3(proof.register_l)), ("volume", m3(proof.volume_l))),
        ("block", proof.block),
    ]
    lines = [*facts(told), f"wrote {output}: give it to that household only"]
    return here.tell(document, lambda: lines)


def write(path: Path, document: dict[str, Any]) -> None:
    """A file that its owner alone can read; UsageError where one is there already."""
    import json
    import os

    from ledger.errors import UsageError

    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already", "name a new file") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}", "name another file") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
