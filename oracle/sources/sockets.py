"""Stations that call in, publish or are asked: telegrams wait here until the journal has them.

The sockets live in a thread of their own. A telegram is acknowledged only after whoever took it
calls `done`; when too many wait, connections are no longer read from, so a station notices.
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from ledger.errors import UsageError
from oracle.sources import bus as buses
from oracle.sources.bus import Bus
from oracle.sources.modbus import Modbus
from oracle.sources.mqtt import Broker, follow
from oracle.sources.pulled import Put, Tell
from oracle.sources.sensorthings import SensorThings
from oracle.sources.telegrams import MQTT, PROTOCOLS, Protocol, Telegram

MOST_WAITING = 10_000  # telegrams
MOST_WAITING_BYTES = 64 * 2**20  # of them together, and of what one commit takes in
CANCEL_AGAIN_S = 0.5
AGAIN_S = 30.0  # before a source is followed anew that could not be followed at all
MOST_BROKEN = 100  # of one connection, which then ends: it only costs disk
MOST_CONNECTIONS = 1_000
READ_BYTES = 65_536
PAUSE_S = 0.05

Answer = TypeVar("Answer")
Asked = SensorThings | Modbus


@dataclass(frozen=True, slots=True)
class Port:
    """Where stations call in, and how they speak; port 0 takes any that is free.

    `dialect` is what its stations differ in, as its reader in `telegrams` takes it.
    """

    protocol: str
    host: str
    port: int
    idle_s: float
    dialect: Mapping[str, Any] = field(default_factory=dict, repr=False)  # it has passwords

    def spoken(self) -> Protocol:
        """How one connection is read."""
        return PROTOCOLS[self.protocol](**self.dialect)


@dataclass(frozen=True, slots=True)
class Heard:
    """A telegram that waits to be taken; `done` has it acknowledged."""

    protocol: str
    telegram: Telegram
    done: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Asking:
    """Sources that are asked, and the clock by which they are."""

    sources: Sequence[Asked]
    clock: Callable[[], float]


class _Waiting(queue.Queue[Heard]):
    """Telegrams that wait, bounded by their bytes too; the last one may go beyond."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0

    def _qsize(self) -> int:
        # full by bytes is full; never of none, so that whatever is there can be taken
        there = super()._qsize()
        return max(there, self.maxsize) if self._bytes >= MOST_WAITING_BYTES else there

    def _put(self, item: Heard) -> None:
        super()._put(item)
        self._bytes += len(item.telegram.raw)

    def _get(self) -> Heard:
        item = super()._get()
        self._bytes -= len(item.telegram.raw)
        return item


def untold(event: str, **keys: object) -> None:
    """Nobody wants to know."""


class Ears:
    """Every port, broker, bus and asked source of an oracle, listened to from `open` to `close`."""

    def __init__(
        self,
        ports: Sequence[Port],
        brokers: Sequence[Broker] = (),
        tell: Tell = untold,
        asking: Asking | None = None,
        bus: Bus | None = None,
    ) -> None:
        self._bus = bus
        self._ports, self._brokers, self._tell = ports, brokers, tell
        self._asking = asking
        self._waiting = _Waiting(MOST_WAITING)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[Any]] = set()

    def open(self) -> list[int]:
        """Begin to listen; the ports. UsageError where one cannot be had."""
        self._thread.start()
        self._run(self._follow())
        return [self._run(self._listen(port)) for port in self._ports]

    def close(self) -> None:
        """End every connection; what was not taken was not acknowledged either."""
        self._run(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def hear(self, most: int, wait_s: float) -> list[Heard]:
        """What has come, `most` at the most; waits for the first of them."""
        found: list[Heard] = []
        try:
            found.append(self._waiting.get(timeout=wait_s))
            many = len(found[0].telegram.raw)
            while len(found) < most and many < MOST_WAITING_BYTES:
                found.append(self._waiting.get_nowait())
                many += len(found[-1].telegram.raw)
        except queue.Empty:
            pass
        return found

    def _run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self, port: Port) -> int:
        async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._call(port, reader, writer)

        try:
            server = await asyncio.start_server(called, port.host, port.port)
        except OSError as error:
            where = f"{port.host}:{port.port}"
            raise UsageError(f"{where} cannot be listened on: {error}", "choose a port") from error
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _follow(self) -> None:
        following: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            (broker.where, partial(follow, broker, self._putting(MQTT), self._tell))
            for broker in self._brokers
        ]
        if (bus := self._bus) is not None:
            put = self._putting(MQTT)
            following.append((bus.stream, partial(buses.follow, bus, put, self._tell)))
        if (asking := self._asking) is not None:
            for one in asking.sources:
                put = self._putting(one.protocol)
                following.append((one.where, partial(one.follow, put, self._tell, asking.clock)))
        for source, begin in following:
            self._connections.add(self._loop.create_task(self._keep_to(source, begin)))

    async def _keep_to(self, source: str, begin: Callable[[], Awaitable[None]]) -> None:
        """Follow a source for ever: anew after a while where that cannot be done at all, as where
        its password is gone. It is told once, and again when it has been followed for as long."""
        given_up = ""

        def lasts() -> None:
            nonlocal given_up
            given_up = ""
            self._tell("source is taken up again", source=source)

        while True:
            lasting = self._loop.call_later(AGAIN_S, lasts) if given_up else None
            try:
                return await begin()
            except Exception as error:  # a task that ended would be a source that is silent
                why = str(error) or type(error).__name__
                if why != given_up:
                    self._tell("source is given up", source=source, why=why)
                given_up = why
            finally:
                if lasting is not None:
                    lasting.cancel()
            await asyncio.sleep(AGAIN_S)

    def _putting(self, protocol: str) -> Put:
        async def put(telegram: Telegram, done: Callable[[], None]) -> None:
            await self._put(Heard(protocol, telegram, done))

        return put

    async def _hang_up(self) -> None:
        for server in self._servers:
            server.close()
        tasks = set(self._connections)
        left = tasks
        while left:  # a client of a bus swallows a cancellation that comes while it waits
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _call(
        self, port: Port, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One connection, from its first byte to its last."""
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._connections.add(task)
        try:
            await self._listen_to(port, reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # the station went away, or we do; it sends again what was not acknowledged
        finally:
            self._connections.discard(task)
            writer.close()

    async def _listen_to(
        self, port: Port, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        spoken, broken = port.spoken(), 0
        while broken <= MOST_BROKEN:
            data = await asyncio.wait_for(reader.read(READ_BYTES), port.idle_s)
            for telegram, answer in spoken.feed(data) if data else spoken.rest():
                broken += bool(telegram.error)
                await self._put(Heard(port.protocol, telegram, self._answering(writer, answer)))
            if not data:
                return

    async def _put(self, heard: Heard) -> None:
        while True:
            try:
                return self._waiting.put_nowait(heard)
            except queue.Full:
                await asyncio.sleep(PAUSE_S)

    def _answering(self, writer: asyncio.StreamWriter, answer: bytes) -> Callable[[], None]:
        def write() -> None:
            if answer and not writer.is_closing():
                writer.write(answer)

        def done() -> None:
            self._loop.call_soon_threadsafe(write)

        return done
