"""The part of a configuration that says which witnesses are asked, or that this is one."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ledger.loopback import LOOPBACK
from oracle.pulls import private


@dataclass(frozen=True, slots=True)
class Address:
    """Where a witness listens, and for https whose certificates are trusted."""

    url: str
    ca_file: Path | None = None


class Cosigner(BaseModel):
    """A witness that is asked to sign: its address, and for TLS whose certificates are trusted."""

    model_config = ConfigDict(extra="forbid")

    url: str
    ca_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _sealed(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is no address of https")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError(f"{parts.hostname} is another machine: ask it over https")
        if parts.username is not None or parts.path not in ("", "/") or parts.query:
            raise ValueError("an address of host and port alone")
        return url

    def address(self, folder: Path) -> Address:
        """Where it listens, its file found from a folder on."""
        return Address(self.url, folder / self.ca_file if self.ca_file else None)


class Witnessing(BaseModel):
    """As whom this oracle signs and where it is asked; `dissents` puts what differs on chain.

    Without certificate and key only this machine may ask.
    """

    model_config = ConfigDict(extra="forbid")

    account: str = Field(min_length=1)
    port: int = Field(ge=0, le=65_535)
    host: str = "127.0.0.1"
    cert_file: Path | None = None
    key_file: Path | None = None
    dissents: bool = True

    @model_validator(mode="after")
    def _sealed(self) -> "Witnessing":
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("name cert_file and key_file, or neither")
        if self.cert_file is None and self.host not in LOOPBACK:
            raise ValueError(f"{self.host} is open to other machines: name cert_file and key_file")
        return self

    def tls(self, folder: Path) -> tuple[Path, Path] | None:
        """Certificate and key, found from a folder on."""
        if self.cert_file is None or self.key_file is None:
            return None
        key = folder / self.key_file
        private(key)
        return folder / self.cert_file, key
