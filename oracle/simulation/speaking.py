"""Played stations at work: over TCP, to a broker, into a file; each waits for its answer.

A station of a protocol repeats what is not answered, up to its limits, and then goes on without.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import aiomqtt

from ledger.errors import WaterlineError
from ledger.loopback import LOOPBACK
from oracle.simulation import telegrams
from oracle.simulation.faults import CUT, DUPLICATE, GAP, GARBAGE, SPLIT, Act, Expected
from oracle.simulation.stations import Station
from oracle.sources.mqtt import AT_LEAST_ONCE, client_of

READ_BYTES = 65_536
MOST_GARBAGE = 50  # over one connection, which an oracle ends at 100
BETWEEN_PIECES_S = 0.02
AGAIN_S = 0.5  # between two calls to a port where nobody answers


class NobodyListens(WaterlineError):
    """A port or a broker where no oracle was ever met."""

    code = "nobody_listens"


class Unanswered(Exception):
    """What was sent as often as the limits allow, and never acknowledged."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a station waits for an answer, and how often it sends again.

    10 s and 3 times are those of HJ 212-2017 for a mobile link; that stations of SL 651 do the
    same is unverified.
    """

    answer_s: float = 10
    repeats: int = 3


@dataclass(slots=True)
class Tally:
    """What stations did, in telegrams; `expected` is what the oracle has because of it.

    `refused` were never acknowledged; what the oracle has of them is not known here. `again` were
    sent again for want of an answer, and may have been recorded the first time.
    """

    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    again: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    expected: Expected = field(default_factory=Expected)


class Caller:
    """A station that calls a port of this machine."""

    def __init__(self, station: Station, limits: Limits, tally: Tally) -> None:
        self._station, self._limits, self._tally = station, limits, tally
        self._serial, self._garbage, self._met = 0, 0, False
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._answers: Callable[[bytes], list[str]] = lambda data: []

    async def say(self, act: Act) -> None:
        """Do one act; Unanswered where the limits are reached."""
        sent = self._sent(act)
        if act.fault == GARBAGE:
            await self._garble(telegrams.garbage(act.chance))
        if act.fault == CUT:
            await self._write(_halves(sent.packets[0], act.chance)[0])
            await self.hang_up()
        pieces = sent.packets
        if act.fault == SPLIT and len(pieces) == 1:
            pieces = _halves(pieces[0], act.chance)
        for _ in range(2 if act.fault == DUPLICATE else 1):
            self._tally.sent += 1
            await self._deliver(pieces, sent.key, len(sent.packets))
            self._tally.acknowledged += 1

    async def hang_up(self) -> None:
        """End the connection, if there is one."""
        if self._line is not None:
            writer, self._line = self._line[1], None
            writer.close()
            with suppress(OSError):  # the other side may have ended it first
                await writer.wait_closed()

    def _sent(self, act: Act) -> telegrams.Sent:
        self._serial += 1
        if self._station.protocol == "sl651":
            return telegrams.sl651_sent(self._station, act.said, self._serial)
        about = (self._station, act.said, self._serial, act.fault)
        return telegrams.hj212_sent(*about)

    async def _garble(self, noise: bytes) -> None:
        if self._garbage == MOST_GARBAGE:
            await self.hang_up()
        await self._write(noise)
        self._garbage += 1

    async def _deliver(self, pieces: list[bytes], key: str, answers: int) -> None:
        for attempt in range(1 + self._limits.repeats):
            self._tally.again += attempt > 0
            try:
                for place, piece in enumerate(pieces):
                    await asyncio.sleep(BETWEEN_PIECES_S if place else 0)
                    await self._write(piece)
                return await asyncio.wait_for(self._answered(key, answers), self._limits.answer_s)
            except TimeoutError:
                continue
            except OSError:
                await self.hang_up()
                await asyncio.sleep(AGAIN_S)
        raise Unanswered

    async def _answered(self, key: str, wanted: int) -> None:
        while wanted > 0:
            reader, _ = await self._called()
            data = await reader.read(READ_BYTES)
            if not data:
                raise ConnectionError("the line was ended")
            wanted -= self._answers(data).count(key)

    async def _write(self, data: bytes) -> None:
        _, writer = await self._called()
        writer.write(data)
        await writer.drain()

    async def _called(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._line is not None and self._line[0].at_eof():
            await self.hang_up()
        if self._line is None:
            try:
                self._line = await asyncio.open_connection(LOOPBACK[0], self._station.port)
            except OSError as error:
                if self._met:
                    raise
                raise NobodyListens(
                    f"nobody listens at {LOOPBACK[0]}:{self._station.port}: {error.strerror}",
                    "start `waterline oracle run` with the same configuration first",
                ) from error
            sl651 = self._station.protocol == "sl651"
            self._answers = telegrams.sl651_answers() if sl651 else telegrams.hj212_answers()
            self._met, self._garbage = True, 0
        return self._line


class Publisher:
    """A station that publishes to a broker of this machine, QoS 1; the broker acknowledges."""

    def __init__(self, station: Station, limits: Limits, tally: Tally) -> None:
        self._station, self._limits, self._tally = station, limits, tally
        self._stack, self._met = AsyncExitStack(), False
        self._client: aiomqtt.Client | None = None

    async def say(self, act: Act) -> None:
        """Do one act; Unanswered where the limits are reached."""
        if act.fault == GARBAGE:
            await self._publish(telegrams.garbage(act.chance))
        message = telegrams.message(self._station, act.said)
        for _ in range(2 if act.fault == DUPLICATE else 1):
            self._tally.sent += 1
            await self._publish(message)
            self._tally.acknowledged += 1

    async def hang_up(self) -> None:
        """Leave the broker, if it is there."""
        stack, self._stack, self._client = self._stack, AsyncExitStack(), None
        with suppress(aiomqtt.MqttError):  # it may have gone away first
            await stack.aclose()

    async def _publish(self, message: bytes) -> None:
        for attempt in range(1 + self._limits.repeats):
            self._tally.again += attempt > 0
            try:
                client = await self._called()
                await client.publish(
                    self._station.name, message, AT_LEAST_ONCE, timeout=self._limits.answer_s
                )
                return
            except aiomqtt.MqttError:
                await self.hang_up()
                await asyncio.sleep(AGAIN_S)
        raise Unanswered

    async def _called(self) -> aiomqtt.Client:
        if self._client is None:
            broker = self._station.broker
            assert broker is not None
            station = replace(broker, client_id=f"{broker.client_id}-plays-{self._station.name}")
            try:
                self._client = await self._stack.enter_async_context(
                    client_of(station, lasting=False)
                )
            except aiomqtt.MqttError as error:
                if self._met:
                    raise
                raise NobodyListens(
                    f"no broker at {broker.where}: {error}", "start it, or leave its stations out"
                ) from error
            self._met = True
        return self._client


class Writer:
    """A station whose file grows, a line a reading; what is written counts as acknowledged."""

    def __init__(self, station: Station, tally: Tally) -> None:
        assert station.path is not None
        self._station, self._tally, self._path = station, tally, station.path

    async def say(self, act: Act) -> None:
        """Do one act."""
        row = telegrams.cells(self._station, act.said)
        header = self._station.mapping.columns
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._append(telegrams.line(header))
        if act.fault == GARBAGE:
            self._append(telegrams.garbage(act.chance) + b"\n")
        written = telegrams.line([row.get(column, "") for column in header])
        for _ in range(2 if act.fault == DUPLICATE else 1):
            self._tally.sent += 1
            for piece in _halves(written, act.chance) if act.fault == SPLIT else [written]:
                self._append(piece)
                await asyncio.sleep(BETWEEN_PIECES_S if act.fault == SPLIT else 0)
            self._tally.acknowledged += 1

    async def hang_up(self) -> None:
        """Nothing is open between two lines."""

    def _append(self, data: bytes) -> None:
        with Path(self._path).open("ab") as file:
            file.write(data)


Voice = Caller | Publisher | Writer


def voice(station: Station, limits: Limits, tally: Tally) -> Voice:
    """How a station of its protocol speaks."""
    if station.protocol in ("mqtt", "homes"):
        return Publisher(station, limits, tally)
    if station.protocol == "file":
        return Writer(station, tally)
    return Caller(station, limits, tally)


async def perform(act: Act, speaking: Voice, protocol: str, tally: Tally) -> None:
    """One act of a station, counted by what came of it."""
    if act.fault:
        tally.faults[act.fault] += 1
    if act.fault == GAP:
        return
    try:
        await speaking.say(act)
    except (Unanswered, OSError):
        tally.refused += 1
        return
    tally.expected.add(act, protocol)


def _halves(data: bytes, chance: int) -> list[bytes]:
    """The same bytes in two pieces, neither of them empty."""
    place = Random(chance).randrange(1, len(data) - 2)
    return [data[:place], data[place:]]
