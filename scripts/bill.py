"""Bills: what water costs, what is owed, disputes, credits."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts._acting import act, act_on
from scripts._arguments import Bill, Reason
from scripts._shared import Noun, session

app = Noun(__doc__)
Tariff = Annotated[str, typer.Option(help="The tariff's name; its version in force is used.")]
Period = Annotated[str, typer.Option(help="What is billed: 2026, 2026-Q2 or 2026-05.")]


@app.read("quote")
def quote(
    volume: Annotated[str, typer.Argument(help="Volume of one period: 1600 m3.")],
    tariff: Tariff = "non-resident",
    plan: Annotated[str, typer.Option(help="The plan it is held against: 1000 m3.")] = "",
) -> Any:
    """Show what a volume costs, line by line.

    For example: waterline bill quote '1600 m3' --plan '1000 m3'
    """
    from ledger.structs import read
    from ledger.units import parse
    from scripts._billing import in_force, lines_of, shown_lines

    here = session()
    at = here.chain.head().at
    tariff_id, terms = in_force(here, tariff, at)
    volume_l, plan_l = parse(volume), parse(plan) if plan else 0
    raw = read(here.ledger, "Tariff", "quote", tariff_id, volume_l, plan_l, at)
    document = {
        "tariff": terms["name"],
        "version": terms["version"],
        "verified": terms["verified"],
        "volume_l": volume_l,
        "plan_l": plan_l or None,
        **lines_of(raw),
    }
    return here.tell(document, lambda: shown_lines(document))


@app.read("household")
def household(
    first: Annotated[Path, typer.Argument(help="Proof of the day before the period.")],
    last: Annotated[Path, typer.Argument(help="Proof of the period's last day.")],
    tariff: Tariff = "resident",
) -> Any:
    """Show what a household owes between two of its own days, proved from its own leaves.

    The contract checks both leaves against its batches; nothing is sent. A node that is asked sees
    the proofs: ask one of yours. For example: waterline bill household december.json january.json
    """
    from scripts._billing import household_bill, shown_lines

    here = session()
    document = household_bill(here, first, last, tariff)
    return here.tell(document, lambda: [*shown_lines(document), "Proved from two leaves."])


@app.write("settle")
def settle(
    number: Annotated[str, typer.Argument(help="Number of the permit.")],
    period: Period,
    tariff: Tariff = "non-resident",
) -> Any:
    """Settle the bill of a permit for a local year, quarter or month that has ended.

    The bills of one charge follow each other. A quarter or month needs registers kept at its turns,
    and with a surcharge over the plan a plan of its own: `waterline plan`. A year is held against
    the plan that was handed down for it, without one against the permit's volume.

    For example: waterline bill settle C990100S2026-0001 --period 2026-05 --tariff monthly --account
    officer-3
    """
    from scripts._billing import tariff_for
    from scripts._permits import permit_by_number

    here = session()
    tariff_id, index = tariff_for(here, tariff, period)
    says = f"settle {period} of {number} under {tariff}"
    permit_id, _ = permit_by_number(here, number)
    return act("Tariff", "settle", says, permit_id, tariff_id, index, numbered="bill_id")


@app.read("list")
def list_(
    permit: Annotated[str, typer.Option(help="Only of this permit.")] = "",
) -> Any:
    """List the bills and what is owed on each.

    For example: waterline bill list --permit C990100S2026-0001
    """
    from scripts._billing import bills
    from scripts._permits import normalised
    from scripts._showing import m3, table, yuan

    here = session()
    document = [
        b for b in bills(here) if permit in ("", b["permit"]) or b["permit"] == normalised(permit)
    ]
    rows = [
        (
            *(b["bill"], b["permit"], b["period"], m3(b["volume_l"]), yuan(b["lines"]["total_uy"])),
            *(yuan(b["owed_uy"]), b["state"]),
        )
        for b in document
    ]
    head = ("no.", "permit", "period", "volume", "total", "owed now", "state")
    return here.tell(document, lambda: table(rows, head))


@app.read("show")
def show(bill: Bill) -> Any:
    """Show a bill line by line.

    For example: waterline bill show 1
    """
    from ledger.errors import NotFound
    from scripts._billing import bills, shown_bill

    here = session()
    found = [one for one in bills(here) if one["bill"] == bill]
    if not found:
        raise NotFound(f"no bill {bill}", "list them with `waterline bill list`")
    return here.tell(found[0], lambda: shown_bill(found[0]))


@app.write("reverse")
def reverse(bill: Bill, reason: Reason) -> Any:
    """Take back a wrong bill; it stays on record and the period can be billed again.

    What was paid on it, a late charge included, is credit for the next bill.

    For example: waterline bill reverse 1 'meter of the neighbour' --account officer-3
    """
    return act("Tariff", "reverse", f"reverse bill {bill}: {reason}", bill, reason)


@app.write("paid")
def paid(
    bill: Bill,
    on: Annotated[str, typer.Option(help="When the money came; now if left out.")] = "",
) -> Any:
    """Record that a bill was paid, with the late charge due by then.

    For example: waterline bill paid 1 --on 2027-02-10 --account officer-3
    """
    from scripts._permits import date_of

    at = date_of(on) or session().chain.head().at
    return act("Tariff", "mark_paid", f"bill {bill} is paid", bill, at)


@app.write("dispute")
def dispute(
    number: Annotated[str, typer.Argument(help="Number of the permit.")],
    period: Period,
    grounds: Annotated[Path, typer.Option(help="The grounds; their hash only.")],
    tariff: Tariff = "non-resident",
) -> Any:
    """Dispute the readings of a period, as the permit's holder: the surcharge is held.

    For example: waterline bill dispute C990100S2026-0001 --period 2026 --grounds letter.pdf
    --account holder-1
    """
    from scripts._billing import tariff_for
    from scripts._permits import document_hash

    arguments = *tariff_for(session(), tariff, period), document_hash(grounds)
    return act_on("Tariff", number, "dispute", f"dispute {period} of {number}", *arguments)


@app.write("resolve")
def resolve(
    number: Annotated[str, typer.Argument(help="Number of the permit.")],
    period: Period,
    upheld: Annotated[bool, typer.Option(help="The holder is right.")] = False,
    tariff: Tariff = "non-resident",
) -> Any:
    """Decide a dispute: dismissed, what was held is owed; upheld, the bill is to be reversed.

    For example: waterline bill resolve C990100S2026-0001 --period 2026 --upheld --account officer-1
    """
    from scripts._billing import tariff_for

    says = f"{'uphold' if upheld else 'dismiss'} the dispute of {number} for {period}"
    arguments = *tariff_for(session(), tariff, period), upheld
    return act_on("Tariff", number, "resolve", says, *arguments)


@app.write("credit")
def credit(
    number: Annotated[str, typer.Argument(help="Number of the permit.")],
    saved: Annotated[str, typer.Argument(help="Verified savings: 7 m3.")],
    evidence: Annotated[Path, typer.Option(help="The evidence; its hash only.")],
    tariff: Tariff = "non-resident",
) -> Any:
    """Credit verified savings; the next bill is lower by it, never below zero.

    For example: waterline bill credit C990100S2026-0001 '700 m3' --evidence audit.pdf --account
    officer-1
    """
    from ledger.units import parse
    from scripts._billing import in_force
    from scripts._permits import document_hash

    here = session()
    tariff_id, _ = in_force(here, tariff, here.chain.head().at)
    says = f"credit {saved} saved under {number}"
    arguments = tariff_id, parse(saved), document_hash(evidence)
    return act_on("Tariff", number, "grant_credit", says, *arguments)


cli = app.cli()
