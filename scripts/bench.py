"""Published figures, each measured on this machine, both sides in one run."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._shared import Local, Noun

app = Noun(__doc__)
NAIVE = Path("bench") / "naive.vy"
FINDINGS = 6
TERMINATED = 143


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


@app.command("crash", cls=Local)
def crash(
    kills: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the points, the rows and the moments.")] = 1,
    source: Annotated[
        str, typer.Option(help="How rows come: files, mqtt, hj212, or mixed, which is both.")
    ] = "files",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """Kill the oracle at every point of its work, then look for lost and doubled readings.

    A chain of three signers and a folder of its own, removed in the end; mqtt starts a Mosquitto
    too. Exit code 6 when a reading is not on the chain exactly once.
    For example: waterline bench crash --kills 100 --source mqtt
    """
    import json

    from scripts._crash import killed
    from scripts._progress import steady

    with steady("starting a chain of three signers") as update:
        document = killed(kills, seed, source, update or _say_nothing).as_json()
    for told in [json.dumps(document)] if as_json else _counted(document):
        typer.echo(told)
    if document["lost"] or document["duplicated"]:
        raise SystemExit(FINDINGS)
    return document


@app.command("faults", cls=Local)
def faults(
    seed: Annotated[int, typer.Option(help="Of the rows, the faults and the moments.")] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="A sample, in about a minute.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This experiment; repeat for more.")
    ] = None,
    minutes: Annotated[
        int, typer.Option(min=0, help="Fuzz no longer than so many, and count what was done.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """Disturb the network, the nodes and the input, then look for lost and doubled readings.

    Experiments: network, reorganisations, signers, outage, stall, twins, five, fuzz. A chain of
    three signers (of five for `five`) and a folder of its own, removed in the end. Exit code 6 when
    one does not hold.
    For example: waterline bench faults --quick --only network
    """
    import json

    from scripts._faults import every
    from scripts._progress import steady

    document: list[dict[str, Any]] = []
    with steady("starting") as update:
        for result in every(only or [], seed, quick, update or _say_nothing, 60 * minutes):
            document.append(result.as_json())
            for told in [] if as_json else _held(document[-1]):
                typer.echo(told)
    if as_json:
        typer.echo(json.dumps(document))
    if not all(one["holds"] for one in document):
        raise SystemExit(FINDINGS)
    return document


def _held(one: dict[str, Any]) -> list[str]:
    verdict = "holds" if one["holds"] else "DOES NOT HOLD"
    counts = (f"  {key.replace('_', ' ')}: {value}" for key, value in one["counts"].items())
    return [f"{one['name']}: {verdict}", *counts]


@app.command("city", cls=Local)
def city(
    share: Annotated[
        float, typer.Option(min=0.000_1, max=1.0, help="Of the city that is fed; 0.01 is a minute.")
    ] = 1.0,
    kept: Annotated[
        Path | None,
        typer.Option("--city", help="The enrolled city is kept in this folder, and used again."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """Feed a day of a city of five million to a chain of its own, beside baselines.

    On are checks of intake, journal, archive, trees, batches and settlement; off are warnings; no
    meter is bound and no gauge judged. Three signers, removed in the end; stopped by Ctrl-C or
    SIGTERM. Exit code 6 when a reading is not settled or a channel's sum is wrong.

    For example: waterline bench city --share 0.01
    """
    import json
    import signal

    from scripts._full_day import measured

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    document = measured(share, kept, lambda text: typer.echo(text, err=True))
    for told in [json.dumps(document)] if as_json else _of_the_day(document):
        typer.echo(told)
    return document


@app.command("relay", cls=Local)
def relay(
    rounds: Annotated[int, typer.Option(min=2, help="Of each comparison.")] = 31,
    samples: Annotated[
        int, typer.Option(min=0, help="Readings followed to their settlement; 0 starts no chain.")
    ] = 20,
    period_s: Annotated[
        int, typer.Option("--period", min=1, max=60, help="Of that chain's blocks, in seconds.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """What the oracle does to a reading, beside the usual ways: packing, disk, tree, latency.

    Both sides in turn, medians with their quartiles, CPU beside the wall. Exit code 6 when two
    sides differ in what they give. For example: waterline bench relay --rounds 31
    """
    import json

    from scripts._progress import steady
    from scripts._relay_bench import lines, measured

    with steady("measuring") as update:
        document = measured(rounds, samples, period_s, update or _say_nothing)
    for told in [json.dumps(document)] if as_json else lines(document):
        typer.echo(told)
    return document


@app.command("checks", cls=Local)
def checks(
    seed: Annotated[int, typer.Option(help="Of the faults that are put in.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """What the checks of single channels find in a labelled series, and how often they cry.

    The drinking-water series of data/: thresholds are learnt from its first half and judged on the
    second, with values rounded to what their sensors deliver, and without, which shows how much
    decimals give away. For example: waterline bench checks --json
    """
    import json

    from scripts._detection import lines, measured
    from scripts._progress import steady

    with steady("reading") as update:
        document = measured(seed, update or _say_nothing)
    for told in [json.dumps(document)] if as_json else lines(document):
        typer.echo(told)
    return document


def _of_the_day(document: dict[str, Any]) -> list[str]:
    ways, enrolment = document["baselines"], document["enrolment"]
    return [
        f"{document['readings']:,} readings of {document['channels']:,} channels settled in"
        f" {document['seconds']:,} s: {document['readings_per_s']:,} a second,"
        f" {document['ratio']:,}x the best baseline.",
        f"Beside them {document['household_readings']:,} hourly readings of"
        f" {document['households']:,} households, a leaf each: {document['every_reading_per_s']:,}"
        " readings a second in all.",
        f"{document['gas_per_reading']} gas a reading, {document['batches']:,} batches,"
        f" {document['blocks']:,} blocks.",
        f"CPU {document['cpu_s']['oracle']} s of the oracle, {document['cpu_s']['nodes']} s of the"
        f" nodes; at most {document['peak_rss_mb']} MB resident.",
        f"On disk a reading: journal {document['journal_bytes_per_reading']} bytes, archive"
        f" {document['archive_bytes_per_reading']}. The journal's largest columns, in MB: "
        + ", ".join(f"{k} {v / 1e6:.1f}" for k, v in document["journal_parts_bytes"].items())
        + ".",
        f"Before that: {enrolment['devices']:,} devices enrolled in {enrolment['seconds']:,} s with"
        f" {enrolment['gas']:,} gas, the oracle started in {document['start_s']} s.",
        "Baselines, readings a second: "
        + ", ".join(f"{name} {rate:,}" for name, rate in ways.items())
        + f"; {document['baseline_s']:.0f} s each.",
        f"The city is unverified: {document['composition']}.",
    ]


def _counted(document: dict[str, Any]) -> list[str]:
    from scripts._showing import table

    return [
        *table([(name, str(count)) for name, count in document["points"].items()], ("at", "kills")),
        "",
        f"{document['kills']:,} kills in {document['seconds']:,} s,"
        f" {document['restarts_per_s']} starts a second.",
        f"{document['accepted']:,} readings accepted, {document['on_chain']:,} on the chain:"
        f" {document['lost']:,} lost, {document['duplicated']:,} duplicated.",
    ]


def _say_nothing(_: str) -> None:
    """Nobody reads the progress."""


def _document(report: Any) -> dict[str, Any]:
    from bench import gas as bench

    naive = round(report.naive_gas)
    rows = [
        {
            "id": one.id,
            "shape": ", ".join(word for word in (one.shape.name, one.form, one.variant) if word),
            "readings": one.shape.readings,
            "channels": one.shape.channels,
            "transactions": one.transactions,
            "naive_gas": naive,
            "gas": one.gas,
            "calldata_gas": one.calldata_gas,
            "per_reading": round(one.gas_a_reading, 1),
            "target": bench.TARGETS.get(one.id),
            "floor": bench.FLOORS.get(one.id),
            "ratio": round(report.naive_gas / one.gas_a_reading, 1),
        }
        for one in report.figures
    ]
    first = rows[0]
    proof = {
        "id": "P4",
        "shape": f"a proof of one reading, depth {bench.PROOF_DEPTH}, in its own transaction",
        **{"readings": 1, "channels": 1, "transactions": 1, "naive_gas": None},
        **{"gas": report.proof_gas, "calldata_gas": None, "per_reading": report.proof_gas},
        **{"target": bench.PROOF_TARGET, "floor": bench.PROOF_FLOOR, "ratio": None},
    }
    against = {
        **first,
        "id": "P5",
        "shape": "P1 against OCR2's published gas an observation; target and floor are ratios",
        "naive_gas": bench.OCR2_GAS,
        **{"target": bench.OCR2_TARGET, "floor": bench.OCR2_FLOOR},
        "ratio": round(bench.OCR2_GAS / first["per_reading"], 1),
    }
    return {"rows": [*rows, proof, against]}


def _lines(document: dict[str, Any]) -> list[str]:
    from scripts._showing import table

    rows = [
        (
            *(one["id"], one["shape"], one["transactions"], f"{one['per_reading']:,.1f}"),
            f"{one['target']:,}" if one["target"] else "-",
            f"{one['naive_gas']:,}" if one["naive_gas"] else "-",
            f"{one['ratio']:,.1f}x" if one["ratio"] else "-",
        )
        for one in document["rows"]
    ]
    head = ("id", "shape", "tx", "gas a reading", "target", "one by one", "less")
    return [
        *table(rows, head),
        "",
        "The shapes, the targets and what is counted: docs/benchmarks.md.",
    ]


cli = app.cli()
