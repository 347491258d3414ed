"""Warnings and the messages about them, in the journal.

The oracle writes a warning in the commit that takes its reading; the sender of messages, `oracle
acknowledge` and `undelivered` each have a connection of their own. Every write is short: nobody
waits for the network while the journal is locked.
"""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ledger.errors import BadRecord, NotFound
from oracle.places import Place
from oracle.store import Database, Store

PROVISIONAL, CONFIRMED, WITHDRAWN, OWN = "provisional", "confirmed", "withdrawn", "own"
RAISED, TAKEN_BACK = "raised", "withdrawn"  # what a message is about


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning to be made. `key` makes it one of a kind: the same again is no second warning.

    `chain_rules` says that the chain has a rule for it, so it is provisional until the chain has
    the reading; `unsent` says why nobody is told.
    """

    key: str
    kind: str
    subject: str
    at: int
    text: str
    channel: int | None = None
    reading: int | None = None
    side: str | None = None
    chain_rules: bool = False
    unsent: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is due to a recipient."""

    warning: int
    about: str
    address: str
    rung: int
    due_at: int
    tries: int


class Book:
    """Warnings of an opened journal; whoever calls has begun a transaction, or opens one here."""

    def __init__(self, store: Store) -> None:
        self.db, self._store = store.db, store
        self.lost = False  # whether its connection is gone

    @classmethod
    def open(cls, place: Place) -> "Book":
        """A connection of its own to a journal that another process or thread may write."""
        store = Store(place, writing=False)
        if not store.has("warning"):
            store.close()
            raise BadRecord(
                f"the journal in {place} has never had warnings",
                "configure them: docs/warnings.md, then `waterline oracle run`",
            )
        return cls(store)

    def close(self) -> None:
        """Close a connection of its own."""
        self._store.close()

    def commit(self) -> AbstractContextManager[Database]:
        """One transaction of this connection."""
        return self._store.commit()

    # making warnings; the caller commits

    def add(self, one: Warned, now: int, addresses: Sequence[str]) -> int | None:
        """Enter a warning, and its messages to the first rung; None when it was entered before."""
        state = PROVISIONAL if one.chain_rules else OWN
        row = self.db.execute(
            "INSERT INTO warning (key, kind, subject, channel, reading, side, at,"
            " made_at, text, state, unsent, open, rung_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
            (
                *(one.key, one.kind, one.subject, one.channel, one.reading, one.side, one.at),
                *(now, one.text, state, one.unsent, int(one.unsent is None), now),
            ),
        ).fetchone()
        if row is None:
            return None
        if one.unsent is None:
            self.address(row["id"], RAISED, 0, addresses, now)
        return int(row["id"])

    def address(
        self, warning: int, about: str, rung: int, addresses: Sequence[str], now: int
    ) -> None:
        """Messages about a warning, due now; a recipient who has one gets no second."""
        self.db.executemany(
            "INSERT INTO letter (warning, about, address, rung, due_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(warning, about, address, rung, now) for address in addresses],
        )

    def end(self, key: str, now: int) -> None:
        """What was warned of is over."""
        self.db.execute(
            "UPDATE warning SET ended_at = ? WHERE key = ? AND ended_at IS NULL", (now, key)
        )

    def end_last(self, kind: str, channel: int, now: int) -> None:
        """The alert of a channel that was warned of last is over."""
        self.db.execute(
            "UPDATE warning SET ended_at = ? WHERE ended_at IS NULL AND id ="
            " (SELECT max(id) FROM warning WHERE kind = ? AND channel = ?)",
            (now, kind, channel),
        )

    def rule(self, number: int, state: str, why: str, batch: tuple[str, int, int]) -> None:
        """The chain has confirmed or not borne out a warning."""
        self.db.execute(
            "UPDATE warning SET state = ?, why = ?, contract = ?, lane = ?, batch = ? WHERE id = ?",
            (state, why, *batch, number),
        )

    def withdraw(self, number: int, why: str, batch: tuple[str, int, int], now: int) -> None:
        """Take a warning back, and tell those who were told of it."""
        self.rule(number, WITHDRAWN, why, batch)
        told = self.db.execute(
            "SELECT address FROM letter WHERE warning = ? AND about = ? AND state = 'accepted'",
            (number, RAISED),
        ).fetchall()
        self.db.execute(
            "UPDATE letter SET state = 'dropped', why = 'withdrawn before it left'"
            " WHERE warning = ? AND about = ? AND state = 'due'",
            (number, RAISED),
        )
        self.db.execute("UPDATE warning SET open = 0, ended_at = ? WHERE id = ?", (now, number))
        self.address(number, TAKEN_BACK, 0, [row["address"] for row in told], now)

    def state(self, key: str) -> Any:
        """Where a check stands, None where it never stood."""
        row = self.db.execute("SELECT state FROM watched WHERE key = ?", (key,)).fetchone()
        return json.loads(row["state"]) if row else None

    def keep(self, key: str, state: Any) -> None:
        """Note where a check stands; None forgets it."""
        if state is None:
            self.db.execute("DELETE FROM watched WHERE key = ?", (key,))
            return
        self.db.execute(
            "INSERT INTO watched VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET state = excluded.state",
            (key, json.dumps(state)),
        )

    def standing(self, prefix: str) -> set[str]:
        """The checks of a kind that found something which is not over."""
        rows = self.db.execute(
            "SELECT key FROM watched WHERE substr(key, 1, ?) = ?", (len(prefix), prefix)
        )
        return {row["key"] for row in rows}

    # reading them

    def after(self, number: int, most: int = 1_000) -> list[dict[str, Any]]:
        """The warnings behind a number, oldest first."""
        rows = self.db.execute(
            "SELECT * FROM warning WHERE id > ? ORDER BY id LIMIT ?", (number, most)
        )
        return [document(row) for row in rows]

    def counts(self) -> tuple[dict[str, int], int, int, int | None]:
        """Warnings by state, how many nobody answered, messages due, the last test alarm heard."""
        states = self.db.execute("SELECT state, count(*) FROM warning GROUP BY state").fetchall()
        unheard = self.db.execute(
            "SELECT count(*) FROM warning WHERE open = 0 AND unsent IS NULL AND heard_at IS NULL"
            " AND acknowledged_at IS NULL AND state <> ?",
            (WITHDRAWN,),
        ).fetchone()[0]
        due = self.db.execute("SELECT count(*) FROM letter WHERE state = 'due'").fetchone()[0]
        heard_at = self.db.execute(
            "SELECT max(heard_at) FROM warning WHERE kind = 'synthetic'"
        ).fetchone()[0]
        return {row[0]: row[1] for row in states}, int(unheard), int(due), heard_at

    def last(self, kind: str) -> dict[str, Any] | None:
        """The newest warning of a kind."""
        row = self.db.execute(
            "SELECT * FROM warning WHERE kind = ? ORDER BY id DESC LIMIT 1", (kind,)
        ).fetchone()
        return document(row) if row else None

    def one(self, number: int) -> dict[str, Any]:
        """A warning by its number."""
        row = self.db.execute("SELECT * FROM warning WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise NotFound(f"no warning {number}", "list them with `waterline oracle warnings`")
        return document(row)

    def acknowledge(self, number: int, note: str, now: int) -> dict[str, Any]:
        """Somebody has taken note: nobody further is told. Doing it again changes nothing."""
        with self.commit():
            self.one(number)
            self.db.execute(
                "UPDATE warning SET acknowledged_at = ?, note = ?, open = 0"
                " WHERE id = ? AND acknowledged_at IS NULL",
                (now, note, number),
            )
            self.db.execute(
                "UPDATE letter SET state = 'dropped', why = 'acknowledged before it left'"
                " WHERE warning = ? AND about = ? AND state = 'due'",
                (number, RAISED),
            )
        return self.one(number)

    def undelivered(self, number: int, address: str, why: str) -> dict[str, Any]:
        """What an address had accepted never reached anybody: the climb goes on without it.

        NotFound where the address accepted no message of the warning, or it was told before. Where
        somebody else was reached or has taken note, only the message is marked.
        """
        with self.commit():
            self.one(number)
            done = self.db.execute(
                "UPDATE letter SET state = 'failed', why = ?"
                " WHERE warning = ? AND about = ? AND address = ? AND state = 'accepted'",
                (why, number, RAISED, address),
            )
            if not done.rowcount:
                reached = ", ".join(self._reached(number)) or "nobody"
                raise NotFound(
                    f"{address} accepted no message of warning {number}", f"it reached {reached}"
                )
            self.db.execute(
                "UPDATE warning SET heard_at = (SELECT min(sent_at) FROM letter"
                " WHERE warning = warning.id AND about = ? AND state = 'accepted') WHERE id = ?",
                (RAISED, number),
            )
            self.db.execute(
                "UPDATE warning SET open = 1 WHERE id = ? AND heard_at IS NULL"
                " AND acknowledged_at IS NULL AND state <> ?",
                (number, WITHDRAWN),
            )
        return self.one(number)

    def _reached(self, number: int) -> list[str]:
        rows = self.db.execute(
            "SELECT address FROM letter WHERE warning = ? AND about = ? AND state = 'accepted'"
            " ORDER BY address",
            (number, RAISED),
        )
        return [row["address"] for row in rows]


def document(row: Any) -> dict[str, Any]:
    """A warning as programs read it; moments in Unix seconds."""
    left_out = ("key", "open", "rung", "rung_at", "contract", "lane", "batch")
    return {key: row[key] for key in row.keys() if key not in left_out}  # noqa: SIM118
