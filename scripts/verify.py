"""Check a reading from its row to its block, or all that the chain claims of readings."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._arguments import Device
from scripts._shared import Local, Noun, Session, session

app = Noun(__doc__)
FINDINGS = 6


@app.read("reading")
def reading(
    device: Device,
    parameter: Annotated[str, typer.Argument(help="volume, or a key of a limit table.")],
    at: Annotated[str, typer.Option(help="Its moment, to the second: 2026-01-31T08:00Z.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Export the proof to a file.")
    ] = None,
    journal: Annotated[
        str | None, typer.Option("--journal", metavar="FOLDER|URL", help="The oracle's journal.")
    ] = None,
) -> Any:
    """Follow a reading from the row it came in to its block, and check every step.

    For example: waterline verify reading WTW-1-MS1 turbidity --at 2026-01-31T08:00Z
    """
    import json

    from ledger.devices import channel_of
    from oracle.journal import Journal
    from oracle.proofs import prove
    from scripts._files import instant
    from scripts._oracle import journal_place
    from scripts._showing import local_zone

    here = session()
    channel = channel_of(here.ledger, device, parameter)
    opened = Journal(journal_place(journal), writing=False)
    try:
        proof = prove(here.ledger, opened, channel, instant(at, local_zone()))
    finally:
        opened.close()
    if output:
        text = json.dumps(proof.as_json(), indent=1, ensure_ascii=False) + "\n"
        output.write_text(text, encoding="utf-8")
        here.say(f"wrote {output}; anybody checks it with `waterline verify proof {output}`")
    return _checked(here, proof)


@app.read("proof")
def proof(
    file: Annotated[Path, typer.Argument(help="A proof that `verify reading -o` exported.")],
) -> Any:
    """Check an exported proof against the chain; no journal is needed."""
    from oracle.proofs import load

    return _checked(session(), load(file))


@app.read("chain")
def chain(
    rpc: Annotated[
        str | None, typer.Option("--rpc", metavar="URL", help="The node; as --network.")
    ] = None,
    deployment: Annotated[
        Path | None,
        typer.Option("--deployment", metavar="FILE", help="Where the contracts stand."),
    ] = None,
    from_block: Annotated[
        int | None,
        typer.Option("--from-block", min=0, help="Where to begin; else as the record says."),
    ] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Prove every event by the headers of all blocks.")
    ] = False,
    journal: Annotated[
        str | None,
        typer.Option(
            "--journal", metavar="FOLDER|URL", help="Make every root of its batches again."
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="FOLDER", help="Keep how far it came; go on from there."),
    ] = None,
) -> Any:
    """Derive all that the chain claims of readings again, from its own data and nothing else.

    For example: waterline verify chain --rpc http://127.0.0.1:8545 --deployment deployment.json
    """
    from scripts._auditing import audited, lines, over

    here = over(session(), rpc)
    result = audited(here, deployment, from_block, resume, prove, journal)
    document = {**result.as_json(), "verified": result.state.findings.count == 0}
    here.tell(document, lambda: list(lines(document)))
    _leave(document)
    return document


@app.read("household")
def household(
    file: Annotated[
        Path, typer.Argument(help="A proof that `oracle household-proof -o` exported.")
    ],
) -> Any:
    """Check a household's proof against the chain, and the gateway's signature where there is one.

    For example: waterline verify household january.json
    """
    from ledger.grades import GRADES
    from oracle.household_proofs import check, load
    from scripts._showing import facts, local, m3

    here, one = session(), load(file)
    checks = check(here.ledger, one, here.policy)
    told = [
        *(("community", one.community), ("day ended", local(one.ends_at))),
        *(("register", m3(one.register_l)), ("volume", m3(one.volume_l))),
        ("evidence", GRADES.get(one.grade)),
    ]
    document = {
        **{"community": one.community, "ends_at": one.ends_at, "register_l": one.register_l},
        **{"volume_l": one.volume_l, "grade_shown": GRADES.get(one.grade)},
        **{"checks": checks, "verified": all(checks.values())},
    }
    here.tell(document, lambda: [*facts(told), "", *_outcome(document)])
    _leave(document)
    return document


@app.command("offline", cls=Local)
def offline(
    file: Annotated[Path, typer.Argument(help="A proof that `verify reading -o` exported.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> Any:
    """Check an exported proof by itself: that the row leads to the digest, without any chain."""
    import json

    from oracle.proofs import check_offline, load

    checks = check_offline(load(file))
    document = {"verified": all(checks.values()), "checks": checks}
    lines = [f"{'yes' if held else 'NO '}  {name}" for name, held in checks.items()]
    for line in [json.dumps(document)] if as_json else lines:
        typer.echo(line)
    _leave(document)
    return document


def _checked(here: Session, one: Any) -> Any:
    """Tell a proof's steps and their outcome; exit code 6 when one fails."""
    from ledger.devices import channel
    from ledger.grades import GRADES
    from oracle.proofs import check
    from scripts._gauging import shown_value

    checks = check(here.ledger, one, here.policy)
    document = {
        **one.as_json(),
        "grade_shown": GRADES.get(one.grade),
        "value_shown": shown_value(channel(here.ledger, one.channel), one.value),
        "sealer": here.chain.sealer(one.block_hash),
        "checks": checks,
        "verified": all(checks.values()),
    }
    here.tell(document, lambda: _lines(here, document))
    _leave(document)
    return document


def _leave(document: dict[str, Any]) -> None:
    if not document["verified"]:
        raise SystemExit(FINDINGS)


def _lines(here: Session, found: dict[str, Any]) -> list[str]:
    from ledger.marks import name_of
    from scripts._showing import exact, facts

    told: list[tuple[str, object]] = [
        ("reading", f"{found['device']} {found['parameter']}: {found['value_shown']}"),
        ("at", exact(found["at"])),
        ("evidence", found["grade_shown"]),
        ("row as it came", found["telegram"]),
        ("of", f"row {found['row'] + 1} of {found['source'].partition('/')[2]}"),
    ]
    if found["redated_s"]:
        told.append(
            ("re-dated", f"by {found['redated_s'] // 86_400:+,} days; the row is as it came")
        )
    if name_of(found["mark"]):
        told.append(("mark", name_of(found["mark"])))
    told += [
        ("leaf", found["leaf"]),
        ("root", f"{found['root']}, {len(found['siblings'])} steps up"),
        ("transaction", found["transaction"]),
        ("block", f"{found['block']}, sealed by {found['sealer'] or 'unknown'}"),
    ]
    if here.details:
        told += [(key, found[key]) for key in ("contract", "address", "lane", "batch", "digest")]
        told.append(("header", found["header"]))
    return [*facts(told), "", *_outcome(found)]


def _outcome(found: dict[str, Any]) -> list[str]:
    checks = [f"{'yes' if held else 'NO '}  {name}" for name, held in found["checks"].items()]
    return [*checks, "", "VERIFIED" if found["verified"] else "NOT verified"]


cli = app.cli()
