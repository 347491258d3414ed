"""The parts `checks` and `warnings` of a configuration: docs/warnings.md shows them."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ledger.loopback import LOOPBACK
from ledger.units import parse_duration
from oracle.mapping import ZoneName

Seconds = Annotated[int, BeforeValidator(lambda text: parse_duration(str(text))), Field(gt=0)]
MOST_ARGUMENTS = 32


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Silence(_Strict):
    """A channel without a reading for so many of its cadences is silent."""

    cadences: int = Field(default=3, ge=1, le=1_000)


class Clock(_Strict):
    """How far a reading's stamp may lie ahead of its arrival, and behind."""

    ahead: Seconds | None = None
    behind: Seconds | None = None

    @model_validator(mode="after")
    def _something(self) -> "Clock":
        if self.ahead is None and self.behind is None:
            raise ValueError("name ahead, behind, or both")
        return self


class Side(_Strict):
    """One channel of a comparison."""

    device: str
    parameter: str


class Balance(_Strict):
    """Two lists of channels that should agree: meters by their volume, gauges by their mean."""

    title: str = Field(min_length=1, max_length=100)
    left: list[Side] = Field(min_length=1, max_length=100)
    right: list[Side] = Field(min_length=1, max_length=100)
    window: Seconds
    tolerance_permille: int = Field(ge=0, le=1_000)


class Checks(_Strict):
    """What is looked for across channels, beside what intake and flags see in each."""

    silence: Silence | None = None
    clock: Clock | None = None
    balances: list[Balance] = []
    flags: list[Literal["jump", "stuck", "gap"]] = []
    flag_clears_after: int = Field(default=3, ge=1, le=1_000)
    trouble_after: Seconds = 60

    @model_validator(mode="after")
    def _named_once(self) -> "Checks":
        titles = [one.title for one in self.balances]
        if len(set(titles)) < len(titles):
            raise ValueError("two balances have the same title")
        return self


class Mail(_Strict):
    """The server that takes mail: STARTTLS, TLS from the start, or neither on this machine."""

    host: str
    port: int = Field(default=587, gt=0, le=65_535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    sender: str
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    timeout_s: float = Field(default=20, gt=0, le=60)

    @model_validator(mode="after")
    def _sealed(self) -> "Mail":
        if self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError(f"{self.host} is another machine: use starttls or tls")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("name username and password_file, or neither")
        return self


def checked_url(url: str) -> str:
    """The address of a web-hook; ValueError where it is none, or others could read what is sent."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no address of https")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(f"{parts.hostname} is another machine: post over https")
    if parts.username is not None or parts.fragment:
        raise ValueError("an address of host, path and query alone")
    return url


class Recipient(_Strict):
    """Who is told, in one of three ways: `mail`, `url` with `key_file`, or `command`.

    An address that is itself a secret stands in `url_file`, in place of `url`.
    A command is a list of words, run without a shell, with the text on its standard input.
    """

    mail: str | None = None
    url: str | None = None
    url_file: Path | None = None
    key_file: Path | None = None
    ca_file: Path | None = None
    command: list[str] | None = Field(default=None, min_length=1, max_length=MOST_ARGUMENTS)
    timeout_s: float = Field(default=20, gt=0, le=60)
    most_an_hour: int = Field(default=20, ge=1, le=10_000)

    @field_validator("mail")
    @classmethod
    def _one_address(cls, text: str | None) -> str | None:
        """An address in one spelling; a line break could begin a header of its own."""
        if text is None:
            return None
        text = text.strip()
        name, _, host = text.rpartition("@")
        if not name or not host or any(letter.isspace() or letter in ",;<>" for letter in text):
            raise ValueError(f"{text!r} is no mail address")
        return f"{name}@{host.lower()}"

    @field_validator("url")
    @classmethod
    def _sealed(cls, url: str | None) -> str | None:
        return None if url is None else checked_url(url)

    @model_validator(mode="after")
    def _one_way(self) -> "Recipient":
        ways = (self.mail, self.url, self.url_file, self.command)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("name mail, url, url_file or command")
        if self.is_hook != (self.key_file is not None):
            raise ValueError("a url needs a key_file, and nothing else has one")
        return self

    @property
    def address(self) -> str:
        """What tells recipients apart: two names of one address are one recipient."""
        if self.url_file:
            return f"url in {self.url_file}"
        return self.mail or self.url or " ".join(self.command or ())

    @property
    def is_hook(self) -> bool:
        """Whether it is told by a POST."""
        return self.url is not None or self.url_file is not None


class Rung(_Strict):
    """Who is told together, and how long a receipt is waited for before the next rung."""

    to: list[str] = Field(min_length=1, max_length=50)
    wait: Seconds = 300


class Ladder(_Strict):
    """The rungs for some kinds of warning, or some devices; the first that fits is climbed.

    `receipt` says what ends the climb: a delivery that was accepted, or only somebody's
    `waterline oracle acknowledge`.
    """

    kinds: list[str] = []
    devices: list[str] = []
    receipt: Literal["accepted", "acknowledged"] = "accepted"
    rungs: list[Rung] = Field(min_length=1, max_length=10)


class Synthetic(_Strict):
    """A device that is not there, whose alarm is made each day at a time, to see it arrive."""

    at: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    device: str = "SYNTHETIC"
    within: Seconds = 600


class Warnings(_Strict):
    """Who is warned, how, and in which order."""

    recipients: dict[str, Recipient] = Field(min_length=1)
    mail: Mail | None = None
    ladders: list[Ladder] = Field(min_length=1)
    synthetic: Synthetic | None = None
    timezone: ZoneName = "UTC"
    late_after: Seconds = 86_400

    @model_validator(mode="after")
    def _complete(self) -> "Warnings":
        named = {name for ladder in self.ladders for rung in ladder.rungs for name in rung.to}
        if unknown := sorted(named - set(self.recipients)):
            raise ValueError(f"no recipient is called {', '.join(unknown)}")
        if self.mail is None and any(one.mail for one in self.recipients.values()):
            raise ValueError("a recipient has a mail address: name the server under mail")
        if any(ladder.kinds or ladder.devices for ladder in self.ladders[-1:]):
            raise ValueError("the last ladder takes whatever is left: no kinds, no devices")
        return self

    def ladder(self, kind: str, subject: str) -> Ladder:
        """The ladder of a warning; a subject begins with its device."""
        device = subject.partition(" ")[0]
        for one in self.ladders[:-1]:
            if (not one.kinds or kind in one.kinds) and (not one.devices or device in one.devices):
                return one
        return self.ladders[-1]

    def addresses(self, rung: Rung) -> list[str]:
        """The addresses of a rung, each once."""
        return list(dict.fromkeys(self.recipients[name].address for name in rung.to))
