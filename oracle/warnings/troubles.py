"""What an oracle tells of its own troubles, made warnings: one kind, fed by the events of its log.

Some troubles last and have an event that ends them. Others only happen; such a one is over when it
has not happened again for an hour, so that a trouble in every batch is one warning.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from oracle.warnings.book import Warned
from oracle.warnings.desk import Desk

KIND = "trouble"
CALM_S = 3_600  # without another, what only happens is over; our own choice
MOST_LETTERS = 400  # of a warning's text: a lane may have lost many batches


class Trouble(NamedTuple):
    """The event that ends a trouble, "" where none does, and the key that says what is troubled."""

    ends: str
    of: str = ""


TROUBLES = {
    "chain stands still": Trouble("chain goes on"),
    "too few endpoints agree": Trouble("endpoints agree again"),
    "base fee is above the cap": Trouble("base fee is below the cap"),
    "files are held back": Trouble("files are read again"),
    "endpoint is away": Trouble("endpoint is back", "endpoint"),
    "endpoint disagrees": Trouble("endpoint agrees again", "endpoint"),
    "not taken by the node": Trouble("taken by the node again", "lane"),
    "database is away": Trouble("database is back", "source"),
    "database answers wrongly": Trouble("database is back", "source"),
    "source is away": Trouble("source is back", "source"),
    "source is given up": Trouble("source is taken up again", "source"),
    "broker is away": Trouble("broker is there", "broker"),
    "bus is away": Trouble("bus is there", "stream"),
    "settled batches are gone": Trouble("", "lane"),
    "groups refused": Trouble("", "lane"),
    "file changed": Trouble("", "file"),
    "file cannot be read": Trouble("file is read", "source"),
    "archive failed": Trouble(""),
    "other content is held": Trouble("", "source"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A trouble since it was first told, and when last."""

    event: str
    since: int
    last: int
    text: str


class Troubles:
    """The troubles told since this began; `hear` may be called from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._begun = clock, int(clock())
        self._lock = threading.Lock()
        self._told: dict[str, Told] = {}
        self._heard_of: set[str] = set()

    def hear(self, event: str, **keys: object) -> None:
        """An event was told: note what begins with it, or is over."""
        now = int(self._clock())
        with self._lock:
            if event in TROUBLES:
                subject, text = _subject(event, keys), _text(event, keys)
                before = self._told.get(subject, Told(event, now, now, text))
                self._told[subject] = replace(before, last=now)
                self._heard_of.add(subject)
            for begun, trouble in TROUBLES.items():
                if trouble.ends == event:
                    self._told.pop(_subject(begun, keys), None)
                    self._heard_of.add(_subject(begun, keys))

    def warn(self, desk: Desk, after_s: int, now: int) -> None:
        """Warn of what has lasted for `after_s` or has happened, once; note what is over.

        The caller commits. What stands from an earlier run is over once this one has gone on for
        an hour without it.
        """
        with self._lock:
            for subject in [key for key, one in self._told.items() if _is_past(one, now)]:
                del self._told[subject]
            told, heard_of = dict(self._told), set(self._heard_of)
        standing = {place.removeprefix(f"{KIND}/") for place in desk.book.standing(f"{KIND}/")}
        for subject in sorted({*told, *standing}):
            one = told.get(subject)
            if one is None:
                if subject in heard_of or now - self._begun > CALM_S:
                    desk.stand(Warned(subject, KIND, subject, now, ""), False, now)
            elif not TROUBLES[one.event].ends or now - one.since >= after_s:
                key = f"{KIND}/{subject}/{one.since}"
                desk.stand(Warned(key, KIND, subject, one.since, one.text), True, now)


def _is_past(one: Told, now: int) -> bool:
    return not TROUBLES[one.event].ends and now - one.last > CALM_S


def _subject(event: str, keys: dict[str, object]) -> str:
    of = TROUBLES[event].of
    return f"{event}: {keys.get(of, '')}" if of else event


def _text(event: str, keys: dict[str, object]) -> str:
    about = ", ".join(f"{key} {value}" for key, value in keys.items())
    return f"{event}: {about}"[:MOST_LETTERS] if about else event
