"""The part of a configuration that says which bus is read, and that a lane is leased."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ledger.loopback import LOOPBACK
from oracle.pulls import private
from oracle.sources.bus import Bus, Server

NAME = r"^[A-Za-z0-9_-]{1,64}$"
SUBJECT = r"^[^\s.$][^\s$]*$"


class Leased(BaseModel):
    """The lane that this oracle feeds while no other has it; it is another's `ttl_s` after an end.

    Renewed are several times within `ttl_s`. Its readings come from the bus alone, which replays
    what the chain does not hold to whoever takes the lane over.
    """

    model_config = ConfigDict(extra="forbid")

    contract: str = Field(min_length=1)
    relay_group: int = Field(ge=1, le=65_535)
    ttl_s: float = Field(default=15, ge=1, le=3_600)

    @property
    def lane(self) -> str:
        """The lane's key on the bus."""
        return f"{self.contract}.{self.relay_group}"


class Bused(BaseModel):
    """Servers of NATS JetStream, a stream there, and the subjects of it that are read here.

    A mapping's `files` name subjects with strokes in place of dots, those of `households` too.
    Without `ca_file` the connection is not encrypted, which only this machine's own servers may be.
    """

    model_config = ConfigDict(extra="forbid")

    servers: list[str] = Field(min_length=1, max_length=16)
    stream: str = Field(default="WATERLINE", pattern=NAME)
    subjects: list[str] = Field(min_length=1)
    lane_subjects: list[str] = Field(min_length=1)
    durable: str = Field(pattern=NAME)
    replicas: int = Field(default=1, ge=1, le=5)
    keep_days: int = Field(default=30, ge=1, le=3_650)
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    lease: Leased | None = None
    mappings: list[Path] = []
    households: list[Path] = []

    @field_validator("servers")
    @classmethod
    def _addresses(cls, servers: list[str]) -> list[str]:
        for url in servers:
            parts = urlsplit(url)
            if parts.scheme not in ("nats", "tls") or not parts.hostname or not parts.port:
                raise ValueError(f"{url} is no address such as nats://HOST:4222")
            if parts.username is not None or parts.path or parts.query:
                raise ValueError("an address of host and port alone; a password lies in a file")
        return servers

    @model_validator(mode="after")
    def _sealed(self) -> "Bused":
        others = [url for url in self.servers if urlsplit(url).hostname not in LOOPBACK]
        if self.ca_file is None and others:
            raise ValueError(f"{others[0]} is another machine: name ca_file, for TLS")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("name cert_file and key_file, or neither")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("name username and password_file, or neither")
        return self

    def server(self, folder: Path) -> Server:
        """Where the servers are, the files found from a folder on."""
        files = [
            folder / one if one else None
            for one in (self.password_file, self.ca_file, self.cert_file, self.key_file)
        ]
        private(files[0])
        private(files[3])
        return Server(tuple(self.servers), self.username, *files)

    def bus(self, folder: Path) -> Bus:
        """The stream and what is read of it."""
        return Bus(
            self.server(folder),
            self.stream,
            tuple(self.subjects),
            tuple(self.lane_subjects),
            self.durable,
            self.replicas,
            self.keep_days,
        )
