"""Signed telegrams beside what settled, as programs and people read them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scripts._shared import Session

if TYPE_CHECKING:
    from oracle.comparison import Compared
    from oracle.places import Place


def document(here: Session, compared: "Sequence[Compared]") -> list[dict[str, Any]]:
    """Every reading of the telegrams with its verdict."""
    from ledger.devices import channel
    from ledger.grades import GRADES
    from ledger.marks import name_of
    from scripts._gauging import shown_value
    from scripts._showing import utc

    found = []
    for one in compared:
        about, settled = channel(here.ledger, one.reading.channel), one.settled
        found.append(
            {
                "device": about.device,
                "parameter": about.parameter,
                "at": utc(one.reading.at),
                "sequence": one.signed.telegram.sequence,
                "said": shown_value(about, one.reading.value),
                "said_mark": name_of(one.reading.mark),
                "settled": shown_value(about, settled.value) if settled else None,
                "settled_mark": name_of(settled.mark) if settled else None,
                "evidence": GRADES.get(settled.grade) if settled else None,
                "verdict": one.verdict,
                "why": one.why or None,
            }
        )
    return found


def lines(told: Sequence[dict[str, Any]]) -> list[str]:
    """How many readings are the same, and every other one."""
    from scripts._showing import exact_of, table

    rows = [
        (
            *(one["device"], one["parameter"], exact_of(one["at"]), one["said"]),
            *(one["settled"] or "-", one["evidence"] or "-"),
            one["verdict"] + (f": {one['why']}" if one["why"] else ""),
        )
        for one in told
        if one["verdict"] != "same"
    ]
    head = ("device", "parameter", "at", "signed", "settled", "evidence", "")
    same = f"{len(told) - len(rows)} of {len(told)} signed readings settled as they were signed."
    return [same, "", *table(rows, head)] if rows else [same]


def journal_compared(here: Session, place: "Place") -> list[dict[str, Any]]:
    """What settled otherwise than a journal has it; exit code 6 where there is any."""
    from oracle.comparison import compare_journal
    from oracle.journal import Journal
    from scripts._showing import exact, table, utc

    journal = Journal(place, writing=False)
    try:
        found = compare_journal(here.ledger, journal)
    finally:
        journal.close()
    rows = [
        (channel, exact(at), f"{one.value}, mark {one.mark}", held)
        for channel, at, one, held in found
    ]
    told = [
        {"channel": n, "at": utc(at), "settled": settled, "held": held}
        for (n, _, settled, held), (_, at, _, _) in zip(rows, found, strict=True)
    ]
    here.tell(told, lambda: table(rows, ("channel", "at", "settled", "held here")))
    if told:
        raise SystemExit(6)
    return told
