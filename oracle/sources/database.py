"""Rows of an existing database: asked for behind a cursor that rises, each kept as one CSV line.

A database is only read: in a transaction that is read only, or a file opened so.
"""

import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import (
    URL,
    BigInteger,
    BindParameter,
    Connection,
    DateTime,
    Engine,
    TextClause,
    bindparam,
    create_engine,
    make_url,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from ledger.errors import BadRecord, WaterlineError
from ledger.loopback import LOOPBACK
from oracle.archive import Segment
from oracle.sources.chunks import ROWS, Chunk, cut, lines

Cursor = int | datetime | str
LEAST = -(2**63)  # before every integer that a database holds
PLAIN = (str, int, float, Decimal, datetime, date, time, UUID, type(None))
READ_ONLY = ("postgresql", "mysql", "mariadb", "oracle")  # know SET TRANSACTION READ ONLY
ASKED = {"after", "most"}
HERE = (None, "", *LOOPBACK)  # a URL without a host is a socket of this machine
PG8000 = "postgresql+pg8000"
ANSWER_S = 30  # a database that says nothing for so long is away
_REMEDY = "write SELECT ... WHERE id > :after ORDER BY id LIMIT :most"
_SELECT = re.compile(r"\s*SELECT\b", re.IGNORECASE)


class SourceAway(WaterlineError):
    """A database that does not answer; it is asked again."""

    code = "source_away"
    event = "database is away"


class WrongAnswer(BadRecord):
    """An answer that could lose or double a row; nothing of it is taken."""

    code = "wrong_answer"
    event = "database answers wrongly"


@dataclass(frozen=True, slots=True)
class Query:
    """What a database is asked; `begins` lies before its first row and has the cursor's type.

    Raises BadRecord for what could not be followed exactly.
    """

    name: str
    url: URL = field(repr=False)
    words: str
    cursor: str
    begins: Cursor = LEAST
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        if not _SELECT.match(self.words):
            raise BadRecord(f"the query of {self.name} is no SELECT", _REMEDY)
        asked = set(text(self.words).compile().params)
        if asked != ASKED:
            told = ", ".join(f":{one}" for one in sorted(asked ^ ASKED))
            what = "lacks" if ASKED - asked else "asks for"
            raise BadRecord(f"the query of {self.name} {what} {told}", _REMEDY)
        self.engine()  # the URL and its driver

    def engine(self) -> Engine:
        """Where it is asked."""
        try:
            return _engine(self.url, self.ca_file)
        except (SQLAlchemyError, ImportError, OSError) as error:
            what = f"the database of {self.name} cannot be opened: {error}"
            raise BadRecord(what, "PostgreSQL is postgresql+pg8000://user@host/database") from error


def url_of(name: str, words: str) -> URL:
    """A URL as written; PostgreSQL has the driver that comes with us."""
    try:
        url = make_url(words.strip())
    except (SQLAlchemyError, ValueError):  # whose text may hold a password
        raise BadRecord(f"{name} has no readable URL", "see SQLAlchemy's database URLs") from None
    return url.set(drivername=PG8000) if url.drivername == "postgresql" else url


def chunks(
    query: Query, columns: Sequence[str], first_row: int, last: Segment | None
) -> Iterator[Chunk]:
    """The rows behind the last one taken, as many as there are now.

    Raises SourceAway when the database does not answer, WrongAnswer for rows that would not be
    exactly those that follow.
    """
    after = _place(query, last) if last else query.begins
    while True:
        names, rows = _answer(query, after)
        _named(query, columns, names)
        if not rows:
            return
        after = _risen(query, [row[names.index(query.cursor)] for row in rows], after)
        yield _chunk(names, rows, columns, first_row)
        first_row += len(rows)
        if len(rows) < ROWS:
            return


@cache
def _engine(url: URL, ca_file: Path | None) -> Engine:
    about: dict[str, Any] = {}
    if url.drivername == PG8000:
        about["timeout"] = ANSWER_S
        if ca_file:
            about["ssl_context"] = ssl.create_default_context(cafile=str(ca_file))
        elif (host := url.query.get("host", url.host)) not in HERE:
            raise OSError(f"{host} is another machine: name ca_file, for TLS")
    if url.get_backend_name() == "sqlite":
        file = url.database or ""
        if not file.startswith("file:"):
            url = url.set(database=f"file:{quote(file)}")
        url = url.update_query_dict({"mode": "ro", "uri": "true"})
    return create_engine(url, poolclass=NullPool, connect_args=about)


def _answer(query: Query, after: Cursor) -> tuple[list[str], Sequence[Any]]:
    """The columns' names, and the rows of one answer."""
    try:
        with query.engine().connect() as connection:
            _only_read(connection)
            answer = connection.execute(_asking(query, after))
            names, rows = list(answer.keys()), answer.fetchmany(ROWS + 1)
            answer.close()
    except (SQLAlchemyError, OSError) as error:
        raise SourceAway(f"{query.name}: {_why(error)}", "it is asked again") from error
    if len(rows) > ROWS:
        raise WrongAnswer(f"{query.name} answers with more than :most rows", _REMEDY)
    return names, rows


def _asking(query: Query, after: Cursor) -> TextClause:
    """The query with its values; a type is named lest PostgreSQL take the narrower column's."""
    value: BindParameter[Any] = bindparam("after", after)
    if isinstance(after, int):
        value = bindparam("after", after, BigInteger())
    elif isinstance(after, datetime):
        value = bindparam("after", after, DateTime(timezone=after.tzinfo is not None))
    return text(query.words).bindparams(value, bindparam("most", ROWS, BigInteger()))


def _only_read(connection: Connection) -> None:
    if connection.dialect.name in READ_ONLY:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _why(error: Exception) -> str:
    """What the driver says; pg8000 says it in a field M."""
    said = getattr(error, "orig", None) or error
    first = said.args[0] if said.args else ""
    return str(first.get("M", first) if isinstance(first, dict) else said)


def _named(query: Query, columns: Sequence[str], names: list[str]) -> None:
    """WrongAnswer unless each column that is needed is there, once."""
    missing = [one for one in dict.fromkeys([*columns, query.cursor]) if one not in names]
    if missing:
        what = f"{query.name} has no column {', '.join(missing)}"
        raise WrongAnswer(what, f"it has: {', '.join(names)}; correct the mapping or the query")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise WrongAnswer(f"{query.name} has {', '.join(doubled)} twice", "rename it by AS")


def _place(query: Query, last: Segment) -> Cursor:
    """Where the journal is: the cursor of the last row that was taken."""
    names = cut(last.header)
    if query.cursor not in names:
        what = f"what was taken of {query.name} before has no column {query.cursor}"
        raise WrongAnswer(what, "give another table or cursor another name")
    cell = cut(last.telegrams[-1].decode())[names.index(query.cursor)]
    try:
        if isinstance(query.begins, int):
            return int(cell)
        return cell if isinstance(query.begins, str) else datetime.fromisoformat(cell)
    except ValueError as error:
        what = f"{query.name} was at {query.cursor} {cell!r}, which is not of the type of `begins`"
        raise WrongAnswer(what, "give another table or cursor another name") from error


def _risen(query: Query, values: Sequence[Any], after: Cursor) -> Cursor:
    """The last cursor of an answer; each must be greater than the one before it."""
    for value in values:
        if _kind(value) != _kind(query.begins):
            what = f"the cursor {query.cursor} of {query.name} is {_kind(value)}: {value!r}"
            remedy = f"`begins` is {_kind(query.begins)}; name a value of its type before all rows"
            raise WrongAnswer(what, remedy)
        if isinstance(value, str) and value != " ".join(value.splitlines()).strip():
            what = f"the cursor {query.cursor} of {query.name} begins or ends blank: {value!r}"
            raise WrongAnswer(what, "choose another cursor")
        if not value > after:
            what = f"the cursor {query.cursor} of {query.name} does not rise: {value} after {after}"
            raise WrongAnswer(what, 'order by a cursor that is unique; text in COLLATE "C"')
        after = value
    return after


def _kind(value: Any) -> str:
    if isinstance(value, datetime):
        return "a moment without an offset" if value.tzinfo is None else "a moment with an offset"
    kinds = {int: "an integer", str: "a text", type(None): "empty"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def _chunk(names: list[str], rows: Sequence[Any], columns: Sequence[str], first_row: int) -> Chunk:
    texts = [[_text(value) for value in row] for row in rows]
    bad = {place: why for place, row in enumerate(rows) if (why := _odd(names, row))}
    cells = {
        column: ["" if place in bad else row[index] for place, row in enumerate(texts)]
        for column in columns
        for index in (names.index(column),)
    }
    return Chunk(first_row, lines([names])[0].decode(), lines(texts), cells, bad)


def _odd(names: list[str], row: Any) -> str:
    """The first value that is no number, text or moment."""
    for name, value in zip(names, row, strict=True):
        if not isinstance(value, PLAIN):
            return f"{name} is {type(value).__name__}, no number, text or moment"
    return ""


def _text(value: Any) -> str:
    """A value as a cell: the decimal as it is written, the shortest one of a float."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"0x{value.hex()}"
    return repr(value) if isinstance(value, float) else str(value)
