"""The town of `bench crash`, and hands to disturb its chain, for `bench faults`."""

import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from bench.chaos import EXPERIMENTS, OF_FIVE, Result
from bench.feeding import Bench, Hands
from bench.fuzz import FUZZ, fuzz
from bench.tally import Rows
from devnet import Devnet
from devnet.record import RPC_NODE
from devnet.stopping import stop
from ledger.errors import UsageError
from scripts._compiled import compiled
from scripts._crash import SIGNERS, town
from scripts._shared import home

FIVE = 5  # signers, of which two may be away
MOST_ROWS = 40_000  # in each file: a day for each 1,440 of them


@contextmanager
def disturbed(
    seed: int, quick: bool, say: Callable[[str], None], signers: int = SIGNERS
) -> Iterator[Bench]:
    """A town with nothing fed yet, and what can be done to it."""
    with town(MOST_ROWS, say, signers=signers) as (made, net):
        folder = made.inputs[0].path.parent
        rows = Rows(folder, made.opened_at, random.Random(seed))
        yield Bench(made, hands(net), rows, seed, quick, say, folder)


def every(
    only: Sequence[str],
    seed: int,
    quick: bool,
    say: Callable[[str], None],
    fuzz_s: int = 0,
) -> Iterator[Result]:
    """The experiments that are wanted, one after another on one chain, or on that of five signers.

    The fuzz ends after `fuzz_s`, whatever it has done by then; 0 lets it do all.
    """
    known = [*EXPERIMENTS, *OF_FIVE, FUZZ]
    if strange := [name for name in only if name not in known]:
        raise UsageError(f"no experiment {strange[0]!r}", f"name one of {', '.join(known)}")
    wanted = only or known
    for experiments, count in ((EXPERIMENTS, SIGNERS), (OF_FIVE, FIVE)):
        chosen = [experiments[name] for name in experiments if name in wanted]
        if chosen:
            with disturbed(seed, quick, say, count) as bench:
                for experiment in chosen:
                    yield experiment(bench)
    if FUZZ in wanted:
        yield fuzz(seed, quick, compiled(), say, fuzz_s)


def hands(net: Devnet) -> Hands:
    """What can be done to a chain."""
    found = net.record()
    return Hands(
        rpc_url=found.rpc_url,
        signers=[one.name for one in found.signers],
        rpc_node=RPC_NODE,
        kill=partial(_kill, net),
        leave=partial(_leave, net),
        restore=lambda: _restore(net),
        take_back=partial(_take_back, net),
        head=lambda: _head(net),
        founded=_head(net),
    )


def _kill(net: Devnet, name: str) -> None:
    """A signer dies by SIGKILL; the node for RPC leaves in order, as it has states to write."""
    node = net.node(name)
    pid = node.pid()
    if name == RPC_NODE:
        _leave(net, name)
    elif pid is not None:
        os.kill(pid, signal.SIGKILL)


def _leave(net: Devnet, name: str) -> None:
    stop([net.node(name)], lambda _: None)


def _restore(net: Devnet) -> None:
    net.up(accounts_dir=home() / "ape" / "accounts")


def _head(net: Devnet) -> int:
    """The highest block that a running node has."""
    return max(node.rpc().number("eth_blockNumber") for node in net.nodes() if node.pid())


def _take_back(net: Devnet, depth: int) -> int:
    """Every node goes back so many blocks and more, as far as a split's way out would."""
    before = _head(net)
    target = max(before - depth, 0)
    net.unstall(below=target + 1)
    return before - target
