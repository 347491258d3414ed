"""Three NATS servers of this machine that keep a stream together; each can be killed."""

import asyncio
import json
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from nats.js import JetStreamContext

from devnet import DevnetError, ports
from devnet.build import NATS
from devnet.client import find_or_build
from oracle.sources.bus import FAILURES, Server, joined

USER = "oracle"
PASSWORD = secrets.token_hex(8)
SOON_S = 30
SIZE = 3

Answer = TypeVar("Answer")


@cache
def _program() -> Path:
    try:
        return find_or_build(lambda _: None, NATS).path
    except DevnetError as error:
        pytest.skip(f"no nats-server here: {error}")


class Cluster:
    """Servers in a folder; without `size` of its own three, the first with a port for MQTT."""

    def __init__(self, folder: Path, size: int = SIZE, tls: bool = False) -> None:
        self.folder, self.size, self.tls = folder, size, tls
        self._program = _program()
        found = ports.free_ports(2 * size + 1)
        self.clients, self._routes, self.mqtt = found[:size], found[size : 2 * size], found[-1]
        self.processes: list[subprocess.Popen[bytes] | None] = [None] * size
        self.password_file = folder / "bus-password"
        self.password_file.write_text(PASSWORD, encoding="ascii")
        self.password_file.chmod(0o600)
        if tls:
            self._certify()

    @property
    def certificate(self) -> Path:
        """Its own, which a client trusts by name."""
        return self.folder / "certificate.pem"

    def _certify(self) -> None:
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
        kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        files = ["-keyout", self.folder / "key.pem", "-out", self.certificate]
        words = ["openssl", "req", *kind, "-days", "1", *subject, *files]
        subprocess.run(words, check=True, capture_output=True)

    @property
    def server(self) -> Server:
        """As an oracle reaches it."""
        ca_file = self.certificate if self.tls else None
        return Server(tuple(self.urls), USER, self.password_file, ca_file)

    @property
    def urls(self) -> list[str]:
        """Where its servers are."""
        return [f"nats://127.0.0.1:{port}" for port in self.clients]

    def start(self) -> None:
        """Start every server, and wait until they keep streams together."""
        for number in range(self.size):
            self.begin(number)
        self.until(self.ready)

    def begin(self, number: int) -> None:
        """Start a server, or start it again with what it has."""
        path = self.folder / f"server-{number}.conf"
        path.write_text(json.dumps(self._configuration(number)), encoding="utf-8")
        path.chmod(0o600)
        log = (self.folder / f"server-{number}.log").open("ab")
        self.processes[number] = subprocess.Popen(
            [self._program, "-c", path], stdout=log, stderr=subprocess.STDOUT
        )
        log.close()

    def _configuration(self, number: int) -> dict[str, Any]:
        name = f"server-{number}"
        told: dict[str, Any] = {
            "server_name": name,
            "listen": f"127.0.0.1:{self.clients[number]}",
            "jetstream": {"store_dir": str(self.folder / name), "max_mem": 2**26},
            "authorization": {"user": USER, "password": PASSWORD},
        }
        if number == 0 and not self.tls:
            told["mqtt"] = {"host": "127.0.0.1", "port": self.mqtt}
        if self.tls:
            files = {"cert_file": str(self.certificate), "key_file": str(self.folder / "key.pem")}
            told["tls"] = files
        if self.size > 1:
            others = [f"nats://127.0.0.1:{port}" for port in self._routes]
            told["cluster"] = {
                "name": "works",
                "listen": f"127.0.0.1:{self._routes[number]}",
                "routes": others,
            }
        return told

    def kill(self, number: int) -> None:
        """End a server as a power cut does."""
        process = self.processes[number]
        assert process is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.processes[number] = None

    def stop(self) -> None:
        """End all of them."""
        for number, process in enumerate(self.processes):
            if process is not None:
                self.kill(number)

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait for something."""
        until = time.monotonic() + SOON_S
        while not reached():
            assert time.monotonic() < until, "the servers do not come so far"
            time.sleep(0.1)

    def ready(self) -> bool:
        """Whether every server keeps streams."""

        async def asked(stream: JetStreamContext) -> bool:
            await stream.account_info()
            return True

        try:
            return all(self._once(asked, number) for number in range(self.size))
        except FAILURES:
            return False

    def ask(self, question: Callable[[JetStreamContext], Awaitable[Answer]]) -> Answer:
        """Ask or tell the servers something, one after another until one answers."""
        until = time.monotonic() + SOON_S
        for attempt in range(10_000):
            try:
                return self._once(question, attempt)
            except FAILURES:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        raise AssertionError

    def _once(
        self, question: Callable[[JetStreamContext], Awaitable[Answer]], attempt: int
    ) -> Answer:
        async def asked() -> Answer:
            async with joined(self.server, attempt) as client:
                return await question(client.jetstream(timeout=3))

        return asyncio.run(asked())

    def publish(self, subject: str, payload: bytes) -> None:
        """A telegram that the stream has, as its answer says."""

        async def told(stream: JetStreamContext) -> None:
            await stream.publish(subject, payload)

        self.ask(told)

    def leader(self, stream: str) -> int:
        """The server that leads a stream."""

        async def asked(context: JetStreamContext) -> int:
            cluster = (await context.stream_info(stream)).cluster
            assert cluster is not None
            return int(str(cluster.leader).rpartition("-")[2])

        return self.ask(asked)


def open_port(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0
