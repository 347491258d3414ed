"""Whose turn a lane is: one key of a bus, held by whoever last changed it, until it stands still.

No clock is compared. A holder renews its key and counts `ttl_s` from before it asked; another
takes the key over, by compare-and-set, after it has itself seen it unchanged for `ttl_s`. A holder
that slept through it may still send one more batch: the contract's sequence is the last fence.

A term is one journal. Whoever takes a lane over from another begins a term, in a new journal where
the chain stands; the same holder goes on with its own.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count

from nats.js import JetStreamContext
from nats.js.api import StorageType
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from oracle.sources.bus import AGAIN_S, ANSWER_S, FAILURES, Server, joined
from oracle.sources.pulled import Tell

BUCKET = "waterline-lanes"
ROUNDS = 4  # looks within a lease
SAFE = (2, 3)  # of a lease, after which its holder no longer trusts it
LOOKS_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Claim:
    """What the key says: whose the lane is, in which term, and whether it was given back."""

    holder: str
    term: int
    free: bool = False

    @classmethod
    def read(cls, raw: bytes) -> "Claim":
        """A claim as it was written."""
        return cls(**json.loads(raw))

    def written(self) -> bytes:
        """The claim as the bus keeps it."""
        return json.dumps(asdict(self)).encode()


def taken_by(holder: str, there: Claim | None, stands_s: float, ttl_s: float) -> Claim | None:
    """What `holder` may write over a claim that has stood unchanged for so long; None: nothing."""
    if there is None:
        return Claim(holder, 1)
    if there.holder == holder:
        return Claim(holder, there.term)
    if there.free or stands_s >= ttl_s:
        return Claim(holder, there.term + 1)
    return None


class Lease:
    """One lane's key, asked for and renewed in a thread of its own from `open` to `close`."""

    def __init__(
        self, server: Server, lane: str, holder: str, ttl_s: float, replicas: int, tell: Tell
    ) -> None:
        """`holder` is a name that no other process has; `lane` such as `QuotaTracker.1`."""
        self.lane, self.holder, self._ttl_s = lane, holder, ttl_s
        self._server, self._replicas, self._tell = server, replicas, tell
        self._term: int | None = None
        self._until = 0.0  # by the monotonic clock
        self._anew = threading.Event()
        self._leaving = threading.Event()
        self._seen: tuple[int, float] = (-1, 0.0)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def open(self) -> None:
        """Begin to ask for the lane."""
        self._thread.start()

    def close(self) -> None:
        """Give the lane back, if it is ours, and ask no more."""
        self._leaving.set()
        self._thread.join()

    @property
    def term(self) -> int | None:
        """The term in which the lane is ours; None when it is not, or may not be any more."""
        return self._term if time.monotonic() < self._until and not self._anew.is_set() else None

    def begin_anew(self) -> None:
        """Ask for another term: this one's journal does not go with the chain."""
        self._anew.set()

    def wait(self, leaving: Callable[[], bool]) -> int | None:
        """The term, as soon as the lane is ours; None when it is time to leave."""
        while not leaving():
            if (term := self.term) is not None:
                return term
            time.sleep(LOOKS_EVERY_S)
        return None

    def _run(self) -> None:
        try:
            asyncio.run(self._keep())
        except Exception as error:  # a thread that ended unnoticed would be a lane that nobody has
            self._tell("lease is given up", lane=self.lane, why=str(error) or type(error).__name__)

    async def _keep(self) -> None:
        away = False
        for attempt in count():
            try:
                async with joined(self._server, attempt) as client:
                    away = False
                    kept = await self._bucket(client.jetstream(timeout=ANSWER_S))
                    while not self._leaving.is_set():
                        await asyncio.wait_for(self._round(kept), ANSWER_S)
                        await self._pause(self._ttl_s / ROUNDS)
                    await self._give_back(kept)
            except FAILURES as error:
                if not away:
                    why = str(error) or type(error).__name__
                    self._tell("lease cannot be asked for", lane=self.lane, why=why)
                away = True
                await self._pause(min(AGAIN_S, self._ttl_s / ROUNDS))
            if self._leaving.is_set():
                return

    async def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._leaving.is_set():
            await asyncio.sleep(LOOKS_EVERY_S)

    async def _bucket(self, stream: JetStreamContext) -> KeyValue:
        with suppress(BucketNotFoundError):
            return await stream.key_value(BUCKET)
        return await stream.create_key_value(
            bucket=BUCKET, history=1, storage=StorageType.FILE, replicas=self._replicas
        )

    async def _round(self, kept: KeyValue) -> None:
        """Look at the key once, and write what may be written."""
        asked = time.monotonic()
        there, revision = await self._there(kept)
        if revision != self._seen[0]:
            self._seen = (revision, time.monotonic())
        wanted = taken_by(self.holder, there, asked - self._seen[1], self._ttl_s)
        if wanted is None:
            self._lose(there)
            return
        anew = self._anew.is_set()
        if anew and there is not None and there.holder == self.holder:
            wanted = Claim(self.holder, there.term + 1)
        asked = time.monotonic()
        try:
            await kept.update(self.lane, wanted.written(), last=revision)
        except KeyWrongLastSequenceError:
            return  # somebody was faster, or our own last write came late: the next look says
        part, whole = SAFE
        self._until = asked + self._ttl_s * part / whole
        if wanted.term != self._term:
            self._tell("lane is ours", lane=self.lane, term=wanted.term)
        self._term = wanted.term
        if anew:
            self._anew.clear()

    async def _there(self, kept: KeyValue) -> tuple[Claim | None, int]:
        try:
            entry = await kept.get(self.lane)
        except KeyNotFoundError:
            return None, 0
        return Claim.read(entry.value or b""), int(entry.revision or 0)

    def _lose(self, there: Claim | None) -> None:
        if self._term is not None:
            self._tell("lane is another's", lane=self.lane, term=there.term if there else 0)
        self._term, self._until = None, 0.0
        self._anew.clear()

    async def _give_back(self, kept: KeyValue) -> None:
        """Let whoever waits have it at once."""
        there, revision = await self._there(kept)
        if there is not None and there.holder == self.holder:
            free = Claim(self.holder, there.term, free=True)
            with suppress(KeyWrongLastSequenceError):
                await kept.update(self.lane, free.written(), last=revision)
