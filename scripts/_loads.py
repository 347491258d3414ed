"""Loads of outlets: pairs of meter and gauge, days, months and years ruled on."""

from typing import Annotated, Any

import typer

from scripts._acting import act, act_on
from scripts._arguments import PermitNumber
from scripts._shared import Noun, Session, session

app = Noun(__doc__)
Parameter = Annotated[str, typer.Argument(help="What is measured at the outlet: cod.")]
Period = Annotated[str, typer.Option(help="A day, month or year: 2026-11-30, 2026-11 or 2026.")]


@app.write("pair")
def pair(
    number: PermitNumber,
    parameter: Parameter,
    meter: Annotated[list[str], typer.Option(help="Devices that measure what flows out.")],
    gauge: Annotated[list[str], typer.Option(help="Device beside each meter, in their order.")],
    from_day: Annotated[str, typer.Option("--from", help="First local day: 2026-11-01.")],
) -> Any:
    """Say which gauge stands beside each meter of an outlet from a day on.

    Their registers are kept at each turn of a day from now on, where they are not yet; that asks
    for the duty of a device keeper too, and the first day is then a later one
    (`waterline plan keep-turns` does it apart).

    For example: waterline discharge load pair C990100S2026-0002 cod --meter OUT-1-METER --gauge
    OUT-1-ANALYSER --from 2026-11-01 --account keeper-1
    """
    from ledger.devices import channel_of
    from ledger.labels import label
    from scripts._balancing import keeping
    from scripts._days import day_index
    from scripts._permits import permit_by_number

    here = session()
    permit_id, _ = permit_by_number(here, number)
    meters = [channel_of(here.ledger, device, "volume").id for device in meter]
    gauges = [channel_of(here.ledger, device, parameter).id for device in gauge]
    pairs = (day_index(here, from_day), meters, gauges)
    says = f"{parameter} of {number} from {from_day} on: {len(meters)} meters, a gauge beside each"
    arguments = "DischargeLoads", "set_pairs", says, permit_id, label(parameter), pairs
    return act(*arguments, first=keeping(here, meters))


@app.write("rule")
def rule(number: PermitNumber, parameter: Parameter, period: Period) -> Any:
    """Rule on an ended day, month or year of an outlet: load, mean, limits; anyone may.

    A day once; a month or year again where more of its days are known since.

    For example: waterline discharge load rule C990100S2026-0002 cod --period 2026-11 --account
    officer-1
    """
    from ledger.labels import label
    from scripts._plans import period_index

    asked = label(parameter), *period_index(session(), period)
    return act_on("DischargeLoads", number, "rule_load", f"load of {parameter} in {period}", *asked)


@app.write("detect")
def detect(
    number: PermitNumber,
    parameter: Parameter,
    period: Period,
    mean: Annotated[bool, typer.Option("--mean", help="The month's mean, not its load.")] = False,
) -> Any:
    """Put on record that a load or monthly mean was ruled as exceeded; anyone may, once.

    For example: waterline discharge load detect C990100S2026-0002 cod --period 2026-11 --mean
    --account officer-1
    """
    from ledger.errors import UsageError
    from ledger.labels import label
    from scripts._limits import BASES, CALENDAR_OF, LOAD_OF, MONTH_MEAN
    from scripts._permits import permit_by_number
    from scripts._plans import period_index

    here = session()
    calendar, index = period_index(here, period)
    basis = MONTH_MEAN if mean else LOAD_OF.get(calendar, 0)
    if CALENDAR_OF.get(basis) != calendar:
        raise UsageError(f"{period} has no such limit", "loads have days, months and years")
    permit_id, _ = permit_by_number(here, number)
    says = f"detect the excess of {parameter} of {number}: {BASES[basis]}, {period}"
    arguments = permit_id, label(parameter), basis, index
    return act("Violations", "detect_load", says, *arguments, numbered="violation_id")


@app.read("show")
def show(
    number: PermitNumber,
    parameter: Annotated[str, typer.Option(help="Only of this.")] = "",
) -> Any:
    """Show the loads of an outlet that were ruled on, each against the permit's limits.

    For example: waterline discharge load show C990100S2026-0002 --parameter cod
    """
    from scripts._permits import permit_by_number
    from scripts._showing import m3, table

    here = session()
    permit_id, _ = permit_by_number(here, number)
    found = [one for one in rulings(here, permit_id) if parameter in ("", one["parameter"])]

    def lines() -> list[str]:
        rows = [
            (
                *(one["period"], one["parameter"], m3(one["volume_l"]), one["load"], one["mean"]),
                f"{one['counted_days']} of {one['days']}",
                *(held(one, "load_limit"), held(one, "mean_limit")),
                "advisory" if one["advisory"] else "",
            )
            for one in found
        ]
        head = ("", "parameter", "volume", "load", "mean", "days", "load's limit", "mean's limit")
        return table(rows, (*head, "")) if rows else ["Nothing was ruled on yet."]

    return here.tell(found, lines)


def rulings(here: Session, permit_id: int) -> list[dict[str, Any]]:
    """What was ruled of a permit's loads, the last word of each period, in their order."""
    from ledger.events import logs

    told = logs(here.ledger, "DischargeLoads", "LoadRuled", filters={"permit_id": permit_id})
    last = {(e.args["parameter"], e.args["calendar"], e.args["period"]): e.args for e in told}
    return [_document(here, *key, dict(args["ruling"])) for key, args in sorted(last.items())]


def _document(
    here: Session, parameter: bytes, calendar: int, period: int, ruling: dict[str, Any]
) -> dict[str, Any]:
    from ledger.labels import text_of
    from ledger.units import show as shown
    from scripts._limits import LOAD_OF, MONTH_MEAN, shown_load
    from scripts._showing import utc

    name = text_of(parameter)
    return {
        "parameter": name,
        "period": period_text(here, calendar, period),
        "version": ruling["version"],
        "volume_l": ruling["volume_l"],
        "load_ng": ruling["load_ng"],
        "load": shown_load(ruling["load_ng"]),
        "mean_ng_l": ruling["mean_ng_l"],
        "mean": shown(ruling["mean_ng_l"], "ng/L"),
        "days": ruling["days"],
        "counted_days": ruling["counted_days"],
        "load_limit": _limit(ruling["load"], name, LOAD_OF[calendar]),
        "mean_limit": _limit(ruling["mean"], name, MONTH_MEAN),
        "advisory": ruling["advisory"],
        "ruled_at": utc(ruling["ruled_at"]),
    }


def period_text(here: Session, calendar: int, period: int) -> str:
    """A day, month or year as people write it."""
    from ledger.standards import DAY
    from ledger.structs import read
    from scripts._billing import period_text as longer
    from scripts._days import day_of

    if calendar == DAY:
        return day_of(here, period)
    return longer(calendar, read(here.ledger, "Standards", "boundary", calendar, period))


def _limit(held: dict[str, Any], parameter: str, basis: int) -> dict[str, Any] | None:
    from scripts._limits import shown_amount
    from scripts._showing import VERDICTS

    if not held["limited"]:
        return None
    return {
        "limit": shown_amount(held["limit"], parameter, basis),
        "ratio_bps": held["ratio_bps"] or None,
        "verdict": VERDICTS[held["verdict"]],
    }


def held(one: dict[str, Any], key: str) -> str:
    """A limit, how much of it was reached, and the verdict."""
    from ledger.units import show as shown

    held = one[key]
    if held is None:
        return "-"
    reached = f", {shown(held['ratio_bps'], 'bps')} of it" if held["ratio_bps"] else ""
    return f"{held['limit']}{reached}: {held['verdict']}"
