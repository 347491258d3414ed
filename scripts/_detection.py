"""The checks of single channels against the drinking-water series, as people read it."""

from collections.abc import Callable
from typing import Any

from scripts._shared import PROJECT

SERIES = PROJECT / "data" / "drinking_water_quality.parquet"
MAPPING = PROJECT / "data" / "mappings" / "waterworks.yaml"
STEP_S = 60


def measured(seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Labelled events, and faults that we put in ourselves."""
    from bench import detection, put_in
    from oracle.mapping import load

    one = detection.series(SERIES, load(MAPPING), STEP_S)
    say("learning from the first half, judging the second, with rounding and without")
    document = detection.measure(one)
    say("putting faults in")
    thresholds = [detection.Learnt(**each) for each in document["thresholds"]]
    faults = put_in.measure(one, thresholds, document["split_at"], seed)
    return {"series": SERIES.name, **document, "put_in": faults, "seed": seed}


def lines(document: dict[str, Any]) -> list[str]:
    """Tables of what was found, and of what was cried."""
    from scripts._showing import local, table

    split = local(document["split_at"])
    events = [
        (_rounded(one), one["check"], one["kind"], one["events"], one["detected"], one["missed"])
        for one in document["events"]
    ]
    cried = [
        (
            *(_rounded(one), one["check"], one["false_alarms"], f"{one['per_1000']:.2f}"),
            f"{one['stretches_alarmed']} of {one['stretches']}",
        )
        for one in document["false_alarms"]
    ]
    faults = [
        (
            *(one["fault"], one["check"], one["events"], one["detected"], one["missed"]),
            f"{one['per_1000']:.2f}",
        )
        for one in document["put_in"]
    ]
    silence = document["silence"]
    return [
        f"{document['series']}: thresholds from before {split}, where"
        f" {document['events_before']} events lie and are left out; judged after it.",
        "",
        *table(events, ("values", "check", "events", "of them", "detected", "missed")),
        "",
        *table(cried, ("values", "check", "false alarms", "per 1,000", "normal stretches alarmed")),
        "",
        f"Silence: {silence.get('silences', 0)} channels fell silent, over the whole series;"
        f" {silence.get('missing', 0):,} readings are missing in it.",
        "",
        f"Faults put in (seed {document['seed']}):",
        *table(faults, ("fault", "check", "put in", "detected", "missed", "false per 1,000")),
        "",
        "What is counted, and what these figures do not say: docs/detection.md.",
    ]


def _rounded(one: dict[str, Any]) -> str:
    return "rounded" if one["rounded"] else "as written"
