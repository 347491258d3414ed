"""What a played station sends for one act, as bytes of its protocol, and how it is answered."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from oracle.simulation import hj212_encoding, sl651_encoding
from oracle.simulation.city import HOMES, homes_message
from oracle.simulation.faults import SPLIT, Said
from oracle.simulation.sl651_encoding import Report
from oracle.simulation.stations import Station, stamp
from oracle.sources import hj212, sl651
from oracle.sources.items import Item

SURFACE_SOURCE, ASKS = "32", 5  # ST of a pollution source, Flag: chapter 6 of HJ 212-2017
SERIALS = 1 << 16
_JSON_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Sent:
    """A telegram as its packets, and the key that each of their answers carries."""

    packets: list[bytes]
    key: str


def hj212_sent(station: Station, said: Said, serial: int, fault: str) -> Sent:
    """A packet of HJ 212, or two of a message that is split; QN tells it from others."""
    mn, _, cn = station.name.partition("/")
    begun = stamp(station.mapping.time, said.at)
    qn = "".join(filter(str.isdigit, begun)) + f"{serial % 1_000:03d}"
    items = [
        Item(code, field, text, "N", begun)
        for column, text in said.values.items()
        for code, _, field in [column.partition("-")]
    ]
    message = hj212.Verdict(1, True, None, mn, cn, items, qn, SURFACE_SOURCE, ASKS)
    message = replace(message, pw=station.password, data_time=begun)
    return Sent(hj212_encoding.packets(message, 2 if fault == SPLIT else 1), qn)


def sl651_sent(station: Station, said: Said, serial: int) -> Sent:
    """A report of SL 651; its serial tells it from others."""
    address, _, function = station.name.partition("/")
    at = stamp(station.mapping.time, said.at)
    items = [Item(code, "", text, "", at[:16]) for code, text in said.values.items()]
    report = Report(address, function, serial % SERIALS, at, at[:16], items)
    return Sent([sl651_encoding.encode(report)], str(serial % SERIALS))


def payload(cells: Mapping[str, str]) -> bytes:
    """One JSON object that `oracle.sources.payloads` reads as these cells; dots make no objects."""
    pairs = (
        f"{json.dumps(name)}: {text if _JSON_NUMBER.fullmatch(text) else json.dumps(text)}"
        for name, text in cells.items()
    )
    return f"{{{', '.join(pairs)}}}".encode()


def message(station: Station, said: Said) -> bytes:
    """What a station publishes: its values, or its households' days."""
    if station.protocol == HOMES:
        return json.dumps(homes_message(station, said)).encode()
    return payload(cells(station, said))


def cells(station: Station, said: Said) -> dict[str, str]:
    """What is said, with its moment, as the columns of the station's mapping."""
    time = station.mapping.time
    return {time.column: stamp(time, said.at), **said.values}


def line(row: list[str]) -> bytes:
    """A row of a CSV file."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(row)
    return written.getvalue().encode()


def garbage(chance: int) -> bytes:
    """Bytes that begin no telegram, hold no line end, and are no text: one piece everywhere."""
    draw = Random(chance)
    return bytes([0xFF, *(draw.randrange(0xF0, 0x100) for _ in range(draw.randrange(4, 40)))])


def hj212_answers() -> Callable[[bytes], list[str]]:
    """Cuts what comes back into the QN of each 9014."""
    splitter = hj212.Splitter()

    def answers(data: bytes) -> list[str]:
        told = map(hj212.decode, splitter.feed(data))
        return [one.qn for one in told if one.ok and one.cn == hj212.DATA_ACK]

    return answers


def sl651_answers() -> Callable[[bytes], list[str]]:
    """Cuts what comes back into the serial of each confirmation."""
    splitter = sl651.Splitter()

    def answers(data: bytes) -> list[str]:
        pieces = [one for one in splitter.feed(data) if isinstance(one, bytes)]
        return [str(one.serial) for one in map(sl651.decode, pieces) if one.ok]

    return answers
