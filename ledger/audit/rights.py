"""What a permit gave at a moment, by the acts that PermitRegistry had told of by then."""

from bisect import bisect_right
from dataclasses import dataclass, field

from ledger.audit.calendars import Boundaries, season

VALID = 1
NEVER = 2**32 - 1


@dataclass(slots=True)
class Terms:
    """One version of a permit's terms, as far as readings are ruled by them."""

    annual_l: int
    peak_l_h: int
    season_from: int
    season_until: int
    from_at: int
    until_at: int
    in_force_at: int
    station_id: int


@dataclass(slots=True)
class Restriction:
    """A yearly volume that is lower for a time."""

    annual_l: int
    from_at: int
    until_at: int


@dataclass(slots=True)
class Permit:
    """Its versions, the changes of its state with their moments, its restrictions; in order."""

    versions: list[Terms] = field(default_factory=list)
    changed_at: list[int] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    restrictions: list[Restriction] = field(default_factory=list)

    def change(self, at: int, state: int) -> None:
        """Another state from a moment on."""
        self.changed_at.append(at)
        self.states.append(state)

    def volume_at(self, at: int) -> tuple[int, int, int]:
        """The yearly volume and the rate given at a moment, and the end of its term."""
        terms = self.versions[self._version_at(at)]
        begun, annual_l = self._begun(at), terms.annual_l
        if begun and at < self.restrictions[begun - 1].until_at:
            annual_l = min(annual_l, self.restrictions[begun - 1].annual_l)
        return annual_l, terms.peak_l_h, terms.until_at

    def station_at(self, at: int) -> int:
        """Where its station stood at a moment."""
        return self.versions[self._version_at(at)].station_id

    def right_at(self, at: int, calendars: Boundaries) -> tuple[bool, int]:
        """Whether it gave its right at a moment, and the next one at which that may differ."""
        version, changed = self._version_at(at), bisect_right(self.changed_at, at)
        terms = self.versions[version]
        changes_at = self._next(version, changed, at)
        if at < terms.from_at:
            return False, min(changes_at, terms.from_at)
        if at >= terms.until_at:
            return False, changes_at
        changes_at = min(changes_at, terms.until_at)
        if changed and self.states[changed - 1] != VALID:
            return False, changes_at
        if terms.season_from == 0:
            return True, changes_at
        inside, turns_at = season(calendars, terms.season_from, terms.season_until, at)
        return inside, min(changes_at, turns_at)

    def _next(self, version: int, changed: int, at: int) -> int:
        """The next change that is known at a moment."""
        moments, begun = [NEVER], self._begun(at)
        if version + 1 < len(self.versions):
            moments.append(self.versions[version + 1].in_force_at)
        if changed < len(self.changed_at):
            moments.append(self.changed_at[changed])
        if begun < len(self.restrictions):
            moments.append(self.restrictions[begun].from_at)
        if begun and at < self.restrictions[begun - 1].until_at:
            moments.append(self.restrictions[begun - 1].until_at)
        return min(moments)

    def _version_at(self, at: int) -> int:
        """The place of the last version in force at a moment, of the first one before it."""
        return max(bisect_right(self.versions, at, key=lambda one: one.in_force_at), 1) - 1

    def _begun(self, at: int) -> int:
        return bisect_right(self.restrictions, at, key=lambda one: one.from_at)
