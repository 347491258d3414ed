"""Households' days that gateways send, signed or not: each is a row with evidence of its own.

A message is one household's day, or a community's: an object whose `households` lists an object for
each, what stands beside it being true of all of them. A list of values is columns by its places:
`registers.0` to `registers.23`. The archive keeps a message as it came, and behind it each
household's own part, which its leaf is made of: so a proof shows nothing of a neighbour.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ledger.channels import METER, Channel
from ledger.grades import GATEWAY
from ledger.household_telegrams import LONGEST, MOST_HOMES, Home, Sent, opened
from ledger.packing import MAX_REGISTER_L
from oracle.cells import CLOCK_TOLERANCE_S, Wrong
from oracle.household_rows import Gathered, HouseholdMapping, Span, Told, gather
from oracle.mapping import ByName
from oracle.readings import Ints
from oracle.sources.chunks import Chunk
from oracle.sources.payloads import NoPayload, columns, numbered, told

LIST = "households"
HEADER = "households"  # of their rows in the archive
SHORTEST_S, LONGEST_S = 23 * 3_600, 25 * 3_600  # a local day, where clocks are changed too


@dataclass(frozen=True, slots=True)
class Part:
    """A row of the archive, and its cells where it is a household's."""

    raw: bytes
    cells: Mapping[str, str] | None = None


def gathered(
    first_row: int, raws: Sequence[bytes], mapping: HouseholdMapping, channels: ByName, now: int
) -> tuple[Chunk, Gathered]:
    """Messages without a signature as rows, and the days that they are of."""
    parts: list[Part] = []
    broken: list[tuple[int, str]] = []
    for raw in raws:
        try:
            parts += _parts(raw)
        except NoPayload as error:
            broken.append((first_row + len(parts), str(error)))
            parts.append(Part(raw))
    cells = {
        column: [one.cells.get(column, "") if one.cells else "" for one in parts]
        for column in mapping.columns
    }
    chunk = Chunk(first_row, HEADER, [one.raw for one in parts], cells)
    places = [place for place, one in enumerate(parts) if one.cells is not None]
    found = gather(chunk, places, mapping, channels, now)
    for row, why in broken:
        found.refuse(row, "", "broken_telegram", why)
    return chunk, found


def _parts(raw: bytes) -> list[Part]:
    """A message as it came and each household's own part; NoPayload where one of them is none."""
    message = dict(told(raw, LONGEST))
    if LIST not in message:
        return [Part(raw, columns(numbered(message)))]
    every = message.pop(LIST)
    if not isinstance(every, list) or not every or len(every) > MOST_HOMES:
        raise NoPayload(f"{LIST} is no list of 1 to {MOST_HOMES} objects")
    shared = columns(numbered(message))
    return [Part(raw), *(_part(shared, one) for one in every)]


def _part(shared: Mapping[str, str], one: Any) -> Part:
    if not isinstance(one, Mapping):
        raise NoPayload(f"{LIST} holds a {type(one).__name__}; send an object for each")
    own = columns(numbered(one))
    if twice := sorted(set(own) & set(shared)):
        raise NoPayload(f"{twice[0]} is given for all and for one; send it once")
    cells = {**shared, **own}
    return Part(json.dumps(cells, ensure_ascii=False).encode(), cells)


def day_fault(sent: Sent, channel: Channel, now: int) -> tuple[str, str] | None:
    """Why a signed telegram is of no day of a community: a reason and the particulars."""
    one = sent.telegram
    if channel.kind != METER:
        return "unknown_community", f"channel {channel.id} is no meter"
    if not SHORTEST_S <= one.ends - one.begins <= LONGEST_S:
        return "no_moment", f"{one.begins} to {one.ends} is no local day"
    if one.ends > now + CLOCK_TOLERANCE_S:
        return "future", f"{one.ends} has not come"
    return None


def signed_rows(first_row: int, run: Sequence[tuple[bytes, Sent]]) -> tuple[Chunk, Gathered]:
    """Signed telegrams as rows, and the days that they are of; the grade is a gateway's at best.

    A community's own key has not measured its households either.
    """
    rows: list[bytes] = []
    found = Gathered()
    for raw, sent in run:
        rows.append(raw)
        one, homes = sent.telegram, sent.telegram.households
        begins = first_row + len(rows)
        found.add(
            Span(one.channel, one.begins, one.ends, GATEWAY),
            [Told(begins + n, home.household, _registers(home)) for n, home in enumerate(homes)],
        )
        rows += [part.as_bytes() for part in opened(sent)]
    return Chunk(first_row, HEADER, rows, {}), found


def _registers(home: Home) -> Ints | Wrong:
    told = (home.opening, *home.registers)
    if max(told) > MAX_REGISTER_L:
        return Wrong("impossible", "a register has 48 bits of litres")
    return np.array(told, dtype=np.int64)
