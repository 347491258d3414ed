"""An audit as a whole: code, history up to the last settled block, state at that block."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ledger.audit.comparing import compare
from ledger.audit.findings import Finding
from ledger.audit.history import (
    OTHERS,
    History,
    State,
    begun,
    books,
    relevant,
)
from ledger.audit.keeping import Keeper
from ledger.audit.reading import Reader
from ledger.audit.roots import Kept
from ledger.audit.views import Views
from ledger.channels import GAUGE_BOOKS, METER_BOOKS
from ledger.deployment import Ledger
from ledger.errors import NotSettled
from ledger.hashing import keccak

SAVE_S = 20.0  # between two states kept on disk
NEAR = 16  # blocks the head may run ahead before they are read too; geth answers for 128

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What an audit found at a block, how much it read and how long it took."""

    block: int
    block_hash: str
    state: State
    answers: int
    elapsed_s: float
    readings_read: int

    @property
    def readings_s(self) -> int:
        """Readings derived a second, in this run."""
        return int(self.readings_read / self.elapsed_s) if self.elapsed_s else 0

    def as_json(self) -> dict[str, Any]:
        """The result as `--json` shows it."""
        state = self.state
        return {
            "block": self.block,
            "block_hash": self.block_hash,
            **asdict(state.counts),
            "lanes": sum(len(book.lanes) for book in state.meters.values())
            + sum(len(book.lanes) for book in state.gauges.values()),
            "meters": sum(len(book.meters) for book in state.meters.values()),
            "gauges": sum(len(book.gauges) for book in state.gauges.values()),
            "accounts": sum(len(book.accounts) for book in state.meters.values()),
            "answers": self.answers,
            "elapsed_s": round(self.elapsed_s, 1),
            "readings_s": self.readings_s,
            "findings": state.findings.count,
            "first_findings": [one.as_json() for one in state.findings.first],
        }


class Audit:
    """One run over a chain; `confirmations` is how deep a block must lie to be read."""

    def __init__(
        self,
        ledger: Ledger,
        confirmations: int,
        keeper: Keeper | None = None,
        progress: Progress | None = None,
        proving: bool = False,
        kept: Kept | None = None,
    ) -> None:
        self.ledger, self.confirmations, self.keeper = ledger, confirmations, keeper
        self.kept = kept
        self.progress = progress or (lambda text: None)
        deployment = ledger.deployment
        named = books(deployment, (*METER_BOOKS, *GAUGE_BOOKS))
        others = [name for name in OTHERS if name in deployment.contracts]
        self.reader, self.views = (
            Reader(ledger, [*named, *others], relevant(), proving),
            Views(ledger),
        )

    def run(self, first: int) -> Result:
        """Read from a block on, or from where the kept state ends; compare at the last one."""
        begun_s = time.monotonic()
        state, done, block_hash = self._begin(first)
        before = state.counts.readings
        if done < first:
            self._check_code(state)
        while (last := max(self.reader.head() - self.confirmations, done)) > done + NEAR or (
            last > done and block_hash == ""
        ):
            done, block_hash = self._read(state, done + 1, last)
        block_hash = block_hash or self._hash(done)
        self.progress(f"comparing with the contracts' state at block {done}")
        if self.keeper:
            self.keeper.save(state, done, block_hash)
        answers = compare(state, self.views, done)
        if self._hash(done) != block_hash:
            raise NotSettled(f"block {done} has been replaced meanwhile", "run the audit again")
        elapsed_s = time.monotonic() - begun_s
        readings = state.counts.readings - before
        return Result(done, block_hash, state, answers, elapsed_s, readings)

    def _begin(self, first: int) -> tuple[State, int, str]:
        """The state kept of an earlier run, or that before the first block."""
        kept = self.keeper.load() if self.keeper else None
        if kept is None:
            return begun(self.ledger.deployment), first - 1, ""
        state, done, block_hash = kept
        if self._hash(done) != block_hash:
            raise NotSettled(
                f"block {done}, up to which was audited, is no longer on the chain",
                "begin anew in another folder",
            )
        return state, done, ""

    def _read(self, state: State, first: int, last: int) -> tuple[int, str]:
        """Take every transaction of some blocks."""
        history, saved_s = (
            History(self.ledger.deployment, state, self.views, self.kept),
            time.monotonic(),
        )
        for upto, transactions in self.reader.pieces(first, last):
            for one in transactions:
                history.take(one)
            for fault in self.reader.faults():
                state.findings.add(fault)
            self._digests(history)
            self.progress(f"block {upto} of {last}: {_so_far(state)}")
            if self.keeper and time.monotonic() - saved_s > SAVE_S:
                self.keeper.save(state, upto, self._hash(upto))
                saved_s = time.monotonic()
        return last, self._hash(last)

    def _digests(self, history: History) -> None:
        """What the contracts keep of the batches just taken, which is what they prove by."""
        calls = [(book, "digest", (lane, batch)) for book, lane, batch, _ in history.digests]
        for one, answer in zip(history.digests, self.views.ask(calls), strict=True):
            book, lane, batch, digest = one
            if answer != digest:
                told = (str(answer), "0x" + digest.hex())
                found = Finding("state digest", book, *told, None, lane, batch)
                history.state.findings.add(found)
        history.digests.clear()

    def _hash(self, number: int) -> str:
        return str(self.reader.block(number)["hash"])

    def _check_code(self, state: State) -> None:
        """The code at each address, against the record, where it knows the code's hash."""
        for name, one in self.ledger.deployment.contracts.items():
            if len(one.code_hash) < 66:
                continue
            code = bytes.fromhex(self.ledger.chain.rpc("eth_getCode", one.address, "latest")[2:])
            found = "0x" + keccak(code).hex()
            if found != one.code_hash.lower():
                state.findings.add(Finding("code", name, found, one.code_hash))


def _so_far(state: State) -> str:
    """How much was read, in words."""
    counts = state.counts
    read = f"{counts.batches:,} batches, {counts.readings:,} readings"
    return f"{read}, {state.findings.count} findings"
