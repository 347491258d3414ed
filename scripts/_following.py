"""The demo's stages that follow its readings: what is ruled on, and an incident handled."""

from pathlib import Path
from typing import Any

from scripts._city import City
from scripts._shared import PROJECT
from scripts._stages import INCLUDED, SENT, Stage


def ruling(city: City) -> Stage:
    """What is ruled on once the readings are there."""
    officer, day = ("--account", "officer-2"), ("--day", city.read_day)
    levels = [("source", "rule", one["station"], *officer, *SENT) for one in city.raw["reservoirs"]]
    works = [
        ("works", "rule-day", str(number), rule["parameter"], *day, *officer, *SENT)
        for number, one in enumerate(city.raw["sewage_works"], 1)
        for rule in one["rules"]
    ]
    loads = [
        ("discharge", "load", *words, "--period", city.day_of(one["series"], later), *officer, *how)
        for one in city.raw["loads"]
        for words, later, how in _loads(one)
    ]
    reports = [
        ("lab", "confirm", str(number), "--note", str(PROJECT / one["note"]), *officer, *SENT)
        for number, one in enumerate(city.raw["reports"], 1)
    ]
    bills = [
        (
            *("bill", "settle", one["permit"], "--period", str(one["year"])),
            *("--tariff", one["tariff"], "--account", "officer-3", *INCLUDED),
        )
        for one in city.raw["bills"]
    ]
    return Stage(
        "rule on reservoir, sewage works and loads, settle a bill",
        (*levels, *works, *loads, *reports, *bills),
    )


def _loads(one: dict[str, Any]) -> list[tuple[tuple[str, ...], int, tuple[str, ...]]]:
    """A day within the limit of load, and one beyond it that is put on record."""
    of = (one["permit"], one["parameter"])
    return [
        (("rule", *of), one["within"], SENT),
        (("rule", *of), one["beyond"], INCLUDED),
        (("detect", *of), one["beyond"], SENT),
    ]


def handling(city: City, evidence: Path) -> Stage:
    """What follows an alert: an incident from its opening to its end, and the red line passed."""
    plan, outfall = city.raw["incident_plans"][0], city.raw["permits"][1]
    officer = ("--account", "officer-1")
    steps = range(1, len(plan["steps"]) + 1)
    proof = ("--evidence", str(evidence))
    return Stage(
        "handle an incident",
        (
            (
                *("incident", "open", plan["kind"], "--station", outfall["station"]),
                *(*proof, "--level", "2", *officer, *INCLUDED),
            ),
            ("redline", "tell-use", city.raw["region"]["name"], "--account", "keeper-1", *SENT),
            ("incident", "acknowledge", "1", "--account", "officer-2", *SENT),
            ("incident", "acknowledge", "1", "--account", "officer-3", *SENT),
            *(("incident", "step", "1", str(n), *proof, *officer, *SENT) for n in steps),
            (
                *("incident", "order", "1", "warn", "--permit", outfall["number"]),
                *("--until", outfall["until"], *officer, *INCLUDED),
            ),
            ("incident", "accept-order", "1", "--account", "holder-2", *SENT),
            ("incident", "close", "1", "--report", str(evidence), *officer, *INCLUDED),
        ),
    )
