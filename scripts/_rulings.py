"""Alerts and rulings of the contracts with gauges: how both are told, and how a day is closed."""

from typing import Any

from scripts._shared import Session


def tell_alerts(here: Session, contract: str, station: str) -> Any:
    """The alerts of a contract, for programs or people."""
    from scripts._gauging import Gauges
    from scripts._redated import notes
    from scripts._showing import local_of, table

    every = Gauges(here, contract).alerts()
    document = [one for one in every if station in ("", one["station"])]
    rows = [
        (
            local_of(a["raised_at"]),
            a["station"],
            a["parameter"],
            f"{a['worst']} ({a['limit']})",
            f"until {local_of(a['cleared_at'])}" if a["cleared_at"] else "standing",
            a["responsible"],
        )
        for a in document
    ]
    head = ("raised", "station", "parameter", "worst (limit)", "", "responsible")
    return here.tell(document, lambda: [*table(rows, head), *notes(document)])


def tell_rulings(here: Session, contract: str, station: str, exceeded: bool) -> Any:
    """The rulings of a contract, for programs or people."""
    from scripts._gauging import Gauges
    from scripts._redated import notes
    from scripts._showing import table

    document = [
        one
        for one in Gauges(here, contract).rulings()
        if station in ("", one["station"]) and (not exceeded or one["verdict"] == "exceeded")
    ]
    rows = [
        (
            r["day"],
            r["station"],
            r["parameter"],
            r["mean"] or "-",
            f"{r['limit']} ({r['limit_of']})",
            r["verdict"] + (", advisory" if r["advisory"] else ""),
        )
        for r in document
    ]
    head = ("day", "station", "parameter", "mean", "limit", "ruling")
    return here.tell(document, lambda: [*table(rows, head), *notes(document)])


def close_day(here: Session, device: str, parameter: str) -> Any:
    """Close the open day of a gauge."""
    from ledger.devices import channel_of
    from ledger.structs import read
    from scripts._writing import Act, perform

    one = channel_of(here.ledger, device, parameter)
    period = read(here.ledger, one.contract, "ruling", one.id)["period"]
    call = here.contract(one.contract).functions.close(one.id, period)
    done = perform(here, [Act(one.contract, call, f"close the open day of {device} {parameter}")])
    return here.tell(done.as_json(), lambda: [])
