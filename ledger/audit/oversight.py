"""What follows from loads: the loads of regions against their ceilings, and violations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.audit import calendars as cal
from ledger.audit.calendars import DAY, MONTH, YEAR, Boundaries
from ledger.audit.gauges import EXCEEDED
from ledger.audit.loads import DAY_LOAD, MONTH_LOAD, MONTH_MEAN, YEAR_LOAD
from ledger.audit.outlets import Ruling, key

DETECTED, NOT_GENUINE = 1, 7
REPEAT_MONTHS = 12
MOST_REPEATS = 512  # violations of one outlet and parameter looked back on
CALENDAR_OF = {MONTH_MEAN: MONTH, DAY_LOAD: DAY, MONTH_LOAD: MONTH, YEAR_LOAD: YEAR}

Violation = dict[str, Any]  # the fields of IViolations.Violation, but for the parameter


@dataclass(slots=True)
class Ceiling:
    """A version of a ceiling of load; its source by hash, as text."""

    load_ng: int
    set_at: int
    source_hash: str


@dataclass(slots=True)
class Region:
    """A parameter in a region: what its permits leave, its ceilings, what came in each year."""

    permitted_ng: int = 0
    ceilings: list[Ceiling] = field(default_factory=list)
    load_ng: dict[int, int] = field(default_factory=dict)
    told: list[int] = field(default_factory=list)

    def ceiling_by(self, ends_at: int) -> tuple[int, int]:
        """The last ceiling set before a moment and its version; 0 and version 0 for none."""
        before = [n for n, one in enumerate(self.ceilings, 1) if one.set_at < ends_at]
        return (self.ceilings[before[-1] - 1].load_ng, before[-1]) if before else (0, 0)


@dataclass(slots=True)
class Oversight:
    """What is held against loads; names are text that JSON holds."""

    is_there: bool = False  # whether violations are recorded
    region_of: dict[int, str] = field(default_factory=dict)  # station
    regions: dict[str, Region] = field(default_factory=dict)
    counted: dict[str, tuple[str, int]] = field(default_factory=dict)  # permit and parameter
    violations: list[Violation] = field(default_factory=list)
    places: list[str] = field(default_factory=list)  # station and parameter of each
    load_violations: dict[str, int] = field(default_factory=dict)  # its number, by what it is of

    def region(self, region: bytes, parameter: bytes) -> Region:
        """A parameter in a region."""
        return self.regions.setdefault(f"{region.hex()}/{parameter.hex()}", Region())

    def count(self, permit_id: int, region: bytes, parameter: bytes, counted_ng: int) -> int:
        """Count what a permit leaves in its region; what the permits there leave together."""
        of = key(permit_id, parameter)
        before_in, before_ng = self.counted.get(of, (region.hex(), 0))
        self.region(bytes.fromhex(before_in), parameter).permitted_ng -= before_ng
        one = self.region(region, parameter)
        one.permitted_ng += counted_ng
        self.counted[of] = (region.hex(), counted_ng)
        return one.permitted_ng

    def add(self, station_id: int, parameter: bytes, year: int, load_ng: int) -> dict[str, Any]:
        """Add a day's load to the year of the region of its outlet; what must be told of it."""
        region = bytes.fromhex(self.region_of.get(station_id, "00" * 32))
        one = self.region(region, parameter)
        one.load_ng[year] = one.load_ng.get(year, 0) + load_ng
        told = {"region": region, "parameter": parameter, "year": year}
        return told | {"load_ng": one.load_ng[year]}

    def exceeds(self, region: bytes, parameter: bytes, year: int, ends_at: int) -> dict[str, Any]:
        """What must be told where more came in a year than its ceiling, once."""
        one = self.region(region, parameter)
        ceiling_ng, version = one.ceiling_by(ends_at)
        load_ng = one.load_ng.get(year, 0)
        if not version or load_ng <= ceiling_ng or year in one.told:
            raise ValueError(f"{load_ng} ng came, the ceiling is {ceiling_ng}, told: {one.told}")
        one.told.append(year)
        told = {"region": region, "parameter": parameter, "year": year, "load_ng": load_ng}
        return told | {"ceiling_ng": ceiling_ng, "version": version}

    def detect(
        self,
        about: Mapping[str, Any],
        ruling: Ruling | None,
        station_id: int,
        calendars: Boundaries,
    ) -> Violation:
        """The violation of a load or monthly mean that was ruled as exceeded."""
        basis, period = about["basis"], about["period"]
        if of_load(about) in self.load_violations:
            raise ValueError("it was detected before")
        held = ruling["mean" if basis == MONTH_MEAN else "load"] if ruling else {}
        if not ruling or held["verdict"] != EXCEEDED:
            raise ValueError("nothing was ruled as exceeded")
        began_at, ended_at = (
            cal.boundary(calendars, CALENDAR_OF[basis], period + n) for n in (0, 1)
        )
        one = {
            **{name: about[name] for name in ("permit_id", "basis", "period")},
            "station_id": station_id,
            "channel": 0,
            "ended_at": ended_at,
            "repeats_until_at": cal.months_later(calendars, ended_at, REPEAT_MONTHS),
            "ratio_bps": held["ratio_bps"],
            "duration_s": ended_at - began_at,
            "high": True,
            "advisory": ruling["advisory"],
            "state": DETECTED,
        }
        return one | {"repeats": self._repeats(one, key(station_id, about["parameter"]))}

    def record(self, one: Violation, parameter: bytes) -> int:
        """A violation under the next number, which is answered."""
        self.violations.append({name: one[name] for name in one if name != "parameter"})
        self.places.append(key(one["station_id"], parameter))
        number = len(self.violations)
        if one["basis"] in CALENDAR_OF:
            self.load_violations[of_load({**one, "parameter": parameter})] = number
        return number

    def _repeats(self, one: Violation, place: str) -> int:
        """Violations of the same place and basis in the twelve months before."""
        both = zip(self.violations, self.places, strict=True)
        alike = [other for other, where in both if where == place]
        return sum(
            other["ended_at"] < one["ended_at"] <= other["repeats_until_at"]
            and other["basis"] == one["basis"]
            and other["state"] != NOT_GENUINE
            for other in alike[-MOST_REPEATS:]
        )


def of_load(about: Mapping[str, Any]) -> str:
    """What a violation of a load is of, by name."""
    return f"{key(about['permit_id'], about['parameter'])}/{about['basis']}/{about['period']}"
