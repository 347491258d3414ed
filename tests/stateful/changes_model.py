"""What two permits give while their terms change, as the rules have it at every moment."""

from dataclasses import dataclass, field, replace
from random import Random

import boa

from tests.contracts.suite import DAY_S, HASH, NOW, SETTINGS, T0, Suite, word
from tests.stateful.walking import Beside

AHEAD_S = SETTINGS["extension_days"][0] * DAY_S  # Decree 460 art. 25
LONGEST_S = SETTINGS["permit_max_months"][0] * 10 * DAY_S  # the tests' months have ten days
REACH = T0 + 2_390 * DAY_S  # to which the tests' calendar of months is loaded
ISSUE, EXTENSION, ALTERATION, AMENDMENT, TRANSFER = range(1, 6)
VALID, EXPIRED = 1, 7
ANNUAL_L = 1_000


@dataclass(frozen=True)
class Terms:
    """What a permit says from a moment on."""

    in_force_at: int
    until_at: int
    annual_l: int
    source: str = "surface"
    peak_l_h: int = 2**32 - 1
    monthly_l: int = 0
    daily_l: int = 0
    cause: int = ISSUE


@dataclass
class Restriction:
    """A lower volume in [from, until)."""

    annual_l: int
    from_at: int
    until_at: int


@dataclass
class Given:
    """A permit as the rules see it: nothing that it said is ever taken back."""

    number: str
    versions: list[Terms]
    restrictions: list[Restriction] = field(default_factory=list)
    asked: tuple[int, int] | None = None  # until when it is to be extended, and since when

    @property
    def latest(self) -> Terms:
        return self.versions[-1]

    def version(self, at: int) -> int:
        """The last that is in force at a moment, from 1; the first one before that."""
        return max(n for n, one in enumerate(self.versions, 1) if n == 1 or one.in_force_at <= at)

    def terms(self, at: int) -> Terms:
        return self.versions[self.version(at) - 1]

    def lives(self, at: int) -> bool:
        return at < self.terms(at).until_at

    def volume_l(self, at: int) -> int:
        """The least of the terms and of the restriction that stands, which ends by itself."""
        standing = [r.annual_l for r in self.restrictions if r.from_at <= at < r.until_at]
        return min([self.terms(at).annual_l, *standing])

    def standing(self, at: int) -> tuple[int, int, int, bool]:
        """State, version, volume and whether it is restricted, at a moment."""
        volume_l = self.volume_l(at)
        restricted = volume_l < self.terms(at).annual_l
        return VALID if self.lives(at) else EXPIRED, self.version(at), volume_l, restricted

    def moments(self) -> list[int]:
        """At which something of it changes."""
        turns = [m for one in self.versions for m in (one.in_force_at, one.until_at)]
        return turns + [m for r in self.restrictions for m in (r.from_at, r.until_at)]


@dataclass
class Offer:
    """A part of one permit's volume for another."""

    giver: int
    taker: int
    volume_l: int
    in_force_at: int
    open: bool = True


class Changes(Beside):
    """A holder of two permits and the officers who change them, beside the model."""

    def __init__(self, suite: Suite, chance: Random) -> None:
        super().__init__(suite, chance)
        self.permits: list[Given] = []
        self.offers: list[Offer] = []
        for _ in range(2):
            until_at = NOW + chance.choice([50, 80, 120]) * DAY_S
            number = suite.permit(annual_l=ANNUAL_L, until_at=until_at)
            printed = suite.permit_registry.permit(number).number
            self.permits.append(Given(printed, [Terms(0, until_at, ANNUAL_L)]))
        self.first = number - 1

    def time_passes(self) -> None:
        boa.env.evm.patch.timestamp += self.chance.choice([1, DAY_S, 5 * DAY_S, 20 * DAY_S])

    def extension_is_asked(self) -> None:
        number, permit = self._any()
        latest, chance, by_clerk = permit.latest, self.chance, self.chance.random() < 0.3
        if latest.until_at + LONGEST_S >= REACH:
            return
        before_s = chance.choice([0, 3 * DAY_S, 30 * DAY_S]) if by_clerk else 0
        until_at = latest.until_at + chance.choice([0, DAY_S, 90 * DAY_S, LONGEST_S, LONGEST_S + 1])
        asked_at = self.now - before_s
        allowed = (
            permit.lives(self.now)
            and NOW <= asked_at <= latest.until_at - AHEAD_S
            and latest.until_at < until_at <= latest.until_at + LONGEST_S
        )
        ask, sender = self.suite.permit_changes.request_extension, self.suite.holder
        arguments = number, until_at, HASH, asked_at if by_clerk else 0
        sender = self.suite.clerk if by_clerk else sender
        if self.attempt(ask, *arguments, sender=sender, allowed=allowed):
            permit.asked = until_at, asked_at

    def extension_is_decided(self) -> None:
        number, permit = self._any()
        approve, asked = self.chance.random() < 0.8, permit.asked
        later = asked is not None and (not approve or asked[0] > permit.latest.until_at)
        decide, sender = self.suite.permit_changes.decide_extension, self.suite.decider
        allowed = later and permit.lives(self.now)
        if self.attempt(decide, number, approve, 0, sender=sender, allowed=allowed):
            permit.asked = None
            if approve:
                at = max(permit.latest.in_force_at, self.now)
                self._opens(permit, at, until_at=asked[0], cause=EXTENSION)

    def is_altered(self) -> None:
        number, permit = self._any()
        at, chance = self._from(), self.chance
        caps = {"monthly_l": chance.choice([0, 900]), "daily_l": chance.choice([0, 0, 300, 1_500])}
        peak_l_h = chance.choice([0, 1, 5_000])
        allowed = (
            permit.lives(self.now)
            and max(caps.values()) <= permit.latest.annual_l
            and peak_l_h > 0
            and self._may_begin(at, permit)
        )
        alter, sender = self.suite.permit_changes.alter, self.suite.issuer
        alteration = 1, *caps.values(), peak_l_h, 0, 0, 0, HASH
        if self.attempt(alter, number, alteration, at, sender=sender, allowed=allowed):
            self._opens(permit, at or self.now, peak_l_h=peak_l_h, cause=ALTERATION, **caps)

    def is_amended(self) -> None:
        number, permit = self._any()
        at, chance = self._from(), self.chance
        until_at = permit.latest.until_at + chance.choice([0, 0, 20, 200]) * DAY_S
        said = {
            "source": chance.choice(["surface", "ground"]),
            "annual_l": chance.randrange(1, 2_000),
        }
        face = said | {"source": word(said["source"]), "until_at": until_at, "amends": number}
        application = self.suite.approved(**face)
        allowed = (
            permit.lives(self.now) and until_at <= T0 + LONGEST_S and self._may_begin(at, permit)
        )
        amend, sender = self.suite.permit_changes.amend, self.suite.issuer
        if self.attempt(amend, application, at, 0, sender=sender, allowed=allowed):
            freed = {"peak_l_h": 2**32 - 1, "monthly_l": 0, "daily_l": 0}
            self._opens(permit, at or self.now, until_at=until_at, cause=AMENDMENT, **freed, **said)

    def transfer_is_offered(self) -> None:
        (giver, gives), (taker, takes) = self._any(), self._any()
        volume_l, at = self.chance.choice([0, 1, 300, 999, 1_000]), self._from()
        both = gives.lives(self.now) and takes.lives(self.now)
        allowed = both and giver != taker and volume_l > 0
        offer, sender = self.suite.permit_changes.offer_transfer, self.suite.holder
        arguments = giver, taker, volume_l, 5, at, HASH
        if self.attempt(offer, *arguments, sender=sender, allowed=allowed):
            self.offers.append(Offer(giver, taker, volume_l, at))

    def transfer_is_decided(self) -> None:
        if not self.offers:
            return
        place = max(
            self.chance.randrange(len(self.offers)), self.chance.randrange(len(self.offers))
        )
        offer, approve = self.offers[place], self.chance.random() < 0.8
        giver, taker = (self._permit(number) for number in (offer.giver, offer.taker))
        left_l = giver.latest.annual_l - offer.volume_l
        moves = (
            giver.lives(self.now)
            and taker.lives(self.now)
            and left_l > 0
            and max(giver.latest.monthly_l, giver.latest.daily_l) <= left_l
            and self._may_begin(offer.in_force_at, giver)
            and self._may_begin(offer.in_force_at, taker)
        )
        decide, sender = self.suite.permit_changes.decide_transfer, self.suite.decider
        allowed = offer.open and (moves or not approve)
        if not self.attempt(decide, place + 1, approve, sender=sender, allowed=allowed):
            return
        offer.open = False
        if approve:
            at, together_l = offer.in_force_at or self.now, self._together_l()
            self._opens(giver, at, annual_l=left_l, cause=TRANSFER)
            given_l = taker.latest.annual_l + offer.volume_l
            self._opens(taker, at, annual_l=given_l, cause=TRANSFER)
            assert self._together_l() == together_l

    def is_restricted(self) -> None:
        number, permit = self._any()
        chance = self.chance
        from_at, annual_l = self._from(), chance.choice([0, 1, 500, 1_000])
        begins_at = from_at or self.now
        until_at = begins_at + chance.choice([0, 1, 5 * DAY_S, 20 * DAY_S])
        notice_at = self.now - chance.choice([0, DAY_S, -1])
        allowed = (
            permit.lives(self.now)
            and self.now <= begins_at < until_at
            and notice_at <= self.now
            and annual_l < permit.terms(begins_at).annual_l
            and all(begins_at >= other.until_at for other in permit.restrictions)
        )
        restrict, sender = self.suite.permit_registry.restrict, self.suite.supervisor
        arguments = number, annual_l, "drought", notice_at, from_at, until_at
        if self.attempt(restrict, *arguments, sender=sender, allowed=allowed):
            permit.restrictions.append(Restriction(annual_l, begins_at, until_at))

    def restriction_is_lifted(self) -> None:
        number, permit = self._any()
        standing = [r for r in permit.restrictions[-1:] if self.now < r.until_at]
        lift, sender = self.suite.permit_registry.lift_restriction, self.suite.supervisor
        if self.attempt(lift, number, sender=sender, allowed=bool(standing)):
            lifted = permit.restrictions.pop()
            if lifted.from_at < self.now:  # else it never begins
                permit.restrictions.append(replace(lifted, until_at=self.now))

    def agrees(self) -> None:
        """The contracts say what the model says, now and when something changes."""
        registry = self.suite.permit_registry
        for number, permit in enumerate(self.permits, self.first):
            at = [self.now, *self.chance.sample(permit.moments(), 2)]
            for moment in (at[0], at[1], at[1] - 1, at[2]):
                moment = max(moment, NOW)
                standing = tuple(registry.as_of(permit.number, moment))[1:]
                assert standing == permit.standing(moment)
                assert registry.in_right(number, moment) == permit.lives(moment)
            said, terms = registry.latest(number), permit.latest
            assert said.source == word(terms.source)
            assert (said.cause, said.until_at) == (terms.cause, terms.until_at)
            caps = said.peak_l_h, said.monthly_l, said.daily_l
            assert caps == (terms.peak_l_h, terms.monthly_l, terms.daily_l)

    def _opens(self, permit: Given, at: int, **changed) -> None:
        permit.versions.append(replace(permit.latest, in_force_at=at, **changed))

    def _may_begin(self, at: int, permit: Given) -> bool:
        """Terms change now or later, not before others that were set, and before those end."""
        begins_at, latest = at or self.now, permit.latest
        return max(self.now, latest.in_force_at) <= begins_at < latest.until_at

    def _from(self) -> int:
        """From when something holds; 0 is now."""
        later_s = self.chance.choice([None, None, None, -1, 1, DAY_S, 10 * DAY_S, 40 * DAY_S])
        return 0 if later_s is None else self.now + later_s

    def _together_l(self) -> int:
        return sum(permit.latest.annual_l for permit in self.permits)

    def _permit(self, number: int) -> Given:
        return self.permits[number - self.first]

    def _any(self) -> tuple[int, Given]:
        """A permit under its number."""
        place = self.chance.randrange(len(self.permits))
        return self.first + place, self.permits[place]
