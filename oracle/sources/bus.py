"""A lane's telegrams on a NATS JetStream, in the stream's order, acknowledged when recorded.

A durable consumer knows what was acknowledged. What was delivered and not acknowledged would come
again *behind* later telegrams, and a channel's readings have an order: so a connection begins by
making its consumer anew behind the last one of which everything before is acknowledged, and ends
when the numbers of the deliveries leave one out. What comes twice the journal knows.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    ConsumerInfo,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from oracle.sources.pulled import Put, Tell
from oracle.sources.telegrams import MQTT, whole

AGAIN_S = 1.0  # between two attempts to connect
ANSWER_S = 5.0  # a server's answer
FETCH_S = 2.0  # a pull waits so long for the first telegram
MOST_PULLED = 500  # telegrams of a pull
MOST_UNRECORDED = 20_000  # delivered and not acknowledged
ACKNOWLEDGED_WITHIN_S = 300.0
DAY_S = 86_400
FAILURES = (Error, OSError, TimeoutError)


class Broken(Error):
    """A bus that is not what it should be; the text says what."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the servers of a bus are, and as whom; keys and passwords lie in files."""

    urls: tuple[str, ...]
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def tls(self) -> ssl.SSLContext | None:
        """How connections are sealed; None on this machine only."""
        if self.ca_file is None:
            return None
        context = ssl.create_default_context(cafile=str(self.ca_file))
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


@dataclass(frozen=True, slots=True)
class Bus:
    """A stream of `subjects`, kept for `keep_days` by `replicas` servers; `lane` is read of it.

    `durable` is the consumer's name. A new one begins at `since_at`, by the stream's own clock.
    """

    server: Server
    stream: str
    subjects: tuple[str, ...]
    lane: tuple[str, ...]
    durable: str
    replicas: int = 1
    keep_days: int = 30
    since_at: int = 0


@dataclass
class Place:
    """The number in the stream up to which everything of the lane is acknowledged."""

    after: int = 0


async def follow(bus: Bus, put: Put, tell: Tell) -> None:
    """Take telegrams from a bus for ever; it is told when it goes away and when it is back."""
    away, place = False, Place()
    for attempt in count():
        try:
            async with joined(bus.server, attempt) as client:
                stream = client.jetstream(timeout=ANSWER_S)
                if await _made(stream, bus) < place.after:
                    place.after = 0  # another stream of that name
                consumer = await _begun(stream, bus, place)
                tell("bus is there", stream=bus.stream, replicas=bus.replicas)
                away = False
                await _take(client, stream, bus, consumer, put)
        except FAILURES as error:
            if not away:
                tell("bus is away", stream=bus.stream, why=str(error) or type(error).__name__)
            away = True
            await asyncio.sleep(AGAIN_S)


@asynccontextmanager
async def joined(server: Server, attempt: int) -> AsyncIterator[Client]:
    """A connection to one of the servers, another one at each attempt; it is never mended."""

    async def untold(_: Exception) -> None:
        """What ends a connection is told by whoever uses it."""

    sealed = server.tls()
    client = await nats.connect(
        server.urls[attempt % len(server.urls)],
        allow_reconnect=False,
        max_reconnect_attempts=1,  # else a server that is gone is knocked at for two minutes
        reconnect_time_wait=0,
        connect_timeout=int(ANSWER_S),
        error_cb=untold,
        user=server.username,
        password=server.password_file.read_text().strip() if server.password_file else None,
        **({"tls": sealed} if sealed else {}),
        ping_interval=5,
        max_outstanding_pings=2,
    )
    try:
        yield client
    finally:
        with suppress(*FAILURES):
            await client.close()


async def _made(stream: JetStreamContext, bus: Bus) -> int:
    """Make the stream where there is none; its last number.

    One that is kept less than asked for is refused.
    """
    wanted = StreamConfig(
        name=bus.stream,
        subjects=list(bus.subjects),
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        max_age=bus.keep_days * DAY_S,
        num_replicas=bus.replicas,
    )
    try:
        info = await stream.stream_info(bus.stream)
    except NotFoundError:
        info = await stream.add_stream(wanted)
    there = info.config
    age_s = there.max_age or 0
    if there.retention != RetentionPolicy.LIMITS or 0 < age_s < bus.keep_days * DAY_S:
        raise Broken(f"stream {bus.stream} is not kept for {bus.keep_days} days")
    if (there.num_replicas or 1) < bus.replicas:
        raise Broken(f"stream {bus.stream} has {there.num_replicas} replicas, not {bus.replicas}")
    if there.storage != StorageType.FILE:
        raise Broken(f"stream {bus.stream} is not kept on the disk")
    return int(info.state.last_seq)


async def _begun(stream: JetStreamContext, bus: Bus, place: Place) -> ConsumerInfo:
    """The lane's consumer, with nothing delivered that is not acknowledged."""
    wanted = ConsumerConfig(
        durable_name=bus.durable,
        filter_subjects=list(bus.lane),
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACKNOWLEDGED_WITHIN_S,
        max_ack_pending=MOST_UNRECORDED,
        inactive_threshold=bus.keep_days * DAY_S,
        deliver_policy=DeliverPolicy.ALL,
    )
    if bus.since_at > 0:
        since = datetime.fromtimestamp(bus.since_at, UTC)
        wanted.deliver_policy = DeliverPolicy.BY_START_TIME
        wanted.opt_start_time = since
    with suppress(NotFoundError):
        there: ConsumerInfo = await stream.consumer_info(bus.stream, bus.durable)
        only = there.config.filter_subjects or [str(there.config.filter_subject)]
        same = set(only) == set(bus.lane)
        if same and not there.num_ack_pending:
            return there
        floor = there.ack_floor.stream_seq if there.ack_floor else 0
        place.after = max(place.after, floor) if same else 0
        await stream.delete_consumer(bus.stream, bus.durable)
    if place.after:
        wanted.deliver_policy = DeliverPolicy.BY_START_SEQUENCE
        wanted.opt_start_seq = place.after + 1
        wanted.opt_start_time = None
    return await stream.add_consumer(bus.stream, wanted)


async def _take(
    client: Client, stream: JetStreamContext, bus: Bus, consumer: ConsumerInfo, put: Put
) -> None:
    """Pull until the connection ends or a delivery is missing."""
    pull = await stream.pull_subscribe_bind(bus.durable, bus.stream)
    last = consumer.delivered.consumer_seq if consumer.delivered else 0
    while True:
        try:
            messages = await pull.fetch(MOST_PULLED, FETCH_S)
        except TimeoutError:
            if not client.is_connected:
                raise Broken("the connection ended") from None
            await stream.consumer_info(bus.stream, bus.durable)  # raises when it is gone
            continue
        for message in messages:
            number = message.metadata.sequence.consumer
            if number != last + 1:
                raise Broken(f"delivery {last + 1} is missing, {number} came")
            last = number
            await put(whole(MQTT, topic(message.subject), message.data), _done(message))


def topic(subject: str) -> str:
    """A subject as mappings name it: as MQTT does, with strokes between its parts."""
    return subject.replace(".", "/")


def _done(message: Msg) -> Callable[[], None]:
    """How a telegram is acknowledged; a connection that has ended meanwhile takes nothing."""
    loop = asyncio.get_running_loop()

    async def acknowledge() -> None:
        with suppress(*FAILURES):
            await message.ack()

    def done() -> None:
        asyncio.run_coroutine_threadsafe(acknowledge(), loop)

    return done
