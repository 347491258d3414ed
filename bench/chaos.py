"""What is done to a running oracle and its chain; after each, every reading is counted."""

import os
import random
import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import proxy
from bench.crash import forked
from bench.feeding import (
    Bench,
    Running,
    Way,
    accepted_and_final,
    asked,
    rows_and_chain,
    running,
    settled,
    until,
    verdict,
    with_journal,
)
from bench.tally import Verdict, compared
from ledger.endpoints import Patience

CHANCE = 0.3  # of a fault, for each exchange
HASTY = Patience(timeout_s=0.5, cool_down_s=0.002, most_cool_down_s=0.01)
ALARM_WITHIN_S = 15.0 + 2.0  # and what the oracle's own round takes
SOON_S = 120.0
LONG_S = 3_600.0
DEEPEST = 8
BLOCKS_WITHOUT = 8  # a signer
CALM_S = 2.0  # blocks between two disturbances
SLOW_S = 10.0  # a block, on a machine that is busy with other things
LOAD_EVERY_S = 0.3  # a row for each file, while signers are away


@dataclass(frozen=True)
class Result:
    """What an experiment counted, and whether it holds."""

    name: str
    counts: dict[str, Any]
    holds: bool

    def as_json(self) -> dict[str, Any]:
        """The result as `--json` shows it."""
        return asdict(self)


def _result(name: str, found: Verdict, also: bool = True, **counts: Any) -> Result:
    right = found.lost == found.duplicated == 0 and found.accepted == found.on_chain > 0
    return Result(name, {**counts, **asdict(found)}, right and also)


def network(bench: Bench) -> Result:
    """R6: two endpoints behind a proxy that breaks three exchanges in ten."""
    goal, rng = bench.scaled(300, 10_000), random.Random(bench.seed)
    notes, where = bench.folder / "proxy.json", urlsplit(bench.hands.rpc_url)
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    urls = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    upstream = str(where.hostname), int(where.port or 80)
    child = forked(lambda: proxy.run(sockets, upstream, CHANCE, bench.seed, notes), bench.town.log)
    for one in sockets:
        one.close()
    begun = time.monotonic()
    try:
        with running(bench, Way(urls, HASTY, 0.0)) as oracle:
            bench.feed(1)  # it starts in calm weather, since a start that fails is only repeated
            until(lambda: oracle.lives() and _all_in(bench), SOON_S)
            proxy.storm(notes).touch()
            while (done := proxy.counted(notes).total()) < goal and oracle.lives():
                bench.feed(rng.randint(1, 3))
                bench.say(f"{done:,} of {goal:,} faults")
                time.sleep(0.5)
                if time.monotonic() - begun > LONG_S:
                    break
            proxy.storm(notes).unlink()  # what was broken is mended in calm weather
    finally:
        _end(child)
    done, kinds = proxy.counted(notes).total(), proxy.counted(notes)
    seconds = round(time.monotonic() - begun, 1)
    return _result(
        "network",
        verdict(bench.town),
        done >= goal,
        faults=done,
        kinds=dict(kinds),
        seconds=seconds,
    )


def reorganisations(bench: Bench) -> Result:
    """R3: the chain is taken back again and again, one to eight blocks."""
    times, rng = bench.scaled(2, 200), random.Random(bench.seed)
    depths: Counter[int] = Counter()
    lowest = bench.hands.founded + 2 * DEEPEST  # the town itself is not taken back
    with running(bench) as oracle:
        for number in range(times):
            bench.feed(rng.randint(1, 4))
            until(lambda: not oracle.lives(), rng.random() * CALM_S)
            until(lambda: oracle.lives() and bench.hands.head() > lowest, SOON_S)
            depths[bench.hands.take_back(rng.randint(1, DEEPEST))] += 1
            bench.say(f"{number + 1} of {times} reorganisations")
        bench.feed(1)
    by_depth = {str(depth): depths[depth] for depth in sorted(depths)}
    return _result(
        "reorganisations", verdict(bench.town), reorganisations=depths.total(), depths=by_depth
    )


def signers(bench: Bench) -> Result:
    """R4: one signer after another is killed and started again, at load."""
    names, lives = list(bench.hands.signers)[: bench.scaled(1, 99)], Lives(bench)
    with running(bench) as oracle:
        for name in names * bench.scaled(1, 5):
            lives.without([name], bench.hands.kill, oracle, BLOCKS_WITHOUT)
    return _result("signers", verdict(bench.town), lives.went_on, **lives.counts)


def five(bench: Bench) -> Result:
    """R4: two signers of five are killed at once, each pair in turn; then each is restarted.

    A batch that is sent while they are away must become final before they are back.
    """
    names, killed, restarted = list(bench.hands.signers), Lives(bench), Lives(bench)
    final = bench.town.policy.confirmations + BLOCKS_WITHOUT
    with running(bench) as oracle:
        bench.feed(1)
        until(lambda: oracle.lives() and settled(bench.town) > 0, LONG_S)  # it is at work
        for place in range(bench.scaled(1, len(names))):
            pair = [names[place], names[(place + 1) % len(names)]]
            killed.without(pair, bench.hands.kill, oracle, final, settles=True)
        for name in names[: bench.scaled(2, len(names))]:
            restarted.without([name], bench.hands.leave, oracle, BLOCKS_WITHOUT)
    went_on = killed.went_on and restarted.went_on and min(killed.settled) > 0
    return _result(
        "five",
        verdict(bench.town),
        went_on,
        **killed.counts,
        rolling_restarts={key: restarted.counts[key] for key in ("times", "chain_went_on")},
        fewest_batches_settled_without_two=min(killed.settled),
    )


class Lives:
    """Signers that are away for a while, one stretch after another."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._lost = bench, 0
        self._alive: list[bool] = []
        self.settled: list[int] = []  # batches, in each stretch

    def without(
        self,
        names: Sequence[str],
        away: Callable[[str], None],
        oracle: Running,
        blocks: int,
        *,
        settles: bool = False,
    ) -> None:
        """Some are away while files grow and the chain goes so many blocks on.

        With `settles` until a batch is final, too, that was cut when they were away already.
        """
        bench, before, head = self._bench, settled(self._bench.town), self._bench.hands.head()
        for name in names:
            away(name)
        self._lost += len(names)
        cut = int(asked(bench.town.journal, "SELECT count(*) FROM batch") or 0)

        def loaded() -> bool:
            bench.feed(1)
            far = oracle.lives() and bench.hands.head() >= head + blocks
            return far and (not settles or settled(bench.town) > cut)

        self._alive.append(until(loaded, SOON_S + SLOW_S * blocks, LOAD_EVERY_S))
        self.settled.append(settled(bench.town) - before)
        bench.hands.restore()
        bench.say(f"{self._lost} signers lost")

    @property
    def went_on(self) -> bool:
        """Whether the chain went on each time."""
        return all(self._alive)

    @property
    def counts(self) -> dict[str, int]:
        """What was done, and what came of it."""
        return {
            "killed": self._lost,
            "times": len(self._alive),
            "chain_went_on": sum(self._alive),
            "batches_settled_meanwhile": sum(self.settled),
        }


def outage(bench: Bench) -> Result:
    """R2: the node is away while files grow; then the backlog drains, in order."""
    lasts_s, rows_a_time = bench.scaled(6, 600), bench.scaled(5, 20)
    with running(bench) as oracle:
        bench.feed(1)
        until(lambda: oracle.lives() and _all_in(bench), SOON_S)
        bench.hands.kill(bench.hands.rpc_node)
        accepted = accepted_and_final(bench.town)[0]
        begun = time.monotonic()
        while time.monotonic() - begun < lasts_s and oracle.lives():
            bench.feed(rows_a_time)
            time.sleep(0.5)
        until(lambda: _all_in(bench), SOON_S)
        away_s, gathered = time.monotonic() - begun, accepted_and_final(bench.town)[0] - accepted
        bench.hands.restore()
        back = time.monotonic()

        def drained() -> bool:
            got, final = accepted_and_final(bench.town)
            return oracle.lives() and got == final

        until(drained, SOON_S * 5)
        drain_s = time.monotonic() - back
    return _result(
        "outage",
        verdict(bench.town),
        gathered > 0,
        away_s=round(away_s, 1),
        gathered=gathered,
        input_per_s=round(gathered / away_s, 1),
        drained_in_s=round(drain_s, 1),
        drain_per_s=round(gathered / drain_s, 1),
        drain_against_input=round(away_s / drain_s, 2),
    )


def _all_in(bench: Bench) -> bool:
    """Whether the journal has a reading of the last row."""
    rows = asked(bench.town.journal, "SELECT coalesce(sum(rows), 0) FROM source") or 0
    return int(rows) == bench.fed * len(bench.town.inputs)


def stall(bench: Bench) -> Result:
    """R5: two of three signers are gone; an alarm comes, `devnet up` is the way out."""
    log = bench.town.log
    with running(bench) as oracle:
        bench.feed(2)
        until(lambda: oracle.lives() and _all_in(bench), SOON_S)
        heard = _alarms(log)
        for name in list(bench.hands.signers)[:2]:
            bench.hands.kill(name)
        begun = time.monotonic()
        noticed = until(lambda: oracle.lives() and _alarms(log) > heard, 60)
        alarm_s = time.monotonic() - begun
        bench.feed(3)
        bench.hands.restore()
        head = bench.hands.head()
        goes_on = until(lambda: bench.hands.head() > head, SOON_S)
    in_time = noticed and alarm_s <= ALARM_WITHIN_S + CALM_S
    return _result(
        "stall",
        verdict(bench.town),
        in_time and goes_on,
        alarm_after_s=round(alarm_s, 1),
        chain_goes_on=goes_on,
    )


def _alarms(log: Path) -> int:
    return log.read_text(encoding="utf-8").count("chain stands still")


def twins(bench: Bench) -> Result:
    """R9: an old copy of a journal is started, then two oracles at once feed the same lanes."""
    town = bench.town
    if not town.journal.exists():
        with running(bench):
            bench.feed(2)
    old = _copy(town.journal, "restored")
    with running(bench):
        bench.feed(3)
    restored = with_journal(town, old)
    sent = _sent(old)
    with running(bench, town=restored):
        bench.feed(1)
    stood_down = asked(old, "SELECT count(*) FROM lane WHERE stopped IS NOT NULL")
    lanes = asked(old, "SELECT count(*) FROM lane")
    more = _sent(old) - sent
    with running(bench):
        bench.feed(1)
    second = with_journal(town, _copy(town.journal, "second"))
    slow = Way([bench.hands.rpc_url], poll_s=0.7)
    before = _sent(town.journal) + _sent(second.journal)
    with running(bench) as first, running(bench, slow, second) as other:
        for _ in range(bench.scaled(8, 40)):
            bench.feed(1)
            time.sleep(0.9)
            if (
                first.lives()
                and other.lives()
                and _stopped(town.journal) + _stopped(second.journal)
            ):
                break
    in_vain = _lost_batches(town.journal) + _lost_batches(second.journal)
    rows, chain = rows_and_chain(town)
    most = max(in_vain, default=0)
    return _result(
        "twins",
        compared(rows, chain, chain),
        stood_down == lanes and more == 0 and most <= 2,
        restored_stood_down=f"{stood_down} of {lanes} lanes",
        restored_sent=more,
        both_sent=_sent(town.journal) + _sent(second.journal) - before,
        lanes_that_stood_down=_stopped(town.journal) + _stopped(second.journal),
        most_batches_before_standing_down=most,
    )


def _copy(journal: Path, name: str) -> Path:
    target = journal.with_name(name)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(journal, target)
    return target


def _sent(journal: Path) -> int:
    return int(asked(journal, "SELECT count(*) FROM attempt") or 0)


def _stopped(journal: Path) -> int:
    return int(asked(journal, "SELECT count(*) FROM lane WHERE stopped IS NOT NULL") or 0)


def _lost_batches(journal: Path) -> list[int]:
    """Batches of each lane that stood down which were sent and are not on the chain as such."""
    query = (
        "SELECT coalesce(max(sent), 0) FROM (SELECT sum(batch.state = 'sent') AS sent FROM lane"
        " JOIN batch ON batch.contract = lane.contract AND batch.lane = lane.lane"
        " WHERE stopped IS NOT NULL GROUP BY lane.contract, lane.lane)"
    )
    return [int(asked(journal, query) or 0)]


def _end(child: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(child, 0)


# in this order: after the last one, a lane may stand still for good
EXPERIMENTS: dict[str, Callable[[Bench], Result]] = {
    "network": network,
    "reorganisations": reorganisations,
    "signers": signers,
    "outage": outage,
    "stall": stall,
    "twins": twins,
}
OF_FIVE: dict[str, Callable[[Bench], Result]] = {"five": five}  # on a chain of five signers
