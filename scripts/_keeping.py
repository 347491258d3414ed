"""What an oracle needs to run for months: its configuration checked, its journal kept small."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from oracle.checking import Outcome

FINDINGS = 6

Config = Annotated[
    Path, typer.Option("--config", "-c", help="The oracle's waterline.toml, as for `oracle run`.")
]
Password = Annotated[
    Path | None, typer.Option(help="Tried on the relays' accounts, in a 0600 file.")
]


def check(config: Config, password_file: Password = None) -> Any:
    """Check a configuration against the chain, and show what it would feed; nothing is started.

    Mappings, channels, lanes and keys, and the server of a journal; with --password-file the keys
    are opened. No source is asked. LOOK marks a unit that is not HJ 212's for a column. Exit code 6
    when something is wrong.

    For example: waterline oracle check -c waterline.toml --password-file pass
    """
    from oracle.checking import check as checked
    from oracle.config import load
    from oracle.sources.hj212_units import default_units
    from scripts._oracle import signers
    from scripts._shared import PROJECT, session

    here, wanted = session(), load(config)
    if wanted.endpoints:  # in place of --network, as `oracle run` has it
        here.network = ",".join(wanted.endpoints)
    opened = password_file is not None
    units = default_units(PROJECT / "standards" / "pollutants.csv")
    found = checked(here.ledger, wanted, signers(password_file), opened=opened, units=units)
    here.tell(found.as_json(), lambda: _lines(found))
    if found.faults:
        raise SystemExit(FINDINGS)
    return found.as_json()


def archive(
    config: Config,
    dry_run: Annotated[bool, typer.Option(help="Show what is old enough, move nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """Move settled batches that are old enough out of the journal; `oracle run` does it daily.

    They go to Parquet files beside the journal, from which readings are proved as before. Run it
    again after any interruption. No chain is asked.

    For example: waterline oracle archive -c waterline.toml --dry-run
    """
    import json
    import time

    from oracle.config import read
    from oracle.journal import Journal
    from oracle.retention import archive as archived
    from oracle.retention import due
    from scripts._oracle import journal_place
    from scripts._showing import table

    wanted, now = read(config), time.time()
    place = journal_place(wanted.place(config.resolve().parent))
    journal = Journal(place, writing=not dry_run)
    try:
        if dry_run:
            done = due(journal, wanted.archive, now)
        else:
            done = [one for one in archived(journal, wanted.archive, now) if one is not None]
    finally:
        journal.close()
    document = {"moved": not dry_run, "files": [one.as_json() for one in done]}
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
        return document
    rows = [
        (one.contract, one.lane, one.day, one.next_batch - one.first_batch, f"{one.readings:,}")
        for one in done
    ]
    for line in table(rows, ("contract", "lane", "day", "batches", "readings")):
        typer.echo(line)
    typer.echo("Nothing was moved." if dry_run or not done else f"{len(done)} files written.")
    return document


def _lines(found: "Outcome") -> list[str]:
    from oracle.checking import lines
    from scripts._showing import table

    told = [*table(lines(found), ("from", "series", "channel", "contract"))]
    for one in found.lanes:
        if one.lane is not None:
            told.append(f"{one.contract} lane {one.lane} is signed for by {one.account}.")
    for doubt in found.doubts:
        told += ["", f"LOOK   {doubt.where}: {doubt.what}", f"       {doubt.remedy}"]
    for fault in found.faults:
        told += ["", f"WRONG  {fault.where}: {fault.what}", f"       {fault.remedy}"]
    return [*told, "", "Something is WRONG." if found.faults else "Everything is there."]
