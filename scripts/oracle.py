"""The oracle: feed what is measured to the chain, every reading exactly once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import _decoding, _households, _keeping, _warnings
from scripts._shared import Local, Noun, session

app = Noun(__doc__)
quarantine = Noun("What is held, with its reason.")
app.add_typer(quarantine, name="quarantine")
app.add_typer(_decoding.app, name="decode")

Journal = Annotated[
    str | None,
    typer.Option("--journal", metavar="FOLDER|URL", help="Else oracle in the state folder."),
]
Password = Annotated[
    Path | None, typer.Option(help="Passphrase of the relays' accounts, in a 0600 file.")
]
Mappings = Annotated[
    list[Path] | None,
    typer.Option("--mapping", "-m", help="Which column is which channel; several may be named."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.read("replay")
def replay(
    files: Annotated[list[Path], typer.Argument(help="CSV or Parquet files.")],
    mapping: Mappings = None,
    households: Annotated[
        Path | None, typer.Option(help="Mapping of households' daily telegrams, for its files.")
    ] = None,
    shift_to: Annotated[
        str | None,
        typer.Option(metavar="now|DATE", help="Re-date by whole days, to end then; it is said."),
    ] = None,
    journal: Journal = None,
    password_file: Password = None,
    dry_run: Annotated[bool, typer.Option(help="Read and check, send nothing.")] = False,
    patience: Annotated[int, typer.Option(help="Seconds without progress before it ends.")] = 300,
) -> Any:
    """Feed whole files and wait until everything is final; run it again after any interruption.

    For example: waterline oracle replay flow.csv -m flow.yaml --password-file pass
    """
    import time

    from oracle import feed
    from oracle.report import report
    from scripts import _oracle

    here = session()
    homes, others = _oracle.of_households(files, households)
    wanted = _oracle.inputs(others, _oracle.load_mappings(mapping or []), shift_to)
    if dry_run:
        return _rehearsed(wanted)
    with _oracle.opened(here, _oracle.journal_place(journal), password_file) as oracle:
        with _oracle.shown(here, oracle, len(files)) as progress:
            feed.replay(oracle, [*homes, *wanted], time.sleep, time.monotonic, progress, patience)
        now = report(oracle.journal)
    return here.tell(now.as_json(), lambda: _oracle.lines(now))


def _rehearsed(wanted: list[Any]) -> Any:
    """What files would give, without a journal and without a chain's answer."""
    import time

    from oracle import lanes
    from oracle.rehearsal import rehearse
    from scripts._showing import table

    here, now = session(), int(time.time())
    document = [rehearse(one, lanes.channels(here.ledger), now) for one in wanted]
    rows = [
        (one["file"], one["rows"], one["accepted"], one["quarantined"], one["first_reason"] or "")
        for one in document
    ]
    head = ("file", "rows", "readings", "held", "first reason")
    return here.tell(document, lambda: [*table(rows, head), "Nothing was sent."])


@app.read("run")
def run(
    config: Annotated[
        Path, typer.Option("--config", "-c", help="waterline.toml: what is fed, who is told.")
    ],
    password_file: Password = None,
) -> Any:
    """Feed files that grow and stations that call in, until it is stopped (SIGTERM or Ctrl-C).

    For example: waterline oracle run -c waterline.toml --password-file pass
    """
    import signal
    import threading

    from oracle.config import load
    from scripts import _oracle, _running

    here, wanted = session(), load(config)
    leaving = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.set())
    tell = _oracle.Voice(here)
    now = _running.run(_running.Work(here, wanted, password_file, tell, leaving.is_set))
    if now is None:
        return here.tell({}, lambda: ["At the end another oracle fed it, or it was away."])
    return here.tell(now.as_json(), lambda: _oracle.lines(now))


@app.read("witness")
def witness(
    config: Annotated[Path, typer.Option("--config", "-c", help="Own sources, and `witness`.")],
    password_file: Annotated[
        Path | None, typer.Option(help="Passphrase of the witness's account, in a 0600 file.")
    ] = None,
) -> Any:
    """Witness other oracles' lanes until it is stopped: sign what is as in its own journal.

    It takes in sources of its own and sends no batch. It answers the owners of lanes alone; what
    differs it puts on chain as its dissent, unless its configuration says `dissents = false`.

    For example: waterline oracle witness -c witness.toml --password-file pass
    """
    from oracle.config import load
    from oracle.report import report
    from scripts import _oracle
    from scripts._witnessing import witnessed

    here, wanted = session(), load(config)
    now = report(witnessed(here, wanted, password_file))
    return here.tell(now.as_json(), lambda: _oracle.lines(now))


@app.read("simulate")
def simulate(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The stations to play, beside the oracle's own file."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PER_MILLE", help="One of those above; several may be named."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same faults.")] = 1,
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, help="Times real time; else as fast as it is acknowledged."),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Readings of each station.")] = None,
    live: Annotated[bool, typer.Option(help="Go on by the clock when now is reached.")] = False,
    answer_s: Annotated[
        float, typer.Option(min=0.1, help="How long a station waits for its answer.")
    ] = 10,
    repeats: Annotated[int, typer.Option(min=0, help="How often it sends again.")] = 3,
    write_config: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write files for the demo city, and send nothing."),
    ] = None,
    step: Annotated[str, typer.Option(help="With --write-config: between readings.")] = "1 min",
    mqtt_port: Annotated[
        int | None,
        typer.Option(help="With --write-config: a broker of this machine for the waterworks."),
    ] = None,
    city: Annotated[bool, typer.Option("--city", help="A made-up city, not the demo's.")] = False,
    share: Annotated[
        float, typer.Option(min=0.000_1, max=0.01, help="With --city: how much of five million.")
    ] = 0.001,
    enrol: Annotated[
        bool, typer.Option("--enrol", help="With --city: start a chain, and enrol its points.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option(help="With --city: print its composition, and do nothing.")
    ] = False,
) -> Any:
    """Play stations that speak to a running oracle of this machine, with faults on demand.

    They send the series of data/ as telegrams of HJ 212, SL 651, MQTT or as a file that grows, and
    wait for each answer. Faults: gap, duplicate, late, stuck, skew, garbage, split, cut, other
    (the same moment with other values). What they send is not measured.

    With --city they are the points of a share of a made-up city of five million, households too.

    For example: waterline oracle simulate -c sim/stations.yaml --fault late=20 --fault cut=5
    """
    from oracle.simulation.playing import Pace
    from oracle.simulation.speaking import Limits
    from scripts import _simulating

    here = session()
    if city:
        wanted = _simulating.Wanted(share, seed, enrol, dry_run, write_config, mqtt_port)
        return _simulating.of_city(here, wanted)
    if write_config is not None:
        written = _simulating.write_config(here.ledger, write_config, step, mqtt_port)
        return here.tell(written, lambda: _simulating.next_steps(written))
    if config is None:
        raise typer.BadParameter("name --config, or --write-config for a first one")
    rates, pace = _simulating.rates_of(fault or []), Pace(speed, count, live)
    document = _simulating.played(here, config, rates, seed, pace, Limits(answer_s, repeats))
    return here.tell(document, lambda: _simulating.lines(document))


@app.command("status", cls=Local)
def status(journal: Journal = None, as_json: Json = False) -> Any:
    """Show what was received, what is final, what is held; no chain is asked.

    Exit code 6 when a lane stopped.
    """
    import json

    from oracle.report import report
    from oracle.store import Store
    from scripts import _oracle

    store = Store(_oracle.journal_place(journal), writing=False)
    now = report(store)
    store.close()
    if as_json:
        typer.echo(json.dumps(now.as_json(), ensure_ascii=False))
    else:
        for line in _oracle.lines(now):
            typer.echo(line)
    if any(lane["stopped"] for lane in now.lanes):
        raise SystemExit(6)
    return now.as_json()


@app.read("rebind")
def rebind(journal: Journal = None) -> Any:
    """Let a journal go on with a book that has adopted the one it was written for.

    For example: waterline oracle rebind
    """
    from oracle.journal import Journal as Opened
    from oracle.rebinding import rebind as bind_anew
    from scripts._oracle import journal_place

    here, opened = session(), Opened(journal_place(journal), writing=True)
    try:
        changed = bind_anew(here.ledger, opened, here.policy)
    finally:
        opened.close()
    told = f"now written for the present {', '.join(changed)}" if changed else "as it was"
    return here.tell({"rebound": changed}, lambda: [told])


@app.read("compare")
def compare(
    file: Annotated[Path | None, typer.Argument(help="Signed telegrams, one JSON a line.")] = None,
    journal: Annotated[
        str | None,
        typer.Option("--journal", metavar="FOLDER|URL", help="A witness's, instead of a file."),
    ] = None,
) -> Any:
    """Compare signed telegrams that somebody holds, or a witness's journal, with what settled.

    Exit code 6 when a reading is missing, different, or not signed by a key of its device.

    For example: waterline oracle compare telegrams.jsonl
    """
    from oracle.comparison import FINDINGS, load
    from oracle.comparison import compare as compared
    from scripts import _oracle
    from scripts._comparing import document, journal_compared, lines

    here = session()
    if (file is None) == (journal is None):
        raise typer.BadParameter("name a file of telegrams, or --journal")
    if journal is not None:
        return journal_compared(here, _oracle.journal_place(journal))
    assert file is not None
    told = document(here, compared(here.ledger, load(file)))
    here.tell(told, lambda: lines(told))
    if any(one["verdict"] in FINDINGS for one in told):
        raise SystemExit(6)
    return told


@quarantine.command("list", cls=Local)
def list_(
    journal: Journal = None,
    every: Annotated[bool, typer.Option("--all", help="Released and rejected ones too.")] = False,
    as_json: Json = False,
) -> Any:
    """List what is held."""
    import json

    from oracle.quarantine import held
    from oracle.store import Store
    from scripts import _oracle
    from scripts._showing import local, table

    store = Store(_oracle.journal_place(journal), writing=False)
    entries = held(store, every=every)
    store.close()
    if as_json:
        typer.echo(json.dumps(entries, ensure_ascii=False))
        return entries
    rows = [
        (e["id"], e["source"] or "-", local(e["at"] or 0), e["text"], e["reason"], e["state"])
        for e in entries
    ]
    for line in table(rows, ("no.", "file", "at", "as written", "reason", "")):
        typer.echo(line)
    return entries


@quarantine.command("show", cls=Local)
def show(
    number: Annotated[int, typer.Argument(help="Number of the entry, as listed.")],
    journal: Journal = None,
    as_json: Json = False,
) -> Any:
    """Show one held reading: its row as it came, why it is held, what to do."""
    import json

    from oracle import verdicts
    from oracle.journal import Journal as Opened
    from oracle.quarantine import masked, one_of
    from scripts import _oracle
    from scripts._showing import facts, local

    opened = Opened(_oracle.journal_place(journal), writing=False)
    entry = one_of(opened, number)
    if entry["segment"] is not None:
        entry["header"] = opened.segment(entry["segment"]).header
        raw = opened.telegram(entry["segment"], entry["row"])
        entry["telegram"] = masked(raw.decode("utf-8", "replace"))
    entry |= verdicts.of(opened, entry)
    opened.close()
    told = {**entry, "at": local(entry["at"]) if entry["at"] else None}
    lines = facts((key, value) for key, value in told.items() if value is not None)
    for line in [json.dumps(entry, ensure_ascii=False)] if as_json else lines:
        typer.echo(line)
    return entry


Entries = Annotated[list[int], typer.Argument(help="Numbers of the entries, as listed.")]
Note = Annotated[str, typer.Option(help="Why: what was found out, where and by whom.")]
Deciding = Annotated[str, typer.Option(help="The account that signs the verdict.")]
Passphrase = Annotated[Path | None, typer.Option(help="Its passphrase, in a 0600 file.")]


@quarantine.read("release")
def release(
    numbers: Entries,
    note: Note,
    account: Deciding,
    password_file: Passphrase = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", "-m", help="A corrected mapping.")
    ] = None,
    journal: Journal = None,
) -> Any:
    """Take held readings in after all, if nothing later was recorded since; feed again to send.

    The verdict is signed and stays beside the row as it came. Stop the oracle that has the journal.
    For example: waterline oracle quarantine release 1 --note 'seen on site' --account officer-1
    """
    import time
    from contextlib import closing

    from oracle import lanes
    from oracle.journal import Journal as Opened
    from oracle.mapping import load
    from oracle.quarantine import release as released
    from scripts import _oracle
    from scripts._signing import open_account

    here = session()
    channels, used = lanes.channels(here.ledger), load(mapping) if mapping else None
    signer = open_account(account, password_file)
    with closing(Opened(_oracle.journal_place(journal), writing=True)) as opened:
        now = int(time.time())
        document = [released(opened, one, channels, now, note, used, signer) for one in numbers]
    return here.tell(document, lambda: [f"{one['id']} released" for one in document])


@quarantine.read("reject")
def reject(
    numbers: Entries,
    note: Note,
    account: Deciding,
    password_file: Passphrase = None,
    journal: Journal = None,
) -> Any:
    """Put on record that held entries are not true; each stays as it came, and no longer waits.

    The verdict is signed and stays beside the row as it came. Stop the oracle that has the journal.
    For example: waterline oracle quarantine reject 2 --note 'test of the probe' --account officer-1
    """
    import time
    from contextlib import closing

    from oracle.journal import Journal as Opened
    from oracle.quarantine import reject as rejected
    from scripts import _oracle
    from scripts._signing import open_account

    here, signer = session(), open_account(account, password_file)
    with closing(Opened(_oracle.journal_place(journal), writing=True)) as opened:
        document = [rejected(opened, one, int(time.time()), note, signer) for one in numbers]
    return here.tell(document, lambda: [f"{one['id']} rejected" for one in document])


app.read("check")(_keeping.check)
app.command("archive", cls=Local)(_keeping.archive)
app.read("household-proof")(_households.household_proof)
app.command("warnings", cls=Local)(_warnings.warnings)
app.command("acknowledge", cls=Local)(_warnings.acknowledge)
app.command("undelivered", cls=Local)(_warnings.undelivered)

cli = app.cli()
