"""Households in a batch that a witness is asked to sign: compared, and none of them named.

A witness with the same households' days makes each leaf again from its own register and volume.
It is shown the leaf, its salt and the hash of its telegram, and to find the household a mark that
only who has its number knows: keccak256(household ‖ root), the first 8 bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.hashing import keccak
from ledger.leaves import WORD
from oracle import households
from oracle.households import Key, Shared
from oracle.journal import Journal

MARK_BYTES = 8
HOME_BYTES = MARK_BYTES + 3 * WORD


@dataclass(frozen=True, slots=True)
class Homes:
    """A community's day in a batch; `packed` has a mark, salt, telegram and leaf a household."""

    channel: int
    ends_at: int
    grade: int
    packed: bytes

    @property
    def each(self) -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
        """Mark, salt, hash of the telegram, and leaf of each household."""
        for at in range(0, len(self.packed), HOME_BYTES):
            one = self.packed[at : at + HOME_BYTES]
            rest = one[MARK_BYTES:]
            yield one[:MARK_BYTES], rest[:WORD], rest[WORD : 2 * WORD], rest[2 * WORD :]

    @property
    def leaves(self) -> list[bytes]:
        """Its leaves."""
        return [leaf for *_, leaf in self.each]

    @property
    def count(self) -> int:
        """How many households they are."""
        return len(self.packed) // HOME_BYTES


@dataclass(frozen=True, slots=True)
class Kept:
    """What a witness has of a batch's households: own leaves, what differs, why it cannot tell."""

    leaves: list[bytes]
    differs: list[str]
    waits: str


def asked(journal: Journal, key: Key, root: bytes) -> list[Homes]:
    """The days of households that hang in a batch."""
    rows = households.hanging(journal, key)
    if not rows:
        return []
    secret = households.secret(journal.files)
    return [
        Homes(
            row["channel"],
            row["ends_at"],
            row["grade"],
            b"".join(
                mark_of(one.household, root) + one.salt + one.telegram + one.leaf
                for one in households.opened(journal, row, secret)
            ),
        )
        for row in rows
    ]


def mark_of(household: bytes, root: bytes) -> bytes:
    """What a household is found by; `household` is the hash of its number."""
    return keccak(household + root)[:MARK_BYTES]


def compare(journal: Journal, days: Sequence[Homes], root: bytes) -> Kept:
    """Hold households' days against a witness's own."""
    found = Kept([], [], "")
    for day in days:
        one = _compared(journal, day, root)
        found = Kept(
            found.leaves + one.leaves, found.differs + one.differs, found.waits or one.waits
        )
    return found


def _compared(journal: Journal, day: Homes, root: bytes) -> Kept:
    """What a community's last day here lacks may still come, as what lies before or behind."""
    told = households.told(journal, day.channel, day.ends_at)
    own = {mark_of(household, root): household for household in told}
    shared = Shared.of(day.channel, day.ends_at, day.grade)
    leaves, other, lacking = [], 0, 0
    for mark, salt, telegram, leaf in day.each:
        household = own.get(mark)
        if household is None:
            lacking += 1
            continue
        mine = shared.leaf(household, salt, *told[household], telegram)
        leaves.append(mine)
        other += mine != leaf
    where = f"channel {day.channel}, day until {day.ends_at}"
    differs = [f"{where}: {other} of {day.count} households have another register or volume here"]
    misses = f"{where}: {lacking} of {day.count} households told nothing here"
    first, last = households.span(journal, day.channel)
    missing = lacking and first <= day.ends_at < last
    return Kept(
        leaves,
        differs * bool(other) + [misses] * bool(missing),
        misses if lacking and not missing else "",
    )
