"""A hostile network between the oracle and a node: a proxy that breaks what it passes on.

It knows HTTP only, not what is asked. Each fault is counted when it is done to somebody.
"""

import asyncio
import json
import os
import random
import re
import signal
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

COMPRESSED = re.compile(rb"(?i)accept-encoding:[^\r]*")
PASSES = "passes"
# each kind of fault, and how often it has its turn; those that cost a time-out come less often
FAULTS = {
    "latency": 6,
    "reset": 12,
    "half_open": 1,
    "truncated": 12,
    "bad_json": 12,
    "garbage": 12,
    "wrong_value": 12,
    "split": 6,
    "duplicated": 12,
    "status_429": 12,
    "status_500": 12,
    "reply_lost": 12,
}
LATENCY_S = 0.05
HALF_OPEN_S = 5.0  # longer than any of our time-outs here
SPLIT_INTO = 4
SPLIT_S = 0.002
NOTES_EVERY_S = 0.1
PIECE_BYTES = 65_536
MOST_HEAD_BYTES = 65_536


class Proxy:
    """One run of faults; `chance` is that of a fault for each exchange."""

    def __init__(self, upstream: tuple[str, int], chance: float, rng: random.Random) -> None:
        self._upstream, self._chance, self._rng = upstream, chance, rng
        self._storms = False
        self.done: Counter[str] = Counter()

    async def serve(self, sockets: Sequence[socket.socket], notes: Path) -> None:
        """Serve until the process is told to end, noting the counts in a file."""
        for one in sockets:
            await asyncio.start_server(self._call, sock=one, limit=MOST_HEAD_BYTES)
        while True:
            half = notes.with_suffix(".part")
            half.write_text(json.dumps(self.done), encoding="utf-8")
            os.replace(half, notes)
            self._storms = storm(notes).exists()
            await asyncio.sleep(NOTES_EVERY_S)

    def _next(self) -> str:
        if not self._storms or self._rng.random() >= self._chance:
            return PASSES
        return self._rng.choices(list(FAULTS), list(FAULTS.values()))[0]

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _message(reader):
                fault = self._next()
                self.done[fault] += 1
                if not await self._exchange(fault, request, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # who called has left, or the node is away: the caller sees a closed connection
        finally:
            writer.transport.abort()

    async def _exchange(self, fault: str, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """One request and what is made of its answer; whether the connection lives on."""
        if fault in ("reset", "half_open"):
            await asyncio.sleep(HALF_OPEN_S if fault == "half_open" else 0)
            return False
        if fault in ("status_429", "status_500"):
            code = fault.removeprefix("status_")
            writer.write(f"HTTP/1.1 {code} No\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            return True
        if fault == "latency":
            await asyncio.sleep(self._rng.random() * LATENCY_S)
        body = await self._asked(request)
        if fault == "reply_lost":
            return False
        return await self._answered(fault, body, writer)

    async def _answered(self, fault: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
        whole = _response(body)
        if fault == "truncated":
            writer.write(whole[: len(whole) - 1 - self._rng.randrange(len(body))])
            await writer.drain()
            writer.close()
            return False
        if fault == "split":
            size = len(whole) // SPLIT_INTO + 1
            for start in range(0, len(whole), size):
                writer.write(whole[start : start + size])
                await writer.drain()
                await asyncio.sleep(SPLIT_S)
            return True
        if fault == "bad_json":
            whole = _response(body[: self._rng.randrange(len(body))])
        elif fault == "garbage":
            whole = _response(b"<html>not a node</html>")
        elif fault == "wrong_value":
            whole = _response(_spoilt(body, self._rng))
        elif fault == "duplicated":
            whole += whole
        writer.write(whole)
        await writer.drain()
        return True

    async def _asked(self, request: bytes) -> bytes:
        """The node's answer to a request, uncompressed, over a connection of its own."""
        reader, writer = await asyncio.open_connection(*self._upstream)
        try:
            writer.write(COMPRESSED.sub(b"Accept-Encoding: identity", request, count=1))
            await writer.drain()
            return (await _message(reader)).partition(b"\r\n\r\n")[2]
        finally:
            writer.close()


def _spoilt(body: bytes, rng: random.Random) -> bytes:
    """An answer whose result is of another type, or another length."""
    told = json.loads(body)
    told["result"] = rng.choice([5, [], {}, "", "0x", "0xzz", True, "0x" + "ff" * 40, {"a": "b"}])
    told.pop("error", None)
    return json.dumps(told).encode()


def _response(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A head and its body, undone where it came in chunks; empty at the end of a connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return b""
        raise
    names = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    if b"chunked" in names.get(b"transfer-encoding", b""):
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return head + body
    return head + await reader.readexactly(int(names.get(b"content-length", b"0")))


def run(
    sockets: Sequence[socket.socket],
    upstream: tuple[str, int],
    chance: float,
    seed: int,
    notes: Path,
) -> None:
    """What the proxy's process does, until it is ended by SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio.run(Proxy(upstream, chance, random.Random(seed)).serve(sockets, notes))


def storm(notes: Path) -> Path:
    """The file that lets faults begin when it is there."""
    return notes.with_suffix(".storm")


def counted(notes: Path) -> Counter[str]:
    """Faults by their kind so far; exchanges that passed unharmed are not among them."""
    if not notes.exists():
        return Counter()
    found = Counter(json.loads(notes.read_text(encoding="utf-8")))
    found.pop(PASSES, None)
    return found
