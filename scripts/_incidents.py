"""Incidents as recorded: departments, steps, orders."""

from typing import Any

from ledger.labels import text_of
from ledger.network import station
from ledger.structs import every, read
from scripts._requests import post_title
from scripts._shared import Session
from scripts._showing import (
    INCIDENT_STATES,
    ORDER_KINDS,
    facts,
    local_of,
    m3,
    table,
    utc,
)


def incidents(here: Session) -> list[dict[str, Any]]:
    """Every incident, with who has not acknowledged, its steps and its orders."""
    ledger = here.ledger
    orders = [
        order_document(here, n, raw)
        for n, raw in every(ledger, "Incidents", "order", "order_count")
    ]
    found = []
    for number, raw in every(ledger, "Incidents", "incident", "incident_count"):
        plan = read(ledger, "Incidents", "plan", raw["plan_id"])
        waiting = read(ledger, "Incidents", "waits_for", number)
        found.append(
            {
                "incident": number,
                "kind": text_of(plan["kind"]),
                "plan_version": plan["version"],
                "station": station(ledger, raw["station_id"]).code,
                "level": raw["level"],
                "drill": raw["drill"],
                "state": INCIDENT_STATES[raw["state"]],
                "opened_at": utc(raw["opened_at"]),
                "due_at": utc(raw["due_at"]),
                "escalations": raw["escalations"],
                "waits_for": [post_title(here, post_id) for post_id in waiting],
                "steps": [
                    {"step": text_of(step), "taken": bool(raw["steps_done"] >> i & 1)}
                    for i, step in enumerate(plan["steps"])
                ],
                "orders": [one for one in orders if one["incident"] == number],
            }
        )
    return found


def order_document(here: Session, number: int, raw: dict[str, Any]) -> dict[str, Any]:
    """An order for programs; `raw` is the chain's."""
    permit = read(here.ledger, "PermitRegistry", "permit", raw["permit_id"])
    return {
        "order": number,
        "incident": raw["incident_id"],
        "permit": permit["number"],
        "kind": ORDER_KINDS[raw["kind"]],
        "allowed_l": raw["allowed_l"] or None,
        "until": utc(read(here.ledger, "Incidents", "ends_at", number)),
        "accepted_at": utc(raw["accepted_at"]),
        "proven_l": raw["proven_l"],
        "checked": raw["checked"],
        "used_l": raw["used_l"] if raw["checked"] else None,
        "complied": raw["complied"] if raw["checked"] else None,
        "provable": raw["provable"] if raw["checked"] else None,
    }


def verdict(order: dict[str, Any]) -> str:
    """What was found of an order, for people."""
    if not order["checked"]:
        return "accepted" if order["accepted_at"] else "-"
    if not order["provable"]:
        return f"not provable: {m3(order['proven_l'])} to {m3(order['used_l'])} used"
    if order["complied"]:
        return "complied"
    return f"NOT COMPLIED: {m3(order['proven_l'])} used at least"


def shown(one: dict[str, Any]) -> list[str]:
    """An incident for people."""
    told = [
        ("kind", ("drill: " if one["drill"] else "") + one["kind"]),
        ("station", one["station"]),
        ("level", one["level"]),
        ("state", one["state"]),
        ("opened", local_of(one["opened_at"])),
        ("not acknowledged by", ", ".join(one["waits_for"]) or "-"),
        ("to be acknowledged by", local_of(one["due_at"])),
        ("escalated", f"{one['escalations']} times"),
    ]
    steps = [("done" if step["taken"] else "-", step["step"]) for step in one["steps"]]
    orders = [
        (
            *(o["order"], o["kind"], o["permit"], m3(o["allowed_l"]) if o["allowed_l"] else "-"),
            *(local_of(o["until"]), verdict(o)),
        )
        for o in one["orders"]
    ]
    head = ("no.", "order", "permit", "allowed", "until", "")
    return [
        *facts(told),
        *(["", *table(steps, ("", "step"))] if steps else []),
        *(["", *table(orders, head)] if orders else []),
    ]
