"""What `bench relay` runs: each target's figure beside its baseline, and how it is told."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

SPARE = "keeper-1"  # an account that has nothing else to do meanwhile
STORED_ROUNDS = 7  # of P9 at the most: each round writes a quarter of a million readings twice


def measured(
    rounds: int, samples: int, period_s: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """P6, P9 and P10 in this process; then P8 on a chain of its own, unless no sample is asked."""
    from bench import relay

    say("packing and encoding")
    sides = [one.as_json() for one in relay.packing(rounds)]
    with tempfile.TemporaryDirectory(prefix="waterline-relay-") as folder:
        say("journal and archive")
        sides.append(relay.storing(min(rounds, STORED_ROUNDS), Path(folder)).as_json())
    say("trees")
    sides.append(relay.tree(rounds).as_json())
    return {"sides": sides, "latency": _latency(samples, period_s, say) if samples else None}


def _latency(samples: int, period_s: int, say: Callable[[str], None]) -> dict[str, Any]:
    from bench.latency import measure
    from ledger.keystores import KeystoreSigner
    from scripts._crash import town
    from scripts._shared import home

    with town(samples, say, period_s=period_s) as (made, _):
        keystore = home() / "ape" / "accounts" / f"{SPARE}.json"
        spare = KeystoreSigner(keystore, home() / "devnet" / "password")
        return measure(made, spare, period_s, samples, say)


def lines(document: dict[str, Any]) -> list[str]:
    """The figures for people."""
    from scripts._showing import table

    rows = [
        (
            *(one["id"], one["what"], _told(one["ours"]), one["other"], _told(one["theirs"])),
            *(f"{one['ratio']:,}x ({one['cpu_ratio']:,}x)", one["target"], _met(one["met"])),
        )
        for one in document["sides"]
    ]
    head = (
        "id",
        "what",
        "ours, us (CPU)",
        "beside",
        "theirs, us (CPU)",
        "faster (CPU)",
        "target",
        "met",
    )
    judged = "P6 and P10 are judged by CPU time, P8 and P9 by the wall."
    return [*table(rows, head), judged, "", *_stored(document), *_waited(document["latency"])]


def _told(one: dict[str, Any]) -> str:
    low, high = one["quartiles_us"]
    return f"{one['median_us']:,} [{low:,} - {high:,}] ({one['cpu_us']:,})"


def _met(met: bool | None) -> str:
    return "-" if met is None else ("yes" if met else "NO")


def _stored(document: dict[str, Any]) -> list[str]:
    (one,) = (side for side in document["sides"] if side["id"] == "P9")
    size = one["bytes_a_reading"]
    return [
        f"P9: {one['readings_per_s']:,} readings a second, theirs {one['their_readings_per_s']:,};"
        f" a reading takes {size['journal']} bytes in the journal, its row {size['archive']} in the"
        f" archive; theirs {one['their_bytes_a_reading']} without the row."
    ]


def _waited(one: dict[str, Any] | None) -> list[str]:
    if one is None:
        return []
    names = ("event", "settled", "empty_event", "empty_settled")
    told = "; ".join(
        f"{name.replace('_', ' ')} p50 {one[name]['p50']}, p95 {one[name]['p95']}" for name in names
    )
    return [
        f"P8, block periods of {one['period_s']} s, {one['samples']} samples: {told}.",
        f"Target: {one['target']}. Met: {_met(one['met'])}.",
    ]
