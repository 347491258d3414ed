"""Re-dating historic series: moved by whole days, so that they end now, and said so everywhere."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from ledger.errors import BadRecord
from oracle.mapping import Mapping
from oracle.sources.files import moments_only
from oracle.times import NoMoment, moments

DAY_S = 86_400
MARCH = 3


@dataclass(frozen=True, slots=True)
class Span:
    """When a file's first and last rows end, as written, and the usual step between its rows."""

    first_at: int
    last_at: int
    step_s: int


def span(path: Path, mapping: Mapping) -> Span:
    """The span of a file; rows without a readable moment are passed over."""
    found: list[int] = []
    columns = [mapping.time.column] if mapping.time.column else []
    for chunk in moments_only(path, columns):
        found += [at for at in moments(mapping.time, chunk, 0) if not isinstance(at, NoMoment)]
    if not found:
        raise BadRecord(f"{path.name} has no row with a moment", "check the mapping's time column")
    found.sort()
    steps = sorted(later - at for at, later in pairwise(found))
    step_s = steps[len(steps) // 2] if steps else mapping.time.step_s
    return Span(found[0], found[-1], max(step_s, 1))


def shift_to(last_at: int, now: int, zone: ZoneInfo) -> int:
    """Seconds, a whole number of days, by which a series is moved to end within the last day.

    Before March it ends on 31 December instead, so that one local year holds it.
    """
    local = datetime.fromtimestamp(now, zone)
    if local.month < MARCH:
        now = int(datetime(local.year, 1, 1, tzinfo=zone).timestamp())
    return (now - last_at) // DAY_S * DAY_S
