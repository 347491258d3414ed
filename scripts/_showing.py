"""What people read: local time, cubic metres, states in words, tables."""

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from ledger.standards import zone
from ledger.units import SHOWN, from_base, show
from scripts._shared import record_path

PERMIT_STATES = {
    1: "valid",
    2: "suspended",
    3: "revoked",
    4: "surrendered",
    5: "deregistered",
    6: "invalid",
    7: "expired",
    8: "not begun",
}
CAUSES = {1: "issue", 2: "extension", 3: "alteration", 4: "amendment", 5: "transfer"}
TRANSFER_STATES = {
    **{1: "offered", 2: "approved", 3: "refused"},
    **{4: "accepted", 5: "declined", 6: "withdrawn"},
}
PERMIT_KINDS = {1: "abstraction", 2: "drainage"}
APPLICATION_STATES = {
    1: "submitted",
    2: "correction requested",
    3: "accepted",
    4: "under review",
    5: "approved",
    6: "rejected",
    7: "issued",
    8: "not competent",
    9: "suspended review",
    10: "lapsed",
}
BILL_STATES = {1: "open", 2: "reversed", 3: "paid"}
INCIDENT_STATES = {1: "open", 2: "closed"}
VIOLATION_STATES = {
    1: "detected",
    2: "notified",
    3: "answered",
    4: "resolved",
    5: "appealed",
    6: "upheld",
    7: "not genuine",
}
ORDER_KINDS = {1: "warn", 2: "reduce", 3: "stop", 4: "resume"}
STOP_CAUSES = {1: "hearing", 2: "consultation", 3: "dispute"}
DUE_ACTS = {
    0: None,
    1: "to be accepted",
    2: "to be decided on",
    3: "works to begin",
    4: "to be forwarded",
}
STATION_KINDS = {
    1: "source",
    2: "intake",
    3: "works",
    4: "network",
    5: "user",
    6: "outfall",
    7: "sewer",
    8: "sewage works",
    9: "river",
}
TIERS = {0: "none", 1: "blue", 2: "yellow", 3: "red"}
VERDICTS = {1: "met", 2: "exceeded", 3: "insufficient data", 4: "no data"}
DISPUTE_STATES = {1: "open", 2: "upheld", 3: "explained"}
CHANNEL_KINDS = {1: "meter", 2: "gauge"}
# Decree 460 art. 20, in the order of its list
GROUNDS = {
    1: "ground water in a ban area",
    2: "regional permit total at its cap",
    3: "serious harm to the function zone",
    4: "unreasonable layout",
    5: "the public network can supply",
    6: "harm to third parties",
    7: "filing missing",
    8: "other law",
}
NO_BATCH = 2**256 - 1
GAUGE_ZERO = 2**31  # the stored word of the value zero


def number_of(words: dict[int, str], text: str) -> int | None:
    """The number of a word in one of the tables above."""
    wanted = text.strip().lower().replace("-", " ").replace("_", " ")
    return next((n for n, word in words.items() if word.replace("-", " ") == wanted), None)


def local_zone() -> ZoneInfo:
    """The zone of the city: as set, as the deployment record tells, else UTC."""
    path = record_path()
    named = os.environ.get("WATERLINE_TIMEZONE")
    if not named and path.is_file():
        named = _recorded_zone(path, path.stat().st_mtime_ns)
    return zone(named or "UTC")


@cache
def _recorded_zone(path: Path, changed_ns: int) -> str:
    """Read once for each state of the record: every moment that is shown asks for it."""
    from ledger.deployment import Deployment

    return Deployment.load(path).timezone


def utc(at: int) -> str | None:
    """A moment for programs; None for never."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def local(at: int) -> str:
    """A moment for people, in the city's time."""
    if not at:
        return "-"
    return datetime.fromtimestamp(at, local_zone()).strftime("%Y-%m-%d %H:%M")


def exact(at: int) -> str:
    """A reading's moment for people, with its seconds where it has any: so it can be asked for."""
    seconds = f":{at % 60:02}" if at % 60 else ""
    return local(at) + seconds


def exact_of(moment: str) -> str:
    """The same, from a moment as programs read it."""
    return exact(int(datetime.fromisoformat(moment).timestamp()))


def local_of(moment: str | None) -> str:
    """The same, from a moment as programs read it."""
    return local(int(datetime.fromisoformat(moment).timestamp()) if moment else 0)


def local_day(at: int) -> str:
    """The local day that ends at a boundary, for rulings."""
    return datetime.fromtimestamp(at - 1, local_zone()).strftime("%Y-%m-%d")


def m3(volume_l: int) -> str:
    """A volume in cubic metres."""
    return f"{Decimal(volume_l) / 1000:,.0f} m3" if volume_l >= 10_000 else show(volume_l, "l")


def yuan(amount_uy: int) -> str:
    """An amount of money to the fen."""
    return f"{Decimal(amount_uy) / 1_000_000:,.2f} yuan"


def share(part: int, whole: int) -> str:
    """A share in percent, to one decimal, for people."""
    return f"{Decimal(part * 1000 // whole) / 10 if whole else Decimal(0):.1f} %"


def gauge_value(stored: int, resolution: int) -> int:
    """A stored gauge word in base units."""
    return (stored - GAUGE_ZERO) * resolution


def reading(amount: int | Decimal, base: str) -> str:
    """A value in the unit people use, to four decimals or, if it is small, to three digits."""
    name = SHOWN.get(base, base)
    value = from_base(int(Decimal(amount).to_integral_value()), base, name)
    decimals = max(4, 2 - value.adjusted()) if value else 0
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text}{name}" if name == "%" else f"{text} {name}"


def table(rows: Iterable[Sequence[object]], head: Sequence[str]) -> list[str]:
    """Aligned lines with a header; a sentence when there is nothing."""
    cells = [[str(cell) for cell in row] for row in rows]
    if not cells:
        return ["Nothing yet."]
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))

    return [line(head).rstrip(), *(line(row).rstrip() for row in cells)]


def facts(pairs: Iterable[tuple[str, object]]) -> list[str]:
    """One thing as a list of names and values."""
    told = [(name, str(value)) for name, value in pairs]
    width = max((len(name) for name, _ in told), default=0)
    return [f"{name.ljust(width)}  {value}".rstrip() for name, value in told]
