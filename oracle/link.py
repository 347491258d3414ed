"""One connection to a PostgreSQL server, asked as those of sqlite3 are."""

import os
import re
import ssl
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection, literal

from ledger.errors import BadRecord, NotAuthorised
from oracle.places import JournalAway, JournalFull, Server
from oracle.pulls import private

ANSWER_S = 30  # a server that says nothing for so long is away
OLDEST = 140_000  # PostgreSQL 14, the first with idle_session_timeout
NUMERIC = 1700  # a type of columns, as PostgreSQL numbers them
AT_ONCE = 1_000  # statements of one message
# read by the server's session, so that it holds for every transaction of it
SETTINGS = {
    "standard_conforming_strings": "on",  # what `literal` writes rests on it
    "client_encoding": "UTF8",
    "synchronous_commit": "on",
    "lock_timeout": f"{ANSWER_S // 2}s",
}
# what a server says (SQLSTATE, or its class) when it is leaving, starting, full of sessions, a
# standby, or has had enough of this session; the session is not used again after any of them
LEFT = ("08", "57P", "25P03", "25006", "53300", "55P03", "40")
REFUSED = ("28", "42501")
FULL = ("53100", "53200")
# what a broken way gives; the driver finds no socket after it, or half a message
BROKEN = (InterfaceError, OSError, AttributeError, LookupError, struct.error)
_AGAIN = "`oracle run` opens it again; else look whether the server is up"


class Link:
    """One connection, asked as sqlite3's are.

    A statement is one message with its values written into it, and so are a thousand of them: a
    driver's bound values are two round trips for each.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        try:
            self._link = _connected(server)
        except (InterfaceError, OSError) as error:
            raise self._gone(error) from error
        except DatabaseError as error:
            raise self._in_words(error) from error
        # sums of integers, which PostgreSQL gives as numeric
        self._link.register_in_adapter(NUMERIC, int)
        try:
            self.set(SETTINGS | {"search_path": f'"{server.schema}"'})
            self._fits()
        except BaseException:
            self.close()
            raise

    def _fits(self) -> None:
        """BadRecord for a server that is too old, or a database that cannot hold every text."""
        said = self.execute(
            "SELECT current_setting('server_version_num')::int AS number,"
            " current_setting('server_encoding') AS encoding"
        ).fetchone()
        if said["number"] < OLDEST:
            what = f"{self._server} is PostgreSQL {said['number'] // 10_000}"
            raise BadRecord(what, f"use {OLDEST // 10_000} or later")
        if said["encoding"] != "UTF8":
            what = f"{self._server} is encoded as {said['encoding']}"
            raise BadRecord(what, "use a database whose ENCODING is 'UTF8'")

    def set(self, settings: Mapping[str, str]) -> None:
        """Set what holds for this session."""
        self.executemany("SELECT set_config(?, ?, false)", settings.items())

    def execute(self, words: str, values: Sequence[Any] = ()) -> "Answer":
        """Execute a statement; its rows."""
        return self.script(_said(words, values))

    def executemany(self, words: str, values: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each of many values, many in a message."""
        every = (_said(words, one) for one in values)
        while some := list(islice(every, AT_ONCE)):
            self.script(";".join(some))

    def script(self, words: str) -> "Answer":
        """Send a message as it is."""
        with self._told():
            context = self._link.execute_simple(words)
        names = tuple(column["name"] for column in context.columns or ())
        return Answer([row_of(names)(row) for row in context.rows or ()], context.row_count)

    def close(self) -> None:
        """Close the connection; one that is gone is closed already."""
        with suppress(InterfaceError, OSError):
            self._link.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what a server or the way to it has in our own words."""
        try:
            yield
        except BROKEN as error:
            self.close()  # an answer may still be on its way, and would be taken for the next one
            raise self._gone(error) from error
        except DatabaseError as error:
            raise self._in_words(error) from error

    def _gone(self, error: Exception) -> JournalAway:
        why = str(error.__cause__ or error)
        return JournalAway(f"{self._server} does not answer: {why}", _AGAIN)

    def _in_words(self, error: Exception) -> Exception:
        said = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        code, why = str(said.get("C", "")), str(said.get("M", error))
        if code.startswith(LEFT):
            if hasattr(self, "_link"):
                self.close()
            return JournalAway(f"{self._server}: {why}", _AGAIN)
        if code.startswith(FULL):
            return JournalFull(f"{self._server} cannot be written: {why}", "give it room")
        if code.startswith(REFUSED):
            remedy = "let the role log in, and create its schema: docs/journal.md"
            return NotAuthorised(f"{self._server}: {why}", remedy)
        if code.startswith("3D"):
            return BadRecord(f"{self._server}: {why}", "create the database: docs/journal.md")
        return error


class Answer:
    """The rows that came of a statement, as a cursor gives them."""

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows, self.rowcount = iter(rows), rowcount

    def __iter__(self) -> Iterator[Any]:
        return self._rows

    def fetchone(self) -> Any:
        """The next row, None behind the last."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return list(self._rows)


@cache
def row_of(names: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """A row with columns of those names: by number, by name, as a tuple, as sqlite3.Row."""
    places = {name: place for place, name in reversed([*enumerate(names)])}

    class Row(tuple[Any, ...]):
        __slots__ = ()

        def __getitem__(self, key: Any) -> Any:
            return tuple.__getitem__(self, places[key] if isinstance(key, str) else key)

        def keys(self) -> list[str]:
            """The names of the columns."""
            return list(places)

    return Row


def _said(words: str, values: Sequence[Any]) -> str:
    """A statement with its values written into it."""
    parts = words.replace("json_each(", "json_array_elements_text(").split("?")
    if len(parts) != len(values) + 1:
        raise ValueError(f"{len(values)} values for {words!r}")
    return parts[0] + "".join(
        _written(value) + part for value, part in zip(values, parts[1:], strict=True)
    )


def _written(value: Any) -> str:
    """A value as PostgreSQL reads it; NUL, which no text of it may hold, is shown as its sign."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"'\\x{bytes(value).hex()}'::bytea"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str):
        value = value.replace("\0", "\u2400")
    return str(literal(value))


def _connected(server: Server) -> Connection:
    tls = ssl.create_default_context(cafile=str(server.ca_file)) if server.ca_file else None
    return Connection(
        server.user,
        host=server.host,
        port=server.port,
        database=server.database,
        password=_password(server),
        ssl_context=tls,
        timeout=ANSWER_S,
        application_name="waterline",
    )


def _password(server: Server) -> str | None:
    """The password in a file as libpq reads it, one line for each role; None where none is said."""
    named = server.passfile
    path = named or Path(os.environ.get("PGPASSFILE") or Path.home() / ".pgpass")
    if named is None and not path.is_file():
        return None
    private(path)
    asked = (server.host, str(server.port), server.database, server.user)
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = [
            re.sub(r"\\(.)", r"\1", one) for one in re.findall(r"((?:\\.|[^:\\])*)(?::|$)", line)
        ]
        said = fields[:4]
        if len(fields) > 4 and all(a in ("*", b) for a, b in zip(said, asked, strict=True)):
            return fields[4]
    if named:
        raise BadRecord(
            f"{path} has no line for {server}", "a line is HOST:PORT:DATABASE:USER:PASSWORD"
        )
    return None
