"""How an oracle takes a lane over with nothing but the chain and the bus.

A term's journal begins where the chain stands once it stands still. The bus replays from a day
before that, so what the chain holds comes again: it is known from the chain's own batches of a day
more, and only what they do not hold is new.
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from ledger.chain import Head
from ledger.deployment import Ledger
from ledger.errors import BadRecord
from ledger.replacements import deemed
from ledger.settlement import SettlementPolicy
from oracle.cells import Known
from oracle.comparison import settled
from oracle.lanes import Lane, meter_books, standing
from oracle.places import NoJournal, Place
from oracle.store import Store

TERM = "term-{:06d}"
BEFORE_S = 86_400  # of what is replayed: how far clocks and delays may lie apart


def folder_of(journals: Path, term: int) -> Path:
    """Where the journal of a term lies."""
    return journals / TERM.format(term)


def newest(journals: Path) -> Path:
    """The journal of the last term where a folder holds terms, else the folder itself."""
    return max(journals.glob("term-*"), default=journals)


def require_own(place: Place, contract: str, relay_group: int) -> None:
    """BadRecord where the journal at a place is that of another lane than the one it is asked for.

    One that is not there yet is anybody's.
    """
    try:
        with closing(Store(place, writing=False)) as store:
            asked = "SELECT contract, relay_group FROM lane"
            found = {(row["contract"], row["relay_group"]) for row in store.db.execute(asked)}
    except NoJournal:
        return
    for other, group in sorted(found - {(contract, relay_group)}):
        raise BadRecord(
            f"the journal in {place} is that of {other}, relay group {group},"
            f" not of {contract}, relay group {relay_group}",
            "give each lane a journal of its own: a folder, or a schema of a server",
        )


def stands_still(ledger: Ledger, lane: Lane, policy: SettlementPolicy) -> bool:
    """Whether everything that a lane has recorded is final, so that nothing of it can go again."""
    head = ledger.chain.head()
    final: Head | None = ledger.chain.at(max(head.number - policy.confirmations, 0))
    if final is None:
        return False
    now = standing(ledger, lane, head.hash, head.number)
    return now == standing(ledger, lane, final.hash, final.number)


def on_chain(
    ledger: Ledger, channels: Iterable[int], since_at: int
) -> Callable[[int, int], Known | None]:
    """What the chain holds of channels since a moment, by channel and moment; no telegram is known
    of it. A moment within a time whose use was deemed is known as that."""
    wanted = set(channels)
    held = settled(ledger, wanted, since_at)
    times = [one for book in meter_books(ledger) for one in deemed(ledger, book, wanted)]

    def known(channel: int, at: int) -> Known | None:
        for one in times:
            if one.channel == channel and one.from_at < at <= one.until_at:
                return Known(0, 0, None, one.until_at)
        found = held.get((channel, at))
        return None if found is None else Known(found.value, found.mark, None)

    return known
