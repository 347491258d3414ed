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
    """The rulings of a contract, each beside the latest laboratory result of the same place."""
    from scripts._gauging import Gauges
    from scripts._laboratory import latest_of, verdict
    from scripts._redated import notes
    from scripts._showing import local_of, table

    gauges = Gauges(here, contract)
    document = [
        one
        for one in gauges.rulings()
        if station in ("", one["station"]) and (not exceeded or one["verdict"] == "exceeded")
    ]
    sampled = {number: latest_of(here, gauges.channel(number)) for number in _channels(document)}
    for one in document:
        one["laboratory"] = sampled[one["channel"]]
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
    beside = [
        f"laboratory at {one['station']}: {one['parameter']} {lab['shown']}, {verdict(lab)}, "
        f"report {lab['report']} of {local_of(lab['taken_at'])}"
        for one in {one["channel"]: one for one in document}.values()
        if (lab := one["laboratory"])
    ]
    return here.tell(document, lambda: [*table(rows, head), *beside, *notes(document)])


def _channels(document: list[dict[str, Any]]) -> set[int]:
    return {one["channel"] for one in document}


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
