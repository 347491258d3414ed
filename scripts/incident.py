"""Incidents: plans, who was notified and has acknowledged, steps, orders, evidence."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import _evidence
from scripts._acting import act
from scripts._arguments import Incident, Order
from scripts._shared import Noun, session
from scripts._showing import ORDER_KINDS

app = Noun(__doc__)
app.add_typer(_evidence.app, name="evidence")
Evidence = Annotated[Path, typer.Option(help="What it rests on; its hash only.")]


@app.write("set-plan")
def set_plan(
    file: Annotated[Path, typer.Option("--file", "-f", help="File with `incident_plans`.")],
) -> Any:
    """Set the plans of a file: whom to notify, how soon they acknowledge, the steps.

    For example: waterline incident set-plan -f data/city.yaml --account officer-1
    """
    from ledger.labels import label
    from ledger.units import parse_duration
    from scripts._files import section, take
    from scripts._requests import post_by_title
    from scripts._writing import Act, perform

    here, acts = session(), []
    for entry in section(file, "incident_plans"):
        kind = str(take(entry, "kind", "a plan"))
        posts, above = (
            [post_by_title(here, str(title)) for title in entry.get(key) or []]
            for key in ("notify", "escalate_to")
        )
        soon = parse_duration(str(take(entry, "acknowledge", f"plan {kind}")))
        steps = [label(str(step)) for step in entry.get("steps") or []]
        call = here.contract("Incidents").functions.set_plan(
            (label(kind), 0, posts, above, soon, steps)
        )
        acts.append(
            Act("Incidents", call, f"plan for {kind}: {len(posts)} posts, {len(steps)} steps")
        )
    done = perform(here, acts)
    return here.tell(done.as_json(), lambda: [])


@app.write("open")
def open_(
    kind: Annotated[str, typer.Argument(help="Kind of the plan.")],
    station: Annotated[str, typer.Option(help="Code of the station.")],
    evidence: Evidence,
    level: Annotated[int, typer.Option(min=1, max=4, help="4 is the most severe.")] = 1,
    drill: Annotated[bool, typer.Option("--drill", help="Only an exercise.")] = False,
) -> Any:
    """Open an incident; every department of its plan is notified.

    For example: waterline incident open 'turbidity at the works' --station WTW-1 --evidence
    alert.json --level 2 --account officer-1
    """
    from ledger.labels import label
    from ledger.network import station_by_code
    from scripts._permits import document_hash

    place = station_by_code(session().ledger, station)
    says = f"{'drill: ' if drill else ''}{kind} at {station}, level {level}"
    arguments = label(kind), place.id, level, drill, document_hash(evidence)
    return act("Incidents", "open", says, *arguments, numbered="incident_id")


@app.write("acknowledge")
def acknowledge(incident: Incident) -> Any:
    """Acknowledge an incident for the post one holds.

    For example: waterline incident acknowledge 1 --account officer-2
    """
    return act("Incidents", "acknowledge", f"acknowledge incident {incident}", incident)


@app.write("escalate")
def escalate(incident: Incident) -> Any:
    """Tell the next level that somebody has not acknowledged in time; anyone may.

    For example: waterline incident escalate 1 --account officer-1
    """
    return act("Incidents", "escalate", f"escalate incident {incident}", incident)


@app.write("step")
def step(
    incident: Incident,
    number: Annotated[int, typer.Argument(help="The step's place in the plan, from 1.", min=1)],
    evidence: Evidence,
) -> Any:
    """Record that a step of the plan was taken, with its evidence.

    For example: waterline incident step 1 1 --evidence photo.jpg --account officer-1
    """
    from scripts._permits import document_hash

    says = f"step {number} of incident {incident} is taken"
    arguments = incident, number - 1, document_hash(evidence)
    return act("Incidents", "take_step", says, *arguments)


@app.write("close")
def close(
    incident: Incident, report: Annotated[Path, typer.Option(help="The report; its hash only.")]
) -> Any:
    """Close an incident that all have acknowledged and all steps of which were taken.

    For example: waterline incident close 1 --report report.pdf --account officer-1
    """
    from scripts._permits import document_hash

    arguments = incident, document_hash(report)
    return act("Incidents", "close", f"close incident {incident}", *arguments)


@app.write("order")
def order(
    incident: Incident,
    kind: Annotated[str, typer.Argument(help=", ".join(ORDER_KINDS.values()))],
    permit: Annotated[str, typer.Option(help="Number of the permit.")],
    until: Annotated[str, typer.Option(help="When it ends.")],
    allowed: Annotated[str, typer.Option(help="What a reduction allows until then.")] = "",
) -> Any:
    """Order a permit holder to take heed, use less, stop or resume, which ends the orders before.

    For example: waterline incident order 1 reduce --permit C990100S2026-0001 --allowed '500 m3'
    --until 2026-12-01 --account officer-1
    """
    from ledger.errors import UsageError
    from ledger.units import parse
    from scripts._permits import date_of, permit_by_number
    from scripts._showing import number_of

    number = number_of(ORDER_KINDS, kind)
    if number is None:
        raise UsageError(f"unknown order {kind!r}", f"use {', '.join(ORDER_KINDS.values())}")
    permit_id, _ = permit_by_number(session(), permit)
    says = f"order {permit} to {kind} {allowed}".rstrip()
    allowed_l = parse(allowed) if allowed else 0
    arguments = incident, permit_id, number, allowed_l, date_of(until)
    return act("Incidents", "give_order", says, *arguments, numbered="order_id")


@app.write("accept-order")
def accept_order(order: Order) -> Any:
    """Accept an order, as the permit's holder.

    For example: waterline incident accept-order 1 --account holder-1
    """
    return act("Incidents", "accept_order", f"accept order {order}", order)


@app.write("measure-order")
def measure_order(order: Order) -> Any:
    """Take down the registers while an order runs; what they moved between two such acts is proven.

    Do it when every meter was read after the order was given, and again before one is read beyond
    its end; anyone may.

    For example: waterline incident measure-order 1 --account officer-1
    """
    return act("Incidents", "measure_order", f"measure order {order}", order)


@app.write("check-order")
def check_order(order: Order) -> Any:
    """Hold an order that has ended against what was measured; anyone may, once.

    For example: waterline incident check-order 1 --account officer-1
    """
    return act("Incidents", "check_order", f"check order {order}", order)


@app.read("list")
def list_() -> Any:
    """List the incidents and what each waits for.

    For example: waterline incident list
    """
    from scripts._incidents import incidents
    from scripts._showing import table

    here = session()
    document = incidents(here)
    rows = [
        (
            *(i["incident"], ("drill: " if i["drill"] else "") + i["kind"], i["station"]),
            *(i["level"], i["state"], ", ".join(i["waits_for"]) or "-"),
            f"{sum(s['taken'] for s in i['steps'])} of {len(i['steps'])}",
        )
        for i in document
    ]
    head = ("no.", "kind", "station", "level", "state", "not acknowledged by", "steps")
    return here.tell(document, lambda: table(rows, head))


@app.read("show")
def show(incident: Incident) -> Any:
    """Show an incident with its steps and orders.

    For example: waterline incident show 1
    """
    from ledger.errors import NotFound
    from scripts._incidents import incidents, shown

    here = session()
    found = [one for one in incidents(here) if one["incident"] == incident]
    if not found:
        raise NotFound(f"no incident {incident}", "list them with `waterline incident list`")
    return here.tell(found[0], lambda: shown(found[0]))


cli = app.cli()
