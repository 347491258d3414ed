"""What time tells: who is silent, what does not agree, which lane or job stands still.

What the oracle has told of itself is warned of here as well.

A round needs no chain. The synthetic alarm is made here too, and missed when nobody answers it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from ledger.channels import METER, Channel
from ledger.errors import BadRecord, NotFound
from ledger.leaves import VOID
from ledger.packing import ZERO_VALUE
from oracle.journal import Journal
from oracle.readings import Reading, block_of
from oracle.warnings import checks, telling
from oracle.warnings.alerts import Crossing, Limits, Standing, follow_gauge
from oracle.warnings.book import Warned
from oracle.warnings.checks import Amount
from oracle.warnings.config import Balance, Checks, Side, Synthetic
from oracle.warnings.desk import LOOP, Desk, Jobs
from oracle.warnings.troubles import Troubles
from oracle.warnings.watch import Watch

SYNTHETIC_LIMITS = Limits(0, 0, 0, 0, 1, 0)  # one reading above zero is an alert
SYNTHETIC_JOB = "synthetic alarm"
# reasons of what is held because something else is recorded under the same moment or number
CONTRADICTIONS = ("other_content", "sequence_again")
SEEN_HELD = "seen/held"  # the last held row that was looked at

ByName = Mapping[tuple[str, str], Channel]


class Rounds:
    """The checks that a loop makes each time it comes round."""

    def __init__(
        self,
        journal: Journal,
        watch: Watch,
        desk: Desk,
        wanted: Checks,
        jobs: Jobs,
        channels: ByName,
        clock: Callable[[], float],
        tell: Callable[..., None],
        troubles: Troubles,
    ) -> None:
        """BadRecord or NotFound where a comparison names what cannot be compared."""
        self._journal, self._watch, self._desk = journal, watch, desk
        self._wanted, self._jobs, self._clock = wanted, jobs, clock
        self._tell, self._told = tell, troubles
        self._troubles: dict[str, int] = {}
        self._balances = [
            (one, _found(one.left, channels), _found(one.right, channels))
            for one in wanted.balances
        ]
        for one, left, right in self._balances:
            _comparable(one, [*left, *right])
        if desk.book.state(SEEN_HELD) is None:
            with journal.commit():
                desk.book.keep(SEEN_HELD, self._last_held())

    def tick(self, troubles: Sequence[str] = ()) -> None:
        """One round; `troubles` are what keeps lanes from going on, each "lane: why"."""
        now = int(self._clock())
        self._jobs.beat(LOOP)
        with self._journal.commit() as db:
            lasts = dict(db.execute("SELECT id, last_at FROM channel").fetchall())
            if self._wanted.silence:
                self._silence(self._wanted.silence.cadences, lasts, now)
            for one, left, right in self._balances:
                self._balance(one, left, right, lasts, now)
            self._trouble(troubles, now)
            self._contradictions()
            self._told.warn(self._desk, self._wanted.trouble_after, now)
            if self._desk.wanted.synthetic:
                self._synthetic(self._desk.wanted.synthetic, now)
            self._desk.jobs(self._jobs, now)

    def _silence(self, cadences: int, lasts: Mapping[int, int], now: int) -> None:
        standing = self._desk.book.standing("silence/")
        for channel in self._watch.channels:
            last_at, subject = lasts[channel.id], telling.subject(channel)
            silent = checks.is_silent(last_at, channel.cadence_s, cadences, now)
            if silent == (f"silence/{subject}" in standing):
                continue
            about = Warned(
                f"silence/{channel.id}/{last_at}",
                "silence",
                subject,
                last_at,
                telling.silence(channel, now - last_at),
                channel.id,
                unsent=self._watch.permit_of(channel),
            )
            self._desk.stand(about, silent, now)

    # comparisons

    def _balance(
        self,
        one: Balance,
        left: list[Channel],
        right: list[Channel],
        lasts: Mapping[int, int],
        now: int,
    ) -> None:
        """Compare the last whole window that every channel has gone beyond, once."""
        numbers = [channel.id for channel in (*left, *right)]
        if not all(number in lasts for number in numbers):
            return
        end = min(lasts[number] for number in numbers) // one.window * one.window
        place = f"compared/{one.title}"
        if end <= (self._desk.book.state(place) or 0):
            return
        self._desk.book.keep(place, end)
        amounts = [self._amount(side, end - one.window, end) for side in (left, right)]
        if amounts[0] is None or amounts[1] is None:
            return
        bad = checks.disagree(amounts[0], amounts[1], one.tolerance_permille)
        text = telling.balance(one, amounts[0], amounts[1])
        about = Warned(f"balance/{one.title}/{end}", "balance", one.title, end, text)
        self._desk.stand(about, bad, now)

    def _amount(self, side: list[Channel], after_at: int, until_at: int) -> Amount | None:
        """What a side amounts to over a window; None where a channel has nothing to say of it."""
        parts = [self._part(channel, after_at, until_at) for channel in side]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        total = sum(part.total for part in known)
        if side[0].kind == METER:
            return Amount(total, 1)
        return Amount(total, sum(part.count for part in known))

    def _part(self, channel: Channel, after_at: int, until_at: int) -> Amount | None:
        """The litres a meter has moved, by its last registers before both ends; a gauge's sum."""
        first = self._journal.until(channel.id, after_at)
        last = self._journal.until(channel.id, until_at)
        begins = self._journal.begins(channel.id)  # earlier ones were put away
        if first == last or (first <= begins and (channel.kind == METER or begins)):
            return None
        if channel.kind == METER:
            ends = (self._value(channel.id, last - 1), self._value(channel.id, first - 1))
            moved_l = ends[0] - ends[1]
            return Amount(moved_l, 1) if moved_l >= 0 else None  # the register went elsewhere
        total = count = 0
        for kept in self._journal.kept(channel.id, first, last - first):
            counts = kept.block.value[kept.block.mark & VOID == 0]
            total += (int(np.sum(counts)) - len(counts) * ZERO_VALUE) * channel.resolution
            count += len(counts)
        return Amount(total, count) if count else None

    def _value(self, channel: int, place: int) -> int:
        (kept,) = self._journal.kept(channel, place, 1)
        return int(kept.block.value[0])

    # lanes

    def _trouble(self, troubles: Iterable[str], now: int) -> None:
        """What has kept a lane from going on for a while."""
        by_lane = dict(one.split(": ", 1) for one in troubles)
        for lane in [one for one in self._troubles if one not in by_lane]:
            del self._troubles[lane]
        for lane in by_lane:
            self._troubles.setdefault(lane, now)
        standing = {key.partition("/")[2] for key in self._desk.book.standing("relay/")}
        for lane in sorted({*by_lane, *standing}):
            since = self._troubles.get(lane, now)
            if lane in by_lane and now - since < self._wanted.trouble_after:
                continue
            about = Warned(
                f"relay/{lane}/{since}", "relay", lane, now, f"{lane}: {by_lane.get(lane)}"
            )
            self._desk.stand(about, lane in by_lane, now)

    # what contradicts itself

    def _last_held(self) -> int:
        found = self._journal.db.execute("SELECT coalesce(max(id), 0) FROM held").fetchone()
        return int(found[0])

    def _contradictions(self) -> None:
        """Tell of what was held since the last round as other content is recorded under its key."""
        seen, last = self._desk.book.state(SEEN_HELD), self._last_held()
        if last == seen:
            return
        rows = self._journal.db.execute(
            "SELECT source.name, held.reason, count(*) FROM held"
            " JOIN segment ON segment.id = held.segment JOIN source ON source.id = segment.source"
            " WHERE held.id > ? AND held.reason IN (?, ?) GROUP BY source.name, held.reason"
            " ORDER BY source.name, held.reason",
            (seen, *CONTRADICTIONS),
        ).fetchall()
        for name, reason, count in rows:
            self._tell("other content is held", source=name, reason=reason, rows=count)
        self._desk.book.keep(SEEN_HELD, last)

    # the synthetic alarm

    def _synthetic(self, wanted: Synthetic, now: int) -> None:
        """Make the day's alarm when its time has come; warn when the last one has no receipt."""
        local = datetime.fromtimestamp(now, UTC).astimezone(self._desk.zone)
        day, place = local.date().isoformat(), f"day/{wanted.device}"
        if local.strftime("%H:%M") >= wanted.at and self._desk.book.state(place) != day:
            self._raise_synthetic(wanted, day, now)
            self._desk.book.keep(place, day)
        last = self._desk.book.last("synthetic")
        if last is None:
            return
        heard = last["heard_at"] is not None or last["acknowledged_at"] is not None
        made = datetime.fromtimestamp(last["made_at"], UTC).astimezone(self._desk.zone)
        text = f"the test alarm of {made:%Y-%m-%d %H:%M} has no receipt"
        about = Warned(f"unheard/{last['id']}", "job", SYNTHETIC_JOB, now, text)
        if heard or now - last["made_at"] > wanted.within:
            self._desk.stand(about, not heard, now)

    def _raise_synthetic(self, wanted: Synthetic, day: str, now: int) -> None:
        """A reading of a device that is not there, above its limit: the rule of every gauge."""
        crossings: list[Crossing] = []
        reading = block_of(0, [Reading(0, now, 1, 0, 0)])
        follow_gauge(SYNTHETIC_LIMITS, Standing(0, now - 1, 0), reading, crossings.append)
        for crossing in crossings:
            text = f"{wanted.device}: the daily test alarm of {day}; nothing is wrong"
            about = Warned(
                f"synthetic/{wanted.device}/{day}", "synthetic", wanted.device, crossing.at, text
            )
            self._desk.warn(about, now)


def _found(side: Sequence[Side], channels: ByName) -> list[Channel]:
    found = []
    for one in side:
        channel = channels.get((one.device, one.parameter))
        if channel is None:
            raise NotFound(
                f"a balance names {one.device} {one.parameter}, which nobody enrolled",
                "list channels with `waterline device list`, and correct the configuration",
            )
        found.append(channel)
    return found


def _comparable(one: Balance, channels: list[Channel]) -> None:
    kinds = {(channel.kind, channel.base) for channel in channels}
    if len(kinds) > 1:
        raise BadRecord(
            f"balance {one.title!r} compares different things",
            "name meters alone, or gauges of one unit alone",
        )
    if len({channel.id for channel in channels}) < len(channels):
        raise BadRecord(f"balance {one.title!r} names a channel twice", "leave one out")
