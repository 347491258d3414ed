"""Sources that are asked: a task each, told once when a source goes away and when it is back."""

import asyncio
from collections.abc import Awaitable, Callable

from oracle.sources.telegrams import Telegram

Put = Callable[[Telegram, Callable[[], None]], Awaitable[None]]
Tell = Callable[..., None]


class Away(Exception):
    """A source that gave no answer, or none that can be read; the text says why."""


async def ask(source: str, poll: Callable[[], Awaitable[None]], every_s: float, tell: Tell) -> None:
    """Poll a source for ever, `every_s` after each answer."""
    away = False
    while True:
        try:
            await poll()
            if away:
                tell("source is back", source=source)
            away = False
        except Exception as error:  # a task that ended unnoticed would be a source that is silent
            if not away:
                tell("source is away", source=source, why=str(error) or type(error).__name__)
            away = True
        await asyncio.sleep(every_s)


def taken() -> None:
    """What is pulled needs no acknowledgement: the journal knows what it has recorded."""
