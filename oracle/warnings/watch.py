"""The eyes of a running oracle: what each reading and each look at the chain tells.

`notice` is called inside the commit that takes readings in, so a warning is on the disk with its
reading or not at all. `look` asks the chain, a few channels at a time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ledger.channels import GAUGE, Channel
from ledger.deployment import Ledger
from ledger.leaves import ESTIMATE, INSTANT, MEASURED
from oracle.intake import Accepted
from oracle.journal import Journal, Source
from oracle.mapping import Sequence as Serials
from oracle.sources.chunks import Chunk
from oracle.warnings import checks, telling
from oracle.warnings.alerts import (
    Crossing,
    Limits,
    Peak,
    Standing,
    follow_gauge,
    follow_meter,
    passed_over,
)
from oracle.warnings.book import CONFIRMED, PROVISIONAL, WITHDRAWN, Book, Warned
from oracle.warnings.chain import bears_out, ruled, settled
from oracle.warnings.config import Checks
from oracle.warnings.desk import CHAIN, LOOP, Desk, Jobs

CHANNELS_A_LOOK = 10  # whose limits are read again at each look at the chain
FOLLOWED = (MEASURED, ESTIMATE, INSTANT)  # kinds of reading that a rule looks at

Tell = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Watched:
    """A channel with its rule, and how its permit ended, if it did."""

    channel: Channel
    rule: Limits | Peak
    permit: str | None


class Watch:
    """Follows every channel of an oracle; one thread alone calls it."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        desk: Desk,
        wanted: Checks,
        jobs: Jobs,
        clock: Callable[[], float],
    ) -> None:
        self._ledger, self._journal, self._desk = ledger, journal, desk
        self._wanted, self._jobs, self._clock = wanted, jobs, clock
        self._watched: dict[int, Watched] = {}
        self._turn = 0

    @property
    def book(self) -> Book:
        """The warnings, on the journal's own connection."""
        return self._desk.book

    @property
    def channels(self) -> list[Channel]:
        """The channels that are followed."""
        return [one.channel for one in self._watched.values()]

    def permit_of(self, channel: Channel) -> str | None:
        """Why nobody is told of a channel: its permit has ended; None while it has not."""
        watched = self._watched.get(channel.id)
        return f"the permit is {watched.permit}" if watched and watched.permit else None

    # what the chain says of a channel

    def learn(self, channels: Iterable[Channel]) -> None:
        """Follow channels from where the journal or, if they are new here, the chain has them."""
        for channel in channels:
            if channel.id not in self._watched:
                self._read(channel)

    def _read(self, channel: Channel, afresh: bool = False) -> None:
        """Read a channel's rule; a rule that is another than it was begins where the chain is."""
        found = ruled(self._ledger, channel)
        kept = self.book.state(_place(channel))
        begins = self._journal.begins(channel.id)
        behind = kept is not None and kept["standing"]["seen"] < begins  # not followed for long
        if afresh or behind or kept is None or kept["rule"] != asdict(found.rule):
            seen = self._journal.until(channel.id, found.standing.at)
            with self._journal.commit():
                self._keep(channel, found.rule, replace(found.standing, seen=seen))
        self._watched[channel.id] = Watched(channel, found.rule, found.permit)

    def _keep(self, channel: Channel, rule: Limits | Peak, standing: Standing) -> None:
        self.book.keep(_place(channel), {"rule": asdict(rule), "standing": asdict(standing)})

    # what readings tell; inside the commit that takes them

    def notice(
        self,
        source: Source,
        serials: Serials | None,
        chunk: Chunk,
        accepted: Sequence[Accepted],
    ) -> None:
        """Warn of what a chunk brings; `serials` says which column counts its rows."""
        now = int(self._clock())
        self._jobs.beat(LOOP)  # a long file is read in a single round
        for one in accepted:
            self._follow(one.rule.channel, now)
            self._flags(one, now)
            if not source.shift_s:
                self._skew(one, now)
        if serials is not None:
            self._count(source, serials, chunk, now)

    def _follow(self, channel: Channel, now: int) -> None:
        watched = self._watched.get(channel.id)
        if watched is None:
            return
        standing = Standing(**self.book.state(_place(channel))["standing"])
        waiting = self._journal.count(channel.id) - standing.seen
        crossings: list[Crossing] = []
        for kept in self._journal.kept(channel.id, standing.seen, waiting):
            if kept.kind not in FOLLOWED:
                standing = passed_over(standing, kept.block)
            elif isinstance(watched.rule, Limits):
                standing = follow_gauge(watched.rule, standing, kept.block, crossings.append)
            else:
                standing = follow_meter(watched.rule, standing, kept.block, crossings.append)
        self._keep(channel, watched.rule, standing)
        for crossing in crossings:
            self._cross(watched, crossing, now)

    def _cross(self, watched: Watched, crossing: Crossing, now: int) -> None:
        channel = watched.channel
        kind = "alert" if channel.kind == GAUGE else "peak"
        if not crossing.raised:
            self.book.end_last(kind, channel.id, now)
            return
        about = self._about(
            kind, channel, crossing.at, telling.alert(channel, crossing), now, crossing.side
        )
        self._desk.warn(replace(about, reading=crossing.reading, chain_rules=True), now)

    def _about(
        self, kind: str, channel: Channel, at: int, text: str, now: int, side: str = ""
    ) -> Warned:
        """A warning of a channel, and why nobody is told of it, if nobody is."""
        late = now - at > self._desk.wanted.late_after
        unsent = self.permit_of(channel) or ("the reading came late" if late else None)
        subject = telling.subject(channel)
        key = f"{kind}/{channel.id}/{at}" + (f"/{side}" if side else "")
        return Warned(key, kind, subject, at, text, channel.id, side=side or None, unsent=unsent)

    def _flags(self, one: Accepted, now: int) -> None:
        """A flag that appears is warned of once, until so many readings come without it."""
        channel, block = one.rule.channel, one.taken.block
        for name in self._wanted.flags:
            place = f"flag/{name}/{channel.id}"
            state = self.book.state(place)
            before = state
            bits = (one.flags & telling.FLAG_BITS[name] != 0).tolist()
            for at, has_it in zip(block.at.tolist(), bits, strict=True):
                if has_it and state is None:
                    about = self._about(name, channel, at, telling.flag(channel, name), now)
                    self._desk.warn(about, now)
                    state = {"key": about.key, "calm": 0}
                elif state is not None:
                    state = {**state, "calm": 0 if has_it else state["calm"] + 1}
                    if state["calm"] >= self._wanted.flag_clears_after:
                        self.book.end(state["key"], now)
                        state = None
            if state != before:
                self.book.keep(place, state)

    def _skew(self, one: Accepted, now: int) -> None:
        """Stamps too far ahead of their arrival, held ones too, or too far behind.

        It is over when they lie within half of that, so that nothing flaps about the limit.
        """
        clock, channel = self._wanted.clock, one.rule.channel
        ahead = [r.at for r in one.taken.refusals if r.reason == "future" and r.at is not None]
        stamps = [*ahead, *([int(one.taken.block.at[-1])] if len(one.taken.block) else [])]
        if clock is None or not stamps:
            return
        skew_s = max(stamps) - now
        text = telling.skew(channel, skew_s)
        for kind, amount_s, limit_s in (
            ("clock ahead", skew_s, clock.ahead),
            ("clock behind", -skew_s, clock.behind),
        ):
            if limit_s is None:
                continue
            about = self._about(kind, channel, max(stamps), text, now)
            stands = self.book.state(f"{kind}/{about.subject}") is not None
            bad = amount_s > (limit_s // 2 if stands else limit_s)
            self._desk.stand(replace(about, unsent=self.permit_of(channel)), bad, now)

    def _count(self, source: Source, serials: Serials, chunk: Chunk, now: int) -> None:
        """Numbers that a source's rows lack."""
        texts = chunk.cells[serials.column]
        numbers = [int(text) for text in texts if text.isascii() and text.isdigit()]
        place = f"sequence/{source.name}"
        gone, last = checks.missing(numbers, self.book.state(place), serials.modulus)
        self.book.keep(place, last)
        if gone:
            text = f"{source.name}: {gone} of its rows did not come, the last before {last}"
            about = Warned(f"{place}/{chunk.first_row}", "sequence", source.name, now, text)
            self._desk.warn(about, now)

    # what the chain says of what was told

    def look(self) -> None:
        """Ask the chain: which warnings it bears out, and a few channels' limits."""
        self._again()
        for row in self._ready():
            self._rule(row)
        known = list(self._watched.values())
        for place in range(min(CHANNELS_A_LOOK, len(known))):
            self._read(known[(self._turn + place) % len(known)].channel)
        self._turn += CHANNELS_A_LOOK
        self._jobs.beat(CHAIN)

    def _ready(self) -> list[Any]:
        """Provisional warnings whose reading is final."""
        rows: list[Any] = self._journal.db.execute(
            "SELECT warning.id, warning.kind, warning.channel, warning.reading, warning.at,"
            " warning.side, part.contract, part.lane, part.batch,"
            " part.first + part.count - part.refused AS taken"
            " FROM warning JOIN part ON part.channel = warning.channel"
            " AND part.first <= warning.reading AND part.first + part.count > warning.reading"
            " JOIN batch ON batch.contract = part.contract AND batch.lane = part.lane"
            " AND batch.id = part.batch"
            " WHERE warning.state = ? AND batch.state = 'settled' ORDER BY warning.id",
            (PROVISIONAL,),
        ).fetchall()
        return rows

    def _rule(self, row: Any) -> None:
        batch = (row["contract"], row["lane"], row["batch"])
        events = settled(self._ledger, self._journal.db, batch)
        about = (row["kind"], row["channel"], row["at"], row["side"])
        where = f"{batch[0]} lane {batch[1]} batch {batch[2]}"
        with self._journal.commit():
            if row["reading"] >= row["taken"]:
                why = f"{where}: the contract refused the reading"
                self.book.withdraw(row["id"], why, batch, int(self._clock()))
            elif bears_out(events, *about):
                self.book.rule(row["id"], CONFIRMED, where, batch)
                return
            else:
                why = f"{where}: the contract raised no such alert"
                self.book.withdraw(row["id"], why, batch, int(self._clock()))
        watched = self._watched.get(row["channel"])
        if watched is not None:
            self._read(watched.channel, afresh=True)

    def _again(self) -> None:
        """Warnings ruled by a batch that the chain no longer holds are provisional again."""
        with self._journal.commit() as db:
            db.execute(
                "UPDATE warning SET state = ?, why = NULL WHERE state IN (?, ?) AND EXISTS"
                " (SELECT 1 FROM batch WHERE batch.contract = warning.contract"
                " AND batch.lane = warning.lane AND batch.id = warning.batch"
                " AND batch.state <> 'settled')",
                (PROVISIONAL, CONFIRMED, WITHDRAWN),
            )


def _place(channel: Channel) -> str:
    return f"rule/{channel.id}"
