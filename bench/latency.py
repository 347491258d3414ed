"""From a reading to its event and its settlement, beside an empty transaction on the same chain.

Each sample begins at a moment of its own within the block period: a row is put into a file, and an
empty transaction of another account is sent. Whatever comes of both is looked at alike, block by
block, so that neither is seen sooner than the other.
"""

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_utils import to_checksum_address

from bench.crash import Town
from bench.enrolment import Sender
from bench.tally import Rows
from ledger.chain import Chain
from ledger.errors import WaterlineError
from ledger.keystores import Signer
from oracle.journal import Journal
from oracle.oracle import Oracle

POLL_S = 0.02
GIVEN_UP_AFTER_S = 60.0
EVENT_P50, EVENT_P95 = 0.7, 1.5  # block periods, the targets
TRANSFER_GAS = 21_000


class NeverSettled(WaterlineError):
    """A sample did not become final in time."""

    code = "never_settled"
    exit_code = 6


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds from the start of a sample to inclusion and to settlement, of both."""

    event_s: float
    settled_s: float
    empty_event_s: float
    empty_settled_s: float


def measure(
    town: Town, spare: Signer, period_s: int, samples: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """P8 in block periods; `spare` signs the empty transactions, and nothing else meanwhile."""
    rng, journal = random.Random(1), Journal(town.journal, writing=True)
    about = (town.signers, town.policy, time.time, _say_nothing)
    oracle = Oracle(town.ledger(), journal, *about)
    rows = Rows(town.inputs[0].path.parent, town.opened_at, rng)
    oracle.prepare(town.inputs[-1].mapping)
    found = []
    for number in range(samples):
        say(f"latency {number + 1} of {samples}")
        time.sleep(rng.uniform(0, period_s))
        found.append(_sample(town, oracle, rows, Sender(oracle.ledger, spare)))
    journal.close()
    return _document(found, period_s, town.policy.confirmations)


def _sample(town: Town, oracle: Oracle, rows: Rows, empty: Sender) -> Sample:
    """One row of two gauges, all of one lane, beside one empty transaction."""
    chain, confirmations = oracle.ledger.chain, town.policy.confirmations
    lane = oracle.journal.db.execute("SELECT account FROM lane").fetchone()[0]
    ours, theirs = (_mined(chain, one) for one in (lane, empty.signer.address))
    taken: dict[str, float] = {}
    empty_in = 0
    begun = time.monotonic()
    rows.append(1)
    empty.hand_over(empty.signer.address, b"", TRANSFER_GAS)
    empty.flush()
    while len(taken) < len(Sample.__slots__):
        for _ in oracle.read(town.inputs[-1], growing=True):
            pass
        oracle.pump(flush=True)
        head, now = chain.head(), time.monotonic() - begun
        if "event_s" not in taken and _mined(chain, lane) > ours:
            taken["event_s"] = now
        if not empty_in and _mined(chain, empty.signer.address) > theirs:
            taken["empty_event_s"], empty_in = now, head.number
        if empty_in and head.number >= empty_in + confirmations:
            taken.setdefault("empty_settled_s", now)
        if "event_s" in taken and oracle.done:
            taken.setdefault("settled_s", now)
        if now > GIVEN_UP_AFTER_S:
            raise NeverSettled(f"{sorted(taken)} after {now:.0f} s", "look at the chain")
        time.sleep(POLL_S)
    return Sample(**taken)


def _mined(chain: Chain, account: str) -> int:
    """How many transactions of an account blocks hold; those that wait do not count."""
    return int(chain.w3.eth.get_transaction_count(to_checksum_address(account), "latest"))


def _document(found: list[Sample], period_s: int, confirmations: int) -> dict[str, Any]:
    """Points of the samples, in block periods."""
    points = {
        name: _points([getattr(one, name) / period_s for one in found]) for name in Sample.__slots__
    }
    event = points["event_s"]
    return {
        "id": "P8",
        "what": "a row of a file to its event and its settlement, in block periods",
        "samples": len(found),
        "period_s": period_s,
        "confirmations": confirmations,
        "event": event,
        "settled": points["settled_s"],
        "empty_event": points["empty_event_s"],
        "empty_settled": points["empty_settled_s"],
        "ratio": round(event["p50"] / points["empty_event_s"]["p50"], 2),
        "target": f"event p50 <= {EVENT_P50}, p95 <= {EVENT_P95}, settled <= {confirmations + 1}",
        "met": event["p50"] <= EVENT_P50
        and event["p95"] <= EVENT_P95
        and points["settled_s"]["p50"] <= confirmations + 1,
    }


def _points(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    last = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return {"p50": round(statistics.median(ordered), 2), "p95": round(last, 2)}


def _say_nothing(_: str, **__: Any) -> None:
    """Nobody reads the oracle's log."""
