"""A lane's batches on their way: what was cut, signed, sent, and what the chain holds of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ledger.hashing import keccak
from oracle import approved, households
from oracle.batch import Cut, Waiting
from oracle.journal import Journal

EVERY = 2**62  # batches, where no number limits them
HELD_BY_CONTRACT = "refused_by_contract"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch whose content is frozen; `state` is cut, sent or settled."""

    id: int
    root: bytes
    digest: bytes
    words: bytes
    readings: int
    gas: int
    state: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """Signed bytes of a batch; `state` is alive, dead (its nonce was spent in vain) or settled."""

    batch: int
    number: int
    nonce: int
    hash: str
    raw: bytes
    max_fee_wei: int
    state: str


class Outbox:
    """The batches of one lane in one journal."""

    def __init__(self, journal: Journal, contract: str, lane: int) -> None:
        self.journal, self.contract, self.lane = journal, contract, lane
        self._key = (contract, lane)
        self._folded: list[bytes] = []
        self._folded_from = -1

    def enter(self, relay_group: int, account: str, next_id: int, running: bytes) -> None:
        """Enter a lane that is new here: the journal's batches follow what the chain has."""
        with self.journal.commit() as db:
            db.execute(
                "INSERT INTO lane (contract, lane, relay_group, account, first_batch,"
                " first_running) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (*self._key, relay_group, account, next_id, running),
            )

    @property
    def first_id(self) -> int:
        """The first batch of the lane that this journal holds; those before it are settled."""
        return int(self._lane("first_batch"))

    @property
    def next_id(self) -> int:
        """The batch that will be cut next."""
        row = self.journal.db.execute(
            "SELECT max(id) FROM batch WHERE contract = ? AND lane = ?", self._key
        ).fetchone()
        return self.first_id if row[0] is None else int(row[0]) + 1

    @property
    def stopped(self) -> str | None:
        """Why the lane stands still until a person has looked, if it does."""
        value = self._lane("stopped")
        return None if value is None else str(value)

    def stop(self, why: str) -> None:
        """Stand down: nothing more is sent on this lane."""
        with self.journal.commit() as db:
            db.execute(
                "UPDATE lane SET stopped = ? WHERE contract = ? AND lane = ?", (why, *self._key)
            )

    def _lane(self, column: str) -> Any:
        row = self.journal.db.execute(
            f"SELECT {column} FROM lane WHERE contract = ? AND lane = ?", self._key
        ).fetchone()
        return row[0]

    def running(self, next_id: int) -> bytes | None:
        """The running hash when `next_id` comes next; None where this journal cannot know it."""
        first = self.first_id
        place = next_id - first
        if place < 0 or next_id > self.next_id:
            return None
        if self._folded_from != first:  # new here, or batches were put away
            self._folded_from, self._folded = first, [bytes(self._lane("first_running"))]
        while len(self._folded) <= place:
            digest = self._digest(first + len(self._folded) - 1)
            self._folded.append(keccak(self._folded[-1] + digest))
        return self._folded[place]

    def _digest(self, number: int) -> bytes:
        row = self.journal.db.execute(
            "SELECT digest FROM batch WHERE contract = ? AND lane = ? AND id = ?",
            (*self._key, number),
        ).fetchone()
        return bytes(row[0])

    # batches

    def freeze(self, waiting: Sequence[Waiting], cut: Cut, homes: Sequence[Any] = ()) -> int:
        """Write a batch down under the next number, with the days of households that hang in it."""
        number = self.next_id
        key = (self.contract, self.lane, number)
        hang = partial(households.bind, self.journal, key, homes)
        self.journal.freeze(*key, waiting, cut, hang)
        return number

    def batch(self, number: int) -> Batch:
        """A batch by its number."""
        return self._batches("id = ?", number)[0]

    def unsettled(self, next_id: int) -> list[Batch]:
        """The batches before `next_id` that are not marked as settled yet."""
        return self._batches("state <> 'settled' AND id < ?", next_id)

    def unsent(self, most: int) -> list[Batch]:
        """The next batches to send, `most` at the most."""
        return self._batches("state = 'cut'", most=most)

    @property
    def open_batches(self) -> int:
        """How many batches are not settled."""
        row = self.journal.db.execute(
            "SELECT count(*) FROM batch WHERE contract = ? AND lane = ? AND state <> 'settled'",
            self._key,
        ).fetchone()
        return int(row[0])

    def settled_until(self) -> int:
        """The number behind the last settled batch."""
        row = self.journal.db.execute(
            "SELECT max(id) FROM batch WHERE contract = ? AND lane = ? AND state = 'settled'",
            self._key,
        ).fetchone()
        return self.first_id if row[0] is None else int(row[0]) + 1

    def _batches(self, where: str, *values: object, most: int = EVERY) -> list[Batch]:
        rows = self.journal.db.execute(
            "SELECT id, root, digest, words, readings, gas, state FROM batch"
            f" WHERE contract = ? AND lane = ? AND {where} ORDER BY id LIMIT ?",
            (*self._key, *values, most),
        )
        return [Batch(*row) for row in rows]

    # what witnesses signed

    def cosigned(self, batch: int) -> dict[str, bytes]:
        """Signatures of a batch by account, in the order in which they came."""
        rows = self.journal.db.execute(
            "SELECT account, signature FROM cosigned WHERE contract = ? AND lane = ? AND batch = ?"
            " ORDER BY id",
            (*self._key, batch),
        )
        return {row[0]: bytes(row[1]) for row in rows}

    def cosign(self, batch: int, account: str, signature: bytes) -> None:
        """Write a witness's signature down."""
        with self.journal.commit() as db:
            db.execute(
                "INSERT INTO cosigned (contract, lane, batch, account, signature)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (*self._key, batch, account, signature),
            )

    # attempts

    def store(self, attempt: Attempt) -> None:
        """Write signed bytes down, before anybody sees them."""
        with self.journal.commit() as db:
            db.execute(
                "INSERT INTO attempt (contract, lane, batch, number, nonce, hash, raw, max_fee_wei)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *self._key,
                    *(attempt.batch, attempt.number, attempt.nonce),
                    *(attempt.hash, attempt.raw, attempt.max_fee_wei),
                ),
            )
            db.execute(
                "UPDATE batch SET state = 'sent' WHERE contract = ? AND lane = ? AND id = ?",
                (*self._key, attempt.batch),
            )

    def attempts(self, where: str = "state = 'alive'", *values: object) -> list[Attempt]:
        """Attempts in the order of their nonces; those that may still be taken up by default."""
        rows = self.journal.db.execute(
            "SELECT batch, number, nonce, hash, raw, max_fee_wei, state FROM attempt"
            f" WHERE contract = ? AND lane = ? AND {where} ORDER BY nonce, number",
            (*self._key, *values),
        )
        return [Attempt(*row) for row in rows]

    def tries(self, batch: int) -> int:
        """How many attempts a batch has had."""
        return len(self.attempts("batch = ?", batch))

    def failures(self, batch: int) -> int:
        """How many nonces a batch has spent in vain, at whatever prices."""
        return len({one.nonce for one in self.attempts("batch = ? AND state = 'dead'", batch)})

    def bury(self, nonces_below: int) -> list[Attempt]:
        """Give up the attempts whose nonces are spent; their batches are sent anew."""
        spent = [one for one in self.attempts() if one.nonce < nonces_below]
        with self.journal.commit() as db:
            for one in spent:
                db.execute(
                    "UPDATE attempt SET state = 'dead' WHERE contract = ? AND lane = ?"
                    " AND batch = ? AND number = ?",
                    (*self._key, one.batch, one.number),
                )
                db.execute(
                    "UPDATE batch SET state = 'cut' WHERE contract = ? AND lane = ? AND id = ?"
                    " AND state = 'sent'",
                    (*self._key, one.batch),
                )
        return spent

    def settle(
        self,
        batch: int,
        transaction: str,
        block: int,
        block_hash: str,
        refused: Sequence[tuple[int, int, str]],
    ) -> None:
        """A batch is final; `refused` are channels, readings and reasons that the contract refused.

        The readings refused are the last ones of their channel in the batch: what follows a
        refused group does not continue it.
        """
        with self.journal.commit() as db:
            db.execute(
                "UPDATE batch SET state = 'settled' WHERE contract = ? AND lane = ? AND id = ?",
                (*self._key, batch),
            )
            db.execute(
                "UPDATE attempt SET block = ?, block_hash = ?, state = 'settled'"
                " WHERE contract = ? AND lane = ? AND batch = ? AND hash = ?",
                (block, block_hash, *self._key, batch, transaction),
            )
            db.execute(
                "UPDATE attempt SET state = 'dead' WHERE contract = ? AND lane = ? AND batch = ?"
                " AND state = 'alive'",
                (*self._key, batch),
            )
            for channel, count, reason in refused:
                self._refuse(batch, channel, count, reason)

    def _refuse(self, batch: int, channel: int, count: int, reason: str) -> None:
        """Hold what the contract refused, once; the channel is opened anew where the chain is."""
        db = self.journal.db
        part = db.execute(
            "SELECT first, count, refused FROM part WHERE contract = ? AND lane = ? AND batch = ?"
            " AND channel = ?",
            (*self._key, batch, channel),
        ).fetchone()
        if part["refused"]:
            return
        db.execute(
            "UPDATE part SET refused = ? WHERE contract = ? AND lane = ? AND batch = ?"
            " AND channel = ?",
            (count, *self._key, batch, channel),
        )
        db.execute("UPDATE channel SET reopen = 1 WHERE id = ?", (channel,))
        first = part["first"] + part["count"] - count
        approved.refuse(self.journal, channel, (first, first + count), reason)
        db.execute(
            "INSERT INTO held (channel, text, reason, detail, count) VALUES (?, ?, ?, ?, ?)",
            (
                channel,
                f"readings {first} to {first + count - 1} of the channel",
                HELD_BY_CONTRACT,
                f"{self.contract} lane {self.lane} batch {batch}: {reason}",
                count,
            ),
        )

    def unsettle(self, batches: Sequence[int]) -> None:
        """Settled batches that the chain no longer holds: their bytes are sent again."""
        with self.journal.commit() as db:
            for number in batches:
                db.execute(
                    "UPDATE batch SET state = 'sent' WHERE contract = ? AND lane = ? AND id = ?",
                    (*self._key, number),
                )
                db.execute(
                    "UPDATE attempt SET state = 'alive' WHERE contract = ? AND lane = ?"
                    " AND batch = ? AND state = 'settled'",
                    (*self._key, number),
                )
