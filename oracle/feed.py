"""The oracle at work: whole files replayed, or growing ones, databases and stations followed."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from web3.exceptions import Web3Exception

from ledger.errors import ChainUnreachable, WaterlineError
from oracle.household_rows import HouseholdMapping, Households
from oracle.inputs import Input, Table
from oracle.mapping import Mapping as MappingFile
from oracle.oracle import Fed, Oracle
from oracle.pulse import Dam
from oracle.relay import Tell
from oracle.sources.database import SourceAway, WrongAnswer
from oracle.sources.files import FileAway, FileGone, FileUnreadable
from oracle.sources.sockets import Asked, Asking, Ears
from oracle.sources.telegrams import MQTT

MOST_HEARD = 2_000  # telegrams that one commit takes in
TICK_S = 0.2


class Stopped(WaterlineError):
    """A lane that stood down, or would be refused: a person must look."""

    code = "lane_stopped"


def replay(
    oracle: Oracle,
    inputs: Sequence[Input | Households],
    wait: Callable[[float], None],
    clock: Callable[[], float],
    progress: Callable[[], None],
    patience_s: float = 300,
) -> None:
    """Feed whole files in their order, and wait until everything accepted is final.

    Households' files come before their community's: what comes behind it waits for its next day.
    Raises Stopped when lanes cannot go on, or nothing moves for `patience_s`.
    """
    for one in inputs:
        if isinstance(one, Input):
            oracle.prepare(one.mapping)
    for one in inputs:
        for _ in oracle.read(one, growing=False):
            oracle.pump(flush=False)
            progress()
    moved_at, seen = clock(), -1
    while True:
        oracle.pump(flush=True)
        progress()
        if oracle.done:
            return
        settled = oracle.journal.db.execute(
            "SELECT count(*) FROM batch WHERE state = 'settled'"
        ).fetchone()[0]
        if settled != seen:
            moved_at, seen = clock(), settled
        if oracle.relays.stopped or clock() - moved_at > patience_s:
            told = (
                "; ".join(oracle.relays.trouble()) or f"no batch became final in {patience_s:.0f} s"
            )
            raise Stopped(told, "look at `waterline oracle status` and `waterline devnet status`")
        wait(0.25)


def watch(
    oracle: Oracle,
    inputs: Callable[[], Iterable[Fed]],
    wait: Callable[[float], bool],
    poll_s: float,
    tell: Tell,
    most_waiting: int = 0,
) -> None:
    """Feed growing files, new ones and databases, until `wait` says that it is time to leave.

    While the chain is away rows are taken in all the same, and sent when it is back; but with
    `most_waiting` readings that are not final, what can wait where it lies is left there. `wait`
    may take in what stations send meanwhile.
    """
    dam = Dam(most_waiting, tell)
    seen: dict[str, object] = {}
    silent: dict[str, str] = {}
    away = False
    while True:
        try:
            for one in inputs():
                version = one.version
                if version is None or seen.get(one.name) == version:
                    continue
                if _follow(oracle, one, silent, tell, dam):
                    seen[one.name] = version
            oracle.pump(flush=True)
            if oracle.watching is not None:
                oracle.watching.look()
            if away:
                tell("chain is back")
            away = False
        except (ChainUnreachable, Web3Exception) as error:
            if not away:
                tell("chain is away", why=str(error))
            away = True
        if oracle.watching is not None:
            oracle.watching.tick(oracle.relays.trouble())
        if wait(poll_s):
            return


def _follow(oracle: Oracle, one: Fed, silent: dict[str, str], tell: Tell, dam: Dam) -> bool:
    """Take in what is new, and whether that was all of it until it changes.

    What cannot be read is told once, and again for another reason; the other sources go on.
    """
    if dam.shuts(oracle.waiting):
        return False
    try:
        for _ in oracle.read(one, growing=True):
            if dam.shuts(oracle.waiting):
                return False
    except FileGone:
        return False  # it was listed a moment ago, and will not be again
    except (SourceAway, WrongAnswer, FileAway, FileUnreadable) as error:
        why = error.code if isinstance(one, Table) else error.message
        if silent.get(one.name) != why:
            tell(error.event, source=one.name, why=error.message, remedy=error.remedy)
        silent[one.name] = why
        return not isinstance(error, FileAway)
    if silent.pop(one.name, None):
        tell("database is back" if isinstance(one, Table) else "file is read", source=one.name)
    return True


def going_on(
    oracle: Oracle,
    asked: Sequence[Asked],
    spoken: Mapping[str, Sequence[MappingFile]],
    clock: Callable[[], float],
) -> Asking:
    """Sources that are asked, each from where the journal stands."""
    return Asking(
        [
            one.after(
                {name: oracle.heard_until(name, spoken[one.protocol]) for name in one.stations}
            )
            for one in asked
        ],
        clock,
    )


def listening(
    oracle: Oracle,
    ears: Ears,
    spoken: Mapping[str, Sequence[MappingFile]],
    leaving: Callable[[], bool],
    clock: Callable[[], float],
    homes: Sequence[HouseholdMapping] = (),
) -> Callable[[float], bool]:
    """A wait that takes telegrams in while it waits; `homes` are the mappings of households' days.

    Every mapping is prepared here, so that telegrams are taken in while the chain is away.
    """
    for mappings in spoken.values():
        for mapping in mappings:
            oracle.prepare(mapping)
    if MQTT in spoken:
        oracle.prepare_signed()

    def wait(seconds: float) -> bool:
        until = clock() + seconds
        while not leaving() and (left := until - clock()) > 0:
            oracle.hear(ears.hear(MOST_HEARD, min(left, TICK_S)), spoken, homes)
        return leaving()

    return wait
