"""The configuration of a running oracle, waterline.toml: which files, mappings, which journal."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from ledger.errors import BadRecord
from ledger.loopback import LOOPBACK
from oracle.buses import Bused
from oracle.documents import read_toml, read_yaml
from oracle.household_rows import HouseholdMapping, Households
from oracle.inputs import Input, Table
from oracle.mapping import Mapping
from oracle.mapping import load as load_mapping
from oracle.places import SCHEMES, Place, place_of
from oracle.pulls import Observed, Polled, private
from oracle.pulse import STALL_AFTER_S
from oracle.retention import DAY_S, Retention
from oracle.sources.database import LEAST, Query, url_of
from oracle.sources.mqtt import Broker
from oracle.sources.sl651 import REPORTS
from oracle.sources.sockets import Port
from oracle.sources.telegrams import MODBUS, MQTT, SENSORTHINGS
from oracle.warnings.config import Checks, Warnings
from oracle.witnesses_config import Cosigner, Witnessing

LENGTH_OF_PW = 6  # HJ 212-2017, chapter 6, the data segment


class Source(BaseModel):
    """A file, or the files of a folder that fit a pattern, and their mapping.

    `households` says that its rows are households' daily telegrams, and its mapping one of those.
    """

    model_config = ConfigDict(extra="forbid")

    mapping: Path
    households: bool = False
    file: Path | None = None
    folder: Path | None = None
    pattern: str = "*"

    @model_validator(mode="after")
    def _one_place(self) -> "Source":
        if (self.file is None) == (self.folder is None):
            raise ValueError("name either file or folder")
        return self


class Listening(BaseModel):
    """A TCP port that stations call, and the mappings of their telegrams.

    A mapping's `files` name stations: MN/CN of HJ 212, station/function of SL 651. With a
    `password_file` a telegram of HJ 212 is refused unless its PW is that of its MN. `version` is
    the edition of HJ 212 that its stations state by Flag, `first_pno` the number of a message's
    first packet; `reports` are functions of SL 651 that are read as the timed report, 32, is.
    """

    model_config = ConfigDict(extra="forbid")

    protocol: Literal["hj212", "sl651"]
    port: int = Field(ge=0, le=65_535)
    host: str = "127.0.0.1"
    idle_s: float = Field(default=900, gt=0)
    password_file: Path | None = None
    version: Literal[2005, 2017] | None = None
    first_pno: Literal[0, 1] | None = None
    reports: list[Literal["30", "33"]] = []
    mappings: list[Path] = Field(min_length=1)

    @model_validator(mode="after")
    def _of_its_protocol(self) -> "Listening":
        of_hj212 = self.version is not None or self.first_pno is not None
        if of_hj212 and self.protocol != "hj212":
            raise ValueError(f"version and first_pno are of hj212, not of {self.protocol}")
        if self.reports and self.protocol != "sl651":
            raise ValueError(f"reports are of sl651, not of {self.protocol}")
        if self.password_file is not None and self.protocol != "hj212":
            raise ValueError(f"password_file is for PW of hj212; {self.protocol} is not checked")
        return self

    def heard_at(self, folder: Path) -> Port:
        """The port, with the passwords of its stations where they are checked."""
        dialect: dict[str, object] = {}
        if self.password_file is not None:
            dialect["passwords"] = passwords(folder / self.password_file)
        if self.version is not None:
            dialect["version"] = self.version
        if self.first_pno is not None:
            dialect["first_pno"] = self.first_pno
        if self.reports:
            dialect["reports"] = REPORTS | {int(one, 16) for one in self.reports}
        return Port(self.protocol, self.host, self.port, self.idle_s, dialect)


class Subscription(BaseModel):
    """An MQTT broker; a mapping's `files` name its topics, those of `households` too.

    Without `ca_file` the connection is not encrypted, which only this machine's own broker may be.
    """

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8883, gt=0, le=65_535)
    client_id: str = Field(min_length=1, max_length=64)
    topics: list[str] = Field(min_length=1)
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    mappings: list[Path] = []
    households: list[Path] = []

    @model_validator(mode="after")
    def _sealed(self) -> "Subscription":
        if not (self.mappings or self.households):
            raise ValueError("name mappings, or households, of its topics")
        if self.ca_file is None and self.host not in LOOPBACK:
            raise ValueError(f"{self.host} is another machine: name ca_file, for TLS")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("name cert_file and key_file, or neither")
        if self.username and self.password_file is None:
            raise ValueError("a username needs a password_file")
        return self

    def broker(self, folder: Path) -> Broker:
        """The broker, its files found from a folder on."""
        files = [
            folder / one if one else None
            for one in (self.password_file, self.ca_file, self.cert_file, self.key_file)
        ]
        private(files[0])
        about = (self.host, self.port, self.client_id, tuple(self.topics), self.username)
        return Broker(*about, *files)


class Database(BaseModel):
    """A query with a cursor that rises; `begins` lies before its first row, of the same type.

    `imported` says that its rows are history from before the chain, and the series' title tells.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    url_file: Path
    query: str
    cursor: str
    begins: StrictInt | datetime | StrictStr = LEAST
    ca_file: Path | None = None
    mapping: Path
    imported: bool = False

    def table(self, folder: Path) -> Table:
        """The rows, the files found from a folder on."""
        mapping = load_mapping(folder / self.mapping)
        if self.imported:
            mapping = mapping.model_copy(update={"title": f"{mapping.title} (pre-chain)"})
        url = url_of(self.name, _text(folder / self.url_file))
        ca_file = folder / self.ca_file if self.ca_file else None
        query = Query(self.name, url, self.query, self.cursor, self.begins, ca_file)
        return Table(query, mapping)


def _text(path: Path) -> str:
    """What a file with a secret holds."""
    private(path)
    return path.read_text(encoding="utf-8").strip()


def passwords(path: Path) -> dict[str, str]:
    """What PW each MN has: a line for each, the MN, blanks, six characters.

    BadRecord where others can read the file, or a line is none; the line is named, never told.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or len(words[1]) != LENGTH_OF_PW or words[0] in found:
            raise BadRecord(
                f"line {number} of {path} is no new MN with a PW of {LENGTH_OF_PW} characters",
                "write a line for each MN: the MN, a blank, its PW",
            )
        found[words[0]] = words[1]
    return found


class Config(BaseModel):
    """A configuration file in TOML; its paths are relative to its folder.

    `journal` is a folder, or the URL of a PostgreSQL server, which a stand-in may share.
    `endpoints` are nodes of the chain, the preferred one first, in place of --network; those with a
    password or key in their address stand in `endpoints_file`, one a line. `quorum` of them, else
    more than half, must agree on what is final. Each is waited for `rpc_timeout_s`.
    Without a new block for `stall_after_s` the chain stands still. Above `most_base_fee_wei`
    nothing is sent, from half of it on less. With `most_waiting` readings that are not final, files
    are not read on; 0 is no limit. `witnesses` are asked to sign batches, `witness` says that this
    oracle signs those of others.
    """

    model_config = ConfigDict(extra="forbid")

    journal: str | None = None
    poll_s: float = Field(default=2.0, gt=0, le=3600)
    metrics_port: int | None = Field(default=None, ge=0, le=65_535)
    metrics_host: str = "127.0.0.1"
    endpoints: list[str] = []
    endpoints_file: Path | None = None
    quorum: int | None = Field(default=None, ge=1)
    rpc_timeout_s: float = Field(default=3.0, gt=0, le=60)
    stall_after_s: float = Field(default=STALL_AFTER_S, gt=0, le=3600)
    most_base_fee_wei: int | None = Field(default=None, ge=1)
    most_waiting: int = Field(default=0, ge=0)
    sources: list[Source] = []
    listen: list[Listening] = []
    brokers: list[Subscription] = []
    bus: Bused | None = None
    databases: list[Database] = []
    sensorthings: list[Observed] = []
    modbus: list[Polled] = []
    checks: Checks | None = None
    warnings: Warnings | None = None
    witnesses: list[Cosigner] = Field(default=[], max_length=15)
    witness: Witnessing | None = None
    archive: Retention = Retention()

    @model_validator(mode="after")
    def _something(self) -> "Config":
        others = self.sources or self.listen or self.brokers or self.databases or self.asked
        if not (others or self.bus):
            raise ValueError(
                "name sources, ports to listen on, brokers, a bus, databases, or what is asked"
            )
        if others and self.bus and self.bus.lease:
            raise ValueError(
                "a leased lane is fed from its bus alone: only that replays to another"
            )
        on_server = (self.journal or "").startswith(SCHEMES)
        if self.bus and self.bus.lease and self.bus.households and not on_server:
            raise ValueError(
                "households' salts lie in one journal: a leased lane changes its folder, so name a"
                " server's journal"
            )
        if self.endpoints and self.endpoints_file:
            raise ValueError("name endpoints or endpoints_file, not both")
        for url in self.endpoints:
            if _has_secret(url):
                raise ValueError(
                    f"the address of {urlsplit(url).hostname} has a password or key in it: write it"
                    " into a file of its own, mode 0600, and name that as endpoints_file"
                )
        if not self.endpoints_file:
            _check_endpoints(self.endpoints, self.quorum)
        names = [one.name for one in self.databases]
        if len(set(names)) < len(names):
            raise ValueError("two databases have the same name")
        windows = [one.window for one in self.checks.balances] if self.checks else []
        if any(2 * window > self.archive.keep_days * DAY_S for window in windows):
            raise ValueError("archive.keep_days is less than twice the window of a balance")
        if self.checks and not self.warnings:
            raise ValueError("checks need warnings: say who is told")
        return self

    def place(self, folder: Path) -> Place | None:
        """Where the journal lies: a folder found from `folder` on, or a server."""
        return place_of(self.journal, folder) if self.journal else None

    def nodes(self, folder: Path) -> list[str]:
        """The addresses of the chain's nodes; BadRecord where their file is not fit for use."""
        if self.endpoints_file is None:
            return self.endpoints
        urls = _text(folder / self.endpoints_file).split()
        try:
            _check_endpoints(urls, self.quorum)
        except ValueError as error:
            told = f"{folder / self.endpoints_file}: {error}"
            raise BadRecord(told, "write one address a line") from error
        return urls

    @property
    def asked(self) -> list[Observed | Polled]:
        """What does not call but is asked."""
        return [*self.sensorthings, *self.modbus]


def _has_secret(url: str) -> bool:
    """Whether an address has a user, or a question, where keys are put."""
    parts = urlsplit(url)
    return "@" in parts.netloc or bool(parts.query)


def _check_endpoints(urls: Sequence[str], quorum: int | None) -> None:
    if len(set(urls)) < len(urls):
        raise ValueError("two endpoints are the same")
    if quorum and quorum > max(len(urls), 1):
        raise ValueError(f"quorum {quorum} of {max(len(urls), 1)} endpoints")


def _place(source: Source) -> str:
    return f"file {source.file}" if source.file else f"folder {source.folder}/{source.pattern}"


def _speaking(config: Config) -> Iterator[tuple[str, str, list[Path]]]:
    """Whatever tells telegrams: its protocol, what people know it by, its mappings."""
    for port in config.listen:
        yield port.protocol, f"{port.protocol} on {port.host}:{port.port}", port.mappings
    for broker in config.brokers:
        yield MQTT, f"broker {broker.host}:{broker.port}", broker.mappings
    if config.bus:
        yield MQTT, f"bus {config.bus.stream}", config.bus.mappings
    for service in config.sensorthings:
        yield SENSORTHINGS, f"service {service.url}", service.mappings
    for device in config.modbus:
        yield MODBUS, f"device {device.host}:{device.port} {device.station}", device.mappings


def _households(config: Config) -> Iterator[Path]:
    """The mappings of households' days that come as messages."""
    for broker in config.brokers:
        yield from broker.households
    if config.bus:
        yield from config.bus.households


class Feeds:
    """A configuration and its mappings; `named` has each with where its series comes from."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.journal = config.place(folder)
        self.poll_s = config.poll_s
        self.metrics_host, self.metrics_port = config.metrics_host, config.metrics_port
        self.endpoints, self.quorum = config.nodes(folder), config.quorum
        self.rpc_timeout_s, self.stall_after_s = config.rpc_timeout_s, config.stall_after_s
        self.most_base_fee_wei, self.most_waiting = config.most_base_fee_wei, config.most_waiting
        self._sources = [(source, _mapping(source, folder)) for source in config.sources]
        self.checks = config.checks or Checks()
        self.witnesses = [one.address(folder) for one in config.witnesses]
        self.witness = config.witness
        self.warnings, self.archive = config.warnings, config.archive
        self.folder = folder
        self.ports = [one.heard_at(folder) for one in config.listen]
        self.spoken: dict[str, list[Mapping]] = {}
        self.brokers = [one.broker(folder) for one in config.brokers]
        self.bus = config.bus.bus(folder) if config.bus else None
        self.lease = config.bus.lease if config.bus else None
        self.tables = [one.table(folder) for one in config.databases]
        self.asked = [one.source(folder) for one in config.asked]
        self.named = [
            (_place(source), mapping)
            for source, mapping in self._sources
            if isinstance(mapping, Mapping)
        ]
        self.named += [(f"database {one.query.name}", one.mapping) for one in self.tables]
        self.homes = [_homes(folder / path) for path in _households(config)]
        for protocol, origin, paths in _speaking(config):
            known = self.spoken.setdefault(protocol, [])
            loaded = [load_mapping(folder / path) for path in paths]
            known += loaded
            self.named += [(origin, mapping) for mapping in loaded]

    def inputs(self) -> Iterator[Input | Table | Households]:
        """The files that are there now, each folder's in the order of their names; databases."""
        for source, mapping in self._sources:
            for path in _files(source, self.folder):
                if isinstance(mapping, Mapping):
                    yield Input(path, mapping)
                else:
                    yield Households(path, mapping)
        yield from self.tables


def _files(source: Source, folder: Path) -> list[Path]:
    """The files of a source; none while its disk does not answer, as when a share is away."""
    try:
        if source.file is not None:
            path = folder / source.file
            return [path] if path.is_file() else []
        return sorted(
            path
            for path in (folder / str(source.folder)).glob(source.pattern)
            if path.is_file() and path.suffix.lower() in (".csv", ".parquet")
        )
    except OSError:
        return []


def _mapping(source: Source, folder: Path) -> Mapping | HouseholdMapping:
    path = folder / source.mapping
    return _homes(path) if source.households else load_mapping(path)


def _homes(path: Path) -> HouseholdMapping:
    return read_yaml(HouseholdMapping, path, "mapping file of households")


def load(path: Path) -> Feeds:
    """Read a configuration; BadRecord names what is wrong in it, and where."""
    return Feeds(read(path), path.resolve().parent)


def read(path: Path) -> Config:
    """What a configuration says, before any mapping or secret of it is read."""
    return read_toml(Config, path, "configuration")
