"""What the demo shows at its end: permits, accounts, alerts and rulings, one reading followed."""

from collections.abc import Callable
from typing import Any

from ledger.channels import METER_BOOKS
from ledger.events import Event, logs
from scripts import _community as community
from scripts import _cycle as cycle
from scripts._city import City
from scripts._shared import Session

Run = Callable[..., Any]
ACCOUNT_ALERTS = ("PlanApproached", "PaceExceeded", "PeakExceeded")
COLOURS = {1: "blue", 2: "yellow", 3: "red"}
SHOWN = 4  # rulings and alerts shown of each sort; the commands list all


def gathered(here: Session, city: City, run: Run) -> dict[str, Any]:
    """Everything the summary shows, asked for with the commands that anybody has."""
    found = {
        "permits": run("permit", "list", "--json"),
        "accounts": [*run("quota", "list", "--json"), *run("discharge", "show", "--json")],
        "rulings": [*run("discharge", "rulings", "--json"), *run("quality", "rulings", "--json")],
        "alerts": [*run("discharge", "alerts", "--json"), *run("quality", "alerts", "--json")],
        "told": _told(here),
        "contracts": run("deploy", "show", "--json")["contracts"],
        "incidents": run("incident", "list", "--json"),
        "tanks": run("supply", "tank", "list", "--json"),
        "red_lines": run(
            *("redline", "show", city.raw["region"]["name"], "--year", str(city.year)), "--json"
        ),
        "cycle": cycle.gathered(city, run),
    }
    found["followed"] = _followed(found, run)
    return found


def _told(here: Session) -> list[Event]:
    return [event for book in METER_BOOKS for event in logs(here.ledger, book)]


def _followed(found: dict[str, Any], run: Run) -> dict[str, Any]:
    """The reading that raised the first alert at the outfall, followed to its block."""
    first = next((one for one in found["alerts"] if one["parameter"] == "cod"), found["alerts"][0])
    command = ("verify", "reading", first["device"], first["parameter"], "--at", first["raised_at"])
    followed: dict[str, Any] = run(*command, "--json")
    return {**followed, "command": command}


def document(
    here: Session,
    found: dict[str, Any],
    status: dict[str, Any],
    fed: dict[str, Any],
    elapsed_s: float,
) -> dict[str, Any]:
    """The one document of `--json`."""
    head = here.chain.head().number
    colours = [COLOURS.get(e.args["tier"]) for e in found["told"] if e.name == "TierChanged"]
    alerts = [event for event in found["told"] if event.name in ACCOUNT_ALERTS]
    proof = found["followed"]
    return {
        "chain": {
            "client": status["client"],
            "consensus": status["consensus"],
            "chain_id": here.chain.chain_id,
            "signers": len(status["signers"]),
            "head": head,
            "settled": max(head - here.policy.confirmations, 0),
        },
        "contracts": {name: one["address"] for name, one in found["contracts"].items()},
        "permits": [
            {"number": one["number"], "kind": one["kind"], "state": one["state"]}
            for one in found["permits"]
        ],
        "readings": {
            "source_rows": fed["source_rows"],
            "accepted": fed["accepted"],
            "quarantined": fed["quarantined"],
            "settled": fed["settled"],
            "batches": fed["batches"],
        },
        "tiers": {colour: colours.count(colour) for colour in COLOURS.values()},
        "exceedances": sum(one["verdict"] == "exceeded" for one in found["rulings"]),
        "warnings": len(found["alerts"]) + len(alerts),
        "incidents": {one["kind"]: one["state"] for one in found["incidents"]},
        "tanks_overdue": sum(bool(one["overdue"]) for one in found["tanks"]),
        "red_lines": {one["indicator"]: one["met"] for one in found["red_lines"]["targets"]},
        **cycle.document(found["cycle"]),
        "communities": found["communities"],
        "proof": {
            key: proof[key]
            for key in ("device", "leaf", "root", "transaction", "block", "verified")
        },
        "elapsed_s": round(elapsed_s, 1),
    }


def lines(city: str, found: dict[str, Any], told: dict[str, Any], fed: dict[str, Any]) -> list[str]:
    """The summary as people read it."""
    title = f"{city}: the record of its water"
    return [
        "",
        title,
        "=" * len(title),
        *_permits(found),
        *_fed(told, fed),
        *_accounts(found),
        *_rulings(found, told),
        *_alerts(found, told),
        *_oversight(found),
        *_tanks(found),
        *cycle.lines(found["cycle"]),
        *community.lines(found["communities"]),
        *_reading(found["followed"]),
    ]


def _oversight(found: dict[str, Any]) -> list[str]:
    from scripts._showing import m3, table

    lines = found["red_lines"]
    used = f"permits {m3(lines['permitted_l'])} of {m3(lines['ceiling_l'])}"
    targets = [(one["indicator"], "met" if one["met"] else "NOT MET") for one in lines["targets"]]
    incidents = [
        (one["kind"], one["station"], one["level"], one["state"]) for one in found["incidents"]
    ]
    return [
        "",
        f"Red lines of {lines['region']} in {lines['year']} (fictional): {used}",
        *table(targets, ("red line", "")),
        "",
        "Incidents",
        *table(incidents, ("kind", "station", "level", "state")),
    ]


def _tanks(found: dict[str, Any]) -> list[str]:
    from scripts._zones import tank_lines

    return ["", "Secondary supply", *tank_lines(found["tanks"])]


def _permits(found: dict[str, Any]) -> list[str]:
    from scripts._showing import m3, table

    rows = [
        (p["number"], p["kind"], p["holder"], m3(p["annual_l"]), p["state"])
        for p in found["permits"]
    ]
    return ["", "Permits", *table(rows, ("number", "kind", "holder", "a year", "state"))]


def _fed(told: dict[str, Any], fed: dict[str, Any]) -> list[str]:
    from scripts._showing import table

    count = told["readings"]
    rows = [
        (one["series"], f"{one['rows']:,}", f"{one['redated_days']:+,} days")
        for one in fed["sources"]
    ]
    return [
        "",
        "Readings",
        f"{count['accepted']:,} received from {count['source_rows']:,} rows, {count['settled']:,}"
        f" final on the chain in {count['batches']} batches, {count['quarantined']} held.",
        *table(rows, ("series", "rows", "re-dated by")),
        "The outfall's series is a benchmark (BSM1), not a measurement; its limit is fictional.",
    ]


def _accounts(found: dict[str, Any]) -> list[str]:
    from scripts._showing import m3, share, table

    rows = [
        (
            *(a["permit"], a["station"], m3(a["used_l"]), m3(a["plan_l"])),
            *(share(a["used_l"], a["plan_l"]), a["tier"]),
        )
        for a in found["accounts"]
    ]
    passed: dict[int, list[str]] = {}
    for event in found["told"]:
        if event.name == "TierChanged" and event.args["tier"] in COLOURS:
            said = f"{COLOURS[event.args['tier']]} at {m3(event.args['used_l'])}"
            passed.setdefault(event.args["permit_id"], []).append(said)
    head = ("permit", "station", "used", "plan", "share", "tier")
    return [
        "",
        "Use against plan",
        *table(rows, head),
        *(
            f"On the way of {found['permits'][permit - 1]['number']}: {', '.join(said)}."
            for permit, said in sorted(passed.items())
        ),
        "Tiers are internal alerts, not the four-colour warnings that only named bodies issue.",
    ]


def _rulings(found: dict[str, Any], told: dict[str, Any]) -> list[str]:
    from scripts._showing import table

    exceeded = [one for one in found["rulings"] if one["verdict"] == "exceeded"]
    binding = [one for one in exceeded if not one["advisory"]]
    chosen = [*binding[-SHOWN:], *(one for one in exceeded if one["advisory"])][: SHOWN + 2]
    rows = [
        (
            *(r["day"], r["station"], r["parameter"], r["mean"], r["limit"]),
            f"{r['limit_of']}{', advisory' if r['advisory'] else ''}",
            r["responsible"],
        )
        for r in chosen
    ]
    head = ("day", "station", "of", "mean", "limit", "by", "responsible")
    return [
        "",
        f"Rulings on closed days: {told['exceedances']} of {len(found['rulings'])} exceeded",
        *table(rows, head),
        "All: waterline discharge rulings, waterline quality rulings",
    ]


def _alerts(found: dict[str, Any], told: dict[str, Any]) -> list[str]:
    from scripts._showing import table

    per: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in found["alerts"]:
        per.setdefault((one["station"], one["parameter"]), []).append(one)
    rows = [
        (
            *(len(several), station, parameter, several[-1]["side"]),
            *(several[-1]["worst"], several[-1]["limit"], several[-1]["responsible"]),
        )
        for (station, parameter), several in per.items()
    ]
    head = ("raised", "station", "of", "side", "last worst", "limit", "responsible")
    return [
        "",
        f"Alerts on arrival: {told['warnings']}, those of accounts included",
        *table(rows, head),
        "All: waterline discharge alerts, waterline quality alerts",
    ]


def _reading(one: dict[str, Any]) -> list[str]:
    from scripts._showing import facts, local

    steps = [
        ("row", f"{one['telegram']}  (re-dated by {one['redated_s'] // 86_400:+,} days)"),
        ("reading", f"{one['device']} {one['parameter']} {one['value_shown']}, {local(one['at'])}"),
        ("leaf", one["leaf"]),
        ("root", f"{one['root']}, {len(one['siblings'])} steps up"),
        ("transaction", one["transaction"]),
        ("block", f"{one['block']} {one['block_hash']}"),
        ("sealed by", one["sealer"]),
        ("proof", "confirmed by the contract" if one["verified"] else "NOT confirmed"),
    ]
    return ["", "One reading, from its row to its block", *facts(steps)]
