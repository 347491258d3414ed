"""Which stations are played, what each of them is called, and where its values come from.

A file of stations stands beside the oracle's own configuration, which says how each of them speaks
and to which port, broker or file; its mapping says what the station calls its values.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ledger.errors import BadRecord, NotANumber, UsageError
from ledger.loopback import LOOPBACK
from ledger.units import number, parse_duration
from oracle.config import Config, passwords
from oracle.config import read as read_config
from oracle.documents import read_yaml
from oracle.mapping import Column, Mapping, Time
from oracle.mapping import load as load_mapping
from oracle.simulation.faults import Said
from oracle.sources.files import read
from oracle.sources.mqtt import Broker
from oracle.times import NoMoment, moment

MINUTE_S = 60
MOST_SHARE = 0.01  # of a city: each device is a connection of its own; our own choice
UNCHECKED = "0" * 6  # what PW holds where nobody checks it
CLOCKS = {"hj212": "DataTime", "sl651": "at"}  # the column of a telegram's own moment


class Played(BaseModel):
    """A station: its mapping at the oracle, and the data whose values it sends.

    The n-th row that holds a value is sent as that of n steps after `after`; a series that ends
    begins again, unless it has a register, which cannot fall.
    """

    model_config = ConfigDict(extra="forbid")

    mapping: Path
    data: Path
    data_mapping: Path
    after: str
    step: str


class Made(BaseModel):
    """A share of the city of oracle.simulation.composition, its values drawn by a seed."""

    model_config = ConfigDict(extra="forbid")

    share: float = Field(gt=0, le=MOST_SHARE)
    after: str
    seed: int = 1


class Cast(BaseModel):
    """A file of stations, or of a made-up city; its paths are relative to its folder."""

    model_config = ConfigDict(extra="forbid")

    oracle: Path
    stations: list[Played] = []
    city: Made | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "Cast":
        if bool(self.stations) == (self.city is not None):
            raise ValueError("name stations, or a city")
        return self


@dataclass(frozen=True, slots=True)
class Station:
    """A station as it is played: `name` is what mappings know it by.

    `where` is a port of this machine, `broker` or `path` stands in its place for MQTT and files.
    """

    name: str
    protocol: str
    mapping: Mapping
    data: Path
    data_mapping: Mapping
    after: int
    step_s: int
    port: int = 0
    broker: Broker | None = None
    path: Path | None = None
    password: str = field(default=UNCHECKED, repr=False)
    drawn: Callable[[], Iterator[Said]] | None = None

    def series(self) -> Iterator[Said]:
        """What it says, moment after moment: what is drawn for it, or the values of its data."""
        if self.drawn is not None:
            yield from self.drawn()
            return
        pairs = list(_pairs(self.mapping, self.data_mapping))
        circular = all(there.of != "register" for _, there in pairs)
        at = self.after
        while True:
            count = 0
            for values in _rows(self.data, self.data_mapping, pairs):
                at, count = at + self.step_s, count + 1
                yield Said(at, values)
            if not circular or not count:
                return


def load(path: Path) -> list[Station]:
    """The stations of a file; BadRecord or UsageError name what is wrong."""
    cast, config, beside = read_cast(path)
    folder = path.resolve().parent
    return [_station(one, config, folder, beside) for one in cast.stations]


def read_cast(path: Path) -> tuple[Cast, Config, Path]:
    """A file of stations, the oracle's configuration that it names, and the folder of that."""
    cast, folder = read_yaml(Cast, path, "file of stations"), path.resolve().parent
    return cast, read_config(folder / cast.oracle), (folder / cast.oracle).parent


def _station(played: Played, config: Config, folder: Path, beside: Path) -> Station:
    mapping = load_mapping(folder / played.mapping)
    known = load_mapping(folder / played.data_mapping)
    name, zone = mapping.files[0], Time(form="iso8601", column="after")
    try:
        after = moment(zone, played.after)
    except NoMoment as error:
        raise BadRecord(f"after of {mapping.title}: {error}", "write an ISO 8601 moment") from error
    list(_pairs(mapping, known))
    step_s = parse_duration(played.step)
    about = (mapping, folder / played.data, known, after, step_s)
    wanted = (folder / played.mapping).resolve()
    for heard in config.listen:
        if any((beside / one).resolve() == wanted for one in heard.mappings):
            if heard.protocol == "sl651" and (step_s % MINUTE_S or after % MINUTE_S):
                raise BadRecord(
                    f"{mapping.title}: SL 651 observes at whole minutes",
                    "give `after` and `step` in whole minutes",
                )
            if mapping.time.column != CLOCKS[heard.protocol] or mapping.time.zone is None:
                raise BadRecord(
                    f"{mapping.title}: its time is not {CLOCKS[heard.protocol]} with a timezone",
                    "name both: a telegram has local time",
                )
            port, secret = near(heard.host, heard.port), UNCHECKED
            if heard.protocol == "hj212" and heard.password_file is not None:
                known_passwords = passwords(beside / heard.password_file)
                secret = known_passwords.get(name.partition("/")[0], UNCHECKED)
            return Station(name, heard.protocol, *about, port=port, password=secret)
    for broker in config.brokers:
        if any((beside / one).resolve() == wanted for one in broker.mappings):
            near(broker.host, broker.port)
            return Station(name, "mqtt", *about, broker=broker.broker(beside))
    for source in config.sources:
        if (beside / source.mapping).resolve() == wanted:
            place = beside / source.file if source.file else beside / str(source.folder) / name
            return Station(name, "file", *about, path=place)
    raise BadRecord(
        f"{played.mapping} is in no listen, brokers or sources of the configuration",
        "name it there: it says how the station speaks",
    )


def near(host: str, port: int) -> int:
    """A port of this machine; UsageError for any other."""
    if host not in LOOPBACK:
        raise UsageError(
            f"{host}:{port} is not this machine",
            "simulated stations only call 127.0.0.1; other machines' oracles are not for play",
        )
    if port == 0:
        raise UsageError("port 0 is any port", "name the port that the oracle listens on")
    return port


def _pairs(mapping: Mapping, known: Mapping) -> Iterator[tuple[Column, Column]]:
    """Each column of the oracle's mapping with that of the data which holds its channel."""
    there = {(one.device, one.parameter): one for one in known.channels}
    for column in mapping.channels:
        found = there.get((column.device, column.parameter))
        if found is None or (found.of, found.unit) != (column.of, column.unit):
            raise BadRecord(
                f"{mapping.title}: {column.device} {column.parameter} is not in {known.title}"
                " as the same quantity in the same unit",
                "give both mappings the same devices, parameters, `of` and `unit`",
            )
        yield column, found


def _rows(
    data: Path, known: Mapping, pairs: Sequence[tuple[Column, Column]]
) -> Iterator[dict[str, str]]:
    """The rows that hold a value, by the oracle's columns."""
    for chunk in read(data, known.columns, growing=False):
        for place in range(len(chunk)):
            values = {
                column.column: text
                for column, there in pairs
                if (text := delivered(chunk.cells[there.column][place], there.decimals))
            }
            if values:
                yield values


def delivered(text: str, decimals: int | None) -> str:
    """A value with the decimals that its sensor delivers; "" for what is no plain decimal."""
    try:
        written = number(text)
        if decimals is not None:
            written = written.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    except (NotANumber, InvalidOperation):
        return ""
    return f"{written:f}"


def stamp(time: Time, at: int) -> str:
    """A moment as a station writes it, which `oracle.times` reads as `at` again.

    Where a zone's clock is put back an hour is written twice; its second pass reads as its first.
    """
    begun = at - time.step_s if time.stamp == "start" else at
    if time.form == "unix_s":
        return str(begun)
    local = datetime.fromtimestamp(begun, time.zone or UTC)
    return local.strftime("%Y-%m-%dT%H:%M:%S") + ("" if time.zone else "Z")
