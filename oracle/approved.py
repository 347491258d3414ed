"""What officers approved of registers, as a journal holds it: deemed use, exchanges and resets.

Each is taken in once, as a reading of its own kind at the end of its channel's readings. Nothing of
the channel is cut behind it until it is final; then the channel is opened where the chain has it.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ledger.leaves import DEEMED, EXCHANGE, RESET
from oracle.readings import Block, State, Taken
from oracle.store import Store

HEADER = "approval"
SOURCE = "approvals/DeviceRegistry"
TITLE = "approvals of officers"
WORDS = {EXCHANGE: "exchange", RESET: "reset", DEEMED: "deemed use"}
# of a row of `channel`: whether readings of it are in a batch that is not final
UNDER_WAY = (
    "EXISTS (SELECT 1 FROM part JOIN batch ON batch.contract = part.contract"
    " AND batch.lane = part.lane AND batch.id = part.batch"
    " WHERE part.channel = channel.id AND batch.state <> 'settled')"
)
AGAIN = "it is to be approved anew, from where the meter stands"


@dataclass(frozen=True, slots=True)
class Approval:
    """What an officer approved of a channel, in litres; `until_at` is 0 where no moment is named.

    `id` is its event's transaction and place there; `told` is what the event says, for people.
    """

    id: str
    channel: int
    kind: int
    closing_l: int
    opening_l: int
    until_at: int
    block: int
    told: dict[str, Any]

    @property
    def telegram(self) -> bytes:
        """The approval in a form of which there is one: its hash is in the leaf."""
        return json.dumps(self.told, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of an approval that was taken in."""

    kind: str
    reason: str | None

    @property
    def event(self) -> str:
        """As it is told."""
        return "approval is refused" if self.reason else "approval is recorded"

    @property
    def particulars(self) -> dict[str, str]:
        """What is told beside it."""
        return {"why": self.reason} if self.reason else {}


def unfit(one: Approval, state: State) -> str:
    """Why the chain would not accept an approval where its channel stands; "" where it would."""
    stands = f"the register stands at {state.last_value} L"
    if one.kind != DEEMED:
        below = one.closing_l < state.last_value
        return f"{stands}, beyond the closing register of {one.closing_l} L" if below else ""
    if state.last_value != one.opening_l:
        return f"{stands}, the use was deemed from {one.opening_l} L on; {AGAIN}"
    if state.last_at >= one.until_at:
        return f"there are readings up to {state.last_at}, the use was deemed until {one.until_at}"
    return ""


def waits(one: Approval, state: State) -> str:
    """What a fitting approval waits for; "" when it can be taken in."""
    if one.kind != DEEMED and one.closing_l > state.last_value:
        return f"the register stands at {state.last_value} L; feed its last one, {one.closing_l} L"
    return ""


def is_idle(store: Store, channel: int) -> bool:
    """Whether everything of a channel is on the chain, and the chain's word on it is known."""
    row = store.db.execute(
        f"SELECT accepted = cut AND reopen = 0 AND NOT {UNDER_WAY} FROM channel WHERE id = ?",
        (channel,),
    ).fetchone()
    return bool(row[0])


def is_known(store: Store, approval: str) -> bool:
    """Whether an approval was taken in or refused here already."""
    query = "SELECT 1 FROM approved WHERE id = ?"
    return store.db.execute(query, (approval,)).fetchone() is not None


def reading(one: Approval, state: State, row: int) -> Taken:
    """An approval as its channel's next reading: at its moment, else the second after the last one.

    Its value is the register that it closes at; where the channel stands afterwards the chain says.
    """
    at = one.until_at or state.last_at + 1
    columns = ([at], [one.closing_l], [0], [row])
    block = Block(one.channel, *(np.array(column, dtype=np.int64) for column in columns))
    return Taken(block, replace(state, last_at=at), "one by one")


def enter(store: Store, one: Approval, from_at: int, until_at: int, reason: str | None) -> None:
    """Write an approval down, taken in as its channel's last reading or refused for a reason; the
    caller commits."""
    row = store.db.execute("SELECT accepted FROM channel WHERE id = ?", (one.channel,)).fetchone()
    store.db.execute(
        "INSERT INTO approved VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(one.id, one.channel, one.kind, one.closing_l, one.opening_l, from_at, until_at),
            *(None if reason else row[0] - 1, "refused" if reason else "taken", reason),
        ),
    )


def refuse(store: Store, channel: int, numbers: tuple[int, int], reason: str) -> None:
    """Note that the contract refused readings, if an approval is among them; the caller commits."""
    store.db.execute(
        "UPDATE approved SET state = 'refused', reason = ? WHERE channel = ?"
        " AND state = 'taken' AND number >= ? AND number < ?",
        (f"the contract refused it: {reason}", channel, *numbers),
    )


def decided(store: Store, channel: int, at: int, register_l: int) -> Decided | None:
    """Note what the chain made of the approval that a channel ends with; None where it ends with
    another reading.

    The channel stands where the chain has it, so readings of a time that was not deemed after all
    may come again. The caller commits.
    """
    row = store.db.execute(
        "SELECT approved.id, approved.kind, state, reason, accepted, number FROM approved"
        " JOIN channel ON channel.id = approved.channel WHERE channel.id = ?"
        " AND number = cut - 1",
        (channel,),
    ).fetchone()
    if row is None or row["state"] == "recorded":
        return None
    if row["accepted"] == row["number"] + 1:
        store.db.execute(
            "UPDATE channel SET last_at = ?, last_value = ? WHERE id = ?",
            (at, register_l, channel),
        )
    if row["state"] == "taken":
        store.db.execute("UPDATE approved SET state = 'recorded' WHERE id = ?", (row["id"],))
        if row["kind"] != DEEMED:
            store.db.execute("DELETE FROM estimated WHERE channel = ?", (channel,))
    return Decided(WORDS[row["kind"]], row["reason"])


def deemed_until(store: Store, channel: int, at: int) -> int:
    """The end of the time around a moment whose use was deemed; 0 where it was not."""
    row = store.db.execute(
        "SELECT until_at FROM approved WHERE channel = ? AND kind = ? AND state <> 'refused'"
        " AND from_at < ? AND until_at >= ?",
        (channel, DEEMED, at, at),
    ).fetchone()
    return int(row[0]) if row else 0


def follow(store: Store, channel: int, at: int, register_l: int) -> None:
    """Let a channel stand where the chain moved it, if nothing later was taken in here; what was
    held since as a register that falls comes in by itself."""
    with store.commit() as db:
        moved = db.execute(
            "UPDATE channel SET last_at = ?, last_value = ? WHERE id = ? AND last_at <= ?"
            " AND (last_at < ? OR last_value <> ?)",
            (at, register_l, channel, at, at, register_l),
        ).rowcount
        if moved:
            db.execute("DELETE FROM estimated WHERE channel = ?", (channel,))
            db.execute(
                "UPDATE held SET reason = 'register_moves' WHERE channel = ? AND state = 'held'"
                " AND reason IN ('falling_register', 'below_estimate') AND at > ?",
                (channel, at),
            )


def register_behind(store: Store, channel: int, number: int) -> int | None:
    """The register behind a reading that an approval became."""
    row = store.db.execute(
        "SELECT opening_l FROM approved WHERE channel = ? AND number = ?", (channel, number)
    ).fetchone()
    return int(row[0]) if row else None


def waiting(store: Store) -> list[tuple[int, int]]:
    """The held readings that come in by themselves, and the moment at which their channel stands.

    It no longer stands on estimates, nor is its register being set anew, and nothing later than
    they are was recorded.
    """
    rows = store.db.execute(
        "SELECT held.id, channel.last_at FROM held JOIN channel ON channel.id = held.channel"
        " WHERE held.state = 'held' AND reason IN ('below_estimate', 'register_moves')"
        " AND held.at > channel.last_at"
        " AND NOT EXISTS (SELECT 1 FROM estimated WHERE estimated.channel = channel.id)"
        " AND NOT EXISTS (SELECT 1 FROM approved WHERE approved.channel = channel.id"
        " AND approved.state = 'taken' AND approved.kind <> ?) ORDER BY held.at, held.id",
        (DEEMED,),
    )
    return [(row[0], row[1]) for row in rows]


def document(store: Store) -> list[dict[str, Any]]:
    """Every approval here, the first taken in first, as `oracle status --json` shows it."""
    if not store.has("approved"):
        return []
    rows = store.db.execute(
        "SELECT channel, kind, closing_l, opening_l, from_at, until_at, state, reason FROM approved"
        " ORDER BY until_at, channel"
    )
    return [{**dict(row), "kind": WORDS[row["kind"]]} for row in rows]
