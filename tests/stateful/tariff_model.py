"""Bills beside a list of volumes: what each period costs, what is held, paid, credited and owed."""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

import boa

from tests.contracts.intake_words import meter_group, packed
from tests.contracts.suite import DAY_S, HASH, METER, T0, Suite, word
from tests.contracts.tariffs import CITIES, FULL_PRICE, TOTAL, UY_M3, WATER_PRICE, of_city
from tests.stateful.walking import Beside

OPEN, REVERSED, PAID = 1, 2, 3
YEAR_S = 40 * DAY_S  # of the tests' calendar
FIRST = 7  # the year that the meter begins in
PLAN_L = 1_000_000
# volumes at and beside the edges of the bands of a plan, and between them
VOLUMES_L = [
    0,
    499,
    999_999,
    *[PLAN_L + PLAN_L * s // 100 + d for s in (0, 5, 30, 70) for d in (0, 1)],
]


@dataclass
class Extra:
    """A surcharge for a time."""

    of_water_bps: int
    uy_m3: int
    from_at: int
    until_at: int


@dataclass
class Terms:
    """A tariff as a city prints it."""

    city: str
    price: int
    sewage: int
    base: int
    minimum_uy: int
    late_bps_day: int
    due_days: int
    credit: int
    from_at: int
    extras: list[Extra] = field(default_factory=list)

    def marginal(self, litre: Fraction) -> Fraction:
        """Of one litre more, in micro-yuan: its price, and what its band adds to that."""
        convention, free_bps, cuts_bps, multiples_bps = CITIES[self.city]
        over = (litre - PLAN_L) / PLAN_L * 10_000
        if over < free_bps:
            return Fraction(0)
        multiple = multiples_bps[sum(over >= cut for cut in cuts_bps)]
        added = multiple - 10_000 if convention == TOTAL else multiple
        per_m3 = self.price + (self.sewage if self.base == FULL_PRICE else 0)
        return Fraction(added * per_m3, 10_000 * 1_000)

    def over_plan(self, volume_l: int) -> int:
        """The integral of what the bands add, from no water to this much, rounded once."""
        _, free_bps, cuts_bps, _ = CITIES[self.city]
        turns = [Fraction(PLAN_L * (10_000 + bps), 10_000) for bps in (free_bps, *cuts_bps)]
        edges = [Fraction(0), *[min(turn, Fraction(volume_l)) for turn in turns]]
        edges.append(Fraction(volume_l))
        return rounded(
            sum(((b - a) * self.marginal((a + b) / 2) for a, b in pairwise(edges)), Fraction(0))
        )

    def charged(self, volume_l: int, at: int) -> tuple[int, int]:
        """What a volume of a year costs before credits, and the part that is over the plan."""
        water = rounded(Fraction(volume_l * self.price, 1_000))
        sewage = rounded(Fraction(volume_l * self.sewage, 1_000))
        over = self.over_plan(volume_l)
        extra = sum(
            rounded(Fraction(water * one.of_water_bps, 10_000))
            + rounded(Fraction(volume_l * one.uy_m3, 1_000))
            for one in self.extras
            if one.from_at <= at < one.until_at
        )
        return max(water + sewage + over + extra, self.minimum_uy), over


@dataclass
class Bill:
    """A bill as the rules see it."""

    terms: Terms
    year: int
    charged_uy: int
    credit_uy: int
    over_uy: int
    settled_at: int
    held_uy: int = 0
    paid_uy: int = 0
    state: int = OPEN

    @property
    def total_uy(self) -> int:
        return self.charged_uy - self.credit_uy

    def owed_uy(self, at: int) -> int:
        """Without what is held; simple interest for whole days after it was due."""
        if self.state != OPEN:
            return 0
        days = max(0, at - self.settled_at - self.terms.due_days * DAY_S) // DAY_S
        owed = self.total_uy - self.held_uy
        return owed + rounded(Fraction(owed * self.terms.late_bps_day * days, 10_000))


def rounded(exact: Fraction) -> int:
    """The nearest whole number, a half up."""
    return int(exact + Fraction(1, 2))


class Billing(Beside):
    """A permit with one meter that is read year by year, under versions of one tariff."""

    def __init__(self, suite: Suite, chance: Random) -> None:
        super().__init__(suite, chance)
        self.permit = suite.permit(annual_l=PLAN_L, until_at=T0 + 790 * DAY_S)
        self.begins_at = T0 + FIRST * YEAR_S
        self.channel = suite.channel(
            METER, "QuotaTracker", permit=self.permit, opened_at=self.begins_at
        )
        self.lane = suite.lane(suite.quota_tracker)
        self.volumes: list[int] = []  # of each year read to its end, from the first
        self.versions: list[tuple[int, Terms]] = []
        self.bills: list[Bill] = []
        self.disputed: set[int] = set()
        self.granted_uy = 0
        self.is_loaded()

    def any_year(self) -> int:
        """Seldom one before the meter or that nobody has read."""
        return FIRST + self.chance.choice([*range(3), *range(-1, 5)])

    def any_version(self) -> tuple[int, Terms]:
        return self.chance.choice(self.versions[-3:])

    def version_at(self, at: int) -> tuple[int, Terms]:
        """The last version in force at a moment, else the first."""
        in_force = [one for one in self.versions if one[1].from_at <= at]
        return in_force[-1] if in_force else self.versions[0]

    def any_bill(self) -> tuple[int, Bill | None]:
        if not self.bills or self.chance.random() < 0.05:
            return len(self.bills) + 1, None
        number = self.chance.randrange(max(0, len(self.bills) - 3), len(self.bills))
        return number + 1, self.bills[number]

    def standing(self, year: int) -> Bill | None:
        """The bill of a year that was not reversed."""
        found = [bill for bill in self.bills if bill.year == year and bill.state != REVERSED]
        assert len(found) < 2
        return found[0] if found else None

    @property
    def credit_uy(self) -> int:
        """What was granted or paid and is on no bill that stands."""
        came_in_uy = self.granted_uy + sum(bill.paid_uy for bill in self.bills)
        standing = [bill for bill in self.bills if bill.state != REVERSED]
        return came_in_uy - sum(bill.credit_uy + bill.paid_uy for bill in standing)

    def time_passes(self) -> None:
        boa.env.evm.patch.timestamp += self.chance.choice([1, DAY_S - 1, DAY_S, 9 * DAY_S])

    def is_loaded(self) -> None:
        chance, city = self.chance, self.chance.choice(sorted(CITIES))
        new = Terms(
            city,
            chance.choice([0, 4 * UY_M3, 4 * UY_M3, 3_333_333]),
            chance.choice([0, 777_777]),
            chance.choice([WATER_PRICE, FULL_PRICE]),
            chance.choice([0, 0, 5 * UY_M3]),
            chance.choice([0, 5, 37]),
            chance.choice([0, 1, 20]),
            chance.choice([0, UY_M3]),
            T0 + YEAR_S * chance.choice([0, 0, 0, FIRST + 1]),
        )
        given = of_city(
            city,
            base=new.base,
            prices_uy_m3=[new.price],
            sewage_uy_m3=new.sewage,
            minimum_uy=new.minimum_uy,
            late_bps_day=new.late_bps_day,
            due_days=new.due_days,
            credit_uy_m3=new.credit,
            in_force_at=new.from_at,
        )
        allowed = not self.versions or new.from_at >= self.versions[-1][1].from_at
        load, sender = self.suite.tariff.load_tariff, self.suite.standards_keeper
        if self.attempt(load, given, sender=sender, allowed=allowed):
            self.versions.append((self.suite.tariff.tariff_count(), new))

    def extra_is_added(self) -> None:
        tariff, terms = self.any_version()
        next_at = self.now + (T0 - self.now) % YEAR_S
        from_at = next_at + self.chance.choice([-YEAR_S, 0, 0, 0, DAY_S])
        one = Extra(
            self.chance.choice([0, 1_500]),
            self.chance.choice([0, 99_999]),
            from_at,
            from_at + 2 * YEAR_S,
        )
        given = (word("drought"), one.of_water_bps, one.uy_m3, one.from_at, one.until_at)
        fits = from_at >= self.now and (from_at - T0) % YEAR_S == 0
        allowed = fits and one.of_water_bps + one.uy_m3 > 0 and len(terms.extras) < 8
        add, sender = self.suite.tariff.add_surcharge, self.suite.standards_keeper
        if self.attempt(add, tariff, given, sender=sender, allowed=allowed):
            terms.extras.append(one)

    def is_read(self) -> None:
        """The next year to its end, if it is over."""
        at = self.begins_at + len(self.volumes) * YEAR_S
        if at + YEAR_S > self.now:
            return
        volume_l, book = self.chance.choice(VOLUMES_L), self.suite.quota_tracker
        group = meter_group(self.channel, 100 + sum(self.volumes), at, [(volume_l, YEAR_S)])
        batch_id = book.lane(self.lane).next_id
        book.record_meters(self.lane, batch_id, HASH, packed(group), b"", sender=self.suite.relay)
        self.volumes.append(volume_l)

    def is_settled(self) -> None:
        year = self.any_year()
        begins_at = T0 + year * YEAR_S
        current = self.version_at(begins_at)
        tariff, terms = current if self.chance.random() < 0.8 else self.any_version()
        ended = T0 + (year + 1) * YEAR_S <= self.now
        read = year - FIRST < len(self.volumes)
        in_force = terms.from_at <= begins_at and tariff == current[0]
        billed = {bill.year for bill in self.bills}
        follows = not billed or year in billed or year == max(billed) + 1
        allowed = ended and read and in_force and follows and self.standing(year) is None
        credit_uy = self.credit_uy
        settle, sender = self.suite.tariff.settle, self.suite.biller
        if self.attempt(settle, self.permit, tariff, year, sender=sender, allowed=allowed):
            volume_l = self.volumes[year - FIRST] if year >= FIRST else 0
            charged, over = terms.charged(volume_l, T0 + (year + 1) * YEAR_S - 1)
            bill = Bill(terms, year, charged, min(credit_uy, charged), over, self.now)
            if year in self.disputed:
                bill.held_uy = min(over, bill.total_uy)
                self.done["held"] += bill.held_uy > 0
            again = any(one.year == year for one in self.bills)
            self.bills.append(bill)
            self.done["reissued"] += again
            self.done["over plan"] += over > 0

    def is_reversed(self) -> None:
        (number, bill), why = self.any_bill(), self.chance.choice(["misread"] * 5 + [""])
        allowed = bill is not None and bill.state in (OPEN, PAID) and why
        reverse, sender = self.suite.tariff.reverse, self.suite.biller
        if self.attempt(reverse, number, why, sender=sender, allowed=allowed):
            assert bill
            self.done["paid back"] += bill.paid_uy > 0
            bill.state = REVERSED

    def is_paid(self) -> None:
        (number, bill), at = self.any_bill(), self.now - self.chance.choice([-1, 0, 0, 0, DAY_S])
        open_now = bill is not None and bill.state == OPEN and not bill.held_uy
        allowed = bill and open_now and bill.settled_at <= at <= self.now
        late = bill.owed_uy(at) - bill.total_uy if bill and allowed else 0
        pay, sender = self.suite.tariff.mark_paid, self.suite.biller
        if self.attempt(pay, number, at, sender=sender, allowed=bool(allowed)):
            assert bill
            bill.paid_uy, bill.state = bill.total_uy + late, PAID
            [told] = [e for e in self.suite.tariff.get_logs() if type(e).__name__ == "BillPaid"]
            assert told.late_uy == late
            self.done["paid late"] += late > 0

    def is_disputed(self) -> None:
        (tariff, _), year = self.any_version(), self.any_year()
        bill, by_holder = self.standing(year), self.chance.random() < 0.9
        unpaid = bill is None or bill.state == OPEN
        allowed = by_holder and unpaid and year not in self.disputed
        sender = self.suite.holder if by_holder else self.suite.biller
        dispute, arguments = self.suite.tariff.dispute, (self.permit, tariff, year, HASH)
        if self.attempt(dispute, *arguments, sender=sender, allowed=allowed):
            self.disputed.add(year)
            if bill:
                bill.held_uy = min(bill.over_uy, bill.total_uy)
                self.done["held"] += bill.held_uy > 0

    def is_resolved(self) -> None:
        (tariff, _), year = self.any_version(), self.any_year()
        upheld, bill = self.chance.random() < 0.3, self.standing(year)
        resolve, arguments = self.suite.tariff.resolve, (self.permit, tariff, year, upheld)
        allowed, sender = year in self.disputed, self.suite.supervisor
        if self.attempt(resolve, *arguments, sender=sender, allowed=allowed):
            self.disputed.remove(year)
            if bill and not upheld:
                bill.held_uy = 0

    def is_credited(self) -> None:
        (tariff, terms), saved_l = self.any_version(), self.chance.choice([0, 1, 777, 90_000])
        amount = rounded(Fraction(saved_l * terms.credit, 1_000))
        grant, arguments = self.suite.tariff.grant_credit, (self.permit, tariff, saved_l, HASH)
        if self.attempt(grant, *arguments, sender=self.suite.supervisor, allowed=amount > 0):
            self.granted_uy += amount

    def agrees(self) -> None:
        """Of the latest bills, the credit, and a price that never falls nor jumps."""
        tariff: Any = self.suite.tariff
        assert tariff.bill_count() == len(self.bills)
        assert tariff.credit_uy(self.permit) == self.credit_uy
        for number, bill in list(enumerate(self.bills, 1))[-3:]:
            now = tariff.bill(number)
            assert (now.state, now.held_uy) == (bill.state, bill.held_uy)
            assert now.lines.total_uy == bill.total_uy
            assert (now.lines.credit_uy, now.lines.over_plan_uy) == (bill.credit_uy, bill.over_uy)
            at = self.now + self.chance.randrange(30 * DAY_S)
            assert tariff.owed_uy(number, at) == bill.owed_uy(at)
        self.price_agrees()

    def price_agrees(self) -> None:
        """One litre more costs no less, and no more than its marginal price and its roundings."""
        (number, terms), volume_l = self.any_version(), self.chance.choice(VOLUMES_L)
        asked = [
            self.suite.tariff.quote(number, v, PLAN_L, self.now).total_uy
            for v in (volume_l, volume_l + 1)
        ]
        assert asked == [terms.charged(v, self.now)[0] for v in (volume_l, volume_l + 1)]
        assert asked[0] <= asked[1]
