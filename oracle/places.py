"""Where a journal lies: a folder of this machine, or a PostgreSQL server that several share."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from ledger.errors import BadRecord, WaterlineError
from ledger.loopback import LOOPBACK

SCHEMES = ("postgresql://", "postgres://")
SCHEMA, PORT = "waterline", 5432
KNOWN = {"schema", "passfile", "sslrootcert"}  # the last two as libpq has them
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_REMEDY = "write postgresql://USER@HOST/DATABASE?schema=NAME: docs/journal.md"


class JournalBusy(WaterlineError):
    """Another process writes this journal."""

    code = "journal_busy"


class NoJournal(BadRecord):
    """Nothing was ever written there."""


class JournalFull(WaterlineError):
    """The disk took no more: what was being written is not recorded, nothing else is lost."""

    code = "disk_full"


class JournalAway(WaterlineError):
    """The journal's server does not answer, or has given the journal to another process.

    What was being committed may or may not be recorded: whoever opens the journal again sees it.
    """

    code = "journal_away"
    exit_code = 5


@dataclass(frozen=True, slots=True)
class Server:
    """A journal in a schema of a database of a PostgreSQL server; it holds no password."""

    user: str
    host: str
    port: int
    database: str
    schema: str
    passfile: Path | None = None
    ca_file: Path | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        where = f"{quote(self.user)}@{host}:{self.port}/{quote(self.database)}"
        return f"postgresql://{where}?schema={self.schema}"


Place = Path | Server


def place_of(words: str, folder: Path = Path()) -> Place:
    """A folder or a URL as written; files named there are found from `folder` on.

    BadRecord for a URL that cannot be used, or that holds a password; its words are not told.
    """
    return _server(words, folder) if words.startswith(SCHEMES) else folder / words


def _server(words: str, folder: Path) -> Server:
    try:
        url = urlsplit(words)
        asked, port = parse_qs(url.query, strict_parsing=bool(url.query)), url.port or PORT
    except ValueError:  # its text may hold a password
        raise BadRecord("the journal's URL cannot be read", _REMEDY) from None
    if url.password is not None or "password" in asked:
        raise BadRecord(
            "the journal's URL holds a password, which every user of the machine can see",
            "take it out; write it to a 0600 file and name that by ?passfile=FILE: docs/journal.md",
        )
    unknown = ", ".join(sorted(asked.keys() - KNOWN))
    if unknown or not url.username or not url.path.strip("/"):
        lacks = f"does not take {unknown}" if unknown else "names no user, or no database"
        raise BadRecord(f"the journal's URL {lacks}", _REMEDY)
    said = {name: values[-1] for name, values in asked.items()}
    schema = said.get("schema", SCHEMA)
    if not _NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise BadRecord(f"{schema!r} is no schema for a journal", "use a-z, 0-9 and _, at most 63")
    host, ca_file = url.hostname or LOOPBACK[0], _file(said, "sslrootcert", folder)
    if ca_file is None and host not in LOOPBACK:
        raise BadRecord(f"{host} is another machine", "name ?sslrootcert=FILE, for TLS")
    database, passfile = unquote(url.path.strip("/")), _file(said, "passfile", folder)
    return Server(unquote(url.username), host, port, database, schema, passfile, ca_file)


def _file(said: dict[str, str], name: str, folder: Path) -> Path | None:
    return folder / said[name] if name in said else None
