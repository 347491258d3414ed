"""The demo's day as stages of commands: the same that a person would type, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts._city import City
from scripts._shared import PROJECT

INCLUDED = ("--wait", "included")
SENT = ("--wait", "sent")  # where no later act of another account builds on it


@dataclass(frozen=True)
class Stage:
    """What a person would call a step, and its commands."""

    title: str
    commands: tuple[tuple[str, ...], ...]


def stages(city: City, folder: Path) -> Iterator[Stage]:
    """Every stage between a running chain and the first reading."""
    yield _deployment()
    yield _organisations(city, folder)
    yield _rules(city)
    yield _network(city)
    yield _permits(city)
    yield _devices(city)
    yield _oversight(city)
    yield _secondary(city)
    yield _balances(city)
    yield _plans(city)


def founding(city: City, folder: Path) -> Iterator[Stage]:
    """What must stand before a device is enrolled that nothing is held against.

    The year of each reading must be in the calendar, whatever it is held against.
    """
    yield _deployment()
    yield _organisations(city, folder)
    yield Stage("load the calendar", (_calendar(city),))
    file = ("--file", str(city.path), "--account", "keeper-1", *INCLUDED)
    yield Stage("name the stations", (("station", "add", *file),))
    yield Stage("open lanes", (("lane", "open", *file),))


def measuring(city: City, folder: Path) -> Iterator[Stage]:
    """The fewest stages between a running chain and a first reading."""
    yield from founding(city, folder)
    enrol = ("device", "enrol", "--file", str(city.path), "--account", "keeper-1", *INCLUDED)
    yield Stage("enrol devices", (enrol,))


def _deployment() -> Stage:
    command = ("deploy", "--account", "admin-1", "--second", "admin-2", *INCLUDED)
    return Stage("put the contracts on the chain", (command, ("deploy", "verify")))


def _organisations(city: City, folder: Path) -> Stage:
    """Each account signs its request; two administrators found the authority, officers the rest."""
    first, *others = city.raw["organisations"]
    requests = [
        (
            *("org", "request", one["name"], one["credit_code"]),
            *("--account", one["account"], "--output", str(_request(folder, one))),
        )
        for one in (first, *others)
    ]
    file, both = str(city.path), ("--account", "admin-1", "--second", "admin-2")
    return Stage(
        "register and verify organisations",
        (
            *requests,
            ("org", "found", str(_request(folder, first)), "--posts", file, *both, *INCLUDED),
            (
                *("org", "register", *(str(_request(folder, one)) for one in others)),
                *("--account", "officer-1", *INCLUDED),
            ),
            (
                *("org", "verify", *(one["credit_code"] for one in others)),
                *("--account", "officer-2", *INCLUDED),
            ),
            ("org", "open-posts", "--file", file, *both, *INCLUDED),
        ),
    )


def _request(folder: Path, one: dict[str, str]) -> Path:
    return folder / f"request-{one['account']}.json"


def _calendar(city: City) -> tuple[str, ...]:
    first, last = city.years
    return (
        *("standard", "load-calendar", "--timezone", city.timezone),
        *("--from", str(first), "--to", str(last), "--account", "keeper-1", *SENT),
    )


def _rules(city: City) -> Stage:
    keeper, standards = ("--account", "keeper-1"), city.raw["standards"]
    grades = [word for grade in standards["grades"] for word in ("--grade", grade)]
    sealed = ("--seal-as", "keeper-2")
    return Stage(
        "load calendar, limits and thresholds",
        (
            _calendar(city),
            ("standard", "load-scheme", *standards["schemes"], *keeper, *SENT),
            ("standard", "load-settings", *keeper, *SENT),
            ("standard", "load-tariff", *standards["tariffs"], *keeper, *SENT),
            ("standard", "load", *standards["tables"], *grades, *sealed, *keeper, *INCLUDED),
        ),
    )


def _network(city: City) -> Stage:
    options = ("--file", str(city.path), "--account", "keeper-1")
    return Stage(
        "draw the water network",
        (
            ("station", "add", *options, *INCLUDED),
            ("station", "link", *options, *SENT),
            *_regions(city),
            ("station", "assign", *options, *INCLUDED),
        ),
    )


def _permits(city: City) -> Stage:
    """Every application is accepted, reviewed, decided on and issued by officers of its own."""
    file, permits = ("--file", str(city.path)), city.raw["permits"]
    numbers = tuple(str(number) for number in range(1, len(permits) + 1))
    applied = tuple(
        (
            *("permit", "apply", *file, "--number", one["number"]),
            *("--account", one["applicant"], *INCLUDED),
        )
        for one in permits
    )
    named = [word for one in permits for word in ("--number", one["number"])]
    return Stage(
        "apply for, review and issue permits",
        (
            *applied,
            ("permit", "accept", *numbers, "--account", "officer-1", *INCLUDED),
            ("permit", "review", *numbers, "--account", "officer-2", *INCLUDED),
            ("permit", "decide", *numbers, "--account", "officer-3", *INCLUDED),
            ("permit", "issue", *numbers, *named, *file, "--account", "officer-3", *INCLUDED),
        ),
    )


def _devices(city: City) -> Stage:
    options = ("--file", str(city.path), "--account", "keeper-1")
    return Stage(
        "enrol devices and open lanes",
        (
            ("lane", "open", *options, *SENT),
            ("device", "enrol", *options, *INCLUDED),
            ("device", "bind", *options, *INCLUDED),
            ("device", "judge", *options, *INCLUDED),
        ),
    )


def _oversight(city: City) -> Stage:
    """The region's ceiling, its targets for the year, and the plan for an incident."""
    keeper, region = ("--account", "keeper-1"), city.raw["region"]
    name, lane, lines = region["name"], region["lane"], city.raw["red_lines"]
    source, year = ("--source", str(city.path)), ("--year", str(city.year))
    targets = [
        ("redline", "set-target", name, one["indicator"], "--amount", one["amount"])
        for one in lines["targets"]
    ]
    reports = [
        ("redline", "report", name, one["indicator"], one["amount"]) for one in lines["reported"]
    ]
    lane_of = ("redline", "assign-lane", name, lane["contract"], str(lane["number"]))
    return Stage(
        "draw the red lines, plan for incidents",
        (
            ("redline", "set-ceiling", name, lines["ceiling"], *source, *keeper, *SENT),
            *((*words, *year, *source, *keeper, *SENT) for words in (*targets, *reports)),
            (*lane_of, *keeper, *INCLUDED),
            ("redline", "open-year", name, *keeper, *SENT),
            ("incident", "set-plan", "-f", str(city.path), "--account", "officer-1", *INCLUDED),
        ),
    )


def _secondary(city: City) -> Stage:
    """Tanks of secondary supply, and what of their cleaning and testing is overdue."""
    since, keeper = f"{city.years[0]}-01-01", ("--account", "keeper-1")
    tanks = [
        (
            *("supply", "tank", "set", one["name"], "--station", one["station"]),
            *("--org", one["organisation"], "--in-use", since, *keeper, *INCLUDED),
        )
        for one in city.raw["tanks"]
    ]
    numbers = range(1, len(tanks) + 1)
    overdue = [("supply", "tank", "note-overdue", str(n), *keeper, *SENT) for n in numbers]
    return Stage("put the tanks of tall buildings on the record", (*tanks, *overdue))


def _balances(city: City) -> Stage:
    """What is balanced and held against levels; the keeper has the meters kept by day."""
    keeper, file = ("--account", "keeper-1"), str(city.path)
    reservoirs = [
        (
            *("source", "set", one["station"], "--device", one["device"], "-f", file),
            *("--source", file, *keeper, *SENT),
        )
        for one in city.raw["reservoirs"]
    ]
    districts = [
        (
            *("supply", "set-district", one["name"]),
            *(word for device in one["inlets"] for word in ("--inlet", device)),
            *(word for device in one["users"] for word in ("--user", device)),
            *(*keeper, *INCLUDED),
        )
        for one in city.raw["districts"]
    ]
    return Stage(
        "draw the reservoir, the district and the sewage works, pair the outfall's meter",
        (*reservoirs, *districts, *_sewage_works(city), *_loads(city)),
    )


def _loads(city: City) -> Iterator[tuple[str, ...]]:
    """Registers are kept by day before a gauge is paired with its meter."""
    keeper = ("--account", "keeper-1")
    for one in city.raw["loads"]:
        beside = ("--meter", one["meter"], "--gauge", one["gauge"])
        first = ("--from", city.day_of(one["series"], 0))
        yield ("plan", "keep-turns", one["meter"], "--by", "day", *keeper, *INCLUDED)
        pair = ("discharge", "load", "pair", one["permit"], one["parameter"])
        yield (*pair, *beside, *first, *keeper, *SENT)


def _sewage_works(city: City) -> Iterator[tuple[str, ...]]:
    keeper = ("--account", "keeper-1")
    for number, one in enumerate(city.raw["sewage_works"], 1):
        ends = ("--inlet", one["inlet"], "--outlet", one["outlet"], "--grade", one["grade"])
        yield ("works", "set", one["name"], *ends, *keeper, *INCLUDED)
        for rule in one["rules"]:
            limit = ("--standard", rule["standard"], "--basis", rule["basis"])
            yield (
                "works",
                "set-rule",
                str(number),
                rule["parameter"],
                *ends,
                *limit,
                *keeper,
                *SENT,
            )


def _plans(city: City) -> Stage:
    """Plans by month, and what the samples of a laboratory are ruled on by."""
    file, keeper = str(city.path), ("--account", "keeper-1")
    meters = [one["device"] for one in city.raw["plans"]]
    commands = [
        ("plan", "keep-turns", *meters, *keeper, *SENT),
        ("plan", "load-rules", file, *keeper, *INCLUDED),
        ("plan", "set", file, "--account", "officer-3", *SENT),
    ]
    names = [word for one in city.raw["reports"] for word in ("--name", one["profile"])]
    profiles = [
        ("lab", "load-profiles", *names, *keeper, *INCLUDED),
        *(
            ("lab", "bind", one["station"], one["profile"], *keeper, *INCLUDED)
            for one in city.raw["reports"]
        ),
        *(
            ("lab", "submit", str(PROJECT / one["form"]), *keeper, *INCLUDED)
            for one in city.raw["reports"]
        ),
    ]
    return Stage(
        "plan by month, enter a laboratory's report",
        (*(commands if meters else ()), *(profiles if names else ())),
    )


def _regions(city: City) -> Iterator[tuple[str, ...]]:
    region = city.raw["region"]
    for code in region["stations"]:
        yield ("station", "set-region", code, region["name"], "--account", "keeper-1", *SENT)


def feeding(city: City, homes: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The command that feeds the city's series, after what its households told."""
    mappings = [word for one in city.series for word in ("--mapping", str(one.mapping))]
    files = [str(one.path) for one in city.series]
    return ("oracle", "replay", *homes, *files, *mappings, "--shift-to", "now")
