"""Who is told next: ladders are climbed, messages leave, receipts are written down.

A thread of its own with a connection of its own. What is due stands in the journal, so a kill
loses nothing: a message whose receipt was not written down goes out again under the same id.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

from oracle.places import JournalAway, Place
from oracle.warnings.book import RAISED, Book, Letter
from oracle.warnings.config import Ladder, Recipient, Warnings
from oracle.warnings.letters import Message, digest, written
from oracle.warnings.sending import Undelivered, Ways

HOUR_S = 3_600
FIRST_PAUSE_S = 30  # before a second try; each further one doubles it
MOST_PAUSE_S = 3_600
MOST_TRIES = 10
MOST_AT_ONCE = 32  # recipients; none is waited for longer than its time-out, a minute at the most
GRACE_S = 0.5  # for a way that notices by itself that the time is over
MOST_IN_DIGEST = 200
PAUSE_S = 0.5

Tell = Callable[..., None]


class Postman:
    """Sends what is due; `round` is one look at the journal."""

    def __init__(self, book: Book, wanted: Warnings, ways: Ways, origin: str, tell: Tell) -> None:
        self.book, self._wanted, self._ways = book, wanted, ways
        self._origin, self._tell = origin, tell
        self._zone = ZoneInfo(wanted.timezone)
        self._by_address = {one.address: one for one in wanted.recipients.values()}
        self._under_way: dict[str, threading.Thread] = {}

    def round(self, now: int) -> bool:
        """Climb, then send at most one message to each recipient; whether any was due."""
        self._climb(now)
        parcels = self._parcels(now)
        with ThreadPoolExecutor(MOST_AT_ONCE) as workers:
            answers = list(workers.map(lambda one: self._sent(one[0], one[2], now), parcels))
        for (address, letters, _), why in zip(parcels, answers, strict=True):
            self._note(address, letters, why, now)
        return bool(parcels)

    # ladders

    def _climb(self, now: int) -> None:
        """Go on to the next rung where nobody has answered in time, or every try has failed."""
        for row in self.book.db.execute("SELECT * FROM warning WHERE open = 1").fetchall():
            ladder = self._wanted.ladder(row["kind"], row["subject"])
            if row["heard_at"] is not None and ladder.receipt == "accepted":
                self._shut(row["id"])
            elif self._is_over(row, ladder, now):
                self._step(row, ladder, now)

    def _is_over(self, row: Any, ladder: Ladder, now: int) -> bool:
        rung = ladder.rungs[min(row["rung"], len(ladder.rungs) - 1)]
        if now >= row["rung_at"] + rung.wait:
            return True
        hopeful = self.book.db.execute(
            "SELECT 1 FROM letter WHERE warning = ? AND about = ? AND rung = ?"
            " AND (tries = 0 OR state = 'accepted')",
            (row["id"], RAISED, row["rung"]),
        ).fetchone()
        return hopeful is None

    def _step(self, row: Any, ladder: Ladder, now: int) -> None:
        rung = row["rung"] + 1
        if rung >= len(ladder.rungs):
            if row["heard_at"] is None and now >= row["rung_at"] + ladder.rungs[-1].wait:
                self._tell("nobody has answered a warning", warning=row["id"])
                self._shut(row["id"])
            elif row["heard_at"] is not None:
                self._shut(row["id"])
            return
        with self.book.commit():
            # only where nobody has taken note meanwhile
            moved = self.book.db.execute(
                "UPDATE warning SET rung = ?, rung_at = ? WHERE id = ? AND open = 1",
                (rung, now, row["id"]),
            )
            if moved.rowcount:
                addresses = self._wanted.addresses(ladder.rungs[rung])
                self.book.address(row["id"], RAISED, rung, addresses, now)

    def _shut(self, number: int) -> None:
        with self.book.commit():
            self.book.db.execute("UPDATE warning SET open = 0 WHERE id = ?", (number,))

    # messages

    def _parcels(self, now: int) -> list[tuple[str, list[Letter], Message | None]]:
        """What leaves now: for each recipient one letter, or those that were held back as one."""
        rows = self.book.db.execute(
            "SELECT warning, about, address, rung, due_at, tries FROM letter"
            " WHERE state = 'due' AND due_at <= ? ORDER BY due_at, warning",
            (now,),
        )
        due: dict[str, list[Letter]] = {}
        for row in rows:
            due.setdefault(row["address"], []).append(Letter(*row))
        found: list[tuple[str, list[Letter], Message | None]] = []
        for address, letters in due.items():
            recipient = self._by_address.get(address)
            if recipient is None:
                found.append((address, letters, None))
                continue
            left = recipient.most_an_hour - self._recent(address, now)
            if left <= 0:
                continue
            # the last message that the hour allows holds whatever waits
            chosen = letters[:1] if left > 1 else letters[:MOST_IN_DIGEST]
            found.append((address, chosen, self._message(chosen)))
        return found

    def _recent(self, address: str, now: int) -> int:
        row = self.book.db.execute(
            # not those of a clock that was ahead
            "SELECT count(*) FROM message WHERE address = ? AND at > ? AND at <= ?",
            (address, now - HOUR_S, now),
        ).fetchone()
        return int(row[0])

    def _message(self, letters: Sequence[Letter]) -> Message:
        messages = [
            written(self._origin, one.about, self.book.one(one.warning), self._zone)
            for one in letters
        ]
        return messages[0] if len(messages) == 1 else digest(self._origin, messages)

    def _sent(self, address: str, message: Message | None, now: int) -> str | None:
        """None when it was accepted, else why not."""
        recipient: Recipient | None = self._by_address.get(address)
        if recipient is None or message is None:
            return "no longer among the recipients"
        try:
            self._in_time(recipient, message, now)
        except Undelivered as error:
            return error.message
        return None

    def _in_time(self, recipient: Recipient, message: Message, now: int) -> None:
        """Send; a receiver that answers without end is left behind, and gets nothing meanwhile."""
        address, answers = recipient.address, list[Undelivered | None]()

        def send() -> None:
            try:
                self._ways.send(recipient, message, now)
                answers.append(None)
            except Undelivered as error:
                answers.append(error)

        before = self._under_way.get(address)
        if before is not None and before.is_alive():
            raise Undelivered(f"{address} is still busy with another message")
        thread = self._under_way[address] = threading.Thread(target=send, daemon=True)
        thread.start()
        within_s = self._ways.within_s(recipient)
        thread.join(within_s + GRACE_S)
        if not answers:
            raise Undelivered(f"{address} took longer than {within_s:g} s")
        if answers[0] is not None:
            raise answers[0]

    def _note(self, address: str, letters: list[Letter], why: str | None, now: int) -> None:
        with self.book.commit():
            if why is None:
                self.book.db.execute(
                    "INSERT INTO message (address, at, letters) VALUES (?, ?, ?)",
                    (address, now, len(letters)),
                )
            for one in letters:
                if why is None:
                    self._accepted(one, now)
                else:
                    self._failed(one, why, now)
        if why is None:
            self._tell("warning sent", to=address, warnings=[one.warning for one in letters])
        else:
            self._tell("warning not delivered", to=address, why=why)

    def _accepted(self, one: Letter, now: int) -> None:
        self.book.db.execute(
            "UPDATE letter SET state = 'accepted', sent_at = ?, tries = tries + 1, why = NULL"
            " WHERE warning = ? AND about = ? AND address = ?",
            (now, one.warning, one.about, one.address),
        )
        self.book.db.execute(
            "UPDATE warning SET heard_at = coalesce(heard_at, ?) WHERE id = ?", (now, one.warning)
        )

    def _failed(self, one: Letter, why: str, now: int) -> None:
        tries = one.tries + 1
        last = tries >= MOST_TRIES or one.address not in self._by_address
        pause_s = min(FIRST_PAUSE_S * 2 ** (tries - 1), MOST_PAUSE_S)
        self.book.db.execute(
            "UPDATE letter SET state = ?, tries = ?, due_at = ?, why = ?"
            " WHERE warning = ? AND about = ? AND address = ? AND state = 'due'",
            (
                *("failed" if last else "due", tries, now + pause_s, why),
                *(one.warning, one.about, one.address),
            ),
        )


class Post:
    """The postman's thread, from `open` to `close`."""

    def __init__(
        self,
        place: Place,
        making: Callable[[Book], Postman],
        beat: Callable[[Book], None],
        clock: Callable[[], float],
        tell: Tell,
    ) -> None:
        """`beat` is called with the thread's own book after each round that went well."""
        self._place, self._making, self._beat = place, making, beat
        self._clock, self._tell = clock, tell
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def open(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self, patience_s: float = 5) -> None:
        """Send no more; what is due stays due."""
        self._leaving.set()
        self._thread.join(patience_s)

    def rounds(self, until: Callable[[bool], bool]) -> None:
        """Make rounds on this thread; `until` is told after each whether anything was due."""
        book = Book.open(self._place)
        postman, told = self._making(book), ""
        try:
            while True:
                busy = False
                try:
                    if book.lost:
                        book = Book.open(self._place)
                        postman = self._making(book)
                    busy = postman.round(int(self._clock()))
                    self._beat(book)
                    told = ""
                except Exception as error:  # a thread that ends would end every warning
                    why = f"{type(error).__name__}: {error}"
                    if why != told:
                        self._tell("warnings cannot be sent", why=why)
                    told = why
                    book.lost = isinstance(error, JournalAway)
                if until(busy):
                    return
        finally:
            book.close()

    def _run(self) -> None:
        self.rounds(lambda busy: self._leaving.wait(0 if busy else PAUSE_S))
