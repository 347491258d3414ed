"""Urgent replacements beside lists of readings: each litre counts once, or never."""

from dataclasses import dataclass, field
from random import Random

from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, HASH, METER, NOW, T0, Suite
from tests.stateful.walking import Beside

PERMIT, MONTH, YEAR = 1, 2, 4
DAYS_OF = {MONTH: 10, YEAR: 40}  # of the tests' calendar
YEARS = 10
MOST_METERS = 16
COUNTED, HELD, REFUSED, REPLACED = "counted", "held", "refused", "replaced"


@dataclass
class Read:
    """One meter: where it stands, and every reading of it as moment and volume."""

    channel: int
    state: str
    register_l: int
    opened_at: int = T0
    readings: list[tuple[int, int]] = field(default_factory=list)
    number: int = 0  # of the replacement that it came with
    old: "Read | None" = None
    closing_l: int = 0
    waits: bool = False  # another one is read in its place

    @property
    def at(self) -> int:
        return self.readings[-1][0] if self.readings else self.opened_at

    @property
    def moved_l(self) -> int:
        return sum(volume_l for _, volume_l in self.readings)

    def used(self, begins: int, ends: int) -> int:
        return sum(volume_l for at, volume_l in self.readings if begins < at <= ends)


class Replacements(Beside):
    """A permit whose meters fail and are replaced, on the contracts and in the model."""

    def __init__(self, suite: Suite, chance: Random) -> None:
        super().__init__(suite, chance)
        self.permit = suite.permit(annual_l=500)
        self.meters = [
            Read(suite.channel(METER, "QuotaTracker", permit=self.permit), COUNTED, 100)
            for _ in range(2)
        ]
        channels = [meter.channel for meter in self.meters]
        suite.register_turns.set_turns(channels, 1, sender=suite.device_keeper)
        self.lane = suite.lane(suite.quota_tracker)
        self.decided: list[tuple[Read, int]] = []

    def is_read(self) -> None:
        meter, chance = self.chance.choice(self.meters), self.chance
        longest = chance.choice([3_600, DAY_S, 12 * DAY_S])
        group = [
            (chance.randrange(60), chance.randrange(1, longest))
            for _ in range(chance.choice([1, 3, 9]))
        ]
        if chance.randrange(3) == 0:  # to the turn of a year, to the second
            group = [(chance.randrange(60), 40 * DAY_S - (meter.at - T0) % (40 * DAY_S))]
        if meter.at + sum(duration_s for _, duration_s in group) <= NOW:
            self._take(meter, group)
            self.done["read"] += 1

    def is_read_to_its_closing(self) -> None:
        """The last reading of a meter that is closed, by whoever looked at it."""
        waiting = [m for m in self._held() if m.old and m.old.register_l < m.closing_l]
        if waiting and (old := self.chance.choice(waiting).old) and old.at < NOW:
            (new,) = [m for m in waiting if m.old is old]
            self._take(old, [(new.closing_l - old.register_l, 1)])
            self.done["closing read"] += 1

    def _take(self, meter: Read, group: list[tuple[int, int]]) -> None:
        book, suite = self.suite.quota_tracker, self.suite
        words = packed(meter_group(meter.channel, meter.register_l, meter.at, group))
        batch = book.lane(self.lane).next_id
        book.record_meters(self.lane, batch, HASH, words, b"", sender=suite.relay)
        for volume_l, duration_s in group:
            meter.readings.append((meter.at + duration_s, volume_l))
            meter.register_l += volume_l

    def is_replaced(self) -> None:
        old, chance = self.chance.choice(self.meters), self.chance
        if old.state in (HELD, REFUSED):
            return
        closing_l = old.register_l + chance.choice([-1, 0, 0, 0, 25])
        opened_at = min(old.at + chance.choice([0, 1, 5 * DAY_S]), NOW + 1)
        opening_l, code = (
            chance.randrange(1_000),
            f"NEW-{self.suite.device_registry.device_count()}",
        )
        registry, known = self.suite.device_registry, self.suite.device_registry.channel_count()
        asked = old.channel, code, closing_l, opening_l, opened_at, HASH, HASH
        allowed = (
            old.state == COUNTED
            and not old.waits
            and closing_l >= old.register_l
            and opened_at <= NOW
        )
        if not self.attempt(
            registry.replace_urgently, *asked, sender=self.suite.holder, allowed=allowed
        ):
            return
        new = Read(known + 1, HELD, opening_l, opened_at, old=old, closing_l=closing_l)
        new.number, old.waits = registry.replacement_count(), True
        self.meters.append(new)

    def _held(self) -> list[Read]:
        return [meter for meter in self.meters if meter.state == HELD]

    def is_released(self) -> None:
        new = self._any_new()
        if new is None or new.old is None:
            return
        year, opened = ((at - T0) // (40 * DAY_S) for at in (new.at, new.opened_at))
        bound = [meter for meter in self.meters if meter.state in (COUNTED, REPLACED)]
        allowed = (
            new.state == HELD
            and new.old.register_l == new.closing_l
            and opened >= year - 1
            and len(bound) < MOST_METERS
        )
        release, officer = self.suite.device_registry.release, self.suite.supervisor
        if self.attempt(release, new.number, sender=officer, allowed=allowed):
            new.state, new.old.state = COUNTED, REPLACED
            self.decided.append((new, new.moved_l))

    def is_refused(self) -> None:
        new = self._any_new()
        if new is None or new.old is None:
            return
        refuse, officer = self.suite.device_registry.refuse, self.suite.supervisor
        if self.attempt(refuse, new.number, HASH, sender=officer, allowed=new.state == HELD):
            new.state, new.old.waits = REFUSED, False
            self.decided.append((new, new.moved_l))

    def _any_new(self) -> Read | None:
        new = [meter for meter in self.meters if meter.old is not None]
        return self.chance.choice(self._held() or new) if new else None

    def agrees(self) -> None:
        counted = [meter for meter in self.meters if meter.state in (COUNTED, REPLACED)]
        for year in range(YEARS):
            begins = T0 + 40 * DAY_S * year
            used_l = sum(meter.used(begins, begins + 40 * DAY_S) for meter in counted)
            assert self.suite.quota_tracker.used_l(self.permit, year) == used_l
        for new, moved_l in self.decided:
            assert self.suite.device_registry.replacement(new.number).held_l == moved_l
        calendar = self.chance.choice(list(DAYS_OF))
        length = DAYS_OF[calendar] * DAY_S
        period = self.chance.randrange(YEARS * 40 // DAYS_OF[calendar])
        use = self.suite.quota_plans.use_of(PERMIT, self.permit, calendar, period)
        if use.known:
            begins = T0 + length * period
            assert use.counted_l == sum(m.used(begins, begins + length) for m in counted)
            self.done["ended" if use.ended else "open"] += 1
