"""`verify chain` as people read it: what was read, what does not agree."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.audit.running import Audit, Result
from scripts._progress import line
from scripts._shared import Session, address_of, record_path

if TYPE_CHECKING:
    from oracle.places import Place

SHOWN = 20


def audited(
    here: Session,
    deployment: Path | None,
    first: int | None,
    kept_in: Path | None,
    proving: bool,
    journal: str | None,
) -> Result:
    """Audit the chain of a session, its contracts as a deployment record names them."""
    from ledger.audit.keeping import Keeper
    from ledger.deployment import Deployment

    ledger = Deployment.load(deployment or record_path()).open(here.chain)
    keeper = Keeper(kept_in, ledger.deployment) if kept_in else None
    begins = ledger.deployment.start_block if first is None else first
    with line("reading the chain") as update:
        audit = Audit(
            ledger, here.policy.confirmations, keeper, update or here.say, proving, kept(journal)
        )
        return audit.run(begins)


def kept(place: "str | Place | None") -> Any:
    """What an oracle's journal holds of a batch: hashes of telegrams, leaves of households."""
    if place is None:
        return None
    from ledger.audit.roots import Papers
    from oracle.households import leaves_of
    from oracle.journal import Journal
    from scripts._oracle import journal_place

    opened = Journal(journal_place(place), writing=False)

    def papers(contract: str, lane: int, batch: int) -> Papers | None:
        book = contract.partition(".")[0]  # a journal knows a book by its present name
        telegrams = opened.telegrams_of(book, lane, batch)
        return Papers(telegrams, leaves_of(opened, (book, lane, batch))) if telegrams else None

    return papers


def over(here: Session, rpc: str | None) -> Session:
    """The session over the node that `--rpc` names, if it names one."""
    if rpc:
        here.network = address_of(rpc)
    return here


def lines(found: dict[str, Any]) -> Iterator[str]:
    """What was read and derived, the first findings, and the verdict."""
    from scripts._showing import facts

    numbers = {name: f"{value:,}" for name, value in found.items() if isinstance(value, int)}
    refused = f"{numbers['refused']} groups of {numbers['refused_readings']} readings"
    yield from facts(
        [
            ("up to block", f"{found['block']} {found['block_hash']}"),
            ("lanes", f"{numbers['lanes']}, {numbers['batches']} batches"),
            ("readings", f"{numbers['readings']} in {numbers['groups']} groups"),
            ("refused", refused),
            ("roots", f"{numbers['roots']}, {numbers['household_leaves']} leaves of households"),
            ("channels", f"{numbers['meters']} meters, {numbers['gauges']} gauges"),
            ("accounts", numbers["accounts"]),
            ("events", f"{numbers['events']} of {numbers['transactions']} transactions"),
            ("answers of contracts", numbers["answers"]),
            ("took", f"{found['elapsed_s']:.1f} s, {numbers['readings_s']} readings a second"),
        ]
    )
    yield ""
    for one in found["first_findings"][:SHOWN]:
        yield from _finding(one)
    if found["findings"] > SHOWN:
        yield f"and {found['findings'] - SHOWN:,} more; --json has up to 1,000"
    yield "VERIFIED: 0 findings" if found["verified"] else f"{numbers['findings']} FINDINGS"


def _finding(one: dict[str, Any]) -> Iterator[str]:
    places = ("lane", "batch", "channel", "block")
    where = "".join(f", {name} {one[name]}" for name in places if one[name] is not None)
    yield f"{one['what']}: {one['contract'] or 'the chain'}{where}"
    yield f"  claimed  {one['claimed']}"
    yield f"  derived  {one['derived']}"
