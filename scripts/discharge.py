"""Discharge: outlets against their drainage permit and the sewer standard."""

from typing import Annotated, Any

import typer

from scripts import _loads, _violations
from scripts._arguments import Device, Parameter
from scripts._rulings import close_day, tell_alerts, tell_rulings
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
app.add_typer(_violations.app, name="violation")
app.add_typer(_loads.app, name="load")
DRAINAGE = 2
CONTRACT = "DischargeLimits"
Station = Annotated[str, typer.Option("--station", help="Only of this station.")]


@app.read("show")
def show(number: Annotated[str, typer.Argument(help="Drainage permit; all without.")] = "") -> Any:
    """Show volume and concentrations of outlets against their permits."""
    from scripts._accounts import BOOKS, account_document
    from scripts._permits import permit_by_number, permits
    from scripts._redated import notes
    from scripts._series import say_evidence, vouched
    from scripts._showing import m3, share, table

    here = session()
    chosen = [permit_by_number(here, number)] if number else permits(here)
    document = [
        {**account_document(here, permit_id, permit), "gauges": _gauges(here, permit_id)}
        for permit_id, permit in chosen
        if permit["kind"] == DRAINAGE
    ]
    say_evidence(here, BOOKS[DRAINAGE], [one for each in document for one in each["meters"]])
    say_evidence(here, CONTRACT, [one for each in document for one in each["gauges"]])

    def lines() -> list[str]:
        told: list[str] = []
        for one in document:
            used, plan = one["used_l"], one["plan_l"]
            told.append(
                f"{one['permit']} at {one['station']} ({one['state']}): "
                f"{m3(used)} of {m3(plan)}, {share(used, plan)}; tier {one['tier']}"
            )
            told.append(f"evidence of its volume: {vouched(one['meters'])}")
            rows = [
                (g["parameter"], g["last"], g["evidence"] or "-", g["limit"], g["alert"])
                for g in one["gauges"]
            ]
            told += ["", *table(rows, ("parameter", "last value", "evidence", "limit", "alert"))]
            told += [*notes([*one["meters"], *one["gauges"]]), ""]
        return told or ["No drainage permit yet."]

    return here.tell(document, lines)


@app.read("alerts")
def alerts(station: Station = "") -> Any:
    """List the alerts raised: single values beyond a limit, not rulings."""
    return tell_alerts(session(), CONTRACT, station)


@app.read("rulings")
def rulings(
    station: Station = "",
    exceeded: Annotated[bool, typer.Option("--exceeded", help="Only days exceeded.")] = False,
) -> Any:
    """List the rulings on closed days, by the day's mean."""
    return tell_rulings(session(), CONTRACT, station, exceeded)


@app.write("close")
def close(device: Device, parameter: Parameter) -> Any:
    """Have the open day of a gauge ruled on, silence included; anybody may.

    For example: waterline discharge close OUT-1-ANALYSER cod --account holder-2
    """
    return close_day(session(), device, parameter)


def _gauges(here: Session, permit_id: int) -> list[dict[str, Any]]:
    from ledger.structs import read
    from scripts._gauging import Gauges, shown_band, shown_word
    from scripts._showing import utc

    found = []
    for one in Gauges(here, CONTRACT).of():
        if one.permit_id != permit_id:
            continue
        now = read(here.ledger, CONTRACT, "gauge", one.id)
        limits = read(here.ledger, CONTRACT, "limits", one.id)
        heard = now["last_at"] > one.opened_at
        found.append(
            {
                "device": one.device,
                "channel": one.id,
                "parameter": one.parameter,
                "last_at": utc(now["last_at"]) if heard else None,
                "redated_days": here.redated_days.get(one.id, 0),
                "last": shown_word(one, now["value"]) if heard else "-",
                "limit": shown_band(one, limits["enter_lo"], limits["enter_hi"], False, False),
                "alert": "high" if now["high_alert"] else "low" if now["low_alert"] else "none",
            }
        )
    return found


cli = app.cli()
