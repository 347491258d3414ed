"""Datastreams of a SensorThings 1.1 service, asked for what came since the last observation.

OGC 18-088: `Datastreams(id)/Observations` gives pages that `@iot.nextLink` strings together. Only
links of the service's own origin are followed, else a service could send the oracle anywhere.
"""

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import aiohttp
from yarl import URL

from oracle.sources.observations import NoPage, Page, began, page
from oracle.sources.payloads import NoPayload
from oracle.sources.pulled import Away, Put, Tell, ask, taken
from oracle.sources.telegrams import SENSORTHINGS, whole

TOP = 1_000  # observations of a page that are asked for; a service may give fewer
MOST_PAGES = 1_000  # of one poll; the next goes on
MOST_BYTES = 8 * 2**20  # of a page
PAGE_S = 30.0
OVERLAP = timedelta(days=1)  # a mapping may record a period's end, and periods begin before that
MOST_REMEMBERED = 100_000  # observations that are not handed over again in this run
READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class SensorThings:
    """A service, its datastreams, and since when; `known` is up to when each is recorded."""

    url: str
    datastreams: tuple[int | str, ...]
    since: datetime
    poll_s: float
    ca_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    known: Mapping[str, int] = field(default_factory=dict)

    protocol = SENSORTHINGS

    @property
    def where(self) -> str:
        """Its address."""
        return self.url

    @property
    def stations(self) -> list[str]:
        """The datastreams as mappings name them."""
        return [station(one) for one in self.datastreams]

    def after(self, known: Mapping[str, int]) -> "SensorThings":
        """The service again, asked from where each datastream is recorded."""
        return replace(self, known=known)

    def first(self, of: str) -> datetime:
        """Since when a datastream is asked for; what is asked for twice is recorded once."""
        if not self.known.get(of):
            return self.since
        return max(self.since, datetime.fromtimestamp(self.known[of], UTC) - OVERLAP)

    async def follow(self, put: Put, tell: Tell, clock: Callable[[], float]) -> None:
        """Ask every datastream for ever, none waiting for another."""
        async with aiohttp.ClientSession(
            headers=self._headers(),
            timeout=aiohttp.ClientTimeout(total=PAGE_S),
            connector=aiohttp.TCPConnector(ssl=self._tls()),
        ) as session:
            streams = [Datastream(session, self, one, put, clock) for one in self.stations]
            await asyncio.gather(
                *(ask(f"{self.url}/{one.name}", one.poll, self.poll_s, tell) for one in streams)
            )

    def _headers(self) -> dict[str, str]:
        if self.username is None or self.password_file is None:
            return {}
        secret = self.password_file.read_text(encoding="utf-8").strip()
        named = base64.b64encode(f"{self.username}:{secret}".encode()).decode("ascii")
        return {"Authorization": f"Basic {named}"}

    def _tls(self) -> ssl.SSLContext | bool:
        if self.ca_file is None:
            return True
        return ssl.create_default_context(cafile=str(self.ca_file))


class Datastream:
    """One datastream: how far it was handed over, and what of it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        service: SensorThings,
        name: str,
        put: Put,
        clock: Callable[[], float],
    ) -> None:
        self.name = name
        self._session, self._service, self._put, self._clock = session, service, put, clock
        self._cursor = service.first(name)
        self._seen: dict[bytes, None] = {}  # in the order of their coming

    async def poll(self) -> None:
        """Hand over what is new; Away where the service does not answer as it should."""
        async for one in self._pages():
            fresh = [raw for raw in one.observations if self._new(raw)]
            for raw in fresh:
                await self._put(whole(SENSORTHINGS, self.name, raw), taken)
            self._cursor = max([self._cursor, *self._passed(fresh, one)])

    def _passed(self, fresh: list[bytes], of: Page) -> list[datetime]:
        """The moments that need not be asked for again.

        One from the future would hide those that come before it; the last of a page may go on in
        the next, which may fail.
        """
        now = datetime.fromtimestamp(self._clock(), UTC)
        found = [at for at in _beginnings(fresh) if at <= now]
        return [at for at in found if at < max(found)] if of.next_link else found

    def _new(self, raw: bytes) -> bool:
        """Whether an observation was not handed over yet: services differ in what is later."""
        digest = hashlib.sha256(raw).digest()
        if digest in self._seen:
            return False
        self._seen[digest] = None
        if len(self._seen) > MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True

    async def _pages(self) -> AsyncIterator[Page]:
        link = self._link()
        for _ in range(MOST_PAGES):
            try:
                one = page(await self._get(link))
            except (NoPage, aiohttp.ClientError, TimeoutError, OSError) as error:
                raise Away(str(error) or f"no answer within {PAGE_S:.0f} s") from error
            yield one
            if not one.next_link:
                return
            link = self._following(link, one.next_link)

    def _link(self) -> str:
        since = self._cursor.isoformat().replace("+00:00", "Z")
        asked = {
            "$orderby": "phenomenonTime asc",
            "$filter": f"phenomenonTime gt {since}",
            "$top": str(TOP),
        }
        query = "&".join(f"{name}={quote(value, safe=':')}" for name, value in asked.items())
        path = quote(self.name, safe="()'")
        return f"{self._service.url}/{path}/Observations?{query}"

    def _following(self, link: str, found: str) -> str:
        following = urljoin(link, found)
        if _origin(following) != _origin(self._service.url):
            raise Away(f"it links to {found}, another origin; such links are not followed")
        return following

    async def _get(self, link: str) -> bytes:
        async with self._session.get(URL(link, encoded=True), allow_redirects=False) as answer:
            if answer.status != 200:
                raise Away(f"it answers {answer.status} {answer.reason}")
            found = bytearray()
            async for some in answer.content.iter_chunked(READ_BYTES):
                found += some
                if len(found) > MOST_BYTES:
                    raise Away(f"it answers more than {MOST_BYTES} bytes at once")
            return bytes(found)


def station(datastream: int | str) -> str:
    """A datastream as the specification's paths name it: texts within single quotes."""
    if isinstance(datastream, int):
        return f"Datastreams({datastream})"
    doubled = datastream.replace("'", "''")
    return f"Datastreams('{doubled}')"


def _beginnings(observations: list[bytes]) -> list[datetime]:
    found = []
    for raw in observations:
        try:
            found.append(began(raw))
        except NoPayload:
            continue  # it was handed over as what it is
    return found


def _origin(link: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(link)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
