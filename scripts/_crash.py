"""A town on a chain of its own for `bench crash` and `faults`, made by the usual commands."""

import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import yaml

from bench import crash, tally
from bench.senders import FILES, SOURCES, mapped, sender
from devnet import Devnet
from ledger.chain import connect
from ledger.deployment import Deployment, Ledger
from ledger.errors import UsageError
from ledger.keystores import KeystoreSigner
from ledger.settlement import SettlementPolicy
from oracle.inputs import Input
from oracle.mapping import load
from scripts._city import City, Series
from scripts._demo import own_home, own_password
from scripts._shared import PROJECT, home, record_path

TOWN = PROJECT / "bench" / "town"
RELAYS = ("relay-1", "relay-2", "relay-3")
OFFICES = ("admin-1", "admin-2", "officer-1", "officer-2", "officer-3", "keeper-1", "holder-1:0")
SIGNERS = 3
PERIOD_S = 1
SPARE_S = 86_400
FOUNDED_WITHIN_S = 1_800.0  # on a machine that is busy with other things
LOG = "crash.log"


def killed(kills: int, seed: int, source: str, say: Callable[[str], None]) -> crash.Outcome:
    """What comes of so many kills, the rows brought by a source."""
    if source not in SOURCES:
        raise UsageError(f"no source {source!r}", f"name one of {', '.join(SOURCES)}")
    with town(crash.most_rows(kills), say, source=source) as (made, _):
        folder = made.inputs[0].path.parent
        with sender(source, folder, lambda work: crash.forked(work, made.log)) as one:
            return crash.run(made, kills, seed, say, one)


@contextmanager
def town(
    rows: int,
    say: Callable[[str], None],
    more: Sequence[str] = (),
    period_s: int = PERIOD_S,
    signers: int = SIGNERS,
    source: str = FILES,
) -> Iterator[tuple[crash.Town, Devnet]]:
    """A town with lanes and devices, and nothing fed yet, and its chain; both go afterwards.

    No more than `rows` can be fed. It has `more` funded accounts, without an office. Told to end by
    SIGTERM, it takes everything down as well.
    """
    folder = Path(tempfile.mkdtemp(prefix="waterline-bench-"))
    try:
        with _ended_in_order(), own_home(folder / "state"):
            net = Devnet(home() / "devnet")
            try:
                rpc_url, opened_at = _founded(folder, net, rows, say, more, period_s, signers)
                yield standing(folder, net, rpc_url, opened_at, signers, source), net
            finally:
                net.reset()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Make SIGTERM an exception, as Ctrl-C is one, so that what was begun is taken down."""

    def leave(number: int, _: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would break the first off
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _founded(
    folder: Path,
    net: Devnet,
    rows: int,
    say: Callable[[str], None],
    more: Sequence[str],
    period_s: int,
    signers: int,
) -> tuple[str, int]:
    """A chain with the town on it: its URL, and when the town's channels were opened."""
    keystores = home() / "ape" / "accounts"
    accounts = [*OFFICES, *RELAYS, *more]
    rpc_url = net.up(
        accounts_dir=keystores, signers=signers, period_s=period_s, accounts=accounts, rpc_port=0
    ).rpc_url
    own_password()
    say("putting a town on the chain")
    now = int(time.time())
    # so early that the last row that can be fed is of the past
    opened_at = now - rows * tally.STEP_S - SPARE_S
    log, city = folder / LOG, _dated(folder / "city.yaml", opened_at, now)
    crash.finished(lambda: _run_commands(city, folder), log, FOUNDED_WITHIN_S * period_s)
    return rpc_url, opened_at


def standing(
    folder: Path,
    net: Devnet,
    rpc_url: str,
    opened_at: int,
    count: int = SIGNERS,
    source: str = FILES,
) -> crash.Town:
    """The town of a folder whose chain runs; its state folder is the present one."""
    keystores, password = home() / "ape" / "accounts", home() / "devnet" / "password"
    deployment = Deployment.load(record_path())
    inputs = [
        Input(folder / name, mapped(name, way, TOWN, load)) for name, way in SOURCES[source].items()
    ]
    # opened once, here: a start of the oracle is to cost its own time, not that of a passphrase
    signers = [KeystoreSigner(keystores / f"{name}.json", password) for name in RELAYS]
    return crash.Town(
        journal=home() / "oracle",
        inputs=inputs,
        opened_at=opened_at,
        deployment=deployment,
        ledger=partial(_ledger, deployment, rpc_url),
        signers={one.address: partial(_itself, one) for one in signers},
        policy=SettlementPolicy.for_signers(count),
        take_back=lambda block: _take_back(net, block),
        log=folder / LOG,
    )


def _itself(signer: KeystoreSigner) -> KeystoreSigner:
    return signer


def _ledger(deployment: Deployment, rpc_url: str) -> Ledger:
    return deployment.open(connect(rpc_url))


def _take_back(net: Devnet, block: int) -> None:
    """A reorganisation: the chain goes on below a block."""
    net.unstall(below=block)


def _dated(target: Path, opened_at: int, now: int) -> City:
    """The town's file, its channels opened at a moment."""
    opening = datetime.fromtimestamp(opened_at, UTC).isoformat()
    text = (TOWN / "city.yaml").read_text(encoding="utf-8").replace("<opening>", opening)
    target.write_text(text, encoding="utf-8")
    raw = yaml.safe_load(text)
    series = Series("rows", "made up", target, target, opened_at, now)
    return City(target, raw["city"], raw["timezone"], raw, (series,))


def _run_commands(city: City, folder: Path) -> None:
    from scripts._main import run
    from scripts._stages import measuring

    for stage in measuring(city, folder):
        for command in stage.commands:
            run(list(command))
