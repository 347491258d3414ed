"""A batch's root made again from its words and the hashes of its telegrams.

The hash of a telegram stands in a leaf and nowhere on the chain, so whoever rebuilds a root needs
what the operator kept: docs/wire-format.md, Leaves and Tree.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ledger.audit.groups import M8, WORD, Group
from ledger.hashing import keccak, twice
from ledger.leaves import ESTIMATE, INSTANT, MEASURED, VOID


@dataclass(frozen=True, slots=True)
class Papers:
    """What an operator kept of a batch: hashes of telegrams by channel, one after another in the
    order of the readings, and the leaves of households."""

    telegrams: dict[int, bytes]
    households: list[bytes]


Kept = Callable[[str, int, int], Papers | None]  # contract, lane, batch; None: not kept


def root(groups: Sequence[Group], gauges: bool, papers: Papers) -> bytes:
    """The root over a batch's leaves; LookupError where a telegram is missing or left over, or a
    register went elsewhere than by its volume."""
    left = dict(papers.telegrams)
    leaves = [*papers.households]
    for group in groups:
        size = WORD * len(group.amounts)
        hashes, left[group.channel] = left[group.channel][:size], left[group.channel][size:]
        leaves += _leaves(group, gauges, hashes)
    if any(left.values()):
        raise LookupError("more telegrams were kept than there are readings")
    return root_of(leaves)


def _leaves(group: Group, gauges: bool, telegrams: bytes) -> Iterator[bytes]:
    """The leaf of each reading of a group."""
    header = group.header
    if len(telegrams) != WORD * len(group.amounts):
        raise LookupError(f"telegrams of channel {group.channel} are missing")
    if gauges:
        kind, grade, values = INSTANT, (header >> 72) & M8, group.amounts
        mark = (header >> 232) & 15 | (VOID if group.void else 0)
    else:
        kind, grade, mark = group.kind, (header >> 240) & M8, 0
        values = [*accumulate(group.amounts, initial=group.opening_l)][1:]
        if kind not in (MEASURED, ESTIMATE):
            raise LookupError(f"channel {group.channel}: a register that was moved")
    channel = group.channel.to_bytes(WORD, "big")
    about = b"".join(number.to_bytes(WORD, "big") for number in (kind, grade, mark))
    moments = [*accumulate(group.steps, initial=group.opening_at)][1:]
    for place, (at, value) in enumerate(zip(moments, values, strict=True)):
        numbers = at.to_bytes(WORD, "big") + value.to_bytes(WORD, "big")
        yield twice(channel + numbers + about + telegrams[WORD * place : WORD * place + WORD])


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves: sorted from the end of a heap backwards, the smaller child first."""
    if not leaves:
        raise LookupError("no leaf")
    heap = [b""] * (len(leaves) - 1) + sorted(leaves, reverse=True)
    for place in range(len(leaves) - 2, -1, -1):
        heap[place] = keccak(b"".join(sorted(heap[2 * place + 1 : 2 * place + 3])))
    return heap[0]
