"""Telegrams of protocols as rows: whose they are, and what each of their values is called.

A mapping names a value by the column that stands here: `w01018-Avg` and `w01018-Flag` of HJ 212,
`39` of SL 651, the name of a value in an MQTT payload, `result` of an observation, the name of a
register. One telegram is one row; a message that was split into packets is one telegram too.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from ledger import household_telegrams
from ledger.telegrams import claims
from oracle.sources import hj212, observations, payloads, registers, sl651

OTHER_PW = "PW is not that of MN {}; set the station's, or correct password_file"
OF_CENTRE = "a downward frame, as a centre sends; a station sends upward ones"
FAILED = "the oracle failed on it"  # a fault of ours: the frames beside it are taken all the same
# what a telegram tells that is no reading: its station lives, or an instrument has this number
ALIVE, INSTRUMENT = "alive", "instrument"
UNKNOWN = "unknown/unknown"
DEVICE_ID = "3019"  # CN of HJ 212-2017, sent when an instrument is replaced: the code tables


@dataclass(frozen=True, slots=True)
class Telegram:
    """What a station sent: `station` as mappings name it, its cells by column.

    `error` says why it is none; its bytes are kept all the same. `signed` that it claims to be.
    `aside` that it holds no reading: ALIVE, or INSTRUMENT.
    """

    station: str
    raw: bytes
    cells: dict[str, str] = field(default_factory=dict)
    error: str = ""
    signed: bool = False
    aside: str = ""


Told = tuple[Telegram, bytes]  # a telegram, and what to answer to it
Key = tuple[str, str, str, int | None]  # of a message of HJ 212: MN, QN, CN, PNUM


def _each(pieces: Iterable[bytes], take: Callable[[bytes], list[Told]]) -> list[Told]:
    """What each piece tells; one that we fail on costs none of those beside it."""
    told: list[Told] = []
    for piece in pieces:
        try:
            told += take(piece)
        except Exception as error:
            told.append((Telegram(UNKNOWN, piece, error=f"{FAILED}: {error!r}; report it"), b""))
    return told


class Hj212:
    """A connection that speaks HJ 212; packets of a split message are joined.

    With `passwords`, by MN, a packet with another PW is refused, and one of an unknown MN.
    `version` is the edition that packets state by Flag, `first_pno` the number of the first packet
    of a message.
    """

    name = "hj212"

    def __init__(
        self,
        passwords: Mapping[str, str] | None = None,
        version: int = hj212.VERSION,
        first_pno: int = hj212.FIRST_PNO,
    ) -> None:
        self._passwords, self._version = passwords, version
        self._splitter, self._assembler = hj212.Splitter(), hj212.Assembler(first_pno)
        # of messages that wait: each packet once, by its PNO, and what to answer to it
        self._parts: dict[Key, dict[int | None, tuple[bytes, bytes]]] = {}

    def feed(self, data: bytes) -> list[Told]:
        """The telegrams that are complete with these bytes, and what to answer to each."""
        return _each(self._splitter.feed(data), self._take)

    def rest(self) -> list[Told]:
        """What is left when the connection ends."""
        cut = _each(self._splitter.rest(), self._take)
        return [*cut, *(self._told(one) for one in self._assembler.rest())]

    def _take(self, piece: bytes) -> list[Told]:
        verdict = hj212.decode(piece, version=self._version)
        if not verdict.ok:
            return [(Telegram(_hj212_station(verdict), piece, error=str(verdict.error)), b"")]
        if not self._may_speak(verdict):
            station = _hj212_station(verdict)
            return [(Telegram(station, piece, error=OTHER_PW.format(verdict.mn)), b"")]
        told = self._assembler.add(verdict)
        if told and not told[0].ok and self._assembler.waits_for_more_of(told[0]):
            # a packet that contradicts its message is refused alone; the message still waits
            return [(Telegram(_hj212_station(verdict), piece, error=str(told[0].error)), b"")]
        answer = hj212.acknowledgement(verdict) if verdict.asks_ack else b""
        self._parts.setdefault(_key(verdict), {}).setdefault(verdict.pno, (piece, answer))
        return [self._told(one) for one in told]

    def _may_speak(self, verdict: hj212.Verdict) -> bool:
        if self._passwords is None:
            return True
        expected = self._passwords.get(verdict.mn, "").encode()
        return hmac.compare_digest(expected, verdict.pw.encode())

    def _told(self, verdict: hj212.Verdict) -> Told:
        """A whole message; each of its packets that asks for it is acknowledged."""
        parts = self._parts.pop(_key(verdict), {}).values()
        station, raw = _hj212_station(verdict), b"".join(piece for piece, _ in parts)
        if not verdict.ok:
            return Telegram(station, raw, error=str(verdict.error)), b""
        answers = b"".join(answer for _, answer in parts)
        aside = INSTRUMENT if verdict.cn == DEVICE_ID else ""
        return Telegram(station, raw, _hj212_cells(verdict), aside=aside), answers


def _key(verdict: hj212.Verdict) -> Key:
    return verdict.mn, verdict.qn, verdict.cn, verdict.pnum


def _hj212_station(verdict: hj212.Verdict) -> str:
    return f"{verdict.mn or 'unknown'}/{verdict.cn or 'unknown'}"


def _hj212_cells(verdict: hj212.Verdict) -> dict[str, str]:
    cells = {"QN": verdict.qn, "DataTime": verdict.data_time}
    for item in verdict.items:
        cells[f"{item.code}-{item.field}"] = item.value
        cells[f"{item.code}-Flag"] = item.mark
        cells[f"{item.code}-SampleTime"] = item.at
    return cells if verdict.cn in hj212.DATA else cells | verdict.parameters


class Sl651:
    """A connection that speaks SL 651, HEX/BCD; `reports` are read as the timed report."""

    name = "sl651"

    def __init__(self, reports: Set[int] = sl651.REPORTS) -> None:
        self._splitter, self._reports = sl651.Splitter(), reports

    def feed(self, data: bytes) -> list[Told]:
        """The telegrams that are complete with these bytes, and what to answer to each."""
        return _each(map(_bytes, self._splitter.feed(data)), self._take)

    def rest(self) -> list[Told]:
        """What is left when the connection ends."""
        return _each(map(_bytes, self._splitter.finish()), self._take)

    def _take(self, raw: bytes) -> list[Told]:
        verdict = sl651.decode(raw, reports=self._reports)
        station = f"{verdict.station or 'unknown'}/{verdict.function or 'unknown'}"
        error = _sl651_error(verdict, raw)
        if error:
            return [(Telegram(station, raw, error=error), b"")]
        cells = _sl651_cells(verdict)
        if verdict.serial is None:  # a keep-alive has none, and is not confirmed
            return [(Telegram(station, raw, cells, aside=ALIVE), b"")]
        return [(Telegram(station, raw, cells), sl651.acknowledge(raw, reports=self._reports))]


def _bytes(piece: bytes | sl651.Garbage) -> bytes:
    return piece.data if isinstance(piece, sl651.Garbage) else piece


def _sl651_cells(verdict: sl651.Verdict) -> dict[str, str]:
    cells = {"at": verdict.items[0].at if verdict.items else ""}
    for item in verdict.items:
        cells[item.code] = item.value
        cells[f"{item.code}-mark"] = item.mark
    return cells if verdict.serial is None else cells | {"serial": str(verdict.serial)}


def _sl651_error(verdict: sl651.Verdict, raw: bytes) -> str:
    """Why a frame tells nothing, "" where it does."""
    if not verdict.ok:
        return str(verdict.error)
    if not sl651.is_upward(raw):
        return OF_CENTRE
    return _repeated([item.code for item in verdict.items])


def _repeated(codes: Sequence[str]) -> str:
    """SL 651 has no rule for an item that is given twice, so none of the two is believed."""
    twice = sorted({code for code in codes if codes.count(code) > 1})
    return f"{', '.join(twice)} given twice; send each item once" if twice else ""


Protocol = Hj212 | Sl651
PROTOCOLS: dict[str, Callable[..., Protocol]] = {Hj212.name: Hj212, Sl651.name: Sl651}
MQTT, SENSORTHINGS, MODBUS = "mqtt", "sensorthings", "modbus"
WHOLE: dict[str, Callable[[bytes], dict[str, str]]] = {  # nothing is cut there
    MQTT: payloads.cells,
    SENSORTHINGS: observations.cells,
    MODBUS: registers.cells,
}
SPOKEN = (*PROTOCOLS, *WHOLE)


def whole(protocol: str, station: str, raw: bytes) -> Telegram:
    """A message of a protocol in which nothing is cut, as a row of its station.

    One of MQTT that is signed needs no mapping, and is read when its signature is checked.
    """
    if protocol == MQTT and (claims(raw) or household_telegrams.claims(raw)):
        return Telegram(station, raw, signed=True)
    try:
        return Telegram(station, raw, WHOLE[protocol](raw))
    except payloads.NoPayload as reason:
        return Telegram(station, raw, error=str(reason))
    except Exception as error:
        return Telegram(station, raw, error=f"{FAILED}: {error!r}; report it")


def _dialects_of_hj212() -> list[Protocol]:
    ways = [(version, first) for first in hj212.FIRST_PNOS for version in hj212.VERSIONS]
    return [Hj212(version=version, first_pno=first) for version, first in ways]


DIALECTS: dict[str, Callable[[], list[Protocol]]] = {
    Hj212.name: _dialects_of_hj212,
    Sl651.name: lambda: [Sl651(sl651.REPORTS | sl651.UNVERIFIED_REPORTS)],
}


def cells_of(protocol: str, raw: bytes) -> dict[str, str]:
    """The cells of an archived telegram, read again in whichever dialect it was taken in."""
    if protocol in WHOLE:
        return WHOLE[protocol](raw)
    for spoken in DIALECTS[protocol]():
        for told, _ in (*spoken.feed(raw), *spoken.rest()):
            if told.cells:
                return told.cells
    return {}
