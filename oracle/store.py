"""An opened journal, wherever it lies: its transactions, and its binding to one chain."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from ledger.errors import WrongChain
from oracle.embedded import Embedded
from oracle.places import Place, Server
from oracle.schema import FORMAT
from oracle.shelves import Files


class Database(Protocol):
    """A connection as sqlite3 has it: `?` in statements; rows by number, by name, as a tuple."""

    def execute(self, words: str, values: Any = ..., /) -> Any:
        """Execute a statement; its rows."""

    def executemany(self, words: str, values: Any, /) -> Any:
        """Execute a statement for each of many values."""


class Opened(Protocol):
    """A journal that is open: oracle.embedded and oracle.postgres."""

    @property
    def files(self) -> Files:
        """What lies beside the tables."""

    @property
    def db(self) -> Database:
        """The one connection."""

    def has(self, table: str) -> bool:
        """Whether the journal has a table."""

    def commit(self) -> AbstractContextManager[Database]:
        """One transaction."""

    def give_back(self) -> Iterator[None]:
        """Give what became free back to the disk, some at each step."""

    def touch(self) -> None:
        """Show that the process is alive."""

    def close(self) -> None:
        """Close it; another may write it."""


def opened(place: Place, *, writing: bool) -> Opened:
    """Open a journal; `writing` makes it where it is new, and only one process may do it.

    Raises JournalBusy, JournalAway, and BadRecord where there is none.
    """
    if isinstance(place, Server):
        from oracle.postgres import Served  # its driver is loaded where there is a server

        return Served(place, writing=writing)
    return Embedded(place, writing=writing)


class Store:
    """A journal's tables and files; what is read and written there is said by whoever uses it."""

    def __init__(self, place: Place, *, writing: bool) -> None:
        self.place = place
        self._opened = opened(place, writing=writing)
        self.db, self.files = self._opened.db, self._opened.files
        self.has, self.give_back = self._opened.has, self._opened.give_back
        self.touch = self._opened.touch

    def close(self) -> None:
        """Close the journal; another process may write it."""
        self._opened.close()

    @contextmanager
    def commit(self) -> Iterator[Database]:
        """One transaction: all of it is safe, or nothing."""
        with self._opened.commit() as db:
            yield db

    def bind(self, identity: Mapping[str, str]) -> None:
        """Bind a new journal to a chain and its contracts; WrongChain for one of another chain."""
        wanted = {"format": FORMAT, **identity}
        found = self.identity()
        if not found:
            with self.commit() as db:
                db.executemany("INSERT INTO meta VALUES (?, ?)", wanted.items())
            return
        for key, value in wanted.items():
            if found.get(key) != value:
                raise WrongChain(
                    f"the journal in {self.place} was written for {key} {found.get(key)}, "
                    f"this is {value}",
                    "name the journal of this chain, or a new folder, with --journal",
                )

    def rebind(self, contracts: str, replaced: Sequence[str]) -> None:
        """Bind the journal to other contracts; whoever calls has proved that it may.

        What witnesses signed for a replaced one's address is dropped where it is not settled.
        """
        with self.commit() as db:
            db.executemany(
                "DELETE FROM cosigned WHERE contract = ? AND NOT EXISTS (SELECT 1 FROM batch"
                " WHERE batch.contract = cosigned.contract AND batch.lane = cosigned.lane"
                " AND batch.id = cosigned.batch AND state = 'settled')",
                [(name,) for name in replaced],
            )
            db.execute("UPDATE meta SET value = ? WHERE key = 'contracts'", (contracts,))

    def identity(self) -> dict[str, str]:
        """What the journal is bound to."""
        return {row["key"]: row["value"] for row in self.db.execute("SELECT key, value FROM meta")}
