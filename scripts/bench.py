"""Published figures, each measured on this machine, both sides in one run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._shared import Local, Noun

app = Noun(__doc__)
NAIVE = Path("bench") / "naive.vy"


@app.command("gas", cls=Local)
def gas(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """Exact gas of a reading in every shape, beside one transaction a reading.

    Our own contracts on a London machine in this process; the second batch of each shape counts.
    For example: waterline bench gas --json
    """
    import json

    from bench.gas import measure
    from scripts._compiled import compile_file, compiled
    from scripts._progress import line

    with line("compiling") as update:
        report = measure(compiled(), compile_file(NAIVE), update or _say_nothing)
    document = _document(report)
    for told in [json.dumps(document, ensure_ascii=False)] if as_json else _lines(document):
        typer.echo(told)
    return document


def _say_nothing(_: str) -> None:
    """Nobody reads the progress."""


def _document(report: Any) -> dict[str, Any]:
    return {
        "naive_gas_per_reading": round(report.naive_gas),
        "figures": [
            {
                "intake": one.shape.family,
                "shape": one.shape.name,
                "range_kept": one.variant or None,
                "times": one.form,
                "readings": one.shape.readings,
                "channels": one.shape.channels,
                "transactions": one.transactions,
                "gas": one.gas,
                "calldata_gas": one.calldata_gas,
                "gas_per_reading": round(one.gas_a_reading, 1),
                "trial_gas_per_reading": one.reference,
                "times_less_than_naive": round(report.naive_gas / one.gas_a_reading, 1),
            }
            for one in report.figures
        ],
    }


def _lines(document: dict[str, Any]) -> list[str]:
    from scripts._showing import table

    rows = [
        (
            *(one["intake"], one["shape"], one["range_kept"] or "", one["times"]),
            *(one["transactions"], f"{one['gas_per_reading']:,.1f}"),
            f"{one['trial_gas_per_reading']:,}" if one["trial_gas_per_reading"] else "-",
            f"{one['times_less_than_naive']:,.1f}x",
        )
        for one in document["figures"]
    ]
    head = ("intake", "shape", "range", "times", "tx", "gas a reading", "trial", "less than naive")
    return [
        f"One transaction a reading: {document['naive_gas_per_reading']:,} gas.",
        "",
        *table(rows, head),
        "",
        "trial: the throw-away contract that the format was tried with, docs/benchmarks.md.",
    ]


cli = app.cli()
