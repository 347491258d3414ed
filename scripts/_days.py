"""Local days as people write them, and as indices into the DAY calendar."""

from datetime import date

from ledger.errors import UsageError
from ledger.standards import DAY, midnight
from ledger.structs import read
from scripts._files import FIRST_MOMENT
from scripts._shared import Session
from scripts._showing import local_day, local_zone


def begins(day: date) -> int:
    """The Unix second in which a local day begins; ValueError before any record of ours."""
    found = midnight(day, local_zone())
    if found < FIRST_MOMENT:
        raise ValueError(f"{day} lies before 1980")
    return found


def year_begins(year: int) -> int:
    """The Unix second in which a local year begins; UsageError where it is none of ours."""
    try:
        return begins(date(year, 1, 1))
    except ValueError as error:
        raise UsageError(f"{year} is no year since 1980", "write it like 2026") from error


def day_index(here: Session, text: str) -> int:
    """A local day as an index into the calendar."""
    try:
        begins_at = begins(date.fromisoformat(text))
    except ValueError as error:
        raise UsageError(f"{text!r} is no day", "write it like 2026-11-30") from error
    return int(read(here.ledger, "Standards", "period_at", DAY, begins_at + 1))


def day_of(here: Session, index: int) -> str:
    """The local day of an index, as people write it."""
    return local_day(read(here.ledger, "Standards", "boundary", DAY, index + 1))
