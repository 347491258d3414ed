"""Decisions: the hashes of what they rest on, and who approved them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act
from scripts._arguments import Decision, Reason
from scripts._shared import Noun, session

app = Noun(__doc__)


@app.write("record")
def record(
    kind: Annotated[str, typer.Argument(help="What was decided on.")],
    inputs: Annotated[Path, typer.Option(help="File of the inputs; its hash only.")],
    model: Annotated[Path, typer.Option(help="The model, or the rule; its hash only.")],
    result: Annotated[Path, typer.Option(help="File of the result; its hash only.")],
) -> Any:
    """Record the run of a model, or another ground of a decision.

    For example: waterline decision record 'dispatch of the reservoir' --inputs inflow.csv --model
    model.py --result plan.csv --account keeper-1
    """
    from ledger.labels import label
    from scripts._permits import document_hash

    hashes = [document_hash(path) for path in (inputs, model, result)]
    return act(
        "Decisions", "record", f"record {kind}", label(kind), *hashes, numbered="decision_id"
    )


@app.write("approve")
def approve(decision: Decision) -> Any:
    """Approve what another officer recorded.

    For example: waterline decision approve 1 --account officer-3
    """
    return act("Decisions", "approve", f"approve decision {decision}", decision)


@app.write("withdraw")
def withdraw(decision: Decision, reason: Reason) -> Any:
    """Say that a decision no longer holds; it stays on record.

    For example: waterline decision withdraw 1 'wrong inputs' --account officer-3
    """
    says = f"withdraw decision {decision}: {reason}"
    return act("Decisions", "withdraw", says, decision, reason)


@app.read("list")
def list_() -> Any:
    """List the decisions.

    For example: waterline decision list
    """
    from ledger.labels import text_of
    from ledger.structs import every
    from scripts._showing import local_of, table, utc
    from scripts._signing import name_of_account

    here = session()
    document = [
        {
            "decision": n,
            "kind": text_of(raw["kind"]),
            "inputs_sha256": "0x" + raw["inputs_hash"].hex(),
            "model_sha256": "0x" + raw["model_hash"].hex(),
            "result_sha256": "0x" + raw["result_hash"].hex(),
            "recorded_by": name_of_account(raw["recorded_by"]),
            "recorded_at": utc(raw["recorded_at"]),
            "approved_by": name_of_account(raw["approved_by"]) if raw["approved_at"] else None,
            "withdrawn_at": utc(raw["withdrawn_at"]),
        }
        for n, raw in every(here.ledger, "Decisions", "decision", "decision_count")
    ]
    rows = [
        (
            *(d["decision"], d["kind"], d["recorded_by"], local_of(d["recorded_at"])),
            "withdrawn" if d["withdrawn_at"] else d["approved_by"] or "-",
        )
        for d in document
    ]
    head = ("no.", "kind", "recorded by", "when", "approved by")
    return here.tell(document, lambda: table(rows, head))


cli = app.cli()
