"""The part of a configuration that says which sources are asked, and for what."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from ledger.errors import BadRecord, NotFound
from ledger.loopback import LOOPBACK
from oracle.sources.modbus import Modbus
from oracle.sources.registers import Form, Order, Register, Table
from oracle.sources.sensorthings import SensorThings

MOST_ADDRESS = 65_535
# the first digit of a register's number in its maker's table, by its table here
TABLES: dict[str, Table] = {"3": "input", "4": "holding"}
MOST_SCALE_DIGITS = 30
Id = Annotated[int, Field(strict=True)] | Annotated[str, Field(strict=True, min_length=1)]


def private(path: Path | None) -> Path | None:
    """A file with a secret; BadRecord where others can read it, NotFound where it is not there."""
    try:
        if path is not None and path.stat().st_mode & 0o077:
            raise BadRecord(f"{path} can be read by others", "chmod 600 it")
    except FileNotFoundError as error:
        raise NotFound(f"no file at {path}", "check the name") from error
    except OSError as error:
        raise BadRecord(f"{path} cannot be read: {error}", "write the password there") from error
    return path


class Observed(BaseModel):
    """A SensorThings service; a mapping's `files` name its datastreams: `Datastreams(12)`."""

    model_config = ConfigDict(extra="forbid")

    url: str
    datastreams: list[Id] = Field(min_length=1, max_length=100)
    since: AwareDatetime = Field(alias="from")
    poll_s: float = Field(default=60, ge=1, le=86_400)
    ca_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    mappings: list[Path] = Field(min_length=1)

    @field_validator("url")
    @classmethod
    def _sealed(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is no address of https")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError(f"{parts.hostname} is another machine: ask it over https")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("an address of host and path alone; a password lies in password_file")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _named(self) -> "Observed":
        if (self.username is None) != (self.password_file is None):
            raise ValueError("name username and password_file, or neither")
        if len(set(self.datastreams)) < len(self.datastreams):
            raise ValueError("a datastream is named twice")
        return self

    def source(self, folder: Path) -> SensorThings:
        """The service, its files found from a folder on."""
        ca_file = folder / self.ca_file if self.ca_file else None
        secret = private(folder / self.password_file if self.password_file else None)
        streams = tuple(self.datastreams)
        about = (self.url, streams, self.since, self.poll_s, ca_file, self.username, secret)
        return SensorThings(*about)


class Read(BaseModel):
    """A value of a device: its `address` from 0, or its `number` as tables print it (40001)."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    address: int | None = Field(default=None, ge=0, le=MOST_ADDRESS, strict=True)
    number: int | None = Field(default=None, strict=True)
    table: Table | None = None
    form: Form = Field(alias="type")
    word_order: Order = "big"
    scale: str = "1"

    @field_validator("scale", mode="before")
    @classmethod
    def _exact(cls, scale: Any) -> str:
        """A scale is written in quotes: a bare number would be a float."""
        try:
            number = Decimal(scale) if isinstance(scale, str) else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite() or not number:
            raise ValueError(f"{scale!r} is no decimal in quotes, other than 0")
        if len(format(number, "f")) > MOST_SCALE_DIGITS:
            raise ValueError(f"{scale} has more than {MOST_SCALE_DIGITS} digits")
        return format(number, "f")

    @model_validator(mode="after")
    def _placed(self) -> "Read":
        if (self.address is None) == (self.number is None):
            raise ValueError("name either address, from 0, or number, as 40001")
        if self.name == "at":
            raise ValueError("`at` is the moment of reading; choose another name")
        self.register()
        return self

    def register(self) -> Register:
        """Where it lies; ValueError where there is no such register."""
        table, address = self._place()
        found = Register(self.name, table, address, self.form, self.word_order, self.scale)
        if found.end > MOST_ADDRESS + 1:
            raise ValueError(f"{self.name} ends behind the last register")
        return found

    def _place(self) -> tuple[Table, int]:
        if self.number is None:
            return self.table or "holding", self.address or 0
        digits = str(self.number)
        address = int(digits[1:] or 0) - 1
        if len(digits) not in (5, 6) or digits[0] not in TABLES or not 0 <= address <= MOST_ADDRESS:
            raise ValueError(f"{self.number} is no register of 30001 or 40001 on")
        if self.table not in (None, TABLES[digits[0]]):
            raise ValueError(f"{self.number} is no register of table {self.table}")
        return TABLES[digits[0]], address


class Polled(BaseModel):
    """A Modbus TCP device; a mapping's `files` name its `station`."""

    model_config = ConfigDict(extra="forbid")

    host: str
    port: int = Field(default=502, gt=0, le=65_535)
    unit: int = Field(default=1, ge=0, le=255)
    poll_s: float = Field(default=60, ge=1, le=86_400)
    registers: list[Read] = Field(min_length=1, max_length=1_000)
    station: str = Field(min_length=1)
    mappings: list[Path] = Field(min_length=1)

    @model_validator(mode="after")
    def _named(self) -> "Polled":
        names = [one.name for one in self.registers]
        if len(set(names)) < len(names):
            raise ValueError("a register's name is given twice")
        return self

    def source(self, folder: Path) -> Modbus:
        """The device; it has no files."""
        registers = tuple(one.register() for one in self.registers)
        about = (self.host, self.port, self.unit, self.poll_s, registers, self.station)
        return Modbus(*about)
