"""The local calendars of Standards, as far as they were loaded by then."""

from bisect import bisect_left

DAY, MONTH, YEAR = 1, 2, 4

Boundaries = dict[int, list[int]]  # instants by calendar, as the calls that loaded them gave them


def boundary(calendars: Boundaries, calendar: int, number: int) -> int:
    """When a period begins; 0 where none is loaded."""
    loaded = calendars.get(calendar, [])
    return loaded[number] if number < len(loaded) else 0


def period_at(calendars: Boundaries, calendar: int, at: int) -> int:
    """The period that a step ending at a moment belongs to; LookupError where none is loaded."""
    loaded = calendars.get(calendar, [])
    place = bisect_left(loaded, at)
    if not 0 < place < len(loaded):
        raise LookupError(f"calendar {calendar} does not reach {at}")
    return place - 1


def end(calendars: Boundaries, calendar: int) -> int:
    """The last instant loaded, 0 for none."""
    loaded = calendars.get(calendar)
    return loaded[-1] if loaded else 0


def months_later(calendars: Boundaries, at: int, months: int) -> int:
    """The same day and time of a later local month, or the last second of a month too short."""
    month = period_at(calendars, MONTH, at + 1)
    begins_at, ends_at = (boundary(calendars, MONTH, month + months + n) for n in (0, 1))
    return min(begins_at + at - boundary(calendars, MONTH, month), ends_at - 1)


def season(calendars: Boundaries, first: int, last: int, at: int) -> tuple[bool, int]:
    """Whether a moment lies in a season of days as month * 100 + day, and when that may differ."""
    year = period_at(calendars, YEAR, at + 1)
    begins_at, ends_at = (_day_of(calendars, year, *one) for one in ((first, 0), (last, 1)))
    year_ends_at = boundary(calendars, YEAR, year + 1)
    if first <= last:
        turns = [(begins_at, False), (ends_at, True)]
        after = False
    else:
        turns = [(ends_at, True), (begins_at, False)]
        after = True
    for turns_at, inside in turns:
        if at < turns_at:
            return inside, turns_at
    return after, year_ends_at


def _day_of(calendars: Boundaries, year: int, day: int, later: int) -> int:
    """When a day of a local year begins; one that its month lacks is the next month's first."""
    january = period_at(calendars, MONTH, boundary(calendars, YEAR, year) + 1)
    month = january + day // 100 - 1
    first_day = period_at(calendars, DAY, boundary(calendars, MONTH, month) + 1)
    begins_at = boundary(calendars, DAY, first_day + day % 100 - 1 + later)
    return min(begins_at, boundary(calendars, MONTH, month + 1))
