"""Receivers on this machine: a mail server, a web-hook, a command; and a postman for a book."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP

from oracle.places import Place
from oracle.warnings.book import Book, Warned
from oracle.warnings.config import Warnings
from oracle.warnings.desk import Desk
from oracle.warnings.postman import Postman
from oracle.warnings.sending import Ways
from tests.unit.oracle_rows import T0, channel, journal

KEY = "k" * 32
REFUSING = "refuse"  # an address that the server takes no mail for


class Loop:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class MailServer:
    """A real SMTP server that keeps what it takes."""

    def __init__(self, **settings: Any) -> None:
        """`settings` are those of aiosmtpd, as for TLS and passwords."""
        self.taken: list[Any] = []
        self.refuses, self.port = False, 0
        self._settings, self._on = {"hostname": "localhost"} | settings, Loop()

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.refuses or address.startswith(REFUSING):
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append(envelope)
        return "250 OK"

    @property
    def texts(self) -> list[str]:
        return [one.content.decode() for one in self.taken]

    @property
    def to(self) -> list[str]:
        return [address for one in self.taken for address in one.rcpt_tos]

    async def _open(self) -> int:
        making = partial(SMTP, self, **self._settings)
        self._server = await asyncio.get_running_loop().create_server(making, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def open(self) -> int:
        return int(self._on.run(self._open()))

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        left = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def close(self) -> None:
        self._on.run(self._close())
        self._on.close()


class Hook:
    """A real HTTP server that keeps what is posted; `status` is what it answers."""

    def __init__(self) -> None:
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.status, self._on = 204, Loop()

    async def _take(self, request: web.Request) -> web.Response:
        self.posted.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status)

    async def _open(self) -> int:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return int(self._runner.addresses[0][1])

    def open(self) -> int:
        return int(self._on.run(self._open()))

    def close(self) -> None:
        self._on.run(self._runner.cleanup())
        self._on.close()


class Office:
    """A book with a desk and a postman, as a configuration wants them."""

    def __init__(self, folder: Path, wanted: dict[str, Any], place: Place | None = None) -> None:
        self.folder, self.wanted = folder, Warnings.model_validate(wanted)
        self.journal = journal(place or folder / "journal", channel())
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.now = T0
        self.book: Book | None = None
        self.reopen()

    def reopen(self) -> None:
        """What a process that starts again finds."""
        if self.book is not None:
            self.book.close()
        self.book = Book.open(self.journal.place)
        self.desk = Desk(self.book, self.wanted)
        ways = Ways(self.wanted.mail, self.folder)
        tell = lambda event, **keys: self.told.append((event, keys))  # noqa: E731
        self.postman = Postman(self.book, self.wanted, ways, "abcd1234", tell)

    def warn(self, name: str = "one", kind: str = "alert", **about: Any) -> int:
        """A warning in a commit of its own; its number."""
        one = Warned(f"{kind}/{name}", kind, "DEV-1 cod", self.now, f"DEV-1 cod: {name}", **about)
        with self.book.commit():
            number = self.desk.warn(one, self.now)
        assert number is not None
        return number

    def after(self, seconds: int = 0) -> None:
        """Let time pass, then send until nothing more leaves."""
        self.now += seconds
        rounds: Callable[[], bool] = lambda: self.postman.round(self.now)  # noqa: E731
        for _ in range(50):
            if not rounds():
                return
        raise AssertionError("there is no end to it")

    def letters(self) -> list[tuple[Any, ...]]:
        rows = self.book.db.execute("SELECT warning, address, state FROM letter ORDER BY 1, rung")
        return [tuple(row) for row in rows]

    def close(self) -> None:
        self.book.close()
        self.journal.close()


def secret(path: Path, text: str = KEY) -> Path:
    """A file that only its owner can read."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path
