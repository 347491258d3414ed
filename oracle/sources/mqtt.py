"""Stations behind an MQTT broker: QoS 1, a session that outlives us, acknowledged when recorded.

MQTT 3.1.1, part 4.3: a message of QoS 1 is delivered until it is acknowledged. The broker keeps
what comes while we are away, and delivers again what we did not acknowledge.
"""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from oracle.sources.pulled import Put, Tell
from oracle.sources.telegrams import MQTT, whole

AGAIN_S = 2.0  # between two attempts to connect
AT_LEAST_ONCE = 1


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker, what is subscribed to there, and as whom; keys and passwords lie in files."""

    host: str
    port: int
    client_id: str
    topics: tuple[str, ...]
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


async def follow(broker: Broker, put: Put, tell: Tell) -> None:
    """Take messages from a broker for ever; it is told when it goes away and when it is back."""
    away = False
    while True:
        try:
            client = client_of(broker)
            # the library acknowledges by itself what it has received; we do when it is recorded.
            # It must know before it connects: what waits in the session comes with the answer
            client._client.manual_ack_set(True)
            async with client:
                for topic in broker.topics:
                    await client.subscribe(topic, qos=AT_LEAST_ONCE)
                tell("broker is there", broker=broker.where, topics=list(broker.topics))
                away = False
                await _take(client, put)
        except (aiomqtt.MqttError, OSError) as error:
            if not away:
                tell("broker is away", broker=broker.where, why=str(error))
            away = True
        # outside of the handler: the error holds the socket of a handshake that was refused
        await asyncio.sleep(AGAIN_S)


def client_of(broker: Broker, *, lasting: bool = True) -> aiomqtt.Client:
    """A client of a broker; a lasting one has a session that outlives its connection."""
    return aiomqtt.Client(
        broker.host,
        broker.port,
        identifier=broker.client_id,
        username=broker.username,
        password=broker.password_file.read_text().strip() if broker.password_file else None,
        clean_session=not lasting,
        tls_context=_tls(broker),
    )


def _tls(broker: Broker) -> ssl.SSLContext | None:
    if broker.ca_file is None:
        return None
    context = ssl.create_default_context(cafile=str(broker.ca_file))
    if broker.cert_file is not None:
        context.load_cert_chain(broker.cert_file, broker.key_file)
    return context


async def _take(client: aiomqtt.Client, put: Put) -> None:
    loop, paho = asyncio.get_running_loop(), client._client
    async for message in client.messages:
        mid, qos = message.mid, message.qos

        def done(mid: int = mid, qos: int = qos) -> None:
            # a connection that has ended meanwhile takes nothing; the broker delivers again
            loop.call_soon_threadsafe(paho.ack, mid, qos)

        payload = message.payload if isinstance(message.payload, bytes) else b""
        await put(whole(MQTT, str(message.topic), payload), done)
