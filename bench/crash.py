"""The oracle is fed, killed and started again, and every reading counted in the end."""

import os
import random
import signal
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.points import POINTS, POINTS_OF_TELEGRAMS, RANDOM, RECOVERY, REORG
from bench.senders import Sender
from bench.tally import Rows, Verdict, compared, in_journal, in_rows, on_chain
from ledger.deployment import Deployment, Ledger
from ledger.devices import channels
from ledger.errors import WaterlineError
from ledger.keystores import Signer
from ledger.settlement import SettlementPolicy
from oracle.inputs import Input
from oracle.journal import Journal
from oracle.oracle import Oracle
from oracle.store import Store

ROWS = 6  # in a file before a start, at most
MORE_ROWS = 40  # after a start that did not come to its point
RANDOM_WITHIN_S = 4.0
MOST_S = 180.0  # for a start to come to its point
FINAL_S = 900.0
MOST_STARTS = 3  # for one kill; then another point has its turn
LOOKS_EVERY_S = 0.005
LINES_OF_LOG = 20
ENDING = (signal.SIGINT, signal.SIGTERM)


class OracleFailed(WaterlineError):
    """A start of the oracle ended by itself, with an error."""

    code = "oracle_failed"


@dataclass(frozen=True)
class Town:
    """What is fed, from where, to which chain; `ledger` connects, which only a child may do."""

    journal: Path
    inputs: Sequence[Input]
    opened_at: int
    deployment: Deployment
    ledger: Callable[[], Ledger]
    signers: Mapping[str, Callable[[], Signer]]
    policy: SettlementPolicy
    take_back: Callable[[int], None]  # the chain, below a block
    log: Path


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    points: Mapping[str, int]
    starts: int
    seconds: float
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """The outcome as `--json` shows it."""
        return {
            "kills": sum(self.points.values()),
            **asdict(self.verdict),
            "points": dict(self.points),
            "seconds": round(self.seconds, 1),
            "restarts_per_s": round(self.starts / self.seconds, 2),
        }


def most_rows(kills: int) -> int:
    """More rows than so many kills can take."""
    return (kills + 1) * MOST_STARTS * (MORE_ROWS + ROWS)


def run(town: Town, kills: int, seed: int, say: Callable[[str], None], sender: Sender) -> Outcome:
    """Kill the oracle so many times, let it finish, count."""
    points = POINTS if sender.is_files else POINTS_OF_TELEGRAMS
    rng, begun, met = random.Random(seed), time.monotonic(), Counter(dict.fromkeys(points, 0))
    rows = Rows(town.inputs[0].path.parent, town.opened_at, rng)
    turns: deque[str] = deque()
    starts, in_vain, was_killed = 0, 0, False
    while met.total() < kills:
        if not turns:
            turns.extend(rng.sample(list(points), len(points)))
        point = _next(turns, town, was_killed)
        for more in [0, *[MORE_ROWS] * (MOST_STARTS - 1)]:
            rows.append(rng.randint(1, ROWS) + more)
            sender.publish()
            was_killed = _killed(town, sender, point, rng)
            starts += 1
            if was_killed:
                break
        met[point] += was_killed
        in_vain = 0 if was_killed else in_vain + 1
        if in_vain > len(points):
            raise OracleFailed("the oracle came to none of its points", end_of(town.log))
        say(f"{met.total():,} of {kills:,} kills")
    say("waiting until everything is final")
    rows.append(1)
    sender.publish()
    finished(lambda: _feed(town, sender), town.log, FINAL_S)
    seconds = time.monotonic() - begun
    say("counting")
    return Outcome(dict(met), starts + 1, seconds, _verdict(town))


def _next(turns: deque[str], town: Town, was_killed: bool) -> str:
    """The point whose turn it is; one that needs something first waits for its neighbour."""
    for _ in range(len(turns)):
        if (turns[0] != RECOVERY or was_killed) and (turns[0] != REORG or _last_final(town)):
            break
        turns.rotate(-1)
    return turns.popleft()


def _killed(town: Town, sender: Sender, point: str, rng: random.Random) -> bool:
    """Start the oracle; whether it died at its point. Its being too slow is not its death."""
    if point == REORG and (last := _last_final(town)):
        town.take_back(last)
    fate = random.Random(rng.random())
    within_s = fate.uniform(0, RANDOM_WITHIN_S) if point == RANDOM else MOST_S
    begun = forked(lambda: _feed(town, sender, point, fate), town.log)
    how = ended(begun, within_s)
    if how not in (0, None, -signal.SIGKILL):
        raise OracleFailed(f"on the way to {point} the oracle failed", end_of(town.log))
    return how == -signal.SIGKILL or (how is None and point == RANDOM)


def _feed(
    town: Town, sender: Sender, point: str = RANDOM, fate: random.Random | None = None
) -> None:
    """What the oracle's process does: its real work, to its end or to its point."""
    POINTS_OF_TELEGRAMS[point](fate or random.Random())
    journal = Journal(town.journal, writing=True)
    oracle = Oracle(town.ledger(), journal, town.signers, town.policy, time.time, _tell)
    sender.feed(oracle, town.inputs, _tell)
    journal.close()


def _tell(event: str, **about: Any) -> None:
    print(event, about, flush=True)


def _last_final(town: Town) -> int | None:
    """The block of the last batch that the journal holds for final."""
    if not (town.journal / "journal.sqlite").exists():
        return None
    store = Store(town.journal, writing=False)
    try:
        query = "SELECT max(block) FROM attempt WHERE state = 'settled'"
        found: int | None = store.db.execute(query).fetchone()[0]
    finally:
        store.close()
    return found


def _verdict(town: Town) -> Verdict:
    ledger = town.ledger()
    numbers = {(one.device, one.parameter): one.id for one in channels(ledger)}
    rows = in_rows(town.inputs[0].path.parent, numbers, town.opened_at)
    return compared(rows, in_journal(town.journal), on_chain(ledger))


# processes


def forked(work: Callable[[], None], log: Path) -> int:
    """A child that does some work, saying what it says to a log; its process.

    It starts in a fraction of a second, since every library is loaded already. So whoever calls
    this must hold no connection, no database and no thread: they would be shared, or missing.
    """
    # a handler that raises while fork's own hooks run would be reported there and forgotten
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return child
    code = 1
    try:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(target, stream)
        work()
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def finished(work: Callable[[], None], log: Path, within_s: float) -> None:
    """Do some work in a child, to its end."""
    if ended(forked(work, log), within_s) != 0:
        raise OracleFailed("what should have come to its end did not", end_of(log))


def ended(child: int, within_s: float) -> int | None:
    """How a child ended: its code, or the signal below zero; None when it had to be killed."""
    until = time.monotonic() + within_s
    try:
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(LOOKS_EVERY_S)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return None if code == -signal.SIGKILL else code


def end_of(log: Path) -> str:
    """The last lines of a log."""
    return "\n  ".join(log.read_text(encoding="utf-8").splitlines()[-LINES_OF_LOG:])
