"""Plans of subjects, their periods and a forecast, as recorded and as a file describes them."""

import hashlib
from datetime import date
from typing import Any

from ledger.devices import channel, channel_of
from ledger.errors import BadRecord, NotFound, UsageError
from ledger.events import logs
from ledger.labels import label, text_of
from ledger.standards import DAY, MONTH, QUARTER, YEAR
from ledger.structs import every, read
from ledger.units import parse, parse_as
from scripts._days import begins, year_begins
from scripts._files import count, instant, take
from scripts._permits import document_hash, permit_by_number
from scripts._requests import org_by_code
from scripts._shared import Session
from scripts._showing import TIERS, local_day, local_zone, m3, table

SUBJECTS = {1: "permit", 2: "organisation", 3: "community"}
CALENDARS = {"day": DAY, "month": MONTH, "quarter": QUARTER, "year": YEAR}
BPS_PER_PERMILLE = 10
PERIODS_BACK = 3  # that a forecast goes by
FIGURES = (
    *("plan_l", "carried_l", "lent_l", "borrowed_l", "counted_l", "estimated_l", "corrected_l"),
    *("net_l", "left_l", "over_l", "approached", "known", "final", "plan_version", "rule_version"),
)


def subject_of(here: Session, name: str, kind: str) -> tuple[int, int]:
    """Kind and number of a subject: a permit's number, an organisation's code, a device's code."""
    if kind == "permit":
        return 1, permit_by_number(here, name)[0]
    if kind == "organisation":
        return 2, org_by_code(here, name)[0]
    if kind == "community":
        return 3, channel_of(here.ledger, name, "volume").id
    raise UsageError(f"{kind!r} has no plan", f"use one of: {', '.join(SUBJECTS.values())}")


def year_index(here: Session, year: int) -> int:
    """A local year as an index into the calendar."""
    return int(read(here.ledger, "Standards", "period_at", YEAR, year_begins(year) + 1))


def period_index(here: Session, text: str) -> tuple[int, int]:
    """Calendar and index of a period written like 2026, 2026-Q2, 2026-05 or 2026-05-31."""
    try:
        calendar, first = _first_day(text)
        begins_at = begins(first)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no period", "write it like 2026, 2026-Q2, 2026-05 or 2026-05-31"
        ) from error
    return calendar, int(read(here.ledger, "Standards", "period_at", calendar, begins_at + 1))


def _first_day(text: str) -> tuple[int, date]:
    year, *rest = text.split("-")
    if not rest:
        return YEAR, date(int(year), 1, 1)
    if rest[0].startswith("Q"):
        return QUARTER, date(int(year), 3 * int(rest[0][1:]) - 2, 1)
    if len(rest) == 1:
        return MONTH, date(int(year), int(rest[0]), 1)
    return DAY, date.fromisoformat(text)


def plan_of(here: Session, entry: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments of QuotaPlans.set_plan from an entry of a file."""
    named = [kind for kind in SUBJECTS.values() if entry.get(kind)]
    if len(named) != 1:
        raise BadRecord(
            f"a plan is of one subject, not of {len(named)}",
            f"name one of: {', '.join(SUBJECTS.values())}",
        )
    where = f"plan of {entry[named[0]]}"
    annual_l = parse(str(take(entry, "annual", where)))
    parts = [_parts(entry, key, where) for key in ("quarters", "months")]
    sector = label(str(take(entry, "sector", where)))
    cause = document_hash(take(entry, "document", where))
    subject = subject_of(here, str(entry[named[0]]), named[0])
    year = year_index(here, count(entry, "year", where))
    return (*subject, year, (0, sector, annual_l, *parts, cause))


def _parts(entry: dict[str, Any], key: str, where: str) -> list[int]:
    given = entry.get(key) or []
    if not isinstance(given, list):
        raise BadRecord(f"{where}: {key} is {given!r}, no list", "write [100 m3, 120 m3, ...]")
    return [parse(str(one)) for one in given]


def rule_of(here: Session, entry: dict[str, Any]) -> tuple[Any, ...]:
    """The argument of QuotaPlans.load_rule from an entry of a file."""
    where = f"rule of {entry.get('sector')!r}"
    names = take(entry, "schemes", where)
    if not isinstance(names, list):
        raise BadRecord(f"{where}: schemes is no list", "write [default, dry season, ...]")
    known = {raw["name"]: n for n, raw in every(here.ledger, "Standards", "scheme", "scheme_count")}
    missing = [name for name in names if name not in known]
    if missing:
        raise NotFound(
            f"{where}: no scheme is called {missing[0]!r}", "`waterline standard list` shows them"
        )
    shares = [_permille(str(entry.get(key, "0 %")), where) for key in ("carry", "borrow")]
    in_force_at = instant(take(entry, "in_force", where), local_zone())
    source = hashlib.sha256(str(take(entry, "source", where)).encode()).digest()
    schemes = [known[name] for name in names]
    return (label(str(take(entry, "sector", where))), 0, schemes, *shares, in_force_at, source)


def _permille(text: str, where: str) -> int:
    share_bps = parse_as(text, "bps")
    if share_bps % BPS_PER_PERMILLE:
        raise BadRecord(f"{where}: {text} is no whole number of per mille", "write it like 12.5 %")
    return share_bps // BPS_PER_PERMILLE


def period_document(
    here: Session, subject: tuple[int, int], calendar: int, period: int
) -> dict[str, Any]:
    """A period against its plan as `--json` shows it."""
    raw = read(here.ledger, "QuotaPlans", "period", *subject, calendar, period)
    begins_at, ends_at = span(here, calendar, period)
    shown = {key: raw[key] for key in FIGURES}
    words = next(word for word, number in CALENDARS.items() if number == calendar)
    days = {"calendar": words, "from": local_day(begins_at + 1), "until": local_day(ends_at)}
    return {**days, **shown, "tier": TIERS[raw["tier"]]}


def span(here: Session, calendar: int, period: int) -> tuple[int, int]:
    """When a period begins and ends."""
    begins_at, ends_at = (
        int(read(here.ledger, "Standards", "boundary", calendar, k)) for k in (period, period + 1)
    )
    return begins_at, ends_at


def year_document(here: Session, name: str, subject: tuple[int, int], year: int) -> dict[str, Any]:
    """A subject's year with its quarters and months, as far as its plan has them."""
    index = year_index(here, year)
    version = read(here.ledger, "QuotaPlans", "plan_versions", *subject, index)
    if version == 0:
        raise NotFound(f"{name} has no plan for {year}", "`waterline plan set FILE` sets one")
    plan = read(here.ledger, "QuotaPlans", "plan", *subject, index, version)
    begins_at, _ = span(here, YEAR, index)
    parts = {YEAR: 1, QUARTER: len(plan["quarters_l"]), MONTH: len(plan["months_l"])}
    firsts = {
        calendar: int(read(here.ledger, "Standards", "period_at", calendar, begins_at + 1))
        for calendar in parts
    }
    periods = [
        period_document(here, subject, calendar, firsts[calendar] + i)
        for calendar, number in parts.items()
        for i in range(number)
    ]
    return {
        "subject": name,
        "kind": SUBJECTS[subject[0]],
        "year": year,
        "version": version,
        "sector": text_of(plan["sector"]),
        "cause": "0x" + bytes(plan["cause_hash"]).hex(),
        "periods": periods,
    }


def list_documents(here: Session, only: tuple[int, int] | None) -> list[dict[str, Any]]:
    """Every year's plan of a subject, or of all, in the order in which they were first set."""
    plans = {
        (event.args["kind"], event.args["subject"], event.args["year"]): None
        for event in logs(here.ledger, "QuotaPlans", "PlanSet")
    }
    return [
        year_document(here, subject_name(here, kind, number), (kind, number), _local_year(here, at))
        for kind, number, at in plans
        if only in (None, (kind, number))
    ]


def subject_name(here: Session, kind: int, number: int) -> str:
    """What people call a subject: the other way round than `subject_of`."""
    if kind == 1:
        return str(read(here.ledger, "PermitRegistry", "permit", number)["number"])
    if kind == 2:
        return str(read(here.ledger, "Authority", "org", number)["credit_code"])
    return channel(here.ledger, number).device


def _local_year(here: Session, index: int) -> int:
    return int(local_day(span(here, YEAR, index)[0] + 1)[:4])


def list_rows(found: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Plans for people, a row a period."""
    return [
        (
            plan["subject"],
            plan["kind"],
            period_name(one),
            m3(one["plan_l"]),
            m3(one["net_l"]),
            one["tier"],
            "" if one["final"] else "open" if one["known"] else "register not kept",
        )
        for plan in found
        for one in plan["periods"]
    ]


def period_name(one: dict[str, Any]) -> str:
    """A period of a calendar as `period_index` reads it: 2026, 2026-Q2, 2026-05."""
    year, month, _ = str(one["from"]).split("-")
    names = {"year": year, "quarter": f"{year}-Q{(int(month) + 2) // 3}"}
    return names.get(one["calendar"], f"{year}-{month}")


def year_lines(found: dict[str, Any]) -> list[str]:
    """A subject's year for people."""
    rows = [
        (
            one["from"],
            one["calendar"],
            m3(one["plan_l"]),
            m3(one["carried_l"]),
            m3(one["borrowed_l"] - one["lent_l"]),
            m3(one["counted_l"]),
            m3(one["corrected_l"]),
            m3(one["left_l"]),
            one["tier"],
            "" if one["final"] else "open" if one["known"] else "register not kept",
        )
        for one in found["periods"]
    ]
    head = ("from", "period", "plan", "carried", "borrowed", "used", "corrected", "left", "tier")
    return [*table(rows, (*head, "")), "", NOTE]


NOTE = "Tiers are internal alerts, not the four-colour warnings that only named bodies issue."
RULE = (
    "Rule: what was used, and for the rest of the period the mean rate of the last "
    f"{PERIODS_BACK} whole periods of its kind that are known, of the period itself where there "
    "is none; rounded up to the litre."
)


def expected_l(net_l: int, rest_s: int, used_l: int, span_s: int) -> int:
    """Use at a period's end: what was used, and the rate `used_l` in `span_s` for the rest."""
    return net_l + -(-used_l * rest_s // span_s)


def forecast_document(
    here: Session, subject: tuple[int, int], calendar: int, period: int
) -> dict[str, Any]:
    """What a period's use comes to at the present pace, against what it was given."""
    now = period_document(here, subject, calendar, period)
    begins_at, ends_at = span(here, calendar, period)
    at = min(max(here.chain.head().at, begins_at), ends_at)
    used_l, span_s = 0, 0
    for back in range(1, min(PERIODS_BACK, period) + 1):
        use = read(here.ledger, "QuotaPlans", "use_of", *subject, calendar, period - back)
        if use["known"] and use["ended"]:
            used_l += max(use["counted_l"] + use["corrected_l"], 0)
            began_at, ended_at = span(here, calendar, period - back)
            span_s += ended_at - began_at
    if span_s == 0:
        used_l, span_s = now["net_l"], at - begins_at
    if span_s == 0:
        raise NotFound("nothing to go by: the period has not begun", "ask again later")
    given_l = now["plan_l"] + now["carried_l"] - now["lent_l"]
    total_l = expected_l(now["net_l"], ends_at - at, used_l, span_s)
    return {
        **now,
        "given_l": given_l,
        "expected_l": total_l,
        "beyond_l": max(total_l - given_l, 0),
        "pace_l": used_l,
        "pace_s": span_s,
        "rule": RULE,
    }
