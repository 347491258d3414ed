"""Upkeep: acts that are open to anyone and due are sent, each once; a failure stops no other."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from web3.exceptions import Web3Exception

from ledger.errors import ChainUnreachable, NotIncluded, Reverted, UsageError, WaterlineError
from ledger.transactions import Sent, simulate
from scripts._due import KINDS, Due, found
from scripts._looking import Look
from scripts._shared import Session, home, plain
from scripts._showing import table
from scripts._signing import address_of_account, open_account
from scripts._writing import Act, await_done, perform

NOBODY = "0x" + "00" * 20  # tries acts that anyone may do, where no account is named
STOPS = (ChainUnreachable, NotIncluded)  # no act fares better than the one before


def kinds_of(only: Sequence[str]) -> list[str]:
    """The kinds that are asked for, in the order of a run; UsageError for one that there is not."""
    wrong = [kind for kind in only if kind not in KINDS]
    if wrong:
        raise UsageError(f"{wrong[0]!r} is no kind of upkeep", f"use one of: {', '.join(KINDS)}")
    return [kind for kind in KINDS if not only or kind in only]


@contextmanager
def alone(here: Session) -> Iterator[None]:
    """One run at a time on a machine, as two would take the same nonces; the later one waits."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / "upkeep.lock").open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            here.say("another upkeep runs here; this one waits for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(here: Session, only: Sequence[str], days: int) -> dict[str, Any]:
    """Do what is due, or only list it where nothing is to be sent."""
    kinds, one = kinds_of(only), Upkeep(here, days)
    if here.dry_run:
        return one.document([due for kind in kinds for due in one.due(kind)])
    with alone(here):
        one.settle(kinds)
    return one.document([])


class Upkeep:
    """One run: what was due, what was sent, what others did first, what failed."""

    def __init__(self, here: Session, days: int) -> None:
        self.here, self._look = here, Look(here, days)
        self._caller = address_of_account(here.account) if here.account else NOBODY
        self._tried: set[Due] = set()
        self.sent: list[tuple[Due, Sent]] = []
        self.faster: list[Due] = []
        self.failed: list[tuple[str, str]] = []

    def due(self, kind: str) -> list[Due]:
        """What is due of a kind and was not tried yet; a kind that cannot be asked is a failure."""
        try:
            untried = (one for one in found(self._look, kind) if one not in self._tried)
            return [one for one in untried if self._answers(one)]
        except STOPS:
            raise
        except (WaterlineError, Web3Exception) as error:
            self._fail(kind, error)
            return []

    def settle(self, kinds: Sequence[str]) -> None:
        """Send what is due, kind by kind; a day that is closed may leave the next one to close."""
        open_account(self.here.account, self.here.password_file)
        for kind in kinds:
            while due := self.due(kind):
                self._send(due)
        if self.here.wait == "settled":
            await_done(self.here, [sent for _, sent in self.sent])

    def _send(self, due: Sequence[Due]) -> None:
        """Send all, then see each of them in a block: the next kind looks at what they changed."""
        self._tried |= set(due)
        waiting = []
        for one in due:
            with self._failing(one):
                act = Act(one.contract, self._call(one), one.says)
                waiting += [(one, s) for s in perform(self.here.waiting_for("sent"), [act]).sent]
        for one, sent in waiting:
            with self._failing(one):
                await_done(self.here.waiting_for("included"), [sent])
                self.sent.append((one, sent))

    @contextmanager
    def _failing(self, one: Due) -> Iterator[None]:
        """A refusal of what is no longer due is no fault: somebody was faster."""
        try:
            yield
        except STOPS:
            raise
        except (WaterlineError, Web3Exception) as error:
            if isinstance(error, Reverted) and not self._answers(one):
                self.faster.append(one)
                self.here.say(f"done by somebody else: {one.says}")
            else:
                self._fail(f"{one.kind}: {one.says}", error)

    def _fail(self, what: str, error: Exception) -> None:
        self.failed.append((what, str(error)))
        self.here.say(f"FAILED {what}: {error}")

    def _answers(self, one: Due) -> bool:
        try:
            simulate(self.here.chain, self._caller, self._call(one))
        except Reverted:
            return False
        return True

    def _call(self, one: Due) -> Any:
        return getattr(self.here.contract(one.contract).functions, one.function)(*one.arguments)

    def document(self, due: Sequence[Due]) -> dict[str, Any]:
        """The run for programs."""
        return {
            "due": [_document(one) for one in due],
            "sent": [{**_document(one), "transaction": sent.hash} for one, sent in self.sent],
            "done_by_others": [_document(one) for one in self.faster],
            "failed": [{"what": what, "error": error} for what, error in self.failed],
        }


def _document(one: Due) -> dict[str, Any]:
    given = [plain(word) if isinstance(word, bytes) else word for word in one.arguments]
    return {
        "kind": one.kind,
        "contract": one.contract,
        "function": one.function,
        "arguments": given,
        "reason": one.says,
    }


def lines(told: dict[str, Any]) -> list[str]:
    """The run for people."""
    rows = [(one["kind"], one["reason"]) for one in (*told["due"], *told["sent"])]
    return table(rows, ("act", "reason")) if rows else ["Nothing is due."]
