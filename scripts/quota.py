"""Quota: measured abstraction against the plan of its permit."""

from typing import Any

from scripts._arguments import PermitNumber
from scripts._shared import Noun, session

app = Noun(__doc__)
ABSTRACTION = 1
SAID = {
    "TierChanged": "tier {tier}",
    "PlanApproached": "the plan is approached",
    "PaceExceeded": "ahead of the plan's pace at the month's end",
    "PeakExceeded": "over the peak rate",
    "UseWithoutRight": "use without right",
}


@app.read("list")
def list_() -> Any:
    """List the accounts of all abstraction permits."""
    from scripts._accounts import accounts
    from scripts._redated import notes
    from scripts._showing import m3, share, table

    here = session()
    document = accounts(here, ABSTRACTION)
    rows = [
        (
            a["permit"],
            a["station"],
            m3(a["used_l"]),
            m3(a["plan_l"]),
            share(a["used_l"], a["plan_l"]),
            a["tier"],
        )
        for a in document
    ]
    head = ("permit", "station", "used", "plan", "share", "tier")
    meters = [meter for account in document for meter in account["meters"]]
    return here.tell(document, lambda: [*table(rows, head), *NOTE, *notes(meters)])


@app.read("show")
def show(number: PermitNumber) -> Any:
    """Show one account, what was told about it, and its meters."""
    from scripts._accounts import BOOKS, account_document, told_document, told_events
    from scripts._permits import permit_by_number
    from scripts._provisional import beside_lines, beside_used
    from scripts._redated import notes
    from scripts._series import say_evidence, vouched
    from scripts._showing import facts, m3, share, table

    here = session()
    permit_id, permit = permit_by_number(here, number)
    document = account_document(here, permit_id, permit) | beside_used(here, permit_id, permit)
    events = told_events(here.ledger, BOOKS[permit["kind"]], permit_id)
    say_evidence(here, BOOKS[permit["kind"]], document["meters"])
    document["told"] = [told_document(event) for event in events]

    def lines() -> list[str]:
        from scripts._showing import local

        pace = "ahead of" if document["ahead_of_pace"] else "within"
        told: list[tuple[str, object]] = [
            ("permit", f"{document['permit']} ({document['kind']}, {document['state']})"),
            ("station", document["station"]),
            ("used", f"{m3(document['used_l'])}, {share(document['used_l'], document['plan_l'])}"),
            *beside_lines(document),
            ("plan", m3(document["plan_l"])),
            ("pace", f"{pace} {m3(document['expected_l'])}, the plan's share of the time"),
            ("grade", vouched(document["meters"])),
            ("tier", document["tier"]),
        ]
        if here.details:
            told += [(f"meter {m['device']}", f"{m['register_l']} L") for m in document["meters"]]
        rows = [
            (
                local(_moment(event.args)),
                SAID[event.name].format(tier=entry["tier"]),
                m3(entry["used_l"]) if entry["used_l"] is not None else "",
            )
            for event, entry in zip(events, document["told"], strict=True)
        ]
        listed = table(rows, ("when", "what", "used"))
        return [*facts(told), "", *listed, *NOTE, *notes(document["meters"])]

    return here.tell(document, lines)


NOTE = ("", "Tiers are internal alerts, not the four-colour warnings that only named bodies issue.")


def _moment(args: Any) -> int:
    return int(args.get("at") or args.get("month_end_at") or args.get("until_at"))


cli = app.cli()
