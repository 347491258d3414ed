"""Where the oracle is killed: its own functions, wrapped in the process that is to die.

Nothing here is known to the oracle. Each point is named after what has just happened.
"""

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from oracle import lanes, oracle, relay
from oracle.archive import Archive
from oracle.journal import Journal
from oracle.outbox import Outbox
from oracle.relay import Relay
from oracle.store import Store

RANDOM, RECOVERY, REORG = "random", "during_recovery", "during_reorg"
START_STEPS = 8  # of a start, from binding the journal to the first look at the chain


@dataclass
class Fate:
    """After how many passes of its point a process dies."""

    passes: int

    def met(self) -> None:
        """The point is passed once more: the process dies, or goes on."""
        self.passes -= 1
        if self.passes <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, fate: Fate) -> None:
    """Die when a function is called."""
    original = getattr(owner, name)

    def dying(*args: Any, **kwargs: Any) -> Any:
        fate.met()
        return original(*args, **kwargs)

    setattr(owner, name, dying)


def after(owner: Any, name: str, fate: Fate) -> None:
    """Die when a function has done its work."""
    original = getattr(owner, name)

    def dying(*args: Any, **kwargs: Any) -> Any:
        found = original(*args, **kwargs)
        fate.met()
        return found

    setattr(owner, name, dying)


def before_commit(owner: Any, name: str, fate: Fate) -> None:
    """Die when a function has written all that it writes, and COMMIT is next."""
    original, commit = getattr(owner, name), Store.commit

    @contextmanager
    def uncommitted(store: Store) -> Iterator[Any]:
        with commit(store) as db:
            yield db
            fate.met()

    def dying(*args: Any, **kwargs: Any) -> Any:
        Store.commit = uncommitted  # type: ignore[method-assign, assignment]
        try:
            return original(*args, **kwargs)
        finally:
            Store.commit = commit  # type: ignore[method-assign]

    setattr(owner, name, dying)


def _recovery(rng: random.Random) -> None:
    fate = Fate(rng.randint(1, START_STEPS))
    for owner, name in ((Store, "bind"), (lanes, "standing"), (Outbox, "enter")):
        after(owner, name, fate)
    before_commit(Outbox, "enter", fate)
    before(Relay, "_settle", fate)


def _reorg(rng: random.Random) -> None:
    rng.choice((before, before_commit, after))(Outbox, "unsettle", Fate(1))


Arm = Callable[[random.Random], None]


def _at(how: Callable[[Any, str, Fate], None], owner: Any, name: str, most_passes: int = 2) -> Arm:
    return lambda rng: how(owner, name, Fate(rng.randint(1, most_passes)))


POINTS: dict[str, Arm] = {
    "after_read": _at(before, oracle, "take"),
    "mid_commit": _at(after, Archive, "write"),
    "after_insert": _at(before_commit, Journal, "take"),
    "after_cut": _at(after, Journal, "freeze"),
    "after_sign": _at(after, relay, "seal"),
    "after_store": _at(after, Outbox, "store"),
    "after_send": _at(after, relay, "broadcast"),
    "after_mined": _at(before, Outbox, "settle"),
    REORG: _reorg,
    RECOVERY: _recovery,
    RANDOM: lambda _: None,  # whoever started the process kills it, at any moment
}
# a file is acknowledged to nobody
POINTS_OF_TELEGRAMS = POINTS | {"before_ack": _at(after, Journal, "take")}
